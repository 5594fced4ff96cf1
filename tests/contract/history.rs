//! Generated sets of events, and the orders in which they may arrive. Knows no store.

use proptest::{collection::vec, option, prelude::*, sample::select, strategy::Strategy};
use versioner::domain::{
    event::{Event, Subject},
    status::{CheckKind, Status},
};

use crate::report::{DAY_US, HOUR_US, MINUTE_US, Report, build, check, commit_check, deployment};

/// What an event says; its id is its place in the set.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    subject: Subject,
    version: &'static str,
    by_commit: bool,
    environment: &'static str,
    instance: &'static str,
    check_name: &'static str,
    status: Status,
    at_us: i64,
    run: Option<(&'static str, Attempt)>,
    started_at_us: Option<i64>,
    completed_at_us: Option<i64>,
    /// How much of the commit is given.
    sha_length: Option<usize>,
    branch: &'static str,
    by: &'static str,
    metadata: Option<&'static str>,
    /// Of a check.
    expires_at_us: Option<i64>,
    /// Of a scan: its findings of high severity.
    high: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Attempt {
    Unknown,
    Number(i64),
    InMetadata(i64),
}

/// A set of events, and one way in which they may arrive.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) set: Vec<Sketch>,
    /// Places in the set; those that stand here again are sent again.
    pub(crate) arrivals: Vec<usize>,
    /// How many come together, in turn.
    pub(crate) batches: Vec<usize>,
}

impl History {
    /// The set as events of a product, in its own order, all at once.
    pub(crate) fn events(&self, product: &str, ids: &str) -> Vec<Event> {
        let events = self.set.iter().enumerate();
        events
            .map(|(place, sketch)| sketch.event(product, &format!("{ids}{place:02}")))
            .collect()
    }

    /// The events as they arrive, in batches.
    pub(crate) fn arriving(&self, product: &str, ids: &str) -> Vec<Vec<Event>> {
        let events = self.events(product, ids);
        let mut arriving = self.arrivals.iter().map(|place| events[*place].clone());
        let mut batches = Vec::new();
        for size in self.batches.iter().cycle() {
            let batch: Vec<Event> = arriving.by_ref().take(*size).collect();
            if batch.is_empty() {
                break;
            }
            batches.push(batch);
        }
        batches
    }
}

