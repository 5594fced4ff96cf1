//! Events as JSON: the fields of a body become what every event is before it is checked.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use serde_json::Value;
use serde_json::value::RawValue;

use super::body::Members;
use super::contract::CONTRACT;
use super::value::{at_us, whole, wrong_type};
use crate::domain::{
    event::{Given, RawEvent, Subject},
    metadata::Metadata,
    status::{CheckKind, Status},
    violation::Violation,
};

/// Gives the event's id where the body has none (R7).
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The message of the contract that has the fields of such an event.
pub(super) fn message_of(subject: Subject) -> &'static str {
    match subject {
        Subject::Version => "VersionEvent",
        Subject::Deployment => "DeploymentEvent",
        Subject::Check => "CheckEvent",
    }
}

/// Reads an event out of an object. What it has no field for is ignored; what is malformed is noted in it.
/// Fails where the text is no JSON object.
pub(super) fn read_event(json: &str, subject: Subject) -> Result<RawEvent, serde_json::Error> {
    let mut fields = Fields {
        members: Members::parse(json)?,
        subject,
        malformed: Vec::new(),
    };
    let f = &mut fields;
    let who = match subject {
        Subject::Version => ["built_by", "built_by_name", "built_by_email"],
        Subject::Deployment => ["deployed_by", "deployed_by_name", "deployed_by_email"],
        Subject::Check => ["checked_by", "checked_by_name", "checked_by_email"],
    };
    Ok(RawEvent {
        event_id: f.text("event_id"),
        occurred_at_us: f.word("occurred_at", at_us),
        product_name: f.text("product_name"),
        version: f.text("version"),
        environment_name: f.text("environment_name"),
        instance: f.text("instance"),
        check_name: f.text("check_name"),
        check_kind: f.word("kind", CheckKind::parse),
        status: match subject {
            Subject::Check => f.word("status", Status::parse_check),
            _ => f.word("status", Status::parse),
        },
        started_at_us: f.word("started_at", at_us),
        completed_at_us: f.word("completed_at", at_us),
        invoke_id: f.text("invoke_id"),
        invoke_attempt: f.whole("invoke_attempt"),
        by: f.text(who[0]),
        by_name: f.text(who[1]),
        by_email: f.text(who[2]),
        source_system: f.text("source_system"),
        scm_repository: f.text("scm_repository"),
        scm_branch: f.text("scm_branch"),
        scm_sha: f.text("scm_sha"),
        build_number: f.text("build_number"),
        build_url: f.text("build_url"),
        deploy_url: f.text("deploy_url"),
        url: f.text("url"),
        error_message: f.text("error_message"),
        error_code: f.text("error_code"),
        summary: f.text("summary"),
        counts: f.counts("counts"),
        expires_at_us: f.word("expires_at", at_us),
        extra_metadata: f.metadata("extra_metadata"),
        malformed: fields.malformed,
    })
}

/// Takes the event's id from the header where the body has none. Tells whether it did.
pub(super) fn take_id(event: &mut RawEvent, headers: &HeaderMap) -> bool {
    let is_given = !event.event_id.trim().is_empty()
        || event
            .malformed
            .iter()
            .any(|fault| fault.field == "event_id");
    let Some(key) = headers.get(IDEMPOTENCY_KEY).filter(|_| !is_given) else {
        return false;
    };
    match str::from_utf8(key.as_bytes()) {
        Ok(key) => key.clone_into(&mut event.event_id),
        Err(_) => event.malformed.push(Violation {
            field: "event_id".to_owned(),
            description: "is no UTF-8 text".to_owned(),
        }),
    }
    true
}

/// The members of a body, taken by the names of the fields that its sort of event has.
struct Fields<'a> {
    members: Members<'a>,
    subject: Subject,
    malformed: Vec<Violation>,
}

impl<'a> Fields<'a> {
    fn text(&mut self, name: &str) -> String {
        let Some(raw) = self.raw(name) else {
            return String::new();
        };
        match read_text(raw) {
            Ok(text) => text,
            Err(description) => {
                self.fault(name, description);
                String::new()
            }
        }
    }

    /// A text that stands for a value; an empty one counts as left out.
    fn word<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> Given<T> {
        match read_text(self.raw(name)?) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(parse(text.trim())),
            Err(description) => Some(Err(description)),
        }
    }

    fn whole(&mut self, name: &str) -> Given<i64> {
        Some(read_whole(self.raw(name)?))
    }

    fn counts(&mut self, name: &str) -> Given<BTreeMap<String, i64>> {
        let raw = self.raw(name)?;
        let Ok(counts) = serde_json::from_str::<BTreeMap<String, &RawValue>>(raw.get()) else {
            return Some(Err(other_than("an object of whole numbers", raw)));
        };
        let read = counts.into_iter().map(|(key, count)| {
            let count = read_whole(count).map_err(|why| {
                let key: String = key.chars().take(LONGEST_SHOWN).collect();
                format!("has under {key:?} what {why}")
            })?;
            Ok((key, count))
        });
        Some(read.collect())
    }

    fn metadata(&mut self, name: &str) -> Given<Metadata> {
        let raw = self.raw(name)?;
        Some(match raw.get().starts_with('{') {
            true => Metadata::parse(raw.get()),
            false => Err(other_than("an object", raw)),
        })
    }

    /// The value of a field; none where it is left out, null, or no field of such an event.
    fn raw(&mut self, name: &str) -> Option<&'a RawValue> {
        CONTRACT.message(message_of(self.subject)).field(name)?;
        let mut values = self.members.0.iter().filter(|(given, _)| given == name);
        let (_, raw) = *values.next()?;
        if values.next().is_some() {
            self.fault(name, "is given twice".to_owned());
            return None;
        }
        (raw.get() != "null").then_some(raw)
    }

    fn fault(&mut self, name: &str, description: String) {
        self.malformed.push(Violation {
            field: name.to_owned(),
            description,
        });
    }
}

/// The names of counts are shown up to here.
const LONGEST_SHOWN: usize = 64;

fn read_text(raw: &RawValue) -> Result<String, String> {
    match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).map_err(|error| format!("is no text: {error}")),
        false => Err(other_than("a text", raw)),
    }
}

fn read_whole(raw: &RawValue) -> Result<i64, String> {
    let number = serde_json::from_str::<serde_json::Number>(raw.get());
    let taken = || match number {
        Ok(_) => format!("is no whole number from {} to {}", i64::MIN, i64::MAX),
        Err(_) => other_than("a whole number", raw),
    };
    number.as_ref().ok().and_then(whole).ok_or_else(taken)
}

/// Says that a value is not what is taken. It is not read: it may be deep.
fn other_than(taken: &str, raw: &RawValue) -> String {
    let given = match raw.get().as_bytes() {
        [b'"', ..] => Value::String(String::new()),
        [b'{', ..] => Value::Object(serde_json::Map::new()),
        [b'[', ..] => Value::Array(Vec::new()),
        [b't' | b'f', ..] => Value::Bool(true),
        [b'n', ..] => Value::Null,
        _ => Value::from(0),
    };
    wrong_type(taken, &given)
}
