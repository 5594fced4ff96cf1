//! Classes the completed deployments that a batch has touched, and those whose
//! class follows from them (R11).
//!
//! A class hangs on the deployment completed before it at its place, and on whether
//! its version was completed there before. So where one comes, goes or moves among
//! the completed ones, these may change: itself, the next one after where it was
//! and after where it is, and the next ones of its version. Where a version's time
//! of creation moves: its deployments, and the next one after each.

use std::collections::{BTreeSet, HashSet};

use sqlx::FromRow;

use crate::{
    domain::deployment::{Completion, DeploymentClass, Rank, WasCurrent},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            sql::{Column, Rows, Sql},
            statement_group::Writes,
        },
        write::batch::{decide::World, stream::StreamKey},
    },
};

/// A place among the completed deployments of a version, product, environment and instance.
type Key = (i64, i64, i64, String, Completion);

const KEY: &[Column] = &[
    Column::Int("version_id"),
    Column::Int("product_id"),
    Column::Int("environment_id"),
    Column::Text("instance"),
    Column::Int("completed_at_us"),
    Column::Int("last_at_us"),
    Column::Text("last_event_id"),
];

#[derive(FromRow)]
struct ClassRow {
    id: i64,
    deployment_class: i64,
    version_id: i64,
    version: String,
    precedence: Vec<u8>,
    created_at_us: i64,
    before_id: Option<i64>,
    before_version: Option<String>,
    before_precedence: Option<Vec<u8>>,
    before_created_at_us: Option<i64>,
    was_current: bool,
}

pub(super) async fn classes(connection: &mut Connection, world: &mut World) -> Result<(), Error> {
    let mut found: Vec<ClassRow> = Vec::new();
    let mut keys = Rows::new(KEY);
    for (version_id, product_id, environment_id, instance, completion) in touched(world) {
        keys.add([
            version_id.into(),
            product_id.into(),
            environment_id.into(),
            instance.into(),
            completion.completed_at_us.into(),
            completion.last_at_us.into(),
            completion.last_event_id.into(),
        ]);
    }
    for part in keys.parts(connection.engine()) {
        let sql = Sql::with(connection.engine(), "k", part, BY_COMPLETION).push(CLASSES);
        found.extend(connection.fetch::<ClassRow>(sql).await?);
    }
    let versions = world.versions.iter();
    let created_earlier = versions.filter(|(_, state)| state.created_earlier);
    let versions = Rows::of(&[Column::Int("id")], created_earlier.map(|(id, _)| *id));
    if !versions.is_empty() {
        let sql = Sql::with(connection.engine(), "k", versions, BY_CREATION).push(CLASSES);
        found.extend(connection.fetch::<ClassRow>(sql).await?);
    }

    let mut changed = Rows::new(&[Column::Int("id"), Column::Int("deployment_class")]);
    for row in found {
        let class = row.class();
        let is_new = world.classes.insert(row.id, class).is_none();
        if is_new && class.code() != row.deployment_class {
            changed.add([row.id.into(), class.code().into()]);
        }
    }
    let mut writes = Writes::new(connection.engine());
    writes.update("deployments", changed);
    writes.flush(connection).await
}

/// Whether the batch has to do with deployments, or with what decides their classes.
pub(super) fn may_change(world: &World) -> bool {
    let is_of_deployments = |key: &StreamKey| matches!(key, StreamKey::Deployments { .. });
    world.streams.keys().any(is_of_deployments)
        || world.versions.values().any(|state| state.created_earlier)
}

/// Where the deployments of the batch's events are, and where those that it changed
/// are and were.
fn touched(world: &World) -> BTreeSet<Key> {
    let heard_of: HashSet<i64> = world.accepted.iter().map(|event| event.run_id).collect();
    let mut keys = BTreeSet::new();
    for (key, state) in &world.streams {
        let StreamKey::Deployments {
            version_id,
            environment_id,
            instance,
        } = key
        else {
            continue;
        };
        let Some(version) = world.versions.get(version_id) else {
            continue;
        };
        let runs = state.stream.runs.iter().enumerate();
        let runs =
            runs.filter(|(index, run)| state.touched.contains(index) || heard_of.contains(&run.id));
        let (ids, now): (Vec<i64>, Vec<Option<Completion>>) =
            runs.map(|(_, run)| (run.id, run.completion())).unzip();
        let before = ids.iter().chain(&state.removed);
        let before = before.map(|id| state.stored.get(id).cloned());
        for completion in now.into_iter().chain(before).flatten() {
            keys.insert((
                *version_id,
                version.version.product_id,
                *environment_id,
                instance.clone(),
                completion,
            ));
        }
    }
    keys
}

