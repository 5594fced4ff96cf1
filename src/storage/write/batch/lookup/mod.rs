//! What a batch has to know before it decides, each sort of thing in one statement.

mod known;
mod out_of_order;
mod streams;

use std::collections::BTreeSet;

pub(super) use known::known_states;
use out_of_order::late_streams;
use sqlx::FromRow;
use streams::{Wanted, builds, checks, deployments};

use super::{
    Created, Head, Receipt, Submission,
    decide::{Known, Named, World},
    version::{VersionChange, VersionState},
};
use crate::{
    domain::resource::{EntryType, Version},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::{VERSION_COLUMNS, VersionRow},
            sql::{Column, Rows, Sql},
        },
        write::writer_cache::{Entries, Meant, Memory},
    },
};

/// Looks up everything that the events of a batch name.
pub(super) async fn load(
    connection: &mut Connection,
    submissions: &[Submission],
    head: Head,
    now_us: i64,
    memory: &mut Memory,
) -> Result<World, Error> {
    let mut world = World {
        head: Some(head),
        now_us,
        ..World::default()
    };
    known_events(connection, submissions, &mut world).await?;
    names(connection, submissions, &mut world, memory).await?;
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
    created_on_demand: i64,
    occurred_at_us: i64,
    received_at_us: i64,
    version_id: Option<i64>,
    run_id: Option<i64>,
    history_id: Option<i64>,
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
        "select e.event_id, e.position, e.content_hash, e.event_type as kind, e.created_on_demand,
                e.occurred_at_us, e.received_at_us, e.version_id, e.run_id, e.history_id
         from k
         cross join event_log e
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
                    created: Created::from_code(row.created_on_demand),
                    occurred_at_us: row.occurred_at_us,
                    received_at_us: row.received_at_us,
                },
                content_hash: row.content_hash,
                kind,
                version_id: row.version_id,
                run_id: row.run_id,
                history_id: row.history_id,
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
    memory: &mut Memory,
) -> Result<(), Error> {
    let products = submissions.iter().map(|s| s.event.product_name.as_str());
    let known = meanings(
        connection,
        products.collect(),
        &mut memory.products,
        PRODUCTS,
    );
    for (given, (id, name)) in known.await? {
        world.product_ids.insert(given, id);
        world.products.insert(id, named(name));
    }
    let environments = submissions.iter();
    let environments = environments.filter_map(|s| s.event.environment_name.as_deref());
    let known = meanings(
        connection,
        environments.collect(),
        &mut memory.environments,
        ENVIRONMENTS,
    );
    for (given, (id, name)) in known.await? {
        world.environment_ids.insert(given, id);
        world.environments.insert(id, named(name));
    }
    Ok(())
}

const PRODUCTS: &str = "\
select n.name as given, p.id, p.name
from k
cross join product_names n
join products p on p.id = n.product_id
where n.name = k.name";

const ENVIRONMENTS: &str = "\
select n.name as given, e.id, e.name
from k
cross join environment_names n
join environments e on e.id = n.environment_id
where n.name = k.name";

/// What the names mean that are known.
async fn meanings(
    connection: &mut Connection,
    names: BTreeSet<&str>,
    remembered: &mut Entries<String, Meant>,
    query: &str,
) -> Result<Vec<(String, Meant)>, Error> {
    let mut found = Vec::with_capacity(names.len());
    let mut unknown = Rows::new(&[Column::Text("name")]);
    for name in names {
        match remembered.get(name) {
            Some(meant) => found.push((name.to_owned(), meant.clone())),
            None => unknown.add([name.into()]),
        }
    }
    if unknown.is_empty() {
        return Ok(found);
    }
    let sql = Sql::with(connection.engine(), "k", unknown, query);
    for row in connection.fetch::<NameRow>(sql).await? {
        let meant = (row.id, row.name);
        remembered.keep(row.given.clone(), meant.clone());
        found.push((row.given, meant));
    }
    Ok(found)
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
                change: VersionChange::Nothing,
                created_earlier: false,
            },
        );
    }
    Ok(())
}
