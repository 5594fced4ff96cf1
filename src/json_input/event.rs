//! An event as a JSON object: its fields become a raw event, which the domain checks.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::{
    ignored::IgnoredFields,
    members::{GIVEN_TWICE, Members},
    message_of,
    value::{Presence, ValueError, at_us, other_type, read_text, read_whole, type_of},
};
use crate::domain::{
    event::{Given, RawEvent, Subject},
    metadata::Metadata,
    rules,
    status::{CheckKind, Status},
    violation::Violation,
};

/// What the JSON object of an event says.
pub(crate) struct EventBody {
    pub(crate) event: RawEvent,
    pub(crate) ignored_fields: IgnoredFields,
    pub(crate) presence: Presence,
}

/// Reads an event. Fields that it does not have are ignored and listed; malformed fields are noted in the event. The
/// error says why the text is not a JSON object, and completes a sentence about the text.
pub(crate) fn read_event(json: &str, subject: Subject) -> Result<EventBody, String> {
    let mut fields = Fields::parse(json, subject)?;
    let f = &mut fields;
    let actor = match subject {
        Subject::Version => ["built_by", "built_by_name", "built_by_email"],
        Subject::Deployment => ["deployed_by", "deployed_by_name", "deployed_by_email"],
        Subject::Check => ["checked_by", "checked_by_name", "checked_by_email"],
    };
    let event = RawEvent {
        event_id: f.text("event_id"),
        occurred_at_us: f.word("occurred_at", at_us),
        product_name: f.text("product_name"),
        version: f.text("version"),
        environment_name: f.text("environment_name"),
        instance: f.text("instance"),
        check_name: f.text("check_name"),
        check_kind: f.word("kind", CheckKind::parse),
        status: match subject {
            Subject::Check => f.word("status", Status::parse_check),
            Subject::Version | Subject::Deployment => f.word("status", Status::parse),
        },
        started_at_us: f.word("started_at", at_us),
        completed_at_us: f.word("completed_at", at_us),
        invoke_id: f.text("invoke_id"),
        invoke_attempt: f.whole("invoke_attempt"),
        by: f.text(actor[0]),
        by_name: f.text(actor[1]),
        by_email: f.text(actor[2]),
        source_system: f.text("source_system"),
        scm_repository: f.text("scm_repository"),
        scm_branch: f.text("scm_branch"),
        scm_sha: f.text("scm_sha"),
        build_number: f.text("build_number"),
        build_url: f.text("build_url"),
        deploy_url: f.text("deploy_url"),
        url: f.text("url"),
        error_message: f.text("error_message"),
        error_code: f.text("error_code"),
        summary: f.text("summary"),
        counts: f.counts("counts"),
        expires_at_us: f.word("expires_at", at_us),
        extra_metadata: f.metadata("extra_metadata"),
        malformed: std::mem::take(&mut f.malformed),
    };
    Ok(EventBody {
        event,
        ignored_fields: fields.ignored,
        presence: fields.presence,
    })
}

/// The members of an object that are fields of its type of event, each given once.
struct Fields<'a> {
    values: Vec<(&'static str, &'a RawValue)>,
    malformed: Vec<Violation>,
    ignored: IgnoredFields,
    presence: Presence,
}

impl<'a> Fields<'a> {
    fn parse(json: &'a str, subject: Subject) -> Result<Self, String> {
        let message = message_of(subject);
        let known = rules::fields_of(message).map(|field| field.name);
        let mut fields = Self {
            values: Vec::new(),
            malformed: Vec::new(),
            ignored: IgnoredFields::default(),
            presence: Presence::of(message),
        };
        let mut repeated = Vec::new();
        for (name, raw) in Members::parse(json)?.0 {
            let Some(name) = known.clone().find(|known| *known == name) else {
                fields.ignored.add(&name, known.clone());
                continue;
            };
            fields.presence.note(name, raw);
            if fields.values.iter().all(|(given, _)| *given != name) {
                fields.values.push((name, raw));
            } else if !repeated.contains(&name) {
                repeated.push(name);
                fields.fault(name, GIVEN_TWICE.to_owned());
            }
        }
        fields.values.retain(|(name, raw)| {
            // Null counts as left out.
            raw.get() != "null" && !repeated.contains(name)
        });
        Ok(fields)
    }

    fn text(&mut self, name: &'static str) -> String {
        let Some(raw) = self.raw(name) else {
            return String::new();
        };
        match read_text(raw) {
            Ok(text) => text,
            Err(error) => {
                let description = self.describe(name, error);
                self.fault(name, description);
                String::new()
            }
        }
    }

    /// A text that stands for a value. An empty one counts as left out.
    fn word<T>(&mut self, name: &'static str, parse: fn(&str) -> Result<T, String>) -> Given<T> {
        match read_text(self.raw(name)?) {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(parse(text.trim())),
            Err(error) => Some(Err(self.describe(name, error))),
        }
    }

    fn whole(&mut self, name: &'static str) -> Given<i64> {
        let read = read_whole(self.raw(name)?);
        Some(read.map_err(|error| self.describe(name, error)))
    }

    fn counts(&mut self, name: &'static str) -> Given<BTreeMap<String, i64>> {
        let read = read_counts(self.raw(name)?);
        Some(read.map_err(|error| self.describe(name, error)))
    }

    fn metadata(&mut self, name: &'static str) -> Given<Metadata> {
        let raw = self.raw(name)?;
        Some(match raw.get().starts_with('{') {
            true => Metadata::parse(raw.get()),
            false => Err(self.describe(name, other_type("an object", raw))),
        })
    }

    fn raw(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.values.iter().find(|(given, _)| *given == name);
        found.map(|(_, raw)| *raw)
    }

    fn describe(&mut self, name: &'static str, error: ValueError) -> String {
        match error {
            ValueError::WrongType(description) => {
                self.presence.wrong_type.push(name.to_owned());
                description
            }
            ValueError::Invalid(description) => description,
        }
    }

    fn fault(&mut self, name: &str, description: String) {
        self.malformed.push(Violation {
            field: name.to_owned(),
            description,
        });
    }
}

fn read_counts(raw: &RawValue) -> Result<BTreeMap<String, i64>, ValueError> {
    /// A name is shown up to this many characters.
    const LONGEST_SHOWN: usize = 64;
    if !raw.get().starts_with('{') {
        return Err(other_type("an object of whole numbers", raw));
    }
    let members = Members::parse(raw.get()).map_err(ValueError::Invalid)?;
    let mut counts = BTreeMap::new();
    for (name, value) in members.0 {
        let shown: String = name.chars().take(LONGEST_SHOWN).collect();
        let count = read_whole(value).map_err(|_| {
            let given = type_of(value);
            ValueError::Invalid(format!(
                "must have whole numbers of at most 64 bits ({shown:?} is {given})"
            ))
        })?;
        if counts.insert(name.into_owned(), count).is_some() {
            return Err(ValueError::Invalid(format!(
                "must have each name once ({shown:?} is given several times)"
            )));
        }
    }
    Ok(counts)
}
