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
    MAX_BATCH,
    batch::{self, Mode, Outcome, Submission},
    cache::Cache,
    catalog::{self, Change, Changed},
    connection::{Connection, WriterOptions},
    error::Error,
    memory::Memory,
    settling,
};

/// How often a batch is tried that another transaction was in the way of.
const BUSY_TRIES: usize = 5;

/// Fewer callers than this at once are not waited for.
const MIN_GATHERED: usize = 8;
/// How long callers are waited for that are probably about to come again; the timer
/// takes up to a millisecond more.
const MAX_GATHERING: Duration = Duration::from_millis(1);

/// How long nothing is to be done before rows that wait are settled all.
const SETTLE_AFTER: Duration = Duration::from_millis(200);
/// How long rows are left waiting that could not be settled.
const SETTLE_AGAIN_AFTER: Duration = Duration::from_secs(10);

type Outcomes = Vec<Result<Outcome, Error>>;

pub(super) enum Command {
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
pub(super) struct Writer {
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        options: WriterOptions,
        commands: mpsc::Receiver<Command>,
        head: watch::Sender<i64>,
        cache: Arc<Cache>,
    ) -> Self {
        let stop = CancellationToken::new();
        let waiting = match &options {
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
            waiting,
            settle_from: Instant::now(),
            cache,
        };
        Self {
            task: Mutex::new(Some(tokio::spawn(task.run(commands, stop.clone())))),
            stop,
        }
    }

    /// Takes nothing more, and waits until what was taken is answered.
    pub(super) async fn stop(&self) {
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
    /// About how many rows of a table wait to be settled, or more than do; none: they
    /// never do.
    waiting: Option<usize>,
    /// When rows may be settled: where it failed, not at once again.
    settle_from: Instant,
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
                    () = sleep(SETTLE_AFTER), if self.may_settle(0) => {
                        self.settle(&commands, &stop).await;
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
            if self.may_settle(settling::MAX_WAITING) {
                self.settle_beyond(settling::MAX_WAITING).await;
            }
        }
    }

    /// Whether more rows than these wait, and nothing keeps them from being settled.
    fn may_settle(&self, may_wait: usize) -> bool {
        self.waiting.is_some_and(|waiting| waiting > may_wait) && self.settle_from <= Instant::now()
    }

    /// Settles all rows that wait, while there is nothing else to do.
    async fn settle(&mut self, commands: &mpsc::Receiver<Command>, stop: &CancellationToken) {
        while self.may_settle(0) && commands.is_empty() && !stop.is_cancelled() {
            self.settle_beyond(0).await;
        }
    }

    /// Settles a chunk where more rows wait than may. In a transaction of its own: that
    /// it can't be done is no reason to refuse events.
    async fn settle_beyond(&mut self, may_wait: usize) {
        if let Err(error) = self.try_to_settle_beyond(may_wait).await {
            tracing::warn!(%error, "the deferred indexing failed; it will be tried again");
            self.settle_from = Instant::now() + SETTLE_AGAIN_AFTER;
        }
    }

    async fn try_to_settle_beyond(&mut self, may_wait: usize) -> Result<(), Error> {
        let mut connection = self.begin().await?;
        let settled = async {
            let waiting = settling::settle_beyond(&mut connection, may_wait).await?;
            connection.commit().await?;
            Ok(waiting)
        };
        let settled = settled.await;
        self.waiting = Some(self.end(connection, settled).await?);
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
        let waiting = self.waiting;
        self.waiting = waiting.map(|waiting| waiting.saturating_add(recorded.accepted));
        Ok(recorded)
    }

    async fn change(&mut self, change: &Change) -> Result<Changed, Error> {
        let mut connection = self.begin().await?;
        let cache = self.cache.clone();
        let _writing = cache.write_any();
        let result = catalog::run(&mut connection, change, now_us()).await;
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
