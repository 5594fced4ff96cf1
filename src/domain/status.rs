//! The status of a build, deployment or check, and the words for it (R4, R6).

use serde::{Deserialize, Serialize};

/// The status of a build, deployment or check. For a check the words are queued,
/// running, passed, failed, skipped, in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Started,
    Completed,
    Failed,
    Aborted,
}

/// The spellings of each status as text (R4). The first one is its name.
const SPELLINGS: [(Status, &[&str]); 5] = [
    (Status::Pending, &["pending", "queued", "scheduled"]),
    (
        Status::Started,
        &[
            "started",
            "in_progress",
            "init",
            "running",
            "building",
            "deploying",
        ],
    ),
    (
        Status::Completed,
        &[
            "completed",
            "success",
            "succeeded",
            "complete",
            "finished",
            "passed",
            "built",
            "deployed",
        ],
    ),
    (
        Status::Failed,
        &["failed", "fail", "failure", "error", "timed_out"],
    ),
    (
        Status::Aborted,
        &[
            "aborted",
            "abort",
            "cancelled",
            "canceled",
            "cancel",
            "skipped",
        ],
    ),
];

impl Status {
    /// Parses the status of a build or deployment in any of R4's spellings, in any
    /// case. The error is the list of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase();
        SPELLINGS
            .iter()
            .find(|(_, words)| words.contains(&word.as_str()))
            .map(|(status, _)| *status)
            .ok_or_else(|| {
                let synonyms: Vec<&str> = SPELLINGS.iter().flat_map(|(_, w)| &w[1..]).copied().collect();
                format!(
                    "must be pending, started, completed, failed or aborted, or a synonym of these: {}",
                    synonyms.join(", ")
                )
            })
    }

    /// Every spelling (R4).
    pub fn spellings() -> impl Iterator<Item = &'static str> {
        SPELLINGS.iter().flat_map(|(_, words)| *words).copied()
    }

    /// Parses a check's status, in any case: one of its five words, or any of
    /// R4's spellings of the same.
    pub fn parse_check(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .map_err(|_| "must be queued, running, passed, failed or skipped".to_owned())
    }

    /// The name of the status.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Started => "started",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }

    /// The name that a check's status has.
    pub fn as_check_str(self) -> &'static str {
        match self {
            Self::Pending => "queued",
            Self::Started => "running",
            Self::Completed => "passed",
            Self::Failed => "failed",
            Self::Aborted => "skipped",
        }
    }

    pub fn is_finished(self) -> bool {
        self.rank() == 2
    }

    /// The place in the lifecycle that orders events of the same moment (R6):
    /// pending 0, started 1, finished 2.
    pub fn rank(self) -> i64 {
        match self {
            Self::Pending => 0,
            Self::Started => 1,
            Self::Completed | Self::Failed | Self::Aborted => 2,
        }
    }

    /// The number that the store and the contract know it by; 0 is none.
    pub fn code(self) -> i64 {
        match self {
            Self::Pending => 1,
            Self::Started => 2,
            Self::Completed => 3,
            Self::Failed => 4,
            Self::Aborted => 5,
        }
    }

    /// The status of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        [
            Self::Pending,
            Self::Started,
            Self::Completed,
            Self::Failed,
            Self::Aborted,
        ]
        .into_iter()
        .find(|s| s.code() == code)
    }
}

/// What sort of quality gate a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    Test,
    SecurityScan,
    Approval,
    Custom,
}

impl CheckKind {
    const ALL: [Self; 4] = [Self::Test, Self::SecurityScan, Self::Approval, Self::Custom];

    /// Parses the kind's name, in any case. The error is the list of the kinds.
    pub fn parse(text: &str) -> Result<Self, String> {
        let word = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == word)
            .ok_or_else(|| "must be test, security_scan, approval or custom".to_owned())
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::SecurityScan => "security_scan",
            Self::Approval => "approval",
            Self::Custom => "custom",
        }
    }

    /// The number that the store and the contract know it by.
    pub fn code(self) -> i64 {
        match self {
            Self::Test => 1,
            Self::SecurityScan => 2,
            Self::Approval => 3,
            Self::Custom => 4,
        }
    }

    /// The kind of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a check's status.
    const CHECK_WORDS: [(Status, &str); 5] = [
        (Status::Pending, "queued"),
        (Status::Started, "running"),
        (Status::Completed, "passed"),
        (Status::Failed, "failed"),
        (Status::Aborted, "skipped"),
    ];

    #[test]
    fn r4_every_spelling_is_accepted_in_any_case() {
        for (status, words) in SPELLINGS {
            for word in words {
                assert_eq!(Status::parse(word), Ok(status), "{word}");
                assert_eq!(
                    Status::parse(&format!(" {} ", word.to_uppercase())),
                    Ok(status)
                );
            }
            assert_eq!(words[0], status.as_str());
        }
    }

    #[test]
    fn r4_anything_else_is_rejected_with_the_list() {
        let allowed = Status::parse("green").unwrap_err();
        for word in Status::spellings() {
            assert!(allowed.contains(word), "{word}: {allowed}");
        }
        assert!(Status::parse_check("").unwrap_err().contains("passed"));
    }

    #[test]
    fn codes_round_trip() {
        for (status, word) in CHECK_WORDS {
            assert_eq!(Status::from_code(status.code()), Some(status));
            assert_eq!(Status::parse_check(word), Ok(status));
            assert_eq!(status.as_check_str(), word);
        }
        for kind in CheckKind::ALL {
            assert_eq!(CheckKind::from_code(kind.code()), Some(kind));
            assert_eq!(CheckKind::parse(kind.as_str()), Ok(kind));
        }
    }
}
