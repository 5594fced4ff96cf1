//! The end of the log, for those who watch it. New entries are read once and kept
//! for a while; whoever has fallen behind them reads the log at its own pace. So a
//! slow watcher holds up nobody, and many cost little more than one.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::events;
use crate::{
    domain::{
        query::EntryQuery,
        resource::{Content, Entry, EntryType},
    },
    storage::{
        Store, closing,
        engine::{connection::Pool, error::Error},
    },
};

/// Recent entries that are kept in memory.
const MAX_RECENT: usize = 4_096;
/// What they may weigh together, roughly.
const MAX_RECENT_BYTES: usize = 16 * 1024 * 1024;
/// Entries that are read at once.
const CHUNK: usize = 500;
/// The same for a watcher, before it knows how large they are.
const FIRST_CHUNK: usize = 16;
/// What a watcher takes at once may weigh, roughly: it may hold that for long.
const MAX_TAKEN_BYTES: usize = 256 * 1024;
/// A notification is only a hint: the log's end is looked at this often anyway.
const POLL: Duration = Duration::from_secs(1);

/// How news of other processes' entries comes.
pub(crate) enum Hints {
    /// There are no other processes.
    InProcess,
    /// By `LISTEN`, and by looking.
    Notifications(Box<PgConnectOptions>),
}

/// Follows the end of the log.
pub(crate) struct Tail {
    shared: Arc<Shared>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    pool: Pool,
    /// The last position that is known to be recorded.
    head: watch::Sender<i64>,
    /// The last position that watchers may look at.
    ready: watch::Sender<i64>,
    recent: Mutex<Recent>,
    watchers: AtomicUsize,
    stop: CancellationToken,
}

#[derive(Default)]
struct Recent {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl Tail {
    pub(crate) fn start(pool: Pool, last_position: i64, hints: Hints) -> Self {
        let stop = CancellationToken::new();
        let shared = Arc::new(Shared {
            pool,
            head: watch::Sender::new(last_position),
            ready: watch::Sender::new(last_position),
            recent: Mutex::default(),
            watchers: AtomicUsize::new(0),
            stop: stop.clone(),
        });
        let mut tasks = vec![spawn(&stop, follow(shared.clone()))];
        if let Hints::Notifications(options) = hints {
            tasks.push(spawn(&stop, listen(shared.clone(), options)));
            tasks.push(spawn(&stop, poll(shared.clone())));
        }
        Self {
            shared,
            tasks: Mutex::new(tasks),
        }
    }

    /// Where the writer notes what it has recorded.
    pub(crate) fn head(&self) -> watch::Sender<i64> {
        self.shared.head.clone()
    }

    pub(crate) async fn stop(&self) {
        self.shared.stop.cancel();
        let tasks = std::mem::take(&mut *lock(&self.tasks));
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task that follows the event log failed");
            }
        }
    }
}

/// Sees the entries of the log that fit, one after the other.
pub struct Watcher {
    shared: Arc<Shared>,
    ready: watch::Receiver<i64>,
    position: i64,
    /// How many entries to read at once, by what the last ones weighed.
    chunk: usize,
    query: EntryQuery,
    product_id: Option<i64>,
    version_id: Option<i64>,
    environment_id: Option<i64>,
    store: Store,
}

impl Store {
    /// Watches the entries that fit, after `query.after`.
    pub async fn watch(&self, query: EntryQuery) -> Result<Watcher, Error> {
        let end = self.check_position(query.after).await?;
        let shared = self.inner.tail.shared.clone();
        shared.watchers.fetch_add(1, Ordering::Relaxed);
        let watcher = Watcher {
            ready: shared.ready.subscribe(),
            position: query.after,
            chunk: FIRST_CHUNK,
            product_id: None,
            version_id: query.version_id,
            environment_id: None,
            query,
            store: self.clone(),
            shared,
        };
        advance(&watcher.shared.head, end);
        Ok(watcher)
    }
}

impl Watcher {
    /// Nothing that fits is left at or before this position.
    pub fn position(&self) -> i64 {
        self.position
    }

