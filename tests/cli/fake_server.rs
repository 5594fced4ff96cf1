//! A server that gives the answers of a test and keeps the requests. Knows no rule of the product.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Server, server::TcpIncoming},
};
use versioner::pb::{
    self,
    catalog_service_server::{CatalogService, CatalogServiceServer},
    deployment_service_server::{DeploymentService, DeploymentServiceServer},
    event_service_server::{EventService, EventServiceServer},
    insight_service_server::{InsightService, InsightServiceServer},
    version_service_server::{VersionService, VersionServiceServer},
    watch_events_response::Message,
};

/// The answers to one call, in order; the last one is given again and again. Without one, the call is refused.
pub(crate) type Answers<T> = VecDeque<Result<T, Status>>;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) versions: Answers<pb::ListVersionsResponse>,
    pub(crate) trace: Answers<pb::TraceVersionResponse>,
    pub(crate) readiness: Answers<pb::CheckReadinessResponse>,
    pub(crate) matrix: Answers<pb::GetEnvironmentMatrixResponse>,
    pub(crate) statistics: Answers<pb::GetBuildStatisticsResponse>,
    pub(crate) trend: Answers<pb::GetBuildTrendResponse>,
    pub(crate) latest: Answers<pb::GetLatestVersionResponse>,
    pub(crate) product: Answers<pb::GetProductResponse>,
    pub(crate) environment: Answers<pb::GetEnvironmentResponse>,
    pub(crate) receipts: Answers<pb::SubmitVersionEventResponse>,
    /// The messages of each watch in turn, after which its stream ends.
    pub(crate) watches: VecDeque<Vec<Result<Message, Status>>>,
    /// Watching is refused.
    pub(crate) no_watching: bool,
    /// What was asked, in order.
    pub(crate) asked: Asked,
}

#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) versions: Vec<pb::ListVersionsRequest>,
    pub(crate) trace: Vec<pb::TraceVersionRequest>,
    pub(crate) readiness: Vec<pb::CheckReadinessRequest>,
    pub(crate) matrix: Vec<pb::GetEnvironmentMatrixRequest>,
    pub(crate) statistics: Vec<pb::GetBuildStatisticsRequest>,
    pub(crate) trend: Vec<pb::GetBuildTrendRequest>,
    pub(crate) watch: Vec<pb::WatchEventsRequest>,
    pub(crate) latest: Vec<pb::GetLatestVersionRequest>,
    pub(crate) builds: Vec<pb::SubmitVersionEventRequest>,
}

#[derive(Clone, Default)]
struct Fake(Arc<Mutex<State>>);

/// A running fake; it ends when it is dropped.
pub(crate) struct FakeServer {
    address: SocketAddr,
    fake: Fake,
    task: JoinHandle<()>,
}

