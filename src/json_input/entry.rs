//! One of many events: its type under `type`, the event under `body`.

use serde_json::value::RawValue;

use super::{
    event::{EventBody, read_event},
    members::Members,
    value::type_of,
};
use crate::domain::{event::Subject, violation::Violation};

/// The types of events by the names that entries have for them.
pub(crate) const EVENT_TYPES: [(&str, Subject); 3] = [
    ("version_event", Subject::Version),
    ("deployment_event", Subject::Deployment),
    ("check_event", Subject::Check),
];

/// The name that entries have for a type of event.
pub(crate) fn event_type_of(subject: Subject) -> &'static str {
    let found = EVENT_TYPES.iter().find(|(_, known)| *known == subject);
    found.map_or("", |(name, _)| name)
}

/// An entry: an event with its type.
pub(crate) struct Entry<'a> {
    pub(crate) subject: Subject,
    /// The type as JSON.
    pub(crate) type_json: &'a str,
    /// The event as JSON.
    pub(crate) body_json: &'a str,
    pub(crate) body: EventBody,
}

/// Reads an entry. Other members of it are ignored. The error names everything that is wrong with the entry itself;
/// the event in it may be malformed too.
pub(crate) fn read_entry(json: &str) -> Result<Entry<'_>, Vec<Violation>> {
    let members = Members::parse(json).map_err(|why| vec![violation("", in_one_line(&why))])?;
    let event_type =
        required(&members, "type", &names()).and_then(|raw| Ok((raw, subject_of(raw)?)));
    let body = required(&members, "body", "the event as an object");
    match (event_type, body) {
        (Ok((event_type, subject)), Ok(body)) => {
            let event = read_event(body.get(), subject)
                .map_err(|why| vec![violation("body", in_one_line(&why))])?;
            Ok(Entry {
                subject,
                type_json: event_type.get(),
                body_json: body.get(),
                body: event,
            })
        }
        (event_type, body) => Err(event_type.err().into_iter().chain(body.err()).collect()),
    }
}

/// An error of a text of one line, without the number of the line.
pub(crate) fn in_one_line(why: &str) -> String {
    why.replace(" at line 1 column ", " at column ")
}

fn required<'a>(
    members: &Members<'a>,
    name: &str,
    expected: &str,
) -> Result<&'a RawValue, Violation> {
    let raw = members.get(name).map_err(|why| violation(name, why))?;
    raw.filter(|raw| raw.get() != "null")
        .ok_or_else(|| violation(name, format!("is required: {expected}")))
}

fn subject_of(raw: &RawValue) -> Result<Subject, Violation> {
    let Ok(name) = serde_json::from_str::<String>(raw.get()) else {
        let given = type_of(raw);
        return Err(violation("type", format!("must be a string, not {given}")));
    };
    let found = EVENT_TYPES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, subject)| *subject)
        .ok_or_else(|| violation("type", format!("must be one of {}", names())))
}

fn names() -> String {
    EVENT_TYPES.map(|(name, _)| name).join(", ")
}

fn violation(field: &str, description: String) -> Violation {
    Violation {
        field: field.to_owned(),
        description,
    }
}
