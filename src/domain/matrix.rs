//! What runs where, and how it stands to what runs in a baseline environment (R11).

use std::cmp::Ordering;

use super::{
    deployment::{DeploymentClass, Rank},
    environment::EnvironmentType,
    status::Status,
};

/// A column of the matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixEnvironment {
    pub id: i64,
    pub name: String,
    pub kind: EnvironmentType,
}

/// What of one product runs where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixRow {
    pub product_id: i64,
    pub product_name: String,
    /// The environments that it was ever deployed to, in the order of the columns.
    pub cells: Vec<MatrixCell>,
}

/// What of a product runs in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixCell {
    pub environment_id: i64,
    pub environment_name: String,
    /// By name; the one without a name comes first.
    pub instances: Vec<MatrixInstance>,
    /// None where nothing is compared, or where it is the baseline itself.
    pub standing: Option<Standing>,
    /// Where it is behind or ahead: the versions between the two.
    pub versions_between: i64,
}

/// What of a product runs in one instance of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatrixInstance {
    pub instance: String,
    pub current: Option<DeploymentSummary>,
    pub under_way: Option<DeploymentSummary>,
    pub last_failed: Option<DeploymentSummary>,
}

/// The main facts of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentSummary {
    pub id: i64,
    /// Its version.
    pub rank: Rank,
    pub status: Status,
    pub class: Option<DeploymentClass>,
    pub started_at_us: Option<i64>,
    pub completed_at_us: Option<i64>,
    pub created_at_us: i64,
    pub deployed_by: Option<String>,
    pub deploy_url: Option<String>,
}

/// How what runs in an environment stands to what runs in the baseline one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Same,
    Behind,
    Ahead,
    Mixed,
    Unknown,
}

impl MatrixCell {
    /// Compares what runs here with what runs in the baseline. The ranks are those
    /// of the two versions, lower one first, where versions may lie between them.
    pub fn stand_to<'a>(&'a self, baseline: Option<&'a Self>) -> (Standing, Option<[&'a Rank; 2]>) {
        let here = self.current_versions();
        let there = baseline.map(Self::current_versions).unwrap_or_default();
        match (&here[..], &there[..]) {
            ([_, _, ..], _) => (Standing::Mixed, None),
            ([here], [there]) => match here.order(there) {
                Ordering::Equal => (Standing::Same, None),
                Ordering::Less => (Standing::Behind, Some([here, there])),
                Ordering::Greater => (Standing::Ahead, Some([there, here])),
            },
            _ => (Standing::Unknown, None),
        }
    }

    /// The versions that its instances run, each once.
    fn current_versions(&self) -> Vec<&Rank> {
        let mut ranks: Vec<&Rank> = Vec::new();
        for current in self.instances.iter().filter_map(|i| i.current.as_ref()) {
            if ranks
                .iter()
                .all(|rank| rank.version_id != current.rank.version_id)
            {
                ranks.push(&current.rank);
            }
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Instances that run these versions; 0 runs none.
    fn running(versions: &[u8]) -> MatrixCell {
        let instance = |version: &u8| MatrixInstance {
            instance: String::new(),
            current: (*version > 0).then(|| DeploymentSummary {
                id: 1,
                rank: Rank {
                    version_id: i64::from(*version),
                    version: version.to_string(),
                    precedence: vec![*version],
                    created_at_us: 0,
                },
                status: Status::Completed,
                class: None,
                started_at_us: None,
                completed_at_us: None,
                created_at_us: 0,
                deployed_by: None,
                deploy_url: None,
            }),
            under_way: None,
            last_failed: None,
        };
        MatrixCell {
            environment_id: 1,
            environment_name: String::new(),
            instances: versions.iter().map(instance).collect(),
            standing: None,
            versions_between: 0,
        }
    }

    #[test]
    fn r11_an_environment_stands_as_its_instances_run() {
        for (here, there, standing, between) in [
            (&[1][..], &[1][..], Standing::Same, None),
            (&[1, 1], &[1], Standing::Same, None),
            (&[1, 0], &[0, 1], Standing::Same, None),
            (&[1], &[3], Standing::Behind, Some([1, 3])),
            (&[3, 3], &[1, 1], Standing::Ahead, Some([1, 3])),
            (&[1, 2], &[1], Standing::Mixed, None),
            (&[1, 2], &[1, 2], Standing::Mixed, None),
            (&[1, 2], &[], Standing::Mixed, None),
            (&[1], &[1, 2], Standing::Unknown, None),
            (&[0], &[1], Standing::Unknown, None),
            (&[1], &[0], Standing::Unknown, None),
            (&[], &[], Standing::Unknown, None),
        ] {
            let (cell, baseline) = (running(here), running(there));
            let (found, ranks) = cell.stand_to(Some(&baseline));
            assert_eq!(found, standing, "{here:?} to {there:?}");
            assert_eq!(ranks.map(|two| two.map(|rank| rank.version_id)), between);
        }
        assert_eq!(running(&[1]).stand_to(None).0, Standing::Unknown);
    }
}
