//! Writes what a batch came to: each table in one statement.

mod classes;
mod current;
mod runs;

use std::collections::BTreeSet;

use super::{decide::World, move_head, stream::StreamKey};
use crate::{
    domain::{environment::EnvironmentType, statistics::Finish},
    storage::{
        connection::Connection,
        error::Error,
        rollups::Changes,
        sql::{Column, Rows, Sql},
    },
};

pub(super) async fn write(connection: &mut Connection, world: &mut World) -> Result<(), Error> {
    catalogue(connection, world).await?;
    versions(connection, world).await?;
    let changes = rollup_changes(world);
    let series = changes.series(connection).await?;
    runs::runs(connection, world, &series).await?;
    changes.write(connection, &series).await?;
    current::current_deployments(connection, world).await?;
    classes::classes(connection, world).await?;
    events(connection, world).await?;
    regrouped(connection, world).await?;
    move_head(connection, world.end()).await
}

/// What the batch changes in the roll-ups of finished builds.
fn rollup_changes(world: &World) -> Changes {
    let mut changes = Changes::default();
    for (key, state) in &world.streams {
        let StreamKey::Builds { version_id } = key else {
            continue;
        };
        let product_id = world.product_of(*version_id);
        for run in state.touched_runs() {
            let before = state.finishes.get(&run.id);
            changes.note(product_id, before, Finish::of(run).as_ref());
        }
        for id in &state.removed {
            changes.note(product_id, state.finishes.get(id), None);
        }
    }
    changes
}

async fn catalogue(connection: &mut Connection, world: &World) -> Result<(), Error> {
    let mut products = Rows::new(&[
        Column::Int("id"),
        Column::Text("name"),
        Column::Text("description"),
        Column::Int("created_at_us"),
        Column::Int("updated_at_us"),
    ]);
    let mut names = Rows::new(&[Column::Text("name"), Column::Int("product_id")]);
    for (id, product) in &world.products {
        if let Some(at_us) = product.created_at_us {
            products.add([
                (*id).into(),
                product.name.as_str().into(),
                "".into(),
                at_us.into(),
                at_us.into(),
            ]);
            names.add([product.name.as_str().into(), (*id).into()]);
        }
    }
    insert(connection, "products", products, "").await?;
    insert(connection, "product_names", names, "").await?;

    let mut environments = Rows::new(&[
        Column::Int("id"),
        Column::Text("name"),
        Column::Int("type"),
        Column::Text("description"),
        Column::Int("created_at_us"),
        Column::Int("updated_at_us"),
    ]);
    let mut names = Rows::new(&[Column::Text("name"), Column::Int("environment_id")]);
    for (id, environment) in &world.environments {
        if let Some(at_us) = environment.created_at_us {
            environments.add([
                (*id).into(),
                environment.name.as_str().into(),
                EnvironmentType::infer(&environment.name).code().into(),
                "".into(),
                at_us.into(),
                at_us.into(),
            ]);
            names.add([environment.name.as_str().into(), (*id).into()]);
        }
    }
    insert(connection, "environments", environments, "").await?;
    insert(connection, "environment_names", names, "").await
}

