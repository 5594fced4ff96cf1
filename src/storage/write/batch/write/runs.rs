//! Writes builds, deployments and the runs of checks: what is new as a row, and of
//! what was there only the columns that may have changed, for the indexes' sake.

use std::collections::BTreeSet;

use crate::{
    domain::{run::Run, statistics::Finish},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::to_json,
            sql::{Column, Rows, Value},
            statement_group::Writes,
        },
        write::{
            batch::{
                decide::World,
                stream::{StreamKey, StreamState, Traits},
            },
            rollups::SeriesIds,
        },
    },
};

/// The columns of all tables of runs that any event may change.
const MOVING: &[Column] = &[
    Column::Int("id"),
    Column::Int("status"),
    Column::Int("started_at_us"),
    Column::Int("completed_at_us"),
    Column::Int("last_at_us"),
    Column::Int("last_rank"),
    Column::Text("last_event_id"),
    Column::Text("details"),
];
/// Those of [`Traits`].
const SELDOM: &[Column] = &[
    Column::Text("invoke_id"),
    Column::Int("invoke_attempt"),
    Column::Int("first_at_us"),
    Column::Int("first_rank"),
    Column::Text("first_event_id"),
];
/// Those that stay.
const FIXED: &[Column] = &[Column::Int("product_id"), Column::Int("version_id")];

fn moving(run: &Run) -> Result<Vec<Value>, Error> {
    Ok(vec![
        run.id.into(),
        run.status.code().into(),
        run.started_at_us().into(),
        run.completed_at_us.into(),
        run.last.occurred_at_us.into(),
        run.last.rank.into(),
        run.last.event_id.as_str().into(),
        to_json(&run.facts)?.into(),
    ])
}

fn seldom(run: &Run) -> [Value; 5] {
    let (invoke_id, invoke_attempt) = run.invoke.clone().unzip();
    [
        invoke_id.into(),
        invoke_attempt.into(),
        run.first.occurred_at_us.into(),
        run.first.rank.into(),
        run.first.event_id.as_str().into(),
    ]
}

/// What becomes of a table's rows.
struct Table {
    name: &'static str,
    new: Rows,
    /// Rows of which [`Traits`] have changed.
    changed: Rows,
    moved: Rows,
    removed: BTreeSet<i64>,
}

/// The columns that only one table has, or their values.
struct Own<T> {
    moving: T,
    seldom: T,
    fixed: T,
}

impl Table {
    fn new(name: &'static str, own: Own<&[Column]>) -> Self {
        let moving = [MOVING, own.moving].concat();
        let changed = [&moving[..], SELDOM, own.seldom].concat();
        Self {
            name,
            new: Rows::new([&changed[..], FIXED, own.fixed].concat()),
            changed: Rows::new(changed),
            moved: Rows::new(moving),
            removed: BTreeSet::new(),
        }
    }

    fn add(
        &mut self,
        state: &StreamState,
        run: &Run,
        (product_id, version_id): (i64, i64),
        own: Own<Vec<Value>>,
    ) -> Result<(), Error> {
        let known = state.known.get(&run.id);
        let mut row = moving(run)?;
        row.extend(own.moving);
        if known.is_some_and(|known| *known == Traits::of(run)) {
            self.moved.add(row);
            return Ok(());
        }
        row.extend(seldom(run));
        row.extend(own.seldom);
        if known.is_some() {
            self.changed.add(row);
            return Ok(());
        }
        row.extend([product_id.into(), version_id.into()]);
        row.extend(own.fixed);
        self.new.add(row);
        Ok(())
    }

    fn write(self, writes: &mut Writes) {
        writes.delete(self.name, self.removed);
        writes.insert(self.name, self.new, "");
        writes.update(self.name, self.changed);
        writes.update(self.name, self.moved);
    }
}

