//! What the health service says.

use std::time::Duration;

use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::until;

/// All the names that say whether calls can be answered.
const READINESS: [&str; 6] = [
    "",
    "versioner.v1.EventService",
    "versioner.v1.VersionService",
    "versioner.v1.CatalogService",
    "versioner.v1.DeploymentService",
    "versioner.v1.InsightService",
];

pub(crate) async fn is_serving(channel: &Channel, service: &str) -> bool {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    let answer = HealthClient::new(channel.clone()).check(request).await;
    match answer.expect("health always answers").into_inner().status() {
        ServingStatus::Serving => true,
        ServingStatus::NotServing => false,
        status => panic!("{service:?} is {status:?}"),
    }
}

/// Waits until every name says that calls are answered, or that they are not.
pub(crate) async fn becomes_ready(channel: &Channel, ready: bool, limit: Duration) {
    let what = match ready {
        true => "health says SERVING",
        false => "health says NOT_SERVING",
    };
    for service in READINESS {
        until(limit, what, async || {
            is_serving(channel, service).await == ready
        })
        .await;
    }
}

/// The process runs, however the store is (I8).
pub(crate) async fn is_alive(channel: &Channel) -> bool {
    is_serving(channel, "liveness").await
}
