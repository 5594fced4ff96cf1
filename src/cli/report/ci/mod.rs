//! What the variables of a CI system say about the run that the program is part of. Reads variables through a
//! function, and knows no event.

mod systems;

use systems::{SYSTEMS, System};

/// What a variable can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CiField {
    SourceSystem,
    Commit,
    Branch,
    Repository,
    BuildNumber,
    RunUrl,
    InvokeId,
    InvokeAttempt,
    Actor,
    ActorName,
    ActorEmail,
}

impl CiField {
    const ALL: [Self; 11] = [
        Self::SourceSystem,
        Self::Commit,
        Self::Branch,
        Self::Repository,
        Self::BuildNumber,
        Self::RunUrl,
        Self::InvokeId,
        Self::InvokeAttempt,
        Self::Actor,
        Self::ActorName,
        Self::ActorEmail,
    ];

    /// The field of an event that it fills.
    fn title(self) -> &'static str {
        match self {
            Self::SourceSystem => "source system",
            Self::Commit => "commit",
            Self::Branch => "branch",
            Self::Repository => "repository",
            Self::BuildNumber => "build number",
            Self::RunUrl => "URL",
            Self::InvokeId => "invoke id",
            Self::InvokeAttempt => "invoke attempt",
            Self::Actor => "by",
            Self::ActorName => "by, name",
            Self::ActorEmail => "by, email",
        }
    }
}

/// How a value is made of variables.
#[derive(Clone, Copy, Debug)]
struct Source {
    field: CiField,
    /// A text with variables in braces; each of them must have a value.
    template: &'static str,
    /// Counts only if this variable has this value.
    only_if: Option<(&'static str, &'static str)>,
    /// The value must begin with this, which is then removed.
    prefix: &'static str,
}

/// The CI run that the program is part of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CiRun {
    /// The name of the CI system, for people.
    pub(super) system: &'static str,
    values: Vec<CiValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct CiValue {
    field: CiField,
    text: String,
    /// The variables that it was made of.
    origin: String,
}

impl CiRun {
    /// The run that the variables describe, if a known CI system set them.
    pub(super) fn detect(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let system = SYSTEMS.iter().find(|system| match system.detected_by {
            (name, "") => variable(name).is_some(),
            (name, value) => variable(name).is_some_and(|is| is.eq_ignore_ascii_case(value)),
        })?;
        let source_system = CiValue {
            field: CiField::SourceSystem,
            text: system.source_system.to_owned(),
            origin: system.detected_by.0.to_owned(),
        };
        let others = CiField::ALL.into_iter().filter_map(|field| {
            let sources = system.sources.iter();
            let mut sources = sources.filter(|source| source.field == field);
            sources.find_map(|source| source.value(&variable))
        });
        Some(Self {
            system: system.title,
            values: [source_system].into_iter().chain(others).collect(),
        })
    }

    /// Fills a field that has no value. Returns the value with its origin, if it filled one.
    pub(super) fn fill(&self, field: CiField, slot: &mut Option<String>) -> Option<String> {
        if slot.is_some() {
            return None;
        }
        let value = self.values.iter().find(|value| value.field == field)?;
        *slot = Some(value.text.clone());
        Some(format!(
            "{} {} ({})",
            field.title(),
            value.text,
            value.origin
        ))
    }
}

impl Source {
    fn value(&self, variable: &impl Fn(&str) -> Option<String>) -> Option<CiValue> {
        if let Some((name, expected)) = self.only_if
            && variable(name).as_deref() != Some(expected)
        {
            return None;
        }
        let mut text = String::new();
        for part in parts(self.template) {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(name) => text.push_str(variable(name)?.trim()),
            }
        }
        let text = text.strip_prefix(self.prefix)?;
        let names = parts(self.template).filter_map(|part| match part {
            Part::Variable(name) => Some(name),
            Part::Text(_) => None,
        });
        Some(CiValue {
            field: self.field,
            text: without_credentials(text),
            origin: names.collect::<Vec<_>>().join(", "),
        })
    }
}

enum Part<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// The parts of a template: `{A}/b` is the variable A and the text `/b`.
fn parts(template: &str) -> impl Iterator<Item = Part<'_>> {
    template.split_inclusive(['{', '}']).filter_map(|part| {
        let text = part.trim_end_matches('{');
        match part.strip_suffix('}') {
            Some(name) => Some(Part::Variable(name)),
            None if text.is_empty() => None,
            None => Some(Part::Text(text)),
        }
    })
}

/// A URL without a user name and password: the variables of some systems have them.
fn without_credentials(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or(authority);
    format!("{scheme}://{host}{path}")
}

/// A table of the variables of each system, for the help.
pub(super) fn variables_help() -> String {
    SYSTEMS.iter().map(System::help).collect()
}

#[cfg(test)]
mod tests;
