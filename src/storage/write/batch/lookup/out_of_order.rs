//! The events of streams that a late event belongs to.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;

use super::streams::existing_stream;
use crate::{
    domain::{
        event::Event,
        run::{Key, Occurrence},
    },
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::parse,
            sql::{Column, Rows, Sql},
        },
        write::batch::{
            Submission,
            decide::World,
            stream::{Refold, StreamKey},
        },
    },
};

#[derive(FromRow)]
struct OccurrenceRow {
    kind: i64,
    history_id: i64,
    position: i64,
    event_id: String,
    occurred_at_us: i64,
    run_id: i64,
    content: String,
}

/// Loads the events of the streams that a late event belongs to.
pub(super) async fn late_streams(
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
        Column::Int("event_type"),
        Column::Int("history_id"),
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

    const COLUMNS: &str = "select e.event_type as kind, e.history_id, e.position, e.event_id, \
                           e.occurred_at_us, e.run_id, e.content ";
    let mut rows: Vec<OccurrenceRow> = Vec::new();
    if !by_version.is_empty() {
        let sql = Sql::with(connection.engine(), "k", by_version, COLUMNS).push(
            "from k
             cross join event_log e
             where e.version_id = k.version_id and e.event_type = k.event_type
               and e.history_id = k.history_id and e.content is not null",
        );
        rows.extend(connection.fetch(sql).await?);
    }
    if !checks.is_empty() {
        let checks = Rows::of(&[Column::Int("history_id")], checks);
        let sql = Sql::with(connection.engine(), "k", checks, COLUMNS).push(
            "from k
             cross join event_log e
             where e.event_type = 3 and e.history_id = k.history_id and e.content is not null",
        );
        rows.extend(connection.fetch::<OccurrenceRow>(sql).await?);
    }
    for row in rows {
        let event: Event = parse("an event", &row.content)?;
        let refold = keys
            .get(&(row.kind, row.history_id))
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
