//! The store: what happened, durably, and what follows from it.
//!
//! What it promises, on either engine:
//! - An event that was answered with a receipt is durable (R8) and stands in the
//!   log once (R7), at a position that no reader who has passed it finds later.
//! - The rest is the fold of the log: whatever order events come in (R6), the
//!   state is the same, and a transaction changes both or neither.
//! - Statistics of builds are those of the state: the roll-ups that they are read
//!   from change with the builds, in the same transaction (R16).
//! - One writer a process takes what has queued up, commits once, answers each.
//!   A caller that goes away cuts nothing off.
//!
//! Knows the domain and the databases; no protocol.

mod engine;
mod read;
mod write;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

pub use engine::{
    error::{Cause, Conflict, Error},
    open::{OpenError, Options, migrate},
    sql::Engine,
};
pub use read::{
    catalog::{DeletedEnvironment, DeletedProduct, EnvironmentChange, ProductChange, Reference},
    filter::Page,
    latest::Latest,
    list::{List, Query},
    matrix::Matrix,
    tail::Watcher,
};
use tokio::sync::{mpsc, oneshot};
pub use write::batch::{Created, Outcome, Receipt, State};

use self::{
    engine::{
        connection::Pool,
        open::{self, FileLock},
    },
    read::{tail::Tail, version_cache::Cache},
    write::{
        batch::{Mode, Submission},
        writer::{Command, Writer},
    },
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
    probe: Pool,
    cache: Arc<Cache>,
    queue: mpsc::Sender<Command>,
    tail: Tail,
    writer: Writer,
    /// Held until the store is closed.
    lock: Mutex<Option<FileLock>>,
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
        let cache = Arc::new(Cache::new(opened.pool.engine()));
        let writer = Writer::start(opened.writer, commands, tail.head(), cache.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                ids: opened.ids,
                pool: opened.pool,
                probe: opened.probe,
                cache,
                queue,
                tail,
                writer,
                lock: Mutex::new(opened.lock),
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
        self.enqueue(events, answer).await.outcomes().await
    }

    /// Gives events to the writer, in the order of the calls. They are recorded
    /// even if nobody waits for the outcomes.
    pub async fn enqueue(&self, events: Vec<Event>, answer: Answer) -> Pending {
        let count = events.len();
        let want_state = answer == Answer::WithState;
        let submissions: Result<Vec<_>, _> = events
            .into_iter()
            .map(|event| Submission::new(event, want_state))
            .collect();
        let mode = match answer {
            Answer::ValidateOnly => Mode::ValidateOnly,
            Answer::WithState | Answer::Receipt => Mode::Record,
        };
        let queued = match submissions {
            Ok(submissions) => {
                let command = |reply| Command::Submit {
                    submissions,
                    mode,
                    reply,
                };
                self.queue(command).await
            }
            Err(error) => Err(error),
        };
        Pending { queued, count }
    }

    /// Fails where the store could not be written to or read from now. However many
    /// read, it has a connection of its own.
    pub async fn probe(&self) -> Result<(), Error> {
        let asked = Instant::now();
        self.ask().await?;
        self.inner.pool.set_answered(asked);
        Ok(())
    }

    /// Takes nothing more, ends what was begun, and lets the database go.
    pub async fn close(&self) {
        self.inner.writer.stop().await;
        self.inner.tail.stop().await;
        self.inner.pool.close().await;
        self.inner.probe.close().await;
        let mut lock = self
            .inner
            .lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(lock.take());
    }

    async fn ask(&self) -> Result<(), Error> {
        if self.inner.queue.is_closed() {
            return Err(Error::unavailable("the writer task has ended"));
        }
        let pool = &self.inner.probe;
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
            true => Err(Error::unavailable("the database is read-only")),
        }
    }

    fn pool(&self) -> &Pool {
        &self.inner.pool
    }

    fn cache(&self) -> &Cache {
        &self.inner.cache
    }

    /// Hands a command to the writer, and waits for its answer.
    async fn command<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        self.queue(make).await?.await.map_err(|_| closing())
    }

    /// Hands a command to the writer. It is carried out even if nobody waits any more.
    async fn queue<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<oneshot::Receiver<T>, Error> {
        let (reply, answer) = oneshot::channel();
        let queued = self.inner.queue.send(make(reply)).await;
        queued.map_err(|_| closing()).map(|()| answer)
    }
}

/// Events that the writer has.
pub struct Pending {
    queued: Result<oneshot::Receiver<Vec<Result<Outcome, Error>>>, Error>,
    count: usize,
}

impl Pending {
    /// Waits for what became of each.
    pub async fn outcomes(self) -> Vec<Result<Outcome, Error>> {
        let outcomes = match self.queued {
            Ok(answer) => answer.await.map_err(|_| closing()),
            Err(error) => Err(error),
        };
        outcomes.unwrap_or_else(|error| vec![Err(error); self.count])
    }
}

fn closing() -> Error {
    Error::unavailable("this server is shutting down")
}
