//! The runs that the events of a batch may belong to.

use std::collections::BTreeSet;

use sqlx::FromRow;

use crate::{
    domain::{
        event::{Event, Subject},
        run::{Run, Stream},
        statistics::Finish,
    },
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::{RUN_COLUMNS, RunRow},
            sql::{Column, Rows, Sql},
        },
        write::batch::{
            Submission,
            decide::World,
            stream::{StreamKey, StreamState, Traits},
        },
    },
};

/// The streams that the events of a batch belong to and that may exist already,
/// with the CI runs that they name.
pub(super) struct Wanted<'a>(Vec<(StreamKey, Option<&'a str>)>);

impl<'a> Wanted<'a> {
    pub(super) fn of(submissions: &'a [Submission], world: &World) -> Self {
        let wanted = submissions.iter().filter_map(|s| {
            let key = existing_stream(&s.event, world)?;
            Some((key, s.event.invoke_id.as_deref()))
        });
        Self(wanted.collect())
    }
}

/// The stream of an event, where all that it names exists.
pub(super) fn existing_stream(event: &Event, world: &World) -> Option<StreamKey> {
    let product_id = *world.product_ids.get(&event.product_name)?;
    let version_id = match &event.version {
        Some(version) => Some(*world.version_ids.get(&(product_id, version.clone()))?),
        None => None,
    };
    let environment_id = match &event.environment_name {
        Some(name) if event.subject != Subject::Version => Some(*world.environment_ids.get(name)?),
        _ => None,
    };
    Some(StreamKey::of(event, product_id, version_id, environment_id))
}

#[derive(FromRow)]
struct BuildRunRow {
    version_id: i64,
    #[sqlx(flatten)]
    run: RunRow,
}

/// Of each stream: the latest run, the one last heard of, and all attempts of the
/// CI runs that are named.
pub(super) async fn builds(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    world: &mut World,
) -> Result<(), Error> {
    let mut keys = Rows::new(&[Column::Int("version_id"), Column::Text("invoke_id")]);
    let distinct: BTreeSet<(i64, Option<&str>)> = wanted
        .0
        .iter()
        .filter_map(|(key, invoke_id)| match key {
            StreamKey::Builds { version_id } => Some((*version_id, *invoke_id)),
            _ => None,
        })
        .collect();
    for (version_id, invoke_id) in distinct {
        keys.add([version_id.into(), invoke_id.map(str::to_owned).into()]);
    }
    if keys.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(connection.engine(), "k", keys, "select r.version_id, ")
        .push(RUN_COLUMNS)
        .push(
            "
             from builds r
             where r.id in (
                 select (select b.id from builds b where b.version_id = k.version_id
                         order by b.first_at_us desc, b.first_rank desc, b.first_event_id desc limit 1)
                 from k
                 union
                 select (select b.id from builds b where b.version_id = k.version_id
                         order by b.last_at_us desc, b.last_rank desc, b.last_event_id desc limit 1)
                 from k
                 union
                 select b.id from k cross join builds b
                 where b.invoke_id = k.invoke_id and b.version_id = k.version_id)",
        );
    for row in connection.fetch::<BuildRunRow>(sql).await? {
        let version_id = row.version_id;
        let origin = world
            .versions
            .get(&version_id)
            .map(|state| state.version.origin.clone())
            .unwrap_or_default();
        let state = world
            .streams
            .entry(StreamKey::Builds { version_id })
            .or_insert_with(|| StreamState {
                id: version_id,
                stream: Stream {
                    runs: Vec::new(),
                    origin,
                },
                ..StreamState::default()
            });
        let run = Run::try_from(row.run)?;
        if let Some(finish) = Finish::of(&run) {
            state.finishes.insert(run.id, finish);
        }
        state.known.insert(run.id, Traits::of(&run));
        state.stream.runs.push(run);
    }
    Ok(())
}

#[derive(FromRow)]
struct DeploymentRunRow {
    version_id: i64,
    environment_id: i64,
    instance: String,
    history_id: i64,
    #[sqlx(flatten)]
    run: RunRow,
}