impl ClassRow {
    fn class(&self) -> DeploymentClass {
        let version = Rank {
            version_id: self.version_id,
            version: self.version.clone(),
            precedence: self.precedence.clone(),
            created_at_us: self.created_at_us,
        };
        let before = self.before_id.map(|version_id| Rank {
            version_id,
            version: self.before_version.clone().unwrap_or_default(),
            precedence: self.before_precedence.clone().unwrap_or_default(),
            created_at_us: self.before_created_at_us.unwrap_or(0),
        });
        DeploymentClass::of(&version, before.as_ref(), WasCurrent(self.was_current))
    }
}

/// At each place in `k`: what stands there, the next one, and the version's next one.
const BY_COMPLETION: &str = "\
, t (id) as (
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = k.product_id
              and d.environment_id = k.environment_id and d.instance = k.instance
              and (d.completed_at_us, d.last_at_us, d.last_event_id)
                  >= (k.completed_at_us, k.last_at_us, k.last_event_id)
            order by d.completed_at_us, d.last_at_us, d.last_event_id
            limit 1)
    from k
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = k.product_id
              and d.environment_id = k.environment_id and d.instance = k.instance
              and (d.completed_at_us, d.last_at_us, d.last_event_id)
                  > (k.completed_at_us, k.last_at_us, k.last_event_id)
            order by d.completed_at_us, d.last_at_us, d.last_event_id
            limit 1)
    from k
    union
    select (select d.id from deployments d
            where d.status = 3 and d.version_id = k.version_id
              and d.environment_id = k.environment_id and d.instance = k.instance
              and (d.completed_at_us, d.last_at_us, d.last_event_id)
                  > (k.completed_at_us, k.last_at_us, k.last_event_id)
            order by d.completed_at_us, d.last_at_us, d.last_event_id
            limit 1)
    from k)
";

/// Of each version in `k`: its deployments, and the completed one after each.
const BY_CREATION: &str = "\
, t (id) as (
    select d.id from k cross join deployments d
    where d.version_id = k.id
    union
    select (select n.id from deployments n
            where n.status = 3 and n.product_id = d.product_id
              and n.environment_id = d.environment_id and n.instance = d.instance
              and (n.completed_at_us, n.last_at_us, n.last_event_id)
                  > (d.completed_at_us, d.last_at_us, d.last_event_id)
            order by n.completed_at_us, n.last_at_us, n.last_event_id
            limit 1)
    from k cross join deployments d
    where d.version_id = k.id)
";

/// What decides the classes of those in `t` that are completed.
const CLASSES: &str = "\
select d.id, d.deployment_class, d.version_id, v.version, v.precedence, v.created_at_us,
       b.id as before_id, b.version as before_version, b.precedence as before_precedence,
       b.created_at_us as before_created_at_us,
       exists (select 1 from deployments s
               where s.status = 3 and s.version_id = d.version_id
                 and s.environment_id = d.environment_id and s.instance = d.instance
                 and (s.completed_at_us, s.last_at_us, s.last_event_id)
                     < (d.completed_at_us, d.last_at_us, d.last_event_id)) as was_current
from t
cross join deployments d
join versions v on v.id = d.version_id
left join versions b on b.id =
    (select p.version_id from deployments p
     where p.status = 3 and p.product_id = d.product_id
       and p.environment_id = d.environment_id and p.instance = d.instance
       and (p.completed_at_us, p.last_at_us, p.last_event_id)
           < (d.completed_at_us, d.last_at_us, d.last_event_id)
     order by p.completed_at_us desc, p.last_at_us desc, p.last_event_id desc
     limit 1)
where d.id = t.id and d.status = 3";
