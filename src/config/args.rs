//! The settings as flags and variables, and their help. Knows nothing of their values.

use clap::Args;

/// The settings of the service, as text: a check of all of them reports every mistake at once.
#[derive(Args)]
pub struct ServeArgs {
    /// IP address and port for gRPC and HTTP. Port 0 picks a free port.
    #[arg(
        long,
        env = "VERSIONER_LISTEN",
        hide_env_values = true,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:50051"
    )]
    pub listen: String,

    #[command(flatten)]
    pub database: DatabaseArgs,

    /// Number of database connections for reading, 1 to 1000. Writing uses one more.
    #[arg(
        long,
        env = "VERSIONER_DATABASE_CONNECTIONS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "4"
    )]
    pub database_connections: String,

    /// The longest time that a call may take, even where its caller allows more. Streams have no such limit.
    #[arg(
        long,
        env = "VERSIONER_REQUEST_TIMEOUT",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "30s"
    )]
    pub request_timeout: String,

    /// How long the server still accepts calls after SIGTERM or SIGINT, while its health is NOT_SERVING, so that
    /// load balancers stop using it. Ctrl-C in a terminal skips this delay when no connection is open.
    #[arg(
        long,
        env = "VERSIONER_DRAIN_DELAY",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "5s"
    )]
    pub drain_delay: String,

    /// The longest time from the signal to the end of the process. Calls that are still open then are aborted.
    #[arg(
        long,
        env = "VERSIONER_DRAIN_TIMEOUT",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "20s"
    )]
    pub drain_timeout: String,

    /// Maximum number of open connections, 1 to 1000000. Further connections are closed at once.
    #[arg(
        long,
        env = "VERSIONER_MAX_CONNECTIONS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "10000"
    )]
    pub max_connections: String,

    /// Maximum number of calls at the same time, 1 to 1000000. Further calls are refused, and may be retried.
    /// Streams, health and reflection do not count.
    #[arg(
        long,
        env = "VERSIONER_MAX_REQUESTS",
        hide_env_values = true,
        value_name = "NUMBER",
        default_value = "4096"
    )]
    pub max_requests: String,

    /// Origins of web pages that may call the server from a browser, such as `https://builds.example.com`,
    /// separated by commas, or `*` for any. Without this setting no page of another origin may.
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

    #[command(flatten)]
    pub log: LogArgs,
}

/// The settings of a migration, as text.
#[derive(Args)]
pub struct MigrateArgs {
    #[command(flatten)]
    pub database: DatabaseArgs,

    #[command(flatten)]
    pub log: LogArgs,
}

#[derive(Args)]
pub struct DatabaseArgs {
    /// The database: `sqlite:FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`. A SQLite file is created where it
    /// does not exist. The schema is migrated at start. Use the variable where the URL holds a password.
    #[arg(
        long,
        env = "VERSIONER_DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        default_value = "sqlite:versioner.db"
    )]
    pub database_url: String,
}

#[derive(Args)]
pub struct LogArgs {
    /// What to log: a level (off, error, warn, info, debug, trace), or a list of levels for parts of the program, such as
    /// `info,versioner::storage=debug`.
    #[arg(
        long = "log",
        env = "VERSIONER_LOG",
        hide_env_values = true,
        value_name = "FILTER",
        default_value = "info"
    )]
    pub filter: String,

    /// Format of log lines: `text` or `json`. Text has colors on a terminal, unless NO_COLOR is set.
    #[arg(
        long = "log-format",
        env = "VERSIONER_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub format: String,
}
