-- What each completed deployment did to what runs there (R11): 1 first, 2 upgrade,
-- 3 downgrade, 4 redeploy, 5 rollback; 0 where it is not completed. And the
-- indexes by which the matrix finds what runs where, now and at a past moment.

alter table deployments add column class bigint not null default 0;

update deployments set class = c.class
from (
    select d.id,
           case
               when b.id is null then 1
               when b.id = v.id then 4
               when length(v.precedence) > 0 and length(b.precedence) > 0
                    and (v.precedence, v.created_at_us, v.version) > (b.precedence, b.created_at_us, b.version) then 2
               when (length(v.precedence) = 0 or length(b.precedence) = 0)
                    and (v.created_at_us, v.version) > (b.created_at_us, b.version) then 2
               when d.time_of_version > 1 then 5
               else 3
           end as class
    from (
        select id, version_id,
               lag(version_id) over (
                   partition by product_id, environment_id, instance
                   order by completed_at_us, last_at_us, last_event_id) as version_before_id,
               row_number() over (
                   partition by product_id, environment_id, instance, version_id
                   order by completed_at_us, last_at_us, last_event_id) as time_of_version
        from deployments
        where status = 3
    ) d
    join versions v on v.id = d.version_id
    left join versions b on b.id = d.version_before_id
) c
where c.id = deployments.id;

create index deployments_product_class on deployments (product_id, class, first_at_us, id);
create index deployments_version_completed on deployments (version_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 3;
create index deployments_under_way on deployments (product_id, environment_id, instance, first_at_us, first_rank, first_event_id) where status in (1, 2);
create index deployments_failed on deployments (product_id, environment_id, instance, completed_at_us, last_at_us, last_event_id) where status = 4;
-- Leads from place to place.
create index deployments_place on deployments (product_id, environment_id, instance, first_at_us, id);
-- What a moment may have found unfinished lasted no longer than a day, and so began
-- within a day before it, or is rare.
create index deployments_long on deployments (product_id, last_at_us, first_at_us) where last_at_us - first_at_us > 86400000000;
-- Those that are said to be completed later than their last event occurred.
create index deployments_ahead on deployments (product_id, environment_id, instance, status, completed_at_us, last_at_us, last_event_id) where completed_at_us > last_at_us;
