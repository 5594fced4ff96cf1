//! Whether a version may be deployed, with the reasons (R17): a function of the
//! evidence, the requirements and the time.

mod security;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::{
    requirements::Requirements,
    run::Run,
    status::{CheckKind, Status},
};

/// The answer and its conditions: the false ones first, then the unknown ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    pub readiness: Readiness,
    pub conditions: Vec<Condition>,
}

/// Whether a version may be deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Every condition is true.
    Ready,
    /// Some condition is false.
    NotReady,
    /// None is false, but some is unknown.
    Unknown,
}

/// One condition of readiness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub kind: ConditionType,
    pub reason: Reason,
    /// The reason, for people.
    pub message: String,
    /// The time of the evidence, or of its expiry.
    pub since_us: Option<i64>,
    pub evidence: Option<EvidenceId>,
    pub evidence_url: Option<String>,
    /// What to do about it; empty if the condition is met.
    pub remedy: &'static str,
    /// None: it is not about one check.
    pub check_name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConditionType {
    BuildCompleted,
    NoCheckFailed,
    RequiredCheckPassed,
    SecurityWithinLimits,
}

/// Whether a condition is met, in the order of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionStatus {
    False,
    Unknown,
    True,
}

/// Why a condition has its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    BuildCompleted,
    BuildFailed,
    BuildAborted,
    BuildUnfinished,
    NoBuild,
    NoCheckFailed,
    CheckFailed,
    CheckPassed,
    CheckAbsent,
    CheckRunning,
    CheckExpired,
    CheckSkipped,
    WithinLimits,
    LimitExceeded,
    ScanAbsent,
    ScanRunning,
    ScanExpired,
    ScanSkipped,
    CountAbsent,
}

/// The evidence of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvidenceId {
    Build(i64),
    Check(i64),
}

/// What is known about a version.
#[derive(Clone, Debug)]
pub struct Evidence {
    pub build: LatestBuild,
    /// The checks that count, each in its latest state: those made for no
    /// environment, and those made for the requested one.
    pub checks: Vec<CheckState>,
}

/// The latest of a version's finished builds.
#[derive(Clone, Debug)]
pub enum LatestBuild {
    /// No build is known.
    None,
    /// There are builds, but none has finished.
    Unfinished,
    Finished(Box<Run>),
}

/// A check in its latest state.
#[derive(Clone, Debug)]
pub struct CheckState {
    pub id: i64,
    pub name: String,
    /// It was made for the requested environment.
    pub for_environment: bool,
    pub kind: Option<CheckKind>,
    pub status: Status,
    /// When it finished; until then, when it started or was first reported.
    pub since_us: i64,
    pub expires_at_us: Option<i64>,
    pub url: Option<String>,
    pub counts: BTreeMap<String, i64>,
}

impl Assessment {
    /// The conditions that are not met: the false and the unknown ones.
    pub fn unmet(&self) -> impl Iterator<Item = &Condition> {
        let holds = |c: &&Condition| c.reason.status() == ConditionStatus::True;
        self.conditions.iter().filter(move |c| !holds(c))
    }
}

/// Assesses a version. For an environment, `requirements` are those of the product
/// and of the environment together.
pub fn assess(
    evidence: &Evidence,
    requirements: &Requirements,
    environment_name: Option<&str>,
    now_us: i64,
) -> Assessment {
    let mut conditions = vec![build_completed(&evidence.build)];
    conditions.extend(no_check_failed(&evidence.checks, environment_name));
    conditions.extend(
        requirements
            .required_checks
            .iter()
            .map(|name| required_check_passed(name, &evidence.checks, environment_name, now_us)),
    );
    if let Some(limits) = &requirements.security_limits {
        conditions.push(security::within_limits(limits, &evidence.checks, now_us));
    }
    conditions.sort_by_key(|condition| condition.reason.status());
    let readiness = match conditions.first().map(|worst| worst.reason.status()) {
        Some(ConditionStatus::False) => Readiness::NotReady,
        Some(ConditionStatus::Unknown) | None => Readiness::Unknown,
        Some(ConditionStatus::True) => Readiness::Ready,
    };
    Assessment {
        readiness,
        conditions,
    }
}

impl Reason {
    pub fn status(self) -> ConditionStatus {
        match self {
            Self::BuildCompleted | Self::NoCheckFailed | Self::CheckPassed | Self::WithinLimits => {
                ConditionStatus::True
            }
            Self::BuildFailed | Self::BuildAborted | Self::CheckFailed | Self::LimitExceeded => {
                ConditionStatus::False
            }
            Self::BuildUnfinished
            | Self::NoBuild
            | Self::CheckAbsent
            | Self::CheckRunning
            | Self::CheckExpired
            | Self::CheckSkipped
            | Self::ScanAbsent
            | Self::ScanRunning
            | Self::ScanExpired
            | Self::ScanSkipped
            | Self::CountAbsent => ConditionStatus::Unknown,
        }
    }
}

impl CheckState {
    /// The state of a check whose latest run is this one.
    pub fn new(id: i64, name: String, for_environment: bool, run: &Run) -> Self {
        let details = &run.facts.details;
        Self {
            id,
            name,
            for_environment,
            kind: details.check_kind,
            status: run.status,
            since_us: run
                .completed_at_us
                .or(run.started_at_us())
                .unwrap_or(run.created_at_us()),
            expires_at_us: details.expires_at_us,
            url: details.url.clone(),
            counts: details.counts.clone().unwrap_or_default(),
        }
    }

