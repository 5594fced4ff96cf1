//! A company's past year: 50 products, one of them with most of the builds, with deployments and checks. The same
//! for every size, so that stores of different sizes can be asked the same questions.

use std::{collections::BTreeMap, iter};

use prost_types::{Struct, Timestamp, Value, value::Kind};
use versioner::pb::{
    BuildStatus, CheckEvent, CheckKind, CheckStatus, DeploymentEvent, EventSubmission,
    VersionEvent, event_submission::Event,
};

pub(crate) const GET_VERSION: &str = "/versioner.v1.VersionService/GetVersion";
pub(crate) const LIST_VERSIONS: &str = "/versioner.v1.VersionService/ListVersions";

/// The product of four builds in five.
pub(crate) const MAIN_PRODUCT: &str = "service-0";
pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "production"];
const OTHER_PRODUCTS: u64 = 49;
/// The first so many versions are the only ones with the facts called legacy: rare, and far from what is newest.
const LEGACY_VERSIONS: u64 = 60;
const YEAR_S: i64 = 365 * 24 * 60 * 60;
const MINUTE_S: i64 = 60;

/// Legacy facts, by which filters find what is rare and old.
pub(crate) mod legacy {
    pub(crate) const BRANCH: &str = "release/0.0";
    pub(crate) const REPOSITORY: &str = "github.com/mycompany/monolith";
    pub(crate) const BUILDER: &str = "jenkins-agent-1";
    pub(crate) const SOURCE: &str = "jenkins";
    pub(crate) const VERSION_PREFIX: &str = "0.0.";
}

/// So many versions, evenly over the year before a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    pub(crate) versions: u64,
    end_s: i64,
}

impl History {
    /// Every so many versions there is one that has a started event, checks and deployments.
    pub(crate) const FULL_EVERY: u64 = 30;

    pub(crate) fn new(versions: u64, now_s: i64) -> History {
        // Deployments follow their builds, and nothing may lie in the future.
        let end_s = now_s - 24 * 60 * MINUTE_S;
        History { versions, end_s }
    }

    pub(crate) fn begins_s(&self) -> i64 {
        self.end_s - YEAR_S
    }

    pub(crate) fn ends_s(&self) -> i64 {
        self.end_s
    }

    pub(crate) fn product(nth: u64) -> String {
        match nth % 5 {
            4 if nth >= LEGACY_VERSIONS => format!("service-{}", 1 + nth / 5 % OTHER_PRODUCTS),
            _ => MAIN_PRODUCT.to_owned(),
        }
    }

    pub(crate) fn version(nth: u64) -> String {
        let numbers = format!("{}.{}.{}", nth / 100_000, nth / 100 % 1_000, nth % 100);
        match nth % 20 {
            7 => format!("{numbers}-rc.1"),
            _ => numbers,
        }
    }

    pub(crate) fn scm_sha(nth: u64) -> String {
        format!(
            "{:016x}{:016x}{:08x}",
            scatter(nth),
            scatter(nth ^ u64::MAX),
            nth as u32
        )
    }

    pub(crate) fn invoke_id(nth: u64) -> String {
        format!("run-{nth}")
    }

    /// All events, in about the order in which they happened.
    pub(crate) fn events(self) -> impl Iterator<Item = EventSubmission> + Send + 'static {
        (0..self.versions).flat_map(move |nth| self.events_of(nth))
    }

    fn events_of(self, nth: u64) -> impl Iterator<Item = EventSubmission> {
        let at_s = self.begins_s() + (YEAR_S as i128 * nth as i128 / self.versions as i128) as i64;
        // Some builds are reported twice, some are run again.
        let started = (nth.is_multiple_of(10)).then(|| build(nth, at_s, BuildStatus::Started, 1));
        let status = match nth {
            _ if nth < LEGACY_VERSIONS => BuildStatus::Aborted,
            _ if nth % 20 == 3 => BuildStatus::Failed,
            _ => BuildStatus::Completed,
        };
        let finished = build(nth, at_s, status, 1);
        let again =
            (nth % 20 == 3).then(|| build(nth, at_s + 30 * MINUTE_S, BuildStatus::Failed, 2));
        let checks = (nth.is_multiple_of(5)).then(|| [test(nth, at_s), scan(nth, at_s)]);
        let deployments = (nth.is_multiple_of(3)).then(|| {
            let places = ENVIRONMENTS.into_iter().zip(1..);
            places.map(move |(environment, hour)| {
                deployment(nth, at_s + hour * 60 * MINUTE_S, environment)
            })
        });
        started
            .into_iter()
            .chain(iter::once(finished))
            .chain(again)
            .map(Event::VersionEvent)
            .chain(checks.into_iter().flatten().map(Event::CheckEvent))
            .chain(
                deployments
                    .into_iter()
                    .flatten()
                    .map(Event::DeploymentEvent),
            )
            .map(|event| EventSubmission { event: Some(event) })
    }
}

