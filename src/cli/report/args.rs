//! The arguments of `versioner report`: a flag for each field of an event. A flag that stands for a field has the
//! field's name, or has it as an alias.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{
    ci::CiRun,
    metadata::{KeyValue, key_count, key_value},
};
use crate::{
    cli::{
        labels::{parse_check_kind, parse_check_status, parse_status},
        names::name,
        output::{AnswerFormat, OutputArgs},
        server::ServerArgs,
        time_arg::{TimeArg, pause},
    },
    pb,
};

/// Reports how the build of a version goes.
#[derive(Args, Clone, Debug)]
pub struct BuildArgs {
    /// The name of the product.
    #[arg(value_parser = name())]
    pub product: String,

    /// The version identifier.
    #[arg(value_parser = name())]
    pub version: String,

    /// The status of the build: pending, started, completed, failed, aborted, or a common synonym such as success.
    #[arg(long, value_parser = parse_status)]
    pub status: pb::BuildStatus,

    #[command(flatten)]
    pub event: EventArgs,

    #[command(flatten)]
    pub source: SourceArgs,

    /// The link to the CI run.
    #[arg(long, value_name = "URL")]
    pub build_url: Option<String>,

    /// Who or what ran the build.
    #[arg(long, value_name = "NAME")]
    pub built_by: Option<String>,

    /// The display name of --built-by.
    #[arg(long, value_name = "NAME")]
    pub built_by_name: Option<String>,

    /// The email address of --built-by.
    #[arg(long, value_name = "EMAIL")]
    pub built_by_email: Option<String>,

    #[command(flatten)]
    pub send: SendArgs,
}

/// Reports how the deployment of a version goes.
#[derive(Args, Clone, Debug)]
pub struct DeploymentArgs {
    /// The name of the product.
    #[arg(value_parser = name())]
    pub product: String,

    /// The version identifier.
    #[arg(value_parser = name())]
    pub version: String,

    /// The name of the environment.
    #[arg(long, alias = "environment-name", value_name = "ENVIRONMENT", value_parser = name())]
    pub environment: String,

    /// The status of the deployment: pending, started, completed, failed, aborted, or a common synonym such as success.
    #[arg(long, value_parser = parse_status)]
    pub status: pb::BuildStatus,

    /// The cluster, region or tenant of the environment.
    #[arg(long)]
    pub instance: Option<String>,

    #[command(flatten)]
    pub event: EventArgs,

    #[command(flatten)]
    pub source: SourceArgs,

    /// The link to the CI run that deploys.
    #[arg(long, alias = "build-url", value_name = "URL")]
    pub deploy_url: Option<String>,

    /// Who or what deploys.
    #[arg(long, value_name = "NAME")]
    pub deployed_by: Option<String>,

    /// The display name of --deployed-by.
    #[arg(long, value_name = "NAME")]
    pub deployed_by_name: Option<String>,

    /// The email address of --deployed-by.
    #[arg(long, value_name = "EMAIL")]
    pub deployed_by_email: Option<String>,

    #[command(flatten)]
    pub send: SendArgs,
}

/// Reports how a check of a version or of a commit goes.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// The name of the product.
    #[arg(value_parser = name())]
    pub product: String,

    /// The version identifier; without one, the check is made for a commit.
    #[arg(value_parser = name())]
    pub version: Option<String>,

    /// The commit that was checked.
    #[arg(long, visible_alias = "commit", alias = "scm-sha")]
    pub sha: Option<String>,

    /// The name of the check, such as unit or trivy.
    #[arg(long, alias = "check-name", value_parser = name())]
    pub name: String,

    /// The kind of the check: test, security_scan, approval or custom.
    #[arg(long, value_parser = parse_check_kind)]
    pub kind: pb::CheckKind,

    /// The status of the check: queued, running, passed, failed, skipped, or a common synonym such as success.
    #[arg(long, value_parser = parse_check_status)]
    pub status: pb::CheckStatus,

    /// A number that the check found, such as passed=120 or critical=0; may be repeated.
    #[arg(long = "count", alias = "counts", value_name = "NAME=NUMBER", value_parser = key_count)]
    pub counts: Vec<(String, i64)>,

    /// A sentence about the result.
    #[arg(long)]
    pub summary: Option<String>,

    /// The time at which a result expires: a time such as 2026-01-31T12:00:00Z, or a date (its midnight in UTC).
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub expires_at: Option<TimeArg>,

    /// The name of the environment, if the check was made for one.
    #[arg(long, alias = "environment-name", value_name = "ENVIRONMENT")]
    pub environment: Option<String>,

    #[command(flatten)]
    pub event: EventArgs,

    /// The link to the result.
    #[arg(long)]
    pub url: Option<String>,

    /// Who or what checked.
    #[arg(long, value_name = "NAME")]
    pub checked_by: Option<String>,

    /// The display name of --checked-by.
    #[arg(long, value_name = "NAME")]
    pub checked_by_name: Option<String>,

    /// The email address of --checked-by.
    #[arg(long, value_name = "EMAIL")]
    pub checked_by_email: Option<String>,

    #[command(flatten)]
    pub send: SendArgs,
}

