//! What lists can be asked for. An empty filter is no filter; filters combine with AND.

use serde::Serialize;

use super::{
    deployment::DeploymentClass,
    environment::EnvironmentType,
    resource::EntryType,
    status::{CheckKind, Status},
};

/// The order of a list of versions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum VersionOrder {
    #[default]
    NewestFirst,
    OldestFirst,
    /// Those without precedence come last, newest first.
    HighestFirst,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct VersionQuery {
    pub product_name: Option<String>,
    pub version: Option<String>,
    pub version_prefix: Option<String>,
    /// Any of these; empty: any status.
    pub statuses: Vec<Status>,
    pub scm_branch: Option<String>,
    pub scm_repository: Option<String>,
    /// A SHA or the beginning of one, in lower case (R14).
    pub scm_sha: Option<String>,
    pub built_by: Option<String>,
    pub source_system: Option<String>,
    pub invoke_id: Option<String>,
    pub created_from_us: Option<i64>,
    pub created_to_us: Option<i64>,
    /// Currently deployed there.
    pub environment_name: Option<String>,
    pub order: VersionOrder,
    /// Asks for the readiness of each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readiness: Option<ReadinessQuery>,
}

/// Asks whether versions are ready (R17).
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReadinessQuery {
    /// For this environment.
    pub environment_name: Option<String>,
    /// What has expired by then is worth nothing any more.
    #[serde(skip)]
    pub now_us: i64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct BuildQuery {
    pub product_name: Option<String>,
    pub version: Option<String>,
    pub version_id: Option<i64>,
    /// Any of these; empty: any status.
    pub statuses: Vec<Status>,
    pub invoke_id: Option<String>,
    pub scm_branch: Option<String>,
    pub source_system: Option<String>,
    pub created_from_us: Option<i64>,
    pub created_to_us: Option<i64>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct DeploymentQuery {
    pub product_name: Option<String>,
    pub version: Option<String>,
    pub version_id: Option<i64>,
    pub environment_name: Option<String>,
    /// Empty: without an instance.
    pub instance: Option<String>,
    /// Any of these; empty: any status.
    pub statuses: Vec<Status>,
    pub deployed_by: Option<String>,
    pub invoke_id: Option<String>,
    pub created_from_us: Option<i64>,
    pub created_to_us: Option<i64>,
    pub current_only: bool,
    /// Any of these; empty: any class.
    pub deployment_classes: Vec<DeploymentClass>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckQuery {
    pub product_name: Option<String>,
    pub version: Option<String>,
    pub version_id: Option<i64>,
    /// A SHA or the beginning of one, in lower case (R14).
    pub scm_sha: Option<String>,
    pub check_name: Option<String>,
    /// Any of these; empty: any kind.
    pub kinds: Vec<CheckKind>,
    /// Any of these; empty: any status.
    pub statuses: Vec<Status>,
    /// Empty: made for no environment.
    pub environment_name: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct ProductQuery {
    pub name_prefix: Option<String>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct EnvironmentQuery {
    pub name_prefix: Option<String>,
    /// Any of these; empty: any type.
    pub environment_types: Vec<EnvironmentType>,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct EntryQuery {
    /// Exclusive.
    pub after: i64,
    pub product_name: Option<String>,
    pub version: Option<String>,
    pub version_id: Option<i64>,
    pub environment_name: Option<String>,
    /// Empty: of any.
    pub types: Vec<EntryType>,
}

/// What runs where: of which products, in which environments, at which moment.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MatrixQuery {
    pub product_name: Option<String>,
    pub product_name_prefix: Option<String>,
    /// In this order; empty: all.
    pub environment_names: Vec<String>,
    /// None: now.
    pub as_of_us: Option<i64>,
    pub baseline_environment_name: Option<String>,
}

/// What runs in an environment beside what runs in a baseline one.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComparisonQuery {
    pub environment_name: String,
    pub baseline_environment_name: String,
    pub product_name_prefix: Option<String>,
    /// None: now.
    pub as_of_us: Option<i64>,
    pub differing_only: bool,
}

/// The latest version of a product, and of which versions.
#[derive(Clone, Debug, Default)]
pub struct LatestQuery {
    pub product_name: String,
    pub scm_branch: Option<String>,
    /// Any of these; empty: any status.
    pub statuses: Vec<Status>,
    /// Currently deployed there.
    pub environment_name: Option<String>,
    pub include_prereleases: bool,
    /// Only those that are ready.
    pub ready: Option<ReadinessQuery>,
}

/// What "latest" went by (R13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatestBasis {
    Precedence,
    Time,
}
