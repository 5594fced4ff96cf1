//! Arguments as events of the contract; absent ones are filled from the CI run.

use jiff::{Timestamp, tz::TimeZone};
use uuid::Uuid;

use super::{
    args::{BuildArgs, CheckArgs, DeploymentArgs, EventArgs, SourceArgs},
    ci::{CiField, CiRun},
    metadata::metadata,
};
use crate::{
    cli::{moment::pb_time, server::CliError, time_arg::TimeArg},
    pb,
};

impl BuildArgs {
    /// The same arguments with absent ones filled from a CI run. What was filled is added to `filled`.
    pub(super) fn filled(&self, ci: Option<&CiRun>, filled: &mut Vec<String>) -> Self {
        let mut args = self.clone();
        if let Some(ci) = ci {
            let mut fill = |field: CiField, slot: &mut Option<String>| {
                filled.extend(ci.fill(field, slot));
            };
            fill(CiField::Commit, &mut args.source.sha);
            fill(CiField::Branch, &mut args.source.branch);
            fill(CiField::Repository, &mut args.source.repository);
            fill(CiField::BuildNumber, &mut args.source.build_number);
            fill(CiField::RunUrl, &mut args.build_url);
            fill(CiField::Actor, &mut args.built_by);
            fill(CiField::ActorName, &mut args.built_by_name);
            fill(CiField::ActorEmail, &mut args.built_by_email);
            args.event.fill(&mut fill);
        }
        args
    }

    pub(super) fn event(self) -> Result<pb::VersionEvent, CliError> {
        let EventFields {
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            source_system,
            extra_metadata,
        } = self.event.fields()?;
        let SourceArgs {
            sha,
            branch,
            repository,
            build_number,
            error_message,
            error_code,
        } = self.source;
        Ok(pb::VersionEvent {
            product_name: self.product,
            version: self.version,
            status: self.status.into(),
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            scm_sha: sha.unwrap_or_default(),
            scm_repository: repository.unwrap_or_default(),
            scm_branch: branch.unwrap_or_default(),
            build_number: build_number.unwrap_or_default(),
            build_url: self.build_url.unwrap_or_default(),
            source_system,
            built_by: self.built_by.unwrap_or_default(),
            built_by_name: self.built_by_name.unwrap_or_default(),
            built_by_email: self.built_by_email.unwrap_or_default(),
            error_message: error_message.unwrap_or_default(),
            error_code: error_code.unwrap_or_default(),
            extra_metadata,
        })
    }
}

impl DeploymentArgs {
    /// The same arguments with absent ones filled from a CI run. Its commit may be that of another version, and is
    /// not used. What was filled is added to `filled`.
    pub(super) fn filled(&self, ci: Option<&CiRun>, filled: &mut Vec<String>) -> Self {
        let mut args = self.clone();
        if let Some(ci) = ci {
            let mut fill = |field: CiField, slot: &mut Option<String>| {
                filled.extend(ci.fill(field, slot));
            };
            fill(CiField::BuildNumber, &mut args.source.build_number);
            fill(CiField::RunUrl, &mut args.deploy_url);
            fill(CiField::Actor, &mut args.deployed_by);
            fill(CiField::ActorName, &mut args.deployed_by_name);
            fill(CiField::ActorEmail, &mut args.deployed_by_email);
            args.event.fill(&mut fill);
        }
        args
    }

    pub(super) fn event(self) -> Result<pb::DeploymentEvent, CliError> {
        let EventFields {
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            source_system,
            extra_metadata,
        } = self.event.fields()?;
        let SourceArgs {
            sha,
            branch,
            repository,
            build_number,
            error_message,
            error_code,
        } = self.source;
        Ok(pb::DeploymentEvent {
            product_name: self.product,
            version: self.version,
            status: self.status.into(),
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            environment_name: self.environment,
            instance: self.instance.unwrap_or_default(),
            scm_sha: sha.unwrap_or_default(),
            scm_repository: repository.unwrap_or_default(),
            scm_branch: branch.unwrap_or_default(),
            build_number: build_number.unwrap_or_default(),
            deploy_url: self.deploy_url.unwrap_or_default(),
            // Another name of `deploy_url`.
            build_url: String::new(),
            source_system,
            deployed_by: self.deployed_by.unwrap_or_default(),
            deployed_by_name: self.deployed_by_name.unwrap_or_default(),
            deployed_by_email: self.deployed_by_email.unwrap_or_default(),
            error_message: error_message.unwrap_or_default(),
            error_code: error_code.unwrap_or_default(),
            extra_metadata,
        })
    }
}

