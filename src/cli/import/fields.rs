//! The fields of a JSON object, read one by one, with every fault collected and named. A number that
//! stands for a text is taken as it is written. Knows no event.

use std::collections::{BTreeMap, HashMap};

use prost_types::{ListValue, Struct, Value as PbValue, value::Kind};
use serde_json::{Map, Value, value::RawValue};

use super::super::moment::pb_time;
use crate::{
    domain::{
        metadata::MAX_LEVELS,
        violation::{Violation, Violations},
    },
    pb::Object,
};

/// The fields of one object by their names; of two with one name, the last.
pub(super) struct Fields<'a> {
    values: BTreeMap<String, &'a RawValue>,
    faults: Violations,
}

impl<'a> Fields<'a> {
    /// Reads an object, whose fields are named below `path` in faults.
    pub(super) fn parse(path: &str, json: &'a str) -> Result<Self, String> {
        let values = serde_json::from_str(json)
            .map_err(|error| format!("is no JSON object: {}", in_one_line(&error)))?;
        let faults = Violations::below(path);
        Ok(Self { values, faults })
    }

    /// The JSON of a field; none where it is left out or null.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        self.values
            .get(name)
            .map(|raw| raw.get())
            .filter(|json| *json != "null")
    }

    /// A text, or a number as it is written; empty where it is left out or at fault.
    pub(super) fn text(&mut self, name: &str) -> String {
        self.read(name, text).unwrap_or_default()
    }

    /// A text, or where that is empty, one that is made.
    pub(super) fn text_or_made(
        &mut self,
        name: &str,
        make: impl FnOnce() -> Result<String, String>,
    ) -> String {
        let given = self.text(name);
        if !given.trim().is_empty() {
            return given;
        }
        let made = make().map_err(|why| format!("can't be made from the content, which {why}"));
        self.faults.take(name, made).unwrap_or_default()
    }

    /// A text that means something; an empty one counts as left out.
    pub(super) fn word<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let word = self.text(name);
        if word.trim().is_empty() {
            return None;
        }
        self.faults.take(name, parse(word.trim()))
    }

    /// An RFC 3339 time, with any offset.
    pub(super) fn time(&mut self, name: &str) -> Option<prost_types::Timestamp> {
        self.word(name, time)
    }

    /// A whole number from 1, or the text of one; 0 where it is left out or at fault.
    pub(super) fn attempt(&mut self, name: &str) -> i32 {
        self.word(name, |word| {
            let attempt = word.parse().ok().filter(|attempt| *attempt >= 1);
            attempt.ok_or_else(|| format!("is no whole number from 1 to {}", i32::MAX))
        })
        .unwrap_or_default()
    }

    /// An object of whole numbers.
    pub(super) fn counts(&mut self, name: &str) -> HashMap<String, i64> {
        self.read(name, |json| {
            serde_json::from_str(json).map_err(|_| "is no object of whole numbers".to_owned())
        })
        .unwrap_or_default()
    }

    /// Any object of at most `MAX_LEVELS` levels: a server ends the stream at one that is much deeper.
    pub(super) fn object(&mut self, name: &str) -> Option<Object> {
        self.read(name, |json| {
            let object = serde_json::from_str(json)
                .map_err(|error| format!("is no JSON object: {}", in_one_line(&error)))?;
            to_struct(object, 1).map(Object::from)
        })
    }

    /// The value that was made of the fields, if none was at fault.
    pub(super) fn finish<T>(self, value: T) -> Result<T, Vec<Violation>> {
        self.faults.finish(Some(value))
    }

    fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a str) -> Result<T, String>,
    ) -> Option<T> {
        let json = self.json(name)?;
        self.faults.take(name, parse(json))
    }
}

/// An error of a text that has one line only, so that "line 1" isn't taken for a line of the file.
fn in_one_line(error: &serde_json::Error) -> String {
    error
        .to_string()
        .replace(" at line 1 column ", " at column ")
}

fn text(json: &str) -> Result<String, String> {
    match json.bytes().next() {
        Some(b'"') => serde_json::from_str(json)
            .map_err(|error| format!("is no text: {}", in_one_line(&error))),
        Some(b'-' | b'0'..=b'9') => Ok(json.to_owned()),
        _ => Err("is neither a text nor a number".to_owned()),
    }
}

fn time(text: &str) -> Result<prost_types::Timestamp, String> {
    text.parse()
        .map(pb_time)
        .map_err(|_| "is no RFC 3339 time such as 2026-01-31T12:00:00Z".to_owned())
}

fn to_struct(object: Map<String, Value>, level: usize) -> Result<Struct, String> {
    within(level)?;
    let fields = object
        .into_iter()
        .map(|(name, value)| Ok((name, to_value(value, level)?)))
        .collect::<Result<_, String>>()?;
    Ok(Struct { fields })
}

fn to_value(value: Value, level: usize) -> Result<PbValue, String> {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::String(value) => Kind::StringValue(value),
        Value::Number(value) => {
            Kind::NumberValue(value.as_f64().ok_or("has a number beyond a double")?)
        }
        Value::Array(values) => {
            within(level + 1)?;
            let values = values.into_iter().map(|value| to_value(value, level + 1));
            Kind::ListValue(ListValue {
                values: values.collect::<Result<_, _>>()?,
            })
        }
        Value::Object(object) => Kind::StructValue(to_struct(object, level + 1)?),
    };
    Ok(PbValue { kind: Some(kind) })
}

fn within(level: usize) -> Result<(), String> {
    if level > MAX_LEVELS {
        return Err(format!("is nested deeper than {MAX_LEVELS} levels"));
    }
    Ok(())
}
