//! Schemas of texts and numbers, by the rules of their fields.

use serde_json::{Value, json};

use crate::domain::rules::FieldRules;

/// No control characters.
const ALLOWED: &str = r"[^\u0000-\u001f\u007f-\u009f]";
/// Neither control characters nor white space.
const SOLID: &str = r"[^\s\u0000-\u001f\u007f-\u009f]";
/// No control characters but tabs and line breaks.
const MULTILINE: &str = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]";

/// The years of all times that requests have.
pub(super) const SINCE_1970: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-";

/// A text that may be left out: an empty one counts as left out.
pub(super) fn optional(rules: &FieldRules) -> Value {
    text(rules, rules.min_characters.unwrap_or(0))
}

/// A text that something must have.
pub(super) fn required(rules: &FieldRules) -> Value {
    text(rules, rules.min_characters.unwrap_or(1))
}

fn text(rules: &FieldRules, least: usize) -> Value {
    if rules.id_of.is_some() {
        return json!({"type": "string", "format": "uuid"});
    }
    let pattern = match least {
        _ if rules.multiline => format!("^{MULTILINE}*$"),
        0 => format!("^{ALLOWED}*$"),
        1 => format!("^{ALLOWED}*{SOLID}{ALLOWED}*$"),
        // White space around the text does not count.
        _ => format!(
            "^{ALLOWED}*{SOLID}{ALLOWED}{{{},}}{SOLID}{ALLOWED}*$",
            least - 2
        ),
    };
    let mut schema = json!({"type": "string", "pattern": pattern});
    if least > 0 {
        schema["minLength"] = least.into();
    }
    if let Some(most) = rules.max_characters {
        schema["maxLength"] = most.into();
    }
    schema
}

/// A whole number. Without a rule, `least` and `most` are the limits.
pub(super) fn whole(rules: &FieldRules, least: Option<i64>, most: Option<i64>) -> Value {
    let mut schema = json!({"type": "integer"});
    if let Some(least) = rules.minimum.or(least) {
        schema["minimum"] = least.into();
    }
    if let Some(most) = rules.maximum.or(most) {
        schema["maximum"] = most.into();
    }
    schema
}

/// An array of values.
pub(super) fn array(rules: &FieldRules, items: Value) -> Value {
    let mut schema = json!({"type": "array", "items": items});
    if let Some(least) = rules.min_items {
        schema["minItems"] = least.into();
    }
    if let Some(most) = rules.max_items {
        schema["maxItems"] = most.into();
    }
    schema
}

/// An object of values under names that the sender chooses.
pub(super) fn map(rules: &FieldRules, value: Value) -> Value {
    let names = FieldRules {
        max_characters: rules.max_characters,
        ..FieldRules::NONE
    };
    let mut schema = json!({
        "type": "object",
        "propertyNames": required(&names),
        "additionalProperties": value,
    });
    if let Some(most) = rules.max_items {
        schema["maxProperties"] = most.into();
    }
    schema
}
