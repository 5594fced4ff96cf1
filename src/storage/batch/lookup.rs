//! What a batch has to know before it decides, each sort of thing in one statement.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;

use super::{
    Created, Head, Receipt, State, Submission,
    decide::{Decision, Known, Named, Refold, StreamKey, StreamState, VersionState, World},
};
use crate::{
    domain::{
        event::{Event, Subject},
        resource::{Build, Check, Deployment, EntryType, Version},
        run::{Key, Occurrence, Run, Stream},
    },
    storage::{
        connection::Connection,
        error::Error,
        rows::{
            BUILD_COLUMNS, BuildRow, CHECK_COLUMNS, CheckRow, DEPLOYMENT_COLUMNS, DeploymentRow,
            RUN_COLUMNS, RunRow, VERSION_COLUMNS, VersionRow, parse,
        },
        sql::{Column, Rows, Sql},
    },
};

/// Looks up everything that the events of a batch name.
pub(super) async fn load(
    connection: &mut Connection,
    submissions: &[Submission],
    head: Head,
    now_us: i64,
) -> Result<World, Error> {
    let mut world = World {
        head: Some(head),
        now_us,
        ..World::default()
    };
    known_events(connection, submissions, &mut world).await?;
    names(connection, submissions, &mut world).await?;
    versions(connection, submissions, &mut world).await?;

    let wanted = Wanted::of(submissions, &world);
    builds(connection, &wanted, &mut world).await?;
    deployments(connection, &wanted, &mut world).await?;
    checks(connection, &wanted, &mut world).await?;
    late_streams(connection, submissions, &mut world).await?;
    Ok(world)
}

#[derive(FromRow)]
struct KnownRow {
    event_id: String,
    position: i64,
    content_hash: Vec<u8>,
    kind: i64,
    created: i64,
    occurred_at_us: i64,
    received_at_us: i64,
    version_id: Option<i64>,
    run_id: Option<i64>,
    stream_id: Option<i64>,
}

async fn known_events(
    connection: &mut Connection,
    submissions: &[Submission],
    world: &mut World,
) -> Result<(), Error> {
    // An id that was made here a moment ago is new.
    let ids: BTreeSet<&str> = submissions
        .iter()
        .filter_map(|s| s.event.event_id.as_deref())
        .collect();
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(
        connection.engine(),
        "k",
        Rows::of(&[Column::Text("event_id")], ids),
        "select e.event_id, e.position, e.content_hash, e.type as kind, e.created, e.occurred_at_us,
                e.received_at_us, e.version_id, e.run_id, e.stream_id
         from k
         cross join events e
         where e.event_id = k.event_id",
    );
    for row in connection.fetch::<KnownRow>(sql).await? {
        let kind =
            EntryType::from_code(row.kind).ok_or_else(|| Error::fault("an entry has no type"))?;
        world.known.insert(
            row.event_id.clone(),
            Known {
                receipt: Receipt {
                    event_id: row.event_id,
                    position: row.position,
                    duplicate: true,
                    created: Created::from_code(row.created),
                    occurred_at_us: row.occurred_at_us,
                    received_at_us: row.received_at_us,
                },
                content_hash: row.content_hash,
                kind,
                version_id: row.version_id,
                run_id: row.run_id,
                stream_id: row.stream_id,
            },
        );
    }
    Ok(())
}

#[derive(FromRow)]
struct NameRow {
    given: String,
    id: i64,
    name: String,
}

async fn names(
    connection: &mut Connection,
    submissions: &[Submission],
    world: &mut World,
) -> Result<(), Error> {
    let products: BTreeSet<&str> = submissions
        .iter()
        .map(|s| s.event.product_name.as_str())
        .collect();
    let sql = Sql::with(
        connection.engine(),
        "k",
        Rows::of(&[Column::Text("name")], products),
        "select n.name as given, p.id, p.name
         from k
         cross join product_names n
         join products p on p.id = n.product_id
         where n.name = k.name",
    );
    for row in connection.fetch::<NameRow>(sql).await? {
        world.product_ids.insert(row.given, row.id);
        world.products.insert(row.id, named(row.name));
    }

    let environments: BTreeSet<&str> = submissions
        .iter()
        .filter_map(|s| s.event.environment_name.as_deref())
        .collect();
    if environments.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(
        connection.engine(),
        "k",
        Rows::of(&[Column::Text("name")], environments),
        "select n.name as given, e.id, e.name
         from k
         cross join environment_names n
         join environments e on e.id = n.environment_id
         where n.name = k.name",
    );
    for row in connection.fetch::<NameRow>(sql).await? {
        world.environment_ids.insert(row.given, row.id);
        world.environments.insert(row.id, named(row.name));
    }
    Ok(())
}

