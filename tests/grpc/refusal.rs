//! How an error reads: its code, its reason, its message and every detail, a line each.

use std::collections::BTreeMap;

use tonic::{Code, Status};
use tonic_types::StatusExt;
use versioner::pb;

/// Compares with an inline snapshot; a story on two engines comes by it twice.
macro_rules! assert_told {
    ($told:expr, @$snapshot:literal) => {{
        let told: &str = &$told;
        insta::allow_duplicates! { insta::assert_snapshot!(told, @$snapshot) }
    }};
}

/// The error that a call ended with.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    let status = answer.expect_err("a refusal");
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!(info.domain, "versioner.dev");
    let violations = details.bad_request().map(|bad| &bad.field_violations[..]);
    let violations = violations.unwrap_or_default().iter();
    let mut text = told(
        status.code(),
        &info.reason,
        status.message(),
        violations.map(|v| (v.field.as_str(), v.description.as_str())),
        &info.metadata.clone().into_iter().collect(),
    );
    if let Some(resource) = details.resource_info() {
        let (kind, name) = (&resource.resource_type, &resource.resource_name);
        text += &format!("\nresource: {kind} {name}");
    }
    if let Some(retry) = details.retry_info() {
        text += &format!("\nretry after: {:?}", retry.retry_delay);
    }
    text
}

/// The error of one event of a batch or stream.
pub(crate) fn event_refusal(result: &pb::SubmissionResult) -> String {
    let Some(pb::submission_result::Result::Error(error)) = &result.result else {
        panic!("no refusal: {result:?}");
    };
    let reason = error.reason().as_str_name();
    let violations = error.field_violations.iter();
    let mut text = told(
        Code::from_i32(error.code),
        reason.strip_prefix("ERROR_REASON_").expect("the prefix"),
        &error.message,
        violations.map(|v| (v.field.as_str(), v.description.as_str())),
        &error.metadata.clone().into_iter().collect(),
    );
    if let Some(retry) = &error.retry_after {
        text += &format!("\nretry after: {retry}");
    }
    text
}

/// The receipt of one event of a batch or stream.
pub(crate) fn receipt(result: &pb::SubmissionResult) -> &pb::EventReceipt {
    match &result.result {
        Some(pb::submission_result::Result::Receipt(receipt)) => receipt,
        other => panic!("no receipt: {other:?}"),
    }
}

/// A message that only strings the violations together is left out.
fn told<'a>(
    code: Code,
    reason: &str,
    message: &str,
    violations: impl Iterator<Item = (&'a str, &'a str)>,
    metadata: &BTreeMap<String, String>,
) -> String {
    let violations: Vec<String> = violations
        .map(|(field, description)| format!("{field} {description}"))
        .collect();
    let mut lines = vec![format!("{code:?} {reason}")];
    if violations.is_empty() || message != violations.join("; ") {
        lines.push(format!("message: {message}"));
    }
    lines.extend(violations);
    lines.extend(
        metadata
            .iter()
            .map(|(key, value)| format!("{key}: {value}")),
    );
    lines.join("\n")
}
