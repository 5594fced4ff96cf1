//! Update masks, and the fields of products and environments that they name.

use prost_types::FieldMask;

use crate::{
    domain::{
        event::{MAX_NAME, MAX_PROSE},
        requirements::{MAX_REQUIRED_CHECKS, RequirementsChange, SecurityLimits},
        resource::MAX_ALIASES,
        violation::{name, optional_prose},
    },
    grpc::request::Fields,
    pb,
};

/// Which fields an update changes.
pub(super) struct Mask(Vec<String>);

impl Mask {
    /// Without a mask, an update changes the fields that it fills.
    pub(super) fn parse(
        fields: &mut Fields,
        mask: Option<FieldMask>,
        known: &[(&str, bool)],
    ) -> Self {
        let paths = mask.map(|mask| mask.paths).unwrap_or_default();
        for path in &paths {
            if !known.iter().any(|(name, _)| name == path) {
                // A path may be as long as a message.
                let shown: String = path.chars().take(MAX_NAME).collect();
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                fields.violations.add(
                    "update_mask",
                    format!("names {shown:?}: {} are taken", names.join(", ")),
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

    pub(super) fn name(&self, fields: &mut Fields, path: &str, given: &str) -> Option<String> {
        self.has("name")
            .then(|| fields.required_name(path, given))
            .flatten()
    }

    pub(super) fn description(
        &self,
        fields: &mut Fields,
        path: &str,
        given: &str,
    ) -> Option<String> {
        if !self.has("description") {
            return None;
        }
        let parsed = optional_prose(given, MAX_PROSE);
        fields
            .violations
            .take(path, parsed)
            .map(Option::unwrap_or_default)
    }

    pub(super) fn aliases(
        &self,
        fields: &mut Fields,
        path: &str,
        given: &[String],
    ) -> Option<Vec<String>> {
        self.has("aliases")
            .then(|| names(fields, path, given, MAX_ALIASES))
            .flatten()
    }

    /// The settings of `product` or `environment` that readiness hangs on.
    pub(super) fn requirements(
        &self,
        fields: &mut Fields,
        path: &str,
        required_checks: &[String],
        limits: Option<&pb::SecurityLimits>,
    ) -> RequirementsChange {
        let checks = format!("{path}.required_checks");
        let limits_path = format!("{path}.security_limits");
        RequirementsChange {
            required_checks: self
                .has("required_checks")
                .then(|| names(fields, &checks, required_checks, MAX_REQUIRED_CHECKS))
                .flatten(),
            security_limits: self
                .has("security_limits")
                .then(|| limits.map(|limits| security_limits(fields, &limits_path, limits))),
        }
    }
}

/// Tells whether limits are given: without a mask, those that limit nothing change nothing.
pub(super) fn gives_limits(limits: Option<&pb::SecurityLimits>) -> bool {
    limits.is_some_and(|limits| *limits != pb::SecurityLimits::default())
}

fn names(fields: &mut Fields, path: &str, given: &[String], max: usize) -> Option<Vec<String>> {
    if given.len() > max {
        let taken = format!("has {} names: at most {max} are taken", given.len());
        fields.violations.add(path, taken);
    }
    let parsed: Vec<Option<String>> = given
        .iter()
        .take(max)
        .enumerate()
        .map(|(i, given)| {
            let parsed = name(given, MAX_NAME);
            fields.violations.take(&format!("{path}[{i}]"), parsed)
        })
        .collect();
    parsed.into_iter().collect()
}

fn security_limits(fields: &mut Fields, path: &str, given: &pb::SecurityLimits) -> SecurityLimits {
    let mut limit = |severity: &str, limit: Option<i64>| {
        if let Some(negative) = limit.filter(|limit| *limit < 0) {
            let taken = format!("is {negative}: whole numbers from 0 are taken");
            fields.violations.add(&format!("{path}.{severity}"), taken);
        }
        limit
    };
    SecurityLimits {
        critical: limit("critical", given.critical),
        high: limit("high", given.high),
        medium: limit("medium", given.medium),
        low: limit("low", given.low),
    }
}
