//! Roll-ups of finished builds, from which statistics are read (R16): what builds
//! change in them is gathered in memory, and written once a transaction. Knows no
//! event.

mod fill;
mod min_max;
mod series;

use std::collections::BTreeMap;

pub(crate) use fill::fill;
use series::Names;
pub(crate) use series::{Names as SeriesNames, SeriesIds};
use sqlx::FromRow;

use super::writer_cache::Memory;
use crate::{
    domain::statistics::{Durations, Finish, Histogram, Width},
    storage::engine::{
        connection::Connection,
        error::Error,
        sql::{Column, Rows, Sql},
        statement_group::Writes,
    },
};

/// What finished builds change in the roll-ups.
#[derive(Default)]
pub(crate) struct Changes(BTreeMap<Names, BTreeMap<Slot, Change>>);

/// The place of a roll-up in its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot {
    width: Width,
    bucket: i64,
    /// [`crate::domain::status::Status::code`].
    status: i64,
}

#[derive(Default)]
struct Change {
    builds: i64,
    added_us: Vec<i64>,
    removed_us: Vec<i64>,
}

/// A roll-up, as it was and then as it becomes.
struct Rollup {
    product_id: i64,
    series_id: i64,
    by_branch: bool,
    slot: Slot,
    builds: i64,
    durations: Durations,
    /// Its shortest or longest duration was taken away.
    lost_range: bool,
}

impl Changes {
    /// Notes that a build of a product has become this, and was that before.
    pub(crate) fn note(
        &mut self,
        product_id: i64,
        before: Option<&Finish>,
        after: Option<&Finish>,
    ) {
        if before == after {
            // The build is written again, and its series has to be known.
            if let Some(finish) = after {
                self.0
                    .entry(Names::by_branch(product_id, finish))
                    .or_default();
            }
            return;
        }
        if let Some(finish) = before {
            self.each(product_id, finish, |change| {
                change.builds -= 1;
                change.removed_us.extend(finish.duration_us);
            });
        }
        if let Some(finish) = after {
            self.each(product_id, finish, |change| {
                change.builds += 1;
                change.added_us.extend(finish.duration_us);
            });
        }
    }

    fn each(&mut self, product_id: i64, finish: &Finish, mut apply: impl FnMut(&mut Change)) {
        for names in [
            Names::by_branch(product_id, finish),
            Names::of_all_branches(product_id, finish),
        ] {
            let slots = self.0.entry(names).or_default();
            for width in Width::ALL {
                let slot = Slot {
                    width,
                    bucket: width.bucket(finish.completed_at_us),
                    status: finish.status.code(),
                };
                apply(slots.entry(slot).or_default());
            }
        }
    }

    /// The ids of all series that are changed, new ones too.
    pub(crate) async fn series(
        &self,
        connection: &mut Connection,
        memory: &mut Memory,
    ) -> Result<SeriesIds, Error> {
        SeriesIds::find_or_make(connection, self.0.keys(), memory).await
    }

    /// Writes the roll-ups. The builds are among what waits, or written already.
    pub(crate) async fn write(
        self,
        connection: &mut Connection,
        writes: &mut Writes,
        series: &SeriesIds,
        memory: &mut Memory,
    ) -> Result<(), Error> {
        let mut rollups = Vec::new();
        let mut changes = Vec::new();
        for (names, slots) in self.0 {
            if slots.is_empty() {
                continue;
            }
            let series_id = series.id(&names)?;
            for (slot, change) in slots {
                rollups.push(Rollup {
                    product_id: names.product_id,
                    series_id,
                    by_branch: names.by_branch,
                    slot,
                    builds: 0,
                    durations: Durations::default(),
                    lost_range: false,
                });
                changes.push(change);
            }
        }
        if rollups.is_empty() {
            return Ok(());
        }
        load(connection, &mut rollups, memory).await?;
        for (rollup, change) in rollups.iter_mut().zip(changes) {
            rollup.apply(change);
        }
        if rollups.iter().any(|rollup| rollup.lost_range) {
            writes.flush(connection).await?;
            min_max::of_builds(connection, &mut rollups).await?;
            let (of_branches, others): (Vec<Rollup>, Vec<Rollup>) = rollups
                .into_iter()
                .partition(|rollup| rollup.lost_range && !rollup.by_branch);
            save(writes, &others)?;
            writes.flush(connection).await?;
            // These go by the others.
            rollups = of_branches;
            min_max::of_branches(connection, &mut rollups).await?;
            save(writes, &rollups)?;
            rollups.extend(others);
        } else {
            save(writes, &rollups)?;
        }
        for rollup in rollups {
            match rollup.builds {
                ..=0 => memory.rollups.forget(&rollup.place()),
                _ => memory
                    .rollups
                    .keep(rollup.place(), (rollup.builds, rollup.durations)),
            }
        }
        Ok(())
    }
}

/// The place of a roll-up among all.
pub(crate) type Place = (i64, Slot);
/// What a roll-up holds: how many builds, and their durations.
pub(crate) type Kept = (i64, Durations);

impl Rollup {
    fn place(&self) -> Place {
        (self.series_id, self.slot)
    }

    fn apply(&mut self, change: Change) {
        self.builds += change.builds;
        // Added first: what is taken away again leaves the range of the others.
        for duration_us in change.added_us {
            self.durations.add(duration_us);
        }
        for duration_us in change.removed_us {
            self.lost_range |= !self.durations.remove(duration_us);
        }
        if self.durations.count == 0 {
            self.durations = Durations::default();
            self.lost_range = false;
        }
    }
}

