//! The rules of the contract's fields and calls: what is required, the limits, and how calls can fail. The build
//! makes the constants from the options in `proto/` (`build/rules.rs`), so there is one source for them.

mod parse;

pub use parse::{MAX_TIME_US, REQUIRED, YEARS};

/// The rules of one field: `FieldRules` of `proto/versioner/v1/rules.proto`. A rule that is not set does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldRules {
    pub name: &'static str,
    pub required: bool,
    /// The field must be set unless one of these is.
    pub required_unless: &'static [&'static str],
    /// These must be set where the field is.
    pub needs: &'static [&'static str],
    pub min_characters: Option<usize>,
    pub max_characters: Option<usize>,
    pub max_bytes: Option<usize>,
    /// Line breaks and tabs are allowed, and the text is not trimmed.
    pub multiline: bool,
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub max_items: Option<usize>,
    pub min_items: Option<usize>,
    pub max_levels: Option<usize>,
    pub max_future_seconds: Option<i64>,
    /// The kind of resource that the text is an id of.
    pub id_of: Option<&'static str>,
    pub min_seconds: Option<u64>,
    pub max_seconds: Option<u64>,
}

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

impl FieldRules {
    /// No rule applies.
    pub const NONE: Self = Self {
        name: "",
        required: false,
        required_unless: &[],
        needs: &[],
        min_characters: None,
        max_characters: None,
        max_bytes: None,
        multiline: false,
        minimum: None,
        maximum: None,
        max_items: None,
        min_items: None,
        max_levels: None,
        max_future_seconds: None,
        id_of: None,
        min_seconds: None,
        max_seconds: None,
    };

    /// The rules of a field of a message, such as `VersionEvent` and `scm_sha`. `None`: there is no such field.
    pub fn of(message: &str, field: &str) -> Option<&'static Self> {
        find(FIELDS, &format!("{message}.{field}")).copied()
    }
}

/// A limit that the contract sets. The build fails if it does not.
pub const fn limit<T: Copy>(rule: Option<T>) -> T {
    match rule {
        Some(limit) => limit,
        None => panic!("the contract has no such rule"),
    }
}

/// The rules of all fields of a message, such as `VersionEvent`, by the names of the fields.
pub fn fields_of(message: &str) -> impl Iterator<Item = &'static FieldRules> + Clone + use<> {
    let message_of =
        |(name, _): &(&'static str, _)| name.split_once('.').map_or(*name, |parts| parts.0);
    let start = FIELDS.partition_point(|row| message_of(row) < message);
    let end = FIELDS.partition_point(|row| message_of(row) <= message);
    FIELDS[start..end].iter().map(|(_, rules)| *rules)
}

/// The reasons with which a call can fail, such as `VERSION_NOT_FOUND`, by `Service.Method`.
pub fn call_errors(call: &str) -> &'static [&'static str] {
    find(CALL_ERRORS, call).copied().unwrap_or_default()
}

fn find<'a, T>(table: &'a [(&str, T)], key: &str) -> Option<&'a T> {
    let at = table.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
    table.get(at).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_tables_are_sorted_and_name_what_the_contract_has() {
        assert!(FIELDS.is_sorted_by_key(|(name, _)| *name));
        assert!(CALL_ERRORS.is_sorted_by_key(|(name, _)| *name));
        let sha = FieldRules::of("CheckEvent", "scm_sha").unwrap();
        assert_eq!(sha.required_unless, ["version"]);
        assert_eq!(sha.max_characters, Some(255));
        assert_eq!(FieldRules::of("CheckEvent", "nothing"), None);
        assert_eq!(
            call_errors("CatalogService.DeleteProduct"),
            [
                "INVALID_FIELD",
                "DEADLINE_EXCEEDED",
                "OVERLOADED",
                "STORE_UNAVAILABLE",
                "STORAGE_FULL",
                "PRODUCT_NOT_FOUND",
                "PRODUCT_IN_USE"
            ]
        );
        assert!(!call_errors("VersionService.GetVersion").contains(&"STORAGE_FULL"));
    }

    #[test]
    fn the_fields_of_a_message_are_found_together() {
        let names = |message| {
            fields_of(message)
                .map(|field| field.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(names("GetProductRequest"), ["id", "name"]);
        assert_eq!(names("Nothing"), [""; 0]);
        let messages: BTreeSet<&str> = FIELDS
            .iter()
            .filter_map(|(name, _)| Some(name.split_once('.')?.0))
            .collect();
        let count: usize = messages
            .into_iter()
            .map(|message| names(message).len())
            .sum();
        assert_eq!(count, FIELDS.len());
    }

    /// `RawEvent::parse` reads the fields that the three events share by the rules of `VersionEvent`.
    #[test]
    fn fields_of_the_same_name_have_the_same_limits_in_all_events() {
        for (name, rules) in FIELDS {
            for event in ["DeploymentEvent", "CheckEvent"] {
                let Some(field) = name.strip_prefix(&format!("{event}.")) else {
                    continue;
                };
                let Some(in_version_event) = FieldRules::of("VersionEvent", field) else {
                    continue;
                };
                let limits = |rules: &FieldRules| FieldRules {
                    required: false,
                    required_unless: &[],
                    ..*rules
                };
                assert_eq!(limits(rules), limits(in_version_event), "{name}");
            }
        }
    }
}
