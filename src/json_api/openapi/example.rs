//! Examples for the description: requests that were sent to a server, and its answers. A test sends them again.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::json_api::operation::Operation;

static EXAMPLES: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("examples.json")).unwrap_or_default());

/// The answer to an operation.
pub(super) fn answer(operation: &Operation) -> Option<Value> {
    let name = format!("{} {}", operation.method, operation.path);
    EXAMPLES["answers"].get(name).cloned()
}

/// Events of one type, each under its title.
pub(super) fn events(message: &str) -> Value {
    EXAMPLES["events"][message].clone()
}

/// New values of a product or environment.
pub(super) fn change(thing: &str) -> Value {
    EXAMPLES["changes"][thing].clone()
}

/// Events of several types, as an array.
pub(super) fn batch() -> Value {
    EXAMPLES["batch"].clone()
}

/// The same, a line for each.
pub(super) fn lines() -> Value {
    let entries = EXAMPLES["batch"].as_array().cloned().unwrap_or_default();
    let lines: Vec<String> = entries.iter().map(Value::to_string).collect();
    json!(lines.join("\n"))
}

/// The body of an error.
pub(super) fn error(response: &str) -> Value {
    EXAMPLES["errors"][response].clone()
}
