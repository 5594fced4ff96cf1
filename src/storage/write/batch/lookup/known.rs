//! The states that repeats of known events are answered with.

use std::collections::{BTreeSet, HashMap};

use crate::{
    domain::resource::{Build, Check, Deployment, EntryType, Version},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::{
                BUILD_COLUMNS, BuildRow, CHECK_COLUMNS, CheckRow, DEPLOYMENT_COLUMNS,
                DeploymentRow, RUN_COLUMNS, VERSION_COLUMNS, VersionRow,
            },
            sql::{Column, Rows, Sql},
        },
        write::batch::{
            State, Submission,
            decide::{Decision, Known},
        },
    },
};

/// The states, as they are now, that repeats of known events are answered with, by
/// the events' positions.
pub(in crate::storage::write::batch) async fn known_states(
    connection: &mut Connection,
    submissions: &[Submission],
    decisions: &[Result<Decision, Error>],
) -> Result<HashMap<i64, State>, Error> {
    let known: Vec<&Known> = decisions
        .iter()
        .zip(submissions)
        .filter_map(|(decision, submission)| match decision {
            Ok(Decision::Known(known)) if submission.want_state => Some(known.as_ref()),
            _ => None,
        })
        .collect();
    if known.is_empty() {
        return Ok(HashMap::new());
    }
    let engine = connection.engine();
    let ids = |wanted: &dyn Fn(&Known) -> Option<i64>| {
        let ids: BTreeSet<i64> = known.iter().filter_map(|k| wanted(k)).collect();
        Rows::of(&[Column::Int("id")], ids)
    };
    let of_kind = |kind: EntryType, id: fn(&Known) -> Option<i64>| {
        ids(&move |k: &Known| (k.kind == kind).then(|| id(k)).flatten())
    };

    let versions = ids(&|k| k.version_id);
    let mut version_states: HashMap<i64, Version> = HashMap::new();
    if !versions.is_empty() {
        let sql = Sql::with(engine, "k", versions, "select ")
            .push(VERSION_COLUMNS)
            .push(
                "
                 from k
                 cross join versions v
                 join products p on p.id = v.product_id
                 where v.id = k.id",
            );
        let rows: Vec<VersionRow> = connection.fetch(sql).await?;
        version_states.extend(rows.into_iter().map(Version::from).map(|v| (v.id, v)));
    }

    let builds = of_kind(EntryType::VersionEvent, |k| k.run_id);
    let mut build_states: HashMap<i64, Build> = HashMap::new();
    if !builds.is_empty() {
        let sql = Sql::with(engine, "k", builds, "select ")
            .push(BUILD_COLUMNS)
            .push(", ")
            .push(RUN_COLUMNS)
            .push(
                "
                 from k
                 cross join builds r
                 join products p on p.id = r.product_id
                 join versions v on v.id = r.version_id
                 where r.id = k.id",
            );
        for row in connection.fetch::<BuildRow>(sql).await? {
            let build = Build::try_from(row)?;
            build_states.insert(build.id, build);
        }
    }

    let deployments = of_kind(EntryType::DeploymentEvent, |k| k.run_id);
    let mut deployment_states: HashMap<i64, Deployment> = HashMap::new();
    if !deployments.is_empty() {
        let sql = Sql::with(engine, "k", deployments, "select ")
            .push(DEPLOYMENT_COLUMNS)
            .push(", ")
            .push(RUN_COLUMNS)
            .push(
                "
                 from k
                 cross join deployments r
                 join products p on p.id = r.product_id
                 join versions v on v.id = r.version_id
                 join environments e on e.id = r.environment_id
                 where r.id = k.id",
            );
        for row in connection.fetch::<DeploymentRow>(sql).await? {
            let deployment = Deployment::try_from(row)?;
            deployment_states.insert(deployment.id, deployment);
        }
    }

    let checks = of_kind(EntryType::CheckEvent, |k| k.history_id);
    let mut check_states: HashMap<i64, Check> = HashMap::new();
    if !checks.is_empty() {
        let sql = Sql::with(engine, "k", checks, "select ")
            .push(CHECK_COLUMNS)
            .push(", ")
            .push(RUN_COLUMNS)
            .push(
                "
                 from k
                 cross join check_runs r
                 join products p on p.id = r.product_id
                 left join versions v on v.id = r.version_id
                 left join environments e on e.id = r.environment_id
                 where r.check_id = k.id and r.latest",
            );
        for row in connection.fetch::<CheckRow>(sql).await? {
            let check = Check::try_from(row)?;
            check_states.insert(check.id, check);
        }
    }

    let state = |k: &Known| {
        let version = k.version_id.and_then(|id| version_states.get(&id));
        match k.kind {
            EntryType::VersionEvent => {
                let build = build_states.get(&k.run_id?)?;
                Some(State::Build(
                    Box::new(version?.clone()),
                    Box::new(build.clone()),
                ))
            }
            EntryType::DeploymentEvent => {
                let deployment = deployment_states.get(&k.run_id?)?;
                Some(State::Deployment(
                    Box::new(version?.clone()),
                    Box::new(deployment.clone()),
                ))
            }
            EntryType::CheckEvent => {
                let check = check_states.get(&k.history_id?)?;
                Some(State::Check(Box::new(check.clone())))
            }
            _ => None,
        }
    };
    Ok(known
        .iter()
        .filter_map(|k| Some((k.receipt.position, state(k)?)))
        .collect())
}
