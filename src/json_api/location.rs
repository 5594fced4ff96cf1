//! Where the fields of a request stand: which part of it an error about a field names.

use serde_json::{Value, json};

use crate::{domain::violation::Violation, json_input::Presence};

/// Where the fields stand that a service names.
#[derive(Clone, Copy)]
pub(super) struct FieldLocations<'a> {
    /// Where the fields stand that are not in the path: `query` or `body`.
    pub(super) rest: &'static str,
    /// The fields that the path gives.
    pub(super) path: &'a [&'a str],
    /// Added to an error about the path: the other way to say what is meant.
    pub(super) path_hint: &'static str,
    /// A message of the request whose fields are the body's own.
    pub(super) below: Option<&'a str>,
    /// Whether the header `Idempotency-Key` gave the event's id.
    pub(super) id_by_header: bool,
    /// Which fields the request gives, if that is known.
    pub(super) presence: Option<&'a Presence>,
}

impl FieldLocations<'_> {
    /// Fields of a body that is the event itself.
    pub(super) const BODY: Self = Self {
        rest: "body",
        path: &[],
        path_hint: "",
        below: None,
        id_by_header: false,
        presence: None,
    };

    /// The entries of `detail`.
    pub(super) fn entries(&self, violations: &[Violation]) -> Vec<Value> {
        violations.iter().map(|v| self.entry(v)).collect()
    }

    fn entry(&self, Violation { field, description }: &Violation) -> Value {
        if self.path.contains(&field.as_str()) {
            let hint = self.path_hint;
            return entry(&["path", "id"], &format!("id {description}{hint}"), INVALID);
        }
        let field = match self.below {
            Some(below) => field
                .strip_prefix(below)
                .and_then(|rest| rest.strip_prefix('.'))
                .unwrap_or(field),
            None => field,
        };
        if self.id_by_header && field == "event_id" {
            const HEADER: &str = "Idempotency-Key";
            let message = format!("{HEADER} {description}");
            return entry(&["header", HEADER], &message, INVALID);
        }
        let mut location = vec![json!(self.rest)];
        location.extend(segments(field));
        let name = if field.is_empty() { self.rest } else { field };
        json!({
            "loc": location,
            "msg": format!("{name} {description}"),
            "type": self.type_of_error(field),
        })
    }

    /// The `type` of an error, for programs: the field is missing, has the wrong JSON type, or has a wrong value.
    fn type_of_error(&self, field: &str) -> &'static str {
        let Some(presence) = self.presence else {
            return INVALID;
        };
        if presence.wrong_type.iter().any(|path| path == field) {
            "type_error"
        } else if presence.is_missing(field) {
            "missing"
        } else {
            INVALID
        }
    }
}

const INVALID: &str = "value_error";

/// One entry of `detail`.
pub(super) fn entry(location: &[&str], message: &str, type_of_error: &str) -> Value {
    json!({"loc": location, "msg": message, "type": type_of_error})
}

/// The parts of a field's path: of `aliases[2]` they are `aliases` and 2.
fn segments(field: &str) -> impl Iterator<Item = Value> {
    let parts = field.split(['.', '[']).filter(|part| !part.is_empty());
    parts.map(|part| {
        let index = part
            .strip_suffix(']')
            .and_then(|index| index.parse::<u64>().ok());
        index.map_or_else(|| json!(part), |index| json!(index))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_where_the_field_stands() {
        let mut presence = Presence::of("CheckEvent");
        presence.wrong_type.push("aliases[2]".to_owned());
        let locations = FieldLocations {
            path: &["id", "name"],
            path_hint: "; or so",
            below: Some("product"),
            presence: Some(&presence),
            ..FieldLocations::BODY
        };
        let entry = |field: &str| {
            let violation = Violation {
                field: field.to_owned(),
                description: "is wrong".to_owned(),
            };
            locations.entries(&[violation])[0].to_string()
        };
        assert_eq!(
            entry("product.aliases[2]"),
            r#"{"loc":["body","aliases",2],"msg":"aliases[2] is wrong","type":"type_error"}"#
        );
        assert_eq!(
            entry("product.name"),
            r#"{"loc":["body","name"],"msg":"name is wrong","type":"value_error"}"#
        );
        assert_eq!(
            entry("name"),
            r#"{"loc":["path","id"],"msg":"id is wrong; or so","type":"value_error"}"#
        );
        assert_eq!(
            entry("product.version"),
            r#"{"loc":["body","version"],"msg":"version is wrong","type":"missing"}"#
        );
    }
}
