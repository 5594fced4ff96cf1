//! Reads events from JSON. The JSON face and `versioner import` share this reader, so both accept and reject the same.
//! Knows the contract and the domain; no HTTP and no file.

mod entry;
mod event;
mod ignored;
mod members;
mod message;
mod suggestion;
mod value;

pub(crate) use entry::{EVENT_TYPES, event_type_of, in_one_line, read_entry};
pub(crate) use event::read_event;
pub(crate) use ignored::{IgnoredField, IgnoredFields};
pub(crate) use members::Members;
pub(crate) use message::to_message;
pub(crate) use suggestion::suggest;
pub(crate) use value::{Presence, at_us, type_of, whole, wrong_type};

use crate::domain::event::Subject;

/// The message of the contract that has the fields of such an event.
pub(crate) fn message_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Version => "VersionEvent",
        Subject::Deployment => "DeploymentEvent",
        Subject::Check => "CheckEvent",
    }
}

#[cfg(test)]
mod tests;
