//! The fields of a body that no field of the contract has the name of.

use serde::Serialize;

use super::suggestion::suggest;

/// At most this many are listed.
pub(crate) const MAX_IGNORED_FIELDS: usize = 50;
/// Names are shown up to this many characters.
const LONGEST_SHOWN: usize = 64;

/// A field that was ignored: the contract does not know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct IgnoredField {
    pub(crate) field: String,
    /// The field that was probably meant.
    pub(crate) did_you_mean: Option<&'static str>,
}

/// The ignored fields of one body, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct IgnoredFields(Vec<IgnoredField>);

impl IgnoredFields {
    /// Adds a field. `known` are the names of the fields that there are.
    pub(crate) fn add(&mut self, name: &str, known: impl Iterator<Item = &'static str> + Clone) {
        let field: String = name.chars().take(LONGEST_SHOWN).collect();
        if self.0.len() >= MAX_IGNORED_FIELDS || self.0.iter().any(|other| other.field == field) {
            return;
        }
        let did_you_mean = suggest(&field, known);
        self.0.push(IgnoredField {
            field,
            did_you_mean,
        });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &IgnoredField> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_listed_once_and_there_is_a_limit() {
        let known = ["scm_sha"].into_iter();
        let mut ignored = IgnoredFields::default();
        ignored.add("sha", known.clone());
        ignored.add("sha", known.clone());
        ignored.add(&"x".repeat(1_000), known.clone());
        let json = serde_json::to_value(&ignored).unwrap();
        let expected = serde_json::json!([
            {"field": "sha", "did_you_mean": "scm_sha"},
            {"field": "x".repeat(LONGEST_SHOWN), "did_you_mean": null},
        ]);
        assert_eq!(json, expected);
        for number in 0..1_000 {
            ignored.add(&number.to_string(), known.clone());
        }
        assert_eq!(ignored.iter().count(), MAX_IGNORED_FIELDS);
    }
}
