//! Marks which deployments are current.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::storage::{
    engine::{
        connection::Connection,
        error::Error,
        sql::{Column, Rows, Sql},
    },
    write::batch::{decide::World, stream::StreamKey},
};

const PLACE: &[Column] = &[
    Column::Int("product_id"),
    Column::Int("environment_id"),
    Column::Text("instance"),
];

#[derive(FromRow)]
struct Id {
    id: Option<i64>,
}

/// Marks, for every place that the batch deployed to, the deployment whose version
/// is the current one there: the completed one with the latest completion (R11).
pub(super) async fn current_deployments(
    connection: &mut Connection,
    world: &mut World,
) -> Result<(), Error> {
    let mut places = BTreeSet::new();
    for key in world.streams.keys() {
        if let StreamKey::Deployments {
            version_id,
            environment_id,
            instance,
        } = key
            && let Some(version) = world.versions.get(version_id)
        {
            places.insert((
                version.version.product_id,
                *environment_id,
                instance.clone(),
            ));
        }
    }
    if places.is_empty() {
        return Ok(());
    }
    let engine = connection.engine();
    let mut rows = Rows::new(PLACE);
    for (product_id, environment_id, instance) in places {
        rows.add([product_id.into(), environment_id.into(), instance.into()]);
    }
    let sql = Sql::with(
        engine,
        "k",
        rows.clone(),
        "select (select d.id from deployments d
                 where d.status = 3 and d.product_id = k.product_id
                   and d.environment_id = k.environment_id and d.instance = k.instance
                 order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
                 limit 1) as id
         from k",
    );
    let current: BTreeSet<i64> = connection
        .fetch::<Id>(sql)
        .await?
        .into_iter()
        .filter_map(|row| row.id)
        .collect();

    let mut ids = Rows::of(&[Column::Int("id")], current.iter().copied());
    if ids.is_empty() {
        // A relation needs a row; no deployment has this id.
        ids.add([0.into()]);
    }
    let sql = Sql::with(engine, "k", rows, ", ")
        .relation("c", ids.clone())
        .push(
            "
             update deployments set current = false
             where id in (select (select d.id from deployments d
                                  where d.current and d.environment_id = k.environment_id
                                    and d.product_id = k.product_id and d.instance = k.instance
                                  order by d.version_id limit 1)
                          from k)
               and id not in (select id from c)",
        );
    connection.execute(sql).await?;
    let sql = Sql::with(
        engine,
        "c",
        ids,
        "update deployments set current = true where id in (select id from c) and not current",
    );
    connection.execute(sql).await?;
    world.current_deployments = current;
    Ok(())
}