impl CheckArgs {
    /// The same arguments with absent ones filled from a CI run, the commit only if no version is given. What was
    /// filled is added to `filled`.
    pub(super) fn filled(&self, ci: Option<&CiRun>, filled: &mut Vec<String>) -> Self {
        let mut args = self.clone();
        if let Some(ci) = ci {
            let mut fill = |field: CiField, slot: &mut Option<String>| {
                filled.extend(ci.fill(field, slot));
            };
            if args.version.is_none() {
                fill(CiField::Commit, &mut args.sha);
            }
            fill(CiField::RunUrl, &mut args.url);
            fill(CiField::Actor, &mut args.checked_by);
            fill(CiField::ActorName, &mut args.checked_by_name);
            fill(CiField::ActorEmail, &mut args.checked_by_email);
            args.event.fill(&mut fill);
        }
        args
    }

    pub(super) fn event(self) -> Result<pb::CheckEvent, CliError> {
        let expires_at = time("--expires-at", self.expires_at.as_ref())?;
        let EventFields {
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            source_system,
            extra_metadata,
        } = self.event.fields()?;
        Ok(pb::CheckEvent {
            product_name: self.product,
            version: self.version.unwrap_or_default(),
            scm_sha: self.sha.unwrap_or_default(),
            check_name: self.name,
            kind: self.kind.into(),
            status: self.status.into(),
            event_id,
            occurred_at,
            started_at,
            completed_at,
            invoke_id,
            invoke_attempt,
            environment_name: self.environment.unwrap_or_default(),
            url: self.url.unwrap_or_default(),
            summary: self.summary.unwrap_or_default(),
            counts: self.counts.into_iter().collect(),
            expires_at,
            checked_by: self.checked_by.unwrap_or_default(),
            checked_by_name: self.checked_by_name.unwrap_or_default(),
            checked_by_email: self.checked_by_email.unwrap_or_default(),
            source_system,
            extra_metadata,
        })
    }
}

/// The fields of `EventArgs` as the contract has them.
struct EventFields {
    event_id: String,
    occurred_at: Option<prost_types::Timestamp>,
    started_at: Option<prost_types::Timestamp>,
    completed_at: Option<prost_types::Timestamp>,
    invoke_id: String,
    invoke_attempt: i32,
    source_system: String,
    extra_metadata: Option<pb::Object>,
}

impl EventArgs {
    /// Fills the run. An attempt counts only for the run of the same source.
    fn fill(&mut self, fill: &mut impl FnMut(CiField, &mut Option<String>)) {
        if self.invoke_id.is_none() {
            fill(CiField::InvokeId, &mut self.invoke_id);
            fill(CiField::InvokeAttempt, &mut self.invoke_attempt);
        }
        fill(CiField::SourceSystem, &mut self.source_system);
    }

    fn fields(self) -> Result<EventFields, CliError> {
        let new_id = || format!("report-{}", Uuid::now_v7());
        let attempt = self.invoke_attempt.as_deref().map(str::parse).transpose();
        Ok(EventFields {
            event_id: self.event_id.unwrap_or_else(new_id),
            occurred_at: time("--occurred-at", self.occurred_at.as_ref())?,
            started_at: time("--started-at", self.started_at.as_ref())?,
            completed_at: time("--completed-at", self.completed_at.as_ref())?,
            invoke_id: self.invoke_id.unwrap_or_default(),
            invoke_attempt: attempt
                .map_err(|_| CliError::new("the CI system's attempt is not a whole number"))?
                .unwrap_or_default(),
            source_system: self.source_system.unwrap_or_default(),
            extra_metadata: metadata(self.metadata_file.as_deref(), &self.extra_metadata)?,
        })
    }
}

fn time(flag: &str, at: Option<&TimeArg>) -> Result<Option<prost_types::Timestamp>, CliError> {
    at.map(|at| at.resolve(&TimeZone::UTC, Timestamp::now()))
        .transpose()
        .map(|at| at.map(pb_time))
        .map_err(|why| CliError::new(format!("{flag}: {why}")))
}
