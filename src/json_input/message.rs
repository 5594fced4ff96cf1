//! A raw event as the message of the contract that a client sends.

use prost_types::Timestamp;

use crate::{
    domain::event::{Given, RawEvent, Subject},
    pb::{self, event_submission::Event},
};

/// The message for an event. None: a field has no value that the message could hold, so checking the event fails.
pub(crate) fn to_message(subject: Subject, event: &RawEvent) -> Option<Event> {
    if !event.malformed.is_empty() {
        return None;
    }
    Some(match subject {
        Subject::Version => Event::VersionEvent(version_event(event)?),
        Subject::Deployment => Event::DeploymentEvent(deployment_event(event)?),
        Subject::Check => Event::CheckEvent(check_event(event)?),
    })
}

fn version_event(e: &RawEvent) -> Option<pb::VersionEvent> {
    Some(pb::VersionEvent {
        product_name: e.product_name.clone(),
        version: e.version.clone(),
        status: status(e)?,
        event_id: e.event_id.clone(),
        occurred_at: time(&e.occurred_at_us)?,
        started_at: time(&e.started_at_us)?,
        completed_at: time(&e.completed_at_us)?,
        invoke_id: e.invoke_id.clone(),
        invoke_attempt: attempt(e)?,
        scm_sha: e.scm_sha.clone(),
        scm_repository: e.scm_repository.clone(),
        scm_branch: e.scm_branch.clone(),
        build_number: e.build_number.clone(),
        build_url: e.build_url.clone(),
        source_system: e.source_system.clone(),
        built_by: e.by.clone(),
        built_by_name: e.by_name.clone(),
        built_by_email: e.by_email.clone(),
        error_message: e.error_message.clone(),
        error_code: e.error_code.clone(),
        extra_metadata: metadata(e)?,
    })
}

fn deployment_event(e: &RawEvent) -> Option<pb::DeploymentEvent> {
    Some(pb::DeploymentEvent {
        product_name: e.product_name.clone(),
        version: e.version.clone(),
        status: status(e)?,
        event_id: e.event_id.clone(),
        occurred_at: time(&e.occurred_at_us)?,
        started_at: time(&e.started_at_us)?,
        completed_at: time(&e.completed_at_us)?,
        invoke_id: e.invoke_id.clone(),
        invoke_attempt: attempt(e)?,
        environment_name: e.environment_name.clone(),
        instance: e.instance.clone(),
        scm_sha: e.scm_sha.clone(),
        scm_repository: e.scm_repository.clone(),
        scm_branch: e.scm_branch.clone(),
        build_number: e.build_number.clone(),
        deploy_url: e.deploy_url.clone(),
        build_url: e.build_url.clone(),
        source_system: e.source_system.clone(),
        deployed_by: e.by.clone(),
        deployed_by_name: e.by_name.clone(),
        deployed_by_email: e.by_email.clone(),
        error_message: e.error_message.clone(),
        error_code: e.error_code.clone(),
        extra_metadata: metadata(e)?,
    })
}

fn check_event(e: &RawEvent) -> Option<pb::CheckEvent> {
    Some(pb::CheckEvent {
        product_name: e.product_name.clone(),
        version: e.version.clone(),
        scm_sha: e.scm_sha.clone(),
        check_name: e.check_name.clone(),
        kind: value(&e.check_kind)?.map_or(0, |kind| kind.code() as i32),
        status: status(e)?,
        event_id: e.event_id.clone(),
        occurred_at: time(&e.occurred_at_us)?,
        started_at: time(&e.started_at_us)?,
        completed_at: time(&e.completed_at_us)?,
        invoke_id: e.invoke_id.clone(),
        invoke_attempt: attempt(e)?,
        environment_name: e.environment_name.clone(),
        url: e.url.clone(),
        summary: e.summary.clone(),
        counts: value(&e.counts)?
            .map(|counts| counts.clone().into_iter().collect())
            .unwrap_or_default(),
        expires_at: time(&e.expires_at_us)?,
        checked_by: e.by.clone(),
        checked_by_name: e.by_name.clone(),
        checked_by_email: e.by_email.clone(),
        source_system: e.source_system.clone(),
        extra_metadata: metadata(e)?,
    })
}

/// The value of a field; none if it is left out. None outside: it has no value.
fn value<T>(given: &Given<T>) -> Option<Option<&T>> {
    given.as_ref().map(Result::as_ref).transpose().ok()
}

fn status(e: &RawEvent) -> Option<i32> {
    Some(value(&e.status)?.map_or(0, |status| status.code() as i32))
}

fn time(at_us: &Given<i64>) -> Option<Option<Timestamp>> {
    Some(value(at_us)?.map(|at_us| Timestamp {
        seconds: at_us.div_euclid(1_000_000),
        nanos: (at_us.rem_euclid(1_000_000) * 1_000) as i32,
    }))
}

/// 0 in the message means that it is left out.
fn attempt(e: &RawEvent) -> Option<i32> {
    let Some(attempt) = value(&e.invoke_attempt)? else {
        return Some(0);
    };
    i32::try_from(*attempt).ok().filter(|attempt| *attempt > 0)
}

fn metadata(e: &RawEvent) -> Option<Option<pb::Object>> {
    let metadata = value(&e.extra_metadata)?;
    Some(metadata.map(|metadata| pb::Object::from_raw(metadata.to_raw())))
}
