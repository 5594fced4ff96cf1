//! Opening a database: locked, checked, migrated.

use std::{
    fmt,
    fs::{File, TryLockError},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    ConnectOptions, Connection as _, Executor,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use uuid::Uuid;

use super::{
    connection::{Connection, Connections, Pool, WriterOptions},
    error::Error,
    sql::Engine,
};
use crate::{
    domain::id::IdSpace,
    storage::{read::tail::Hints, write::rollups},
};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// SQLite before this can corrupt a WAL when it is reset.
const MIN_SQLITE: (u32, u32, u32) = (3, 51, 3);
/// Marks a SQLite file as ours: "VRSN".
const APPLICATION_ID: i64 = 0x5652_534e;
/// A connection from the pool is there within this, or the database counts as
/// busy, or as away where it does not answer on a connection kept for that.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that nobody used for so long is asked whether it lives before it is used.
const ASK_AFTER: Duration = Duration::from_secs(1);
/// Of a statement that goes through an index step by step Postgres expects far too
/// much, and would spend seconds on compiling it. And what nobody waits for any more
/// it is to give up, and to say so before it counts as away. Statements name their
/// relations in the order in which one leads to the next: by its averages Postgres would
/// go through a large product for a small one.
const ON_CONNECT: &str = "set jit = off; set statement_timeout = '9s'; set join_collapse_limit = 1";
/// Pages of 4 kB that the log of changes (`-wal`) has before SQLite takes them into the
/// file, 128 MB: a page that changes again and again is then taken over once. A batch
/// waits for that, so it should come to fewer than one in a hundred; and the file beside
/// the store should stay small, and be read fast where a crash has left it.
const WAL_PAGES: &str = "32768";
/// Statements that a connection keeps prepared.
const STATEMENTS: usize = 200;
/// How long SQLite waits for another program that looks into the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Which database, and how much of it.
#[derive(Clone)]
pub struct Options {
    /// `sqlite:FILE` or `postgres://…`.
    pub database_url: String,
    /// Connections that read; one more writes, and one more asks whether the
    /// database answers.
    pub connections: u32,
}

/// Why a store cannot be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The URL is wrong.
    Url(String),
    /// Another process uses this file.
    InUse(PathBuf),
    /// The file is not a database of this program.
    Foreign(PathBuf),
    /// The folder of the file does not exist: the file, and the folder.
    NoFolder(PathBuf, PathBuf),
    /// The file cannot be read.
    File(PathBuf, std::io::Error),
    /// The file beside it, which keeps other processes from it, cannot be written: the file, that file, and why.
    Lock(PathBuf, PathBuf, std::io::Error),
    /// The linked SQLite is too old.
    SqliteTooOld(String),
    Migrate(sqlx::migrate::MigrateError),
    Store(Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cannot_open = |f: &mut fmt::Formatter<'_>, path: &Path, why: fmt::Arguments<'_>| {
            write!(f, "cannot open the database {}: {why}", path.display())
        };
        match self {
            Self::Url(reason) => write!(f, "the database URL {reason}"),
            Self::InUse(path) => cannot_open(
                f,
                path,
                format_args!(
                    "it is in use: another versioner process serves it, and a SQLite file is served by one at a time"
                ),
            ),
            Self::Foreign(path) => cannot_open(
                f,
                path,
                format_args!("the file is not a Versioner database; name another file"),
            ),
            Self::NoFolder(path, folder) => cannot_open(
                f,
                path,
                format_args!("the folder {} does not exist", folder.display()),
            ),
            Self::File(path, error) => cannot_open(f, path, format_args!("{error}")),
            Self::Lock(path, lock, error) => cannot_open(
                f,
                path,
                format_args!("cannot lock {}: {error}", lock.display()),
            ),
            Self::SqliteTooOld(version) => write!(
                f,
                "SQLite {version} is linked, and versions before {}.{}.{} can damage their files",
                MIN_SQLITE.0, MIN_SQLITE.1, MIN_SQLITE.2
            ),
            Self::Migrate(error) => write!(f, "cannot migrate the database: {error}"),
            Self::Store(error) => write!(f, "cannot open the database: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Keeps other processes off a SQLite file; SQLite's own locks come and go, and
/// the migrations of several processes at once would hurt each other.
pub(crate) struct FileLock(#[expect(dead_code, reason = "held for its lock")] File);

pub(crate) struct Opened {
    pub(crate) ids: IdSpace,
    pub(crate) last_position: i64,
    pub(crate) pool: Pool,
    /// One connection that readers can't take, to ask whether the database answers.
    pub(crate) probe: Pool,
    pub(crate) writer: WriterOptions,
    pub(crate) hints: Hints,
    pub(crate) lock: Option<FileLock>,
}

/// Brings the database at a URL to the schema of this program.
pub async fn migrate(options: &Options) -> Result<(), OpenError> {
    let opened = open(options).await?;
    opened.pool.close().await;
    opened.probe.close().await;
    Ok(())
}

pub(crate) async fn open(options: &Options) -> Result<Opened, OpenError> {
    let url = options.database_url.as_str();
    match url.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => open_sqlite(url, options.connections).await,
        Some("postgres" | "postgresql") => open_postgres(url, options.connections).await,
        _ => Err(OpenError::Url(
            "must be sqlite:FILE or postgres://USER@HOST/NAME".to_owned(),
        )),
    }
}

async fn open_sqlite(url: &str, connections: u32) -> Result<Opened, OpenError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|e| OpenError::Url(format!("cannot be read: {e}")))?;
    let path = options.get_filename().to_owned();
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Url(
            "must name a file: a database in memory would lose what is acknowledged".to_owned(),
        ));
    }
    refuse_missing_folder(&path)?;
    refuse_foreign(&path)?;
    let lock = lock(&path)?;
    let options = options
        .create_if_missing(true)
        // Acknowledged means on disk, power cut or not.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(false)
        .busy_timeout(BUSY_TIMEOUT)
        .pragma("cache_size", "-32768")
        .pragma("temp_store", "memory")
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    // Marked before it keeps a WAL: the mark is then in the file itself, where it is looked for.
    let mut connection = Connection::open(&WriterOptions::Sqlite(options.clone())).await?;
    check_sqlite(&mut connection, &path).await?;
    connection.close().await?;

    let options = options.journal_mode(SqliteJournalMode::Wal);
    let writer = WriterOptions::Sqlite(options.clone());
    let mut connection = Connection::open(&writer).await?;
    run_migrations(&mut connection, &SQLITE).await?;
    let (ids, last_position) = prepare(&mut connection).await?;
    rollups::fill(&mut connection).await?;
    drop(connection);

    let options = options.read_only(true).create_if_missing(false);
    let pool = |connections| {
        let pool = SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.clone());
        Pool::from(Connections::Sqlite(pool))
    };
    Ok(Opened {
        ids,
        last_position,
        pool: pool(connections),
        probe: pool(1),
        writer,
        hints: Hints::InProcess,
        lock: Some(lock),
    })
}

