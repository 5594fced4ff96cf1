//! A line of an event file, as a message of the contract. Looks at the form of each field only; what
//! is required and what fits is for the server to say.

use crate::{
    domain::{
        status::{CheckKind, Status},
        violation::Violation,
    },
    pb::{self, event_submission::Event},
};

use super::{derived_id::derived_id, fields::Fields};

/// Reads a line. The error says what is wrong with it, every field of it at once.
pub(super) fn submission(line: &[u8]) -> Result<pb::EventSubmission, String> {
    let line = str::from_utf8(line).map_err(|_| "the line is no UTF-8 text")?;
    let mut line = Fields::parse("", line).map_err(|fault| format!("the line {fault}"))?;
    let kind = line.text("type");
    let kind_json = line.json("type").unwrap_or_default();
    let body_json = line.json("body");
    line.finish(()).map_err(in_words)?;

    let body_json = body_json.ok_or("body is required")?;
    let mut body = Fields::parse("body", body_json).map_err(|fault| format!("body {fault}"))?;
    let event_id = body.text_or_made("event_id", || derived_id(kind_json, body_json));
    let event = match kind.as_str() {
        "version_event" => Event::VersionEvent(version_event(&mut body, event_id)),
        "deployment_event" => Event::DeploymentEvent(deployment_event(&mut body, event_id)),
        "check_event" => Event::CheckEvent(check_event(&mut body, event_id)),
        _ => {
            return Err("type is none of: version_event, deployment_event, check_event".to_owned());
        }
    };
    body.finish(pb::EventSubmission { event: Some(event) })
        .map_err(in_words)
}

fn version_event(body: &mut Fields, event_id: String) -> pb::VersionEvent {
    pb::VersionEvent {
        product_name: body.text("product_name"),
        version: body.text("version"),
        status: status(body),
        event_id,
        occurred_at: body.time("occurred_at"),
        started_at: body.time("started_at"),
        completed_at: body.time("completed_at"),
        invoke_id: body.text("invoke_id"),
        invoke_attempt: body.attempt("invoke_attempt"),
        scm_sha: body.text("scm_sha"),
        scm_repository: body.text("scm_repository"),
        scm_branch: body.text("scm_branch"),
        build_number: body.text("build_number"),
        build_url: body.text("build_url"),
        source_system: body.text("source_system"),
        built_by: body.text("built_by"),
        built_by_name: body.text("built_by_name"),
        built_by_email: body.text("built_by_email"),
        error_message: body.text("error_message"),
        error_code: body.text("error_code"),
        extra_metadata: body.object("extra_metadata"),
    }
}

fn deployment_event(body: &mut Fields, event_id: String) -> pb::DeploymentEvent {
    pb::DeploymentEvent {
        product_name: body.text("product_name"),
        version: body.text("version"),
        status: status(body),
        event_id,
        occurred_at: body.time("occurred_at"),
        started_at: body.time("started_at"),
        completed_at: body.time("completed_at"),
        invoke_id: body.text("invoke_id"),
        invoke_attempt: body.attempt("invoke_attempt"),
        environment_name: body.text("environment_name"),
        instance: body.text("instance"),
        scm_sha: body.text("scm_sha"),
        scm_repository: body.text("scm_repository"),
        scm_branch: body.text("scm_branch"),
        build_number: body.text("build_number"),
        deploy_url: body.text("deploy_url"),
        build_url: body.text("build_url"),
        source_system: body.text("source_system"),
        deployed_by: body.text("deployed_by"),
        deployed_by_name: body.text("deployed_by_name"),
        deployed_by_email: body.text("deployed_by_email"),
        error_message: body.text("error_message"),
        error_code: body.text("error_code"),
        extra_metadata: body.object("extra_metadata"),
    }
}

fn check_event(body: &mut Fields, event_id: String) -> pb::CheckEvent {
    pb::CheckEvent {
        product_name: body.text("product_name"),
        version: body.text("version"),
        scm_sha: body.text("scm_sha"),
        check_name: body.text("check_name"),
        kind: number(body.word("kind", CheckKind::parse).map(CheckKind::code)),
        status: number(body.word("status", Status::parse_check).map(Status::code)),
        event_id,
        occurred_at: body.time("occurred_at"),
        started_at: body.time("started_at"),
        completed_at: body.time("completed_at"),
        invoke_id: body.text("invoke_id"),
        invoke_attempt: body.attempt("invoke_attempt"),
        environment_name: body.text("environment_name"),
        url: body.text("url"),
        summary: body.text("summary"),
        counts: body.counts("counts"),
        expires_at: body.time("expires_at"),
        checked_by: body.text("checked_by"),
        checked_by_name: body.text("checked_by_name"),
        checked_by_email: body.text("checked_by_email"),
        source_system: body.text("source_system"),
        extra_metadata: body.object("extra_metadata"),
    }
}

fn status(body: &mut Fields) -> i32 {
    number(body.word("status", Status::parse).map(Status::code))
}

/// The contract's number of an enumeration's value; its 0 is "not given".
fn number(code: Option<i64>) -> i32 {
    code.unwrap_or_default() as i32
}

fn in_words(faults: Vec<Violation>) -> String {
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    faults.join("; ")
}

#[cfg(test)]
mod tests;
