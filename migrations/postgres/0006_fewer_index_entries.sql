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
