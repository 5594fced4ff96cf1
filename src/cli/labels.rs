//! The words and marks that people see for values of the contract, and the values that they type.

use super::{style::Style, table::Cell};
use crate::{
    domain::status::{CheckKind, Status},
    pb::{self, Words, log_entry::Content},
};

/// The word for a value, with spaces; empty if it is unspecified.
pub(super) fn label<W: Words>(number: i32) -> String {
    match (W::word(number), number) {
        (Some(word), _) => word.replace('_', " "),
        (None, 0) => String::new(),
        // The server may be newer than this program.
        (None, number) => format!("number {number}"),
    }
}

/// A build's or deployment's status with its mark.
pub(super) fn status(number: i32, stale: bool) -> String {
    if stale {
        return Style::Open.paint("? stale");
    }
    let (mark, style) = match pb::BuildStatus::try_from(number) {
        Ok(pb::BuildStatus::Completed) => ("✓", Style::Good),
        Ok(pb::BuildStatus::Failed) => ("✗", Style::Bad),
        Ok(pb::BuildStatus::Started) => ("→", Style::Open),
        Ok(pb::BuildStatus::Aborted) => ("–", Style::Faint),
        Ok(pb::BuildStatus::Pending) => ("·", Style::Faint),
        Ok(pb::BuildStatus::Unspecified) | Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::BuildStatus>(number)))
}

/// The status of a version's latest build with its mark.
pub(super) fn version_status(version: &pb::Version) -> String {
    match version.status {
        Some(number) => status(number, version.stale),
        None => Style::Faint.paint("not built"),
    }
}

/// A check's status with its mark.
pub(super) fn check_status(number: i32, stale: bool) -> String {
    if stale {
        return Style::Open.paint("? stale");
    }
    let (mark, style) = match pb::CheckStatus::try_from(number) {
        Ok(pb::CheckStatus::Passed) => ("✓", Style::Good),
        Ok(pb::CheckStatus::Failed) => ("✗", Style::Bad),
        Ok(pb::CheckStatus::Running) => ("→", Style::Open),
        Ok(pb::CheckStatus::Skipped) => ("–", Style::Faint),
        Ok(pb::CheckStatus::Queued) => ("·", Style::Faint),
        Ok(pb::CheckStatus::Unspecified) | Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::CheckStatus>(number)))
}

/// A verdict with its mark.
pub(super) fn readiness(number: i32) -> String {
    let (mark, style) = match pb::Readiness::try_from(number) {
        Ok(pb::Readiness::Ready) => ("✓", Style::Good),
        Ok(pb::Readiness::NotReady) => ("✗", Style::Bad),
        Ok(pb::Readiness::Unknown) => ("?", Style::Open),
        Ok(pb::Readiness::Unspecified) => return String::new(),
        Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::Readiness>(number)))
}

/// An entry of the event log.
pub(super) type LogEntry = pb::LogEntry;

/// What an entry of the event log is about.
#[derive(Default)]
pub(super) struct EventContent {
    /// The status with its mark.
    pub(super) status: String,
    pub(super) product: String,
    pub(super) version: String,
    /// The rest that distinguishes it from other events of the same version.
    pub(super) about: String,
}

/// The type of an entry in words.
pub(super) fn event_type(event: &LogEntry) -> String {
    label::<pb::EventType>(event.event_type)
}

pub(super) fn event_content(event: &LogEntry) -> EventContent {
    match event.content.clone() {
        Some(Content::VersionEvent(event)) => EventContent {
            status: status(event.status, false),
            about: run(&event.invoke_id, event.invoke_attempt),
            product: event.product_name,
            version: event.version,
        },
        Some(Content::DeploymentEvent(event)) => EventContent {
            status: status(event.status, false),
            about: joined(" ", [&event.environment_name, &event.instance]),
            product: event.product_name,
            version: event.version,
        },
        Some(Content::CheckEvent(event)) => EventContent {
            status: check_status(event.status, false),
            about: event.check_name,
            product: event.product_name,
            version: event.version,
        },
        Some(Content::Product(product)) => EventContent {
            product: product.name,
            ..EventContent::default()
        },
        Some(Content::Environment(environment)) => EventContent {
            about: environment.name,
            ..EventContent::default()
        },
        None => EventContent::default(),
    }
}