fn named(name: String) -> Named {
    Named {
        name,
        created_at_us: None,
    }
}

async fn versions(
    connection: &mut Connection,
    submissions: &[Submission],
    world: &mut World,
) -> Result<(), Error> {
    let mut keys = Rows::new(&[Column::Int("product_id"), Column::Text("version")]);
    let wanted: BTreeSet<(i64, &str)> = submissions
        .iter()
        .filter_map(|s| {
            let product_id = world.product_ids.get(&s.event.product_name)?;
            Some((*product_id, s.event.version.as_deref()?))
        })
        .collect();
    for (product_id, version) in wanted {
        keys.add([product_id.into(), version.into()]);
    }
    if keys.is_empty() {
        return Ok(());
    }
    let sql = Sql::with(connection.engine(), "k", keys, "select ")
        .push(VERSION_COLUMNS)
        .push(
            "
             from k
             cross join versions v
             join products p on p.id = v.product_id
             where v.product_id = k.product_id and v.version = k.version",
        );
    for row in connection.fetch::<VersionRow>(sql).await? {
        let version = Version::from(row);
        world
            .version_ids
            .insert((version.product_id, version.version.clone()), version.id);
        world.versions.insert(
            version.id,
            VersionState {
                version,
                changed: false,
            },
        );
    }
    Ok(())
}

/// The streams that the events of a batch belong to and that may exist already,
/// with the CI runs that they name.
struct Wanted<'a>(Vec<(StreamKey, Option<&'a str>)>);

impl<'a> Wanted<'a> {
    fn of(submissions: &'a [Submission], world: &World) -> Self {
        let wanted = submissions.iter().filter_map(|s| {
            let key = existing_stream(&s.event, world)?;
            Some((key, s.event.invoke_id.as_deref()))
        });
        Self(wanted.collect())
    }
}

/// The stream of an event, where all that it names exists.
fn existing_stream(event: &Event, world: &World) -> Option<StreamKey> {
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
async fn builds(
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
        state.stream.runs.push(Run::try_from(row.run)?);
    }
    Ok(())
}

#[derive(FromRow)]
struct DeploymentRunRow {
    version_id: i64,
    environment_id: i64,
    instance: String,
    stream_id: i64,
    #[sqlx(flatten)]
    run: RunRow,
}

async fn deployments(
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
        "select r.version_id, r.environment_id, r.instance, r.stream_id, ",
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
                     where d.stream_id = (select s.stream_id from deployments s
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
        add_run(world, key, row.stream_id, row.run)?;
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
    #[sqlx(flatten)]
    run: RunRow,
}

async fn checks(
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
         select r.product_id, r.version_id, r.scm_sha, r.check_name, r.environment_id, r.check_id, ",
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
        add_run(world, key, row.check_id, row.run)?;
    }
    Ok(())
}

fn add_run(world: &mut World, key: StreamKey, id: i64, run: RunRow) -> Result<(), Error> {
    let state = world.streams.entry(key).or_insert_with(|| StreamState {
        id,
        ..StreamState::default()
    });
    state.stream.runs.push(Run::try_from(run)?);
    Ok(())
}

#[derive(FromRow)]
struct OccurrenceRow {
    kind: i64,
    stream_id: i64,
    position: i64,
    event_id: String,
    occurred_at_us: i64,
    run_id: i64,
    content: String,
}

