//! One batch of events, one transaction: look up, decide, write, commit. Statements
//! are about many rows, not about events.

mod decide;
mod lookup;
mod stream;
mod version;
mod write;

use std::time::Instant;

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::writer_cache::Memory;
use crate::{
    domain::{
        event::Event,
        resource::{Build, Check, Deployment, Version},
    },
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows,
            sql::{Engine, Sql},
        },
        read::version_cache::Cache,
    },
};

/// An event on its way into the log.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    event: Event,
    /// The sender's id, or one made here.
    event_id: String,
    /// What the sender gave, as JSON.
    content: String,
    content_hash: Vec<u8>,
    want_state: bool,
}

impl Submission {
    /// Prepares an event. `want_state`: the outcome shall tell the state that it led to.
    pub(crate) fn new(event: Event, want_state: bool) -> Result<Self, Error> {
        let content = rows::to_json(&event)?;
        Ok(Self {
            event_id: match &event.event_id {
                Some(id) => id.clone(),
                None => Uuid::now_v7().to_string(),
            },
            // 128 bits tell a repeat from another event; nothing secret hangs on them.
            content_hash: Sha256::digest(&content)[..16].to_vec(),
            content,
            event,
            want_state,
        })
    }
}

/// What became of a submitted event.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub receipt: Receipt,
    /// The state that it led to, if that was asked for and is there (a repeat may
    /// be about what was deleted since).
    pub state: Option<State>,
}

/// The receipt of an accepted event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub event_id: String,
    /// 0 where it was only validated.
    pub position: i64,
    pub duplicate: bool,
    pub created: Created,
    pub occurred_at_us: i64,
    pub received_at_us: i64,
}

/// What an event brought into being (R1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Created {
    pub product: bool,
    pub version: bool,
    pub environment: bool,
}

impl Created {
    fn code(self) -> i64 {
        i64::from(self.product) | i64::from(self.version) << 1 | i64::from(self.environment) << 2
    }

    fn from_code(code: i64) -> Self {
        Self {
            product: code & 1 != 0,
            version: code & 2 != 0,
            environment: code & 4 != 0,
        }
    }
}

/// The state that an event led to.
#[derive(Clone, Debug)]
pub enum State {
    Build(Box<Version>, Box<Build>),
    Deployment(Box<Version>, Box<Deployment>),
    Check(Box<Check>),
}

/// Whether a batch is to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Record,
    /// Answers as if it were recorded, and records nothing.
    ValidateOnly,
}

/// What a batch came to.
pub(crate) struct Recorded {
    /// For each event, in their order.
    pub(crate) outcomes: Vec<Result<Outcome, Error>>,
    /// The end of the log now.
    pub(crate) last_position: i64,
    /// How many were recorded that were not there before.
    pub(crate) accepted: usize,
}

/// Runs a batch in the transaction that was begun for it, and ends that. On an
/// error nothing of it is recorded once the transaction is rolled back, unless
/// the commit itself went unanswered; and what is in memory is then no longer true.
pub(crate) async fn run(
    connection: &mut Connection,
    submissions: &[Submission],
    now_us: i64,
    mode: Mode,
    memory: &mut Memory,
    cache: &Cache,
) -> Result<Recorded, Error> {
    let begun = Instant::now();
    let head = lock_head(connection).await?;
    let mut world = lookup::load(connection, submissions, head, now_us, memory).await?;
    let decisions: Vec<_> = submissions.iter().map(|s| world.decide(s)).collect();
    world.conclude();

    let recorded = match mode {
        Mode::ValidateOnly => {
            connection.rollback().await?;
            Recorded {
                outcomes: decisions
                    .into_iter()
                    .map(|decision| Ok(world.receipt_only(decision?)))
                    .collect(),
                last_position: head.last_position,
                accepted: 0,
            }
        }
        Mode::Record => {
            if !world.accepted.is_empty() {
                write::write(connection, &mut world, memory).await?;
            }
            let mut outcomes = Vec::with_capacity(decisions.len());
            let known = lookup::known_states(connection, submissions, &decisions).await?;
            for (decision, submission) in decisions.into_iter().zip(submissions) {
                outcomes.push(decision.map(|d| world.outcome(d, submission.want_state, &known)));
            }
            let last_position = world.last_position();
            let _writing = cache.write(world.versions.keys().copied());
            connection.commit().await?;
            Recorded {
                outcomes,
                last_position,
                accepted: world.accepted.len(),
            }
        }
    };
    tracing::debug!(
        events = submissions.len(),
        accepted = world.accepted.len(),
        elapsed_us = begun.elapsed().as_micros() as u64,
        "batch"
    );
    Ok(recorded)
}

/// The end of the log.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub(crate) struct Head {
    pub(crate) last_position: i64,
    pub(crate) last_received_at_us: i64,
}

/// Takes the row that every write takes first, so that writers on one database
/// take turns.
pub(crate) async fn lock_head(connection: &mut Connection) -> Result<Head, Error> {
    let text = match connection.engine() {
        // `begin immediate` has locked the whole database.
        Engine::Sqlite => "select last_position, last_received_at_us from log_head where id = 1",
        Engine::Postgres => {
            "select last_position, last_received_at_us from log_head where id = 1 for update"
        }
    };
    let sql = connection.sql(text);
    let heads: Vec<Head> = connection.fetch(sql).await?;
    heads
        .into_iter()
        .next()
        .ok_or_else(|| Error::fault("the log has no head"))
}

/// Moves the end of the log.
pub(crate) async fn move_head(connection: &mut Connection, head: Head) -> Result<(), Error> {
    let sql = head_moved(connection.engine(), head);
    connection.execute(sql).await.map(|_| ())
}

/// The statement that moves the end of the log.
fn head_moved(engine: Engine, head: Head) -> Sql {
    Sql::new(engine, "update log_head set last_position = ")
        .bind(head.last_position)
        .push(", last_received_at_us = ")
        .bind(head.last_received_at_us)
        .push(" where id = 1")
}
