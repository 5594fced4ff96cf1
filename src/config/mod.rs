//! The settings of the service: flags, variables, and the check that reports every mistake at once.
//! Knows nothing of what they are used for.

mod args;
mod check;
mod database_url;

use std::{net::SocketAddr, time::Duration};

pub use args::{DatabaseArgs, LogArgs, MigrateArgs, ServeArgs};
pub use check::{Mistake, Mistakes};
pub use database_url::DatabaseUrl;
use jiff::SignedDuration;
use tracing_subscriber::EnvFilter;

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
    pub log: LogConfig,
}

/// The settings of a migration, checked.
#[derive(Debug)]
pub struct MigrateConfig {
    pub database_url: DatabaseUrl,
    pub log: LogConfig,
}

/// What is logged, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    pub filter: EnvFilter,
    pub format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Checks every setting. An error names all that are wrong, and what is allowed.
    pub fn check(args: &ServeArgs) -> Result<Config, Mistakes> {
        let mut mistakes = Mistakes::default();
        let listen = mistakes.check("listen", &args.listen, check::address);
        let database_url = args.database.check(&mut mistakes);
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
                Some(delay) if drain_timeout <= delay => Err(format!(
                    "must be longer than --drain-delay, which is {delay:?}"
                )),
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
        let log = args.log.check(&mut mistakes);

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
            })
        };
        config().ok_or(mistakes)
    }
}

impl MigrateConfig {
    /// Checks every setting. An error names all that are wrong, and what is allowed.
    pub fn check(args: &MigrateArgs) -> Result<MigrateConfig, Mistakes> {
        let mut mistakes = Mistakes::default();
        let database_url = args.database.check(&mut mistakes);
        let log = args.log.check(&mut mistakes);
        database_url
            .zip(log)
            .map(|(database_url, log)| MigrateConfig { database_url, log })
            .ok_or(mistakes)
    }
}

impl DatabaseArgs {
    fn check(&self, mistakes: &mut Mistakes) -> Option<DatabaseUrl> {
        mistakes.check("database-url", &self.database_url, DatabaseUrl::parse)
    }
}

impl LogArgs {
    fn check(&self, mistakes: &mut Mistakes) -> Option<LogConfig> {
        let filter = mistakes.check("log", &self.filter, check::log_filter);
        let format = mistakes.check("log-format", &self.format, check::log_format);
        filter
            .zip(format)
            .map(|(filter, format)| LogConfig { filter, format })
    }
}

#[cfg(test)]
mod tests;
