//! Metadata between the messages of the contract and the domain (R10).

use crate::{domain::metadata::Metadata, pb::Object};

pub(super) fn metadata(given: Object) -> Result<Metadata, String> {
    let json = serde_json::to_string(&given).map_err(|error| error.to_string())?;
    Metadata::parse(&json)
}

pub(super) fn object(metadata: &Metadata) -> Object {
    Object::from_raw(metadata.to_raw())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use prost_types::{ListValue, Struct, Value, value::Kind};

    use super::*;

    #[test]
    fn r10_a_struct_is_under_the_limits_of_metadata() {
        let mut value = Value::from(1.0);
        for _ in 0..16 {
            value = Value {
                kind: Some(Kind::ListValue(ListValue {
                    values: vec![value],
                })),
            };
        }
        let object = Object::from(Struct {
            fields: [("a".to_owned(), value)].into(),
        });
        let fault = metadata(object).unwrap_err();
        assert!(fault.contains("16 levels"), "{fault}");
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
            let sent = Object::from(Struct::from(object(&given)));
            prop_assert_eq!(metadata(sent).unwrap(), given);
        }
    }
}
