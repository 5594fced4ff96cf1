-- The event log and what follows from it. The log is the truth: every other
-- table (but the aliases, descriptions and types that the catalogue's entries of
-- the log carry) is a projection that the same fold makes again from it.
-- Ids are positions in the log; times are microseconds since 1970 (UTC).
-- Rows of the projection are written by one writer in the transaction that
-- appends to the log, so no foreign keys are checked a second time.

-- The end of the log. A batch locks this row first, before it looks anything up:
-- positions are then without gaps and in commit order, and folds never stale.
create table log_head (
    id bigint primary key check (id = 1),
    last_position bigint not null,
    last_received_at_us bigint not null,
    -- 48 random bits that tell this store's ids from every other's.
    id_space bigint not null
);

create table events (
    position bigint primary key,
    event_id text collate "C" not null,
    type bigint not null,
    product_id bigint,
    version_id bigint,
    environment_id bigint,
    -- What its fold is grouped by: the version, the first deployment of the
    -- version to the place, or the check.
    stream_id bigint,
    -- The build, deployment or check run that it belongs to now.
    run_id bigint,
    occurred_at_us bigint not null,
    received_at_us bigint not null,
    -- Of what the sender gave: tells a repeat from another event with the same id.
    content_hash bytea not null,
    -- What it created on demand: 1 product, 2 version, 4 environment.
    created bigint not null,
    -- What was given, as JSON; null once it was deleted.
    content text
);
create unique index events_event_id on events (event_id);
create index events_product on events (product_id, position);
create index events_version on events (version_id, position);
create index events_environment on events (environment_id, position) where environment_id is not null;
create index events_check on events (stream_id, position) where type = 3;

create table products (
    id bigint primary key,
    name text collate "C" not null,
    description text not null,
    created_at_us bigint not null,
    updated_at_us bigint not null
);
create unique index products_name on products (name);

-- Every name that finds a product: its own and its aliases.
create table product_names (
    name text collate "C" primary key,
    product_id bigint not null
);
create index product_names_product on product_names (product_id, name);

create table environments (
    id bigint primary key,
    name text collate "C" not null,
    type bigint not null,
    description text not null,
    created_at_us bigint not null,
    updated_at_us bigint not null
);
create unique index environments_name on environments (name);

create table environment_names (
    name text collate "C" primary key,
    environment_id bigint not null
);
create index environment_names_environment on environment_names (environment_id, name);

create table versions (
    id bigint primary key,
    product_id bigint not null,
    version text collate "C" not null,
    scheme bigint not null,
    prerelease boolean not null,
    -- Sorts as the versions do; empty where there is no order but time.
    precedence bytea not null,
    scm_sha text collate "C",
    scm_repository text collate "C",
    scm_branch text collate "C",
    built_by text collate "C",
    built_by_name text,
    built_by_email text,
    source_system text collate "C",
    -- Of the latest build; 0 where none is known.
    status bigint not null,
    latest_build_id bigint,
    latest_build_started_at_us bigint,
    created_at_us bigint not null,
    updated_at_us bigint not null
);
create unique index versions_identifier on versions (product_id, version);
create index versions_time on versions (created_at_us, id);
create index versions_sha on versions (scm_sha) where scm_sha is not null;
create index versions_repository on versions (scm_repository, created_at_us, id) where scm_repository is not null;
create index versions_status on versions (status, created_at_us, id);
create index versions_product_time on versions (product_id, created_at_us, id);
create index versions_product_precedence on versions (product_id, precedence, created_at_us, id);
create index versions_product_status on versions (product_id, status, created_at_us, id);
create index versions_product_branch on versions (product_id, scm_branch, created_at_us, id) where scm_branch is not null;
create index versions_product_repository on versions (product_id, scm_repository, created_at_us, id) where scm_repository is not null;
create index versions_product_builder on versions (product_id, built_by, created_at_us, id) where built_by is not null;
create index versions_product_source on versions (product_id, source_system, created_at_us, id) where source_system is not null;

create table builds (
    id bigint primary key,
    product_id bigint not null,
    version_id bigint not null,
    status bigint not null,
    invoke_id text collate "C",
    invoke_attempt bigint,
    scm_branch text collate "C",
    source_system text collate "C",
    started_at_us bigint,
    completed_at_us bigint,
    -- The keys of its first and its last event, in the order that decides; the
    -- first one's time is its time of creation.
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text collate "C" not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text collate "C" not null,
    -- The rest of its state, as JSON.
    facts text not null
);
create index builds_first on builds (version_id, first_at_us, first_rank, first_event_id);
create index builds_last on builds (version_id, last_at_us, last_rank, last_event_id);
create index builds_invoke on builds (invoke_id, first_at_us, id) where invoke_id is not null;
create index builds_time on builds (first_at_us, id);
create index builds_status on builds (status, first_at_us, id);
create index builds_product_time on builds (product_id, first_at_us, id);
create index builds_product_status on builds (product_id, status, first_at_us, id);
create index builds_product_branch on builds (product_id, scm_branch, first_at_us, id) where scm_branch is not null;
create index builds_product_source on builds (product_id, source_system, first_at_us, id) where source_system is not null;

