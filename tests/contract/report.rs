//! Events as cases state them: only the facts that matter, the rest is the plainest there is.
//! Knows how events are written, not what they lead to.

use versioner::domain::{
    event::{Event, RawEvent, Subject},
    metadata::Metadata,
    rules::MAX_TIME_US,
    status::{CheckKind, Status},
};

/// The product that a report is about where a case names no other.
pub(crate) const PRODUCT: &str = "shop";
/// The moment that cases count from: 15 June 2025.
pub(crate) const T0_US: i64 = 1_750_000_000_000_000;
pub(crate) const SECOND_US: i64 = 1_000_000;
pub(crate) const MINUTE_US: i64 = 60 * SECOND_US;
pub(crate) const HOUR_US: i64 = 60 * MINUTE_US;
pub(crate) const DAY_US: i64 = 24 * HOUR_US;

/// An event in the making.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    subject: Subject,
    raw: RawEvent,
}

/// A completed build of a version.
pub(crate) fn build(version: &str) -> Report {
    Report::new(Subject::Version).with(|raw| raw.version = version.into())
}

/// A completed deployment of a version.
pub(crate) fn deployment(version: &str, environment: &str) -> Report {
    Report::new(Subject::Deployment).with(|raw| {
        raw.version = version.into();
        raw.environment_name = environment.into();
    })
}

/// A test of a version that passed.
pub(crate) fn check(version: &str, name: &str) -> Report {
    Report::new(Subject::Check).with(|raw| {
        raw.version = version.into();
        raw.check_name = name.into();
        raw.check_kind = Some(Ok(CheckKind::Test));
    })
}

/// A test of a commit that passed.
pub(crate) fn commit_check(sha: &str, name: &str) -> Report {
    check("", name).sha(sha)
}

impl Report {
    fn new(subject: Subject) -> Self {
        let raw = RawEvent {
            product_name: PRODUCT.into(),
            status: Some(Ok(Status::Completed)),
            ..RawEvent::default()
        };
        Self { subject, raw }
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut RawEvent)) -> Self {
        change(&mut self.raw);
        self
    }

    pub(crate) fn of(self, product: &str) -> Self {
        self.with(|raw| raw.product_name = product.into())
    }

    pub(crate) fn status(self, status: Status) -> Self {
        self.with(|raw| raw.status = Some(Ok(status)))
    }

    pub(crate) fn pending(self) -> Self {
        self.status(Status::Pending)
    }

    pub(crate) fn started(self) -> Self {
        self.status(Status::Started)
    }

    pub(crate) fn failed(self) -> Self {
        self.status(Status::Failed)
    }

    /// It occurred so long after [`T0_US`].
    pub(crate) fn at(self, after_us: i64) -> Self {
        self.with(|raw| raw.occurred_at_us = Some(Ok(T0_US + after_us)))
    }

    pub(crate) fn id(self, event_id: &str) -> Self {
        self.with(|raw| raw.event_id = event_id.into())
    }

    /// Reported by this run of CI.
    pub(crate) fn run(self, invoke_id: &str) -> Self {
        self.with(|raw| raw.invoke_id = invoke_id.into())
    }

    pub(crate) fn attempt(self, attempt: i64) -> Self {
        self.with(|raw| raw.invoke_attempt = Some(Ok(attempt)))
    }

    pub(crate) fn sha(self, sha: &str) -> Self {
        self.with(|raw| raw.scm_sha = sha.into())
    }

    pub(crate) fn branch(self, branch: &str) -> Self {
        self.with(|raw| raw.scm_branch = branch.into())
    }

    pub(crate) fn instance(self, instance: &str) -> Self {
        self.with(|raw| raw.instance = instance.into())
    }

    /// A check made for this environment.
    pub(crate) fn in_environment(self, name: &str) -> Self {
        self.with(|raw| raw.environment_name = name.into())
    }

    pub(crate) fn metadata(self, json: &str) -> Self {
        self.with(|raw| raw.extra_metadata = Some(Metadata::parse(json)))
    }

    /// Metadata of exactly this size, under one key.
    pub(crate) fn metadata_of(self, key: &str, bytes: usize) -> Self {
        let frame = format!(r#"{{"{key}":""}}"#).len();
        self.metadata(&format!(r#"{{"{key}":"{}"}}"#, "x".repeat(bytes - frame)))
    }

    /// As the store takes it. How far in the future it lies is not the store's to judge.
    pub(crate) fn event(self) -> Event {
        self.raw
            .parse(self.subject, "event", MAX_TIME_US)
            .expect("a case reports what is well-formed")
    }
}
