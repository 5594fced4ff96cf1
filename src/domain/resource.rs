//! What the store knows, as it is read: products, versions, builds, checks,
//! environments, deployments, and the entries of the event log. Ids are positions
//! in the log; [`super::id`] shows them to the world.

use serde::{Deserialize, Serialize};

use super::{
    deployment::DeploymentClass,
    environment::EnvironmentType,
    event::{Details, Event},
    precedence::Scheme,
    readiness::Assessment,
    requirements::Requirements,
    run::{Origin, Run},
    status::Status,
};

/// The most aliases of a product or environment.
pub const MAX_ALIASES: usize = 100;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    pub id: i64,
    pub name: String,
    pub description: String,
    pub aliases: Vec<String>,
    pub created_at_us: i64,
    pub updated_at_us: i64,
    /// What each of its versions needs to be ready.
    #[serde(default)]
    pub requirements: Requirements,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    pub id: i64,
    pub name: String,
    /// Stored as what the contract and the schema call it.
    #[serde(rename = "environment_type")]
    pub kind: EnvironmentType,
    pub description: String,
    pub aliases: Vec<String>,
    pub created_at_us: i64,
    pub updated_at_us: i64,
    /// What a version needs, besides its product's, to be ready for it.
    #[serde(default)]
    pub requirements: Requirements,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    pub id: i64,
    pub product_id: i64,
    pub product_name: String,
    pub version: String,
    pub scheme: Scheme,
    pub prerelease: bool,
    /// Sorts as the versions do; empty where there is no order but time.
    pub precedence: Vec<u8>,
    pub scm_sha: Option<String>,
    pub origin: Origin,
    /// Of the latest build; none where no build is known.
    pub status: Option<Status>,
    pub latest_build_id: Option<i64>,
    pub latest_build_started_at_us: Option<i64>,
    pub created_at_us: i64,
    pub updated_at_us: i64,
    /// None where this was not asked for.
    pub readiness: Option<Assessment>,
}

/// What builds, deployments and checks show of their run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunState {
    pub status: Status,
    pub invoke_id: Option<String>,
    pub invoke_attempt: Option<i64>,
    pub started_at_us: Option<i64>,
    pub completed_at_us: Option<i64>,
    pub created_at_us: i64,
    pub details: Details,
}

impl From<&Run> for RunState {
    fn from(run: &Run) -> Self {
        let (invoke_id, invoke_attempt) = run.invoke.clone().unzip();
        Self {
            status: run.status,
            invoke_id,
            invoke_attempt,
            started_at_us: run.started_at_us(),
            completed_at_us: run.completed_at_us,
            created_at_us: run.created_at_us(),
            details: run.facts.details.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    pub id: i64,
    pub product_id: i64,
    pub product_name: String,
    pub version_id: i64,
    pub version: String,
    pub run: RunState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: i64,
    pub product_id: i64,
    pub product_name: String,
    pub version_id: i64,
    pub version: String,
    pub environment_id: i64,
    pub environment_name: String,
    pub instance: String,
    pub current: bool,
    /// What it did to what runs there; none where it is not completed.
    pub class: Option<DeploymentClass>,
    pub run: RunState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub id: i64,
    pub product_id: i64,
    pub product_name: String,
    /// Its version's id and identifier; none where it was recorded for a commit.
    pub version: Option<(i64, String)>,
    /// The commit that it was recorded for; none where it was recorded for a version.
    pub scm_sha: Option<String>,
    pub check_name: String,
    /// The id and name of the environment that it was made for.
    pub environment: Option<(i64, String)>,
    pub run: RunState,
}

/// What sort of entry of the event log it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum EntryType {
    VersionEvent = 1,
    DeploymentEvent = 2,
    CheckEvent = 3,
    ProductUpdated = 4,
    ProductDeleted = 5,
    EnvironmentUpdated = 6,
    EnvironmentDeleted = 7,
}

impl EntryType {
    pub const ALL: [Self; 7] = [
        Self::VersionEvent,
        Self::DeploymentEvent,
        Self::CheckEvent,
        Self::ProductUpdated,
        Self::ProductDeleted,
        Self::EnvironmentUpdated,
        Self::EnvironmentDeleted,
    ];

    /// The number that the store and the contract know it by.
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The type of a number, where there is one.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.code() == code)
    }
}

/// An entry of the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub position: i64,
    pub event_id: String,
    pub kind: EntryType,
    pub occurred_at_us: i64,
    pub received_at_us: i64,
    pub product_id: Option<i64>,
    pub version_id: Option<i64>,
    pub environment_id: Option<i64>,
    /// The build, deployment or check that it belongs to now.
    pub subject_id: Option<i64>,
    /// None where it was deleted.
    pub content: Option<Content>,
}

/// What an entry of the event log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Event(Box<Event>),
    Product(Product),
    Environment(Environment),
}
