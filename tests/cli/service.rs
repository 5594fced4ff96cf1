//! The commands against the real service, over a store of its own.

use std::{net::SocketAddr, time::Duration};

use insta::assert_snapshot;
use tempfile::TempDir;
use versioner::{
    pb::{self, event_service_client::EventServiceClient},
    server::{Limits, Running, Server},
    storage::{Options, Store},
};

use crate::{fixtures::at, terminal::versioner};

/// The default of `--stale-after`.
const STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Service {
    running: Running,
    _folder: TempDir,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let options = Options {
            database_url: format!("sqlite:{}", folder.path().join("versioner.db").display()),
            connections: 4,
        };
        let store = Store::open(&options).await.expect("an empty store");
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any_port, Limits::default())
            .await
            .expect("a free port");
        let running = server.start_service(store, STALE_AFTER).await;
        Self {
            running: running.expect("a server"),
            _folder: folder,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.running.local_addr())
    }

    async fn built(&self, version: &str, status: pb::BuildStatus, occurred_at: &str) {
        let mut client = EventServiceClient::connect(self.url())
            .await
            .expect("a connection");
        let event = pb::VersionEvent {
            product_name: "my-service".to_owned(),
            version: version.to_owned(),
            status: status.into(),
            scm_sha: format!("abc1{version}"),
            scm_branch: "main".to_owned(),
            occurred_at: at(occurred_at),
            ..Default::default()
        };
        let request = pb::SubmitVersionEventRequest {
            event: Some(event),
            validate_only: false,
        };
        client
            .submit_version_event(request)
            .await
            .expect("a receipt");
    }
}

#[tokio::test]
async fn versions_of_the_real_service() {
    let service = Service::start().await;
    service
        .built("1.2.10", pb::BuildStatus::Completed, "2025-10-01T10:00:00Z")
        .await;
    service
        .built("1.2.9", pb::BuildStatus::Failed, "2025-10-02T10:00:00Z")
        .await;
    service
        .built(
            "1.3.0-rc1",
            pb::BuildStatus::Completed,
            "2025-10-03T10:00:00Z",
        )
        .await;

    let run = versioner(&service.url(), &["versions", "my-service", "--limit=2"]).await;
    assert_snapshot!(run.shown(), @r"
    VERSION    STATUS       COMMIT        BRANCH  CREATED
    1.3.0-rc1  ✓ completed  abc11.3.0-rc  main    2025-10-03 10:00Z
    1.2.9      ✗ failed     abc11.2.9     main    2025-10-02 10:00Z
    The first 2; there are more (--limit).
    ");
    let highest = [
        "versions",
        "my-service",
        "--order=highest",
        "--status=success",
        "--output=json",
    ];
    let json = versioner(&service.url(), &highest).await.json();
    let identifiers: Vec<&str> = json["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| version["version"].as_str().unwrap())
        .collect();
    assert_eq!(identifiers, ["1.3.0-rc1", "1.2.10"]);

    let run = versioner(&service.url(), &["versions", "--sha=abc1"]).await;
    assert!(run.shown().contains("Several commits match: abc11.2.10, "));
    let run = versioner(&service.url(), &["versions", "--sha=abc"]).await;
    assert_eq!(run.code, 1);
    assert!(run.errors.ends_with(" (INVALID_FIELD)\n"), "{}", run.errors);
}
