//! Writes what a batch came to: each sort of change in a table in one statement, or in
//! a few where there are many rows.

mod classes;
mod current;
mod runs;

use super::{
    decide::World,
    head_moved,
    stream::StreamKey,
    version::{VersionChange, VersionState},
};
use crate::{
    domain::{environment::EnvironmentType, statistics::Finish},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            sql::{Column, Engine, Rows, Sql, Value},
            statement_group::Writes,
        },
        write::{rollups::Changes, writer_cache::Memory},
    },
};

pub(super) async fn write(
    connection: &mut Connection,
    world: &mut World,
    memory: &mut Memory,
) -> Result<(), Error> {
    let engine = connection.engine();
    let mut writes = Writes::new(engine);
    catalogue(&mut writes, world);
    versions(&mut writes, world);
    let changes = rollup_changes(world);
    let series = changes.series(connection, memory).await?;
    runs::runs(connection, &mut writes, world, &series).await?;
    changes
        .write(connection, &mut writes, &series, memory)
        .await?;
    if classes::may_change(world) {
        writes.flush(connection).await?;
        current::current_deployments(connection, world).await?;
        classes::classes(connection, world).await?;
    }
    events(&mut writes, world);
    regrouped(&mut writes, world);
    writes.add(head_moved(engine, world.end()));
    let notify = (engine == Engine::Postgres).then(|| {
        Sql::new(engine, "select pg_notify('versioner_log', ")
            .bind(world.last_position().to_string())
            .push(")")
    });
    writes.finish(connection, notify).await
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

fn catalogue(writes: &mut Writes, world: &World) {
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
    writes.insert("products", products, "");
    writes.insert("product_names", names, "");

    let mut environments = Rows::new(&[
        Column::Int("id"),
        Column::Text("name"),
        Column::Int("environment_type"),
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
    writes.insert("environments", environments, "");
    writes.insert("environment_names", names, "");
}

fn versions(writes: &mut Writes, world: &World) {
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
    writes.insert("versions", new, "");
    for rows in [origins, builds, heard] {
        writes.update("versions", rows);
    }
}

fn events(writes: &mut Writes, world: &World) {
    let mut rows = Rows::new(&[
        Column::Int("position"),
        Column::Text("event_id"),
        Column::Int("event_type"),
        Column::Int("product_id"),
        Column::Int("version_id"),
        Column::Int("environment_id"),
        Column::Int("history_id"),
        Column::Int("run_id"),
        Column::Int("occurred_at_us"),
        Column::Int("received_at_us"),
        Column::Bytes("content_hash"),
        Column::Int("created_on_demand"),
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
            event.history_id.into(),
            event.run_id.into(),
            event.receipt.occurred_at_us.into(),
            event.receipt.received_at_us.into(),
            event.content_hash.clone().into(),
            event.receipt.created.code().into(),
            event.content.as_str().into(),
        ]);
    }
    writes.insert("event_log", rows, "");
}

/// Notes the run of events that a late one has moved to another.
fn regrouped(writes: &mut Writes, world: &World) {
    let mut rows = Rows::new(&[Column::Int("position"), Column::Int("run_id")]);
    for refold in world.streams.values().filter_map(|s| s.refold.as_ref()) {
        for ((occurrence, was), now) in refold.occurrences.iter().zip(&refold.was).zip(&refold.now)
        {
            if was.is_some_and(|was| was != *now) {
                rows.add([occurrence.position.into(), (*now).into()]);
            }
        }
    }
    writes.update("event_log", rows);
}
