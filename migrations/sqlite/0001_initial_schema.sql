-- The whole schema. Later migrations only expand it: a program of this version must be
-- able to work with a database that a later one has migrated.
--
-- The event log is the truth. Every other table is derived from it by the same fold, and
-- could be made again from it; so could the names, descriptions, types and settings of
-- products and environments, which are entries of the log too. One writer changes the
-- derived rows in the transaction that appends to the log. So there are no foreign keys.
--
-- An id is the position of the event that created the row. Times are microseconds since
-- 1970 in UTC. Each `bigint` that stands for a word lists its codes here; a code never
-- changes its meaning. Two lists are used in several tables:
--   status: 1 pending, 2 started, 3 completed, 4 failed, 5 aborted. For a check these are
--           queued, running, passed, failed and skipped.
--   rank (place of a status in the lifecycle): 0 pending, 1 started, 2 finished.

-- One row: the end of the log. A transaction that appends locks this row before it reads
-- anything else. So positions have no gaps and are in the order of the commits.
create table log_head (
    id integer primary key check (id = 1),
    last_position bigint not null,
    last_received_at_us bigint not null,
    -- 48 random bits that distinguish the ids of this store from those of others.
    id_space bigint not null,
    -- For repairs: set it to false, and the next start makes the roll-ups again.
    builds_rolled_up boolean not null default true
);

-- Every accepted event and every change of the catalog, in the order of acceptance.
create table event_log (
    position integer primary key,
    event_id text not null,
    -- 1 version event, 2 deployment event, 3 check event, 4 product updated,
    -- 5 product deleted, 6 environment updated, 7 environment deleted.
    event_type bigint not null,
    product_id bigint,
    version_id bigint,
    environment_id bigint,
    -- The history that the event is part of; events of one history are folded together.
    -- A version event: the version's id. A deployment event: the position of the first
    -- event of that version in that environment and instance. A check event: the check's id.
    history_id bigint,
    -- The build, deployment or check run that the event belongs to. A late event may
    -- move others to another run.
    run_id bigint,
    occurred_at_us bigint not null,
    received_at_us bigint not null,
    -- The first 16 bytes of the SHA-256 of `content`, by which a repeated event is
    -- recognised. It stays when the content is deleted; empty for changes of the catalog.
    content_hash blob not null,
    -- What the event created, as a sum: 1 product, 2 version, 4 environment.
    created_on_demand bigint not null,
    -- The event as sent, or the product or environment after its change, as JSON. Null
    -- once it was deleted.
    content text
);
create unique index event_log_event_id on event_log (event_id);
create index event_log_product on event_log (product_id, position);
create index event_log_version on event_log (version_id, position);
create index event_log_environment on event_log (environment_id, position) where environment_id is not null;
create index event_log_check_history on event_log (history_id, position) where event_type = 3;

create table products (
    id integer primary key,
    name text not null,
    description text not null,
    -- The names of the required checks, as a JSON array.
    required_checks text not null default '[]',
    -- The limits of security findings by severity, as a JSON object; null: none.
    security_limits text,
    created_at_us bigint not null,
    updated_at_us bigint not null
);
create unique index products_name on products (name);

-- Every name that finds a product: its own and its aliases.
create table product_names (
    name text primary key,
    product_id bigint not null
) without rowid;
create index product_names_product on product_names (product_id, name);

create table environments (
    id integer primary key,
    name text not null,
    -- 1 dev, 2 test, 3 staging, 4 production, 5 other.
    environment_type bigint not null,
    description text not null,
    -- As for products.
    required_checks text not null default '[]',
    security_limits text,
    created_at_us bigint not null,
    updated_at_us bigint not null
);
create unique index environments_name on environments (name);
create index environments_environment_type on environments (environment_type, name);

-- Every name that finds an environment: its own and its aliases.
create table environment_names (
    name text primary key,
    environment_id bigint not null
) without rowid;
create index environment_names_environment on environment_names (environment_id, name);

-- Indexes, here and below:
-- - Every event pays for every index. No index has rows that no query searches it for; an
--   index by status leaves out completed rows, which are found in the order of time.
-- - Those for lists of all products have the condition `product_id <> 0`, which is true
--   of every row. An engine uses such an index only for a statement that has the same
--   condition. Otherwise it could answer a question about one small product by going
--   through the rows of all products.
-- - `_first` and `_last` order the runs of one history by their first or last event.

