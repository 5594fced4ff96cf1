//! The server that a subcommand asks, and what went wrong with asking, in one line. Knows no particular call.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use clap::Args;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer may take to begin; a server's own limit is 30 s unless it was set.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// How often a silent connection is tried, and how long that may take.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// The server to ask.
    #[arg(
        long,
        env = "VERSIONER_SERVER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:50051",
        value_parser = server_url
    )]
    pub server: String,
}

/// Why there is no answer, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CliError(String);

impl CliError {
    pub(super) fn new(why: impl AsRef<str>) -> Self {
        Self(one_line(why.as_ref()))
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the server said, with its reason; or what became of the connection.
impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        let words = match status.message() {
            "" => status.code().description(),
            message => message,
        };
        let words = with_causes(words.to_owned(), status.source());
        let reason = status
            .get_details_error_info()
            .map_or_else(|| format!("{:?}", status.code()), |info| info.reason);
        Self::new(format!("{words} ({reason})"))
    }
}

impl ServerArgs {
    /// Connects. The connection is made again by itself where it breaks.
    pub(super) async fn connect(&self) -> Result<Channel, CliError> {
        let endpoint = Endpoint::from_shared(self.server.clone())
            .map_err(|error| CliError::new(format!("{} is no server: {error}", self.server)))?;
        endpoint
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .connect()
            .await
            .map_err(|error| {
                let why = with_causes(error.to_string(), error.source());
                CliError::new(format!("no server at {}: {why}", self.server))
            })
    }
}

/// What went wrong with its causes, each once.
pub(super) fn with_causes(mut text: String, mut cause: Option<&(dyn Error + 'static)>) -> String {
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// A text of somebody else, fit for a line on a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Parses the address of a server.
pub(super) fn server_url(text: &str) -> Result<String, String> {
    let takes = "it takes http://HOST:PORT, such as http://127.0.0.1:50051";
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}; {takes}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(text.to_owned()),
        (Some("https"), _) => Err(format!("https is not spoken here; {takes}")),
        _ => Err(takes.to_owned()),
    }
}
