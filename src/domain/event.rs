//! Events as senders give them, and the checks that need nothing but the event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    commit,
    metadata::Metadata,
    rules::{FieldRules, REQUIRED, check_event, deployment_event, limit, version_event},
    status::{CheckKind, Status},
    violation::{Violation, Violations},
};

/// Names and identifiers, in characters (R2).
pub const MAX_NAME: usize = limit(version_event::PRODUCT_NAME.max_characters);
/// Event ids, in characters (R7).
pub const MAX_EVENT_ID: usize = limit(version_event::EVENT_ID.max_characters);
/// URLs and repositories, in characters.
pub const MAX_URL: usize = limit(version_event::BUILD_URL.max_characters);
/// Branches, in characters.
pub const MAX_BRANCH: usize = limit(version_event::SCM_BRANCH.max_characters);
/// Texts for people, in characters.
pub const MAX_PROSE: usize = limit(version_event::ERROR_MESSAGE.max_characters);
/// Counts of a check.
pub const MAX_COUNTS: usize = limit(check_event::COUNTS.max_items);
/// Names of those counts, in characters.
pub const MAX_COUNT_NAME: usize = limit(check_event::COUNTS.max_characters);

/// What an event reports about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Version,
    Deployment,
    Check,
}

/// An event that is well-formed, as its sender gave it (before defaults).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub subject: Subject,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at_us: Option<i64>,
    pub product_name: String,
    /// Not set only in a check event for a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Set in every deployment event, and in a check event for an environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    /// Of a deployment event; empty by default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// Set in every check event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_name: Option<String>,
    pub status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at_us: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at_us: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoke_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoke_attempt: Option<i64>,
    #[serde(default)]
    pub details: Details,
}

/// What keeps its value until a later event gives another one (R6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Who or what built, deployed or checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scm_repository: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scm_branch: Option<String>,
    /// In lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scm_sha: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_number: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check_kind: Option<CheckKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<BTreeMap<String, i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_us: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra_metadata: Option<Metadata>,
}

impl Details {
    /// Takes over what a later event gives.
    pub fn merge(&mut self, later: &Self) {
        fn take<T: Clone>(mine: &mut Option<T>, later: &Option<T>) {
            if later.is_some() {
                mine.clone_from(later);
            }
        }
        take(&mut self.by, &later.by);
        take(&mut self.by_name, &later.by_name);
        take(&mut self.by_email, &later.by_email);
        take(&mut self.source_system, &later.source_system);
        take(&mut self.scm_repository, &later.scm_repository);
        take(&mut self.scm_branch, &later.scm_branch);
        take(&mut self.scm_sha, &later.scm_sha);
        take(&mut self.build_number, &later.build_number);
        take(&mut self.url, &later.url);
        take(&mut self.error_message, &later.error_message);
        take(&mut self.error_code, &later.error_code);
        take(&mut self.check_kind, &later.check_kind);
        take(&mut self.summary, &later.summary);
        take(&mut self.counts, &later.counts);
        take(&mut self.expires_at_us, &later.expires_at_us);
        match (&mut self.extra_metadata, &later.extra_metadata) {
            (Some(mine), Some(later)) => mine.merge(later),
            (mine, later) => take(mine, later),
        }
    }
}

impl Event {
    /// The attempt of the CI run: as given, else as GitHub's integration notes it
    /// in the metadata (R5).
    pub fn attempt(&self) -> Option<i64> {
        self.invoke_attempt.or_else(|| {
            let metadata = self.details.extra_metadata.as_ref()?;
            metadata
                .whole_number("vi_gh_run_attempt")
                .filter(|attempt| version_event::INVOKE_ATTEMPT.number(*attempt).is_ok())
        })
    }
}

/// A value of a request that may be malformed. The error says what is allowed.
pub type Given<T> = Option<Result<T, String>>;

/// An event of a request, before it is checked. A text that is not set is empty.
#[derive(Clone, Debug, Default)]
pub struct RawEvent {
    pub event_id: String,
    pub occurred_at_us: Given<i64>,
    pub product_name: String,
    pub version: String,
    pub environment_name: String,
    pub instance: String,
    pub check_name: String,
    pub check_kind: Given<CheckKind>,
    pub status: Given<Status>,
    pub started_at_us: Given<i64>,
    pub completed_at_us: Given<i64>,
    pub invoke_id: String,
    pub invoke_attempt: Given<i64>,
    pub by: String,
    pub by_name: String,
    pub by_email: String,
    pub source_system: String,
    pub scm_repository: String,
    pub scm_branch: String,
    pub scm_sha: String,
    pub build_number: String,
    pub build_url: String,
    pub deploy_url: String,
    pub url: String,
    pub error_message: String,
    pub error_code: String,
    pub summary: String,
    pub counts: Given<BTreeMap<String, i64>>,
    pub expires_at_us: Given<i64>,
    pub extra_metadata: Given<Metadata>,
    /// Fields whose values could not be read from the request.
    pub malformed: Vec<Violation>,
}

