//! Events as senders give them, and what makes one acceptable by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    commit,
    metadata::Metadata,
    status::{CheckKind, Status},
    violation::{Violation, Violations, name, optional_prose, optional_text},
};

/// Names and identifiers, in characters (R2).
pub const MAX_NAME: usize = 255;
/// Event ids, in characters (R7).
pub const MAX_EVENT_ID: usize = 128;
/// URLs and repositories, in characters.
pub const MAX_URL: usize = 2_048;
/// Branches, in characters.
pub const MAX_BRANCH: usize = 1_024;
/// Branches and repositories, in bytes besides: an entry of a Postgres index holds
/// no more than 2,704.
pub const MAX_INDEXED_BYTES: usize = 2_048;
/// Texts in words, in characters.
pub const MAX_PROSE: usize = 4_096;
/// Named whole numbers of a check.
pub const MAX_COUNTS: usize = 100;
/// Names of those numbers, in characters.
pub const MAX_COUNT_NAME: usize = 64;
/// How far in the future `occurred_at` may lie (R9): ten minutes.
pub const MAX_FUTURE_US: i64 = 10 * 60 * 1_000_000;
/// The last moment that is taken: the end of the year 9999 (UTC).
pub const MAX_TIME_US: i64 = 253_402_300_799_999_999;

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
    /// Left out only in a check event that names a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// There in every deployment event, and in a check event made for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment_name: Option<String>,
    /// Of a deployment event; empty by default.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance: String,
    /// There in every check event.
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
                .filter(|attempt| (1..=MAX_ATTEMPT).contains(attempt))
        })
    }
}

/// The highest attempt number that is taken.
const MAX_ATTEMPT: i64 = i32::MAX as i64;

/// A value that the sender's notation may already have made unreadable; the
/// error says what is taken.
pub type Given<T> = Option<Result<T, String>>;

/// An event as it stands in a request, before anything is checked. Texts are
/// empty where they are left out.
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
    /// Fields that the sender's notation has left without a value.
    pub malformed: Vec<Violation>,
}

