//! The one task that writes. It takes what has queued up, runs it as one
//! transaction, and answers each; nobody's leaving cuts it off.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    batch::{self, Mode, Outcome, Submission},
    writer_cache::Memory,
};
use crate::storage::{
    MAX_BATCH,
    engine::{
        connection::{Connection, WriterOptions},
        deferred_indexing,
        error::Error,
    },
    read::{
        catalog::{Change, Changed},
        version_cache::Cache,
    },
};

/// How often a batch is tried that another transaction was in the way of.
const BUSY_TRIES: usize = 5;

/// Fewer callers than this at once are not waited for.
const MIN_GATHERED: usize = 8;
/// How long callers are waited for that are probably about to come again; the timer
/// takes up to a millisecond more.
const MAX_GATHERING: Duration = Duration::from_millis(1);

/// The writer has had nothing to do for this long before it indexes all pending rows.
const INDEX_AFTER: Duration = Duration::from_millis(200);
/// After a failure the pending rows are left alone for this long.
const INDEX_AGAIN_AFTER: Duration = Duration::from_secs(10);

type Outcomes = Vec<Result<Outcome, Error>>;

pub(crate) enum Command {
    Submit {
        submissions: Vec<Submission>,
        mode: Mode,
        reply: oneshot::Sender<Outcomes>,
    },
    Change {
        change: Box<Change>,
        reply: oneshot::Sender<Result<Changed, Error>>,
    },
}

impl Command {
    fn events(&self) -> usize {
        match self {
            Self::Submit { submissions, .. } => submissions.len(),
            Self::Change { .. } => 1,
        }
    }
}

/// The handle on the task.
pub(crate) struct Writer {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(
        options: WriterOptions,
        commands: mpsc::Receiver<Command>,
        head: watch::Sender<i64>,
        cache: Arc<Cache>,
    ) -> Self {
        let stop = CancellationToken::new();
        let pending = match &options {
            // Those that a process before this one has left are not counted yet.
            WriterOptions::Sqlite(_) => Some(usize::MAX),
            WriterOptions::Postgres(_) => None,
        };
        let task = Task {
            memory: Memory::of(options.engine()),
            options,
            connection: None,
            head,
            taken: 0,
            expected: 0,
            pending,
            index_from: Instant::now(),
            cache,
        };
        Self {
            task: Mutex::new(Some(tokio::spawn(task.run(commands, stop.clone())))),
            stop,
        }
    }

    /// Takes nothing more, and waits until what was taken is answered.
    pub(crate) async fn stop(&self) {
        self.stop.cancel();
        let task = self.task.lock().map(|mut task| task.take());
        if let Ok(Some(task)) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the writer task failed");
        }
    }
}

struct Task {
    options: WriterOptions,
    connection: Option<Connection>,
    head: watch::Sender<i64>,
    memory: Memory,
    /// Commands of the last batch.
    taken: usize,
    /// Callers that are probably about to come again, or wait already.
    expected: usize,
    /// About how many rows of a table are pending (deferred indexing), or more than are;
    /// none: the engine has no deferred indexing.
    pending: Option<usize>,
    /// When rows may be indexed: after a failure, not at once again.
    index_from: Instant,
    cache: Arc<Cache>,
}

/// A submission that waits, and where its answer goes.
struct Waiting {
    submission: Submission,
    command: usize,
}

