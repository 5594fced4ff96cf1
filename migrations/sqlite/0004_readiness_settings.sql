-- What versions need to be ready, as settings of products and environments: the
-- names of the required checks as a JSON array, the limits of security findings as
-- a JSON object, null where there are none.
alter table products add column required_checks text not null default '[]';
alter table products add column security_limits text;
alter table environments add column required_checks text not null default '[]';
alter table environments add column security_limits text;

-- The latest finished build of a version is found at once, however many unfinished
-- ones came after it.
create index builds_version_finished on builds (version_id, first_at_us, first_rank, first_event_id) where status >= 3;

-- The checks of a commit are found by what all forms of its SHA have in common.
create index checks_commit on check_runs (product_id, substr(scm_sha, 1, 7)) where latest and scm_sha <> '';
