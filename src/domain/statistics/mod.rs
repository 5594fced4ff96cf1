//! Statistics of builds (R16): what a finished build adds to them, what they are asked for, and what they tell.
//! Below: how time is cut into buckets, and how durations are kept and summed up.

mod calendar;
mod durations;
mod histogram;
mod width;

pub use calendar::{TooMany, TrendBucket, bounds, time_zone};
pub use durations::{DurationStatistics, Durations};
pub use histogram::Histogram;
pub use width::{Cover, Stretch, Width, cover};

use super::{run::Run, status::Status};

/// The most buckets of a trend.
pub const MAX_BUCKETS: usize = 2_000;
/// The most groups of statistics.
pub const MAX_GROUPS: usize = 1_000;
/// The most groups of a trend.
pub const MAX_TREND_GROUPS: usize = 100;
/// The most buckets that the groups of a trend have together.
pub const MAX_GROUP_BUCKETS: usize = 10_000;
/// Up to so many durations in the span asked for, percentiles are found among the
/// durations themselves.
pub const MAX_EXACT_DURATIONS: i64 = 100_000;

/// What statistics are grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    #[default]
    None,
    Product,
    Branch,
    SourceSystem,
}

/// Which builds, and what of them.
#[derive(Clone, Debug)]
pub struct StatisticsQuery {
    pub product_name: Option<String>,
    pub scm_branch: Option<String>,
    pub source_system: Option<String>,
    pub grouping: Grouping,
    /// The builds whose durations count: finished statuses, at least one.
    pub duration_statuses: Vec<Status>,
    /// What was started before this moment and is unfinished is stale.
    pub stale_before_us: i64,
}

/// How many builds stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub pending: i64,
    pub running: i64,
    pub stale: i64,
    pub completed: i64,
    pub failed: i64,
    pub aborted: i64,
}

/// Statistics of a set of builds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    pub counts: Counts,
    pub durations: DurationStatistics,
}

/// The statistics of each bucket of a span, in all and by group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatisticsReport {
    pub all: Vec<Statistics>,
    /// The largest first, then by name.
    pub groups: Vec<(String, Vec<Statistics>)>,
    pub groups_truncated: bool,
}

/// What a finished build adds to statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish {
    pub status: Status,
    pub completed_at_us: i64,
    pub duration_us: Option<i64>,
    /// Empty: it has none.
    pub scm_branch: String,
    /// Empty: it has none.
    pub source_system: String,
}

impl Finish {
    /// None: the build is unfinished.
    pub fn of(build: &Run) -> Option<Self> {
        let details = &build.facts.details;
        Some(Self {
            status: build.status,
            completed_at_us: build.completed_at_us?,
            duration_us: build.duration_us(),
            scm_branch: details.scm_branch.clone().unwrap_or_default(),
            source_system: details.source_system.clone().unwrap_or_default(),
        })
    }
}

impl Counts {
    pub fn total(&self) -> i64 {
        self.pending + self.running + self.stale + self.completed + self.failed + self.aborted
    }

    /// completed / (completed + failed); none: there are none of either.
    pub fn success_rate(&self) -> Option<f64> {
        let ended = self.completed + self.failed;
        (ended > 0).then(|| self.completed as f64 / ended as f64)
    }

    /// Counts builds of this status. `stale`: an unfinished one was started too long ago.
    pub fn add(&mut self, status: Status, stale: bool, builds: i64) {
        let count = match status {
            Status::Pending => &mut self.pending,
            Status::Started if stale => &mut self.stale,
            Status::Started => &mut self.running,
            Status::Completed => &mut self.completed,
            Status::Failed => &mut self.failed,
            Status::Aborted => &mut self.aborted,
        };
        *count += builds;
    }
}