impl Sketch {
    fn event(&self, product: &str, id: &str) -> Event {
        let sha = match self.version {
            "1.0" => "1111111aaaaaaaaa",
            _ => "2222222bbbbbbbbb",
        };
        let report = match self.subject {
            Subject::Version => build(self.version),
            Subject::Deployment => {
                deployment(self.version, self.environment).instance(self.instance)
            }
            Subject::Check if self.by_commit => commit_check(sha, self.check_name),
            Subject::Check => check(self.version, self.check_name),
        };
        let mut report: Report = report.of(product).id(id).status(self.status).at(self.at_us);
        if self.subject == Subject::Check && self.instance.is_empty() {
            report = report.in_environment(self.environment);
        }
        if let Some((run, attempt)) = self.run {
            report = match attempt {
                Attempt::Unknown => report,
                Attempt::Number(number) => report.attempt(number),
                Attempt::InMetadata(number) => {
                    report.metadata(&format!(r#"{{"vi_gh_run_attempt":{number}}}"#))
                }
            }
            .run(run);
        }
        if let Some(json) = self.metadata
            && !matches!(self.run, Some((_, Attempt::InMetadata(_))))
        {
            report = report.metadata(json);
        }
        if let Some(length) = self.sha_length {
            report = report.sha(&sha[..length]);
        }
        let given = |at_us: Option<i64>| at_us.map(|at_us| Ok(crate::report::T0_US + at_us));
        report
            .branch(self.branch)
            .with(|raw| {
                raw.by = self.by.into();
                raw.started_at_us = given(self.started_at_us);
                raw.completed_at_us = given(self.completed_at_us);
                if self.subject == Subject::Check {
                    raw.expires_at_us = given(self.expires_at_us);
                }
                if self.check_name == "scan" {
                    raw.check_kind = Some(Ok(CheckKind::SecurityScan));
                    let high = self.high.map(|count| ("high".to_owned(), count));
                    raw.counts = Some(Ok(high.into_iter().collect()));
                }
            })
            .event()
    }
}

/// Histories of up to so many events.
pub(crate) fn histories(max_events: usize) -> impl Strategy<Value = History> {
    let subjects = prop_oneof![
        3 => Just(Subject::Version),
        2 => Just(Subject::Deployment),
        2 => Just(Subject::Check),
    ];
    histories_of(subjects, max_events)
}

/// The same of deployments, with a build now and then.
pub(crate) fn deployment_histories(max_events: usize) -> impl Strategy<Value = History> {
    let subjects = prop_oneof![
        1 => Just(Subject::Version),
        9 => Just(Subject::Deployment),
    ];
    histories_of(subjects, max_events)
}

fn histories_of(
    subjects: impl Strategy<Value = Subject>,
    max_events: usize,
) -> impl Strategy<Value = History> {
    vec(sketches(subjects), 2..=max_events).prop_flat_map(|set| {
        let places: Vec<usize> = (0..set.len()).collect();
        let repeats = vec(0..set.len(), 0..=set.len() / 3);
        let arrivals = (Just(places), repeats)
            .prop_map(|(mut places, repeats)| {
                places.extend(repeats);
                places
            })
            .prop_shuffle();
        (Just(set), arrivals, vec(1..8_usize, 1..4)).prop_map(|(set, arrivals, batches)| History {
            set,
            arrivals,
            batches,
        })
    })
}

/// Many of the same times, and such as lie right at the rules' limits.
fn times() -> impl Strategy<Value = i64> {
    let distance = select(vec![
        0,
        MINUTE_US,
        10 * MINUTE_US,
        11 * MINUTE_US,
        HOUR_US,
        12 * HOUR_US,
        DAY_US,
        DAY_US + 10 * MINUTE_US,
        25 * HOUR_US,
        2 * DAY_US,
    ]);
    (distance, 0..2_i64).prop_map(|(distance, more_us)| distance + more_us)
}

fn sketches(subject: impl Strategy<Value = Subject>) -> impl Strategy<Value = Sketch> {
    let status = select(vec![
        Status::Pending,
        Status::Started,
        Status::Started,
        Status::Completed,
        Status::Completed,
        Status::Failed,
        Status::Aborted,
    ]);
    let attempt = prop_oneof![
        3 => Just(Attempt::Unknown),
        1 => (1..3_i64).prop_map(Attempt::Number),
        1 => (1..3_i64).prop_map(Attempt::InMetadata),
    ];
    let run = option::of((select(vec!["run-1", "run-2"]), attempt));
    let what = (
        subject,
        select(vec!["1.0", "1.0", "2.0-rc.1", "nightly"]),
        prop::bool::weighted(0.3),
        select(vec!["dev", "qa"]),
        select(vec!["", "eu"]),
        select(vec!["unit", "scan"]),
    );
    let when = (
        status,
        times(),
        run,
        option::weighted(0.2, times()),
        option::weighted(0.2, times()),
    );
    let details = (
        option::weighted(0.3, select(vec![7, 10, 16])),
        select(vec!["", "main", "fix"]),
        select(vec!["", "ann", "bob"]),
        option::weighted(
            0.4,
            select(vec![
                r#"{"a":1}"#,
                r#"{"a":2,"b":{"x":1}}"#,
                r#"{"b":3,"c":[1]}"#,
            ]),
        ),
    );
    let result = (
        option::weighted(0.2, times()),
        option::weighted(0.7, 0..5_i64),
    );
    (what, when, details, result).prop_map(|(what, when, details, result)| Sketch {
        subject: what.0,
        version: what.1,
        by_commit: what.2 && what.0 == Subject::Check,
        environment: what.3,
        instance: what.4,
        check_name: what.5,
        status: when.0,
        at_us: when.1,
        run: when.2,
        started_at_us: when.3,
        completed_at_us: when.4,
        sha_length: details.0,
        branch: details.1,
        by: details.2,
        metadata: details.3,
        expires_at_us: result.0,
        high: result.1,
    })
}