create table deployments (
    id bigint primary key,
    product_id bigint not null,
    version_id bigint not null,
    environment_id bigint not null,
    instance text collate "C" not null,
    -- The position of the first accepted event of the version at this place.
    stream_id bigint not null,
    status bigint not null,
    -- It has the latest completion of the product at this place.
    current boolean not null,
    deployed_by text collate "C",
    invoke_id text collate "C",
    invoke_attempt bigint,
    started_at_us bigint,
    completed_at_us bigint,
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text collate "C" not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text collate "C" not null,
    facts text not null
);
create index deployments_first on deployments (version_id, environment_id, instance, first_at_us, first_rank, first_event_id);
create index deployments_last on deployments (stream_id, last_at_us, last_rank, last_event_id);
create index deployments_invoke on deployments (invoke_id, first_at_us, id) where invoke_id is not null;
create index deployments_completed on deployments (product_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 3;
create index deployments_current on deployments (environment_id, product_id, instance, version_id) where current;
create index deployments_current_version on deployments (version_id, environment_id) where current;
create index deployments_time on deployments (first_at_us, id);
create index deployments_status on deployments (status, first_at_us, id);
create index deployments_environment on deployments (environment_id, first_at_us, id);
create index deployments_product_time on deployments (product_id, first_at_us, id);
create index deployments_product_environment on deployments (product_id, environment_id, first_at_us, id);
create index deployments_product_status on deployments (product_id, status, first_at_us, id);
create index deployments_product_deployer on deployments (product_id, deployed_by, first_at_us, id) where deployed_by is not null;
create index deployments_product_instance on deployments (product_id, instance, first_at_us, id);

-- The runs of checks. A check is the latest run of its stream.
create table check_runs (
    id bigint primary key,
    -- The position of the first accepted event of the stream: the check's id.
    check_id bigint not null,
    latest boolean not null,
    product_id bigint not null,
    -- What it was recorded for: a version, or (0) a commit.
    version_id bigint not null,
    scm_sha text collate "C" not null,
    check_name text collate "C" not null,
    -- 0: for all environments.
    environment_id bigint not null,
    kind bigint not null,
    status bigint not null,
    invoke_id text collate "C",
    invoke_attempt bigint,
    started_at_us bigint,
    completed_at_us bigint,
    first_at_us bigint not null,
    first_rank bigint not null,
    first_event_id text collate "C" not null,
    last_at_us bigint not null,
    last_rank bigint not null,
    last_event_id text collate "C" not null,
    facts text not null
);
create unique index checks_gate on check_runs (product_id, version_id, scm_sha, check_name, environment_id) where latest;
create unique index checks_id on check_runs (check_id) where latest;
create index check_runs_first on check_runs (check_id, first_at_us, first_rank, first_event_id);
create index check_runs_last on check_runs (check_id, last_at_us, last_rank, last_event_id);
create index check_runs_invoke on check_runs (check_id, invoke_id) where invoke_id is not null;
create index checks_version on check_runs (version_id, first_at_us, check_id) where latest;
create index checks_sha on check_runs (scm_sha, first_at_us, check_id) where latest;
create index checks_time on check_runs (first_at_us, check_id) where latest;
create index checks_status on check_runs (status, first_at_us, check_id) where latest;
create index checks_environment on check_runs (environment_id, first_at_us, check_id) where latest;
create index checks_product_time on check_runs (product_id, first_at_us, check_id) where latest;
create index checks_product_name on check_runs (product_id, check_name, first_at_us, check_id) where latest;
create index checks_product_kind on check_runs (product_id, kind, first_at_us, check_id) where latest;
create index checks_product_status on check_runs (product_id, status, first_at_us, check_id) where latest;
create index checks_product_environment on check_runs (product_id, environment_id, first_at_us, check_id) where latest;

-- The same with times that people can read.
create view versions_readable as
select p.name as product_name, v.version, v.status, v.scm_sha, v.scm_branch,
       to_timestamp(v.created_at_us / 1000000.0) as created_at,
       to_timestamp(v.updated_at_us / 1000000.0) as updated_at
from versions v
join products p on p.id = v.product_id;

create view events_readable as
select e.position, e.event_id, e.type,
       to_timestamp(e.occurred_at_us / 1000000.0) as occurred_at,
       to_timestamp(e.received_at_us / 1000000.0) as received_at,
       e.content
from events e;