impl RawEvent {
    /// Checks everything that can be checked without the store. Fields are named
    /// below `path`; `now_us` is the time that "the future" is measured from.
    pub fn parse(self, subject: Subject, path: &str, now_us: i64) -> Result<Event, Vec<Violation>> {
        let mut v = Violations::below(path);
        for Violation { field, description } in &self.malformed {
            v.add(field, description);
        }
        let actor = match subject {
            Subject::Version => ["built_by", "built_by_name", "built_by_email"],
            Subject::Deployment => ["deployed_by", "deployed_by_name", "deployed_by_email"],
            Subject::Check => ["checked_by", "checked_by_name", "checked_by_email"],
        };
        let check = subject == Subject::Check;

        let product_name = v.take("product_name", name(&self.product_name, MAX_NAME));
        let sha = v.take("scm_sha", optional_text(&self.scm_sha, MAX_NAME));
        let scm_sha = sha.flatten().map(|sha| sha.to_ascii_lowercase());
        let version = if check && scm_sha.is_some() {
            v.take("version", optional_text(&self.version, MAX_NAME))
                .flatten()
        } else if check && self.version.trim().is_empty() {
            if self.scm_sha.trim().is_empty() && !v.has("scm_sha") {
                v.add(
                    "version",
                    "or scm_sha is required: a check belongs to a version or to a commit",
                );
            }
            None
        } else {
            v.take("version", name(&self.version, MAX_NAME))
        };
        if let Some(sha) = &scm_sha
            && check
            && version.is_none()
            && sha.chars().count() < commit::MIN_SHORTENED
        {
            v.add(
                "scm_sha",
                format!(
                    "is too short to name a commit: {} or more characters are taken",
                    commit::MIN_SHORTENED
                ),
            );
        }
        let environment_name = if subject == Subject::Deployment {
            v.take("environment_name", name(&self.environment_name, MAX_NAME))
        } else {
            text(&mut v, "environment_name", &self.environment_name, MAX_NAME)
        };
        let instance = text(&mut v, "instance", &self.instance, MAX_NAME);
        let check_name = check
            .then(|| v.take("check_name", name(&self.check_name, MAX_NAME)))
            .flatten();
        let check_kind = given(&mut v, "kind", self.check_kind);
        if check && check_kind.is_none() && !v.has("kind") {
            v.add(
                "kind",
                "is required: test, security_scan, approval or custom",
            );
        }
        let status = given(&mut v, "status", self.status);
        if status.is_none() && !v.has("status") {
            v.add(
                "status",
                match subject {
                    Subject::Check => "is required: queued, running, passed, failed or skipped",
                    _ => "is required: pending, started, completed, failed or aborted",
                },
            );
        }
        let event_id = text(&mut v, "event_id", &self.event_id, MAX_EVENT_ID);
        let occurred_at_us = time(&mut v, "occurred_at", self.occurred_at_us);
        if occurred_at_us.is_some_and(|at| at > now_us.saturating_add(MAX_FUTURE_US)) {
            v.add("occurred_at", "lies more than ten minutes in the future");
        }
        let started_at_us = time(&mut v, "started_at", self.started_at_us);
        let completed_at_us = time(&mut v, "completed_at", self.completed_at_us);
        let expires_at_us = time(&mut v, "expires_at", self.expires_at_us);
        let invoke_id = text(&mut v, "invoke_id", &self.invoke_id, MAX_NAME);
        let invoke_attempt = given(&mut v, "invoke_attempt", self.invoke_attempt);
        if invoke_attempt.is_some_and(|attempt| !(1..=MAX_ATTEMPT).contains(&attempt)) {
            v.add(
                "invoke_attempt",
                format!("is no whole number from 1 to {MAX_ATTEMPT}"),
            );
        }
        let url = match subject {
            Subject::Version => text(&mut v, "build_url", &self.build_url, MAX_URL),
            Subject::Deployment => {
                let deploy_url = text(&mut v, "deploy_url", &self.deploy_url, MAX_URL);
                let build_url = text(&mut v, "build_url", &self.build_url, MAX_URL);
                deploy_url.or(build_url)
            }
            Subject::Check => text(&mut v, "url", &self.url, MAX_URL),
        };
        let counts = given(&mut v, "counts", self.counts).filter(|counts| !counts.is_empty());
        if let Some(counts) = &counts {
            check_counts(&mut v, counts);
        }
        let prose = |v: &mut Violations, field, given: &str| {
            v.take(field, optional_prose(given, MAX_PROSE)).flatten()
        };
        let details = Details {
            by: text(&mut v, actor[0], &self.by, MAX_NAME),
            by_name: text(&mut v, actor[1], &self.by_name, MAX_NAME),
            by_email: text(&mut v, actor[2], &self.by_email, MAX_NAME),
            source_system: text(&mut v, "source_system", &self.source_system, MAX_NAME),
            scm_repository: indexed(&mut v, "scm_repository", &self.scm_repository, MAX_URL),
            scm_branch: indexed(&mut v, "scm_branch", &self.scm_branch, MAX_BRANCH),
            scm_sha,
            build_number: text(&mut v, "build_number", &self.build_number, MAX_NAME),
            url,
            error_message: prose(&mut v, "error_message", &self.error_message),
            error_code: text(&mut v, "error_code", &self.error_code, MAX_NAME),
            check_kind,
            summary: prose(&mut v, "summary", &self.summary),
            counts,
            expires_at_us,
            extra_metadata: given(&mut v, "extra_metadata", self.extra_metadata)
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
        v.finish(event).map_err(|mut violations| {
            // What has no value misses one only in appearance.
            let mut told = 0;
            violations.retain(|violation| {
                told += 1;
                told <= self.malformed.len() || {
                    let is_same = |m: &Violation| names(path, &m.field, &violation.field);
                    !self.malformed.iter().any(is_same)
                }
            });
            violations
        })
    }
}

/// Tells whether `field` is `name` below `path`.
fn names(path: &str, name: &str, field: &str) -> bool {
    let below = field.strip_prefix(path);
    below.is_some_and(|rest| rest.strip_prefix('.').unwrap_or(rest) == name)
}

fn text(v: &mut Violations, field: &str, given: &str, max: usize) -> Option<String> {
    v.take(field, optional_text(given, max)).flatten()
}

/// A text that lists filter by and that may be long.
fn indexed(v: &mut Violations, field: &str, given: &str, max: usize) -> Option<String> {
    let text = text(v, field, given, max)?;
    if text.len() > MAX_INDEXED_BYTES {
        let bytes = text.len();
        v.add(
            field,
            format!("has {bytes} bytes: at most {MAX_INDEXED_BYTES} are taken"),
        );
    }
    Some(text)
}

fn given<T>(v: &mut Violations, field: &str, given: Given<T>) -> Option<T> {
    given.and_then(|parsed| v.take(field, parsed))
}

fn time(v: &mut Violations, field: &str, at: Given<i64>) -> Option<i64> {
    let at = given(v, field, at)?;
    if (0..=MAX_TIME_US).contains(&at) {
        return Some(at);
    }
    v.add(field, "lies outside the years 1970 to 9999");
    None
}

fn check_counts(v: &mut Violations, counts: &BTreeMap<String, i64>) {
    if counts.len() > MAX_COUNTS {
        let length = counts.len();
        v.add(
            "counts",
            format!("has {length} entries: at most {MAX_COUNTS} are taken"),
        );
        return;
    }
    for (key, count) in counts {
        if let Err(reason) = name(key, MAX_COUNT_NAME) {
            v.add("counts", format!("has a name that {reason}"));
        } else if *count < 0 {
            v.add(
                "counts",
                format!("has a negative number under {key:?}: whole numbers from 0 are taken"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_US: i64 = 1_700_000_000_000_000;

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
    fn the_least_event_is_taken() {
        let event = raw().parse(Subject::Version, "event", NOW_US).unwrap();
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let given = RawEvent {
            status: Some(Err("is 99".into())),
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
    fn a_malformed_field_is_named_once_with_all_the_others() {
        let malformed = |fields: &[&str]| {
            let fault = |field: &&str| Violation {
                field: (*field).to_owned(),
                description: "is a number: a text is taken".to_owned(),
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
        // A check that names its commit in the wrong way misses no version.
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
        assert_eq!(fields(check("", "abc"), Subject::Check), ["event.scm_sha"]);
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
    fn what_lists_filter_by_fits_an_index_entry_whatever_its_script() {
        let with_branch = |branch: String| RawEvent {
            scm_branch: branch,
            ..raw()
        };
        let fits = with_branch("x".repeat(MAX_BRANCH));
        assert!(fits.parse(Subject::Version, "event", NOW_US).is_ok());
        assert_eq!(
            fields(with_branch("枝".repeat(1_000)), Subject::Version),
            ["event.scm_branch"]
        );
    }
}
