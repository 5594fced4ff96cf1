//! The store: what happened, durably, and what follows from it.
//!
//! What it promises, on either engine:
//! - An event that was answered with a receipt is durable (R8) and stands in the
//!   log once (R7), at a position that no reader who has passed it finds later.
//! - The rest is the fold of the log: whatever order events come in (R6), the
//!   state is the same, and a transaction changes both or neither.
//! - One writer a process takes what has queued up, commits once, answers each.
//!   A caller that goes away cuts nothing off.
//!
//! Knows the domain and the databases; no protocol.

mod batch;
mod builds;
mod catalog;
mod checks;
mod connection;
mod deployments;
mod error;
mod events;
mod filter;
mod open;
mod rows;
mod sql;
mod tail;
mod versions;
mod writer;

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

pub use batch::{Created, Outcome, Receipt, State};
pub use catalog::{
    DeletedEnvironment, DeletedProduct, EnvironmentChange, ProductChange, Reference,
};
pub use error::{Cause, Conflict, Error};
pub use filter::Page;
pub use open::{OpenError, Options, migrate};
pub use sql::Engine;
pub use tail::Watcher;
pub use versions::Latest;

use self::{
    batch::{Mode, Submission},
    connection::Pool,
    open::FileLock,
    tail::Tail,
    writer::{Command, Writer},
};
use crate::domain::{event::Event, id::IdSpace};

/// The most events that one transaction takes.
pub const MAX_BATCH: usize = 512;
/// Commands that may wait for the writer; a caller waits for a place.
const QUEUE: usize = 4_096;

/// A handle on the store; clones share it.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    ids: IdSpace,
    pool: Pool,
    queue: mpsc::Sender<Command>,
    tail: Tail,
    writer: Writer,
    /// Held as long as the store is open.
    _lock: Option<FileLock>,
}

/// What an event's answer shall tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receipt and the state that it led to.
    WithState,
    /// The receipt.
    Receipt,
    /// The receipt that it would get; nothing is recorded.
    ValidateOnly,
}

impl Store {
    /// Opens the store at a URL, migrated.
    pub async fn open(options: &Options) -> Result<Self, OpenError> {
        let opened = open::open(options).await?;
        let (queue, commands) = mpsc::channel(QUEUE);
        let tail = Tail::start(opened.pool.clone(), opened.last_position, opened.hints);
        let writer = Writer::start(opened.writer, commands, tail.head());
        Ok(Self {
            inner: Arc::new(Inner {
                ids: opened.ids,
                pool: opened.pool,
                queue,
                tail,
                writer,
                _lock: opened.lock,
            }),
        })
    }

    /// The ids that this store gives.
    pub fn ids(&self) -> IdSpace {
        self.inner.ids
    }

    pub fn engine(&self) -> Engine {
        self.inner.pool.engine()
    }

    /// Records events in their order, with a result for each. More than
    /// [`MAX_BATCH`] go into several transactions.
    pub async fn submit(&self, events: Vec<Event>, answer: Answer) -> Vec<Result<Outcome, Error>> {
        let count = events.len();
        let want_state = answer == Answer::WithState;
        let submissions: Result<Vec<_>, _> = events
            .into_iter()
            .map(|event| Submission::new(event, want_state))
            .collect();
        let submissions = match submissions {
            Ok(submissions) => submissions,
            Err(error) => return vec![Err(error); count],
        };
        let mode = match answer {
            Answer::ValidateOnly => Mode::ValidateOnly,
            Answer::WithState | Answer::Receipt => Mode::Record,
        };
        self.command(|reply| Command::Submit {
            submissions,
            mode,
            reply,
        })
        .await
        .unwrap_or_else(|error| vec![Err(error); count])
    }

    /// Fails where the store could not be written to or read from now.
    pub async fn probe(&self) -> Result<(), Error> {
        let pool = &self.inner.pool;
        let text = match pool.engine() {
            Engine::Sqlite => "select last_position from log_head where id = 1",
            // A standby that took our connections over would read, not write.
            Engine::Postgres => {
                "select last_position from log_head where id = 1 and not pg_is_in_recovery()"
            }
        };
        let heads: Vec<(i64,)> = pool.fetch(pool.sql(text)).await?;
        match heads.is_empty() {
            false => Ok(()),
            true => Err(Error::unavailable("the database only reads")),
        }
    }

    /// Takes nothing more, ends what was begun, and lets the database go.
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        self.inner.tail.stop().await;
        self.inner.pool.close().await;
    }

    fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    /// Hands a command to the writer. It is carried out even if nobody waits any more.
    async fn command<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let closed = || Error::unavailable("the store is closing");
        self.inner
            .queue
            .send(make(reply))
            .await
            .map_err(|_| closed())?;
        answer.await.map_err(|_| closed())
    }
}
