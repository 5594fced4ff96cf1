//! Parsing the fields of requests by their rules: texts, times, filters, ids.

use prost_types::Timestamp;

use super::{convert::micros, now_us};
use crate::{
    domain::{
        event::Given,
        id::{IdSpace, Kind},
        rules::{FieldRules, REQUIRED, get_product_request},
        violation::Violations,
    },
    storage::Reference,
};

/// The fields of a request. Collects all violations.
pub(super) struct Fields {
    pub(super) violations: Violations,
    ids: IdSpace,
}

/// An id of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenId {
    /// Not set, or malformed.
    None,
    /// The resource may exist.
    Position(i64),
    /// Well-formed, but this server did not issue it.
    Unknown,
}

impl Fields {
    pub(super) fn new(ids: IdSpace) -> Self {
        Self {
            violations: Violations::below(""),
            ids,
        }
    }

    pub(super) fn text(&mut self, rules: &FieldRules, text: &str) -> Option<String> {
        self.violations.text(rules, text)
    }

    /// A text that has presence: an empty one that is set is a value of its own.
    pub(super) fn optional_text(
        &mut self,
        rules: &FieldRules,
        text: Option<&str>,
    ) -> Option<String> {
        let text = text?;
        self.text(rules, text)
            .or_else(|| text.trim().is_empty().then(String::new))
    }

    /// A SHA or its beginning, in lower case (R14).
    pub(super) fn sha(&mut self, rules: &FieldRules, text: &str) -> Option<String> {
        self.text(rules, text).map(|sha| sha.to_ascii_lowercase())
    }

    pub(super) fn number(&mut self, rules: &FieldRules, number: i64) -> Option<i64> {
        self.violations.take(rules.name, rules.number(number))
    }

    pub(super) fn time(&mut self, rules: &FieldRules, at: Option<Timestamp>) -> Option<i64> {
        self.required(rules, at.is_some());
        let at_us = micros(at?).and_then(|at_us| rules.time(at_us, now_us()));
        self.violations.take(rules.name, at_us)
    }

    /// Checks that a required message is set.
    pub(super) fn required(&mut self, rules: &FieldRules, is_set: bool) {
        if rules.required && !is_set {
            self.violations.add(rules.name, REQUIRED);
        }
    }

    pub(super) fn given<T>(&mut self, field: &str, given: Given<T>) -> Option<T> {
        self.violations.take(field, given?)
    }

    /// The texts of a list, none of them empty, at most as many as the list may have. `path` is the path of the list.
    pub(super) fn texts(
        &mut self,
        path: &str,
        rules: &FieldRules,
        given: &[String],
    ) -> Option<Vec<String>> {
        let count = rules.elements(given.len());
        self.violations.take(path, count);
        let parsed: Vec<Option<String>> = given
            .iter()
            .take(rules.max_items.unwrap_or(usize::MAX))
            .enumerate()
            .map(|(at, text)| {
                let field = format!("{path}[{at}]");
                self.violations.take(&field, rules.element(text))
            })
            .collect();
        parsed.into_iter().collect()
    }

    /// The values of a repeated filter, each once and in the order of their codes, so that the same filter has the
    /// same page tokens.
    pub(super) fn choices<T: Copy + PartialEq>(
        &mut self,
        rules: &FieldRules,
        numbers: &[i32],
        parse: fn(i32) -> Given<T>,
        code: fn(T) -> i64,
    ) -> Vec<T> {
        let count = rules.elements(numbers.len());
        if self.violations.take(rules.name, count).is_none() {
            return Vec::new();
        }
        let mut choices = Vec::new();
        for (at, number) in numbers.iter().enumerate() {
            let field = format!("{}[{at}]", rules.name);
            match parse(*number) {
                Some(parsed) => choices.extend(self.violations.take(&field, parsed)),
                None => self.violations.add(&field, "must not be 0 (unspecified)"),
            }
        }
        choices.sort_by_key(|choice| code(*choice));
        choices.dedup();
        choices
    }

    /// Checks that the fields that a field needs are set where it is; `set` are those of them that are set.
    pub(super) fn needs(&mut self, rules: &FieldRules, is_set: bool, set: &[(&str, bool)]) {
        for needed in rules.needs.iter().filter(|_| is_set) {
            if !set.contains(&(*needed, true)) && !self.violations.has(needed) {
                let description = format!("{REQUIRED} if {} is set", rules.name);
                self.violations.add(needed, description);
            }
        }
    }

    /// A required id.
    pub(super) fn id(&mut self, kind: Kind, field: &str, id: &str) -> GivenId {
        match self.violations.take(field, self.ids.parse(kind, id)) {
            Some(Some(position)) => GivenId::Position(position),
            Some(None) => GivenId::Unknown,
            None => GivenId::None,
        }
    }

    pub(super) fn optional_id(&mut self, kind: Kind, field: &str, id: &str) -> GivenId {
        match id.trim() {
            "" => GivenId::None,
            id => self.id(kind, field, id),
        }
    }

    /// A product or environment, by its id or by a name: exactly one of the two.
    /// `None` in the result: this server did not issue the id.
    pub(super) fn reference(
        &mut self,
        kind: Kind,
        id: &str,
        name: &str,
    ) -> Option<Option<Reference>> {
        match (id.trim(), name.trim()) {
            ("", "") => {
                self.violations.add("id", "is required unless name is set");
                None
            }
            ("", _) => {
                // All requests by id or name have the same rules for them.
                let name = self.text(&get_product_request::NAME, name)?;
                Some(Some(Reference::Name(name)))
            }
            (_, "") => match self.id(kind, "id", id) {
                GivenId::Position(position) => Some(Some(Reference::Id(position))),
                GivenId::Unknown => Some(None),
                GivenId::None => None,
            },
            _ => {
                self.violations
                    .add("id", "must not be set together with name");
                None
            }
        }
    }
}

impl GivenId {
    pub(super) fn position(self) -> Option<i64> {
        match self {
            Self::Position(position) => Some(position),
            Self::None | Self::Unknown => None,
        }
    }
}