async fn versions(connection: &mut Connection, world: &World) -> Result<(), Error> {
    let mut rows = Rows::new(&[
        Column::Int("id"),
        Column::Int("product_id"),
        Column::Text("version"),
        Column::Int("scheme"),
        Column::Bool("prerelease"),
        Column::Bytes("precedence"),
        Column::Text("scm_sha"),
        Column::Text("scm_repository"),
        Column::Text("scm_branch"),
        Column::Text("built_by"),
        Column::Text("built_by_name"),
        Column::Text("built_by_email"),
        Column::Text("source_system"),
        Column::Int("status"),
        Column::Int("latest_build_id"),
        Column::Int("latest_build_started_at_us"),
        Column::Int("created_at_us"),
        Column::Int("updated_at_us"),
    ]);
    for state in world.versions.values().filter(|state| state.changed) {
        let v = state.version.clone();
        rows.add([
            v.id.into(),
            v.product_id.into(),
            v.version.into(),
            v.scheme.code().into(),
            v.prerelease.into(),
            v.precedence.into(),
            v.scm_sha.into(),
            v.origin.scm_repository.into(),
            v.origin.scm_branch.into(),
            v.origin.built_by.into(),
            v.origin.built_by_name.into(),
            v.origin.built_by_email.into(),
            v.origin.source_system.into(),
            v.status.map_or(0, |status| status.code()).into(),
            v.latest_build_id.into(),
            v.latest_build_started_at_us.into(),
            v.created_at_us.into(),
            v.updated_at_us.into(),
        ]);
    }
    insert(
        connection,
        "versions",
        rows,
        "on conflict (id) do update set
             scm_sha = excluded.scm_sha,
             scm_repository = excluded.scm_repository,
             scm_branch = excluded.scm_branch,
             built_by = excluded.built_by,
             built_by_name = excluded.built_by_name,
             built_by_email = excluded.built_by_email,
             source_system = excluded.source_system,
             status = excluded.status,
             latest_build_id = excluded.latest_build_id,
             latest_build_started_at_us = excluded.latest_build_started_at_us,
             created_at_us = excluded.created_at_us,
             updated_at_us = excluded.updated_at_us",
    )
    .await
}

async fn events(connection: &mut Connection, world: &World) -> Result<(), Error> {
    let mut rows = Rows::new(&[
        Column::Int("position"),
        Column::Text("event_id"),
        Column::Int("type"),
        Column::Int("product_id"),
        Column::Int("version_id"),
        Column::Int("environment_id"),
        Column::Int("stream_id"),
        Column::Int("run_id"),
        Column::Int("occurred_at_us"),
        Column::Int("received_at_us"),
        Column::Bytes("content_hash"),
        Column::Int("created"),
        Column::Text("content"),
    ]);
    for event in &world.accepted {
        rows.add([
            event.receipt.position.into(),
            event.receipt.event_id.as_str().into(),
            event.kind.code().into(),
            event.product_id.into(),
            event.version_id.into(),
            event.environment_id.into(),
            event.stream_id.into(),
            event.run_id.into(),
            event.receipt.occurred_at_us.into(),
            event.receipt.received_at_us.into(),
            event.content_hash.clone().into(),
            event.receipt.created.code().into(),
            event.content.as_str().into(),
        ]);
    }
    insert(connection, "events", rows, "").await
}

/// Notes the run of events that a late one has moved to another.
async fn regrouped(connection: &mut Connection, world: &World) -> Result<(), Error> {
    let mut rows = Rows::new(&[Column::Int("position"), Column::Int("run_id")]);
    for refold in world.streams.values().filter_map(|s| s.refold.as_ref()) {
        for ((occurrence, was), now) in refold.occurrences.iter().zip(&refold.was).zip(&refold.now)
        {
            if was.is_some_and(|was| was != *now) {
                rows.add([occurrence.position.into(), (*now).into()]);
            }
        }
    }
    for part in rows.parts(connection.engine()) {
        let sql = Sql::with(
            connection.engine(),
            "k",
            part,
            "update events set run_id = (select k.run_id from k where k.position = events.position)
             where position in (select position from k)",
        );
        connection.execute(sql).await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut Connection,
    table: &str,
    rows: Rows,
    on_conflict: &str,
) -> Result<(), Error> {
    for part in rows.parts(connection.engine()) {
        let sql = Sql::insert(connection.engine(), table, part, on_conflict);
        connection.execute(sql).await?;
    }
    Ok(())
}

async fn delete(connection: &mut Connection, table: &str, ids: BTreeSet<i64>) -> Result<(), Error> {
    for part in Rows::of(&[Column::Int("id")], ids).parts(connection.engine()) {
        let sql = Sql::with(connection.engine(), "k", part, "delete from ")
            .push(table)
            .push(" where id in (select id from k)");
        connection.execute(sql).await?;
    }
    Ok(())
}
