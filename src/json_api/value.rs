//! Values of fields on their way from text or JSON into the messages of the contract. The descriptors say what each
//! field holds. Knows no route.

use jiff::{SignedDuration, civil::Date, tz::TimeZone};
use prost::{
    Message as _,
    encoding::{WireType, encode_key, encode_varint},
};
use serde_json::Value;

use super::contract::{CONTRACT, Field, Kind, Many, Message};
use crate::{
    domain::{
        rules::FieldRules,
        status::{CheckKind, Status},
    },
    json_input::{at_us, suggest, whole, wrong_type},
};

/// Appends the value of a parameter of a query. Times may be dates, and a number that has no limit may be larger
/// than its type: then the largest of the type counts.
pub(super) fn encode_parameter(field: &Field, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    match &field.kind {
        Kind::Time => {
            encode_time(field.number, time_or_date(text.trim())?, out);
            Ok(())
        }
        Kind::Whole(_, most) if field.rules.maximum.is_none() && is_above(text.trim(), *most) => {
            encode_number(field.number, *most, out);
            Ok(())
        }
        _ => encode_text(field, text, out),
    }
}

/// Appends the value that a text stands for, as protobuf writes it. The error says what is allowed.
pub(super) fn encode_text(field: &Field, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    if field.kind == Kind::Text {
        // The service decides about white space.
        encode_bytes(field.number, text.as_bytes(), out);
        return Ok(());
    }
    let text = text.trim();
    match &field.kind {
        Kind::Bool => {
            let flag = match text.to_ascii_lowercase().as_str() {
                "true" | "1" => 1,
                "false" | "0" => 0,
                _ => return Err("must be true or false".to_owned()),
            };
            encode_number(field.number, flag, out);
        }
        Kind::Whole(least, most) => {
            let least = field.rules.minimum.unwrap_or(*least);
            let most = field.rules.maximum.unwrap_or(*most);
            let number = text.parse().ok().filter(|n| (least..=most).contains(n));
            let number: i64 =
                number.ok_or_else(|| format!("must be a whole number from {least} to {most}"))?;
            encode_number(field.number, number, out);
        }
        Kind::Number => {
            let number: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
            encode_double(field.number, number, out);
        }
        Kind::Enum(name) => encode_number(field.number, number_of(name, text)?, out),
        Kind::Time => encode_time(field.number, at_us(text)?, out),
        Kind::Duration => {
            let duration = duration(text)?;
            encode_bytes(field.number, &duration.encode_to_vec(), out);
        }
        Kind::Text | Kind::Object | Kind::Message(_) | Kind::Hidden => {
            return Err("cannot be given as text".to_owned());
        }
    }
    Ok(())
}

/// A value that does not fit: the path of the field, the error, and whether the JSON type is wrong.
pub(super) struct Misfit {
    pub(super) path: String,
    pub(super) description: String,
    pub(super) is_wrong_type: bool,
}

/// Appends a JSON value, as protobuf writes it. `path` names it in errors, which go to `misfits`.
pub(super) fn encode_json(
    field: &Field,
    value: &Value,
    path: &str,
    out: &mut Vec<u8>,
    misfits: &mut Vec<Misfit>,
) {
    let mut other_type = |expected| {
        misfits.push(Misfit {
            path: path.to_owned(),
            description: wrong_type(expected, value),
            is_wrong_type: true,
        });
    };
    match (field.many, value) {
        (Many::List, Value::Array(values)) => {
            for (i, value) in values.iter().enumerate() {
                encode_one(field, value, &format!("{path}[{i}]"), out, misfits);
            }
        }
        (Many::List, _) => other_type("an array"),
        (Many::Map, Value::Object(values)) => {
            for (key, value) in values {
                let mut entry = Vec::new();
                encode_bytes(1, key.as_bytes(), &mut entry);
                let value_field = Field {
                    name: key.clone(),
                    number: 2,
                    comment: String::new(),
                    kind: field.kind.clone(),
                    many: Many::One,
                    rules: FieldRules::NONE,
                    in_oneof: false,
                    optional: false,
                };
                let path = format!("{path}.{key}");
                encode_one(&value_field, value, &path, &mut entry, misfits);
                encode_bytes(field.number, &entry, out);
            }
        }
        (Many::Map, _) => other_type("an object"),
        (Many::One, value) => encode_one(field, value, path, out, misfits),
    }
}

fn encode_one(
    field: &Field,
    value: &Value,
    path: &str,
    out: &mut Vec<u8>,
    misfits: &mut Vec<Misfit>,
) {
    let mut is_wrong_type = false;
    let encoded = match (&field.kind, value) {
        (Kind::Text | Kind::Enum(_) | Kind::Time | Kind::Duration, Value::String(text)) => {
            encode_text(field, text, out)
        }
        (Kind::Bool, Value::Bool(flag)) => encode_text(field, &flag.to_string(), out),
        (Kind::Whole(..), Value::Number(number)) => match whole(number) {
            Some(number) => encode_text(field, &number.to_string(), out),
            None => encode_text(field, &number.to_string(), out),
        },
        (Kind::Number | Kind::Duration, Value::Number(number)) => {
            encode_text(field, &number.to_string(), out)
        }
        (Kind::Message(name), Value::Object(values)) => {
            let message = CONTRACT.message(name);
            let mut inner = Vec::new();
            for (key, value) in values {
                let path = format!("{path}.{key}");
                match message.field(key) {
                    Some(field) => encode_json(field, value, &path, &mut inner, misfits),
                    // Ignoring it would remove a limit that is only misspelt.
                    None => misfits.push(Misfit {
                        description: unknown_member(message, key),
                        path,
                        is_wrong_type: false,
                    }),
                }
            }
            encode_bytes(field.number, &inner, out);
            Ok(())
        }
        (kind, other) => {
            is_wrong_type = true;
            Err(wrong_type(expected(kind), other))
        }
    };
    if let Err(description) = encoded {
        misfits.push(Misfit {
            path: path.to_owned(),
            description,
            is_wrong_type,
        });
    }
}

