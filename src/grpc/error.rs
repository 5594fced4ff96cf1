//! Errors as clients get them: a code, a stable reason, a message for people, and
//! details for programs.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use super::ERROR_DOMAIN;
use crate::{
    domain::{id::Kind, violation::Violation},
    pb::{self, ErrorReason},
    storage::{Conflict, Error},
};

/// How long to wait before trying again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The error of a call, or of one event of many.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    reason: ErrorReason,
    message: String,
    violations: Vec<Violation>,
    metadata: HashMap<String, String>,
    resource: Option<(&'static str, String)>,
    retry_after: Option<Duration>,
}

impl Problem {
    pub(crate) fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            reason,
            message: message.into(),
            violations: Vec::new(),
            metadata: HashMap::new(),
            resource: None,
            retry_after: None,
        }))
    }

    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let all: Vec<String> = violations.iter().map(Violation::to_string).collect();
        let mut problem = Self::new(
            Code::InvalidArgument,
            ErrorReason::InvalidField,
            all.join("; "),
        );
        problem.0.violations = violations;
        problem
    }

    pub(crate) fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.0.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    pub(crate) fn retry(mut self) -> Self {
        self.0.retry_after = Some(RETRY_AFTER);
        self
    }

    /// Prefixes the fields with the path of the event: the store names them without it.
    pub(crate) fn below(mut self, path: &str) -> Self {
        if self.0.violations.is_empty() {
            return self;
        }
        if !path.is_empty() {
            for violation in &mut self.0.violations {
                violation.field = format!("{path}.{}", violation.field);
            }
        }
        Self::invalid(self.0.violations)
    }

    pub(crate) fn into_pb(self) -> pb::SubmissionError {
        let parts = *self.0;
        pb::SubmissionError {
            code: parts.code as i32,
            reason: parts.reason.into(),
            message: parts.message,
            field_violations: parts
                .violations
                .into_iter()
                .map(|v| pb::FieldViolation {
                    field: v.field,
                    description: v.description,
                })
                .collect(),
            metadata: parts.metadata,
            retry_after: parts.retry_after.and_then(|after| after.try_into().ok()),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Invalid(violations) => Self::invalid(violations),
            Error::NotFound { kind, wanted } => not_found(kind, wanted),
            Error::OnlyPrereleases { product_name } => Self::new(
                Code::NotFound,
                ErrorReason::OnlyPrereleases,
                format!(
                    "all versions of {product_name} that match are pre-releases; set \
                     include_prereleases to get one"
                ),
            ),
            Error::Conflict(conflict) => conflicting(conflict),
            Error::BeyondEnd {
                position,
                last_position,
            } => Self::new(
                Code::OutOfRange,
                ErrorReason::PositionBeyondEnd,
                format!(
                    "position {position} is greater than the last position of the event log, \
                     {last_position}"
                ),
            )
            .with("last_position", last_position),
            Error::Unavailable(cause) => {
                tracing::warn!(error = %cause, "the database is unavailable");
                Self::new(
                    Code::Unavailable,
                    ErrorReason::StoreUnavailable,
                    "the database is unavailable; try again, and send an event again with the same \
                     event_id",
                )
                .retry()
            }
            Error::Busy(cause) => {
                tracing::warn!(error = %cause, "the database is busy");
                Self::new(
                    Code::Unavailable,
                    ErrorReason::Overloaded,
                    "the database is busy; try again",
                )
                .retry()
            }
            Error::Full(cause) => {
                tracing::error!(error = %cause, "the disk is full");
                Self::new(
                    Code::ResourceExhausted,
                    ErrorReason::StorageFull,
                    "the disk of the database is full; nothing can be written until there is space, \
                     and reading still works",
                )
                .retry()
            }
            Error::Damaged(cause) => {
                tracing::error!(error = %cause, "the database is damaged");
                Self::new(
                    Code::DataLoss,
                    ErrorReason::DataDamaged,
                    "the database is damaged; restore it from a backup",
                )
            }
            Error::Fault(cause) => {
                let id = Uuid::now_v7();
                tracing::error!(error = %cause, %id, "internal error");
                Self::new(
                    Code::Internal,
                    ErrorReason::Internal,
                    format!("internal error; the log of the server has the cause with the id {id}"),
                )
            }
        }
    }
}