create table versions (
    id integer primary key,
    product_id bigint not null,
    version text not null,
    -- 1 semantic, 2 calendar, 3 dotted, 4 build number, 5 commit SHA, 6 custom.
    scheme bigint not null,
    prerelease boolean not null,
    -- Compared byte by byte it gives the order of numbered versions; empty: not numbered.
    precedence blob not null,
    scm_sha text,
    scm_repository text,
    scm_branch text,
    built_by text,
    built_by_name text,
    built_by_email text,
    source_system text,
    -- That of the latest build; 0: no build is known.
    status bigint not null,
    latest_build_id bigint,
    latest_build_started_at_us bigint,
    created_at_us bigint not null,
    updated_at_us bigint not null,
    -- Deferred indexing: new rows are false and enter the indexes for lists later, many
    -- at once. Those indexes begin with a product, and a batch about many products would
    -- write a page of each index for nearly every row. Lists read the pending rows too.
    indexed boolean not null default true
);
create unique index versions_identifier on versions (product_id, version);
create index versions_sha on versions (scm_sha) where scm_sha is not null;
create index versions_time on versions (created_at_us, id) where indexed and product_id <> 0;
create index versions_repository on versions (scm_repository, created_at_us, id) where indexed and scm_repository is not null and product_id <> 0;
create index versions_status on versions (status, created_at_us, id) where indexed and status <> 3 and product_id <> 0;
create index versions_product_time on versions (product_id, created_at_us, id) where indexed;
create index versions_product_precedence on versions (product_id, precedence, created_at_us, id) where indexed;
create index versions_product_status on versions (product_id, status, created_at_us, id) where indexed and status <> 3;
create index versions_product_status_precedence on versions (product_id, status, precedence, created_at_us, id) where indexed and status <> 3;
create index versions_product_branch on versions (product_id, scm_branch, created_at_us, id) where indexed and scm_branch is not null;
create index versions_product_branch_precedence on versions (product_id, scm_branch, precedence, created_at_us, id) where indexed and scm_branch is not null;
create index versions_product_repository on versions (product_id, scm_repository, created_at_us, id) where indexed and scm_repository is not null;
create index versions_product_builder on versions (product_id, built_by, created_at_us, id) where indexed and built_by is not null;
create index versions_product_source on versions (product_id, source_system, created_at_us, id) where indexed and source_system is not null;
-- About 1,500 rows at most.
create index versions_pending on versions (product_id, created_at_us, id) where not indexed;

create table builds (
    id integer primary key,
    product_id bigint not null,
    version_id bigint not null,
    status bigint not null,
    invoke_id text,
    invoke_attempt bigint,
    scm_branch text,
    source_system text,
    started_at_us bigint,
    completed_at_us bigint,
    -- The order keys of its first and its last event. The first event's time is the
    -- build's time of creation.
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text not null,
    -- Of a finished build: its series of one branch (build_series), and its duration,
    -- which is null if the rules give it none.
    series_id bigint,
    duration_us bigint,
    -- Deferred indexing, as for versions.
    indexed boolean not null default true,
    -- The rest of its state, as JSON.
    details text not null
);
-- Has the status, so that the latest finished build is found in the index alone.
create index builds_version_first on builds (version_id, first_at_us, first_rank, first_event_id, status);
create index builds_version_last on builds (version_id, last_at_us, last_rank, last_event_id);
create index builds_invoke on builds (invoke_id, first_at_us, id) where invoke_id is not null;
create index builds_finished on builds (series_id, status, completed_at_us, duration_us) where series_id is not null;
create index builds_unfinished on builds (product_id, coalesce(started_at_us, first_at_us), status) where completed_at_us is null;
create index builds_time on builds (first_at_us, id) where indexed and product_id <> 0;
create index builds_status on builds (status, first_at_us, id) where indexed and status <> 3 and product_id <> 0;
create index builds_product_time on builds (product_id, first_at_us, id) where indexed;
create index builds_product_status on builds (product_id, status, first_at_us, id) where indexed and status <> 3;
create index builds_product_branch on builds (product_id, scm_branch, first_at_us, id) where indexed and scm_branch is not null;
create index builds_product_source on builds (product_id, source_system, first_at_us, id) where indexed and source_system is not null;
-- About 1,500 rows at most.
create index builds_pending on builds (product_id, first_at_us, id) where not indexed;

