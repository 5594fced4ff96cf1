//! Follows the event log, and resumes after the last position seen when the connection is lost.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tonic::{Status, transport::Channel};

use super::EventsArgs;
use crate::{
    cli::{
        backoff::{Backoff, is_temporary, retry_delay},
        labels::{self, LogEntry},
        moment,
        output::Format,
        print_message,
        server::{CliError, reason},
        style::Style,
    },
    pb::{self, event_service_client::EventServiceClient, watch_events_response::Message},
};

/// How long to try to resume after the connection is lost.
const RESUME_WITHIN: Duration = Duration::from_secs(24 * 60 * 60);

/// Writes events until nobody reads them any more, or until the server can't be reached for a day.
pub(super) async fn follow(args: &EventsArgs) -> Result<u8, CliError> {
    let channel = args.list.server.connect().await?;
    let mut follower = Follower {
        args,
        position: args.after,
        backoff: Backoff::new(RESUME_WITHIN),
    };
    let mut last_message = String::new();
    loop {
        let error = match follower.watch(channel.clone()).await? {
            Watched::NobodyReads => return Ok(0),
            Watched::Broken(status) => status,
        };
        let is_slow = reason(&error).as_deref() == Some("WATCHER_TOO_SLOW");
        let asked_for = retry_delay(&error);
        let is_temporary = is_temporary(&error) || is_slow;
        let error = CliError::from(error);
        let pause = follower.backoff.after_failure(Instant::now(), asked_for);
        let Some(pause) = pause.filter(|_| is_temporary) else {
            return Err(error);
        };
        let message = format!("{error}; resuming");
        if message != last_message {
            print_message("events", &message);
            last_message = message;
        }
        sleep(pause).await;
    }
}

/// Why a watch ended.
enum Watched {
    NobodyReads,
    Broken(Status),
}

struct Follower<'a> {
    args: &'a EventsArgs,
    /// The last position that was seen; none before the server named one.
    position: Option<i64>,
    backoff: Backoff,
}

impl Follower<'_> {
    /// Writes events until the stream ends.
    async fn watch(&mut self, channel: Channel) -> Result<Watched, CliError> {
        let args = self.args;
        let request = pb::WatchEventsRequest {
            after: self.position,
            product_name: args.product.clone().unwrap_or_default(),
            version: args.version.clone().unwrap_or_default(),
            environment_name: args.environment.clone().unwrap_or_default(),
            event_types: args.types.iter().map(|kind| (*kind).into()).collect(),
            ..Default::default()
        };
        let mut client = EventServiceClient::new(channel);
        let mut stream = match client.watch_events(request).await {
            Ok(stream) => stream.into_inner(),
            Err(status) => return Ok(Watched::Broken(status)),
        };
        loop {
            let message = match stream.message().await {
                Ok(Some(message)) => message.message,
                Ok(None) => {
                    let status = Status::unavailable("the server ended the stream");
                    return Ok(Watched::Broken(status));
                }
                Err(status) => return Ok(Watched::Broken(status)),
            };
            self.backoff.reset();
            match message {
                Some(Message::Event(event)) => {
                    if !self
                        .args
                        .list
                        .output
                        .write_line(&event, line(&event, args))?
                    {
                        return Ok(Watched::NobodyReads);
                    }
                    self.position = Some(event.position);
                }
                Some(Message::Heartbeat(heartbeat)) => self.position = Some(heartbeat.position),
                None => {}
            }
        }
    }
}

/// An event in one line: `  12  deployment event  ✓ completed  2026-01-31 12:00:00Z  my-service 1.2.3  production`.
fn line(event: &LogEntry, args: &EventsArgs) -> String {
    if args.list.output.format() == Format::Name {
        return Style::Plain.paint(&event.event_id);
    }
    let content = labels::event_content(event);
    let occurred_at = moment::jiff_time(event.occurred_at);
    let occurred_at = occurred_at.map_or_else(String::new, |at| at.strftime("%F %TZ").to_string());
    let subject = labels::joined(" ", [&content.product, &content.version]);
    let parts = [
        format!("{:>8}", event.position),
        labels::event_type(event),
        content.status,
        occurred_at,
        Style::Strong.paint(&subject),
        Style::Plain.paint(&content.about),
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("  ")
}