impl From<Problem> for Status {
    fn from(Problem(problem): Problem) -> Self {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason_text(problem.reason), ERROR_DOMAIN, problem.metadata);
        for violation in problem.violations {
            details.add_bad_request_violation(violation.field, violation.description);
        }
        if let Some((kind, name)) = problem.resource {
            details.set_resource_info(kind, name, "", "");
        }
        if problem.retry_after.is_some() {
            details.set_retry_info(problem.retry_after);
        }
        Self::with_error_details(problem.code, problem.message, details)
    }
}

impl From<Vec<Violation>> for Problem {
    fn from(violations: Vec<Violation>) -> Self {
        Self::invalid(violations)
    }
}

/// An error of the store as the status of a call.
pub(super) fn status(error: Error) -> Status {
    Problem::from(error).into()
}

/// No resource of this kind has this id, or another server issued it.
pub(super) fn no_such_id(kind: Kind, id: &str) -> Status {
    let id = id.trim();
    let mut problem = Problem::from(Error::not_found(kind, format!("with id {id}")));
    if let Some((_, name)) = &mut problem.0.resource {
        id.clone_into(name);
    }
    problem.into()
}

/// An error of the store as the status of a call by this id, or by a name if the id is empty.
pub(super) fn status_by(kind: Kind, id: &str) -> impl FnOnce(Error) -> Status {
    move |error| match error {
        Error::NotFound { .. } if !id.trim().is_empty() => no_such_id(kind, id),
        error => status(error),
    }
}

/// The reason as `google.rpc.ErrorInfo` has it: the enum's name without its prefix.
pub(crate) fn reason_text(reason: ErrorReason) -> &'static str {
    reason
        .as_str_name()
        .strip_prefix("ERROR_REASON_")
        .unwrap_or(reason.as_str_name())
}

fn not_found(kind: Kind, wanted: String) -> Problem {
    let (reason, resource) = match kind {
        Kind::Product => (ErrorReason::ProductNotFound, "versioner.v1.Product"),
        Kind::Version => (ErrorReason::VersionNotFound, "versioner.v1.Version"),
        Kind::Build => (ErrorReason::BuildNotFound, "versioner.v1.Build"),
        Kind::Check => (ErrorReason::CheckNotFound, "versioner.v1.Check"),
        Kind::Environment => (ErrorReason::EnvironmentNotFound, "versioner.v1.Environment"),
        Kind::Deployment => (ErrorReason::DeploymentNotFound, "versioner.v1.Deployment"),
    };
    let mut problem = Problem::new(
        Code::NotFound,
        reason,
        format!("there is no {} {wanted}", kind.as_str()),
    );
    problem.0.resource = Some((resource, wanted));
    problem
}

fn conflicting(conflict: Conflict) -> Problem {
    match conflict {
        Conflict::Commit {
            product_name,
            version,
            recorded,
            given,
        } => Problem::new(
            Code::AlreadyExists,
            ErrorReason::VersionCommitConflict,
            format!(
                "version {version} of {product_name} was built from commit {recorded}; the \
                 commit of a version is permanent; the event has {given}"
            ),
        )
        .with("product_name", product_name)
        .with("version", version)
        .with("recorded_scm_sha", recorded)
        .with("given_scm_sha", given),
        Conflict::EventId { event_id, position } => Problem::new(
            Code::AlreadyExists,
            ErrorReason::EventIdReused,
            format!(
                "event_id {event_id} was accepted with other content, at position {position}; \
                 another event must have another event_id"
            ),
        )
        .with("event_id", event_id)
        .with("position", position),
        Conflict::Name { kind, name } => {
            let reason = match kind {
                Kind::Environment => ErrorReason::EnvironmentNameTaken,
                _ => ErrorReason::ProductNameTaken,
            };
            Problem::new(
                Code::AlreadyExists,
                reason,
                format!(
                    "{name} is the name or an alias of another {}",
                    kind.as_str()
                ),
            )
            .with("name", name)
        }
        Conflict::InUse { kind, name, uses } => {
            let reason = match kind {
                Kind::Environment => ErrorReason::EnvironmentInUse,
                _ => ErrorReason::ProductInUse,
            };
            Problem::new(
                Code::FailedPrecondition,
                reason,
                format!(
                    "{} {name} has {uses}; set force to delete it with them",
                    kind.as_str()
                ),
            )
            .with("name", name)
        }
    }
}
