//! Update masks, and the fields of products and environments that they name.

use prost_types::FieldMask;

use crate::{
    domain::{
        requirements::SecurityLimits,
        rules::{FieldRules, security_limits},
    },
    grpc::request::Fields,
    pb,
};

/// The characters of an unknown path that a message shows.
const MAX_SHOWN: usize = 255;

/// Which fields an update changes.
pub(super) struct Mask(Vec<String>);

impl Mask {
    /// Without a mask, an update changes the fields that are set.
    pub(super) fn parse(
        fields: &mut Fields,
        mask: Option<FieldMask>,
        known: &[(&str, bool)],
    ) -> Self {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        for path in &paths {
            if !known.iter().any(|(name, _)| name == path) {
                // A path may be as long as a message.
                let shown: String = path.chars().take(MAX_SHOWN).collect();
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                fields.violations.add(
                    "update_mask",
                    format!("must have only {} (has {shown:?})", names.join(", ")),
                );
            }
        }
        if paths.is_empty() {
            let filled = known.iter().filter(|(_, filled)| *filled);
            return Self(filled.map(|(name, _)| (*name).to_owned()).collect());
        }
        Self(paths)
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.0.iter().any(|path| path == field)
    }

    /// The new name. `message` is the field of the request that has it.
    pub(super) fn name(
        &self,
        fields: &mut Fields,
        message: &str,
        rules: &FieldRules,
        given: &str,
    ) -> Option<String> {
        let name = self.text(fields, message, rules, given)?;
        if name.is_none() {
            fields.violations.add(
                &path(message, rules),
                "is required if update_mask has it: a name cannot be removed",
            );
        }
        name
    }

    pub(super) fn description(
        &self,
        fields: &mut Fields,
        message: &str,
        rules: &FieldRules,
        given: &str,
    ) -> Option<String> {
        let description = self.text(fields, message, rules, given)?;
        Some(description.unwrap_or_default())
    }

    fn text(
        &self,
        fields: &mut Fields,
        message: &str,
        rules: &FieldRules,
        given: &str,
    ) -> Option<Option<String>> {
        match self.has(rules.name) {
            true => {
                let path = path(message, rules);
                fields.violations.take(&path, rules.text(given))
            }
            false => None,
        }
    }

    pub(super) fn texts(
        &self,
        fields: &mut Fields,
        message: &str,
        rules: &FieldRules,
        given: &[String],
    ) -> Option<Vec<String>> {
        match self.has(rules.name) {
            true => fields.texts(&path(message, rules), rules, given),
            false => None,
        }
    }

    /// The new security limits. The inner `None` removes them.
    pub(super) fn limits(
        &self,
        fields: &mut Fields,
        message: &str,
        given: Option<&pb::SecurityLimits>,
    ) -> Option<Option<SecurityLimits>> {
        let path = format!("{message}.security_limits");
        self.has("security_limits")
            .then(|| given.map(|given| limits(fields, &path, given)))
    }
}

fn path(message: &str, rules: &FieldRules) -> String {
    format!("{message}.{}", rules.name)
}

/// Whether limits are set. Without a mask, empty limits change nothing.
pub(super) fn gives_limits(limits: Option<&pb::SecurityLimits>) -> bool {
    limits.is_some_and(|limits| *limits != pb::SecurityLimits::default())
}

fn limits(fields: &mut Fields, path: &str, given: &pb::SecurityLimits) -> SecurityLimits {
    let mut limit = |rules: &FieldRules, limit: Option<i64>| {
        let field = format!("{path}.{}", rules.name);
        fields.violations.take(&field, rules.number(limit?))
    };
    SecurityLimits {
        critical: limit(&security_limits::CRITICAL, given.critical),
        high: limit(&security_limits::HIGH, given.high),
        medium: limit(&security_limits::MEDIUM, given.medium),
        low: limit(&security_limits::LOW, given.low),
    }
}
