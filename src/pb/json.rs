//! How fields of the contract are written as JSON: enums as words, times as RFC 3339, empty texts as null.
//! Derived code names these functions; `build/json.rs` chooses them.

use std::collections::{BTreeMap, HashMap};

use prost_types::{Duration, Timestamp};
use serde::{Serialize, Serializer};

/// An enum of the contract, by the words that JSON has for its numbers.
pub trait Words {
    /// The word of a number; none for 0, which means that nothing is given.
    fn word(number: i32) -> Option<&'static str>;
}

pub(super) fn word<W: Words, S: Serializer>(number: &i32, to: S) -> Result<S::Ok, S::Error> {
    W::word(*number).serialize(to)
}

pub(super) fn optional_word<W: Words, S: Serializer>(
    number: &Option<i32>,
    to: S,
) -> Result<S::Ok, S::Error> {
    number.and_then(W::word).serialize(to)
}

pub(super) fn words<W: Words, S: Serializer>(numbers: &[i32], to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(numbers.iter().map(|number| W::word(*number)))
}

pub(super) fn text<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    (!text.is_empty()).then_some(text).serialize(to)
}

pub(super) fn time<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.collect_str(at),
        None => to.serialize_none(),
    }
}

/// A number of seconds, with a fraction where there is one.
pub(super) fn seconds<S: Serializer>(
    duration: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match duration {
        Some(Duration { seconds, nanos: 0 }) => to.serialize_i64(*seconds),
        Some(Duration { seconds, nanos }) => {
            to.serialize_f64(*seconds as f64 + f64::from(*nanos) / 1e9)
        }
        None => to.serialize_none(),
    }
}

/// A map in the order of its keys, so that an answer is the same each time.
pub(super) fn sorted<K: Serialize + Ord, V: Serialize, S: Serializer>(
    map: &HashMap<K, V>,
    to: S,
) -> Result<S::Ok, S::Error> {
    map.iter().collect::<BTreeMap<_, _>>().serialize(to)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::pb;

    #[test]
    fn messages_are_written_flat_with_words_and_times() {
        let check = pb::Check {
            id: "i".into(),
            status: pb::CheckStatus::Passed.into(),
            kind: pb::CheckKind::SecurityScan.into(),
            counts: [("b".to_owned(), 2), ("a".to_owned(), 1)].into(),
            created_at: Some("2026-01-02T03:04:05.678900Z".parse().unwrap()),
            completed_at: Some("2026-01-02T03:04:05Z".parse().unwrap()),
            ..pb::Check::default()
        };
        let text = serde_json::to_string(&pb::GetCheckResponse { check: Some(check) }).unwrap();
        assert!(
            text.starts_with(r#"{"id":"i","product_name":null,"#),
            "{text}"
        );
        assert!(
            text.contains(r#""counts":{"a":1,"b":2},"expires_at":null"#),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["status"], json!("passed"));
        assert_eq!(json["kind"], json!("security_scan"));
        assert_eq!(json["created_at"], json!("2026-01-02T03:04:05.678900Z"));
        assert_eq!(json["completed_at"], json!("2026-01-02T03:04:05Z"));
        assert_eq!(json["extra_metadata"], json!(null));
        assert_eq!(json.as_object().unwrap().len(), 26);
    }

    #[test]
    fn a_log_entry_shows_its_content_by_the_name_of_its_type() {
        let entry = pb::LogEntry {
            event_type: pb::EventType::VersionEvent.into(),
            content: Some(pb::log_entry::Content::VersionEvent(
                pb::VersionEvent::default(),
            )),
            ..pb::LogEntry::default()
        };
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!(json["event_type"], json!("version_event"));
        assert_eq!(json["version_event"]["status"], json!(null));
        assert!(json.get("content").is_none());
    }
}
