//! Events, both ways: as a request has them, and as the log shows them.

use std::collections::BTreeMap;

use super::{
    attempt, build_status, check_kind, check_status, code, deployment_status, given_attempt,
    metadata::{metadata, object},
    micros, timestamp,
};
use crate::{
    domain::event::{Event, RawEvent},
    pb,
};

impl From<pb::VersionEvent> for RawEvent {
    fn from(e: pb::VersionEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            status: build_status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.built_by,
            by_name: e.built_by_name,
            by_email: e.built_by_email,
            source_system: e.source_system,
            scm_repository: e.scm_repository,
            scm_branch: e.scm_branch,
            scm_sha: e.scm_sha,
            build_number: e.build_number,
            build_url: e.build_url,
            error_message: e.error_message,
            error_code: e.error_code,
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

impl From<pb::DeploymentEvent> for RawEvent {
    fn from(e: pb::DeploymentEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            environment_name: e.environment_name,
            instance: e.instance,
            status: deployment_status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.deployed_by,
            by_name: e.deployed_by_name,
            by_email: e.deployed_by_email,
            source_system: e.source_system,
            scm_repository: e.scm_repository,
            scm_branch: e.scm_branch,
            scm_sha: e.scm_sha,
            build_number: e.build_number,
            build_url: e.build_url,
            deploy_url: e.deploy_url,
            error_message: e.error_message,
            error_code: e.error_code,
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

impl From<pb::CheckEvent> for RawEvent {
    fn from(e: pb::CheckEvent) -> Self {
        Self {
            event_id: e.event_id,
            occurred_at_us: e.occurred_at.map(micros),
            product_name: e.product_name,
            version: e.version,
            environment_name: e.environment_name,
            check_name: e.check_name,
            check_kind: check_kind(e.kind),
            status: check_status(e.status),
            started_at_us: e.started_at.map(micros),
            completed_at_us: e.completed_at.map(micros),
            invoke_id: e.invoke_id,
            invoke_attempt: given_attempt(e.invoke_attempt),
            by: e.checked_by,
            by_name: e.checked_by_name,
            by_email: e.checked_by_email,
            source_system: e.source_system,
            scm_sha: e.scm_sha,
            url: e.url,
            summary: e.summary,
            counts: (!e.counts.is_empty())
                .then(|| Ok(e.counts.into_iter().collect::<BTreeMap<_, _>>())),
            expires_at_us: e.expires_at.map(micros),
            extra_metadata: e.extra_metadata.map(metadata),
            ..Self::default()
        }
    }
}

pub(super) fn version_event(e: Event) -> pb::VersionEvent {
    let d = e.details;
    pb::VersionEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        scm_sha: d.scm_sha.unwrap_or_default(),
        scm_repository: d.scm_repository.unwrap_or_default(),
        scm_branch: d.scm_branch.unwrap_or_default(),
        build_number: d.build_number.unwrap_or_default(),
        build_url: d.url.unwrap_or_default(),
        source_system: d.source_system.unwrap_or_default(),
        built_by: d.by.unwrap_or_default(),
        built_by_name: d.by_name.unwrap_or_default(),
        built_by_email: d.by_email.unwrap_or_default(),
        error_message: d.error_message.unwrap_or_default(),
        error_code: d.error_code.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(object),
    }
}

pub(super) fn deployment_event(e: Event) -> pb::DeploymentEvent {
    let d = e.details;
    pb::DeploymentEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        environment_name: e.environment_name.unwrap_or_default(),
        instance: e.instance,
        scm_sha: d.scm_sha.unwrap_or_default(),
        scm_repository: d.scm_repository.unwrap_or_default(),
        scm_branch: d.scm_branch.unwrap_or_default(),
        build_number: d.build_number.unwrap_or_default(),
        deploy_url: d.url.unwrap_or_default(),
        build_url: String::new(),
        source_system: d.source_system.unwrap_or_default(),
        deployed_by: d.by.unwrap_or_default(),
        deployed_by_name: d.by_name.unwrap_or_default(),
        deployed_by_email: d.by_email.unwrap_or_default(),
        error_message: d.error_message.unwrap_or_default(),
        error_code: d.error_code.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(object),
    }
}

pub(super) fn check_event(e: Event) -> pb::CheckEvent {
    let d = e.details;
    pb::CheckEvent {
        product_name: e.product_name,
        version: e.version.unwrap_or_default(),
        scm_sha: d.scm_sha.unwrap_or_default(),
        check_name: e.check_name.unwrap_or_default(),
        kind: d.check_kind.map_or(0, |kind| kind.code() as i32),
        status: code(e.status),
        event_id: e.event_id.unwrap_or_default(),
        occurred_at: e.occurred_at_us.map(timestamp),
        started_at: e.started_at_us.map(timestamp),
        completed_at: e.completed_at_us.map(timestamp),
        invoke_id: e.invoke_id.unwrap_or_default(),
        invoke_attempt: attempt(e.invoke_attempt),
        environment_name: e.environment_name.unwrap_or_default(),
        url: d.url.unwrap_or_default(),
        summary: d.summary.unwrap_or_default(),
        counts: d.counts.unwrap_or_default().into_iter().collect(),
        expires_at: d.expires_at_us.map(timestamp),
        checked_by: d.by.unwrap_or_default(),
        checked_by_name: d.by_name.unwrap_or_default(),
        checked_by_email: d.by_email.unwrap_or_default(),
        source_system: d.source_system.unwrap_or_default(),
        extra_metadata: d.extra_metadata.as_ref().map(object),
    }
}
