//! Writers of each manner (single calls, batches, streams) that note in a ledger what they send and what is
//! answered. Knows nothing of what is done to the service meanwhile.

use std::{sync::Arc, time::Duration};

use tokio::{sync::mpsc, task::JoinSet, time::sleep};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use versioner::pb::{
    self, event_service_client::EventServiceClient, event_submission::Event as Submitted,
    submission_result::Result as Answer,
};

use crate::{
    PATIENCE,
    chance::Chance,
    ledger::{Ledger, event_id},
    trouble::Trouble,
    within,
};

/// What a writer does about an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    Stop,
    /// Sends what is not acknowledged again, with the same ids.
    Retry,
}

#[derive(Clone, Copy)]
pub(crate) enum Manner {
    Single,
    Batch,
    Stream,
}

const MANNERS: [Manner; 4] = [
    Manner::Single,
    Manner::Single,
    Manner::Batch,
    Manner::Stream,
];

/// Several writers at once, each with a connection of its own.
pub(crate) struct Writers {
    tasks: JoinSet<Vec<Trouble>>,
    stop: CancellationToken,
}

impl Writers {
    /// One writer of each manner, and a second for single calls, to each of the servers.
    pub(crate) fn start(
        servers: impl IntoIterator<Item = Channel>,
        ledger: &Arc<Ledger>,
        on_error: OnError,
        chance: &mut Chance,
    ) -> Self {
        let mut writers = Self {
            tasks: JoinSet::new(),
            stop: CancellationToken::new(),
        };
        for server in servers {
            for manner in MANNERS {
                writers.tasks.spawn(write(
                    manner,
                    server.clone(),
                    ledger.clone(),
                    on_error,
                    writers.stop.clone(),
                    chance.fork(),
                ));
            }
        }
        writers
    }

    /// Lets each end what it has begun. Returns all the trouble they had.
    pub(crate) async fn stop(mut self) -> Vec<Trouble> {
        self.stop.cancel();
        let mut troubles = Vec::new();
        while let Some(had) = within(PATIENCE, "a writer ends", self.tasks.join_next()).await {
            troubles.extend(had.expect("no writer panics"));
        }
        troubles
    }
}

/// Sends once more all that has no receipt, and some of what has one: all of it is recorded after that, each
/// at the position that was told before.
pub(crate) async fn settle(channel: &Channel, ledger: &Ledger, chance: &mut Chance) {
    let mut events = ledger.unacknowledged();
    events.extend(ledger.some_acknowledged(chance));
    for events in events.chunks(500) {
        send(Manner::Batch, channel, ledger, events)
            .await
            .expect("what is sent again is taken");
    }
    assert_eq!(ledger.unacknowledged(), []);
}

async fn write(
    manner: Manner,
    channel: Channel,
    ledger: Arc<Ledger>,
    on_error: OnError,
    stop: CancellationToken,
    mut chance: Chance,
) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    while !stop.is_cancelled() {
        let count = match manner {
            Manner::Single => 1,
            Manner::Batch => 1 + chance.below(40),
            Manner::Stream => 1 + chance.below(80),
        };
        let mut events: Vec<_> = (0..count).map(|_| ledger.draw(&mut chance)).collect();
        while !events.is_empty() {
            if let Err(trouble) = send(manner, &channel, &ledger, &events).await {
                troubles.push(trouble);
                if on_error == OnError::Stop {
                    return troubles;
                }
                sleep(Duration::from_millis(50)).await;
            }
            events.retain(|event| !ledger.is_acknowledged(event));
        }
    }
    troubles
}

/// Sends events and notes the receipts; the first error ends it.
pub(crate) async fn send(
    manner: Manner,
    channel: &Channel,
    ledger: &Ledger,
    events: &[pb::EventSubmission],
) -> Result<(), Trouble> {
    let mut client = EventServiceClient::new(channel.clone());
    match manner {
        Manner::Single => {
            for event in events {
                let receipt = submit(&mut client, event.clone()).await?;
                acknowledge(ledger, event, &receipt);
            }
        }
        Manner::Batch => {
            let request = pb::BatchSubmitEventsRequest {
                events: events.to_vec(),
                validate_only: false,
            };
            let response = client.batch_submit_events(request).await?.into_inner();
            assert_eq!(response.results.len(), events.len());
            let mut trouble = Ok(());
            for (event, result) in events.iter().zip(response.results) {
                trouble = trouble.and(take(ledger, event, Some(result)));
            }
            trouble?;
        }
        Manner::Stream => {
            let (requests, receiver) = mpsc::channel(events.len());
            for event in events {
                let event = Some(event.clone());
                let request = pb::SubmitEventsRequest { event };
                requests.try_send(request).expect("there is room for all");
            }
            drop(requests);
            let answers = client.submit_events(ReceiverStream::new(receiver)).await?;
            let mut answers = answers.into_inner();
            let mut trouble = Ok(());
            for (index, event) in (0..).zip(events) {
                let answer = answers.message().await?;
                let answer = answer.expect("the stream answers every event");
                assert_eq!(answer.index, index, "answers come in order");
                trouble = trouble.and(take(ledger, event, answer.result));
            }
            trouble?;
        }
    }
    Ok(())
}

/// A single call for an event of any sort.
pub(crate) async fn submit(
    client: &mut EventServiceClient<Channel>,
    event: pb::EventSubmission,
) -> Result<pb::EventReceipt, tonic::Status> {
    let receipt = match event.event {
        Some(Submitted::VersionEvent(event)) => {
            let request = pb::SubmitVersionEventRequest {
                event: Some(event),
                validate_only: false,
            };
            client
                .submit_version_event(request)
                .await?
                .into_inner()
                .receipt
        }
        Some(Submitted::DeploymentEvent(event)) => {
            let request = pb::SubmitDeploymentEventRequest {
                event: Some(event),
                validate_only: false,
            };
            let response = client.submit_deployment_event(request).await?;
            response.into_inner().receipt
        }
        event => unreachable!("not sent here: {event:?}"),
    };
    Ok(receipt.expect("a receipt"))
}

fn take(
    ledger: &Ledger,
    event: &pb::EventSubmission,
    result: Option<pb::SubmissionResult>,
) -> Result<(), Trouble> {
    match result.and_then(|result| result.result) {
        Some(Answer::Receipt(receipt)) => {
            acknowledge(ledger, event, &receipt);
            Ok(())
        }
        Some(Answer::Error(error)) => Err(error.into()),
        None => panic!("an answer without a result"),
    }
}

fn acknowledge(ledger: &Ledger, event: &pb::EventSubmission, receipt: &pb::EventReceipt) {
    assert_eq!(receipt.event_id, event_id(event), "the receipt of another");
    ledger.acknowledge(receipt);
}
