//! Waits for a verdict: asks again after each event of the product, and on a timer without events. Knows which
//! reasons mean that something is running.

use std::time::Duration;

use tokio::{
    sync::mpsc::{self, Receiver, error::TrySendError},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tonic::{Code, Status, transport::Channel};

use super::Asker;
use crate::{
    cli::{labels, moment, print_message, server::CliError},
    pb::{self, event_service_client::EventServiceClient, watch_events_response::Message},
};

/// The shortest pause between two questions, however many events arrive.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks until there is a verdict that nothing running can change, or until the timeout. Returns the last answer.
pub(super) async fn wait(
    asker: &mut Asker,
    timeout: Duration,
    interval: Duration,
) -> Result<pb::CheckReadinessResponse, CliError> {
    let deadline = Instant::now() + timeout;
    let mut last_message = String::new();
    let mut print_once = |message: String| {
        if last_message != message {
            print_message("readiness", &message);
            last_message = message;
        }
    };
    let mut answer = asker.ask().await?;
    let mut changes = None;
    loop {
        let running = running(&answer);
        if running.is_empty() {
            return Ok(answer);
        }
        print_once(format!("waiting: {}", running.join(", ")));
        let product = answer.version.as_ref().map(|v| v.product_name.clone());
        let changes = changes.get_or_insert_with(|| {
            Changes::of(asker.channel.clone(), product.unwrap_or_default(), interval)
        });
        answer = loop {
            let pause = PAUSE.min(interval);
            sleep(pause).await;
            tokio::select! {
                biased;
                () = sleep_until(deadline) => {
                    let waited = i64::try_from(timeout.as_micros()).unwrap_or(i64::MAX);
                    let waited = moment::duration(waited);
                    print_message("readiness", &format!("still unknown after {waited}"));
                    return Ok(answer);
                }
                () = changes.next() => {}
                () = sleep(interval - pause) => {}
            }
            match timeout_at(deadline, asker.ask()).await {
                Ok(Ok(answer)) => break answer,
                Ok(Err(status)) if is_temporary(&status) => {
                    print_once(format!("trying again: {}", CliError::from(status)));
                }
                Ok(Err(status)) => return Err(status.into()),
                // The deadline has passed, which the next turn of the loop finds.
                Err(_) => {}
            }
        };
    }
}

/// Whether a later question may be answered.
fn is_temporary(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded
    )
}

/// What is still running, if that is why the verdict is unknown.
fn running(answer: &pb::CheckReadinessResponse) -> Vec<String> {
    if answer.readiness() != pb::Readiness::Unknown {
        return Vec::new();
    }
    let stale = answer.version.as_ref().is_some_and(|v| v.stale);
    let conditions = answer.conditions.iter();
    conditions
        .filter(|condition| match condition.reason() {
            // A stale build is not expected to finish.
            pb::ConditionReason::BuildUnfinished => !stale,
            pb::ConditionReason::CheckRunning | pb::ConditionReason::ScanRunning => true,
            _ => false,
        })
        .map(labels::reason)
        .collect()
}

/// Reports events of a product: once for all events since the last report.
struct Changes {
    changed: Receiver<()>,
    watching: JoinHandle<()>,
}

impl Changes {
    fn of(channel: Channel, product_name: String, interval: Duration) -> Self {
        let (report, changed) = mpsc::channel(1);
        let client = EventServiceClient::new(channel);
        let request = pb::WatchEventsRequest {
            product_name,
            ..Default::default()
        };
        let watching = tokio::spawn(async move {
            loop {
                // However it ends, the timer asks in the meantime, and the watch begins again.
                let _ = watch(client.clone(), request.clone(), &report).await;
                sleep(interval).await;
            }
        });
        Self { changed, watching }
    }

    async fn next(&mut self) {
        if self.changed.recv().await.is_none() {
            // The watch has ended for good.
            std::future::pending().await
        }
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// Watches from now on. The beginning of the watch is reported too: events may have been missed before it.
async fn watch(
    mut client: EventServiceClient<Channel>,
    request: pb::WatchEventsRequest,
    report: &mpsc::Sender<()>,
) -> Result<(), Status> {
    let mut stream = client.watch_events(request).await?.into_inner();
    let mut begun = false;
    while let Some(message) = stream.message().await? {
        let is_event = matches!(message.message, Some(Message::Event(_)));
        if is_event || !begun {
            match report.try_send(()) {
                Ok(()) | Err(TrySendError::Full(())) => {}
                Err(TrySendError::Closed(())) => return Ok(()),
            }
        }
        begun = true;
    }
    Ok(())
}
