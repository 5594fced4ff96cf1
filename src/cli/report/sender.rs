//! Sends one request until it is answered, or until the time for retries is over. Knows no event.

use std::time::Instant;

use tokio::time::sleep;
use tonic::{Response, Status, transport::Channel};

use super::SendArgs;
use crate::cli::{
    backoff::{Backoff, is_temporary, retry_delay},
    print_message,
    server::CliError,
};

/// Why an event has no receipt.
#[derive(Debug)]
pub(super) enum NotSent {
    /// The server rejected it.
    Rejected(CliError),
    /// No server answered in time.
    NotReached(CliError),
}

/// Calls the server until it answers. A failure that may pass is followed by another attempt.
pub(super) async fn send<T>(
    args: &SendArgs,
    call: impl AsyncFn(Channel) -> Result<Response<T>, Status>,
) -> Result<T, NotSent> {
    let channel = args.server.channel().map_err(NotSent::Rejected)?;
    let mut backoff = Backoff::new(args.retry_for);
    let mut last_message = String::new();
    loop {
        let status = match call(channel.clone()).await {
            Ok(answer) => return Ok(answer.into_inner()),
            Err(status) => status,
        };
        let is_temporary = is_temporary(&status);
        let asked_for = retry_delay(&status);
        let error = CliError::from(status);
        if !is_temporary {
            return Err(NotSent::Rejected(error));
        }
        let message = format!("no answer from {}: {error}", args.server.server);
        let Some(pause) = backoff.after_failure(Instant::now(), asked_for) else {
            return Err(NotSent::NotReached(CliError::new(message)));
        };
        if message != last_message {
            print_message("report", &format!("{message}; trying again"));
            last_message = message;
        }
        sleep(pause).await;
    }
}
