//! What products and environments ask of a version before it is ready: their
//! settings (R17). Knows no evidence.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The most checks that a product or environment requires.
pub const MAX_REQUIRED_CHECKS: usize = 100;

/// What a version needs to be ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// Names, in byte order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_checks: Vec<String>,
    /// None: there are no limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_limits: Option<SecurityLimits>,
}

/// The most findings of each severity that a security scan may report. What is
/// none has no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityLimits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub critical: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<i64>,
}

/// What to change of requirements; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct RequirementsChange {
    pub required_checks: Option<Vec<String>>,
    /// The inner none removes the limits.
    pub security_limits: Option<Option<SecurityLimits>>,
}

impl Requirements {
    pub fn apply(&mut self, change: &RequirementsChange) {
        if let Some(names) = &change.required_checks {
            let names: BTreeSet<&String> = names.iter().collect();
            self.required_checks = names.into_iter().cloned().collect();
        }
        if let Some(limits) = change.security_limits {
            self.security_limits = limits.filter(|limits| !limits.is_empty());
        }
    }

    /// Both at once: the checks of either, and of two limits the stricter one.
    pub fn joined(&self, other: &Self) -> Self {
        let names: BTreeSet<&String> = self
            .required_checks
            .iter()
            .chain(&other.required_checks)
            .collect();
        let security_limits = match (self.security_limits, other.security_limits) {
            (Some(mine), Some(theirs)) => Some(mine.stricter(theirs)),
            (mine, theirs) => mine.or(theirs),
        };
        Self {
            required_checks: names.into_iter().cloned().collect(),
            security_limits,
        }
    }
}

impl SecurityLimits {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The limits that there are, each with the name of the count that it is for.
    pub fn by_severity(&self) -> impl Iterator<Item = (&'static str, i64)> {
        [
            ("critical", self.critical),
            ("high", self.high),
            ("medium", self.medium),
            ("low", self.low),
        ]
        .into_iter()
        .filter_map(|(severity, limit)| Some((severity, limit?)))
    }

    fn stricter(self, other: Self) -> Self {
        fn least(a: Option<i64>, b: Option<i64>) -> Option<i64> {
            a.into_iter().chain(b).min()
        }
        Self {
            critical: least(self.critical, other.critical),
            high: least(self.high, other.high),
            medium: least(self.medium, other.medium),
            low: least(self.low, other.low),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks(names: &[&str]) -> Requirements {
        Requirements {
            required_checks: names.iter().map(|name| (*name).to_owned()).collect(),
            security_limits: None,
        }
    }

    #[test]
    fn r17_an_environments_requirements_join_its_products() {
        let joined = checks(&["a", "c"]).joined(&checks(&["B", "c"]));
        assert_eq!(joined, checks(&["B", "a", "c"]));

        let product = Requirements {
            security_limits: Some(SecurityLimits {
                critical: Some(0),
                high: Some(9),
                ..SecurityLimits::default()
            }),
            ..Requirements::default()
        };
        let environment = Requirements {
            security_limits: Some(SecurityLimits {
                high: Some(3),
                low: Some(100),
                ..SecurityLimits::default()
            }),
            ..Requirements::default()
        };
        let stricter: Vec<_> = product
            .joined(&environment)
            .security_limits
            .unwrap()
            .by_severity()
            .collect();
        assert_eq!(stricter, [("critical", 0), ("high", 3), ("low", 100)]);
        assert_eq!(product.joined(&Requirements::default()), product);
        assert_eq!(Requirements::default().joined(&product), product);
    }

    #[test]
    fn r15_a_change_leaves_what_it_does_not_name() {
        let mut requirements = checks(&["a"]);
        requirements.apply(&RequirementsChange::default());
        assert_eq!(requirements, checks(&["a"]));
        requirements.apply(&RequirementsChange {
            required_checks: Some(vec!["b".into(), "B".into(), "b".into()]),
            security_limits: None,
        });
        assert_eq!(requirements, checks(&["B", "b"]));
        let limits = SecurityLimits {
            low: Some(1),
            ..SecurityLimits::default()
        };
        for (given, kept) in [(Some(limits), Some(limits)), (None, None)] {
            requirements.apply(&RequirementsChange {
                required_checks: None,
                security_limits: Some(given),
            });
            assert_eq!(requirements.security_limits, kept);
        }
        requirements.apply(&RequirementsChange {
            required_checks: Some(Vec::new()),
            security_limits: Some(Some(SecurityLimits::default())),
        });
        assert_eq!(requirements, Requirements::default());
    }
}