    /// The next entries that fit; an empty list where entries were looked at and
    /// none does. Waits until there is something to look at. It may be dropped
    /// while it waits, and asked again.
    pub async fn next(&mut self) -> Result<Vec<Arc<Entry>>, Error> {
        let ready = loop {
            let ready = *self.ready.borrow_and_update();
            if ready > self.position {
                break ready;
            }
            let moved = tokio::select! {
                changed = self.ready.changed() => changed.is_ok(),
                () = self.shared.stop.cancelled() => false,
            };
            if !moved {
                return Err(closing());
            }
        };
        let entries = match self.shared.recent_after(self.position) {
            Some(entries) => entries,
            None => self.read(ready).await?,
        };
        self.resolve_names().await?;
        let mut looked_at = entries.last().map_or(ready, |entry| entry.position);
        let mut fitting = Vec::new();
        for entry in entries {
            let position = entry.position;
            let ends_name = self.ends_name(&entry);
            if self.fits(&entry) {
                fitting.push(entry);
            }
            if ends_name {
                // What follows is looked at with what the names mean then.
                self.forget_names();
                looked_at = position;
                break;
            }
        }
        self.position = looked_at;
        Ok(fitting)
    }

    /// Entries up to a position, out of the log.
    async fn read(&mut self, up_to: i64) -> Result<Vec<Arc<Entry>>, Error> {
        let pool = &self.shared.pool;
        let read = events::entries_between(pool, self.position, up_to, self.chunk).await?;
        let count = read.len();
        let taken = take(read.into_iter().map(Arc::new));
        self.chunk = match taken.len() < count {
            true => taken.len(),
            false => CHUNK.min(2 * self.chunk),
        };
        Ok(taken)
    }

