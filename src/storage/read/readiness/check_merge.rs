//! One quality gate may have been recorded by version and by commit, with the whole
//! SHA and with a shortened one: in several streams. Its state is the fold of the
//! events of all of them, as if they had come in one (R5, R6).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::FromRow;

use crate::{
    domain::{
        commit,
        event::Event,
        readiness::CheckState,
        run::{Key, Occurrence, Run, Stream},
    },
    storage::engine::{
        connection::Pool,
        error::Error,
        rows::parse,
        sql::{Column, Rows, Sql},
    },
};

/// A check that counts for a version, in its latest state.
pub(super) struct Recorded {
    pub(super) version_id: i64,
    pub(super) check_id: i64,
    /// Empty: for the version itself.
    pub(super) scm_sha: String,
    pub(super) name: String,
    pub(super) for_environment: bool,
    pub(super) run: Run,
}

/// By version, the state of each of its gates, by name.
pub(super) async fn states(
    pool: &Pool,
    recorded: Vec<Recorded>,
) -> Result<HashMap<i64, Vec<CheckState>>, Error> {
    let mut gates: BTreeMap<(i64, String, bool), Vec<Recorded>> = BTreeMap::new();
    for check in recorded {
        let gate = (check.version_id, check.name.clone(), check.for_environment);
        gates.entry(gate).or_default().push(check);
    }
    for gate in gates.values_mut() {
        gate.sort_by(|a, b| a.scm_sha.cmp(&b.scm_sha));
    }
    let streams: BTreeSet<i64> = gates
        .values()
        .filter(|gate| is_in_several_streams(gate))
        .flatten()
        .map(|check| check.check_id)
        .collect();
    let events = events(pool, streams).await?;

    let mut states: HashMap<i64, Vec<CheckState>> = HashMap::new();
    for ((version_id, name, for_environment), gate) in gates {
        let of_version = states.entry(version_id).or_default();
        if is_in_several_streams(&gate) {
            let folded = folded(&gate, &events);
            of_version
                .extend(folded.map(|(id, run)| CheckState::new(id, name, for_environment, &run)));
        } else {
            of_version.extend(gate.into_iter().map(|check| {
                CheckState::new(check.check_id, check.name, for_environment, &check.run)
            }));
        }
    }
    Ok(states)
}

/// Where a shortened SHA of the version fits several commits, nothing tells which
/// of them is its own: each of their checks then counts by itself.
fn is_in_several_streams(gate: &[Recorded]) -> bool {
    let shas = gate.iter().map(|check| &check.scm_sha);
    let shas = shas.filter(|sha| !sha.is_empty()).cloned();
    gate.len() > 1 && commit::distinct(shas.collect()).len() <= 1
}

/// The latest run of a gate in several streams, and the check that its first event
/// was accepted for. None: it was deleted in the meantime.
fn folded(gate: &[Recorded], events: &HashMap<i64, Vec<Occurrence>>) -> Option<(i64, Run)> {
    let of_stream = |id: i64| events.get(&id).into_iter().flatten();
    let all: Vec<Occurrence> = gate
        .iter()
        .flat_map(|check| of_stream(check.check_id))
        .cloned()
        .collect();
    let stream = Stream::fold(&all).0;
    let latest = stream.latest()?;
    let check = gate
        .iter()
        .find(|check| of_stream(check.check_id).any(|event| event.key == latest.first))?;
    Some((check.check_id, latest.clone()))
}

/// The events of streams, without their metadata.
async fn events(
    pool: &Pool,
    streams: BTreeSet<i64>,
) -> Result<HashMap<i64, Vec<Occurrence>>, Error> {
    #[derive(FromRow)]
    struct OccurrenceRow {
        history_id: i64,
        position: i64,
        event_id: String,
        occurred_at_us: i64,
        content: String,
    }
    let mut events: HashMap<i64, Vec<Occurrence>> = HashMap::new();
    let streams = Rows::of(&[Column::Int("history_id")], streams);
    for streams in streams.parts(pool.engine()) {
        let sql = Sql::with(
            pool.engine(),
            "k",
            streams,
            "select e.history_id, e.position, e.event_id, e.occurred_at_us, e.content
             from k
             cross join event_log e
             where e.event_type = 3 and e.history_id = k.history_id and e.content is not null",
        );
        for row in pool.fetch::<OccurrenceRow>(sql).await? {
            let mut event: Event = parse("an event", &row.content)?;
            event.invoke_attempt = event.attempt();
            event.details.extra_metadata = None;
            events.entry(row.history_id).or_default().push(Occurrence {
                position: row.position,
                key: Key {
                    occurred_at_us: row.occurred_at_us,
                    rank: event.status.rank(),
                    event_id: row.event_id,
                },
                event,
            });
        }
    }
    Ok(events)
}
