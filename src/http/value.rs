//! Values of fields on their way from text or JSON into the messages of the contract, by what the descriptors
//! say of them. Knows no route.

use jiff::{SignedDuration, Timestamp};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use serde_json::{Number, Value};

use super::contract::{CONTRACT, Field, Kind, Many, Message};
use crate::domain::status::{CheckKind, Status};

/// Appends the value that a text stands for, as protobuf writes it. The error says what is taken.
pub(super) fn encode_text(field: &Field, text: &str, out: &mut Vec<u8>) -> Result<(), String> {
    if field.kind == Kind::Text {
        // White space is for the service to judge.
        encode_bytes(field.number, text.as_bytes(), out);
        return Ok(());
    }
    let text = text.trim();
    match &field.kind {
        Kind::Bool => {
            let flag = match text.to_ascii_lowercase().as_str() {
                "true" | "1" => 1,
                "false" | "0" => 0,
                _ => return Err("is neither true nor false".to_owned()),
            };
            encode_number(field.number, flag, out);
        }
        Kind::Whole(least, most) => {
            let number = text.parse().ok().filter(|n| (least..=most).contains(&n));
            let number: i64 =
                number.ok_or_else(|| format!("is no whole number from {least} to {most}"))?;
            encode_number(field.number, number, out);
        }
        Kind::Number => {
            let number: f64 = text.parse().map_err(|_| "is no number".to_owned())?;
            encode_double(field.number, number, out);
        }
        Kind::Enum(name) => encode_number(field.number, number_of(name, text)?, out),
        Kind::Time => {
            let at = at_us(text)?;
            let at = prost_types::Timestamp {
                seconds: at.div_euclid(1_000_000),
                nanos: (at.rem_euclid(1_000_000) * 1_000) as i32,
            };
            encode_bytes(field.number, &at.encode_to_vec(), out);
        }
        Kind::Duration => {
            let duration = duration(text)?;
            encode_bytes(field.number, &duration.encode_to_vec(), out);
        }
        Kind::Text | Kind::Object | Kind::Message(_) | Kind::Hidden => {
            return Err("can't be given as a text".to_owned());
        }
    }
    Ok(())
}

/// Appends a JSON value, as protobuf writes it. `path` names it in faults, which go to `fault`.
pub(super) fn encode_json(
    field: &Field,
    value: &Value,
    path: &str,
    out: &mut Vec<u8>,
    fault: &mut impl FnMut(String, String),
) {
    match (field.many, value) {
        (Many::List, Value::Array(values)) => {
            for (i, value) in values.iter().enumerate() {
                encode_one(field, value, &format!("{path}[{i}]"), out, fault);
            }
        }
        (Many::List, other) => fault(path.to_owned(), wrong_type("a list", other)),
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
                    in_oneof: false,
                    optional: false,
                };
                encode_one(
                    &value_field,
                    value,
                    &format!("{path}.{key}"),
                    &mut entry,
                    fault,
                );
                encode_bytes(field.number, &entry, out);
            }
        }
        (Many::Map, other) => fault(path.to_owned(), wrong_type("an object", other)),
        (Many::One, value) => encode_one(field, value, path, out, fault),
    }
}

fn encode_one(
    field: &Field,
    value: &Value,
    path: &str,
    out: &mut Vec<u8>,
    fault: &mut impl FnMut(String, String),
) {
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
                    Some(field) => encode_json(field, value, &path, &mut inner, fault),
                    // Left out, it would be taken away: a misspelt limit is none.
                    None => fault(path, unknown_member(message)),
                }
            }
            encode_bytes(field.number, &inner, out);
            Ok(())
        }
        (kind, other) => Err(wrong_type(taken(kind), other)),
    };
    if let Err(description) = encoded {
        fault(path.to_owned(), description);
    }
}

fn unknown_member(message: &Message) -> String {
    let names: Vec<&str> = message.fields.iter().map(|field| &field.name[..]).collect();
    format!("is unknown: {} are taken", names.join(", "))
}

/// Says that a value is of another type than the one that is taken.
pub(super) fn wrong_type(taken: &str, given: &Value) -> String {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    format!("is {given}: {taken} is taken")
}

/// A whole number, be it written as `2` or as `2.0`.
pub(super) fn whole(number: &Number) -> Option<i64> {
    /// Beyond this, neighbouring whole numbers are no doubles.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let double = number
            .as_f64()
            .filter(|n| n.fract() == 0.0 && n.abs() <= EXACT)?;
        Some(double as i64)
    })
}

/// An RFC 3339 time as microseconds. The error says what is taken.
pub(super) fn at_us(text: &str) -> Result<i64, String> {
    let at: Timestamp = text
        .parse()
        // The `+` of an offset is a blank where a query was not encoded.
        .or_else(|error| match text.rsplit_once(' ') {
            Some((moment, offset)) => format!("{moment}+{offset}").parse(),
            None => Err(error),
        })
        .map_err(|_| "is no RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned())?;
    i64::try_from(at.as_nanosecond().div_euclid(1_000))
        .map_err(|_| "lies outside the years 1970 to 9999".to_owned())
}

/// The number of an enum's word; statuses in every spelling (R4).
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
                format!("is none of: {}", words.join(", "))
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
    .ok_or_else(|| "is neither a number of seconds nor a duration such as 15m".to_owned())?;
    Ok(prost_types::Duration {
        seconds: duration.as_secs(),
        nanos: duration.subsec_nanos(),
    })
}

fn taken(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::Enum(_) | Kind::Hidden => "a text",
        Kind::Time => "a time as text",
        Kind::Bool => "true or false",
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
