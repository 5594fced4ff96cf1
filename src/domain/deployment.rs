//! What a completed deployment did to what runs there (R11), and the order of two
//! versions that tells it (R13).

use std::cmp::Ordering;

use serde::Serialize;

/// What a completed deployment did to what runs there: the product, in the
/// environment and instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum DeploymentClass {
    First = 1,
    Upgrade = 2,
    Downgrade = 3,
    Redeploy = 4,
    Rollback = 5,
}

impl DeploymentClass {
    const ALL: [Self; 5] = [
        Self::First,
        Self::Upgrade,
        Self::Downgrade,
        Self::Redeploy,
        Self::Rollback,
    ];

    /// The number that the store and the contract know it by; 0 is none.
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The class of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.code() == code)
    }

    /// The class of a completed deployment of `version` where `current` was the
    /// version of the one completed before it. `was_current`: the version had been
    /// completed there before.
    pub fn of(version: &Rank, current: Option<&Rank>, was_current: WasCurrent) -> Self {
        let Some(current) = current else {
            return Self::First;
        };
        match (version.order(current), was_current) {
            (Ordering::Equal, _) => Self::Redeploy,
            (Ordering::Greater, _) => Self::Upgrade,
            (Ordering::Less, WasCurrent(true)) => Self::Rollback,
            (Ordering::Less, WasCurrent(false)) => Self::Downgrade,
        }
    }
}

/// Whether a version had been current at a place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WasCurrent(pub bool);

/// What decides a version's place among those of its product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    pub version_id: i64,
    /// The version identifier.
    pub version: String,
    /// Sorts as the versions do; empty where there is no order but time.
    pub precedence: Vec<u8>,
    pub created_at_us: i64,
}

impl Rank {
    /// By precedence; by time of creation where one of the two has none or they are
    /// equal. Of one moment the identifier decides, which arrival has no part in, so
    /// that two versions are never equal.
    pub fn order(&self, other: &Self) -> Ordering {
        let by_time =
            (self.created_at_us, &self.version).cmp(&(other.created_at_us, &other.version));
        if self.is_numbered_like(other) {
            self.precedence.cmp(&other.precedence).then(by_time)
        } else {
            by_time
        }
    }

    /// Both have precedence.
    pub fn is_numbered_like(&self, other: &Self) -> bool {
        !self.precedence.is_empty() && !other.precedence.is_empty()
    }
}

/// When a deployment was completed, and by which event it was last heard of: of the
/// completed ones at a place the last in this order is current (R11).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Completion {
    pub completed_at_us: i64,
    pub last_at_us: i64,
    pub last_event_id: String,
}

#[cfg(test)]
mod tests {
    use super::{DeploymentClass::*, *};

    fn rank(version_id: i64, precedence: &str, created_at_us: i64) -> Rank {
        Rank {
            version_id,
            version: format!("v{version_id}"),
            precedence: precedence.as_bytes().to_vec(),
            created_at_us,
        }
    }

    #[test]
    fn r11_a_class_tells_what_became_of_the_current_version() {
        let (new, again) = (WasCurrent(false), WasCurrent(true));
        let one = rank(1, "1", 20);
        let two = rank(2, "2", 10);
        assert_eq!(DeploymentClass::of(&one, None, new), First);
        assert_eq!(DeploymentClass::of(&one, Some(&one), again), Redeploy);
        assert_eq!(DeploymentClass::of(&two, Some(&one), new), Upgrade);
        assert_eq!(DeploymentClass::of(&two, Some(&one), again), Upgrade);
        assert_eq!(DeploymentClass::of(&one, Some(&two), new), Downgrade);
        assert_eq!(DeploymentClass::of(&one, Some(&two), again), Rollback);
    }

    #[test]
    fn r13_two_versions_are_ordered_by_precedence_else_by_time_else_by_name() {
        let older = rank(2, "2", 10);
        for (later, earlier) in [
            (rank(1, "3", 0), &older),
            (rank(1, "2", 11), &older),
            (rank(3, "2", 10), &older),
            (rank(1, "", 11), &older),
            (rank(3, "", 10), &older),
            (rank(1, "1", 11), &rank(2, "", 10)),
        ] {
            assert_eq!(later.order(earlier), Ordering::Greater, "{later:?}");
            assert_eq!(earlier.order(&later), Ordering::Less, "{later:?}");
        }
    }

    #[test]
    fn codes_round_trip() {
        for class in DeploymentClass::ALL {
            assert_eq!(DeploymentClass::from_code(class.code()), Some(class));
        }
        assert_eq!(DeploymentClass::from_code(0), None);
    }
}
