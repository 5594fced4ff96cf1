//! The tables' rows and what they mean in the domain.

use sqlx::FromRow;

use super::error::Error;
use crate::domain::{
    deployment::DeploymentClass,
    environment::EnvironmentType,
    event::Event,
    metadata::Metadata,
    precedence::Scheme,
    requirements::Requirements,
    resource::{
        Build, Check, Content, Deployment, Entry, EntryType, Environment, Product, RunState,
        Version,
    },
    run::{Facts, Key, Origin, Run},
    status::Status,
};

/// The columns of [`VersionRow`], from `versions v` and `products p`.
pub(crate) const VERSION_COLUMNS: &str = "\
v.id, v.product_id, p.name as product_name, v.version, v.scheme, v.prerelease, v.precedence, \
v.scm_sha, v.scm_repository, v.scm_branch, v.built_by, v.built_by_name, v.built_by_email, \
v.source_system, v.status, v.latest_build_id, v.latest_build_started_at_us, \
v.created_at_us, v.updated_at_us";

#[derive(FromRow)]
pub(crate) struct VersionRow {
    id: i64,
    product_id: i64,
    product_name: String,
    version: String,
    scheme: i64,
    prerelease: bool,
    precedence: Vec<u8>,
    scm_sha: Option<String>,
    scm_repository: Option<String>,
    scm_branch: Option<String>,
    built_by: Option<String>,
    built_by_name: Option<String>,
    built_by_email: Option<String>,
    source_system: Option<String>,
    status: i64,
    latest_build_id: Option<i64>,
    latest_build_started_at_us: Option<i64>,
    created_at_us: i64,
    updated_at_us: i64,
}

impl From<VersionRow> for Version {
    fn from(row: VersionRow) -> Self {
        Self {
            id: row.id,
            product_id: row.product_id,
            product_name: row.product_name,
            version: row.version,
            scheme: Scheme::from_code(row.scheme).unwrap_or(Scheme::Custom),
            prerelease: row.prerelease,
            precedence: row.precedence,
            scm_sha: row.scm_sha,
            origin: Origin {
                scm_repository: row.scm_repository,
                scm_branch: row.scm_branch,
                built_by: row.built_by,
                built_by_name: row.built_by_name,
                built_by_email: row.built_by_email,
                source_system: row.source_system,
            },
            status: Status::from_code(row.status),
            latest_build_id: row.latest_build_id,
            latest_build_started_at_us: row.latest_build_started_at_us,
            created_at_us: row.created_at_us,
            updated_at_us: row.updated_at_us,
            readiness: None,
        }
    }
}

/// The columns of [`RunRow`], from a table of runs `r`.
pub(crate) const RUN_COLUMNS: &str = "\
r.id as run_id, r.status, r.invoke_id, r.invoke_attempt, r.completed_at_us, \
r.first_at_us, r.first_rank, r.first_event_id, r.last_at_us, r.last_rank, r.last_event_id, r.details";

/// What builds, deployments and check runs have in common.
#[derive(FromRow)]
pub(crate) struct RunRow {
    run_id: i64,
    status: i64,
    invoke_id: Option<String>,
    invoke_attempt: Option<i64>,
    completed_at_us: Option<i64>,
    first_at_us: i64,
    first_rank: i64,
    first_event_id: String,
    last_at_us: i64,
    last_rank: i64,
    last_event_id: String,
    details: String,
}

impl TryFrom<RunRow> for Run {
    type Error = Error;

    fn try_from(row: RunRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.run_id,
            invoke: row.invoke_id.zip(row.invoke_attempt),
            first: Key {
                occurred_at_us: row.first_at_us,
                rank: row.first_rank,
                event_id: row.first_event_id,
            },
            last: Key {
                occurred_at_us: row.last_at_us,
                rank: row.last_rank,
                event_id: row.last_event_id,
            },
            status: Status::from_code(row.status).ok_or_else(|| unreadable("a run's status"))?,
            completed_at_us: row.completed_at_us,
            facts: parse::<Facts>("a run's facts", &row.details)?,
        })
    }
}

