//! The id of an event that has none: made from its content, so that it is the same whenever it is sent.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// An id for the event of this type and body (JSON both): `import-` and 32 hex digits of the SHA-256
/// of their canonical JSON. It does not depend on white space, the order of keys or the escapes in
/// texts; numbers count as they are written. It must never change, or a file sent again is recorded
/// again.
pub(super) fn derived_id(kind: &str, body: &str) -> Result<String, String> {
    let mut json = r#"{"body":"#.to_owned();
    canonical(body, 1, &mut json)?;
    json.push_str(r#","type":"#);
    canonical(kind, 1, &mut json)?;
    json.push('}');
    let hash: String = Sha256::digest(json)
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("import-{hash}"))
}

/// As deep as serde_json reads; a deeper one could exhaust the stack.
const MAX_LEVELS: usize = 128;

fn canonical(json: &str, level: usize, out: &mut String) -> Result<(), String> {
    if level > MAX_LEVELS {
        return Err(format!("is nested deeper than {MAX_LEVELS} levels"));
    }
    let unreadable = |error: serde_json::Error| format!("is no JSON: {error}");
    match json.bytes().next() {
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> =
                serde_json::from_str(json).map_err(unreadable)?;
            for (at, (name, value)) in fields.iter().enumerate() {
                out.push(if at == 0 { '{' } else { ',' });
                out.push_str(&serde_json::to_string(name).map_err(unreadable)?);
                out.push(':');
                canonical(value.get(), level + 1, out)?;
            }
            out.push_str(if fields.is_empty() { "{}" } else { "}" });
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(json).map_err(unreadable)?;
            for (at, value) in values.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                canonical(value.get(), level + 1, out)?;
            }
            out.push_str(if values.is_empty() { "[]" } else { "]" });
        }
        Some(b'"') => {
            let text: String = serde_json::from_str(json).map_err(unreadable)?;
            out.push_str(&serde_json::to_string(&text).map_err(unreadable)?);
        }
        _ => out.push_str(json),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = r#""version_event""#;

    fn id(body: &str) -> String {
        derived_id(KIND, body).unwrap()
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
        ids.push(derived_id(r#""check_event""#, r#"{"a":[1,2]}"#).unwrap());
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn nesting_is_refused_before_it_exhausts_the_stack() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |levels| open.repeat(levels) + "1" + &close.repeat(levels);
            assert!(derived_id(KIND, &nested(100)).is_ok());
            let error = derived_id(KIND, &nested(50_000)).unwrap_err();
            assert!(error.contains("128 levels"), "{error}");
        }
    }
}