/// The rules of the fields that differ between the three events. The others are the same in all of them
/// (`rules.rs` has a test).
struct EventRules {
    version: &'static FieldRules,
    environment_name: &'static FieldRules,
    by: &'static FieldRules,
    by_name: &'static FieldRules,
    by_email: &'static FieldRules,
}

impl EventRules {
    fn of(subject: Subject) -> Self {
        match subject {
            Subject::Version => Self {
                version: &version_event::VERSION,
                // A version event has no environment.
                environment_name: &check_event::ENVIRONMENT_NAME,
                by: &version_event::BUILT_BY,
                by_name: &version_event::BUILT_BY_NAME,
                by_email: &version_event::BUILT_BY_EMAIL,
            },
            Subject::Deployment => Self {
                version: &deployment_event::VERSION,
                environment_name: &deployment_event::ENVIRONMENT_NAME,
                by: &deployment_event::DEPLOYED_BY,
                by_name: &deployment_event::DEPLOYED_BY_NAME,
                by_email: &deployment_event::DEPLOYED_BY_EMAIL,
            },
            Subject::Check => Self {
                version: &check_event::VERSION,
                environment_name: &check_event::ENVIRONMENT_NAME,
                by: &check_event::CHECKED_BY,
                by_name: &check_event::CHECKED_BY_NAME,
                by_email: &check_event::CHECKED_BY_EMAIL,
            },
        }
    }
}

impl RawEvent {
    /// Checks everything that can be checked without the database. Fields are named
    /// below `path`; `now_us` is the time from which "the future" is measured.
    pub fn parse(self, subject: Subject, path: &str, now_us: i64) -> Result<Event, Vec<Violation>> {
        let mut v = Violations::below(path);
        for Violation { field, description } in &self.malformed {
            v.add(field, description);
        }
        let rules = EventRules::of(subject);
        let is_check = subject == Subject::Check;

        let product_name = v.text(&version_event::PRODUCT_NAME, &self.product_name);
        let version = v.text(rules.version, &self.version);
        let scm_sha = v
            .text(&version_event::SCM_SHA, &self.scm_sha)
            .map(|sha| sha.to_ascii_lowercase());
        if is_check && version.is_none() {
            check_commit(&mut v, scm_sha.as_deref());
        }
        let environment_name = v.text(rules.environment_name, &self.environment_name);
        let instance = v.text(&deployment_event::INSTANCE, &self.instance);
        let check_name = match is_check {
            true => v.text(&check_event::CHECK_NAME, &self.check_name),
            false => None,
        };
        let check_kind = value(&mut v, &check_event::KIND, self.check_kind);
        if is_check && check_kind.is_none() {
            missing(
                &mut v,
                &check_event::KIND,
                "test, security_scan, approval or custom",
            );
        }
        let status = value(&mut v, &version_event::STATUS, self.status);
        if status.is_none() {
            let allowed = match is_check {
                true => "queued, running, passed, failed or skipped",
                false => "pending, started, completed, failed or aborted",
            };
            missing(&mut v, &version_event::STATUS, allowed);
        }
        let event_id = v.text(&version_event::EVENT_ID, &self.event_id);
        let mut time = |rules, at| time(&mut v, rules, at, now_us);
        let occurred_at_us = time(&version_event::OCCURRED_AT, self.occurred_at_us);
        let started_at_us = time(&version_event::STARTED_AT, self.started_at_us);
        let completed_at_us = time(&version_event::COMPLETED_AT, self.completed_at_us);
        let expires_at_us = time(&check_event::EXPIRES_AT, self.expires_at_us);
        let invoke_id = v.text(&version_event::INVOKE_ID, &self.invoke_id);
        let invoke_attempt = attempt(&mut v, self.invoke_attempt);
        let url = match subject {
            Subject::Version => v.text(&version_event::BUILD_URL, &self.build_url),
            Subject::Deployment => {
                let deploy_url = v.text(&deployment_event::DEPLOY_URL, &self.deploy_url);
                let build_url = v.text(&deployment_event::BUILD_URL, &self.build_url);
                deploy_url.or(build_url)
            }
            Subject::Check => v.text(&check_event::URL, &self.url),
        };
        let counts =
            value(&mut v, &check_event::COUNTS, self.counts).filter(|counts| !counts.is_empty());
        if let Some(counts) = &counts {
            check_counts(&mut v, counts);
        }
        let details = Details {
            by: v.text(rules.by, &self.by),
            by_name: v.text(rules.by_name, &self.by_name),
            by_email: v.text(rules.by_email, &self.by_email),
            source_system: v.text(&version_event::SOURCE_SYSTEM, &self.source_system),
            scm_repository: v.text(&version_event::SCM_REPOSITORY, &self.scm_repository),
            scm_branch: v.text(&version_event::SCM_BRANCH, &self.scm_branch),
            scm_sha,
            build_number: v.text(&version_event::BUILD_NUMBER, &self.build_number),
            url,
            error_message: v.text(&version_event::ERROR_MESSAGE, &self.error_message),
            error_code: v.text(&version_event::ERROR_CODE, &self.error_code),
            check_kind,
            summary: v.text(&check_event::SUMMARY, &self.summary),
            counts,
            expires_at_us,
            extra_metadata: value(&mut v, &version_event::EXTRA_METADATA, self.extra_metadata)
                .filter(|metadata| !metadata.is_empty()),
        };

        let event = product_name
            .zip(status)
            .map(|(product_name, status)| Event {
                subject,
                event_id,
                occurred_at_us,
                product_name,
                version,
                environment_name,
                instance: instance.unwrap_or_default(),
                check_name,
                status,
                started_at_us,
                completed_at_us,
                invoke_id,
                invoke_attempt,
                details,
            });
        v.finish(event)
    }
}

