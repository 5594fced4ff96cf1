//! Writes what a batch came to: each table in one statement.

mod classes;
mod current;
mod runs;

use std::collections::BTreeSet;

use super::{
    decide::{VersionChange, VersionState, World},
    move_head,
    stream::StreamKey,
};
use crate::{
    domain::{environment::EnvironmentType, statistics::Finish},
    storage::{
        connection::Connection,
        error::Error,
        rollups::Changes,
        settling,
        sql::{Column, Rows, Sql, Value},
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
    let mut new = Rows::new(&[
        Column::Int("id"),
        Column::Int("product_id"),
        Column::Text("version"),
        Column::Int("scheme"),
        Column::Bool("prerelease"),
        Column::Bytes("precedence"),
        Column::Int("updated_at_us"),
        Column::Int("status"),
        Column::Int("latest_build_id"),
        Column::Int("latest_build_started_at_us"),
        Column::Int("created_at_us"),
        Column::Text("scm_sha"),
        Column::Text("scm_repository"),
        Column::Text("scm_branch"),
        Column::Text("built_by"),
        Column::Text("built_by_name"),
        Column::Text("built_by_email"),
        Column::Text("source_system"),
    ]);
    let mut origins = Rows::new(&[
        Column::Int("id"),
        Column::Int("updated_at_us"),
        Column::Int("status"),
        Column::Int("latest_build_id"),
        Column::Int("latest_build_started_at_us"),
        Column::Int("created_at_us"),
        Column::Text("scm_sha"),
        Column::Text("scm_repository"),
        Column::Text("scm_branch"),
        Column::Text("built_by"),
        Column::Text("built_by_name"),
        Column::Text("built_by_email"),
        Column::Text("source_system"),
    ]);
    let mut builds = Rows::new(&[
        Column::Int("id"),
        Column::Int("updated_at_us"),
        Column::Int("status"),
        Column::Int("latest_build_id"),
        Column::Int("latest_build_started_at_us"),
    ]);
    let mut heard = Rows::new(&[Column::Int("id"), Column::Int("updated_at_us")]);

    // In the order of the table, so that its pages are visited in turn.
    let mut versions: Vec<&VersionState> = world.versions.values().collect();
    versions.sort_unstable_by_key(|state| state.version.id);
    for VersionState {
        version, change, ..
    } in versions
    {
        let mut row: Vec<Value> = vec![version.id.into()];
        if *change == VersionChange::All {
            row.extend([
                version.product_id.into(),
                version.version.as_str().into(),
                version.scheme.code().into(),
                version.prerelease.into(),
                version.precedence.clone().into(),
            ]);
        }
        row.push(version.updated_at_us.into());
        if *change >= VersionChange::Build {
            row.extend([
                version.status.map_or(0, |status| status.code()).into(),
                version.latest_build_id.into(),
                version.latest_build_started_at_us.into(),
            ]);
        }
        if *change >= VersionChange::Origin {
            let origin = version.origin.clone();
            row.extend([
                version.created_at_us.into(),
                version.scm_sha.clone().into(),
                origin.scm_repository.into(),
                origin.scm_branch.into(),
                origin.built_by.into(),
                origin.built_by_name.into(),
                origin.built_by_email.into(),
                origin.source_system.into(),
            ]);
        }
        match change {
            VersionChange::Nothing => {}
            VersionChange::Heard => heard.add(row),
            VersionChange::Build => builds.add(row),
            VersionChange::Origin => origins.add(row),
            VersionChange::All => new.add(row),
        }
    }
    insert(connection, "versions", new, "").await?;
    for rows in [origins, builds, heard] {
        update(connection, "versions", rows).await?;
    }
    Ok(())
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
    update(connection, "events", rows).await
}

async fn insert(
    connection: &mut Connection,
    table: &str,
    rows: Rows,
    on_conflict: &str,
) -> Result<(), Error> {
    let rows = settling::new_rows(connection.engine(), table, rows);
    for part in rows.parts(connection.engine()) {
        let sql = Sql::insert(connection.engine(), table, part, on_conflict);
        connection.execute(sql).await?;
    }
    Ok(())
}

async fn update(connection: &mut Connection, table: &str, rows: Rows) -> Result<(), Error> {
    for part in rows.parts(connection.engine()) {
        let sql = Sql::update(connection.engine(), table, part);
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