async fn open_postgres(url: &str, connections: u32) -> Result<Opened, OpenError> {
    // The error of a URL's parser may repeat the URL, and the password in it.
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url("must be postgres://USER@HOST:PORT/NAME".to_owned()))?
        .application_name("versioner")
        .statement_cache_capacity(STATEMENTS)
        .disable_statement_logging();
    let writer = WriterOptions::Postgres(options.clone());
    let mut connection = Connection::open(&writer).await?;
    run_migrations(&mut connection, &POSTGRES).await?;
    let (ids, last_position) = prepare(&mut connection).await?;
    rollups::fill(&mut connection).await?;
    drop(connection);

    let pool = |connections| {
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // To ask each time whether it lives is another round trip for each read; who
            // reads copes with a connection that has ended. One that hangs is found here.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for >= ASK_AFTER {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(ON_CONNECT).await.map(|_| ()) })
            })
            .connect_lazy_with(options.clone());
        Pool::from(Connections::Postgres(pool))
    };
    Ok(Opened {
        ids,
        last_position,
        pool: pool(connections),
        probe: pool(1),
        writer,
        hints: Hints::Notifications(Box::new(options)),
        lock: None,
    })
}

/// SQLite creates the file, but not its folder.
fn refuse_missing_folder(path: &Path) -> Result<(), OpenError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    match folder.as_os_str().is_empty() || folder.exists() {
        true => Ok(()),
        false => Err(OpenError::NoFolder(path.to_owned(), folder.to_owned())),
    }
}

