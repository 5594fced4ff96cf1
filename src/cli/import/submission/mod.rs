//! A line of an event file, as a message of the contract. Only the form of each field is checked here; the server
//! decides what is required and what is allowed.

use super::derived_id::derived_id;
use crate::{
    domain::violation::Violation,
    json_input::{IgnoredFields, event_type_of, in_one_line, read_entry, to_message},
    pb,
};

/// What a line says.
pub(super) struct Submission {
    /// The event, or everything that is wrong with the line.
    pub(super) event: Result<pb::EventSubmission, String>,
    /// The fields that were ignored, and the name of the type of event that does not have them.
    pub(super) ignored_fields: IgnoredFields,
    pub(super) event_type: &'static str,
}

impl Submission {
    /// A line that has no event.
    pub(super) fn rejected(why: String) -> Self {
        Self {
            event: Err(why),
            ignored_fields: IgnoredFields::default(),
            event_type: "",
        }
    }
}

/// Reads a line.
pub(super) fn submission(line: &[u8]) -> Submission {
    let Ok(line) = str::from_utf8(line) else {
        return Submission::rejected("the line must be UTF-8 text".to_owned());
    };
    let mut entry = match read_entry(line) {
        Ok(entry) => entry,
        Err(violations) => return Submission::rejected(in_words(&violations)),
    };
    let event = &mut entry.body.event;
    if event.event_id.trim().is_empty() {
        event.event_id = derived_id(entry.type_json, entry.body_json);
    }
    let message = to_message(entry.subject, event);
    let event = match message {
        Some(event) => Ok(pb::EventSubmission { event: Some(event) }),
        None => {
            // The server's clock decides which times lie in the future.
            let parsed = entry.body.event.parse(entry.subject, "body", i64::MAX);
            let violations = parsed.err().unwrap_or_default();
            Err(in_words(&violations))
        }
    };
    Submission {
        event,
        ignored_fields: entry.body.ignored_fields,
        event_type: event_type_of(entry.subject),
    }
}

fn in_words(violations: &[Violation]) -> String {
    let violations: Vec<String> = violations
        .iter()
        .map(|violation| match violation.field.as_str() {
            "" => format!("the line {}", violation.description),
            _ => in_one_line(&violation.to_string()),
        })
        .collect();
    violations.join("; ")
}

#[cfg(test)]
mod tests;
