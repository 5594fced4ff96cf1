-- Nothing waits here: Postgres logs what changed in a page of an index, not the page, so
-- that rows enter their indexes one by one at little cost.
select 1;
