//! Parsing of values by the rules of their fields. The errors complete a sentence that begins with the field's name.

use std::time::Duration;

use super::FieldRules;

/// The description of a required field that is not set.
pub const REQUIRED: &str = "is required";
/// The description of a time that is too early or too late.
pub const YEARS: &str = "must be in the years 1970 to 9999 (UTC)";
/// The last moment that is accepted: the end of the year 9999 (UTC).
pub const MAX_TIME_US: i64 = 253_402_300_799_999_999;

impl FieldRules {
    /// Parses a text. `None`: it is not set.
    pub fn text(&self, text: &str) -> Result<Option<String>, String> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return match self.required {
                true => Err(REQUIRED.to_owned()),
                false => Ok(None),
            };
        }
        let text = if self.multiline { text } else { trimmed };
        let is_forbidden =
            |c: char| c.is_control() && !(self.multiline && matches!(c, '\n' | '\r' | '\t'));
        if text.chars().any(is_forbidden) {
            return Err(match self.multiline {
                true => "must not have control characters other than line breaks and tabs",
                false => "must not have control characters",
            }
            .to_owned());
        }
        let characters = text.chars().count();
        if let Some(min) = self.min_characters.filter(|min| characters < *min) {
            return Err(format!(
                "must have at least {min} characters (has {characters})"
            ));
        }
        if let Some(max) = self.max_characters.filter(|max| characters > *max) {
            return Err(format!(
                "must have at most {max} characters (has {characters})"
            ));
        }
        let bytes = text.len();
        if let Some(max) = self.max_bytes.filter(|max| bytes > *max) {
            return Err(format!("must have at most {max} bytes (has {bytes})"));
        }
        Ok(Some(text.to_owned()))
    }

    /// Parses an element of a list or a key of a map, which must not be empty.
    pub fn element(&self, text: &str) -> Result<String, String> {
        self.text(text)?
            .ok_or_else(|| "must not be empty".to_owned())
    }

    /// Checks the number of elements of a list.
    pub fn elements(&self, count: usize) -> Result<(), String> {
        self.count(count, "elements")
    }

    /// Checks the number of entries of a map.
    pub fn entries(&self, count: usize) -> Result<(), String> {
        self.count(count, "entries")
    }

    fn count(&self, count: usize, what: &str) -> Result<(), String> {
        let (least, most) = (
            self.min_items.unwrap_or(0),
            self.max_items.unwrap_or(usize::MAX),
        );
        if (least..=most).contains(&count) {
            return Ok(());
        }
        Err(match (self.min_items, self.max_items) {
            (Some(min), Some(max)) => format!("must have {min} to {max} {what} (has {count})"),
            (Some(min), None) => format!("must have at least {min} {what} (has {count})"),
            _ => format!("must have at most {most} {what} (has {count})"),
        })
    }

    /// Checks a number.
    pub fn number(&self, number: i64) -> Result<i64, String> {
        let (least, most) = (
            self.minimum.unwrap_or(i64::MIN),
            self.maximum.unwrap_or(i64::MAX),
        );
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        Err(match (self.minimum, self.maximum) {
            (Some(min), Some(max)) => format!("must be from {min} to {max} (is {number})"),
            (Some(min), None) => format!("must be at least {min} (is {number})"),
            _ => format!("must be at most {most} (is {number})"),
        })
    }

    /// Checks a time, in microseconds since 1970. `now_us` is the time from which "the future" is measured.
    pub fn time(&self, at_us: i64, now_us: i64) -> Result<i64, String> {
        if !(0..=MAX_TIME_US).contains(&at_us) {
            return Err(YEARS.to_owned());
        }
        match self.max_future_seconds {
            Some(max) if at_us > now_us.saturating_add(max * 1_000_000) => {
                Err(format!("must be at most {max} seconds in the future"))
            }
            _ => Ok(at_us),
        }
    }

    /// Checks a duration.
    pub fn duration(&self, duration: Duration) -> Result<Duration, String> {
        let (least, most) = (
            self.min_seconds.unwrap_or(0),
            self.max_seconds.unwrap_or(u64::MAX),
        );
        match (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&duration) {
            true => Ok(duration),
            false => Err(format!("must be from {least} to {most} seconds")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: FieldRules = FieldRules {
        max_characters: Some(255),
        ..FieldRules::NONE
    };

    #[test]
    fn r2_names_are_trimmed_and_measured_in_characters() {
        let parsed = |text: &str| NAME.text(text);
        assert_eq!(parsed(" api/v3.5.0 "), Ok(Some("api/v3.5.0".to_owned())));
        assert_eq!(parsed(&"é".repeat(255)), Ok(Some("é".repeat(255))));
        assert_eq!(
            parsed(&"é".repeat(256)),
            Err("must have at most 255 characters (has 256)".to_owned())
        );
        for bad in ["a\0b", "a\nb", "\u{85}x\u{9f}y"] {
            assert_eq!(
                parsed(bad),
                Err("must not have control characters".to_owned()),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn an_empty_text_is_not_set() {
        let required = FieldRules {
            required: true,
            ..NAME
        };
        for empty in ["", "  ", "\n"] {
            assert_eq!(NAME.text(empty), Ok(None));
            assert_eq!(required.text(empty), Err("is required".to_owned()));
            assert_eq!(NAME.element(empty), Err("must not be empty".to_owned()));
        }
        assert_eq!(NAME.element(" a "), Ok("a".to_owned()));
    }

    #[test]
    fn a_text_may_have_a_least_length_and_a_limit_of_bytes() {
        let rules = FieldRules {
            min_characters: Some(4),
            max_bytes: Some(8),
            ..FieldRules::NONE
        };
        assert_eq!(rules.text("abcd"), Ok(Some("abcd".to_owned())));
        assert_eq!(
            rules.text("abc"),
            Err("must have at least 4 characters (has 3)".to_owned())
        );
        assert_eq!(
            rules.text("枝枝枝枝"),
            Err("must have at most 8 bytes (has 12)".to_owned())
        );
    }

    #[test]
    fn a_text_for_people_may_have_lines() {
        let rules = FieldRules {
            multiline: true,
            ..NAME
        };
        assert_eq!(rules.text("a\n\tb "), Ok(Some("a\n\tb ".to_owned())));
        assert!(rules.text("a\u{7}").is_err());
    }

    #[test]
    fn numbers_and_counts_have_bounds() {
        let rules = FieldRules {
            minimum: Some(1),
            maximum: Some(9),
            min_items: Some(1),
            max_items: Some(2),
            min_seconds: Some(1),
            max_seconds: Some(2),
            ..FieldRules::NONE
        };
        assert_eq!(rules.number(9), Ok(9));
        assert_eq!(
            rules.number(0),
            Err("must be from 1 to 9 (is 0)".to_owned())
        );
        assert_eq!(rules.elements(2), Ok(()));
        assert_eq!(
            rules.elements(0),
            Err("must have 1 to 2 elements (has 0)".to_owned())
        );
        let at_least_0 = FieldRules {
            minimum: Some(0),
            max_items: Some(2),
            ..FieldRules::NONE
        };
        assert_eq!(
            at_least_0.number(-1),
            Err("must be at least 0 (is -1)".to_owned())
        );
        assert_eq!(
            at_least_0.entries(3),
            Err("must have at most 2 entries (has 3)".to_owned())
        );
        assert!(rules.duration(Duration::from_secs(2)).is_ok());
        assert_eq!(
            rules.duration(Duration::from_millis(2_001)),
            Err("must be from 1 to 2 seconds".to_owned())
        );
        assert_eq!(FieldRules::NONE.number(i64::MIN), Ok(i64::MIN));
        assert_eq!(FieldRules::NONE.elements(usize::MAX), Ok(()));
        assert!(FieldRules::NONE.duration(Duration::ZERO).is_ok());
    }

    #[test]
    fn r9_times_lie_in_four_digit_years_and_not_far_in_the_future() {
        const NOW_US: i64 = 1_700_000_000_000_000;
        let rules = FieldRules {
            max_future_seconds: Some(600),
            ..FieldRules::NONE
        };
        let allowed_us = NOW_US + 600_000_000;
        assert_eq!(rules.time(allowed_us, NOW_US), Ok(allowed_us));
        assert_eq!(
            rules.time(allowed_us + 1_000_000, NOW_US),
            Err("must be at most 600 seconds in the future".to_owned())
        );
        assert_eq!(FieldRules::NONE.time(MAX_TIME_US, NOW_US), Ok(MAX_TIME_US));
        for bad in [-1, MAX_TIME_US + 1] {
            assert_eq!(FieldRules::NONE.time(bad, NOW_US), Err(YEARS.to_owned()));
        }
    }
}
