//! Answers of a server. Knows no test.

use prost_types::Timestamp;
use versioner::pb;

/// A time of long ago, which is shown without an age.
pub(crate) fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a time"))
}

pub(crate) fn version(version: &str) -> pb::Version {
    pb::Version {
        id: format!("id-of-{version}"),
        product_name: "my-service".to_owned(),
        version: version.to_owned(),
        status: Some(pb::BuildStatus::Completed.into()),
        scm_sha: "abc123def4567890abc123def4567890abc123de".to_owned(),
        scm_branch: "main".to_owned(),
        created_at: at("2025-10-01T10:04:05Z"),
        ..Default::default()
    }
}

pub(crate) fn condition(
    status: pb::ConditionStatus,
    reason: pb::ConditionReason,
    check_name: &str,
) -> pb::Condition {
    pb::Condition {
        status: status.into(),
        reason: reason.into(),
        check_name: check_name.to_owned(),
        ..Default::default()
    }
}

pub(crate) fn verdict(
    readiness: pb::Readiness,
    conditions: impl Into<Vec<pb::Condition>>,
) -> pb::CheckReadinessResponse {
    pb::CheckReadinessResponse {
        version: Some(version("1.2.3")),
        readiness: readiness.into(),
        conditions: conditions.into(),
        ..Default::default()
    }
}

pub(crate) fn deployed(
    version: &str,
    status: pb::BuildStatus,
    completed_at: &str,
) -> pb::DeploymentSummary {
    pb::DeploymentSummary {
        version: version.to_owned(),
        status: status.into(),
        completed_at: if completed_at.is_empty() {
            None
        } else {
            at(completed_at)
        },
        ..Default::default()
    }
}