/// The columns of [`BuildRow`] besides the run's, from `builds r`, `products p`
/// and `versions v`.
pub(crate) const BUILD_COLUMNS: &str =
    "r.product_id, p.name as product_name, r.version_id, v.version";

#[derive(FromRow)]
pub(crate) struct BuildRow {
    product_id: i64,
    product_name: String,
    version_id: i64,
    version: String,
    #[sqlx(flatten)]
    run: RunRow,
}

impl TryFrom<BuildRow> for Build {
    type Error = Error;

    fn try_from(row: BuildRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.run.run_id,
            product_id: row.product_id,
            product_name: row.product_name,
            version_id: row.version_id,
            version: row.version,
            run: RunState::from(&Run::try_from(row.run)?),
        })
    }
}

/// The columns of [`DeploymentRow`] besides the run's, from `deployments r`,
/// `products p`, `versions v` and `environments e`.
pub(crate) const DEPLOYMENT_COLUMNS: &str = "\
r.product_id, p.name as product_name, r.version_id, v.version, \
r.environment_id, e.name as environment_name, r.instance, r.current, r.deployment_class";

#[derive(FromRow)]
pub(crate) struct DeploymentRow {
    product_id: i64,
    product_name: String,
    version_id: i64,
    version: String,
    environment_id: i64,
    environment_name: String,
    instance: String,
    current: bool,
    deployment_class: i64,
    #[sqlx(flatten)]
    run: RunRow,
}

impl TryFrom<DeploymentRow> for Deployment {
    type Error = Error;

    fn try_from(row: DeploymentRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.run.run_id,
            product_id: row.product_id,
            product_name: row.product_name,
            version_id: row.version_id,
            version: row.version,
            environment_id: row.environment_id,
            environment_name: row.environment_name,
            instance: row.instance,
            current: row.current,
            class: DeploymentClass::from_code(row.deployment_class),
            run: RunState::from(&Run::try_from(row.run)?),
        })
    }
}

/// The columns of [`CheckRow`] besides the run's, from `check_runs r`, `products p`
/// and, where there are any, `versions v` and `environments e`.
pub(crate) const CHECK_COLUMNS: &str = "\
r.check_id, r.product_id, p.name as product_name, r.version_id, v.version, r.scm_sha, r.check_name, \
r.environment_id, e.name as environment_name";

#[derive(FromRow)]
pub(crate) struct CheckRow {
    check_id: i64,
    product_id: i64,
    product_name: String,
    version_id: i64,
    version: Option<String>,
    scm_sha: String,
    check_name: String,
    environment_id: i64,
    environment_name: Option<String>,
    #[sqlx(flatten)]
    run: RunRow,
}

impl TryFrom<CheckRow> for Check {
    type Error = Error;

    fn try_from(row: CheckRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.check_id,
            product_id: row.product_id,
            product_name: row.product_name,
            version: row.version.map(|version| (row.version_id, version)),
            scm_sha: Some(row.scm_sha).filter(|sha| !sha.is_empty()),
            check_name: row.check_name,
            environment: row.environment_name.map(|name| (row.environment_id, name)),
            run: RunState::from(&Run::try_from(row.run)?),
        })
    }
}

/// The columns of [`EntryRow`], from `event_log e`.
pub(crate) const ENTRY_COLUMNS: &str = "\
e.position, e.event_id, e.event_type as kind, e.product_id, e.version_id, e.environment_id, \
case when e.event_type = 3 then e.history_id else e.run_id end as subject_id, \
e.occurred_at_us, e.received_at_us, e.content";

#[derive(FromRow)]
pub(crate) struct EntryRow {
    position: i64,
    event_id: String,
    kind: i64,
    product_id: Option<i64>,
    version_id: Option<i64>,
    environment_id: Option<i64>,
    subject_id: Option<i64>,
    occurred_at_us: i64,
    received_at_us: i64,
    content: Option<String>,
}

impl TryFrom<EntryRow> for Entry {
    type Error = Error;

