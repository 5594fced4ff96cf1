//! Deleting products and environments with all that they have.

use super::change::Log;
use crate::{
    domain::{id::Kind, resource::EntryType},
    storage::{
        engine::{
            connection::Connection,
            deferred_indexing,
            error::{Conflict, Error},
            rows::to_json,
            sql::Sql,
        },
        read::catalog::{
            DeletedEnvironment, DeletedProduct, Force, Reference, What, environments,
            one_environment, one_product, products,
        },
    },
};

pub(super) async fn delete_product(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    force: Force,
) -> Result<What, Error> {
    let sql = products(connection.sql("select "), which);
    let product = one_product(connection.fetch(sql).await?, which)?;
    let id = product.id;
    if !force.0 {
        let sql = connection
            .sql("select case when exists (select 1 from versions where product_id = ")
            .bind(id)
            .push(") then 'versions' when exists (select 1 from check_runs where latest and product_id = ")
            .bind(id)
            .push(") then 'checks' else '' end as uses");
        refuse_use(connection, sql, Kind::Product, &product.name).await?;
    }
    let mut deleted = DeletedProduct::default();
    let sql = connection
        .sql("select count(*) from check_runs where latest and product_id = ")
        .bind(id);
    deleted.checks = count(connection, sql).await?;
    deleted.builds = delete_rows(connection, "builds", "product_id", id).await?;
    delete_rollups(connection, id).await?;
    deleted.deployments = delete_rows(connection, "deployments", "product_id", id).await?;
    delete_checks(connection, "product_id", id).await?;
    deleted.versions = delete_rows(connection, "versions", "product_id", id).await?;
    let sql = connection
        .sql("delete from product_names where product_id = ")
        .bind(id);
    connection.execute(sql).await?;
    let sql = connection.sql("delete from products where id = ").bind(id);
    connection.execute(sql).await?;
    deleted.events = clear_events(connection, "product_id", id).await?;
    log.append(
        connection,
        EntryType::ProductDeleted,
        id,
        to_json(&product)?,
    )
    .await?;
    Ok(What::DeletedProduct(deleted))
}

pub(super) async fn delete_environment(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    force: Force,
) -> Result<What, Error> {
    let sql = environments(connection.sql("select "), which);
    let environment = one_environment(connection.fetch(sql).await?, which)?;
    let id = environment.id;
    if !force.0 {
        let sql = connection
            .sql(
                "select case when exists (select 1 from deployments where environment_id = ",
            )
            .bind(id)
            .push(") then 'deployments' when exists (select 1 from check_runs where latest and environment_id = ")
            .bind(id)
            .push(") then 'checks' else '' end as uses");
        refuse_use(connection, sql, Kind::Environment, &environment.name).await?;
    }
    let mut deleted = DeletedEnvironment::default();
    let sql = connection
        .sql("select count(*) from check_runs where latest and environment_id = ")
        .bind(id);
    deleted.checks = count(connection, sql).await?;
    deleted.deployments = delete_rows(connection, "deployments", "environment_id", id).await?;
    delete_checks(connection, "environment_id", id).await?;
    let sql = connection
        .sql("delete from environment_names where environment_id = ")
        .bind(id);
    connection.execute(sql).await?;
    let sql = connection
        .sql("delete from environments where id = ")
        .bind(id);
    connection.execute(sql).await?;
    deleted.events = clear_events(connection, "environment_id", id).await?;
    log.append(
        connection,
        EntryType::EnvironmentDeleted,
        id,
        to_json(&environment)?,
    )
    .await?;
    Ok(What::DeletedEnvironment(deleted))
}

/// Rows that one statement deletes: a statement has a time limit, and what is
/// deleted has none in size.
const CHUNK: i64 = 5_000;

async fn delete_rows(
    connection: &mut Connection,
    table: &str,
    column: &str,
    id: i64,
) -> Result<i64, Error> {
    let engine = connection.engine();
    let parts = deferred_indexing::parts_of(engine, table, "t");
    let chunk = || {
        let mut sql = Sql::new(engine, &format!("delete from {table} where id in ("));
        for (i, part) in parts.iter().enumerate() {
            let glue = if i == 0 { "" } else { " union all " };
            sql = sql
                .push(&format!(
                    "{glue}select t.id from {table} t where {part} and t.{column} = "
                ))
                .bind(id);
        }
        sql.push(" limit ").bind(CHUNK).push(")")
    };
    in_chunks(connection, chunk).await
}

async fn delete_rollups(connection: &mut Connection, product_id: i64) -> Result<(), Error> {
    let engine = connection.engine();
    let chunk = || {
        Sql::new(
            engine,
            "delete from build_rollups where (product_id, series_id, width, bucket, status) in (
                 select r.product_id, r.series_id, r.width, r.bucket, r.status
                 from build_rollups r where r.product_id = ",
        )
        .bind(product_id)
        .push(" limit ")
        .bind(CHUNK)
        .push(")")
    };
    in_chunks(connection, chunk).await?;
    delete_rows(connection, "build_series", "product_id", product_id)
        .await
        .map(|_| ())
}

/// Deletes checks with all their runs.
async fn delete_checks(connection: &mut Connection, column: &str, id: i64) -> Result<i64, Error> {
    let engine = connection.engine();
    let chunk = || {
        Sql::new(
            engine,
            &format!(
                "delete from check_runs where check_id in (
                     select c.check_id from check_runs c where c.latest and c.{column} = "
            ),
        )
        .bind(id)
        .push(" limit ")
        .bind(CHUNK)
        .push(")")
    };
    in_chunks(connection, chunk).await
}

/// Deletes the content of the events about a thing; their places stay taken.
async fn clear_events(connection: &mut Connection, column: &str, id: i64) -> Result<i64, Error> {
    let engine = connection.engine();
    let chunk = || {
        Sql::new(
            engine,
            &format!(
                "update event_log set content = null where position in (
                     select e.position from event_log e where e.content is not null and e.{column} = "
            ),
        )
        .bind(id)
        .push(" limit ")
        .bind(CHUNK)
        .push(")")
    };
    in_chunks(connection, chunk).await
}

async fn in_chunks(connection: &mut Connection, chunk: impl Fn() -> Sql) -> Result<i64, Error> {
    let mut total = 0;
    loop {
        let rows = connection.execute(chunk()).await?;
        if rows == 0 {
            return Ok(total);
        }
        total += i64::try_from(rows).unwrap_or(i64::MAX);
    }
}

async fn count(connection: &mut Connection, sql: Sql) -> Result<i64, Error> {
    let rows: Vec<(i64,)> = connection.fetch(sql).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

async fn refuse_use(
    connection: &mut Connection,
    sql: Sql,
    kind: Kind,
    name: &str,
) -> Result<(), Error> {
    let rows: Vec<(String,)> = connection.fetch(sql).await?;
    match rows.into_iter().next() {
        Some((uses,)) if !uses.is_empty() => Err(Error::Conflict(Conflict::InUse {
            kind,
            name: name.to_owned(),
            uses,
        })),
        _ => Ok(()),
    }
}