/// Knows a file that is not ours by its first bytes, so that SQLite never opens it: that
/// alone may change it.
fn refuse_foreign(path: &Path) -> Result<(), OpenError> {
    // https://sqlite.org/fileformat2.html#the_database_header
    const MAGIC: &[u8] = b"SQLite format 3\0";
    const APPLICATION_ID_AT: usize = 68;
    let failed = |error| OpenError::File(path.to_owned(), error);
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(100).read_to_end(&mut header).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let application_id = header.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4);
    let is_ours =
        header.starts_with(MAGIC) && application_id == Some(&(APPLICATION_ID as u32).to_be_bytes());
    match header.is_empty() || is_ours {
        true => Ok(()),
        false => Err(OpenError::Foreign(path.to_owned())),
    }
}

fn lock(path: &Path) -> Result<FileLock, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let lock_path = PathBuf::from(name);
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(|e| OpenError::Lock(path.to_owned(), lock_path.clone(), e))?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(e)) => Err(OpenError::Lock(path.to_owned(), lock_path, e)),
    }
}

/// Makes sure that SQLite is a safe one and that the file is ours or empty.
async fn check_sqlite(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let sql = connection.sql("select sqlite_version()");
    let version: Vec<(String,)> = connection.fetch(sql).await?;
    let version = version.into_iter().next().unwrap_or_default().0;
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    if (part(), part(), part()) < MIN_SQLITE {
        return Err(OpenError::SqliteTooOld(version));
    }

    let sql = connection.sql(
        "select (select application_id from pragma_application_id) as application_id,
                (select count(*) from sqlite_master) as tables",
    );
    let found: Vec<(i64, i64)> = match connection.fetch(sql).await {
        Err(Error::Damaged(_)) => return Err(OpenError::Foreign(path.to_owned())),
        found => found?,
    };
    match found.first() {
        Some((APPLICATION_ID, _)) => Ok(()),
        Some((_, 0)) => {
            let sql = connection.sql(&format!("pragma application_id = {APPLICATION_ID}"));
            connection.execute(sql).await?;
            Ok(())
        }
        _ => Err(OpenError::Foreign(path.to_owned())),
    }
}

async fn run_migrations(
    connection: &mut Connection,
    migrator: &'static Migrator,
) -> Result<(), OpenError> {
    let mut migrator = Migrator {
        migrations: migrator.migrations.clone(),
        ..Migrator::DEFAULT
    };
    // An older program may serve a newer schema: migrations expand, and contract later.
    migrator.set_ignore_missing(true);
    match connection {
        Connection::Sqlite(connection) => migrator.run(connection).await,
        Connection::Postgres(connection) => migrator.run(connection).await,
    }
    .map_err(OpenError::Migrate)
}

/// Draws the store's ids, the first time, and reads them and the end of the log.
async fn prepare(connection: &mut Connection) -> Result<(IdSpace, i64), Error> {
    let drawn = (Uuid::now_v7().as_u128() as u64) & ((1 << 48) - 1);
    let sql = connection
        .sql(
            "insert into log_head (id, last_position, last_received_at_us, id_space)
             values (1, 0, 0, ",
        )
        .bind(drawn as i64)
        .push(") on conflict (id) do nothing");
    connection.execute(sql).await?;
    let sql = connection.sql("select id_space, last_position from log_head where id = 1");
    let rows: Vec<(i64, i64)> = connection.fetch(sql).await?;
    let (drawn, last_position) = rows
        .first()
        .ok_or_else(|| Error::fault("the log has no head"))?;
    Ok((IdSpace::new(drawn.unsigned_abs()), *last_position))
}

impl Options {
    pub fn engine(&self) -> Engine {
        match self.database_url.starts_with("sqlite:") {
            true => Engine::Sqlite,
            false => Engine::Postgres,
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection as _, SqliteConnection};

    /// `.cargo/config.toml` says why.
    #[tokio::test]
    async fn sqlite_is_built_without_what_slows_readers() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let options = "select compile_options from pragma_compile_options";
        let options: Vec<String> = sqlx::query_scalar(options)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        for slow in [
            "ENABLE_MEMORY_MANAGEMENT",
            "ENABLE_STAT4",
            "ENABLE_API_ARMOR",
        ] {
            assert!(!options.iter().any(|option| option == slow), "{slow}");
        }
        for fast in ["DEFAULT_MEMSTATUS=0", "ENABLE_QPSG"] {
            assert!(options.iter().any(|option| option == fast), "{fast}");
        }
    }
}
