//! Checks values against the schemas of the OpenAPI document, by the words of JSON Schema that it uses.

use serde_json::Value;

/// Everything that has a schema and is an answer or a body.
pub(crate) fn gather<'a>(value: &'a Value, contents: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "content" => {
                        contents.extend(value.as_object().into_iter().flatten().map(|(_, c)| c))
                    }
                    _ => gather(value, contents),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, contents)),
        _ => {}
    }
}

/// Checks a value by the words of JSON Schema that the document uses; an object has no more than its properties.
pub(crate) fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document
            .pointer(&name[1..])
            .ok_or_else(|| format!("no {name}"))?;
        return fits(document, schema, value);
    }
    let wrong = |what: &str| Err(format!("{what}: {value} for {schema}"));
    if let Some(one_of) = schema["oneOf"].as_array() {
        let fitting = one_of
            .iter()
            .filter(|schema| fits(document, schema, value).is_ok());
        return if fitting.count() == 1 {
            Ok(())
        } else {
            wrong("oneOf")
        };
    }
    let allowed = match &schema["type"] {
        Value::Array(names) => names.clone(),
        Value::Null => Vec::new(),
        name => vec![name.clone()],
    };
    let given = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !allowed.is_empty() && !allowed.iter().any(|name| name == given) {
        return wrong("type");
    }
    if schema["enum"]
        .as_array()
        .is_some_and(|words| !words.contains(value))
    {
        return wrong("enum");
    }
    if schema.get("const").is_some_and(|only| only != value) {
        return wrong("const");
    }
    for value in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], value)?;
    }
    if let Value::Object(members) = value {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap_or_default()) {
                return wrong(&format!("{name} is missing"));
            }
        }
        for (name, value) in members {
            match (
                schema["properties"].get(name),
                schema.get("additionalProperties"),
            ) {
                (Some(schema), _) => fits(document, schema, value)?,
                (None, Some(schema)) => fits(document, schema, value)?,
                (None, None) if schema["type"].is_null() => {}
                (None, None) => return wrong(&format!("{name} is not described")),
            }
        }
    }
    Ok(())
}
