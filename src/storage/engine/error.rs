//! The errors of the store, by what the caller can do about them, and how they
//! follow from the drivers' errors.

use std::{fmt, sync::Arc};

use sqlx::error::DatabaseError;

use crate::domain::{id::Kind, violation::Violation};

/// An error of the store.
#[derive(Clone, Debug)]
pub enum Error {
    /// Fields of the request are wrong.
    Invalid(Vec<Violation>),
    /// There is no such resource.
    NotFound { kind: Kind, wanted: String },
    /// Versions match, but all of them are pre-releases (R13).
    OnlyPrereleases { product_name: String },
    /// The request contradicts what is recorded.
    Conflict(Conflict),
    /// The position is greater than the last one of the event log.
    BeyondEnd { position: i64, last_position: i64 },
    /// The database is unavailable or did not answer in time: try again. An event may
    /// have been recorded: sending it again with the same event id is safe.
    Unavailable(Cause),
    /// Another transaction held a lock: try again.
    Busy(Cause),
    /// The disk is full: try again when there is space.
    Full(Cause),
    /// A damaged page was read.
    Damaged(Cause),
    /// A bug of this program.
    Fault(Cause),
}

/// Recorded data that a request contradicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// The version was recorded with another commit (R3).
    Commit {
        product_name: String,
        version: String,
        recorded: String,
        given: String,
    },
    /// The event id was accepted with other content (R7).
    EventId { event_id: String, position: i64 },
    /// The name belongs to another product or environment (R15).
    Name { kind: Kind, name: String },
    /// Deleting it needs `force` (R15).
    InUse {
        kind: Kind,
        name: String,
        uses: String,
    },
}

/// The driver's error that caused this one, for the log. Clients never get it.
#[derive(Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl Cause {
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

impl Error {
    pub fn fault(message: impl Into<String>) -> Self {
        Self::Fault(Cause::new(message.into()))
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(Cause::new(message.into()))
    }

    pub fn invalid(field: &str, description: impl Into<String>) -> Self {
        Self::Invalid(vec![Violation {
            field: field.to_owned(),
            description: description.into(),
        }])
    }

    pub fn not_found(kind: Kind, wanted: impl Into<String>) -> Self {
        Self::NotFound {
            kind,
            wanted: wanted.into(),
        }
    }

    /// The error of a statement that only reads. If it took too long, the database is
    /// busy, not unavailable.
    pub(crate) fn from_reading(error: sqlx::Error) -> Self {
        const CANCELED: &str = "57014";
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            Some(CANCELED) => Self::Busy(Cause::new(error)),
            _ => Self::from_driver(error),
        }
    }

    /// The meaning of a driver's error for the caller.
    pub(crate) fn from_driver(error: sqlx::Error) -> Self {
        let make: fn(Cause) -> Self = match &error {
            sqlx::Error::Database(e) => classify(e.as_ref()),
            sqlx::Error::Io(e) if e.kind() == std::io::ErrorKind::StorageFull => Self::Full,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable,
            _ => Self::Fault,
        };
        make(Cause::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(violations) => {
                write!(f, "invalid:")?;
                violations.iter().try_for_each(|v| write!(f, " {v};"))
            }
            Self::NotFound { kind, wanted } => write!(f, "there is no {} {wanted}", kind.as_str()),
            Self::OnlyPrereleases { product_name } => {
                write!(
                    f,
                    "all versions of {product_name} that match are pre-releases"
                )
            }
            Self::Conflict(conflict) => write!(f, "conflict: {conflict:?}"),
            Self::BeyondEnd {
                position,
                last_position,
            } => write!(
                f,
                "position {position} is greater than the last position, {last_position}"
            ),
            Self::Unavailable(cause) => write!(f, "the database is unavailable: {cause}"),
            Self::Busy(cause) => write!(f, "the database is busy: {cause}"),
            Self::Full(cause) => write!(f, "the disk is full: {cause}"),
            Self::Damaged(cause) => write!(f, "the database is damaged: {cause}"),
            Self::Fault(cause) => write!(f, "internal error: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

/// Whether the error says that the connection has ended.
pub(crate) fn is_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // The session was ended: by an administrator, by a crash, with its database, for
        // its idleness; or the server is about to stop.
        sqlx::Error::Database(e) => {
            let code = e.code();
            matches!(
                code.as_deref(),
                Some("57P01" | "57P02" | "57P03" | "57P04" | "57P05")
            )
        }
        _ => false,
    }
}

fn classify(error: &dyn DatabaseError) -> fn(Cause) -> Error {
    let code = error.code().unwrap_or_default();
    if error
        .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
        .is_some()
    {
        return classify_sqlstate(&code);
    }
    // SQLite's primary result codes: https://sqlite.org/rescode.html
    match code.parse::<i32>().map(|extended| extended & 0xff) {
        Ok(5 | 6) => Error::Busy,
        Ok(13) => Error::Full,
        // Read-only, input/output, can't open: the file system's doing.
        Ok(8 | 10 | 14) => Error::Unavailable,
        Ok(11 | 26) => Error::Damaged,
        _ => Error::Fault,
    }
}

/// PostgreSQL's codes: its documentation, appendix A.
fn classify_sqlstate(code: &str) -> fn(Cause) -> Error {
    match code {
        "53100" => Error::Full,
        "40001" | "40P01" => Error::Busy,
        "XX001" | "XX002" => Error::Damaged,
        // A standby that took over from under us, or a lock or time limit.
        "25006" | "25P03" | "55P03" | "57014" => Error::Unavailable,
        _ if ["08", "28", "3D", "53", "57", "58"]
            .iter()
            .any(|class| code.starts_with(class)) =>
        {
            Error::Unavailable
        }
        _ => Error::Fault,
    }
}
