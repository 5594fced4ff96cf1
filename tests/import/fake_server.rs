//! An event service that keeps what it gets and answers as a test tells it to. Knows no rule of the product.

use std::{
    collections::{HashMap, VecDeque},
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Code, Request, Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};
use versioner::pb::{
    self,
    event_service_server::{EventService, EventServiceServer},
    event_submission::Event,
    submission_result::Result as Answer,
};

/// How one stream goes; the streams after the planned ones are answered to their end.
#[derive(Clone, Default)]
pub(crate) struct Plan {
    /// As many events are read before the first one is answered.
    pub(crate) hold: usize,
    /// As many events are answered before the stream breaks; none: it doesn't.
    pub(crate) answers: Option<usize>,
    /// As many more are recorded, but not answered.
    pub(crate) recorded_besides: usize,
    /// How it breaks; none: it ends as if all were well.
    pub(crate) with: Option<Code>,
    /// Answers name the event after the one that they are for.
    pub(crate) misnumbered: bool,
    /// From this event on, none is recorded: the disk is full.
    pub(crate) full_from: Option<String>,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) plans: VecDeque<Plan>,
    /// What to answer to the events of these ids, which are not recorded.
    pub(crate) refusals: HashMap<String, pb::SubmissionError>,
    /// How many streams there were.
    pub(crate) streams: usize,
    /// The ids that were recorded, in order.
    pub(crate) recorded: Vec<String>,
}

#[derive(Clone)]
struct Fake {
    state: Arc<Mutex<State>>,
    recorded_count: watch::Sender<usize>,
}

/// A running fake; it ends when it is dropped.
pub(crate) struct FakeServer {
    pub(crate) address: SocketAddr,
    fake: Fake,
    task: JoinHandle<()>,
}

impl FakeServer {
    pub(crate) async fn start(plans: impl Into<VecDeque<Plan>>) -> Self {
        let state = State {
            plans: plans.into(),
            ..State::default()
        };
        let fake = Fake {
            state: Arc::new(Mutex::new(state)),
            recorded_count: watch::Sender::new(0),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = Server::builder()
            .add_service(EventServiceServer::new(fake.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async { serving.await.expect("the fake serves") });
        Self {
            address,
            fake,
            task,
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.fake.state()
    }

    /// Waits until as many events are recorded.
    pub(crate) async fn recorded(&self, count: usize) {
        let mut recorded_count = self.fake.recorded_count.subscribe();
        recorded_count
            .wait_for(|recorded| *recorded >= count)
            .await
            .expect("the fake is there");
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn error(reason: pb::ErrorReason, message: &str) -> pb::SubmissionError {
    pb::SubmissionError {
        reason: reason.into(),
        message: message.to_owned(),
        ..Default::default()
    }
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test fails inside the fake")
    }

    fn record(&self, plan: &Plan, full: &mut bool, event: Event) -> Answer {
        let id = match event {
            Event::VersionEvent(event) => event.event_id,
            Event::DeploymentEvent(event) => event.event_id,
            Event::CheckEvent(event) => event.event_id,
        };
        *full |= plan.full_from.as_ref() == Some(&id);
        if *full {
            return Answer::Error(pb::SubmissionError {
                retry_after: Some(prost_types::Duration::default()),
                ..error(pb::ErrorReason::StorageFull, "the disk is full")
            });
        }
        let mut state = self.state();
        if let Some(refusal) = state.refusals.get(&id) {
            return Answer::Error(refusal.clone());
        }
        let duplicate = state.recorded.contains(&id);
        if !duplicate {
            state.recorded.push(id.clone());
            self.recorded_count.send_replace(state.recorded.len());
        }
        Answer::Receipt(pb::EventReceipt {
            event_id: id,
            duplicate,
            ..Default::default()
        })
    }

    /// Goes by the plan until the client leaves or the stream ends; the error is how it breaks.
    async fn answer(
        &self,
        plan: &Plan,
        mut events: Streaming<pb::SubmitEventsRequest>,
        answers: &mpsc::Sender<Result<pb::SubmitEventsResponse, Status>>,
    ) -> Result<(), Status> {
        let mut held = VecDeque::new();
        let (mut index, mut full) = (0, false);
        while let Some(request) = events.message().await? {
            let event = request.event.and_then(|submission| submission.event);
            let answer = self.record(plan, &mut full, event.expect("an event"));
            if let Some(answered) = plan.answers
                && index >= answered
            {
                index += 1;
                if index >= answered + plan.recorded_besides {
                    return plan
                        .with
                        .map_or(Ok(()), |code| Err(Status::new(code, "on purpose")));
                }
                continue;
            }
            held.push_back(pb::SubmitEventsResponse {
                index: index as i64 + i64::from(plan.misnumbered),
                result: Some(pb::SubmissionResult {
                    result: Some(answer),
                }),
            });
            index += 1;
            while index >= plan.hold
                && let Some(answer) = held.pop_front()
            {
                if answers.send(Ok(answer)).await.is_err() {
                    return Ok(());
                }
            }
        }
        for answer in held {
            if answers.send(Ok(answer)).await.is_err() {
                break;
            }
        }
        Ok(())
    }
}

#[tonic::async_trait]
impl EventService for Fake {
    type SubmitEventsStream = ReceiverStream<Result<pb::SubmitEventsResponse, Status>>;
    type WatchEventsStream = ReceiverStream<Result<pb::WatchEventsResponse, Status>>;

    async fn submit_events(
        &self,
        request: Request<Streaming<pb::SubmitEventsRequest>>,
    ) -> Result<Response<Self::SubmitEventsStream>, Status> {
        let plan = {
            let mut state = self.state();
            state.streams += 1;
            state.plans.pop_front().unwrap_or_default()
        };
        let (answers, stream) = mpsc::channel(16);
        let fake = self.clone();
        tokio::spawn(async move {
            if let Err(status) = fake.answer(&plan, request.into_inner(), &answers).await {
                // The client may have left.
                let _ = answers.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn submit_version_event(
        &self,
        _: Request<pb::SubmitVersionEventRequest>,
    ) -> Result<Response<pb::SubmitVersionEventResponse>, Status> {
        Err(not_faked())
    }

    async fn submit_deployment_event(
        &self,
        _: Request<pb::SubmitDeploymentEventRequest>,
    ) -> Result<Response<pb::SubmitDeploymentEventResponse>, Status> {
        Err(not_faked())
    }

    async fn submit_check_event(
        &self,
        _: Request<pb::SubmitCheckEventRequest>,
    ) -> Result<Response<pb::SubmitCheckEventResponse>, Status> {
        Err(not_faked())
    }

    async fn batch_submit_events(
        &self,
        _: Request<pb::BatchSubmitEventsRequest>,
    ) -> Result<Response<pb::BatchSubmitEventsResponse>, Status> {
        Err(not_faked())
    }

    async fn list_events(
        &self,
        _: Request<pb::ListEventsRequest>,
    ) -> Result<Response<pb::ListEventsResponse>, Status> {
        Err(not_faked())
    }

    async fn watch_events(
        &self,
        _: Request<pb::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        Err(not_faked())
    }
}

fn not_faked() -> Status {
    Status::unimplemented("not part of this fake")
}
