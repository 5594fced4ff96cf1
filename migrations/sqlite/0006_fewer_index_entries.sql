-- Every index is paid for by every event. What no list asks for goes into none, and
-- of the statuses only those that few rows have: the completed ones are found in the
-- order of time or precedence, where they stand close together.
--
-- Indexes for lists of all products say `product_id <> 0`, which is so of every row: an
-- engine takes them only where a statement says so too. One for a product alone could
-- otherwise be answered by going through all products' rows, which costs as much as
-- there are where the product has few.

drop index if exists versions_time;
create index versions_time on versions (created_at_us, id) where product_id <> 0;
drop index if exists versions_repository;
create index versions_repository on versions (scm_repository, created_at_us, id) where scm_repository is not null and product_id <> 0;
drop index if exists versions_status;
create index versions_status on versions (status, created_at_us, id) where status <> 3 and product_id <> 0;
drop index if exists versions_product_status;
create index versions_product_status on versions (product_id, status, created_at_us, id) where status <> 3;
drop index if exists versions_product_status_precedence;
create index versions_product_status_precedence on versions (product_id, status, precedence, created_at_us, id) where status <> 3;

drop index if exists builds_time;
create index builds_time on builds (first_at_us, id) where product_id <> 0;
drop index if exists builds_status;
create index builds_status on builds (status, first_at_us, id) where status <> 3 and product_id <> 0;
drop index if exists builds_product_status;
create index builds_product_status on builds (product_id, status, first_at_us, id) where status <> 3;
-- One index for a version's builds in their order, and for the finished ones of them:
-- unfinished ones are passed over in the index alone.
drop index if exists builds_version_finished;
drop index if exists builds_first;
create index builds_first on builds (version_id, first_at_us, first_rank, first_event_id, status);

drop index if exists deployments_time;
create index deployments_time on deployments (first_at_us, id) where product_id <> 0;
drop index if exists deployments_environment;
create index deployments_environment on deployments (environment_id, first_at_us, id) where product_id <> 0;
drop index if exists deployments_status;
create index deployments_status on deployments (status, first_at_us, id) where status <> 3 and product_id <> 0;
drop index if exists deployments_product_status;
create index deployments_product_status on deployments (product_id, status, first_at_us, id) where status <> 3;
-- Only completed ones have a class.
drop index if exists deployments_product_class;
create index deployments_product_class on deployments (product_id, class, first_at_us, id) where class <> 0;
-- A list is never asked for those without an instance.
drop index if exists deployments_product_instance;
create index deployments_product_instance on deployments (product_id, instance, first_at_us, id) where instance <> '';
-- What is current of a version is among its deployments, which are few.
drop index if exists deployments_current_version;

drop index if exists checks_time;
create index checks_time on check_runs (first_at_us, check_id) where latest and product_id <> 0;
drop index if exists checks_status;
create index checks_status on check_runs (status, first_at_us, check_id) where latest and status <> 3 and product_id <> 0;
drop index if exists checks_product_status;
create index checks_product_status on check_runs (product_id, status, first_at_us, check_id) where latest and status <> 3;
-- A check is recorded for a version or for a commit, and most for all environments.
drop index if exists checks_version;
create index checks_version on check_runs (version_id, first_at_us, check_id) where latest and version_id <> 0;
drop index if exists checks_sha;
create index checks_sha on check_runs (scm_sha, first_at_us, check_id) where latest and scm_sha <> '';
drop index if exists checks_environment;
create index checks_environment on check_runs (environment_id, first_at_us, check_id) where latest and environment_id <> 0 and product_id <> 0;
drop index if exists checks_product_environment;
create index checks_product_environment on check_runs (product_id, environment_id, first_at_us, check_id) where latest and environment_id <> 0;

-- Environments may be many, one for each change under review, and few of one type.
create index environments_type on environments (type, name);