/// A CI run's id, with its attempt if that is not the first.
pub(super) fn run(invoke_id: &str, attempt: i32) -> String {
    match attempt {
        ..=1 => invoke_id.to_owned(),
        attempt => format!("{invoke_id} #{attempt}"),
    }
}

/// Why a condition is as it is: `unit: check failed`.
pub(super) fn reason(condition: &pb::Condition) -> String {
    let reason = label::<pb::ConditionReason>(condition.reason);
    match condition.check_name.as_str() {
        "" => reason,
        check => format!("{check}: {reason}"),
    }
}

/// So many characters of a commit are shown in lists.
const SHORT_SHA: usize = 12;

/// So many characters of a commit are shown on narrow terminals.
const SHORTEST_SHA: usize = 7;

/// A commit as a list shows it.
pub(super) fn commit(sha: &str) -> Cell {
    Cell::with_short(
        Style::Plain.paint(short_sha(sha)),
        Style::Plain.paint(first_characters(sha, SHORTEST_SHA)),
    )
}

/// The beginning of a commit, as long as lists show it.
pub(super) fn short_sha(sha: &str) -> &str {
    first_characters(sha, SHORT_SHA)
}

fn first_characters(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .map_or(text, |(end, _)| &text[..end])
}

/// The first text that is not empty.
pub(super) fn first_given<const TEXTS: usize>(texts: [&String; TEXTS]) -> &str {
    texts
        .into_iter()
        .find(|text| !text.is_empty())
        .map_or("", String::as_str)
}

/// The texts that are not empty, with a separator between them.
pub(super) fn joined<const TEXTS: usize>(separator: &str, texts: [&String; TEXTS]) -> String {
    let given: Vec<&str> = texts
        .into_iter()
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .collect();
    given.join(separator)
}

/// Parses the status of a build or deployment in any of its spellings.
pub(super) fn parse_status(text: &str) -> Result<pb::BuildStatus, String> {
    let status = Status::parse(text)?;
    Ok(match status {
        Status::Pending => pb::BuildStatus::Pending,
        Status::Started => pb::BuildStatus::Started,
        Status::Completed => pb::BuildStatus::Completed,
        Status::Failed => pb::BuildStatus::Failed,
        Status::Aborted => pb::BuildStatus::Aborted,
    })
}

/// Parses the status of a check in any of its spellings.
pub(super) fn parse_check_status(text: &str) -> Result<pb::CheckStatus, String> {
    let status = Status::parse_check(text)?;
    Ok(match status {
        Status::Pending => pb::CheckStatus::Queued,
        Status::Started => pb::CheckStatus::Running,
        Status::Completed => pb::CheckStatus::Passed,
        Status::Failed => pb::CheckStatus::Failed,
        Status::Aborted => pb::CheckStatus::Skipped,
    })
}

/// Parses the kind of a check.
pub(super) fn parse_check_kind(text: &str) -> Result<pb::CheckKind, String> {
    Ok(match CheckKind::parse(text)? {
        CheckKind::Test => pb::CheckKind::Test,
        CheckKind::SecurityScan => pb::CheckKind::SecurityScan,
        CheckKind::Approval => pb::CheckKind::Approval,
        CheckKind::Custom => pb::CheckKind::Custom,
    })
}

/// Parses the type of an environment.
pub(super) fn parse_environment_type(text: &str) -> Result<pb::EnvironmentType, String> {
    parse_word(text)
}

/// Parses the type of an entry of the event log.
pub(super) fn parse_event_type(text: &str) -> Result<pb::EventType, String> {
    parse_word(text)
}

/// Parses the word of a value.
fn parse_word<W: Words + TryFrom<i32>>(text: &str) -> Result<W, String> {
    let word = text.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    // 0 means unspecified and has no word; the others are without gaps.
    let words = (1..).map_while(|number| Some((number, W::word(number)?)));
    let found = words.clone().find(|(_, known)| *known == word);
    let value = found.and_then(|(number, _)| W::try_from(number).ok());
    value.ok_or_else(|| {
        let words: Vec<&str> = words.map(|(_, known)| known).collect();
        format!("must be one of: {}", words.join(", "))
    })
}
