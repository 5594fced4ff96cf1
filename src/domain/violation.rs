//! The fields of a request that are missing or malformed, all of them at once.

use std::fmt;

use super::rules::FieldRules;

/// One field that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path, as the sender knows it: `event.product_name`.
    pub field: String,
    /// What is wrong with it, and what is allowed. Completes a sentence that
    /// begins with the field's name.
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.description)
    }
}

/// The most violations that are returned for one request. A sender that fixes these
/// sees the rest.
pub const MAX_VIOLATIONS: usize = 50;

/// Collects violations below a path.
#[derive(Debug)]
pub struct Violations {
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Starts a collection. Every field that is added gets the prefix `path`.
    pub fn below(path: &str) -> Self {
        Self {
            path: if path.is_empty() {
                String::new()
            } else {
                format!("{path}.")
            },
            found: Vec::new(),
        }
    }

    pub fn add(&mut self, field: &str, description: impl Into<String>) {
        if self.found.len() >= MAX_VIOLATIONS {
            return;
        }
        self.found.push(Violation {
            field: format!("{}{field}", self.path),
            description: description.into(),
        });
    }

    /// Whether this field of the path was added already.
    pub fn has(&self, field: &str) -> bool {
        self.found
            .iter()
            .any(|v| v.field.strip_prefix(&self.path) == Some(field))
    }

    /// The value of a parsed field. If there is none, adds the reason, unless the field was added already: one
    /// that is malformed is not missing too.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T, String>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(reason) => {
                if !self.has(field) {
                    self.add(field, reason);
                }
                None
            }
        }
    }

    /// The value of a text field, parsed by its rules. `None` if it is not set or malformed.
    pub fn text(&mut self, rules: &FieldRules, text: &str) -> Option<String> {
        self.take(rules.name, rules.text(text)).flatten()
    }

    /// The value, if there are no violations.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Violation>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_violations_is_limited() {
        let mut violations = Violations::below("");
        for i in 0..1_000 {
            violations.add(&format!("types[{i}]"), "is unknown");
        }
        let returned = violations.finish(Some(())).unwrap_err();
        assert_eq!(returned.len(), MAX_VIOLATIONS);
    }

    #[test]
    fn a_malformed_field_is_not_missing_too() {
        let mut violations = Violations::below("event");
        violations.add("version", "must be a string");
        let rules = FieldRules {
            name: "version",
            required: true,
            ..FieldRules::NONE
        };
        assert_eq!(violations.text(&rules, ""), None);
        let found = violations.finish(Some(())).unwrap_err();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].to_string(), "event.version must be a string");
    }
}