    fn try_from(row: EntryRow) -> Result<Self, Error> {
        let kind = EntryType::from_code(row.kind).ok_or_else(|| unreadable("an entry's type"))?;
        let content = row.content.as_deref().map(|text| {
            Ok(match kind {
                EntryType::VersionEvent | EntryType::DeploymentEvent | EntryType::CheckEvent => {
                    Content::Event(Box::new(parse::<Event>("an event", text)?))
                }
                EntryType::ProductUpdated | EntryType::ProductDeleted => {
                    Content::Product(parse("a product", text)?)
                }
                EntryType::EnvironmentUpdated | EntryType::EnvironmentDeleted => {
                    Content::Environment(parse("an environment", text)?)
                }
            })
        });
        Ok(Self {
            position: row.position,
            event_id: row.event_id,
            kind,
            occurred_at_us: row.occurred_at_us,
            received_at_us: row.received_at_us,
            product_id: row.product_id,
            version_id: row.version_id,
            environment_id: row.environment_id,
            subject_id: row.subject_id,
            content: content.transpose()?,
        })
    }
}

/// The columns of [`RequirementsRow`], from `products t` or `environments t`.
pub(crate) const REQUIREMENTS_COLUMNS: &str = "t.required_checks, t.security_limits";

#[derive(FromRow)]
pub(crate) struct RequirementsRow {
    required_checks: String,
    security_limits: Option<String>,
}

impl TryFrom<RequirementsRow> for Requirements {
    type Error = Error;

    fn try_from(row: RequirementsRow) -> Result<Self, Error> {
        let limits = row.security_limits.as_deref();
        Ok(Self {
            required_checks: parse("required checks", &row.required_checks)?,
            security_limits: limits
                .map(|json| parse("security limits", json))
                .transpose()?,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct ProductRow {
    id: i64,
    name: String,
    description: String,
    created_at_us: i64,
    updated_at_us: i64,
    aliases: Option<String>,
    #[sqlx(flatten)]
    requirements: RequirementsRow,
}

impl TryFrom<ProductRow> for Product {
    type Error = Error;

    fn try_from(row: ProductRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            aliases: aliases(row.aliases, &row.name)?,
            name: row.name,
            description: row.description,
            created_at_us: row.created_at_us,
            updated_at_us: row.updated_at_us,
            requirements: row.requirements.try_into()?,
        })
    }
}

#[derive(FromRow)]
pub(crate) struct EnvironmentRow {
    id: i64,
    name: String,
    kind: i64,
    description: String,
    created_at_us: i64,
    updated_at_us: i64,
    aliases: Option<String>,
    #[sqlx(flatten)]
    requirements: RequirementsRow,
}

impl TryFrom<EnvironmentRow> for Environment {
    type Error = Error;

    fn try_from(row: EnvironmentRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            aliases: aliases(row.aliases, &row.name)?,
            name: row.name,
            kind: EnvironmentType::from_code(row.kind)
                .ok_or_else(|| unreadable("an environment's type"))?,
            description: row.description,
            created_at_us: row.created_at_us,
            updated_at_us: row.updated_at_us,
            requirements: row.requirements.try_into()?,
        })
    }
}

/// The names that find a thing come as one JSON array; its own is no alias.
fn aliases(names: Option<String>, own: &str) -> Result<Vec<String>, Error> {
    let Some(names) = names else {
        return Ok(Vec::new());
    };
    let mut names: Vec<String> = parse("names", &names)?;
    names.retain(|name| name != own);
    names.sort();
    Ok(names)
}

/// Reads what was written as JSON.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(what: &str, json: &str) -> Result<T, Error> {
    serde_json::from_str(json)
        .map_err(|e| Error::Damaged(super::error::Cause::new(format!("{what}: {e}"))))
}

/// Writes as JSON what has no way to fail: strings, numbers, raw JSON.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|e| Error::fault(e.to_string()))
}

pub(crate) fn unreadable(what: &str) -> Error {
    Error::Damaged(super::error::Cause::new(format!("{what} can't be read")))
}

/// The metadata's length, for the limit that holds for merged ones.
pub(crate) fn metadata_bytes(metadata: Option<&Metadata>) -> usize {
    metadata.map_or(0, |m| m.as_json().len())
}