/// Loads the events of the streams that a late event belongs to.
async fn late_streams(
    connection: &mut Connection,
    submissions: &[Submission],
    world: &mut World,
) -> Result<(), Error> {
    let late = find_late(submissions, world);
    if late.is_empty() {
        return Ok(());
    }
    let mut by_version = Rows::new(&[
        Column::Int("version_id"),
        Column::Int("type"),
        Column::Int("stream_id"),
    ]);
    let mut checks = BTreeSet::new();
    let mut keys = HashMap::new();
    for key in late {
        let id = world.streams[&key].id;
        let kind = match &key {
            StreamKey::Builds { version_id } => {
                by_version.add([(*version_id).into(), 1.into(), id.into()]);
                1
            }
            StreamKey::Deployments { version_id, .. } => {
                by_version.add([(*version_id).into(), 2.into(), id.into()]);
                2
            }
            StreamKey::Check { .. } => {
                checks.insert(id);
                3
            }
        };
        if let Some(state) = world.streams.get_mut(&key) {
            state.refold = Some(Refold::default());
        }
        keys.insert((kind, id), key);
    }

    const COLUMNS: &str = "select e.type as kind, e.stream_id, e.position, e.event_id, \
                           e.occurred_at_us, e.run_id, e.content ";
    let mut rows: Vec<OccurrenceRow> = Vec::new();
    if !by_version.is_empty() {
        let sql = Sql::with(connection.engine(), "k", by_version, COLUMNS).push(
            "from k
             cross join events e
             where e.version_id = k.version_id and e.type = k.type and e.stream_id = k.stream_id
               and e.content is not null",
        );
        rows.extend(connection.fetch(sql).await?);
    }
    if !checks.is_empty() {
        let checks = Rows::of(&[Column::Int("stream_id")], checks);
        let sql = Sql::with(connection.engine(), "k", checks, COLUMNS).push(
            "from k
             cross join events e
             where e.type = 3 and e.stream_id = k.stream_id and e.content is not null",
        );
        rows.extend(connection.fetch::<OccurrenceRow>(sql).await?);
    }
    for row in rows {
        let event: Event = parse("an event", &row.content)?;
        let refold = keys
            .get(&(row.kind, row.stream_id))
            .and_then(|key| world.streams.get_mut(key)?.refold.as_mut())
            .ok_or_else(|| Error::fault("an event of another stream was loaded"))?;
        refold.push(
            Occurrence {
                position: row.position,
                key: Key {
                    occurred_at_us: row.occurred_at_us,
                    rank: event.status.rank(),
                    event_id: row.event_id,
                },
                event,
            },
            Some(row.run_id),
        );
    }
    Ok(())
}

/// The existing streams in which an event of the batch does not come after all
/// that stand before it. What has no time of its own gets one as it is accepted:
/// here it is taken for as early, and by those behind it for as late, as it can be.
/// One stream too many costs time, one too few would be wrong.
fn find_late(submissions: &[Submission], world: &World) -> Vec<StreamKey> {
    struct End {
        dated: Key,
        undated_us: Option<i64>,
    }
    let mut ends: HashMap<StreamKey, End> = HashMap::new();
    let mut late = Vec::new();
    let earliest_us = world.now_us.max(world.end().last_received_at_us + 1);
    for (submission, latest_us) in submissions.iter().zip(earliest_us..) {
        let Some(key) = existing_stream(&submission.event, world) else {
            continue;
        };
        let Some(state) = world.streams.get(&key) else {
            continue;
        };
        let Some(last) = state.stream.runs.iter().map(|run| &run.last).max() else {
            continue;
        };
        let end = ends.entry(key.clone()).or_insert_with(|| End {
            dated: last.clone(),
            undated_us: None,
        });
        let given_us = submission.event.occurred_at_us;
        let mine = Key {
            occurred_at_us: given_us.unwrap_or(earliest_us),
            rank: submission.event.status.rank(),
            event_id: submission.event_id.clone(),
        };
        if mine <= end.dated || given_us.is_some() && given_us <= end.undated_us {
            late.push(key);
        }
        match given_us {
            Some(_) if mine > end.dated => end.dated = mine,
            Some(_) => {}
            None => end.undated_us = Some(latest_us),
        }
    }
    late.sort_by_key(|key| format!("{key:?}"));
    late.dedup();
    late
}

/// The states, as they are now, that repeats of known events are answered with, by
/// the events' positions.
pub(super) async fn known_states(
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

    let checks = of_kind(EntryType::CheckEvent, |k| k.stream_id);
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
                let check = check_states.get(&k.stream_id?)?;
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