-- A deployment slot is a product in an environment and instance.
create table deployments (
    id integer primary key,
    product_id bigint not null,
    version_id bigint not null,
    environment_id bigint not null,
    -- Empty: the environment's only one.
    instance text not null,
    -- The position of the first event of the version in the slot.
    history_id bigint not null,
    status bigint not null,
    -- It is the latest completed one of the slot.
    current boolean not null,
    -- What a completed one did to the version that was current: 1 first, 2 upgrade,
    -- 3 downgrade, 4 redeploy, 5 rollback; 0: not completed.
    deployment_class bigint not null default 0,
    deployed_by text,
    invoke_id text,
    invoke_attempt bigint,
    started_at_us bigint,
    completed_at_us bigint,
    -- As for builds.
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text not null,
    details text not null
);
create index deployments_version_first on deployments (version_id, environment_id, instance, first_at_us, first_rank, first_event_id);
create index deployments_history_last on deployments (history_id, last_at_us, last_rank, last_event_id);
create index deployments_invoke on deployments (invoke_id, first_at_us, id) where invoke_id is not null;
-- By slot, for the matrix and the classes. Completed ones are in the order that decides
-- which one is current.
create index deployments_slot on deployments (product_id, environment_id, instance, first_at_us, id);
create index deployments_slot_completed on deployments (product_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 3;
create index deployments_slot_failed on deployments (product_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 4;
create index deployments_slot_in_progress on deployments (product_id, environment_id, instance, first_at_us, first_rank, first_event_id) where status in (1, 2);
create index deployments_version_completed on deployments (version_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 3;
create index deployments_current on deployments (environment_id, product_id, instance, version_id) where current;
create index deployments_product_current on deployments (product_id, environment_id) where current;
-- For the matrix at a past moment. A deployment that was unfinished then lasted at most a
-- day, and so began within the day before, or it is one of these.
create index deployments_over_a_day on deployments (product_id, last_at_us, first_at_us) where last_at_us - first_at_us > 86400000000;
-- Those whose given time of completion is later than their last event.
create index deployments_completed_after_last_event on deployments (product_id, environment_id, instance, status, completed_at_us, last_at_us, last_event_id) where completed_at_us > last_at_us;
create index deployments_time on deployments (first_at_us, id) where product_id <> 0;
create index deployments_status on deployments (status, first_at_us, id) where status <> 3 and product_id <> 0;
create index deployments_environment on deployments (environment_id, first_at_us, id) where product_id <> 0;
create index deployments_product_time on deployments (product_id, first_at_us, id);
create index deployments_product_environment on deployments (product_id, environment_id, first_at_us, id);
create index deployments_product_status on deployments (product_id, status, first_at_us, id) where status <> 3;
create index deployments_product_deployment_class on deployments (product_id, deployment_class, first_at_us, id) where deployment_class <> 0;
create index deployments_product_deployer on deployments (product_id, deployed_by, first_at_us, id) where deployed_by is not null;
create index deployments_product_instance on deployments (product_id, instance, first_at_us, id) where instance <> '';

-- The runs of checks. A check is its latest run: indexes whose names begin with `checks_`
-- have the latest runs alone.
create table check_runs (
    id integer primary key,
    -- The position of the check's first event.
    check_id bigint not null,
    latest boolean not null,
    product_id bigint not null,
    -- What the check was recorded for: a version, or a commit. The other one is 0 or empty.
    version_id bigint not null,
    scm_sha text not null,
    check_name text not null,
    -- 0: for all environments.
    environment_id bigint not null,
    -- 1 test, 2 security scan, 3 approval, 4 custom.
    kind bigint not null,
    status bigint not null,
    invoke_id text,
    invoke_attempt bigint,
    started_at_us bigint,
    completed_at_us bigint,
    -- As for builds.
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text not null,
    details text not null
);
create index check_runs_first on check_runs (check_id, first_at_us, first_rank, first_event_id);
create index check_runs_last on check_runs (check_id, last_at_us, last_rank, last_event_id);
create index check_runs_invoke on check_runs (check_id, invoke_id) where invoke_id is not null;
create unique index checks_check_id on check_runs (check_id) where latest;
create unique index checks_identity on check_runs (product_id, version_id, scm_sha, check_name, environment_id) where latest;
-- The forms of one commit have their first seven digits in common.
create index checks_product_short_sha on check_runs (product_id, substr(scm_sha, 1, 7)) where latest and scm_sha <> '';
create index checks_version on check_runs (version_id, first_at_us, check_id) where latest and version_id <> 0;
create index checks_sha on check_runs (scm_sha, first_at_us, check_id) where latest and scm_sha <> '';
create index checks_time on check_runs (first_at_us, check_id) where latest and product_id <> 0;
create index checks_status on check_runs (status, first_at_us, check_id) where latest and status <> 3 and product_id <> 0;
create index checks_environment on check_runs (environment_id, first_at_us, check_id) where latest and environment_id <> 0 and product_id <> 0;
create index checks_product_time on check_runs (product_id, first_at_us, check_id) where latest;
create index checks_product_name on check_runs (product_id, check_name, first_at_us, check_id) where latest;
create index checks_product_kind on check_runs (product_id, kind, first_at_us, check_id) where latest;
create index checks_product_status on check_runs (product_id, status, first_at_us, check_id) where latest and status <> 3;
create index checks_product_environment on check_runs (product_id, environment_id, first_at_us, check_id) where latest and environment_id <> 0;

-- Roll-ups of finished builds, from which statistics are read. Each finished build counts
-- in six of them: in those of its source system, and in those of its branch and source
-- system, with a bucket of each width.

-- The builds of a product that one source system reported, of one branch or of all.
create table build_series (
    id integer primary key,
    product_id bigint not null,
    by_branch boolean not null,
    -- Empty: builds without a branch, or of all branches together.
    scm_branch text not null,
    -- Empty: builds without a source system.
    source_system text not null,
    -- A hash of the two names, which together are too long for an index.
    names_hash blob not null
);
create unique index build_series_names on build_series (product_id, by_branch, names_hash);

create table build_rollups (
    product_id bigint not null,
    series_id bigint not null,
    -- 1 a quarter of an hour, 2 four hours, 3 sixteen days.
    width bigint not null,
    -- The number of buckets of this width between 1970 and this one.
    bucket bigint not null,
    status bigint not null,
    build_count bigint not null,
    -- How many of the builds have a duration.
    duration_count bigint not null,
    -- The sum of the durations: seconds, and the microseconds beyond. As microseconds
    -- alone it could exceed 64 bits.
    sum_s bigint not null,
    sum_rest_us bigint not null,
    min_us bigint,
    max_us bigint,
    -- The number of durations in each bin that is not empty.
    histogram blob not null,
    primary key (product_id, series_id, width, bucket, status)
) without rowid;
-- Finds the series that have builds in a span of time.
create index build_rollups_sixteen_days on build_rollups (product_id, bucket, series_id, status) where width = 3;

-- For people: the same rows with names and readable times.
create view versions_readable as
select p.name as product_name, v.version, v.status, v.scm_sha, v.scm_branch,
       strftime('%Y-%m-%dT%H:%M:%fZ', v.created_at_us / 1000000.0, 'unixepoch') as created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', v.updated_at_us / 1000000.0, 'unixepoch') as updated_at
from versions v
join products p on p.id = v.product_id;

create view event_log_readable as
select e.position, e.event_id, e.event_type,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.occurred_at_us / 1000000.0, 'unixepoch') as occurred_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', e.received_at_us / 1000000.0, 'unixepoch') as received_at,
       e.content
from event_log e;

-- SQLite does not count rows by itself, and without counts it treats all indexes with the
-- same number of columns as equal. These are the counts of a large store, in round
-- numbers. So a query has the same plan in every store, and tests check the plans.
-- Each `stat` has the number of rows in the index, then the number of rows that agree in
-- the first column, in the first two, and so on:
-- https://sqlite.org/fileformat2.html#the_sqlite_stat1_table
analyze products;
delete from sqlite_stat1;
drop table if exists sqlite_stat4;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('event_log', 'event_log_event_id', '3000000 1'),
    ('event_log', 'event_log_product', '3000000 300000 1'),
    ('event_log', 'event_log_version', '3000000 5 1'),
    ('event_log', 'event_log_environment', '1000000 100000 1'),
    ('event_log', 'event_log_check_history', '1000000 3 1'),
    ('versions', 'versions_identifier', '1000000 100000 1'),
    ('versions', 'versions_sha', '1000000 1'),
    ('versions', 'versions_time', '1000000 1 1'),
    ('versions', 'versions_repository', '1000000 20000 1 1'),
    ('versions', 'versions_status', '200000 50000 1 1'),
    ('versions', 'versions_product_time', '1000000 100000 1 1'),
    ('versions', 'versions_product_precedence', '1000000 100000 1 1 1'),
    ('versions', 'versions_product_status', '200000 20000 5000 1 1'),
    ('versions', 'versions_product_status_precedence', '200000 20000 5000 1 1 1'),
    ('versions', 'versions_product_branch', '1000000 100000 10000 1 1'),
    ('versions', 'versions_product_branch_precedence', '1000000 100000 10000 1 1 1'),
    ('versions', 'versions_product_repository', '1000000 100000 10000 1 1'),
    ('versions', 'versions_product_builder', '1000000 100000 10000 1 1'),
    ('versions', 'versions_product_source', '1000000 100000 10000 1 1'),
    ('versions', 'versions_pending', '1000 100 1 1'),
    ('builds', 'builds_version_first', '1000000 2 1 1 1 1'),
    ('builds', 'builds_version_last', '1000000 2 1 1 1'),
    ('builds', 'builds_invoke', '1000000 2 1 1'),
    ('builds', 'builds_finished', '1000000 10000 5000 1 1'),
    ('builds', 'builds_unfinished', '10000 1000 1 1'),
    ('builds', 'builds_time', '1000000 1 1'),
    ('builds', 'builds_status', '200000 50000 1 1'),
    ('builds', 'builds_product_time', '1000000 100000 1 1'),
    ('builds', 'builds_product_status', '200000 20000 5000 1 1'),
    ('builds', 'builds_product_branch', '1000000 100000 10000 1 1'),
    ('builds', 'builds_product_source', '1000000 100000 10000 1 1'),
    ('builds', 'builds_pending', '1000 100 1 1'),
    ('deployments', 'deployments_version_first', '1000000 10 3 2 1 1 1'),
    ('deployments', 'deployments_history_last', '1000000 2 1 1 1'),
    ('deployments', 'deployments_invoke', '1000000 2 1 1'),
    ('deployments', 'deployments_slot', '1000000 100000 20000 10000 1 1'),
    ('deployments', 'deployments_slot_completed', '800000 80000 20000 10000 1 1 1'),
    ('deployments', 'deployments_slot_failed', '50000 5000 1000 500 1 1 1'),
    ('deployments', 'deployments_slot_in_progress', '10000 1000 100 50 1 1 1'),
    ('deployments', 'deployments_version_completed', '800000 10 3 2 1 1 1'),
    ('deployments', 'deployments_current', '20000 2000 4 1 1'),
    ('deployments', 'deployments_product_current', '20000 20 1'),
    ('deployments', 'deployments_over_a_day', '1000 100 1 1'),
    ('deployments', 'deployments_completed_after_last_event', '1000 100 50 20 10 1 1 1'),
    ('deployments', 'deployments_time', '1000000 1 1'),
    ('deployments', 'deployments_status', '200000 50000 1 1'),
    ('deployments', 'deployments_environment', '1000000 100000 1 1'),
    ('deployments', 'deployments_product_time', '1000000 100000 1 1'),
    ('deployments', 'deployments_product_environment', '1000000 100000 20000 1 1'),
    ('deployments', 'deployments_product_status', '200000 20000 5000 1 1'),
    ('deployments', 'deployments_product_deployment_class', '800000 80000 10000 1 1'),
    ('deployments', 'deployments_product_deployer', '1000000 100000 10000 1 1'),
    ('deployments', 'deployments_product_instance', '300000 30000 10000 1 1'),
    ('check_runs', 'check_runs_first', '1000000 2 1 1 1'),
    ('check_runs', 'check_runs_last', '1000000 2 1 1 1'),
    ('check_runs', 'check_runs_invoke', '1000000 2 1'),
    ('check_runs', 'checks_check_id', '1000000 1'),
    ('check_runs', 'checks_identity', '1000000 100000 3 3 1 1'),
    ('check_runs', 'checks_product_short_sha', '500000 50000 3'),
    ('check_runs', 'checks_version', '500000 3 1 1'),
    ('check_runs', 'checks_sha', '500000 3 1 1'),
    ('check_runs', 'checks_time', '1000000 1 1'),
    ('check_runs', 'checks_status', '200000 50000 1 1'),
    ('check_runs', 'checks_environment', '100000 10000 1 1'),
    ('check_runs', 'checks_product_time', '1000000 100000 1 1'),
    ('check_runs', 'checks_product_name', '1000000 100000 10000 1 1'),
    ('check_runs', 'checks_product_kind', '1000000 100000 20000 1 1'),
    ('check_runs', 'checks_product_status', '200000 20000 5000 1 1'),
    ('check_runs', 'checks_product_environment', '100000 10000 5000 1 1');
analyze sqlite_schema;
