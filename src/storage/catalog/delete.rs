//! Deleting products and environments with all that they have.

use super::{
    DeletedEnvironment, DeletedProduct, Force, Reference, What, change::Log, environments,
    one_environment, one_product, products,
};
use crate::{
    domain::{id::Kind, resource::EntryType},
    storage::{
        connection::Connection,
        error::{Conflict, Error},
        rows::to_json,
        sql::Sql,
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
            .push(") then 'versions' when exists (select 1 from check_runs where product_id = ")
            .bind(id)
            .push(") then 'checks' else '' end as uses");
        refuse_use(connection, sql, Kind::Product, &product.name).await?;
    }
    let mut deleted = DeletedProduct::default();
    let sql = connection
        .sql("select count(*) from check_runs where latest and product_id = ")
        .bind(id);
    deleted.checks = count(connection, sql).await?;
    for (table, count) in [
        ("builds", Some(&mut deleted.builds)),
        ("deployments", Some(&mut deleted.deployments)),
        ("check_runs", None),
        ("versions", Some(&mut deleted.versions)),
        ("product_names", None),
    ] {
        let sql = connection
            .sql("delete from ")
            .push(table)
            .push(" where product_id = ")
            .bind(id);
        let rows = connection.execute(sql).await?;
        if let Some(count) = count {
            *count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }
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
    for (table, count) in [
        ("deployments", Some(&mut deleted.deployments)),
        ("environment_names", None),
    ] {
        let sql = connection
            .sql("delete from ")
            .push(table)
            .push(" where environment_id = ")
            .bind(id);
        let rows = connection.execute(sql).await?;
        if let Some(count) = count {
            *count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }
    let sql = connection
        .sql(
            "delete from check_runs where check_id in (
                 select c.check_id from check_runs c where c.latest and c.environment_id = ",
        )
        .bind(id)
        .push(")");
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

/// Deletes the content of the events about a thing; their places stay taken.
async fn clear_events(connection: &mut Connection, column: &str, id: i64) -> Result<i64, Error> {
    let sql = connection
        .sql("update events set content = null where content is not null and ")
        .push(column)
        .push(" = ")
        .bind(id);
    let rows = connection.execute(sql).await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
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