fn unknown_member(message: &Message, name: &str) -> String {
    let names: Vec<&str> = message.fields.iter().map(|field| &field.name[..]).collect();
    let meant = match suggest(name, names.iter().copied()) {
        Some(meant) => format!("; did you mean {meant}?"),
        None => ".".to_owned(),
    };
    format!("is unknown{meant} Allowed: {}", names.join(", "))
}

/// A time, or a date: its midnight in UTC. In microseconds since 1970.
fn time_or_date(text: &str) -> Result<i64, String> {
    let plus_as_blank = || {
        // The `+` of an offset is a blank if the query was not encoded.
        let (moment, offset) = text.rsplit_once(' ')?;
        at_us(&format!("{moment}+{offset}")).ok()
    };
    let midnight = || {
        let date: Date = text.parse().ok()?;
        let midnight = date.to_zoned(TimeZone::UTC).ok()?.timestamp();
        Some(midnight.as_microsecond())
    };
    // Other forms of dates, such as 20260131, are not RFC 3339.
    let is_date = text.len() == 10 && text.as_bytes().get(4) == Some(&b'-');
    at_us(text)
        .ok()
        .or_else(plus_as_blank)
        .or_else(|| is_date.then(midnight).flatten())
        .ok_or_else(|| {
            "must be an RFC 3339 time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31"
                .to_owned()
        })
}

/// Whether a text is a whole number above `most`, however many digits it has.
fn is_above(text: &str, most: i64) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number && digits.parse::<i64>().map_or(true, |number| number > most)
}

fn encode_time(number: u32, at_us: i64, out: &mut Vec<u8>) {
    let at = prost_types::Timestamp {
        seconds: at_us.div_euclid(1_000_000),
        nanos: (at_us.rem_euclid(1_000_000) * 1_000) as i32,
    };
    encode_bytes(number, &at.encode_to_vec(), out);
}

/// The number of an enum's word. Statuses have several spellings (R4).
pub(super) fn number_of(name: &str, text: &str) -> Result<i64, String> {
    match name {
        "BuildStatus" | "DeploymentStatus" => Status::parse(text).map(Status::code),
        "CheckStatus" => Status::parse_check(text).map(Status::code),
        "CheckKind" => CheckKind::parse(text).map(CheckKind::code),
        _ => {
            let words = &CONTRACT.words(name).words;
            let word = text.trim().to_lowercase();
            let found = words.iter().find(|known| known.word == word);
            found.map(|known| known.number.into()).ok_or_else(|| {
                let words: Vec<&str> = words.iter().map(|known| known.word.as_str()).collect();
                format!("must be one of {}", words.join(", "))
            })
        }
    }
}

/// Seconds, or a number and a unit: `90`, `1.5`, `15m`.
fn duration(text: &str) -> Result<prost_types::Duration, String> {
    let seconds = text.parse().ok().map(SignedDuration::try_from_secs_f64);
    let duration: SignedDuration = match seconds {
        Some(duration) => duration.ok(),
        None => text.parse().ok(),
    }
    .ok_or_else(|| "must be a number of seconds or a duration such as 15m".to_owned())?;
    Ok(prost_types::Duration {
        seconds: duration.as_secs(),
        nanos: duration.subsec_nanos(),
    })
}

/// The JSON type of the values of a field.
fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Enum(_) | Kind::Hidden => "a string",
        Kind::Time => "a time as a string",
        Kind::Bool => "a boolean",
        Kind::Whole(..) => "a whole number",
        Kind::Number | Kind::Duration => "a number",
        Kind::Object | Kind::Message(_) => "an object",
    }
}

fn encode_number(number: u32, value: i64, out: &mut Vec<u8>) {
    encode_key(number, WireType::Varint, out);
    encode_varint(value as u64, out);
}

fn encode_double(number: u32, value: f64, out: &mut Vec<u8>) {
    encode_key(number, WireType::SixtyFourBit, out);
    out.extend(value.to_le_bytes());
}

pub(super) fn encode_bytes(number: u32, value: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight_in_utc() {
        let noon = 1_769_860_800_000_000;
        let midnight = noon - 12 * 3_600_000_000;
        for (text, expected) in [
            ("2026-01-31T12:00:00Z", Some(noon)),
            ("2026-01-31T14:00:00 02:00", Some(noon)),
            ("2026-01-31", Some(midnight)),
            ("2026-02-30", None),
            ("2026-01-31T12:00:00", None),
            ("20260131", None),
            ("today", None),
        ] {
            assert_eq!(time_or_date(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn a_number_of_any_length_is_compared() {
        assert!(is_above("1001", 1_000) && is_above(&"9".repeat(50), i64::MAX));
        for text in ["1000", "-1", "", "+", "1e9", "many"] {
            assert!(!is_above(text, 1_000), "{text}");
        }
    }
}
