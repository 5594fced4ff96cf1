//! The sender's own metadata: a JSON object, stored as the text that was sent (R10).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::rules::{limit, version_event};

/// The largest size of an object as JSON without insignificant white space, alone or merged.
pub const MAX_BYTES: usize = limit(version_event::EXTRA_METADATA.max_bytes);
/// The deepest nesting. The object itself is level 1.
pub const MAX_LEVELS: usize = limit(version_event::EXTRA_METADATA.max_levels);

/// A JSON object: compact, its own keys in byte order, everything inside the
/// values as it was sent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Box<RawValue>);

type Fields = BTreeMap<String, Box<RawValue>>;

impl Metadata {
    /// Parses an object. The error says what is allowed.
    pub fn parse(json: &str) -> Result<Self, String> {
        let compact = compact(json)?;
        if compact.len() > MAX_BYTES {
            return Err(too_large("", compact.len()));
        }
        let malformed = |error: serde_json::Error| format!("must be a JSON object: {error}");
        // Numbers beyond a double and lone surrogates are valid JSON, but gRPC cannot
        // return them.
        let value: serde_json::Value = serde_json::from_str(&compact).map_err(malformed)?;
        if !value.is_object() {
            return Err("must be a JSON object".to_owned());
        }
        let fields: Fields = serde_json::from_str(&compact).map_err(malformed)?;
        Ok(Self::from_fields(&fields))
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// A copy of the JSON text, known to be JSON.
    pub fn to_raw(&self) -> Box<RawValue> {
        self.0.clone()
    }

    pub fn is_empty(&self) -> bool {
        self.as_json() == "{}"
    }

    /// The whole number of a key, written as a number or as text.
    pub fn whole_number(&self, key: &str) -> Option<i64> {
        if !self.as_json().contains(key) {
            return None;
        }
        let fields = self.fields();
        let raw = fields.get(key)?.get();
        raw.trim_matches('"').trim().parse().ok()
    }

    /// Adds every key of a later object. It replaces keys of the same name.
    pub fn merge(&mut self, later: &Self) {
        let mut fields = self.fields();
        fields.extend(later.fields());
        *self = Self::from_fields(&fields);
    }

    /// The description of the violation, if merging has made it too large.
    pub fn oversize(&self) -> Option<String> {
        let length = self.as_json().len();
        (length > MAX_BYTES)
            .then(|| too_large(" when merged with the metadata of the other events", length))
    }

    fn fields(&self) -> Fields {
        serde_json::from_str(self.as_json()).unwrap_or_default()
    }

    fn from_fields(fields: &Fields) -> Self {
        // Writing strings and raw JSON to memory has no way to fail.
        Self(serde_json::value::to_raw_value(fields).unwrap_or_default())
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl Eq for Metadata {}

fn too_large(when: &str, bytes: usize) -> String {
    format!("must have at most {MAX_BYTES} bytes as JSON{when} (has {bytes})")
}

/// The description of an object that is nested more deeply than [`MAX_LEVELS`].
pub fn too_deep() -> String {
    format!("must have at most {MAX_LEVELS} levels of nesting")
}

/// Drops white space outside strings and counts levels, before anything recurses.
fn compact(json: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(json.len());
    let (mut levels, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
        } else {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' => continue,
                b'"' => in_string = true,
                b'{' | b'[' => {
                    levels += 1;
                    if levels > MAX_LEVELS {
                        return Err(too_deep());
                    }
                }
                b'}' | b']' => levels = levels.saturating_sub(1),
                _ => {}
            }
        }
        out.push(byte);
    }
    // Only ASCII characters were left out.
    String::from_utf8(out).map_err(|_| "must be UTF-8 text".to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn r10_values_come_back_as_they_were_sent() {
        let sent = r#" {"n": 180, "f":180.0, "big":123456789012345678901234567890,
            "e": 1e5, "s":"a \" \\ b\u0041 ", "list":[3, 1,{"z":1,"a":2}], "é":"ü"} "#;
        let expected = r#"{"big":123456789012345678901234567890,"e":1e5,"f":180.0,"list":[3,1,{"z":1,"a":2}],"n":180,"s":"a \" \\ b\u0041 ","é":"ü"}"#;
        assert_eq!(Metadata::parse(sent).unwrap().as_json(), expected);
    }

    #[test]
    fn r10_merges_key_by_key_and_the_later_one_wins() {
        let mut first = Metadata::parse(r#"{"a":1,"b":{"x":1}}"#).unwrap();
        first.merge(&Metadata::parse(r#"{"b":{"y":2},"c":null}"#).unwrap());
        assert_eq!(first.as_json(), r#"{"a":1,"b":{"y":2},"c":null}"#);
    }

    #[test]
    fn r10_limits() {
        let nested = |levels: usize| {
            format!(
                "{}{}",
                r#"{"a":"#.repeat(levels - 1) + "{}",
                "}".repeat(levels - 1)
            )
        };
        assert!(Metadata::parse(&nested(16)).is_ok());
        assert!(
            Metadata::parse(&nested(17))
                .unwrap_err()
                .contains("16 levels")
        );
        assert!(Metadata::parse(&nested(100_000)).is_err());
        let sized = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8));
        assert!(Metadata::parse(&sized(MAX_BYTES)).is_ok());
        assert!(
            Metadata::parse(&sized(MAX_BYTES + 1))
                .unwrap_err()
                .contains("102400")
        );
        let mut merged = Metadata::parse(&sized(MAX_BYTES)).unwrap();
        assert_eq!(merged.oversize(), None);
        merged.merge(&Metadata::parse(r#"{"b":1}"#).unwrap());
        assert!(merged.oversize().is_some());
    }

    #[test]
    fn r10_only_an_object_is_accepted() {
        for bad in [
            "",
            "[]",
            "1",
            "null",
            "{",
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            "{} {}",
        ] {
            assert!(Metadata::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_whole_number_may_be_text() {
        let given = Metadata::parse(r#"{"vi_gh_run_attempt":"2","n":3,"x":"y"}"#).unwrap();
        assert_eq!(given.whole_number("vi_gh_run_attempt"), Some(2));
        assert_eq!(given.whole_number("n"), Some(3));
        assert_eq!(given.whole_number("x"), None);
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in ".*") {
            let _ = Metadata::parse(&text);
        }
    }
}
