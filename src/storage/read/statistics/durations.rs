//! What is told of durations: from the durations themselves, or beyond a limit from
//! what roll-ups keep of them.

use std::collections::HashMap;

use sqlx::FromRow;

use super::{
    Places, Told, bucket_of,
    queries::{Scope, Spans},
};
use crate::{
    domain::statistics::{DurationStatistics, Durations},
    storage::{Store, engine::error::Error, write::rollups::DurationsRow},
};

/// Many durations in a row: a row each would cost far more than they do.
#[derive(FromRow)]
struct TextRow {
    name: String,
    part: Option<i64>,
    durations: Option<String>,
}

#[derive(FromRow)]
struct RollupRow {
    name: String,
    part: i64,
    #[sqlx(flatten)]
    durations: DurationsRow,
}

impl Store {
    pub(super) async fn exact_durations(
        &self,
        scope: &Scope<'_>,
        bounds_us: &[i64],
        places: &Places,
    ) -> Result<Told, Error> {
        let dated = places.buckets > 1;
        let sql = scope.durations(&Spans::of(bounds_us), dated);
        let mut found: HashMap<_, Vec<i64>> = HashMap::new();
        for row in self.pool().fetch::<TextRow>(sql).await? {
            for text in texts(&row.durations) {
                let (bucket, duration) = match text.split_once(' ') {
                    Some((at, duration)) => (bucket_of(bounds_us, number(at)?), duration),
                    None => (Some(0), text),
                };
                let bucket = bucket.ok_or_else(|| Error::fault("a duration is in no bucket"))?;
                let duration_us = number(duration)?;
                for place in places.of(&row.name, bucket) {
                    found.entry(place).or_default().push(duration_us);
                }
            }
        }
        let told = found.into_iter();
        Ok(told
            .map(|(place, mut durations)| (place, DurationStatistics::exact(&mut durations)))
            .collect())
    }

    pub(super) async fn estimated_durations(
        &self,
        scope: &Scope<'_>,
        spans: &Spans,
        places: &Places,
    ) -> Result<Told, Error> {
        let mut kept: HashMap<_, Durations> = HashMap::new();
        for sql in scope.rollups(spans) {
            for row in self.pool().fetch::<RollupRow>(sql).await? {
                let durations = Durations::try_from(row.durations)?;
                for place in places.of(&row.name, bucket_at(Some(row.part))?) {
                    kept.entry(place).or_default().merge(&durations);
                }
            }
        }
        if let Some(sql) = scope.edge_durations(spans) {
            for row in self.pool().fetch::<TextRow>(sql).await? {
                for text in texts(&row.durations) {
                    let duration_us = number(text)?;
                    for place in places.of(&row.name, bucket_at(row.part)?) {
                        kept.entry(place).or_default().add(duration_us);
                    }
                }
            }
        }
        let told = kept.into_iter();
        Ok(told
            .map(|(place, durations)| (place, DurationStatistics::estimated(&durations)))
            .collect())
    }
}

fn texts(durations: &Option<String>) -> impl Iterator<Item = &str> {
    durations.iter().flat_map(|text| text.split(','))
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse()
        .map_err(|_| Error::fault("a duration must be a number"))
}

fn bucket_at(part: Option<i64>) -> Result<usize, Error> {
    part.and_then(|part| usize::try_from(part).ok())
        .ok_or_else(|| Error::fault("a duration is in no bucket"))
}