impl Task {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, stop: CancellationToken) {
        let mut queue = VecDeque::new();
        loop {
            if queue.is_empty() {
                let idle_since = Instant::now();
                let command = tokio::select! {
                    biased;
                    command = commands.recv() => command,
                    () = stop.cancelled() => {
                        commands.close();
                        commands.recv().await
                    }
                    () = sleep(INDEX_AFTER), if self.may_index(0) => {
                        self.index_pending(&commands, &stop).await;
                        continue;
                    }
                };
                // Whoever was there is not about to come again.
                if idle_since.elapsed() > MAX_GATHERING {
                    self.expected = 0;
                }
                match command {
                    Some(command) => queue.push_back(command),
                    None => return,
                }
            }
            self.gather(&mut queue, &mut commands).await;
            self.take_batch(&mut queue, &mut commands).await;
            self.expected = (self.taken + commands.len() + queue.len()).min(MAX_BATCH);
            if self.may_index(deferred_indexing::MAX_PENDING) {
                self.index_beyond(deferred_indexing::MAX_PENDING).await;
            }
        }
    }

    /// Whether more rows than these are pending, and nothing keeps them from being indexed.
    fn may_index(&self, max_pending: usize) -> bool {
        self.pending.is_some_and(|pending| pending > max_pending)
            && self.index_from <= Instant::now()
    }

    /// Indexes all pending rows, while there is nothing else to do.
    async fn index_pending(
        &mut self,
        commands: &mpsc::Receiver<Command>,
        stop: &CancellationToken,
    ) {
        while self.may_index(0) && commands.is_empty() && !stop.is_cancelled() {
            self.index_beyond(0).await;
        }
    }

    /// Indexes a chunk if more rows are pending than may be. In a transaction of its own:
    /// a failure here must not reject events.
    async fn index_beyond(&mut self, max_pending: usize) {
        if let Err(error) = self.try_to_index_beyond(max_pending).await {
            tracing::warn!(%error, "pending rows could not be indexed");
            self.index_from = Instant::now() + INDEX_AGAIN_AFTER;
        }
    }

    async fn try_to_index_beyond(&mut self, max_pending: usize) -> Result<(), Error> {
        let mut connection = self.begin().await?;
        let indexed = async {
            let pending = deferred_indexing::index_beyond(&mut connection, max_pending).await?;
            connection.commit().await?;
            Ok(pending)
        };
        let indexed = indexed.await;
        self.pending = Some(self.end(connection, indexed).await?);
        Ok(())
    }

    /// Waits a moment for the callers that were just answered to come again: a
    /// transaction for all of them costs far less than two for the halves.
    async fn gather(
        &mut self,
        queue: &mut VecDeque<Command>,
        commands: &mut mpsc::Receiver<Command>,
    ) {
        let expected = self.expected;
        if expected < MIN_GATHERED {
            return;
        }
        let until = Instant::now() + MAX_GATHERING;
        let mut events: usize = queue.iter().map(Command::events).sum();
        while queue.len() < expected && events < MAX_BATCH {
            match timeout_at(until, commands.recv()).await {
                Ok(Some(command)) => {
                    events += command.events();
                    queue.push_back(command);
                }
                Ok(None) | Err(_) => return,
            }
        }
    }

    /// Runs the first command, together with those behind it that can share its
    /// transaction.
    async fn take_batch(
        &mut self,
        queue: &mut VecDeque<Command>,
        commands: &mut mpsc::Receiver<Command>,
    ) {
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut replies: Vec<(oneshot::Sender<Outcomes>, usize)> = Vec::new();
        while waiting.len() < MAX_BATCH {
            let Some(command) = queue.pop_front().or_else(|| commands.try_recv().ok()) else {
                break;
            };
            match command {
                Command::Submit {
                    submissions,
                    mode: Mode::Record,
                    reply,
                } if replies.is_empty() || waiting.len() + submissions.len() <= MAX_BATCH => {
                    let command = replies.len();
                    replies.push((reply, submissions.len()));
                    waiting.extend(submissions.into_iter().map(|submission| Waiting {
                        submission,
                        command,
                    }));
                }
                other if replies.is_empty() => {
                    self.taken = 1;
                    return self.run_alone(other).await;
                }
                other => {
                    queue.push_front(other);
                    break;
                }
            }
        }
        self.taken = replies.len();
        let mut outcomes: Vec<Outcomes> = replies
            .iter()
            .map(|(_, n)| Vec::with_capacity(*n))
            .collect();
        let (submissions, of): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .map(|w| (w.submission, w.command))
            .unzip();
        let mut results = Vec::with_capacity(submissions.len());
        for chunk in submissions.chunks(MAX_BATCH) {
            results.extend(self.record(chunk, Mode::Record).await);
        }
        for (result, command) in results.into_iter().zip(of) {
            outcomes[command].push(result);
        }
        for ((reply, _), outcomes) in replies.into_iter().zip(outcomes) {
            // Who has gone away meanwhile can ask again with the same event id.
            let _ = reply.send(outcomes);
        }
    }

    async fn run_alone(&mut self, command: Command) {
        match command {
            Command::Submit {
                submissions,
                mode,
                reply,
            } => {
                let _ = reply.send(self.record(&submissions, mode).await);
            }
            Command::Change { change, reply } => {
                let mut result = Err(Error::fault("not tried"));
                for _ in 0..BUSY_TRIES {
                    result = self.change(&change).await;
                    if !matches!(result, Err(Error::Busy(_))) {
                        break;
                    }
                }
                let _ = reply.send(result);
            }
        }
    }

    /// Records submissions. A batch that fails as a whole through a fault is split
    /// until the cause stands alone.
    async fn record(&mut self, submissions: &[Submission], mode: Mode) -> Outcomes {
        let mut parts = VecDeque::from([submissions]);
        let mut outcomes = Vec::with_capacity(submissions.len());
        let mut busy = 0;
        while let Some(part) = parts.pop_front() {
            if part.is_empty() {
                continue;
            }
            match self.transaction(part, mode).await {
                Ok(recorded) => {
                    self.head.send_if_modified(|head| {
                        let moved = recorded.last_position > *head;
                        *head = recorded.last_position.max(*head);
                        moved
                    });
                    outcomes.extend(recorded.outcomes);
                }
                Err(Error::Busy(_)) if busy < BUSY_TRIES => {
                    busy += 1;
                    parts.push_front(part);
                }
                Err(Error::Fault(cause) | Error::Damaged(cause)) if part.len() > 1 => {
                    tracing::error!(error = %cause, events = part.len(), "a batch failed; trying its halves");
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.push_front(second);
                    parts.push_front(first);
                }
                Err(error) => outcomes.extend(vec![Err(error); part.len()]),
            }
        }
        outcomes
    }

    async fn transaction(
        &mut self,
        submissions: &[Submission],
        mode: Mode,
    ) -> Result<batch::Recorded, Error> {
        let mut connection = self.begin().await?;
        let (memory, cache) = (&mut self.memory, &self.cache);
        let recorded = batch::run(&mut connection, submissions, now_us(), mode, memory, cache);
        let recorded = recorded.await;
        let recorded = self.end(connection, recorded).await?;
        // An event brings one row of a table; where a late one parts a run into more, the
        // next count finds them.
        let pending = self.pending;
        self.pending = pending.map(|pending| pending.saturating_add(recorded.accepted));
        Ok(recorded)
    }

    async fn change(&mut self, change: &Change) -> Result<Changed, Error> {
        let mut connection = self.begin().await?;
        let cache = self.cache.clone();
        let _writing = cache.write_any();
        let result = crate::storage::write::catalog::run(&mut connection, change, now_us()).await;
        self.memory.forget();
        let changed = self.end(connection, result).await?;
        self.head.send_if_modified(|head| {
            let moved = changed.last_position > *head;
            *head = changed.last_position.max(*head);
            moved
        });
        Ok(changed)
    }

    /// Begins a transaction, on a new connection if the old one is lost.
    async fn begin(&mut self) -> Result<Connection, Error> {
        if let Some(mut connection) = self.connection.take() {
            match connection.begin().await {
                Ok(()) => return Ok(connection),
                Err(Error::Unavailable(cause)) => {
                    tracing::warn!(error = %cause, "the writer lost its connection; opening a new one");
                }
                Err(error) => {
                    self.connection = Some(connection);
                    return Err(error);
                }
            }
        }
        let mut connection = Connection::open(&self.options).await?;
        connection.begin().await?;
        Ok(connection)
    }

    /// Keeps the connection for the next transaction if this one is surely over.
    async fn end<T>(
        &mut self,
        mut connection: Connection,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        if result.is_err() {
            self.memory.forget();
        }
        let over = match &result {
            Ok(_) => true,
            // It may hang, or have lost its server; what it had begun dies with it.
            Err(Error::Unavailable(_)) => false,
            Err(_) => connection.rollback().await.is_ok(),
        };
        if over {
            self.connection = Some(connection);
        }
        result
    }
}

/// The wall clock, in microseconds since 1970.
fn now_us() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