    /// Finds out what the names mean that meant nothing yet: they may come into
    /// being with the entries that are looked at.
    async fn resolve_names(&mut self) -> Result<(), Error> {
        fn found(id: Result<i64, Error>) -> Result<Option<i64>, Error> {
            match id {
                Ok(id) => Ok(Some(id)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        }
        if let (None, Some(name)) = (self.product_id, &self.query.product_name) {
            self.product_id = found(self.store.product_id(name).await)?;
        }
        if let (None, Some(product), Some(version)) = (
            self.version_id,
            &self.query.product_name,
            &self.query.version,
        ) {
            let version = self.store.version_by_name(product, version).await;
            self.version_id = found(version.map(|version| version.id))?;
        }
        if let (None, Some(name)) = (self.environment_id, &self.query.environment_name) {
            self.environment_id = found(self.store.environment_id(name).await)?;
        }
        Ok(())
    }

    fn fits(&self, entry: &Entry) -> bool {
        let query = &self.query;
        (query.types.is_empty() || query.types.contains(&entry.kind))
            && (query.product_name.is_none()
                || self.product_id.is_some() && entry.product_id == self.product_id)
            && (query.version.is_none() && query.version_id.is_none()
                || self.version_id.is_some() && entry.version_id == self.version_id)
            && (query.environment_name.is_none()
                || self.environment_id.is_some() && entry.environment_id == self.environment_id)
    }

    /// Tells whether a watched name means something else, or nothing, from this
    /// entry on.
    fn ends_name(&self, entry: &Entry) -> bool {
        let is_product = entry.product_id.is_some() && entry.product_id == self.product_id;
        let is_environment =
            entry.environment_id.is_some() && entry.environment_id == self.environment_id;
        let keeps = |watched: &Option<String>, name: &String, aliases: &[String]| {
            watched
                .as_ref()
                .is_none_or(|watched| watched == name || aliases.contains(watched))
        };
        match (entry.kind, &entry.content) {
            (EntryType::ProductDeleted, _) => is_product,
            (EntryType::EnvironmentDeleted, _) => is_environment,
            (EntryType::ProductUpdated, Some(Content::Product(p))) => {
                is_product && !keeps(&self.query.product_name, &p.name, &p.aliases)
            }
            (EntryType::EnvironmentUpdated, Some(Content::Environment(e))) => {
                is_environment && !keeps(&self.query.environment_name, &e.name, &e.aliases)
            }
            _ => false,
        }
    }

    fn forget_names(&mut self) {
        self.product_id = None;
        self.version_id = self.query.version_id;
        self.environment_id = None;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shared {
    /// The recent entries after a position, as many as a watcher takes; none where
    /// they don't reach back so far.
    fn recent_after(&self, position: i64) -> Option<Vec<Arc<Entry>>> {
        let recent = lock(&self.recent);
        let first = recent.entries.front()?.position;
        let skip = usize::try_from((position + 1).checked_sub(first)?).ok()?;
        let entries = take(recent.entries.iter().skip(skip).cloned());
        (!entries.is_empty()).then_some(entries)
    }

    fn add(&self, entries: Vec<Entry>) {
        let mut recent = lock(&self.recent);
        for entry in entries {
            // Positions are without gaps, and so is what is kept.
            let follows = recent
                .entries
                .back()
                .is_none_or(|last| last.position + 1 == entry.position);
            if !follows {
                *recent = Recent::default();
            }
            recent.bytes += weight(&entry);
            recent.entries.push_back(Arc::new(entry));
        }
        while recent.entries.len() > MAX_RECENT || recent.bytes > MAX_RECENT_BYTES {
            let Some(oldest) = recent.entries.pop_front() else {
                break;
            };
            recent.bytes -= weight(&oldest);
        }
    }
}

/// As many as a watcher takes at once, and one in any case.
fn take(entries: impl Iterator<Item = Arc<Entry>>) -> Vec<Arc<Entry>> {
    let mut bytes = 0;
    entries
        .take_while(|entry| {
            let is_first = bytes == 0;
            bytes += weight(entry);
            is_first || bytes <= MAX_TAKEN_BYTES
        })
        .collect()
}

/// Roughly what an entry takes in memory: its metadata and the rest.
fn weight(entry: &Entry) -> usize {
    let metadata = match &entry.content {
        Some(Content::Event(event)) => event
            .details
            .extra_metadata
            .as_ref()
            .map_or(0, |metadata| metadata.as_json().len()),
        _ => 0,
    };
    1_024 + metadata
}

/// Reads what is new, while somebody watches, and lets the watchers look.
async fn follow(shared: Arc<Shared>) {
    let mut head = shared.head.subscribe();
    loop {
        let end = *head.borrow_and_update();
        let looked_at = *shared.ready.borrow();
        if end > looked_at {
            let last = if shared.watchers.load(Ordering::Relaxed) == 0 {
                *lock(&shared.recent) = Recent::default();
                end
            } else {
                match events::entries_between(&shared.pool, looked_at, end, CHUNK).await {
                    Ok(entries) => {
                        let last = entries.last().map_or(end, |entry| entry.position);
                        shared.add(entries);
                        last
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the event log cannot be read; trying again");
                        sleep(POLL).await;
                        continue;
                    }
                }
            };
            advance(&shared.ready, last);
            continue;
        }
        if head.changed().await.is_err() {
            return;
        }
    }
}

/// Hears of other processes' entries.
async fn listen(shared: Arc<Shared>, options: Box<PgConnectOptions>) {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy_with(*options);
    loop {
        let heard: Result<(), sqlx::Error> = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.listen("versioner_log").await?;
            loop {
                let notification = listener.recv().await?;
                if let Ok(position) = notification.payload().parse() {
                    advance(&shared.head, position);
                }
            }
        }
        .await;
        if let Err(error) = heard {
            tracing::debug!(%error, "cannot listen for notifications; polling every second");
        }
        sleep(POLL).await;
    }
}

/// Looks at the end of the log now and then, while somebody watches.
async fn poll(shared: Arc<Shared>) {
    loop {
        sleep(POLL).await;
        if shared.watchers.load(Ordering::Relaxed) == 0 {
            continue;
        }
        match timeout(POLL * 5, events::last_position(&shared.pool)).await {
            Ok(Ok(position)) => advance(&shared.head, position),
            Ok(Err(error)) => tracing::debug!(%error, "the end of the event log cannot be read"),
            Err(_) => tracing::debug!("the end of the event log cannot be read in time"),
        }
    }
}

fn advance(mark: &watch::Sender<i64>, position: i64) {
    mark.send_if_modified(|mark| {
        let moved = position > *mark;
        *mark = position.max(*mark);
        moved
    });
}

fn spawn(
    stop: &CancellationToken,
    task: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<()> {
    let stop = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = task => {}
            () = stop.cancelled() => {}
        }
    })
}

/// What the locks guard is whole between any two statements.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
