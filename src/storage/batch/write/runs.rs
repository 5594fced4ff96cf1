//! Writes builds, deployments and the runs of checks.

use std::collections::BTreeSet;

use super::{delete, insert};
use crate::{
    domain::{run::Run, statistics::Finish},
    storage::{
        batch::{decide::World, stream::StreamKey},
        connection::Connection,
        error::Error,
        rollups::SeriesIds,
        rows::to_json,
        sql::{Column, Rows, Sql, Value},
    },
};

/// The columns that every table of runs has, in the order of [`run_values`].
macro_rules! columns {
    ($($own:expr),* $(,)?) => {
        &[
            Column::Int("id"),
            Column::Int("product_id"),
            Column::Int("version_id"),
            Column::Int("status"),
            Column::Text("invoke_id"),
            Column::Int("invoke_attempt"),
            Column::Int("started_at_us"),
            Column::Int("completed_at_us"),
            Column::Int("first_at_us"),
            Column::Int("first_rank"),
            Column::Text("first_event_id"),
            Column::Int("last_at_us"),
            Column::Int("last_rank"),
            Column::Text("last_event_id"),
            Column::Text("facts"),
            $($own),*
        ]
    };
}

/// What changes in a run, whichever table it is in.
const UPDATE_RUN: &str = "\
on conflict (id) do update set
    status = excluded.status,
    invoke_id = excluded.invoke_id,
    invoke_attempt = excluded.invoke_attempt,
    started_at_us = excluded.started_at_us,
    completed_at_us = excluded.completed_at_us,
    first_at_us = excluded.first_at_us,
    first_rank = excluded.first_rank,
    first_event_id = excluded.first_event_id,
    last_at_us = excluded.last_at_us,
    last_rank = excluded.last_rank,
    last_event_id = excluded.last_event_id,
    facts = excluded.facts";

fn run_values(run: &Run, product_id: i64, version_id: i64) -> Result<Vec<Value>, Error> {
    let (invoke_id, invoke_attempt) = run.invoke.clone().unzip();
    Ok(vec![
        run.id.into(),
        product_id.into(),
        version_id.into(),
        run.status.code().into(),
        invoke_id.into(),
        invoke_attempt.into(),
        run.started_at_us().into(),
        run.completed_at_us.into(),
        run.first.occurred_at_us.into(),
        run.first.rank.into(),
        run.first.event_id.as_str().into(),
        run.last.occurred_at_us.into(),
        run.last.rank.into(),
        run.last.event_id.as_str().into(),
        to_json(&run.facts)?.into(),
    ])
}

pub(super) async fn runs(
    connection: &mut Connection,
    world: &World,
    series: &SeriesIds,
) -> Result<(), Error> {
    let mut builds = Rows::new(columns![
        Column::Text("scm_branch"),
        Column::Text("source_system"),
        Column::Int("series_id"),
        Column::Int("duration_us"),
    ]);
    let mut deployments = Rows::new(columns![
        Column::Int("environment_id"),
        Column::Text("instance"),
        Column::Int("stream_id"),
        Column::Bool("current"),
        Column::Int("class"),
        Column::Text("deployed_by"),
    ]);
    let mut checks = Rows::new(columns![
        Column::Int("check_id"),
        Column::Bool("latest"),
        Column::Text("scm_sha"),
        Column::Text("check_name"),
        Column::Int("environment_id"),
        Column::Int("kind"),
    ]);
    let mut changed_checks = BTreeSet::new();
    let mut removed: [BTreeSet<i64>; 3] = Default::default();

    for (key, state) in &world.streams {
        let product_id = match key {
            StreamKey::Builds { version_id } | StreamKey::Deployments { version_id, .. } => {
                world.product_of(*version_id)
            }
            StreamKey::Check { product_id, .. } => *product_id,
        };
        match key {
            StreamKey::Builds { version_id } => {
                for run in state.touched_runs() {
                    let mut row = run_values(run, product_id, *version_id)?;
                    let details = &run.facts.details;
                    row.push(details.scm_branch.clone().into());
                    row.push(details.source_system.clone().into());
                    let finish = Finish::of(run);
                    let series_id = finish.as_ref().map(|f| series.of(product_id, f));
                    row.push(series_id.transpose()?.into());
                    row.push(finish.and_then(|f| f.duration_us).into());
                    builds.add(row);
                }
                removed[0].extend(&state.removed);
            }
            StreamKey::Deployments {
                version_id,
                environment_id,
                instance,
            } => {
                for run in state.touched_runs() {
                    let mut row = run_values(run, product_id, *version_id)?;
                    row.push((*environment_id).into());
                    row.push(instance.as_str().into());
                    row.push(state.id.into());
                    row.push(false.into());
                    row.push(0.into());
                    row.push(run.facts.details.by.clone().into());
                    deployments.add(row);
                }
                removed[1].extend(&state.removed);
            }
            StreamKey::Check {
                version_id,
                scm_sha,
                check_name,
                environment_id,
                ..
            } => {
                if state.touched.is_empty() && state.removed.is_empty() {
                    continue;
                }
                // The latest one is written in any case: which one it is may have changed.
                let latest = state.stream.latest().map(|run| run.id);
                changed_checks.insert(state.id);
                for (index, run) in state.stream.runs.iter().enumerate() {
                    let is_latest = Some(run.id) == latest;
                    if !is_latest && !state.touched.contains(&index) {
                        continue;
                    }
                    let mut row = run_values(run, product_id, *version_id)?;
                    let kind = run.facts.details.check_kind;
                    row.push(state.id.into());
                    row.push(is_latest.into());
                    row.push(scm_sha.as_str().into());
                    row.push(check_name.as_str().into());
                    row.push((*environment_id).into());
                    row.push(kind.map_or(0, |kind| kind.code()).into());
                    checks.add(row);
                }
                removed[2].extend(&state.removed);
            }
        }
    }

    let [gone_builds, gone_deployments, gone_checks] = removed;
    delete(connection, "builds", gone_builds).await?;
    insert(
        connection,
        "builds",
        builds,
        &format!(
            "{UPDATE_RUN},
             scm_branch = excluded.scm_branch,
             source_system = excluded.source_system,
             series_id = excluded.series_id,
             duration_us = excluded.duration_us"
        ),
    )
    .await?;
    delete(connection, "deployments", gone_deployments).await?;
    insert(
        connection,
        "deployments",
        deployments,
        &format!(
            "{UPDATE_RUN},
             class = case when excluded.status = 3 then deployments.class else 0 end,
             deployed_by = excluded.deployed_by"
        ),
    )
    .await?;
    delete(connection, "check_runs", gone_checks).await?;
    if !changed_checks.is_empty() {
        let changed = Rows::of(&[Column::Int("check_id")], changed_checks);
        let sql = Sql::with(
            connection.engine(),
            "k",
            changed,
            "update check_runs set latest = false
             where latest and check_id in (select check_id from k)",
        );
        connection.execute(sql).await?;
    }
    insert(
        connection,
        "check_runs",
        checks,
        &format!("{UPDATE_RUN},\n    latest = excluded.latest,\n    kind = excluded.kind"),
    )
    .await
}
