//! How much is measured: sizes, spans and rounds.

use std::time::Duration;

use crate::arguments::Arguments;

#[derive(Debug)]
pub(crate) struct Effort {
    pub(crate) name: &'static str,
    /// Figures are medians of so many rounds.
    pub(crate) rounds: usize,
    /// How long each load runs in a round.
    pub(crate) round: Duration,
    /// The long run whose worst latencies count.
    pub(crate) long: Duration,
    pub(crate) imported_events: u64,
    /// Versions of the store that point reads and lists are measured on.
    pub(crate) read_versions: u64,
    /// Versions of the two stores that are compared.
    pub(crate) big_versions: u64,
    pub(crate) small_versions: u64,
    /// The most calls of one question to each of the two, and the longest that they may take.
    pub(crate) question_calls: usize,
    pub(crate) question_time: Duration,
    pub(crate) watchers: usize,
    /// Starts on the big store.
    pub(crate) starts: usize,
}

const FULL: Effort = Effort {
    name: "full",
    rounds: 5,
    round: Duration::from_secs(3),
    long: Duration::from_secs(300),
    imported_events: 1_000_000,
    read_versions: 100_000,
    big_versions: 1_000_000,
    small_versions: 10_000,
    question_calls: 301,
    question_time: Duration::from_secs(10),
    watchers: 10_000,
    starts: 5,
};

const QUICK: Effort = Effort {
    name: "quick",
    rounds: 5,
    round: Duration::from_millis(800),
    long: Duration::from_secs(20),
    imported_events: 20_000,
    read_versions: 10_000,
    big_versions: 100_000,
    question_calls: 101,
    question_time: Duration::from_secs(1),
    watchers: 1_000,
    starts: 3,
    ..FULL
};

const SMOKE: Effort = Effort {
    name: "smoke",
    rounds: 1,
    round: Duration::from_millis(200),
    long: Duration::from_millis(500),
    imported_events: 2_000,
    read_versions: 500,
    big_versions: 2_000,
    small_versions: 500,
    question_calls: 3,
    question_time: Duration::from_millis(200),
    watchers: 50,
    starts: 1,
};

impl Effort {
    pub(crate) fn of(arguments: &Arguments) -> Effort {
        match (arguments.full, arguments.smoke) {
            (true, _) => FULL,
            (_, true) => SMOKE,
            _ => QUICK,
        }
    }
}
