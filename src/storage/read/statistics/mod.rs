//! Reading statistics of builds (R16): how many there are from roll-ups, with the
//! builds themselves where a span ends within a quarter of an hour and where they
//! are unfinished. Durations stand below. The number of statements depends neither
//! on the builds nor on the buckets.

mod durations;
mod queries;

use std::collections::{BTreeMap, HashMap};

use sqlx::FromRow;

use self::queries::{Scope, Spans};
use crate::{
    domain::{
        statistics::{
            Counts, DurationStatistics, Grouping, MAX_EXACT_DURATIONS, Statistics, StatisticsQuery,
            StatisticsReport,
        },
        status::Status,
    },
    storage::{Store, engine::error::Error},
};

#[derive(FromRow)]
struct CountRow {
    name: String,
    /// The bucket of the span; none: that of `at_us`.
    part: Option<i64>,
    at_us: Option<i64>,
    status: i64,
    builds: i64,
    durations: i64,
}

/// A group, none for all builds, and a bucket of the span.
type Place = (Option<usize>, usize);

impl Store {
    /// The statistics of the builds that belong to each bucket of a span, in all and
    /// of the `max_groups` largest groups. `bounds_us` rise: each bucket lies between
    /// two of them. How many builds there are is of one moment, and so is what is told
    /// of their durations, of one a little later.
    pub async fn build_statistics(
        &self,
        query: &StatisticsQuery,
        bounds_us: &[i64],
        max_groups: usize,
    ) -> Result<StatisticsReport, Error> {
        let product_id = match &query.product_name {
            Some(name) => Some(self.product_id(name).await?),
            None => None,
        };
        let scope = Scope::new(self.engine(), query, product_id);
        let spans = Spans::of(bounds_us);
        let mut counted = Counted::new(query, bounds_us);
        for sql in scope.counts(&spans) {
            for row in self.pool().fetch(sql).await? {
                counted.add(row)?;
            }
        }

        let (names, groups_truncated) = counted.largest(max_groups);
        let places = Places {
            buckets: spans.buckets(),
            groups: names.iter().cloned().zip(0..).collect(),
            grouped: query.grouping != Grouping::None,
        };
        let durations = match counted.durations {
            0 => HashMap::new(),
            1..=MAX_EXACT_DURATIONS => self.exact_durations(&scope, bounds_us, &places).await?,
            _ => self.estimated_durations(&scope, &spans, &places).await?,
        };
        let statistics = |group: Option<usize>, name: Option<&str>, bucket: usize| Statistics {
            counts: counted.of(name, bucket),
            durations: durations.get(&(group, bucket)).cloned().unwrap_or_default(),
        };
        let buckets = 0..places.buckets;
        Ok(StatisticsReport {
            all: buckets.clone().map(|b| statistics(None, None, b)).collect(),
            groups: (0..)
                .zip(&names)
                .map(|(group, name)| {
                    let of_bucket = |b| statistics(Some(group), Some(name.as_str()), b);
                    (name.clone(), buckets.clone().map(of_bucket).collect())
                })
                .collect(),
            groups_truncated,
        })
    }
}

/// Which groups are told, and of how many buckets.
struct Places {
    buckets: usize,
    groups: HashMap<String, usize>,
    grouped: bool,
}

impl Places {
    /// Where a duration of this group counts: with all, and with its group if that is told.
    fn of(&self, name: &str, bucket: usize) -> impl Iterator<Item = Place> {
        let group = self.groups.get(name).filter(|_| self.grouped);
        [Some((None, bucket)), group.map(|g| (Some(*g), bucket))]
            .into_iter()
            .flatten()
    }
}

/// How many builds there are, by group and bucket.
struct Counted<'a> {
    query: &'a StatisticsQuery,
    bounds_us: &'a [i64],
    all: BTreeMap<usize, Counts>,
    groups: HashMap<String, BTreeMap<usize, Counts>>,
    durations: i64,
}

impl<'a> Counted<'a> {
    fn new(query: &'a StatisticsQuery, bounds_us: &'a [i64]) -> Self {
        Self {
            query,
            bounds_us,
            all: BTreeMap::new(),
            groups: HashMap::new(),
            durations: 0,
        }
    }

    fn add(&mut self, row: CountRow) -> Result<(), Error> {
        let status =
            Status::from_code(row.status).ok_or_else(|| Error::fault("a build has no status"))?;
        let bucket = match (row.part, row.at_us) {
            (Some(part), _) => usize::try_from(part).ok(),
            (None, Some(at_us)) => bucket_of(self.bounds_us, at_us),
            (None, None) => None,
        };
        let bucket = bucket.ok_or_else(|| Error::fault("a build is in no bucket"))?;
        let stale = row
            .at_us
            .is_some_and(|at_us| at_us < self.query.stale_before_us);
        let add = |counts: &mut Counts| counts.add(status, stale, row.builds);
        add(self.all.entry(bucket).or_default());
        if self.query.grouping != Grouping::None {
            let group = self.groups.entry(row.name).or_default();
            add(group.entry(bucket).or_default());
        }
        if self.query.duration_statuses.contains(&status) {
            self.durations += row.durations;
        }
        Ok(())
    }

    /// The names of the largest groups, the largest first, then by name; and whether
    /// there are more.
    fn largest(&self, max_groups: usize) -> (Vec<String>, bool) {
        let mut groups: Vec<(i64, &String)> = self
            .groups
            .iter()
            .map(|(name, counts)| (counts.values().map(Counts::total).sum(), name))
            .collect();
        groups.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let truncated = groups.len() > max_groups;
        groups.truncate(max_groups);
        let names = groups.into_iter().map(|(_, name)| name.clone());
        (names.collect(), truncated)
    }

    fn of(&self, name: Option<&str>, bucket: usize) -> Counts {
        let counts = match name {
            None => Some(&self.all),
            Some(name) => self.groups.get(name),
        };
        counts
            .and_then(|counts| counts.get(&bucket))
            .copied()
            .unwrap_or_default()
    }
}

/// The bucket that a moment belongs to.
fn bucket_of(bounds_us: &[i64], at_us: i64) -> Option<usize> {
    let after = bounds_us.partition_point(|bound| *bound <= at_us);
    (1..bounds_us.len()).contains(&after).then(|| after - 1)
}

type Told = HashMap<Place, DurationStatistics>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r16_a_moment_belongs_to_the_bucket_that_begins_at_or_before_it() {
        let of = |at_us| bucket_of(&[10, 20, 30], at_us);
        assert_eq!(
            [9, 10, 19, 20, 29, 30].map(of),
            [None, Some(0), Some(0), Some(1), Some(1), None]
        );
    }
}
