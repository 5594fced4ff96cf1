-- The indexes of lists begin with a product: a batch about twenty products writes twenty
-- pages of each for a row or few a page, and that is most of what it costs. So new rows
-- wait outside of them, and enter them many at once: they are settled. Lists read both,
-- those that are settled by these indexes, those that wait by one small index.
--
-- Not so where the writer or statistics look a row up: those indexes have all rows.
-- What was there before is settled, and so is what a program writes that does not know
-- of this.

alter table versions add column settled boolean not null default true;
alter table builds add column settled boolean not null default true;

drop index if exists versions_time;
create index versions_time on versions (created_at_us, id) where settled and product_id <> 0;
drop index if exists versions_repository;
create index versions_repository on versions (scm_repository, created_at_us, id) where settled and scm_repository is not null and product_id <> 0;
drop index if exists versions_status;
create index versions_status on versions (status, created_at_us, id) where settled and status <> 3 and product_id <> 0;
drop index if exists versions_product_time;
create index versions_product_time on versions (product_id, created_at_us, id) where settled;
drop index if exists versions_product_precedence;
create index versions_product_precedence on versions (product_id, precedence, created_at_us, id) where settled;
drop index if exists versions_product_status;
create index versions_product_status on versions (product_id, status, created_at_us, id) where settled and status <> 3;
drop index if exists versions_product_status_precedence;
create index versions_product_status_precedence on versions (product_id, status, precedence, created_at_us, id) where settled and status <> 3;
drop index if exists versions_product_branch;
create index versions_product_branch on versions (product_id, scm_branch, created_at_us, id) where settled and scm_branch is not null;
drop index if exists versions_product_branch_precedence;
create index versions_product_branch_precedence on versions (product_id, scm_branch, precedence, created_at_us, id) where settled and scm_branch is not null;
drop index if exists versions_product_repository;
create index versions_product_repository on versions (product_id, scm_repository, created_at_us, id) where settled and scm_repository is not null;
drop index if exists versions_product_builder;
create index versions_product_builder on versions (product_id, built_by, created_at_us, id) where settled and built_by is not null;
drop index if exists versions_product_source;
create index versions_product_source on versions (product_id, source_system, created_at_us, id) where settled and source_system is not null;

drop index if exists builds_time;
create index builds_time on builds (first_at_us, id) where settled and product_id <> 0;
drop index if exists builds_status;
create index builds_status on builds (status, first_at_us, id) where settled and status <> 3 and product_id <> 0;
drop index if exists builds_product_time;
create index builds_product_time on builds (product_id, first_at_us, id) where settled;
drop index if exists builds_product_status;
create index builds_product_status on builds (product_id, status, first_at_us, id) where settled and status <> 3;
drop index if exists builds_product_branch;
create index builds_product_branch on builds (product_id, scm_branch, first_at_us, id) where settled and scm_branch is not null;
drop index if exists builds_product_source;
create index builds_product_source on builds (product_id, source_system, first_at_us, id) where settled and source_system is not null;

-- The rows that wait: about 1,500 of a table at most.
create index versions_unsettled on versions (product_id, created_at_us, id) where not settled;
create index builds_unsettled on builds (product_id, first_at_us, id) where not settled;

-- The counts of a large store, as before: with an index go those of it.
insert into sqlite_stat1 (tbl, idx, stat) values
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
    ('versions', 'versions_unsettled', '1000 100 1 1'),
    ('builds', 'builds_time', '1000000 1 1'),
    ('builds', 'builds_status', '200000 50000 1 1'),
    ('builds', 'builds_product_time', '1000000 100000 1 1'),
    ('builds', 'builds_product_status', '200000 20000 5000 1 1'),
    ('builds', 'builds_product_branch', '1000000 100000 10000 1 1'),
    ('builds', 'builds_product_source', '1000000 100000 10000 1 1'),
    ('builds', 'builds_unsettled', '1000 100 1 1');
analyze sqlite_schema;