    fn has_expired(&self, now_us: i64) -> bool {
        self.expires_at_us.is_some_and(|at| at <= now_us)
    }

    /// The name of the check in a message.
    fn label(&self, environment_name: Option<&str>) -> String {
        match environment_name.filter(|_| self.for_environment) {
            Some(environment) => format!("check {} for {environment}", self.name),
            None => format!("check {}", self.name),
        }
    }
}

impl Condition {
    fn new(kind: ConditionType, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            kind,
            reason,
            message: message.into(),
            since_us: None,
            evidence: None,
            evidence_url: None,
            remedy: "",
            check_name: None,
        }
    }

    fn remedy(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }

    fn with_evidence(self, check: &CheckState) -> Self {
        Self {
            since_us: Some(check.since_us),
            evidence: Some(EvidenceId::Check(check.id)),
            evidence_url: check.url.clone(),
            check_name: Some(check.name.clone()),
            ..self
        }
    }

    fn since(self, since_us: Option<i64>) -> Self {
        Self { since_us, ..self }
    }
}

fn build_completed(latest: &LatestBuild) -> Condition {
    const KIND: ConditionType = ConditionType::BuildCompleted;
    const AGAIN: &str = "build the version again, or deploy another version";
    let run = match latest {
        LatestBuild::None => {
            return Condition::new(KIND, Reason::NoBuild, "no build is known")
                .remedy("build the version and report the build");
        }
        LatestBuild::Unfinished => {
            return Condition::new(KIND, Reason::BuildUnfinished, "no build has finished")
                .remedy("wait for the build to finish");
        }
        LatestBuild::Finished(run) => run,
    };
    let condition = match run.status {
        Status::Completed => Condition::new(
            KIND,
            Reason::BuildCompleted,
            "the latest finished build completed",
        ),
        Status::Failed => Condition::new(
            KIND,
            Reason::BuildFailed,
            "the latest finished build failed",
        )
        .remedy(AGAIN),
        Status::Aborted => Condition::new(
            KIND,
            Reason::BuildAborted,
            "the latest finished build was aborted",
        )
        .remedy(AGAIN),
        Status::Pending | Status::Started => {
            Condition::new(KIND, Reason::BuildUnfinished, "no build has finished")
                .remedy("wait for the build to finish")
        }
    };
    Condition {
        since_us: run.completed_at_us,
        evidence: Some(EvidenceId::Build(run.id)),
        evidence_url: run.facts.details.url.clone(),
        ..condition
    }
}

/// A check that failed counts until it is run again, even if it has expired.
fn no_check_failed(checks: &[CheckState], environment_name: Option<&str>) -> Vec<Condition> {
    const KIND: ConditionType = ConditionType::NoCheckFailed;
    let failed: Vec<Condition> = checks
        .iter()
        .filter(|check| check.status == Status::Failed)
        .map(|check| failed(KIND, check, environment_name))
        .collect();
    if !failed.is_empty() {
        return failed;
    }
    let message = match checks.len() {
        0 => "no check is recorded, so none failed".to_owned(),
        1 => "the recorded check did not fail".to_owned(),
        count => format!("none of the {count} recorded checks failed"),
    };
    vec![Condition::new(KIND, Reason::NoCheckFailed, message)]
}

/// A check that is recorded for all environments and for the requested one must have
/// passed for both: the worse one counts.
fn required_check_passed(
    name: &str,
    checks: &[CheckState],
    environment_name: Option<&str>,
    now_us: i64,
) -> Condition {
    checks
        .iter()
        .filter(|check| check.name == name)
        .map(|check| passed(check, environment_name, now_us))
        .min_by_key(|condition| condition.reason.status())
        .unwrap_or_else(|| Condition {
            check_name: Some(name.to_owned()),
            ..Condition::new(
                ConditionType::RequiredCheckPassed,
                Reason::CheckAbsent,
                format!("check {name} is required but was not reported"),
            )
            .remedy("run the check and report it for the version or its commit")
        })
}

fn passed(check: &CheckState, environment_name: Option<&str>, now_us: i64) -> Condition {
    const KIND: ConditionType = ConditionType::RequiredCheckPassed;
    let label = check.label(environment_name);
    let condition = |reason, what: &str| {
        Condition::new(KIND, reason, format!("{label} {what}")).with_evidence(check)
    };
    match check.status {
        Status::Failed => failed(KIND, check, environment_name),
        Status::Pending => {
            condition(Reason::CheckRunning, "is queued").remedy("wait for the check to finish")
        }
        Status::Started => {
            condition(Reason::CheckRunning, "is running").remedy("wait for the check to finish")
        }
        Status::Aborted => condition(Reason::CheckSkipped, "was skipped").remedy("run the check"),
        Status::Completed if check.has_expired(now_us) => {
            condition(Reason::CheckExpired, "passed, but its result has expired")
                .since(check.expires_at_us)
                .remedy("run the check again")
        }
        Status::Completed => condition(Reason::CheckPassed, "passed"),
    }
}

fn failed(kind: ConditionType, check: &CheckState, environment_name: Option<&str>) -> Condition {
    let message = format!("{} failed", check.label(environment_name));
    Condition::new(kind, Reason::CheckFailed, message)
        .with_evidence(check)
        .remedy("fix the findings and run the check again, or deploy another version")
}
