//! The shortest and longest durations of roll-ups that have lost theirs: they can't
//! be told from what is kept of durations.

use sqlx::FromRow;

use super::{Rollup, at, keys};
use crate::storage::engine::{
    connection::Connection,
    error::Error,
    sql::{Column, Rows, Sql},
};

#[derive(FromRow)]
struct RangeRow {
    place: i64,
    min_us: Option<i64>,
    max_us: Option<i64>,
}

/// Of roll-ups of one branch: from the builds.
pub(super) async fn of_builds(
    connection: &mut Connection,
    rollups: &mut [Rollup],
) -> Result<(), Error> {
    let mut spans = Rows::new(&[
        Column::Int("place"),
        Column::Int("series_id"),
        Column::Int("status"),
        Column::Int("from_us"),
        Column::Int("to_us"),
    ]);
    for (place, rollup) in lost(rollups, true) {
        let width_us = rollup.slot.width.us();
        spans.add([
            (place as i64).into(),
            rollup.series_id.into(),
            rollup.slot.status.into(),
            (rollup.slot.bucket * width_us).into(),
            ((rollup.slot.bucket + 1) * width_us).into(),
        ]);
    }
    for part in spans.parts(connection.engine()) {
        let sql = Sql::with(
            connection.engine(),
            "k",
            part,
            "select k.place, min(b.duration_us) as min_us, max(b.duration_us) as max_us
             from k
             cross join builds b
             where b.series_id = k.series_id and b.status = k.status
               and b.completed_at_us >= k.from_us and b.completed_at_us < k.to_us
             group by k.place",
        );
        set(rollups, connection.fetch(sql).await?)?;
    }
    Ok(())
}

/// Of roll-ups of all branches: from those of each branch, which are written already.
pub(super) async fn of_branches(
    connection: &mut Connection,
    rollups: &mut [Rollup],
) -> Result<(), Error> {
    let wanted = keys(lost(rollups, false));
    // The roll-up of sixteen days tells which branches have builds in that time.
    let sixteen_days = crate::domain::statistics::Width::LONGEST;
    for part in wanted.parts(connection.engine()) {
        let sql = Sql::with(
            connection.engine(),
            "k",
            part,
            "select k.place, min(r.min_us) as min_us, max(r.max_us) as max_us
             from k
             cross join build_series a
             cross join build_rollups d
             cross join build_series s
             cross join build_rollups r
             where a.id = k.series_id
               and d.product_id = k.product_id and d.width = 3 and d.status = k.status
               and d.bucket = case k.width",
        )
        .push(&format!(
            " when 1 then k.bucket / {} when 2 then k.bucket / {} else k.bucket end",
            sixteen_days.us() / crate::domain::statistics::Width::QuarterHour.us(),
            sixteen_days.us() / crate::domain::statistics::Width::FourHours.us(),
        ))
        .push(
            "
               and s.id = d.series_id and s.by_branch = true and s.source_system = a.source_system
               and r.product_id = k.product_id and r.series_id = s.id and r.width = k.width
               and r.bucket = k.bucket and r.status = k.status
             group by k.place",
        );
        set(rollups, connection.fetch(sql).await?)?;
    }
    Ok(())
}

fn lost(rollups: &[Rollup], by_branch: bool) -> impl Iterator<Item = (usize, &Rollup)> {
    let rollups = rollups.iter().enumerate();
    rollups.filter(move |(_, r)| r.lost_range && r.by_branch == by_branch)
}

fn set(rollups: &mut [Rollup], rows: Vec<RangeRow>) -> Result<(), Error> {
    for row in rows {
        at(rollups, row.place)?.durations.range_us = row.min_us.zip(row.max_us);
    }
    Ok(())
}
