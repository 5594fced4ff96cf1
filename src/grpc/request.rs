//! Parsing what requests that ask have in common: filters, times, references.

use prost_types::Timestamp;

use super::convert::micros;
use crate::domain::commit::MIN_SEARCH;
use crate::{
    domain::{
        event::{Given, MAX_BRANCH, MAX_NAME, MAX_URL},
        id::{IdSpace, Kind},
        violation::{Violations, name, optional_text},
    },
    storage::Reference,
};

/// What a request says, field by field; collects all that is wrong with it.
pub(super) struct Fields {
    pub(super) violations: Violations,
    ids: IdSpace,
}

/// An id that was given: of something that may exist, or of nothing of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenId {
    None,
    Position(i64),
    /// Well-formed, and no id of this store.
    Unknown,
}

impl Fields {
    pub(super) fn new(ids: IdSpace) -> Self {
        Self {
            violations: Violations::below(""),
            ids,
        }
    }

    pub(super) fn name(&mut self, field: &str, text: &str) -> Option<String> {
        self.text(field, text, MAX_NAME)
    }

    pub(super) fn branch(&mut self, field: &str, text: &str) -> Option<String> {
        self.text(field, text, MAX_BRANCH)
    }

    pub(super) fn repository(&mut self, field: &str, text: &str) -> Option<String> {
        self.text(field, text, MAX_URL)
    }

    pub(super) fn required_name(&mut self, field: &str, text: &str) -> Option<String> {
        self.violations.take(field, name(text, MAX_NAME))
    }

    /// A SHA or its beginning, in lower case (R14).
    pub(super) fn sha(&mut self, field: &str, text: &str) -> Option<String> {
        let sha = self.name(field, text)?.to_ascii_lowercase();
        if sha.chars().count() < MIN_SEARCH {
            let taken = format!("is too short: {MIN_SEARCH} or more characters are taken");
            self.violations.add(field, taken);
            return None;
        }
        Some(sha)
    }

    pub(super) fn time(&mut self, field: &str, at: Option<Timestamp>) -> Option<i64> {
        self.violations.take(field, at.map(micros)?)
    }

    pub(super) fn given<T>(&mut self, field: &str, given: Given<T>) -> Option<T> {
        self.violations.take(field, given?)
    }

    /// The values of a repeated filter, each once and in the order of their codes, so that the same filter has the
    /// same page tokens.
    pub(super) fn choices<T>(
        &mut self,
        field: &str,
        numbers: &[i32],
        parse: fn(i32) -> Given<T>,
        code: fn(T) -> i64,
    ) -> Vec<T>
    where
        T: Copy + PartialEq,
    {
        let mut choices = Vec::new();
        for (at, number) in numbers.iter().enumerate() {
            let field = format!("{field}[{at}]");
            match parse(*number) {
                Some(parsed) => choices.extend(self.violations.take(&field, parsed)),
                None => self.violations.add(&field, "must not be unspecified"),
            }
        }
        choices.sort_by_key(|choice| code(*choice));
        choices.dedup();
        choices
    }

    /// The name of a filter that has presence: an empty name that is set is a value of its own.
    pub(super) fn optional_name(&mut self, field: &str, text: Option<&str>) -> Option<String> {
        let text = text?;
        self.name(field, text)
            .or_else(|| text.trim().is_empty().then(String::new))
    }

    /// A required id of a thing.
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
    /// `None` in the result: an id that names nothing here.
    pub(super) fn reference(
        &mut self,
        kind: Kind,
        id: &str,
        given_name: &str,
    ) -> Option<Option<Reference>> {
        match (id.trim(), given_name.trim()) {
            ("", "") => {
                self.violations.add("name", "or id is required");
                None
            }
            ("", _) => {
                let name = self.required_name("name", given_name)?;
                Some(Some(Reference::Name(name)))
            }
            (_, "") => match self.id(kind, "id", id) {
                GivenId::Position(position) => Some(Some(Reference::Id(position))),
                GivenId::Unknown => Some(None),
                GivenId::None => None,
            },
            _ => {
                self.violations
                    .add("id", "and name are both given: one of the two is taken");
                None
            }
        }
    }

    fn text(&mut self, field: &str, text: &str, max: usize) -> Option<String> {
        self.violations
            .take(field, optional_text(text, max))
            .flatten()
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
