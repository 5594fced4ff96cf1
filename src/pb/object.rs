//! A JSON object that is a `google.protobuf.Struct` on the wire and, where it came out of JSON text, that very
//! text again in JSON.

use std::{fmt, sync::OnceLock};

use prost::{
    DecodeError, Message,
    bytes::{Buf, BufMut},
    encoding::{DecodeContext, WireType},
};
use prost_types::{ListValue, Struct, Value, value::Kind};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::value::RawValue;

/// A JSON object: over gRPC a Struct, whose numbers are doubles; in JSON the text that it was made from.
#[derive(Clone, Default)]
pub struct Object {
    json: Option<Box<RawValue>>,
    /// Made of `json` when it is first asked for: JSON needs none.
    fields: OnceLock<Struct>,
}

impl Object {
    /// An object out of its JSON text.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        let text: Box<RawValue> = serde_json::from_str(json)?;
        serde_json::from_str::<serde_json::Map<_, _>>(json)?;
        Ok(Self::from_raw(text))
    }

    /// An object out of text that is known to be one; of other text, an empty one over gRPC.
    pub(crate) fn from_raw(json: Box<RawValue>) -> Self {
        Self {
            json: Some(json),
            fields: OnceLock::new(),
        }
    }

    /// As protobuf has it.
    pub fn fields(&self) -> &Struct {
        self.fields.get_or_init(|| {
            let json = self
                .json
                .as_ref()
                .map(|json| serde_json::from_str(json.get()));
            match json {
                Some(Ok(object)) => struct_of(object),
                Some(Err(_)) | None => Struct::default(),
            }
        })
    }
}

impl From<Struct> for Object {
    fn from(fields: Struct) -> Self {
        Self {
            json: None,
            fields: OnceLock::from(fields),
        }
    }
}

impl From<Object> for Struct {
    fn from(object: Object) -> Self {
        object.fields();
        object.fields.into_inner().unwrap_or_default()
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.fields() == other.fields()
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.json {
            Some(json) => f.write_str(json.get()),
            None => self.fields().fmt(f),
        }
    }
}

impl Message for Object {
    fn encode_raw(&self, buffer: &mut impl BufMut) {
        self.fields().encode_raw(buffer);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buffer: &mut impl Buf,
        context: DecodeContext,
    ) -> Result<(), DecodeError> {
        let mut fields = Struct::from(std::mem::take(self));
        let merged = fields.merge_field(tag, wire_type, buffer, context);
        *self = Self::from(fields);
        merged
    }

    fn encoded_len(&self) -> usize {
        self.fields().encoded_len()
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.json {
            Some(json) => json.serialize(to),
            None => Fields(self.fields()).serialize(to),
        }
    }
}

/// A Struct in JSON.
struct Fields<'a>(&'a Struct);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(self.0.fields.len()))?;
        for (key, value) in &self.0.fields {
            map.serialize_entry(key, &Item(value))?;
        }
        map.end()
    }
}

struct Item<'a>(&'a Value);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0.kind {
            None | Some(Kind::NullValue(_)) => to.serialize_unit(),
            Some(Kind::BoolValue(value)) => to.serialize_bool(*value),
            Some(Kind::StringValue(text)) => to.serialize_str(text),
            Some(Kind::NumberValue(number)) => serialize_number(*number, to),
            Some(Kind::StructValue(object)) => Fields(object).serialize(to),
            Some(Kind::ListValue(list)) => to.collect_seq(list.values.iter().map(Item)),
        }
    }
}

/// Whole numbers as whole ones (R10): `180`, not `180.0`.
fn serialize_number<S: Serializer>(number: f64, to: S) -> Result<S::Ok, S::Error> {
    /// From here on the usual writers of JSON write exponents too.
    const EXPONENTS: f64 = 1e21;
    if number.fract() == 0.0 && number.abs() < EXPONENTS {
        return to.serialize_i128(number as i128);
    }
    if !number.is_finite() {
        let why = format!("must have numbers that JSON can express (has {number})");
        return Err(S::Error::custom(why));
    }
    to.serialize_f64(number)
}

fn struct_of(object: serde_json::Map<String, serde_json::Value>) -> Struct {
    let fields = object.into_iter();
    Struct {
        fields: fields.map(|(key, value)| (key, value_of(value))).collect(),
    }
}

fn value_of(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::MAX)),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(value_of).collect(),
        }),
        Json::Object(object) => Kind::StructValue(struct_of(object)),
    };
    Value { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        r#"{"b":180,"f":180.0,"big":12345678901234567890,"e":1e3,"a":["é",null,{}]}"#;

    #[test]
    fn r10_text_comes_back_as_it_was_sent() {
        let object = Object::from_json(TEXT).unwrap();
        assert_eq!(serde_json::to_string(&object).unwrap(), TEXT);
        assert!(Object::from_json("[]").is_err());
    }

    #[test]
    fn r10_on_the_wire_it_is_a_struct() {
        let object = Object::from_json(TEXT).unwrap();
        let bytes = object.encode_to_vec();
        assert_eq!(bytes.len(), object.encoded_len());
        assert_eq!(Struct::decode(&bytes[..]).unwrap(), *object.fields());
        let read = Object::decode(&bytes[..]).unwrap();
        assert_eq!(read, object);
        // A double that is a whole number is written as one.
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"a":["é",null,{}],"b":180,"big":12345678901234567168,"e":1000,"f":180}"#
        );
    }

    #[test]
    fn r10_whole_numbers_stay_whole() {
        let written = |number: f64| {
            let field = ("n".to_owned(), Value::from(number));
            let object = Object::from(Struct {
                fields: [field].into(),
            });
            serde_json::to_string(&object)
        };
        for (number, text) in [
            (180.0, "180"),
            (-3.0, "-3"),
            (0.5, "0.5"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e18, "1000000000000000000"),
            (-0.0, "0"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(written(number).unwrap(), format!(r#"{{"n":{text}}}"#));
        }
        for number in [f64::NAN, f64::INFINITY] {
            let error = written(number).unwrap_err().to_string();
            assert!(error.contains("JSON can express"), "{error}");
        }
    }
}
