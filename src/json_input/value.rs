//! Single JSON values: texts, whole numbers, times. Knows no field.

use jiff::Timestamp;
use serde_json::{Number, Value, value::RawValue};

use crate::domain::rules::FieldRules;

/// Why a value cannot be used. The text completes a sentence that begins with the field's name.
pub(super) enum ValueError {
    /// It has another JSON type than the field.
    WrongType(String),
    /// It has the type of the field, but no meaning.
    Invalid(String),
}

/// Which fields a request gives, and which of them have the wrong JSON type. A field that is null, or that is a text
/// of white space, counts as left out.
pub(crate) struct Presence {
    /// The message of the contract that has the fields.
    message: &'static str,
    pub(crate) given: Vec<&'static str>,
    /// The paths of the values of the wrong type, such as `aliases[1]`.
    pub(crate) wrong_type: Vec<String>,
}

impl Presence {
    pub(crate) fn of(message: &'static str) -> Self {
        Self {
            message,
            given: Vec::new(),
            wrong_type: Vec::new(),
        }
    }

    /// Notes a field that stands in a request.
    pub(crate) fn note(&mut self, name: &'static str, raw: &RawValue) {
        let is_blank = raw.get() == "null" || raw.get().trim_matches('"').trim().is_empty();
        if !is_blank && !self.given.contains(&name) {
            self.given.push(name);
        }
    }

    /// Whether a field is required, as things are, and left out.
    pub(crate) fn is_missing(&self, field: &str) -> bool {
        let rules = |field| FieldRules::of(self.message, field);
        let is_required = || {
            let is_always = rules(field)
                .is_some_and(|rules| rules.required || !rules.required_unless.is_empty());
            let mut needs = self.given.iter().filter_map(|given| rules(*given));
            is_always || needs.any(|rules| rules.needs.contains(&field))
        };
        !self.given.contains(&field) && is_required()
    }
}

/// What type a JSON value has. The value itself is not read: it may be deep.
pub(crate) fn type_of(raw: &RawValue) -> &'static str {
    match raw.get().trim_start().as_bytes() {
        [b'"', ..] => "a string",
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        _ => "a number",
    }
}

/// Says that a value has another type than the field.
pub(crate) fn wrong_type(expected: &str, given: &Value) -> String {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    format!("must be {expected}, not {given}")
}

pub(super) fn other_type(expected: &str, raw: &RawValue) -> ValueError {
    ValueError::WrongType(format!("must be {expected}, not {}", type_of(raw)))
}

pub(super) fn read_text(raw: &RawValue) -> Result<String, ValueError> {
    if !raw.get().starts_with('"') {
        return Err(other_type("a string", raw));
    }
    serde_json::from_str(raw.get())
        .map_err(|_| ValueError::Invalid("must be valid Unicode text".to_owned()))
}

pub(super) fn read_whole(raw: &RawValue) -> Result<i64, ValueError> {
    let Ok(number) = serde_json::from_str::<Number>(raw.get()) else {
        return Err(other_type("a whole number", raw));
    };
    whole(&number).ok_or_else(|| {
        let text = "must be a whole number of at most 64 bits";
        ValueError::Invalid(text.to_owned())
    })
}

/// A whole number, written as `2` or as `2.0`.
pub(crate) fn whole(number: &Number) -> Option<i64> {
    /// Up to here a double has every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let double = number
            .as_f64()
            .filter(|n| n.fract() == 0.0 && n.abs() <= EXACT)?;
        Some(double as i64)
    })
}

/// An RFC 3339 time in microseconds since 1970.
pub(crate) fn at_us(text: &str) -> Result<i64, String> {
    let at: Timestamp = text
        .parse()
        .map_err(|_| "must be an RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned())?;
    // Every time that the type can hold has microseconds of 64 bits.
    Ok(at.as_nanosecond().div_euclid(1_000) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_missing_if_the_rules_require_it() {
        let mut presence = Presence::of("ListEventsRequest");
        assert!(!presence.is_missing("product_name"));
        presence.given.push("version");
        assert!(presence.is_missing("product_name"));
        assert!(!presence.is_missing("version"));
        assert!(Presence::of("CheckEvent").is_missing("version"));
        assert!(!Presence::of("CheckEvent").is_missing("summary"));
    }

    #[test]
    fn r9_times_have_any_offset_and_are_cut_to_microseconds() {
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", Some(1_769_860_800_000_000)),
            ("2026-01-31T14:00:00.5+02:00", Some(1_769_860_800_500_000)),
            (
                "2026-01-31t06:30:00.0000019-05:30",
                Some(1_769_860_800_000_001),
            ),
            ("1969-12-31T23:59:59.25Z", Some(-750_000)),
            ("2026-01-31", None),
            ("2026-01-31T12:00:00", None),
            ("2026-02-30T12:00:00Z", None),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(at_us(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_whole_number_may_have_a_fraction_of_zero() {
        let read = |text: &str| whole(&serde_json::from_str(text).unwrap());
        assert_eq!(read("2.0"), Some(2));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        for bad in ["1.5", "9223372036854775808", "1e300"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