pub(super) async fn runs(
    connection: &mut Connection,
    writes: &mut Writes,
    world: &World,
    series: &SeriesIds,
) -> Result<(), Error> {
    let mut builds = Table::new(
        "builds",
        Own {
            moving: &[Column::Int("series_id"), Column::Int("duration_us")],
            seldom: &[Column::Text("scm_branch"), Column::Text("source_system")],
            fixed: &[],
        },
    );
    let mut deployments = Table::new(
        "deployments",
        Own {
            moving: &[],
            seldom: &[Column::Text("deployed_by")],
            fixed: &[
                Column::Int("environment_id"),
                Column::Text("instance"),
                Column::Int("history_id"),
                Column::Bool("current"),
                Column::Int("deployment_class"),
            ],
        },
    );
    let mut unclassed = Rows::new(&[Column::Int("id"), Column::Int("deployment_class")]);
    let mut checks = Table::new(
        "check_runs",
        Own {
            moving: &[],
            seldom: &[Column::Int("kind")],
            fixed: &[
                Column::Int("check_id"),
                Column::Bool("latest"),
                Column::Text("scm_sha"),
                Column::Text("check_name"),
                Column::Int("environment_id"),
            ],
        },
    );
    let mut latest = LatestRuns::new();

    // In the order of the tables, so that their pages are visited in turn.
    let mut streams: Vec<(&StreamKey, &StreamState)> = world.streams.iter().collect();
    streams.sort_unstable_by_key(|(_, state)| state.id);
    for (key, state) in streams {
        match key {
            StreamKey::Builds { version_id } => {
                let product_id = world.product_of(*version_id);
                for run in state.touched_runs() {
                    let details = &run.facts.details;
                    let finish = Finish::of(run);
                    let series_id = finish.as_ref().map(|f| series.of(product_id, f));
                    let own = Own {
                        moving: vec![
                            series_id.transpose()?.into(),
                            finish.and_then(|f| f.duration_us).into(),
                        ],
                        seldom: vec![
                            details.scm_branch.clone().into(),
                            details.source_system.clone().into(),
                        ],
                        fixed: Vec::new(),
                    };
                    builds.add(state, run, (product_id, *version_id), own)?;
                }
                builds.removed.extend(&state.removed);
            }
            StreamKey::Deployments {
                version_id,
                environment_id,
                instance,
            } => {
                let product_id = world.product_of(*version_id);
                for run in state.touched_runs() {
                    let own = Own {
                        moving: Vec::new(),
                        seldom: vec![run.facts.details.by.clone().into()],
                        fixed: vec![
                            (*environment_id).into(),
                            instance.as_str().into(),
                            state.id.into(),
                            false.into(),
                            0.into(),
                        ],
                    };
                    deployments.add(state, run, (product_id, *version_id), own)?;
                    if state.stored.contains_key(&run.id) && run.completion().is_none() {
                        unclassed.add([run.id.into(), 0.into()]);
                    }
                }
                deployments.removed.extend(&state.removed);
            }
            StreamKey::Check {
                product_id,
                version_id,
                scm_sha,
                check_name,
                environment_id,
            } => {
                if state.touched.is_empty() && state.removed.is_empty() {
                    continue;
                }
                let latest_id = state.stream.latest().map(|run| run.id);
                for run in state.touched_runs() {
                    let kind = run.facts.details.check_kind;
                    let own = Own {
                        moving: Vec::new(),
                        seldom: vec![kind.map_or(0, |kind| kind.code()).into()],
                        fixed: vec![
                            state.id.into(),
                            (Some(run.id) == latest_id).into(),
                            scm_sha.as_str().into(),
                            check_name.as_str().into(),
                            (*environment_id).into(),
                        ],
                    };
                    checks.add(state, run, (*product_id, *version_id), own)?;
                }
                checks.removed.extend(&state.removed);
                latest.note(state, latest_id);
            }
        }
    }

    builds.write(writes);
    deployments.write(writes);
    // A check has one latest run at a time: what goes is written before what comes.
    if !latest.no_longer.is_empty() || !checks.removed.is_empty() {
        writes.update("check_runs", latest.no_longer);
        writes.delete("check_runs", std::mem::take(&mut checks.removed));
        writes.flush(connection).await?;
    }
    checks.write(writes);
    // These rows are among those above.
    if !unclassed.is_empty() || !latest.now.is_empty() {
        writes.flush(connection).await?;
        writes.update("deployments", unclassed);
        writes.update("check_runs", latest.now);
        writes.flush(connection).await?;
    }
    Ok(())
}

/// Stored runs of checks that are no longer the latest one, or have become it.
struct LatestRuns {
    no_longer: Rows,
    now: Rows,
}

impl LatestRuns {
    fn new() -> Self {
        let rows = Rows::new(&[Column::Int("id"), Column::Bool("latest")]);
        Self {
            no_longer: rows.clone(),
            now: rows,
        }
    }

    fn note(&mut self, state: &StreamState, latest_id: Option<i64>) {
        if state.was_latest == latest_id {
            return;
        }
        // One that goes is deleted in the same statement.
        let stays = |id: &i64| !state.removed.contains(id);
        if let Some(id) = state.was_latest.filter(stays) {
            self.no_longer.add([id.into(), false.into()]);
        }
        if let Some(id) = latest_id.filter(|id| state.known.contains_key(id)) {
            self.now.add([id.into(), true.into()]);
        }
    }
}