pub(super) async fn deployments(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    world: &mut World,
) -> Result<(), Error> {
    let mut keys = Rows::new(&[
        Column::Int("version_id"),
        Column::Int("environment_id"),
        Column::Text("instance"),
        Column::Text("invoke_id"),
    ]);
    let distinct: BTreeSet<(i64, i64, &str, Option<&str>)> = wanted
        .0
        .iter()
        .filter_map(|(key, invoke_id)| match key {
            StreamKey::Deployments {
                version_id,
                environment_id,
                instance,
            } => Some((*version_id, *environment_id, instance.as_str(), *invoke_id)),
            _ => None,
        })
        .collect();
    for (version_id, environment_id, instance, invoke_id) in distinct {
        keys.add([
            version_id.into(),
            environment_id.into(),
            instance.into(),
            invoke_id.map(str::to_owned).into(),
        ]);
    }
    if keys.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(
        connection.engine(),
        "k",
        keys,
        "select r.version_id, r.environment_id, r.instance, r.history_id, ",
    )
    .push(RUN_COLUMNS)
    .push(
        "
         from deployments r
         where r.id in (
             select (select d.id from deployments d
                     where d.version_id = k.version_id and d.environment_id = k.environment_id
                       and d.instance = k.instance
                     order by d.first_at_us desc, d.first_rank desc, d.first_event_id desc limit 1)
             from k
             union
             select (select d.id from deployments d
                     where d.history_id = (select s.history_id from deployments s
                                          where s.version_id = k.version_id
                                            and s.environment_id = k.environment_id
                                            and s.instance = k.instance
                                          limit 1)
                     order by d.last_at_us desc, d.last_rank desc, d.last_event_id desc limit 1)
             from k
             union
             select d.id from k cross join deployments d
             where d.invoke_id = k.invoke_id and d.version_id = k.version_id
               and d.environment_id = k.environment_id and d.instance = k.instance)",
    );
    for row in connection.fetch::<DeploymentRunRow>(sql).await? {
        let key = StreamKey::Deployments {
            version_id: row.version_id,
            environment_id: row.environment_id,
            instance: row.instance,
        };
        add_run(world, key, row.history_id, row.run, false)?;
    }
    Ok(())
}

#[derive(FromRow)]
struct CheckRunRow {
    product_id: i64,
    version_id: i64,
    scm_sha: String,
    check_name: String,
    environment_id: i64,
    check_id: i64,
    latest: bool,
    #[sqlx(flatten)]
    run: RunRow,
}

pub(super) async fn checks(
    connection: &mut Connection,
    wanted: &Wanted<'_>,
    world: &mut World,
) -> Result<(), Error> {
    let mut keys = Rows::new(&[
        Column::Int("product_id"),
        Column::Int("version_id"),
        Column::Text("scm_sha"),
        Column::Text("check_name"),
        Column::Int("environment_id"),
        Column::Text("invoke_id"),
    ]);
    for (key, invoke_id) in &wanted.0 {
        if let StreamKey::Check {
            product_id,
            version_id,
            scm_sha,
            check_name,
            environment_id,
        } = key
        {
            keys.add([
                (*product_id).into(),
                (*version_id).into(),
                scm_sha.as_str().into(),
                check_name.as_str().into(),
                (*environment_id).into(),
                invoke_id.map(str::to_owned).into(),
            ]);
        }
    }
    if keys.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(
        connection.engine(),
        "k",
        keys,
        ", c as (
             select l.check_id, k.invoke_id from k
             cross join check_runs l
             where l.latest and l.product_id = k.product_id and l.version_id = k.version_id
               and l.scm_sha = k.scm_sha and l.check_name = k.check_name
               and l.environment_id = k.environment_id)
         select r.product_id, r.version_id, r.scm_sha, r.check_name, r.environment_id, r.check_id,
                r.latest, ",
    )
    .push(RUN_COLUMNS)
    .push(
        "
         from check_runs r
         where r.id in (
             select (select x.id from check_runs x where x.check_id = c.check_id and x.latest)
             from c
             union
             select (select x.id from check_runs x where x.check_id = c.check_id
                     order by x.last_at_us desc, x.last_rank desc, x.last_event_id desc limit 1)
             from c
             union
             select x.id from c cross join check_runs x
             where x.check_id = c.check_id and x.invoke_id = c.invoke_id)",
    );
    for row in connection.fetch::<CheckRunRow>(sql).await? {
        let key = StreamKey::Check {
            product_id: row.product_id,
            version_id: row.version_id,
            scm_sha: row.scm_sha,
            check_name: row.check_name,
            environment_id: row.environment_id,
        };
        add_run(world, key, row.check_id, row.run, row.latest)?;
    }
    Ok(())
}

/// `is_latest`: it is marked as the latest run of its check.
fn add_run(
    world: &mut World,
    key: StreamKey,
    id: i64,
    run: RunRow,
    is_latest: bool,
) -> Result<(), Error> {
    let state = world.streams.entry(key).or_insert_with(|| StreamState {
        id,
        ..StreamState::default()
    });
    let run = Run::try_from(run)?;
    state
        .stored
        .extend(run.completion().map(|completion| (run.id, completion)));
    state.known.insert(run.id, Traits::of(&run));
    if is_latest {
        state.was_latest = Some(run.id);
    }
    state.stream.runs.push(run);
    Ok(())
}