fn build(nth: u64, started_s: i64, status: BuildStatus, attempt: i32) -> VersionEvent {
    let is_legacy = nth < LEGACY_VERSIONS;
    let pick = |legacy: &str, usual: &str| match is_legacy {
        true => legacy.to_owned(),
        false => usual.to_owned(),
    };
    let ended_s = started_s + 60 + (scatter(nth) % 900) as i64;
    let is_end = status != BuildStatus::Started;
    let product = History::product(nth);
    VersionEvent {
        version: History::version(nth),
        status: status.into(),
        event_id: format!("build-{nth}-{attempt}-{is_end}"),
        occurred_at: time(if is_end { ended_s } else { started_s }),
        started_at: time(started_s),
        completed_at: is_end.then(|| time(ended_s)).flatten(),
        invoke_id: History::invoke_id(nth),
        invoke_attempt: attempt,
        scm_sha: History::scm_sha(nth),
        scm_repository: pick(
            legacy::REPOSITORY,
            &format!("github.com/mycompany/{product}"),
        ),
        scm_branch: pick(
            legacy::BRANCH,
            if nth % 10 == 9 { "develop" } else { "main" },
        ),
        build_number: nth.to_string(),
        build_url: format!("https://github.com/mycompany/{product}/actions/runs/{nth}"),
        source_system: pick(legacy::SOURCE, "github"),
        built_by: pick(legacy::BUILDER, "github-actions"),
        extra_metadata: (is_end && nth.is_multiple_of(2)).then(|| metadata(nth, &product).into()),
        product_name: product,
        ..VersionEvent::default()
    }
}

fn test(nth: u64, at_s: i64) -> CheckEvent {
    CheckEvent {
        version: History::version(nth),
        check_name: "integration-tests".to_owned(),
        kind: CheckKind::Test.into(),
        counts: [("passed", 212), ("failed", 0), ("skipped", 3)]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
        ..check(nth, at_s, "test")
    }
}

/// Recorded for the commit.
fn scan(nth: u64, at_s: i64) -> CheckEvent {
    CheckEvent {
        scm_sha: History::scm_sha(nth),
        check_name: "image-scan".to_owned(),
        kind: CheckKind::SecurityScan.into(),
        counts: [("critical", 0), ("high", 1), ("medium", 7)]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
        ..check(nth, at_s, "scan")
    }
}

fn check(nth: u64, at_s: i64, sort: &str) -> CheckEvent {
    CheckEvent {
        product_name: History::product(nth),
        status: CheckStatus::Passed.into(),
        event_id: format!("{sort}-{nth}"),
        occurred_at: time(at_s + 20 * MINUTE_S),
        url: format!("https://ci.mycompany.example/{sort}/{nth}"),
        source_system: "github".to_owned(),
        ..CheckEvent::default()
    }
}

fn deployment(nth: u64, at_s: i64, environment: &str) -> DeploymentEvent {
    DeploymentEvent {
        product_name: History::product(nth),
        version: History::version(nth),
        status: BuildStatus::Completed.into(),
        event_id: format!("deployment-{nth}-{environment}"),
        occurred_at: time(at_s),
        started_at: time(at_s - 2 * MINUTE_S),
        completed_at: time(at_s),
        invoke_id: format!("deploy-{nth}-{environment}"),
        environment_name: environment.to_owned(),
        deploy_url: format!("https://argo.mycompany.example/applications/{nth}"),
        source_system: "argo".to_owned(),
        deployed_by: "argo".to_owned(),
        ..DeploymentEvent::default()
    }
}

fn metadata(nth: u64, product: &str) -> Struct {
    let text = |text: String| Value {
        kind: Some(Kind::StringValue(text)),
    };
    let number = |number: f64| Value {
        kind: Some(Kind::NumberValue(number)),
    };
    Struct {
        fields: BTreeMap::from([
            (
                "docker_image".to_owned(),
                text(format!("mycompany/{product}:{nth}")),
            ),
            ("build_duration_seconds".to_owned(), number(180.0)),
            ("test_coverage".to_owned(), text("85%".to_owned())),
        ]),
    }
}

pub(crate) fn time(seconds: i64) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos: 0 })
}

/// Spreads numbers over all 64 bits, each to another one: the finalizer of splitmix64
/// (https://prng.di.unimi.it/splitmix64.c).
pub(crate) fn scatter(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
