//! The server that a subcommand calls, and the errors of calling it, each in one line. Knows no particular call.

use std::{error::Error, fmt, time::Duration};

use clap::Args;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt;

/// How long connecting may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// How long an answer may take to begin; a server's own limit is 30 s unless it was set.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// How often a silent connection is tried, and how long its answer may take.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

#[derive(Args, Clone, Debug)]
pub struct ServerArgs {
    /// The address of the server.
    #[arg(
        short,
        long,
        env = "VERSIONER_SERVER",
        hide_env_values = true,
        value_name = "URL",
        default_value = "http://127.0.0.1:50051",
        value_parser = server_url
    )]
    pub server: String,
}

/// Why a command failed, in one line.
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

/// The server's message with its reason, or what happened to the connection.
impl From<Status> for CliError {
    fn from(status: Status) -> Self {
        let message = match status.message() {
            "" => status.code().description(),
            message => message,
        };
        let message = with_causes(message.to_owned(), status.source());
        let reason = reason(&status).unwrap_or_else(|| format!("{:?}", status.code()));
        Self::new(format!("{message} ({reason})"))
    }
}

/// The stable reason that the server gives for an error.
pub(super) fn reason(status: &Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

impl ServerArgs {
    /// Connects. A connection that breaks is made again by itself.
    pub(super) async fn connect(&self) -> Result<Channel, CliError> {
        self.endpoint()?.connect().await.map_err(|error| {
            let why = with_causes(error.to_string(), error.source());
            CliError::new(format!("no server at {}: {why}", self.server))
        })
    }

    /// A connection that is made with the first call.
    pub(super) fn channel(&self) -> Result<Channel, CliError> {
        Ok(self.endpoint()?.connect_lazy())
    }

    fn endpoint(&self) -> Result<Endpoint, CliError> {
        let endpoint = Endpoint::from_shared(self.server.clone()).map_err(|error| {
            let server = &self.server;
            CliError::new(format!("{server} is not the address of a server: {error}"))
        })?;
        Ok(endpoint
            .connect_timeout(CONNECT_WITHIN)
            .timeout(ANSWER_WITHIN)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE))
    }
}

/// An error with its causes, each once.
pub(super) fn with_causes(mut text: String, mut cause: Option<&(dyn Error + 'static)>) -> String {
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

/// A text of unknown origin, made safe for one line of a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// Parses the address of a server.
pub(super) fn server_url(text: &str) -> Result<String, String> {
    let form = "it takes http://HOST:PORT, such as http://127.0.0.1:50051";
    let uri: http::Uri = text.parse().map_err(|error| format!("{error}; {form}"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(_)) => Ok(text.to_owned()),
        (Some("https"), _) => Err(format!("https is not supported yet; {form}")),
        _ => Err(form.to_owned()),
    }
}
