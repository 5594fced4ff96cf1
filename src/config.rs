//! The settings of the service: flags, variables, and the check that reports every mistake at once.
//! Knows nothing of what they are used for.

mod check;
mod database_url;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

pub use check::{Mistake, Mistakes};
pub use database_url::DatabaseUrl;

/// The settings as they were written. They are texts, so that all mistakes can be told in one go.
#[derive(Args)]
pub struct ServeArgs {
    /// IP address and port to serve gRPC and HTTP on; port 0 takes a free one.
    #[arg(
        long,
        env = "VERSIONER_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:50051"
    )]
    pub listen: String,

    /// Where the data is kept: `sqlite:FILE`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
    /// It is migrated at start. A secret: give it by its variable.
    #[arg(
        long,
        env = "VERSIONER_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite:versioner.db"
    )]
    pub database_url: String,

    /// Connections for reading, 1 to 1000; writing has one of its own.
    #[arg(
        long,
        env = "VERSIONER_DATABASE_CONNECTIONS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "4"
    )]
    pub database_connections: String,

    /// The longest that a call may take, whatever its caller allows; streams have no such limit.
    #[arg(
        long,
        env = "VERSIONER_REQUEST_TIMEOUT",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "30s"
    )]
    pub request_timeout: String,

    /// How long to go on accepting after a signal to end, while health says NOT_SERVING and callers turn away.
    #[arg(
        long,
        env = "VERSIONER_DRAIN_DELAY",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "5s"
    )]
    pub drain_delay: String,

    /// The longest that ending may take, from the signal on; what is left then is cut off.
    #[arg(
        long,
        env = "VERSIONER_DRAIN_TIMEOUT",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "20s"
    )]
    pub drain_timeout: String,

    /// Connections open at once, 1 to 1000000; one more is closed as soon as it is accepted.
    #[arg(
        long,
        env = "VERSIONER_MAX_CONNECTIONS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "10000"
    )]
    pub max_connections: String,

    /// Calls in flight at once, 1 to 1000000; one more is refused, to be tried again. Streams, health and
    /// reflection do not count.
    #[arg(
        long,
        env = "VERSIONER_MAX_REQUESTS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "4096"
    )]
    pub max_requests: String,

    /// Origins whose pages may ask from a browser, such as `https://builds.example.com`, separated by commas; `*`
    /// is any. None where it is left out.
    #[arg(
        long,
        env = "VERSIONER_CORS_ORIGINS",
        hide_env_values = true,
        value_name = "ORIGINS"
    )]
    pub cors_origins: Option<String>,

    /// The age from which an unfinished build or deployment is shown as stale.
    #[arg(
        long,
        env = "VERSIONER_STALE_AFTER",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "24h"
    )]
    pub stale_after: String,

    /// What to log: a level (error, warn, info, debug, trace) or a filter such as `info,versioner=debug`.
    #[arg(
        long,
        env = "VERSIONER_LOG",
        hide_env_values = true,
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// How a log line is written: `text` or `json`.
    #[arg(
        long,
        env = "VERSIONER_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub log_format: String,
}

/// The settings, checked. Each field is the flag of that name, where its meaning and default stand.
#[derive(Debug)]
pub struct Config {
    pub listen: SocketAddr,
    pub database_url: DatabaseUrl,
    pub database_connections: u32,
    pub request_timeout: Duration,
    pub drain_delay: Duration,
    /// Longer than `drain_delay`.
    pub drain_timeout: Duration,
    pub max_connections: usize,
    pub max_requests: usize,
    /// Each a scheme, a host and perhaps a port, or `*`.
    pub cors_origins: Vec<String>,
    pub stale_after: Duration,
    pub log: EnvFilter,
    pub log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Checks every setting; an error names all that are wrong, with what they take.
    pub fn check(args: &ServeArgs) -> Result<Config, Mistakes> {
        let mut mistakes = Mistakes::default();
        let listen = mistakes.check("listen", &args.listen, check::address);
        let database_url = mistakes.check("database-url", &args.database_url, DatabaseUrl::parse);
        let database_connections =
            mistakes.check("database-connections", &args.database_connections, |text| {
                check::number(text, 1..=1_000)
            });
        let request_timeout = mistakes.check("request-timeout", &args.request_timeout, |text| {
            check::duration(text, SignedDuration::from_millis(1))
        });
        let drain_delay = mistakes.check("drain-delay", &args.drain_delay, |text| {
            check::duration(text, SignedDuration::ZERO)
        });
        let drain_timeout = mistakes.check("drain-timeout", &args.drain_timeout, |text| {
            let drain_timeout = check::duration(text, SignedDuration::from_millis(1))?;
            match drain_delay {
                Some(delay) if drain_timeout <= delay => {
                    Err(format!("is not longer than --drain-delay, {delay:?}"))
                }
                _ => Ok(drain_timeout),
            }
        });
        let max_connections = mistakes.check("max-connections", &args.max_connections, |text| {
            check::number(text, 1..=1_000_000)
        });
        let max_requests = mistakes.check("max-requests", &args.max_requests, |text| {
            check::number(text, 1..=1_000_000)
        });
        let cors_origins = match &args.cors_origins {
            Some(text) => mistakes.check("cors-origins", text, check::origins),
            None => Some(Vec::new()),
        };
        let stale_after = mistakes.check("stale-after", &args.stale_after, |text| {
            check::duration(text, SignedDuration::from_secs(1))
        });
        let log = mistakes.check("log", &args.log, check::log_filter);
        let log_format = mistakes.check("log-format", &args.log_format, check::log_format);

        let config = || {
            Some(Config {
                listen: listen?,
                database_url: database_url?,
                database_connections: database_connections?,
                request_timeout: request_timeout?,
                drain_delay: drain_delay?,
                drain_timeout: drain_timeout?,
                max_connections: max_connections?,
                max_requests: max_requests?,
                cors_origins: cors_origins?,
                stale_after: stale_after?,
                log: log?,
                log_format: log_format?,
            })
        };
        config().ok_or(mistakes)
    }
}

#[cfg(test)]
mod tests;