const KEY: &[Column] = &[
    Column::Int("place"),
    Column::Int("product_id"),
    Column::Int("series_id"),
    Column::Int("width"),
    Column::Int("bucket"),
    Column::Int("status"),
];

fn keys<'a>(rollups: impl Iterator<Item = (usize, &'a Rollup)>) -> Rows {
    let mut keys = Rows::new(KEY);
    for (place, rollup) in rollups {
        keys.add([
            (place as i64).into(),
            rollup.product_id.into(),
            rollup.series_id.into(),
            rollup.slot.width.code().into(),
            rollup.slot.bucket.into(),
            rollup.slot.status.into(),
        ]);
    }
    keys
}

#[derive(FromRow)]
struct RollupRow {
    place: i64,
    build_count: i64,
    #[sqlx(flatten)]
    durations: DurationsRow,
}

/// The columns of [`DurationsRow`], from `build_rollups r`.
pub(crate) const DURATIONS_COLUMNS: &str =
    "r.duration_count, r.sum_s, r.sum_rest_us, r.min_us, r.max_us, r.histogram";

#[derive(FromRow)]
pub(crate) struct DurationsRow {
    duration_count: i64,
    sum_s: i64,
    sum_rest_us: i64,
    min_us: Option<i64>,
    max_us: Option<i64>,
    histogram: Vec<u8>,
}

const SECOND_US: i128 = 1_000_000;

impl TryFrom<DurationsRow> for Durations {
    type Error = Error;

    fn try_from(row: DurationsRow) -> Result<Self, Error> {
        Ok(Self {
            count: row.duration_count,
            sum_us: i128::from(row.sum_s) * SECOND_US + i128::from(row.sum_rest_us),
            range_us: row.min_us.zip(row.max_us),
            histogram: Histogram::from_bytes(&row.histogram)
                .ok_or_else(|| Error::fault("a histogram of durations can't be read"))?,
        })
    }
}

async fn load(
    connection: &mut Connection,
    rollups: &mut [Rollup],
    memory: &Memory,
) -> Result<(), Error> {
    let mut missing = Vec::new();
    for (place, rollup) in rollups.iter_mut().enumerate() {
        match memory.rollups.get(&rollup.place()) {
            Some((builds, durations)) => {
                rollup.builds = *builds;
                rollup.durations = durations.clone();
            }
            None => missing.push(place),
        }
    }
    let missing = missing.into_iter().map(|place| (place, &rollups[place]));
    for part in keys(missing).parts(connection.engine()) {
        let sql = Sql::with(
            connection.engine(),
            "k",
            part,
            "select k.place, r.build_count, ",
        )
        .push(DURATIONS_COLUMNS)
        .push(
            "
                 from k
                 cross join build_rollups r
                 where r.product_id = k.product_id and r.series_id = k.series_id
                   and r.width = k.width and r.bucket = k.bucket and r.status = k.status",
        );
        for row in connection.fetch::<RollupRow>(sql).await? {
            let rollup = at(rollups, row.place)?;
            rollup.builds = row.build_count;
            rollup.durations = row.durations.try_into()?;
        }
    }
    Ok(())
}

fn at(rollups: &mut [Rollup], place: i64) -> Result<&mut Rollup, Error> {
    let place = usize::try_from(place).ok();
    place
        .and_then(|place| rollups.get_mut(place))
        .ok_or_else(|| Error::fault("another roll-up was loaded"))
}

fn save(writes: &mut Writes, rollups: &[Rollup]) -> Result<(), Error> {
    let mut kept = Rows::new(&[
        Column::Int("product_id"),
        Column::Int("series_id"),
        Column::Int("width"),
        Column::Int("bucket"),
        Column::Int("status"),
        Column::Int("build_count"),
        Column::Int("duration_count"),
        Column::Int("sum_s"),
        Column::Int("sum_rest_us"),
        Column::Int("min_us"),
        Column::Int("max_us"),
        Column::Bytes("histogram"),
    ]);
    for rollup in rollups.iter().filter(|rollup| rollup.builds > 0) {
        let durations = &rollup.durations;
        let (min_us, max_us) = durations.range_us.unzip();
        let sum_s = i64::try_from(durations.sum_us.div_euclid(SECOND_US))
            .map_err(|_| Error::fault("a sum of durations is too long"))?;
        kept.add([
            rollup.product_id.into(),
            rollup.series_id.into(),
            rollup.slot.width.code().into(),
            rollup.slot.bucket.into(),
            rollup.slot.status.into(),
            rollup.builds.into(),
            durations.count.into(),
            sum_s.into(),
            (durations.sum_us.rem_euclid(SECOND_US) as i64).into(),
            min_us.into(),
            max_us.into(),
            durations.histogram.to_bytes().into(),
        ]);
    }
    writes.insert(
        "build_rollups",
        kept,
        "on conflict (product_id, series_id, width, bucket, status) do update set
             build_count = excluded.build_count,
             duration_count = excluded.duration_count,
             sum_s = excluded.sum_s,
             sum_rest_us = excluded.sum_rest_us,
             min_us = excluded.min_us,
             max_us = excluded.max_us,
             histogram = excluded.histogram",
    );
    let empty = rollups.iter().enumerate().filter(|(_, r)| r.builds <= 0);
    for part in keys(empty).parts(writes.engine()) {
        let sql = Sql::with(
            writes.engine(),
            "k",
            part,
            "delete from build_rollups
             where (product_id, series_id, width, bucket, status) in
                   (select product_id, series_id, width, bucket, status from k)",
        );
        writes.add(sql);
    }
    Ok(())
}