/// Checks the commit of a check that has no version. A malformed version was meant to be set.
fn check_commit(v: &mut Violations, sha: Option<&str>) {
    let is_malformed = |field: &FieldRules| v.has(field.name);
    if is_malformed(&check_event::VERSION) || is_malformed(&check_event::SCM_SHA) {
        return;
    }
    let least = commit::MIN_SHORTENED;
    match sha.map(|sha| sha.chars().count()) {
        None => v.add(
            check_event::VERSION.name,
            "is required unless scm_sha is set",
        ),
        Some(length) if length < least => v.add(
            check_event::SCM_SHA.name,
            format!("must have at least {least} characters unless version is set (has {length})"),
        ),
        Some(_) => {}
    }
}

fn value<T>(v: &mut Violations, rules: &FieldRules, given: Given<T>) -> Option<T> {
    given.and_then(|parsed| v.take(rules.name, parsed))
}

fn missing(v: &mut Violations, rules: &FieldRules, allowed: &str) {
    if rules.required && !v.has(rules.name) {
        v.add(rules.name, format!("{REQUIRED}: {allowed}"));
    }
}

fn time(v: &mut Violations, rules: &FieldRules, at: Given<i64>, now_us: i64) -> Option<i64> {
    let at_us = value(v, rules, at)?;
    v.take(rules.name, rules.time(at_us, now_us))
}

fn attempt(v: &mut Violations, given: Given<i64>) -> Option<i64> {
    let rules = &version_event::INVOKE_ATTEMPT;
    let attempt = value(v, rules, given)?;
    v.take(rules.name, rules.number(attempt))
}

