//! Sends events over one two-way stream, up to 1,024 of them unanswered.

use std::{net::SocketAddr, sync::Arc};

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use versioner::pb::{
    EventSubmission, SubmitEventsRequest, event_service_client::EventServiceClient,
    submission_result,
};

use crate::Result;

const WINDOW: usize = 1_024;
/// Messages that are made ahead.
const AHEAD: usize = 64;

/// Returns how many were accepted; one that is refused ends it.
pub(crate) async fn send(
    address: SocketAddr,
    events: impl Iterator<Item = EventSubmission> + Send + 'static,
) -> Result<u64> {
    let mut client = EventServiceClient::connect(format!("http://{address}")).await?;
    let (sender, requests) = mpsc::channel(AHEAD);
    let window = Arc::new(Semaphore::new(WINDOW));
    let places = window.clone();
    let sending = tokio::spawn(async move {
        for event in events {
            let Ok(place) = places.acquire().await else {
                return;
            };
            place.forget();
            let request = SubmitEventsRequest { event: Some(event) };
            if sender.send(request).await.is_err() {
                return;
            }
        }
    });
    let mut answers = client
        .submit_events(ReceiverStream::new(requests))
        .await?
        .into_inner();
    let mut accepted = 0;
    while let Some(answer) = answers.message().await? {
        match answer.result.and_then(|result| result.result) {
            Some(submission_result::Result::Receipt(_)) => accepted += 1,
            Some(submission_result::Result::Error(error)) => {
                return Err(format!("event {}: {}", answer.index, error.message).into());
            }
            None => return Err(format!("event {} has no result", answer.index).into()),
        }
        window.add_permits(1);
    }
    sending.await?;
    Ok(accepted)
}
