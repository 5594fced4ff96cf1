-- Roll-ups of finished builds, from which statistics are read (R16). They follow
-- from the builds and are written in the same transaction. A build is in six of
-- them: by its source system and by its branch and source system, in buckets of
-- each width. Unfinished builds are in none.

-- What a roll-up is of: the builds of a product that a system reported, of all
-- branches together or of one.
create table build_series (
    id integer primary key,
    product_id bigint not null,
    by_branch boolean not null,
    -- Empty: builds that have none, or of all branches together.
    scm_branch text not null,
    -- Empty: builds that have none.
    source_system text not null,
    -- A hash of the two: together they are too long for an index.
    names_hash blob not null
);
create unique index build_series_names on build_series (product_id, by_branch, names_hash);

create table build_rollups (
    product_id bigint not null,
    series_id bigint not null,
    -- 1: a quarter of an hour; 2: four hours; 3: sixteen days.
    width bigint not null,
    -- The number of such buckets since 1970 before this one.
    bucket bigint not null,
    status bigint not null,
    builds bigint not null,
    -- Of those, the ones that have a duration.
    durations bigint not null,
    -- The sum of those, in two parts: it may be longer than microseconds in 64 bits.
    sum_s bigint not null,
    sum_rest_us bigint not null,
    min_us bigint,
    max_us bigint,
    -- How many are in each bin that is not empty.
    histogram blob not null,
    primary key (product_id, series_id, width, bucket, status)
) without rowid;
-- Which series have builds in a span of time.
create index build_rollups_long on build_rollups (product_id, bucket, series_id, status) where width = 3;

-- Of finished builds: their series of one branch, and how long they took; null
-- where R16 gives them no duration.
alter table builds add column series_id bigint;
alter table builds add column duration_us bigint;
create index builds_finished on builds (series_id, status, completed_at_us, duration_us) where series_id is not null;
create index builds_unfinished on builds (product_id, coalesce(started_at_us, first_at_us), status) where completed_at_us is null;

-- False until the builds that were there before are in the roll-ups.
alter table log_head add column builds_rolled_up boolean not null default false;