fn check_counts(v: &mut Violations, counts: &BTreeMap<String, i64>) {
    let rules = &check_event::COUNTS;
    if let Err(reason) = rules.entries(counts.len()) {
        v.add(rules.name, reason);
        return;
    }
    for (key, count) in counts {
        if let Err(reason) = rules.element(key) {
            v.add(rules.name, format!("has a key that {reason}"));
        } else if let Err(reason) = rules.number(*count) {
            v.add(rules.name, format!("has a value for {key:?} that {reason}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_700_000_000_000_000;
    const MAX_FUTURE_US: i64 = limit(version_event::OCCURRED_AT.max_future_seconds) * 1_000_000;

    fn raw() -> RawEvent {
        RawEvent {
            product_name: "my-service".into(),
            version: "1.2.3".into(),
            status: Some(Ok(Status::Started)),
            ..RawEvent::default()
        }
    }

    fn fields(raw: RawEvent, subject: Subject) -> Vec<String> {
        let violations = raw.parse(subject, "event", NOW_US).unwrap_err();
        violations.into_iter().map(|v| v.field).collect()
    }

    #[test]
    fn the_least_event_is_accepted() {
        let event = raw().parse(Subject::Version, "event", NOW_US).unwrap();
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn every_violation_is_returned_at_once() {
        let given = RawEvent {
            status: Some(Err("must be a known status".into())),
            product_name: "a\0b".into(),
            version: "x".repeat(256),
            occurred_at_us: Some(Ok(NOW_US + MAX_FUTURE_US + 1)),
            started_at_us: Some(Ok(-1)),
            invoke_attempt: Some(Ok(0)),
            by: "y".repeat(300),
            ..RawEvent::default()
        };
        assert_eq!(
            fields(given, Subject::Version),
            [
                "event.product_name",
                "event.version",
                "event.status",
                "event.occurred_at",
                "event.started_at",
                "event.invoke_attempt",
                "event.built_by",
            ]
        );
        assert_eq!(
            fields(RawEvent::default(), Subject::Deployment),
            [
                "event.product_name",
                "event.version",
                "event.environment_name",
                "event.status"
            ]
        );
        assert_eq!(
            fields(RawEvent::default(), Subject::Check),
            [
                "event.product_name",
                "event.version",
                "event.check_name",
                "event.kind",
                "event.status"
            ]
        );
    }

    #[test]
    fn a_malformed_field_is_returned_once_with_all_the_others() {
        let malformed = |fields: &[&str]| {
            let fault = |field: &&str| Violation {
                field: (*field).to_owned(),
                description: "must be a string, not a number".to_owned(),
            };
            fields.iter().map(fault).collect()
        };
        let event = RawEvent {
            malformed: malformed(&["version", "built_by"]),
            ..RawEvent::default()
        };
        assert_eq!(
            fields(event, Subject::Version),
            [
                "event.version",
                "event.built_by",
                "event.product_name",
                "event.status"
            ]
        );
        // A check whose commit is malformed is not missing its version.
        let check = RawEvent {
            malformed: malformed(&["scm_sha"]),
            check_name: "unit".into(),
            check_kind: Some(Ok(CheckKind::Test)),
            version: String::new(),
            ..raw()
        };
        let violations = check.parse(Subject::Check, "", NOW_US).unwrap_err();
        let named: Vec<_> = violations.iter().map(|v| v.field.as_str()).collect();
        assert_eq!(named, ["scm_sha"]);
    }

    #[test]
    fn a_check_belongs_to_a_version_or_a_commit() {
        let check = |version: &str, scm_sha: &str| RawEvent {
            version: version.into(),
            scm_sha: scm_sha.into(),
            check_name: "unit".into(),
            check_kind: Some(Ok(CheckKind::Test)),
            ..raw()
        };
        let by_commit = check("", "ABCDEF1")
            .parse(Subject::Check, "event", NOW_US)
            .unwrap();
        assert_eq!(by_commit.version, None);
        assert_eq!(by_commit.details.scm_sha.as_deref(), Some("abcdef1"));
        assert!(
            check("1", "")
                .parse(Subject::Check, "event", NOW_US)
                .is_ok()
        );
        assert!(
            check("1", "abc")
                .parse(Subject::Check, "event", NOW_US)
                .is_ok()
        );
        let short = check("", "abc").parse(Subject::Check, "event", NOW_US);
        assert_eq!(
            short.unwrap_err()[0].to_string(),
            "event.scm_sha must have at least 7 characters unless version is set (has 3)"
        );
        assert_eq!(fields(check("", ""), Subject::Check), ["event.version"]);
        let malformed = check(&"x".repeat(256), "abc");
        assert_eq!(fields(malformed, Subject::Check), ["event.version"]);
    }

    #[test]
    fn r5_the_attempt_may_stand_in_the_metadata() {
        let mut given = raw();
        given.extra_metadata = Some(Metadata::parse(r#"{"vi_gh_run_attempt":"3"}"#));
        let mut event = given.parse(Subject::Version, "event", NOW_US).unwrap();
        assert_eq!(event.attempt(), Some(3));
        event.invoke_attempt = Some(7);
        assert_eq!(event.attempt(), Some(7));
    }

    #[test]
    fn a_branch_fits_an_entry_of_an_index_in_every_script() {
        let with_branch = |branch: String| RawEvent {
            scm_branch: branch,
            ..raw()
        };
        let longest = limit(version_event::SCM_BRANCH.max_characters);
        let fits = with_branch("x".repeat(longest));
        assert!(fits.parse(Subject::Version, "event", NOW_US).is_ok());
        assert_eq!(
            fields(with_branch("枝".repeat(1_000)), Subject::Version),
            ["event.scm_branch"]
        );
    }
}
