//! A server of one's own over an empty store, and clients of each of its services.

use std::{future::Future, net::SocketAddr, time::Duration};

use tempfile::TempDir;
use tokio::time::timeout;
use tonic::{
    Status,
    transport::{Channel, Endpoint},
};
use versioner::{
    pb::{
        self, catalog_service_client::CatalogServiceClient,
        deployment_service_client::DeploymentServiceClient,
        event_service_client::EventServiceClient, insight_service_client::InsightServiceClient,
        version_service_client::VersionServiceClient,
    },
    server::{Limits, Running, Server},
    storage::{Options, Store},
};

use crate::support::postgres::{PostgresDatabase, fresh_postgres};

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// The default of `--stale-after`.
const STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Story {
    pub(crate) store: Store,
    pub(crate) channel: Channel,
    running: Running,
    _database: Database,
}

/// Removed with the story.
enum Database {
    Sqlite(#[expect(dead_code, reason = "held for its folder")] TempDir),
    Postgres(#[expect(dead_code, reason = "held for its database")] PostgresDatabase),
}

impl Story {
    pub(crate) async fn on_sqlite() -> Story {
        let folder = TempDir::new().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("versioner.db").display());
        Story::begin(url, Database::Sqlite(folder)).await
    }

    pub(crate) async fn on_postgres() -> Story {
        let database = fresh_postgres().await;
        Story::begin(database.url().to_owned(), Database::Postgres(database)).await
    }

    async fn begin(database_url: String, database: Database) -> Story {
        let options = Options {
            database_url,
            connections: 4,
        };
        let store = Store::open(&options).await.expect("an empty store");
        let running = serve(&store, STALE_AFTER).await;
        Story {
            store,
            channel: connect(running.local_addr()),
            running,
            _database: database,
        }
    }

    /// Another server of the same store, by which what is unfinished for so long is stale.
    pub(crate) async fn another_server(&self, stale_after: Duration) -> Channel {
        connect(serve(&self.store, stale_after).await.local_addr())
    }

    /// Tells the server to end.
    pub(crate) fn drain(&self) {
        self.running.shutdown().drain();
    }

    pub(crate) fn events(&self) -> EventServiceClient<Channel> {
        EventServiceClient::new(self.channel.clone())
    }

    pub(crate) fn versions(&self) -> VersionServiceClient<Channel> {
        VersionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn catalog(&self) -> CatalogServiceClient<Channel> {
        CatalogServiceClient::new(self.channel.clone())
    }

    pub(crate) fn deployments(&self) -> DeploymentServiceClient<Channel> {
        DeploymentServiceClient::new(self.channel.clone())
    }

    pub(crate) fn insight(&self) -> InsightServiceClient<Channel> {
        InsightServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn version_event(
        &self,
        event: pb::VersionEvent,
    ) -> Result<pb::SubmitVersionEventResponse, Status> {
        let request = pb::SubmitVersionEventRequest {
            event: Some(event),
            validate_only: false,
        };
        let answer = self.events().submit_version_event(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub(crate) async fn deployment_event(
        &self,
        event: pb::DeploymentEvent,
    ) -> Result<pb::SubmitDeploymentEventResponse, Status> {
        let request = pb::SubmitDeploymentEventRequest {
            event: Some(event),
            validate_only: false,
        };
        let answer = self.events().submit_deployment_event(request).await;
        answer.map(tonic::Response::into_inner)
    }

    pub(crate) async fn check_event(
        &self,
        event: pb::CheckEvent,
    ) -> Result<pb::SubmitCheckEventResponse, Status> {
        let request = pb::SubmitCheckEventRequest {
            event: Some(event),
            validate_only: false,
        };
        let answer = self.events().submit_check_event(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// The whole event log, from a page that has room for it.
    pub(crate) async fn log(&self) -> Vec<pb::LogEntry> {
        let request = pb::ListEventsRequest {
            page_size: 1000,
            ..Default::default()
        };
        let page = self.events().list_events(request).await;
        let page = page.expect("a page").into_inner();
        assert_eq!(page.next_page_token, "");
        page.events
    }
}

async fn serve(store: &Store, stale_after: Duration) -> Running {
    let limits = Limits {
        drain_delay: Duration::ZERO,
        drain_timeout: Duration::from_secs(5),
        ..Limits::default()
    };
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(any_port, limits).await.expect("a free port");
    let running = server.start_service(store.clone(), stale_after).await;
    running.expect("a server")
}

fn connect(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    endpoint.expect("a URL").connect_lazy()
}

pub(crate) async fn soon<T>(wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.expect("it comes to pass")
}

/// Asks again and again until the answer is yes.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    soon(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
