//! The members of a JSON object. Knows no field.

use std::borrow::Cow;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::value::type_of;

/// The members of a JSON object in their order. A value is its text.
pub(crate) struct Members<'a>(pub(crate) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads the object that a text consists of. The error completes a sentence about the text.
    pub(crate) fn parse(text: &'a str) -> Result<Self, String> {
        let invalid = |error: serde_json::Error| format!("is not valid JSON: {error}");
        match text.trim_start().as_bytes() {
            [] => return Err("must be a JSON object (is empty)".to_owned()),
            [b'{', ..] => {}
            _ => {
                let value: &RawValue = serde_json::from_str(text).map_err(invalid)?;
                let given = type_of(value);
                return Err(format!("must be a JSON object, not {given}"));
            }
        }
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(MembersVisitor).map_err(invalid)?;
        json.end().map_err(invalid)?;
        Ok(Self(members))
    }

    /// The one member of this name. The error says that there are several.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&'a RawValue>, String> {
        let mut found = self.0.iter().filter(|(given, _)| given == name);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(GIVEN_TWICE.to_owned()),
            (first, _) => Ok(first.map(|(_, raw)| *raw)),
        }
    }
}

pub(super) const GIVEN_TWICE: &str = "must be given once (is given several times)";

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_an_object_is_named() {
        let fault = |text| Members::parse(text).map(|_| ()).unwrap_err();
        assert_eq!(fault(" "), "must be a JSON object (is empty)");
        assert_eq!(fault("[1]"), "must be a JSON object, not an array");
        assert_eq!(fault("null"), "must be a JSON object, not null");
        assert_eq!(fault("\"a\""), "must be a JSON object, not a string");
        for invalid in ["{", "{'a':1}", "status=started", "{} {}", r#"{"a":NaN}"#] {
            let fault = fault(invalid);
            assert!(fault.starts_with("is not valid JSON: "), "{fault}");
        }
    }

    #[test]
    fn members_keep_their_order_and_a_repeated_one_is_reported() {
        let members = Members::parse(r#" {"b":1, "a":[ 2 ], "b":3} "#).unwrap();
        let names: Vec<&str> = members.0.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["b", "a", "b"]);
        assert_eq!(members.get("a").unwrap().unwrap().get(), "[ 2 ]");
        assert!(members.get("c").unwrap().is_none());
        assert!(members.get("b").is_err());
    }
}
