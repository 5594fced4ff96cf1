//! What is wrong with a request: every field of it at once, each named.

use std::fmt;

/// One field that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field's path, as the sender knows it: `event.product_name`.
    pub field: String,
    /// What is wrong with it, and what is taken. Completes a sentence that
    /// begins with the field's name.
    pub description: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.description)
    }
}

/// No more violations than this are told of one request: an answer has its limits,
/// and who mends these sees the rest.
pub const MAX_VIOLATIONS: usize = 50;

/// Collects violations below a path.
#[derive(Debug)]
pub struct Violations {
    path: String,
    found: Vec<Violation>,
}

impl Violations {
    /// Starts a collection; every field named to it is prefixed with `path`.
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

    /// Tells whether something is wrong with this field of the path already.
    pub fn has(&self, field: &str) -> bool {
        self.found
            .iter()
            .any(|v| v.field.strip_prefix(&self.path) == Some(field))
    }

    /// Takes the value of a parsed field, or notes why there is none.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T, String>) -> Option<T> {
        parsed.map_err(|reason| self.add(field, reason)).ok()
    }

    /// The value, if nothing was found wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Vec<Violation>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.found),
        }
    }
}

/// Parses a required name or identifier (R2): trimmed, 1 to `max` characters, no
/// control characters.
pub fn name(text: &str, max: usize) -> Result<String, String> {
    optional_text(text, max)?.ok_or_else(|| format!("is required: 1 to {max} characters"))
}

/// Parses an optional text: trimmed, at most `max` characters, no control
/// characters. An empty one counts as left out.
pub fn optional_text(text: &str, max: usize) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.chars().any(char::is_control) {
        return Err("has control characters".to_owned());
    }
    within(text, max)?;
    Ok(Some(text.to_owned()))
}

/// Parses an optional text in words, which may have line breaks and tabs; no
/// other control characters. An empty one counts as left out.
pub fn optional_prose(text: &str, max: usize) -> Result<Option<String>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err("has control characters other than line breaks and tabs".to_owned());
    }
    within(text, max)?;
    Ok(Some(text.to_owned()))
}

fn within(text: &str, max: usize) -> Result<(), String> {
    let length = text.chars().count();
    if length > max {
        return Err(format!("has {length} characters: at most {max} are taken"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r2_names_are_trimmed_and_measured_in_characters() {
        assert_eq!(name(" api/v3.5.0 ", 255), Ok("api/v3.5.0".to_owned()));
        assert_eq!(name(&"é".repeat(255), 255), Ok("é".repeat(255)));
        assert!(name(&"é".repeat(256), 255).unwrap_err().contains("256"));
        for bad in ["", "  ", "a\0b", "a\nb", "\u{85}x\u{9f}y"] {
            assert!(name(bad, 255).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn prose_may_have_lines() {
        assert_eq!(optional_prose("a\n\tb", 9), Ok(Some("a\n\tb".to_owned())));
        assert!(optional_prose("a\u{7}", 9).is_err());
        assert_eq!(optional_prose(" ", 9), Ok(None));
    }

    #[test]
    fn no_more_is_told_than_an_answer_holds() {
        let mut violations = Violations::below("");
        for i in 0..1_000 {
            violations.add(&format!("types[{i}]"), "is unknown");
        }
        let told = violations.finish(Some(())).unwrap_err();
        assert_eq!(told.len(), MAX_VIOLATIONS);
    }
}
