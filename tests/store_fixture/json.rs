//! JSON as text: numbers and metadata stay exactly as they were written. Knows which fields move.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Moments of the question, not of the store: only that there is one counts.
const NOW: [&str; 1] = ["evaluated_at"];
/// Opaque, and no promise beyond the version that made them: only that there is one counts.
const TOKENS: [&str; 1] = ["next_page_token"];
/// JSON that users sent: returned to the letter, so compared to the letter.
const VERBATIM: [&str; 1] = ["extra_metadata"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Object(BTreeMap<String, Json>),
    Array(Vec<Json>),
    /// Everything else, as it is written.
    Text(String),
}

impl Json {
    pub(crate) fn parse(text: &str) -> Self {
        let text = text.trim();
        match text.as_bytes().first() {
            Some(b'{') => {
                let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).expect("JSON");
                let fields = fields.into_iter().map(|(name, value)| {
                    let value = match VERBATIM.contains(&name.as_str()) {
                        true => Self::Text(value.get().to_owned()),
                        false => Self::parse(value.get()),
                    };
                    (name, value)
                });
                Self::Object(fields.collect())
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).expect("JSON");
                Self::Array(
                    items
                        .into_iter()
                        .map(|item| Self::parse(item.get()))
                        .collect(),
                )
            }
            _ => Self::Text(text.to_owned()),
        }
    }

    pub(crate) fn text(text: &str) -> Self {
        Self::Text(serde_json::to_string(text).expect("a text"))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(name),
            Self::Array(_) | Self::Text(_) => None,
        }
    }

    /// The text that this is; none: it is something else.
    pub(crate) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => serde_json::from_str(text).ok(),
            Self::Object(_) | Self::Array(_) => None,
        }
    }

    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::Array(items) => items,
            Self::Object(_) | Self::Text(_) => &[],
        }
    }

    /// The same with a fixed text in place of what is another each time.
    pub(crate) fn pinned(self) -> Self {
        match self {
            Self::Object(fields) => {
                let fields = fields.into_iter().map(|(name, value)| {
                    let is_text = value.as_text().is_some_and(|text| !text.is_empty());
                    let value = match name.as_str() {
                        name if is_text && NOW.contains(&name) => Self::text("(now)"),
                        name if is_text && TOKENS.contains(&name) => Self::text("(token)"),
                        _ => value.pinned(),
                    };
                    (name, value)
                });
                Self::Object(fields.collect())
            }
            Self::Array(items) => Self::Array(items.into_iter().map(Self::pinned).collect()),
            text @ Self::Text(_) => text,
        }
    }

    /// What is not as it was recorded. The contract only grows: an answer may have fields that the recorded one
    /// lacks.
    pub(crate) fn differences(&self, recorded: &Self, at: &str, found: &mut Vec<String>) {
        match (recorded, self) {
            (Self::Object(recorded), Self::Object(fields)) => {
                for (name, recorded) in recorded {
                    let at = format!("{at}.{name}");
                    match fields.get(name) {
                        Some(value) => value.differences(recorded, &at, found),
                        None => found.push(format!("{at} is missing")),
                    }
                }
            }
            (Self::Array(recorded), Self::Array(items)) if recorded.len() == items.len() => {
                for (nth, (recorded, item)) in recorded.iter().zip(items).enumerate() {
                    item.differences(recorded, &format!("{at}[{nth}]"), found);
                }
            }
            (recorded, value) if recorded == value => {}
            (recorded, value) => found.push(format!(
                "{at} is {}\n  recorded: {}",
                value.written(1),
                recorded.written(1)
            )),
        }
    }

    /// With a line for each field and item, so that differences can be read.
    pub(crate) fn written(&self, depth: usize) -> String {
        let lines: Vec<String> = match self {
            Self::Text(text) => return text.clone(),
            Self::Object(fields) => fields
                .iter()
                .map(|(name, value)| {
                    let name = serde_json::to_string(name).expect("a text");
                    format!("{name}: {}", value.written(depth + 1))
                })
                .collect(),
            Self::Array(items) => items.iter().map(|item| item.written(depth + 1)).collect(),
        };
        let (open, close) = match self {
            Self::Array(_) => ('[', ']'),
            Self::Object(_) | Self::Text(_) => ('{', '}'),
        };
        if lines.is_empty() {
            return format!("{open}{close}");
        }
        let inner = format!("\n{}", " ".repeat(depth));
        let outer = format!("\n{}", " ".repeat(depth - 1));
        let lines = lines.join(&format!(",{inner}"));
        format!("{open}{inner}{lines}{outer}{close}")
    }
}

#[test]
fn an_answer_may_grow_and_nothing_else() {
    let recorded = Json::parse(r#"{"a": 1.50, "b": [{"c": null}], "extra_metadata": {"z": 1}}"#);
    let differences = |answer: &str| {
        let mut found = Vec::new();
        Json::parse(answer).differences(&recorded, "", &mut found);
        found.len()
    };
    assert_eq!(differences(&recorded.written(1)), 0);
    let grown = r#"{"a":1.50,"b":[{"c":null,"n":1}],"new":[],"extra_metadata":{"z": 1}}"#;
    assert_eq!(differences(grown), 0);
    for other in [
        r#"{"a":1.5,"b":[{"c":null}],"extra_metadata":{"z": 1}}"#,
        r#"{"b":[{"c":null}],"extra_metadata":{"z": 1}}"#,
        r#"{"a":1.50,"b":[{"c":null},{}],"extra_metadata":{"z": 1}}"#,
        r#"{"a":1.50,"b":[{"c":""}],"extra_metadata":{"z": 1}}"#,
        r#"{"a":1.50,"b":[{"c":null}],"extra_metadata":{"z": 1,"y":2}}"#,
        r#"{"a":1.50,"b":{"c":null},"extra_metadata":{"z": 1}}"#,
    ] {
        assert_eq!(differences(other), 1, "{other}");
    }
}