/// The fields that every event has.
#[derive(Args, Clone, Debug)]
pub struct EventArgs {
    /// The id of the event; two events with one id are one. Default: a new one.
    #[arg(long, value_name = "ID")]
    pub event_id: Option<String>,

    /// The time of the event: a time such as 2026-01-31T12:00:00Z, a date (its midnight in UTC), or an age such as
    /// `2h ago`. Default: when the server receives it.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub occurred_at: Option<TimeArg>,

    /// The time at which it started, if that is not the time of a `started` event.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub started_at: Option<TimeArg>,

    /// The time at which it finished, if that is not the time of this event.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub completed_at: Option<TimeArg>,

    /// The id of the CI run.
    #[arg(long, value_name = "ID")]
    pub invoke_id: Option<String>,

    /// The attempt of the CI run, from 1.
    #[arg(long, value_name = "NUMBER", value_parser = attempt)]
    pub invoke_attempt: Option<String>,

    /// The system that reports: github, gitlab, jenkins …
    #[arg(long, value_name = "SYSTEM")]
    pub source_system: Option<String>,

    /// A key of the extra metadata; may be repeated. A value that is JSON is sent as such, any other as a text.
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub extra_metadata: Vec<KeyValue>,

    /// A file with a JSON object of extra metadata; `-` reads standard input. --extra-metadata overrides its keys.
    #[arg(long, value_name = "FILE")]
    pub metadata_file: Option<PathBuf>,
}

/// The fields that builds and deployments have.
#[derive(Args, Clone, Debug)]
pub struct SourceArgs {
    /// The commit of the version.
    #[arg(long, visible_alias = "commit", alias = "scm-sha")]
    pub sha: Option<String>,

    /// The branch of the commit.
    #[arg(long, alias = "scm-branch")]
    pub branch: Option<String>,

    /// The repository of the commit, such as github.com/mycompany/my-service.
    #[arg(long, alias = "scm-repository")]
    pub repository: Option<String>,

    /// The number of the CI run.
    #[arg(long, value_name = "NUMBER")]
    pub build_number: Option<String>,

    /// What went wrong.
    #[arg(long, value_name = "MESSAGE")]
    pub error_message: Option<String>,

    /// The code of what went wrong.
    #[arg(long, value_name = "CODE")]
    pub error_code: Option<String>,
}

/// How an event is sent.
#[derive(Args, Clone, Debug)]
pub struct SendArgs {
    /// Only check whether the server would accept the event; record nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Do not fill absent fields from the variables of a CI system.
    #[arg(long)]
    pub no_ci: bool,

    /// How long to try again if the server can't be reached or takes no events; 0s tries once.
    #[arg(
        long,
        env = "VERSIONER_RETRY_FOR",
        hide_env_values = true,
        value_name = "DURATION",
        default_value = "30s",
        value_parser = |text: &str| pause(text, Duration::ZERO)
    )]
    pub retry_for: Duration,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

impl SendArgs {
    /// The CI run that the program is part of, unless it is not to be used.
    pub(super) fn ci_run(&self) -> Option<CiRun> {
        (!self.no_ci)
            .then(|| CiRun::detect(|name| std::env::var(name).ok()))
            .flatten()
    }
}

fn attempt(text: &str) -> Result<String, String> {
    let attempt = text.parse().ok().filter(|attempt: &i32| *attempt >= 1);
    let attempt = attempt.map(|attempt| attempt.to_string());
    attempt.ok_or_else(|| format!("must be a whole number from 1 to {}", i32::MAX))
}
