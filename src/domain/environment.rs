//! What sort of place an environment is, by the words of its name (R12).

use serde::{Deserialize, Serialize};

/// What sort of place an environment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnvironmentType {
    Dev,
    Test,
    Staging,
    Production,
    Other,
}

impl EnvironmentType {
    const ALL: [Self; 5] = [
        Self::Dev,
        Self::Test,
        Self::Staging,
        Self::Production,
        Self::Other,
    ];

    /// Infers the type from a name: the first match of R12's list, by the words
    /// that stand between anything but letters.
    pub fn infer(name: &str) -> Self {
        let lower = name.to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphabetic())
            .filter(|w| !w.is_empty())
            .collect();
        let has = |any: &[&str]| words.iter().any(|w| any.contains(w));
        let has_pair = |a, b| words.windows(2).any(|pair| pair == [a, b]);

        if has(&["nonprod"]) || has_pair("non", "prod") {
            Self::Other
        } else if has(&["staging", "stage", "stg", "uat", "preprod"]) || has_pair("pre", "prod") {
            Self::Staging
        } else if has(&["prod", "prd", "production", "live"]) {
            Self::Production
        } else if has(&["test", "testing", "qa", "integration", "int"]) {
            Self::Test
        } else if has(&["dev", "development", "local", "sandbox"]) {
            Self::Dev
        } else {
            Self::Other
        }
    }

    /// The number that the store and the contract know it by.
    pub fn code(self) -> i64 {
        match self {
            Self::Dev => 1,
            Self::Test => 2,
            Self::Staging => 3,
            Self::Production => 4,
            Self::Other => 5,
        }
    }

    /// The type of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::EnvironmentType::{self, *};

    #[test]
    fn r12_the_first_match_of_the_list_decides() {
        for (name, expected) in [
            ("nonprod", Other),
            ("Non-Prod-2", Other),
            ("staging", Staging),
            ("stg2", Staging),
            ("pre-prod", Staging),
            ("uat_production", Staging),
            ("production-us-east", Production),
            ("PROD", Production),
            ("live1", Production),
            ("qa-smoke", Test),
            ("int", Test),
            ("dev-team-a", Dev),
            ("sandbox", Dev),
            ("development", Dev),
            ("devtest", Other),
            ("produce", Other),
            ("42", Other),
            ("", Other),
        ] {
            assert_eq!(EnvironmentType::infer(name), expected, "{name}");
        }
    }

    #[test]
    fn codes_round_trip() {
        for kind in EnvironmentType::ALL {
            assert_eq!(EnvironmentType::from_code(kind.code()), Some(kind));
        }
    }
}
