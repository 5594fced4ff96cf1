//! Reads everything that a service shows, page by page, and compares it with the ledger and the fold.

use tonic::transport::Channel;
use versioner::pb::{
    self, deployment_service_client::DeploymentServiceClient,
    event_service_client::EventServiceClient, version_service_client::VersionServiceClient,
};

use crate::{
    fold::{Projection, RunState, VersionState, build_status, fold},
    ledger::Ledger,
};

const PAGE: i32 = 1_000;

/// Invariants I1 to I4, on all that was ever sent. Returns the log.
pub(crate) async fn check_all(channel: &Channel, ledger: &Ledger) -> Vec<pb::LogEntry> {
    let log = read_log(channel, 0).await;
    ledger.check(&log);
    assert_eq!(read_projection(channel).await, fold(&log));
    log
}

/// The event log after a position.
pub(crate) async fn read_log(channel: &Channel, after: i64) -> Vec<pb::LogEntry> {
    let client = EventServiceClient::new(channel.clone());
    pages(async |page_token| {
        let request = pb::ListEventsRequest {
            page_size: PAGE,
            page_token,
            after,
            ..pb::ListEventsRequest::default()
        };
        let page = client.clone().list_events(request).await;
        let page = page.expect("the log can be read").into_inner();
        (page.events, page.next_page_token)
    })
    .await
}

async fn read_projection(channel: &Channel) -> Projection {
    let mut projection = Projection::default();
    for version in versions(channel).await {
        let state = VersionState {
            status: version.status(),
            created_at: version.created_at.expect("a version has its time"),
            id: version.id,
            latest_build_id: version.latest_build_id,
        };
        let identity = (version.product_name, version.version);
        assert!(projection.versions.insert(identity, state).is_none());
    }
    for build in builds(channel).await {
        let state = RunState {
            status: build.status(),
            created_at: build.created_at.expect("a build has its time"),
            id: build.id,
            started_at: build.started_at,
            completed_at: build.completed_at,
            build_number: build.build_number,
        };
        let key = ((build.product_name, build.version), build.invoke_id);
        assert!(projection.builds.insert(key, state).is_none());
    }
    for deployment in deployments(channel).await {
        let state = RunState {
            status: build_status(deployment.status()),
            created_at: deployment.created_at.expect("a deployment has its time"),
            id: deployment.id,
            started_at: deployment.started_at,
            completed_at: deployment.completed_at,
            build_number: String::new(),
        };
        let identity = (deployment.product_name, deployment.version);
        let environment = deployment.environment_name;
        if deployment.current {
            let place = (identity.0.clone(), environment.clone());
            let current = (identity.clone(), deployment.invoke_id.clone());
            assert_eq!(projection.current.insert(place, current), None);
        }
        let key = (identity, environment, deployment.invoke_id);
        assert!(projection.deployments.insert(key, state).is_none());
    }
    projection
}

async fn versions(channel: &Channel) -> Vec<pb::Version> {
    let client = VersionServiceClient::new(channel.clone());
    pages(async |page_token| {
        let request = pb::ListVersionsRequest {
            page_size: PAGE,
            page_token,
            ..pb::ListVersionsRequest::default()
        };
        let page = client.clone().list_versions(request).await;
        let page = page.expect("versions can be listed").into_inner();
        (page.versions, page.next_page_token)
    })
    .await
}

async fn builds(channel: &Channel) -> Vec<pb::Build> {
    let client = VersionServiceClient::new(channel.clone());
    pages(async |page_token| {
        let request = pb::ListBuildsRequest {
            page_size: PAGE,
            page_token,
            ..pb::ListBuildsRequest::default()
        };
        let page = client.clone().list_builds(request).await;
        let page = page.expect("builds can be listed").into_inner();
        (page.builds, page.next_page_token)
    })
    .await
}

async fn deployments(channel: &Channel) -> Vec<pb::Deployment> {
    let client = DeploymentServiceClient::new(channel.clone());
    pages(async |page_token| {
        let request = pb::ListDeploymentsRequest {
            page_size: PAGE,
            page_token,
            ..pb::ListDeploymentsRequest::default()
        };
        let page = client.clone().list_deployments(request).await;
        let page = page.expect("deployments can be listed").into_inner();
        (page.deployments, page.next_page_token)
    })
    .await
}

async fn pages<T>(read: impl AsyncFn(String) -> (Vec<T>, String)) -> Vec<T> {
    let mut rows = Vec::new();
    let mut page_token = String::new();
    loop {
        let (page, next_page_token) = read(page_token).await;
        rows.extend(page);
        if next_page_token.is_empty() {
            return rows;
        }
        page_token = next_page_token;
    }
}
