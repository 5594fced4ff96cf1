//! Values that flags give by name: extra metadata and counts.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use serde_json::{Map, Value};

use crate::{cli::server::CliError, pb};

/// The most that is read of a metadata file; the server accepts less.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A key of the extra metadata and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyValue {
    key: String,
    value: Value,
}

/// Parses `KEY=VALUE`: a value that is JSON is that value, any other a text.
pub(super) fn key_value(text: &str) -> Result<KeyValue, String> {
    let (key, value) = split(text, "KEY=VALUE")?;
    Ok(KeyValue {
        key: key.to_owned(),
        value: serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned())),
    })
}

/// Parses `NAME=NUMBER`.
pub(super) fn key_count(text: &str) -> Result<(String, i64), String> {
    let (name, count) = split(text, "NAME=NUMBER")?;
    let count = count.parse();
    let count = count.map_err(|_| "the number must be a whole number".to_owned())?;
    Ok((name.to_owned(), count))
}

fn split<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key, value)),
        _ => Err(format!("must have the form {form}")),
    }
}

/// The extra metadata of a file and of flags, which override the keys of the file; none if both are absent.
pub(super) fn metadata(
    file: Option<&Path>,
    flags: &[KeyValue],
) -> Result<Option<pb::Object>, CliError> {
    let mut object = match file {
        Some(file) => read(file)
            .map_err(|why| CliError::new(format!("--metadata-file {}: {why}", file.display())))?,
        None => Map::new(),
    };
    for KeyValue { key, value } in flags {
        object.insert(key.clone(), value.clone());
    }
    if file.is_none() && flags.is_empty() {
        return Ok(None);
    }
    let json = Value::Object(object).to_string();
    pb::Object::from_json(&json)
        .map(Some)
        .map_err(|error| CliError::new(format!("--extra-metadata: {error}")))
}

fn read(file: &Path) -> Result<Map<String, Value>, String> {
    let could_not_read = |error: io::Error| format!("could not read it: {error}");
    let mut text = String::new();
    let read = match file.as_os_str().as_encoded_bytes() {
        b"-" => io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text),
        _ => File::open(file)
            .map_err(could_not_read)?
            .take(MAX_FILE_BYTES)
            .read_to_string(&mut text),
    };
    read.map_err(could_not_read)?;
    if text.len() as u64 == MAX_FILE_BYTES {
        return Err(format!("must have less than {MAX_FILE_BYTES} bytes"));
    }
    serde_json::from_str(&text).map_err(|error| format!("must be a JSON object: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_is_json_is_that_value_and_any_other_a_text() {
        for (text, key, value) in [
            ("coverage=85", "coverage", json!(85)),
            ("image=my/image:1.2", "image", json!("my/image:1.2")),
            ("tags=[\"a\",\"b\"]", "tags", json!(["a", "b"])),
            ("quoted=\"85\"", "quoted", json!("85")),
            ("done=true", "done", json!(true)),
            ("equation=a=b", "equation", json!("a=b")),
            ("empty=", "empty", json!("")),
        ] {
            let key = key.to_owned();
            assert_eq!(key_value(text), Ok(KeyValue { key, value }), "{text}");
        }
        for text in ["", "key", "=value"] {
            assert_eq!(
                key_value(text),
                Err("must have the form KEY=VALUE".to_owned())
            );
        }
    }

    #[test]
    fn counts_are_whole_numbers() {
        assert_eq!(key_count("passed=120"), Ok(("passed".to_owned(), 120)));
        for text in ["passed", "=1", "passed=", "passed=1.5"] {
            assert!(key_count(text).is_err(), "{text}");
        }
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn flags_override_the_keys_of_the_file() {
        let file = file(r#"{"a": 1, "b": {"c": [true]}}"#);
        let flags = [key_value("a=2").unwrap(), key_value("d=x").unwrap()];
        let metadata = metadata(Some(file.path()), &flags).unwrap().unwrap();
        let expected = pb::Object::from_json(r#"{"a":2,"b":{"c":[true]},"d":"x"}"#);
        assert_eq!(metadata, expected.unwrap());
        assert_eq!(super::metadata(None, &[]).unwrap(), None);
    }

    #[test]
    fn a_file_that_is_not_an_object_is_rejected_by_its_name() {
        for text in ["", "[1]", "{\"a\":", &" ".repeat(1 << 20)] {
            let file = file(text);
            let error = metadata(Some(file.path()), &[]).unwrap_err().to_string();
            let name = file.path().display().to_string();
            assert!(error.contains(&name) && error.contains("must"), "{error}");
        }
        let error = metadata(Some(Path::new("no-such-file")), &[]).unwrap_err();
        assert!(error.to_string().contains("could not read it"), "{error}");
    }
}
