//! Metadata between a Struct, whose numbers are doubles, and JSON text (R10).

use prost_types::{Struct, Value, value::Kind as ValueKind};

use crate::{
    domain::metadata::{MAX_LEVELS, Metadata, too_deep},
    pb::Object,
};

/// The metadata of a Struct. Whole numbers are written as whole numbers (R10).
pub(super) fn metadata(given: Object) -> Result<Metadata, String> {
    let mut json = String::new();
    write_struct(&mut json, given.into(), 1)?;
    Metadata::parse(&json)
}

fn write_struct(json: &mut String, object: Struct, level: usize) -> Result<(), String> {
    check_level(level)?;
    json.push('{');
    for (i, (key, value)) in object.fields.into_iter().enumerate() {
        if i > 0 {
            json.push(',');
        }
        json.push_str(&quoted(key));
        json.push(':');
        write_value(json, value, level + 1)?;
    }
    json.push('}');
    Ok(())
}

fn write_value(json: &mut String, value: Value, level: usize) -> Result<(), String> {
    match value.kind {
        None | Some(ValueKind::NullValue(_)) => json.push_str("null"),
        Some(ValueKind::BoolValue(value)) => json.push_str(if value { "true" } else { "false" }),
        Some(ValueKind::StringValue(text)) => json.push_str(&quoted(text)),
        Some(ValueKind::NumberValue(number)) => json.push_str(&number_text(number)?),
        Some(ValueKind::StructValue(object)) => write_struct(json, object, level)?,
        Some(ValueKind::ListValue(list)) => {
            check_level(level)?;
            json.push('[');
            for (i, value) in list.values.into_iter().enumerate() {
                if i > 0 {
                    json.push(',');
                }
                write_value(json, value, level + 1)?;
            }
            json.push(']');
        }
    }
    Ok(())
}

fn check_level(level: usize) -> Result<(), String> {
    match level > MAX_LEVELS {
        true => Err(too_deep()),
        false => Ok(()),
    }
}

fn quoted(text: String) -> String {
    serde_json::Value::String(text).to_string()
}

fn number_text(number: f64) -> Result<String, String> {
    // Above this, the usual JSON libraries write exponents too.
    const WHOLE: f64 = 1e21;
    if number.fract() == 0.0 && number.abs() < WHOLE {
        return Ok(format!("{:.0}", if number == 0.0 { 0.0 } else { number }));
    }
    serde_json::Number::from_f64(number)
        .map(|n| n.to_string())
        .ok_or_else(|| format!("must not have {number}, which JSON cannot express"))
}

pub(super) fn object(metadata: &Metadata) -> Object {
    Object::from_raw(metadata.to_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r10_whole_numbers_stay_whole() {
        for (number, text) in [
            (180.0, "180"),
            (-3.0, "-3"),
            (0.5, "0.5"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e18, "1000000000000000000"),
            (-0.0, "0"),
            (1e300, "1e+300"),
        ] {
            assert_eq!(number_text(number).as_deref(), Ok(text));
        }
        assert!(number_text(f64::NAN).is_err());
        assert!(number_text(f64::INFINITY).is_err());
    }

    proptest! {
        #[test]
        fn r10_metadata_round_trips_through_a_struct(
            pairs in prop::collection::btree_map("[a-z\\PC]{1,8}", any::<(i32, String, bool)>(), 0..5)
        ) {
            let mut fields = serde_json::Map::new();
            for (key, (n, text, flag)) in pairs {
                fields.insert(key, serde_json::json!({"n": n, "list": [text, flag, null]}));
            }
            let json = serde_json::Value::Object(fields).to_string();
            let given = Metadata::parse(&json).unwrap();
            prop_assert_eq!(metadata(object(&given)).unwrap(), given);
        }
    }
}
