//! The id of an event that has none: made from its content, so it is the same whenever the event is sent.

use std::collections::BTreeMap;

use serde_json::{Value, value::RawValue};
use sha2::{Digest, Sha256};

/// An id for the event of this type and body (JSON both): `import-` and 32 hex digits of the SHA-256
/// of their canonical JSON. It does not depend on white space, the order of keys or the escapes in
/// texts; numbers count as they are written. It must never change: otherwise a file that is sent again
/// is recorded again.
pub(super) fn derived_id(event_type: &str, body: &str) -> String {
    let mut json = r#"{"body":"#.to_owned();
    canonical(body, 1, &mut json);
    json.push_str(r#","type":"#);
    canonical(event_type, 1, &mut json);
    json.push('}');
    let hash: String = Sha256::digest(json)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("import-{hash}")
}

/// Deeper values count as they are written: reading them could exhaust the stack.
const MAX_LEVELS: usize = 128;

/// Appends the canonical form of a value. Text that is not Unicode counts as it is written.
fn canonical(json: &str, level: usize, out: &mut String) {
    let as_written = |out: &mut String| out.push_str(json);
    match json.bytes().next() {
        Some(b'{') if level <= MAX_LEVELS => {
            let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
                return as_written(out);
            };
            out.push('{');
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_text(name, out);
                out.push(':');
                canonical(value.get(), level + 1, out);
            }
            out.push('}');
        }
        Some(b'[') if level <= MAX_LEVELS => {
            let Ok(values) = serde_json::from_str::<Vec<&RawValue>>(json) else {
                return as_written(out);
            };
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                canonical(value.get(), level + 1, out);
            }
            out.push(']');
        }
        Some(b'"') => match serde_json::from_str::<String>(json) {
            Ok(text) => push_text(&text, out),
            Err(_) => as_written(out),
        },
        _ => as_written(out),
    }
}

fn push_text(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = r#""version_event""#;

    fn id(body: &str) -> String {
        derived_id(KIND, body)
    }

    #[test]
    fn r7_the_id_never_changes_over_releases() {
        // As printf '{"body":{"a":[1,2.50,[],{}],"b":"é"},"type":"version_event"}' | sha256sum has it.
        assert_eq!(
            id(r#"{"a":[1,2.50,[],{}],"b":"é"}"#),
            "import-8bcab533fbbf01f7db00d673c2abc072"
        );
    }

    #[test]
    fn r7_white_space_order_of_keys_and_escapes_do_not_count() {
        let plain = id(r#"{"a":{"x":1,"y":[1,2]},"b":"é/"}"#);
        assert_eq!(id(r#"{"b":"\u00e9\/","a":{"y":[1,2],"x":1}}"#), plain);
        assert_eq!(
            id("{ \"a\" : {\t\"x\":1,\"y\":[ 1 , 2 ] },\"b\":\"é/\" }"),
            plain
        );
    }

    #[test]
    fn r7_other_content_has_another_id() {
        let mut ids: Vec<String> = [
            r#"{"a":[1,2]}"#,
            r#"{"a":[2,1]}"#,
            r#"{"a":["1",2]}"#,
            r#"{"a":[1,2.0]}"#,
            r#"{"a":[12]}"#,
            r#"{"b":[1,2]}"#,
            r#"{"a":[1,2],"b":null}"#,
        ]
        .map(id)
        .into();
        ids.push(derived_id(r#""check_event""#, r#"{"a":[1,2]}"#));
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn what_is_too_deep_or_not_unicode_counts_as_it_is_written() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |inner: &str| open.repeat(50_000) + inner + &close.repeat(50_000);
            assert_eq!(id(&nested("1")), id(&nested("1")));
            assert_ne!(id(&nested("1")), id(&nested("2")));
        }
        assert_ne!(id(r#"{"a":"\ud800"}"#), id(r#"{"a":"\ud801"}"#));
    }
}