impl FakeServer {
    pub(crate) async fn start() -> Self {
        let fake = Fake::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let serving = Server::builder()
            .add_service(VersionServiceServer::new(fake.clone()))
            .add_service(DeploymentServiceServer::new(fake.clone()))
            .add_service(InsightServiceServer::new(fake.clone()))
            .add_service(EventServiceServer::new(fake.clone()))
            .add_service(CatalogServiceServer::new(fake.clone()))
            .serve_with_incoming(TcpIncoming::from(listener));
        let task = tokio::spawn(async { serving.await.expect("the fake serves") });
        Self {
            address,
            fake,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.fake.state()
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Fake {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test fails inside the fake")
    }
}

fn next<T: Clone>(answers: &mut Answers<T>) -> Result<Response<T>, Status> {
    let answer = match answers.len() {
        0 => return Err(not_faked()),
        1 => answers[0].clone(),
        _ => answers.pop_front().expect("there are several"),
    };
    answer.map(Response::new)
}

fn not_faked() -> Status {
    Status::unimplemented("not part of this fake")
}

#[tonic::async_trait]
impl VersionService for Fake {
    async fn list_versions(
        &self,
        request: Request<pb::ListVersionsRequest>,
    ) -> Result<Response<pb::ListVersionsResponse>, Status> {
        let mut state = self.state();
        state.asked.versions.push(request.into_inner());
        next(&mut state.versions)
    }

    async fn trace_version(
        &self,
        request: Request<pb::TraceVersionRequest>,
    ) -> Result<Response<pb::TraceVersionResponse>, Status> {
        let mut state = self.state();
        state.asked.trace.push(request.into_inner());
        next(&mut state.trace)
    }

    async fn check_readiness(
        &self,
        request: Request<pb::CheckReadinessRequest>,
    ) -> Result<Response<pb::CheckReadinessResponse>, Status> {
        let mut state = self.state();
        state.asked.readiness.push(request.into_inner());
        next(&mut state.readiness)
    }

    async fn get_version(
        &self,
        _: Request<pb::GetVersionRequest>,
    ) -> Result<Response<pb::GetVersionResponse>, Status> {
        Err(not_faked())
    }

    async fn get_latest_version(
        &self,
        request: Request<pb::GetLatestVersionRequest>,
    ) -> Result<Response<pb::GetLatestVersionResponse>, Status> {
        let mut state = self.state();
        state.asked.latest.push(request.into_inner());
        next(&mut state.latest)
    }

    async fn get_build(
        &self,
        _: Request<pb::GetBuildRequest>,
    ) -> Result<Response<pb::GetBuildResponse>, Status> {
        Err(not_faked())
    }

    async fn list_builds(
        &self,
        _: Request<pb::ListBuildsRequest>,
    ) -> Result<Response<pb::ListBuildsResponse>, Status> {
        Err(not_faked())
    }

    async fn get_check(
        &self,
        _: Request<pb::GetCheckRequest>,
    ) -> Result<Response<pb::GetCheckResponse>, Status> {
        Err(not_faked())
    }

    async fn list_checks(
        &self,
        _: Request<pb::ListChecksRequest>,
    ) -> Result<Response<pb::ListChecksResponse>, Status> {
        Err(not_faked())
    }
}

#[tonic::async_trait]
impl DeploymentService for Fake {
    async fn get_environment_matrix(
        &self,
        request: Request<pb::GetEnvironmentMatrixRequest>,
    ) -> Result<Response<pb::GetEnvironmentMatrixResponse>, Status> {
        let mut state = self.state();
        state.asked.matrix.push(request.into_inner());
        next(&mut state.matrix)
    }

    async fn get_deployment(
        &self,
        _: Request<pb::GetDeploymentRequest>,
    ) -> Result<Response<pb::GetDeploymentResponse>, Status> {
        Err(not_faked())
    }

    async fn list_deployments(
        &self,
        _: Request<pb::ListDeploymentsRequest>,
    ) -> Result<Response<pb::ListDeploymentsResponse>, Status> {
        Err(not_faked())
    }

    async fn compare_environments(
        &self,
        _: Request<pb::CompareEnvironmentsRequest>,
    ) -> Result<Response<pb::CompareEnvironmentsResponse>, Status> {
        Err(not_faked())
    }
}

#[tonic::async_trait]
impl InsightService for Fake {
    async fn get_build_statistics(
        &self,
        request: Request<pb::GetBuildStatisticsRequest>,
    ) -> Result<Response<pb::GetBuildStatisticsResponse>, Status> {
        let mut state = self.state();
        state.asked.statistics.push(request.into_inner());
        next(&mut state.statistics)
    }

    async fn get_build_trend(
        &self,
        request: Request<pb::GetBuildTrendRequest>,
    ) -> Result<Response<pb::GetBuildTrendResponse>, Status> {
        let mut state = self.state();
        state.asked.trend.push(request.into_inner());
        next(&mut state.trend)
    }
}

#[tonic::async_trait]
impl EventService for Fake {
    type SubmitEventsStream = ReceiverStream<Result<pb::SubmitEventsResponse, Status>>;
    type WatchEventsStream = ReceiverStream<Result<pb::WatchEventsResponse, Status>>;

    /// A heartbeat at once, then an event for each further question about readiness that has another answer.
    async fn watch_events(
        &self,
        request: Request<pb::WatchEventsRequest>,
    ) -> Result<Response<Self::WatchEventsStream>, Status> {
        let (messages, stream) = mpsc::channel(16);
        let events = {
            let mut state = self.state();
            state.asked.watch.push(request.into_inner());
            if let Some(watch) = state.watches.pop_front() {
                for message in watch {
                    let response = message.map(|message| pb::WatchEventsResponse {
                        message: Some(message),
                    });
                    messages.try_send(response).expect("room for every message");
                }
                return Ok(Response::new(ReceiverStream::new(stream)));
            }
            if state.no_watching {
                return Err(not_faked());
            }
            state.readiness.len()
        };
        let fake = self.clone();
        tokio::spawn(async move {
            let heartbeat = Message::Heartbeat(pb::Heartbeat::default());
            let mut message = heartbeat;
            for _ in 0..=events {
                let asked = fake.state().asked.readiness.len();
                let response = pb::WatchEventsResponse {
                    message: Some(message),
                };
                if messages.send(Ok(response)).await.is_err() {
                    return;
                }
                // The next one only after the question that this one brings about.
                while fake.state().asked.readiness.len() == asked {
                    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                }
                message = Message::Event(pb::LogEntry::default());
            }
            // The watch goes on, in silence.
            messages.closed().await;
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }

    async fn submit_events(
        &self,
        _: Request<Streaming<pb::SubmitEventsRequest>>,
    ) -> Result<Response<Self::SubmitEventsStream>, Status> {
        Err(not_faked())
    }

    async fn submit_version_event(
        &self,
        request: Request<pb::SubmitVersionEventRequest>,
    ) -> Result<Response<pb::SubmitVersionEventResponse>, Status> {
        let mut state = self.state();
        state.asked.builds.push(request.into_inner());
        next(&mut state.receipts)
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
}

#[tonic::async_trait]
impl CatalogService for Fake {
    async fn get_product(
        &self,
        _: Request<pb::GetProductRequest>,
    ) -> Result<Response<pb::GetProductResponse>, Status> {
        next(&mut self.state().product)
    }

    async fn get_environment(
        &self,
        _: Request<pb::GetEnvironmentRequest>,
    ) -> Result<Response<pb::GetEnvironmentResponse>, Status> {
        next(&mut self.state().environment)
    }

    async fn list_products(
        &self,
        _: Request<pb::ListProductsRequest>,
    ) -> Result<Response<pb::ListProductsResponse>, Status> {
        Err(not_faked())
    }

    async fn update_product(
        &self,
        _: Request<pb::UpdateProductRequest>,
    ) -> Result<Response<pb::UpdateProductResponse>, Status> {
        Err(not_faked())
    }

    async fn delete_product(
        &self,
        _: Request<pb::DeleteProductRequest>,
    ) -> Result<Response<pb::DeleteProductResponse>, Status> {
        Err(not_faked())
    }

    async fn list_environments(
        &self,
        _: Request<pb::ListEnvironmentsRequest>,
    ) -> Result<Response<pb::ListEnvironmentsResponse>, Status> {
        Err(not_faked())
    }

    async fn update_environment(
        &self,
        _: Request<pb::UpdateEnvironmentRequest>,
    ) -> Result<Response<pb::UpdateEnvironmentResponse>, Status> {
        Err(not_faked())
    }

    async fn delete_environment(
        &self,
        _: Request<pb::DeleteEnvironmentRequest>,
    ) -> Result<Response<pb::DeleteEnvironmentResponse>, Status> {
        Err(not_faked())
    }
}
