//! `WatchEvents`: the event log as a stream, with heartbeats while no entry comes.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until, timeout},
};
use tokio_stream::{Stream, StreamExt, wrappers::ReceiverStream};
use tonic::{Code, Status};

use super::{Services, error::Problem};
use crate::{
    domain::{resource::Entry, rules::FieldRules},
    pb::{self, ErrorReason, watch_events_response::Message},
    storage::Watcher,
};

/// The time without an entry after which a heartbeat is sent, by default.
const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(15);
/// The call ends if the client does not read for so long.
const MAX_WAIT: Duration = Duration::from_secs(30);
/// The messages that wait for one client: few, since each may have 100 KiB.
const BUFFER: usize = 8;

type Response = Result<pb::WatchEventsResponse, Status>;

pub(super) fn heartbeat_interval(
    rules: &FieldRules,
    given: Option<prost_types::Duration>,
) -> Result<Duration, String> {
    let Some(given) = given else {
        return Ok(DEFAULT_HEARTBEAT);
    };
    // A negative one is as short as none.
    rules.duration(Duration::try_from(given).unwrap_or_default())
}

pub(super) fn start(
    watcher: Watcher,
    services: Services,
    heartbeat: Duration,
) -> impl Stream<Item = Response> + Send {
    let (responses, stream) = mpsc::channel(BUFFER);
    // The end has a channel of its own: the stream's may be full.
    let (end, ended) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(status) = run(watcher, services, heartbeat, responses).await {
            let _ = end.send(Err(status));
        }
    });
    let end = tokio_stream::iter([ended])
        .then(|ended| ended)
        .filter_map(Result::ok);
    ReceiverStream::new(stream).chain(end)
}

/// Sends until the client leaves (`Ok`) or the stream has to end (its status).
async fn run(
    mut watcher: Watcher,
    services: Services,
    heartbeat: Duration,
    responses: mpsc::Sender<Response>,
) -> Result<(), Status> {
    let client = Client { responses };
    let mut sent = watcher.position();
    client.heartbeat(sent).await?;
    let mut next_heartbeat = Instant::now() + heartbeat;
    loop {
        let entries: Vec<Arc<Entry>> = tokio::select! {
            biased;
            () = client.responses.closed() => return Ok(()),
            () = services.streams_end.cancelled() => return Err(shutting_down(sent)),
            () = sleep_until(next_heartbeat) => {
                sent = watcher.position();
                client.heartbeat(sent).await?;
                next_heartbeat = Instant::now() + heartbeat;
                Vec::new()
            }
            entries = watcher.next() => entries.map_err(Problem::from)?,
        };
        for entry in entries {
            let event = services.view().entry(&entry);
            client.send(Message::Event(event), sent).await?;
            sent = entry.position;
            next_heartbeat = Instant::now() + heartbeat;
        }
        sent = watcher.position();
    }
}

struct Client {
    responses: mpsc::Sender<Response>,
}

impl Client {
    async fn heartbeat(&self, position: i64) -> Result<(), Status> {
        let heartbeat = pb::Heartbeat { position };
        self.send(Message::Heartbeat(heartbeat), position).await
    }

    /// Sends a message. `resume` is the position from which a client that is too slow resumes.
    async fn send(&self, message: Message, resume: i64) -> Result<(), Status> {
        let response = pb::WatchEventsResponse {
            message: Some(message),
        };
        match timeout(MAX_WAIT, self.responses.send(Ok(response))).await {
            // An error means that the client is gone: the caller's loop sees it and ends.
            Ok(_) => Ok(()),
            Err(_) => Err(Problem::new(
                Code::ResourceExhausted,
                ErrorReason::WatcherTooSlow,
                format!(
                    "the client did not read for {} seconds; watch again after position {resume}",
                    MAX_WAIT.as_secs()
                ),
            )
            .with("position", resume)
            .into()),
        }
    }
}

fn shutting_down(resume: i64) -> Status {
    Problem::new(
        Code::Unavailable,
        ErrorReason::ShuttingDown,
        format!("this server is shutting down; watch again after position {resume}"),
    )
    .with("position", resume)
    .retry()
    .into()
}
