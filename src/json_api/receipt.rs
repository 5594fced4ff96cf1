//! The answer to a submitted event: one flat object of its receipt and the resulting state. An event that was only
//! validated has no state.

use prost_types::Timestamp;
use serde::Serialize;

use crate::pb::{self, Words};

/// The fields of the answer to a version event.
pub(super) const VERSION_EVENT_ANSWER: [&str; 13] = [
    "id",
    "event_id",
    "product_id",
    "product_name",
    "version_id",
    "version",
    "status",
    "build_number",
    "build_url",
    "started_at",
    "completed_at",
    "created_at",
    "duplicate",
];

/// The fields of the answer to a deployment event.
pub(super) const DEPLOYMENT_EVENT_ANSWER: [&str; 18] = [
    "id",
    "event_id",
    "product_id",
    "product_name",
    "version_id",
    "version",
    "environment_id",
    "environment_name",
    "status",
    "deployed_at",
    "deployed_by",
    "deployed_by_name",
    "deployed_by_email",
    "completed_at",
    "deploy_url",
    "source_system",
    "extra_metadata",
    "duplicate",
];

#[derive(Serialize)]
pub(super) struct VersionEventAnswer {
    id: Option<String>,
    event_id: String,
    product_id: Option<String>,
    product_name: Option<String>,
    version_id: Option<String>,
    version: Option<String>,
    status: Option<&'static str>,
    build_number: Option<String>,
    build_url: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
    created_at: Option<String>,
    duplicate: bool,
}

#[derive(Serialize)]
pub(super) struct DeploymentEventAnswer {
    id: Option<String>,
    event_id: String,
    product_id: Option<String>,
    product_name: Option<String>,
    version_id: Option<String>,
    version: Option<String>,
    environment_id: Option<String>,
    environment_name: Option<String>,
    status: Option<&'static str>,
    /// When it started, as far as that is known; else when its first event occurred.
    deployed_at: Option<String>,
    deployed_by: Option<String>,
    deployed_by_name: Option<String>,
    deployed_by_email: Option<String>,
    completed_at: Option<String>,
    deploy_url: Option<String>,
    source_system: Option<String>,
    extra_metadata: Option<pb::Object>,
    duplicate: bool,
}

#[derive(Serialize)]
pub(super) struct CheckEventAnswer {
    #[serde(flatten)]
    check: pb::Check,
    event_id: String,
    duplicate: bool,
}

impl From<pb::SubmitVersionEventResponse> for VersionEventAnswer {
    fn from(answer: pb::SubmitVersionEventResponse) -> Self {
        let receipt = answer.receipt.unwrap_or_default();
        let build = answer.build.unwrap_or_default();
        Self {
            id: text(build.id),
            event_id: receipt.event_id,
            product_id: text(build.product_id),
            product_name: text(build.product_name),
            version_id: text(build.version_id),
            version: text(build.version),
            status: pb::BuildStatus::word(build.status),
            build_number: text(build.build_number),
            build_url: text(build.build_url),
            started_at: time(build.started_at),
            completed_at: time(build.completed_at),
            created_at: time(build.created_at),
            duplicate: receipt.duplicate,
        }
    }
}

impl From<pb::SubmitDeploymentEventResponse> for DeploymentEventAnswer {
    fn from(answer: pb::SubmitDeploymentEventResponse) -> Self {
        let receipt = answer.receipt.unwrap_or_default();
        let deployment = answer.deployment.unwrap_or_default();
        Self {
            id: text(deployment.id),
            event_id: receipt.event_id,
            product_id: text(deployment.product_id),
            product_name: text(deployment.product_name),
            version_id: text(deployment.version_id),
            version: text(deployment.version),
            environment_id: text(deployment.environment_id),
            environment_name: text(deployment.environment_name),
            status: pb::DeploymentStatus::word(deployment.status),
            deployed_at: time(deployment.started_at.or(deployment.created_at)),
            deployed_by: text(deployment.deployed_by),
            deployed_by_name: text(deployment.deployed_by_name),
            deployed_by_email: text(deployment.deployed_by_email),
            completed_at: time(deployment.completed_at),
            deploy_url: text(deployment.deploy_url),
            source_system: text(deployment.source_system),
            extra_metadata: deployment.extra_metadata,
            duplicate: receipt.duplicate,
        }
    }
}

impl From<pb::SubmitCheckEventResponse> for CheckEventAnswer {
    fn from(answer: pb::SubmitCheckEventResponse) -> Self {
        let receipt = answer.receipt.unwrap_or_default();
        Self {
            check: answer.check.unwrap_or_default(),
            event_id: receipt.event_id,
            duplicate: receipt.duplicate,
        }
    }
}

fn text(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_fields_that_are_described() {
        let version = VersionEventAnswer::from(pb::SubmitVersionEventResponse::default());
        assert_eq!(names(&version), VERSION_EVENT_ANSWER);
        let deployment = DeploymentEventAnswer::from(pb::SubmitDeploymentEventResponse::default());
        assert_eq!(names(&deployment), DEPLOYMENT_EVENT_ANSWER);
    }

    /// In the order in which they are written.
    fn names(answer: &impl Serialize) -> Vec<String> {
        let text = serde_json::to_string(answer).unwrap();
        let members = text.trim_matches(['{', '}']).split(',');
        members
            .map(|member| member.split('"').nth(1).unwrap().to_owned())
            .collect()
    }
}