-- SQLite counts no rows by itself, and would take any index for as good as any other of
-- as many columns. These are the counts of a large store, in round numbers: what the
-- service asks has the same plan in every store, and the tests ask for it.
-- Each tells the rows in the index, then those that agree in its first column, in its
-- first two, and so on: https://sqlite.org/fileformat2.html#the_sqlite_stat1_table
analyze products;
delete from sqlite_stat1;
drop table if exists sqlite_stat4;
insert into sqlite_stat1 (tbl, idx, stat) values
    ('versions', 'versions_identifier', '1000000 100000 1'),
    ('versions', 'versions_time', '1000000 1 1'),
    ('versions', 'versions_sha', '1000000 1'),
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
    ('builds', 'builds_first', '1000000 2 1 1 1 1'),
    ('builds', 'builds_last', '1000000 2 1 1 1'),
    ('builds', 'builds_invoke', '1000000 2 1 1'),
    ('builds', 'builds_time', '1000000 1 1'),
    ('builds', 'builds_status', '200000 50000 1 1'),
    ('builds', 'builds_product_time', '1000000 100000 1 1'),
    ('builds', 'builds_product_status', '200000 20000 5000 1 1'),
    ('builds', 'builds_product_branch', '1000000 100000 10000 1 1'),
    ('builds', 'builds_product_source', '1000000 100000 10000 1 1'),
    ('builds', 'builds_finished', '1000000 10000 5000 1 1'),
    ('builds', 'builds_unfinished', '10000 1000 1 1'),
    ('deployments', 'deployments_first', '1000000 10 3 2 1 1 1'),
    ('deployments', 'deployments_last', '1000000 2 1 1 1'),
    ('deployments', 'deployments_invoke', '1000000 2 1 1'),
    ('deployments', 'deployments_completed', '800000 80000 20000 10000 1 1 1'),
    ('deployments', 'deployments_version_completed', '800000 10 3 2 1 1 1'),
    ('deployments', 'deployments_failed', '50000 5000 1000 500 1 1 1'),
    ('deployments', 'deployments_under_way', '10000 1000 100 50 1 1 1'),
    ('deployments', 'deployments_current', '20000 2000 4 1 1'),
    ('deployments', 'deployments_product_current', '20000 20 1'),
    ('deployments', 'deployments_place', '1000000 100000 20000 10000 1 1'),
    ('deployments', 'deployments_long', '1000 100 1 1'),
    ('deployments', 'deployments_ahead', '1000 100 50 20 10 1 1 1'),
    ('deployments', 'deployments_time', '1000000 1 1'),
    ('deployments', 'deployments_status', '200000 50000 1 1'),
    ('deployments', 'deployments_environment', '1000000 100000 1 1'),
    ('deployments', 'deployments_product_time', '1000000 100000 1 1'),
    ('deployments', 'deployments_product_environment', '1000000 100000 20000 1 1'),
    ('deployments', 'deployments_product_status', '200000 20000 5000 1 1'),
    ('deployments', 'deployments_product_class', '800000 80000 10000 1 1'),
    ('deployments', 'deployments_product_deployer', '1000000 100000 10000 1 1'),
    ('deployments', 'deployments_product_instance', '300000 30000 10000 1 1'),
    ('check_runs', 'checks_gate', '1000000 100000 3 3 1 1'),
    ('check_runs', 'checks_id', '1000000 1'),
    ('check_runs', 'check_runs_first', '1000000 2 1 1 1'),
    ('check_runs', 'check_runs_last', '1000000 2 1 1 1'),
    ('check_runs', 'check_runs_invoke', '1000000 2 1'),
    ('check_runs', 'checks_version', '500000 3 1 1'),
    ('check_runs', 'checks_sha', '500000 3 1 1'),
    ('check_runs', 'checks_commit', '500000 50000 3'),
    ('check_runs', 'checks_time', '1000000 1 1'),
    ('check_runs', 'checks_status', '200000 50000 1 1'),
    ('check_runs', 'checks_environment', '100000 10000 1 1'),
    ('check_runs', 'checks_product_time', '1000000 100000 1 1'),
    ('check_runs', 'checks_product_name', '1000000 100000 10000 1 1'),
    ('check_runs', 'checks_product_kind', '1000000 100000 20000 1 1'),
    ('check_runs', 'checks_product_status', '200000 20000 5000 1 1'),
    ('check_runs', 'checks_product_environment', '100000 10000 5000 1 1'),
    ('events', 'events_event_id', '3000000 1'),
    ('events', 'events_product', '3000000 300000 1'),
    ('events', 'events_version', '3000000 5 1'),
    ('events', 'events_environment', '1000000 100000 1'),
    ('events', 'events_check', '1000000 3 1');
analyze sqlite_schema;
