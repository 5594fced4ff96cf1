//! A trend as a small plot: a bar of builds for each bucket, and lines of eighths for durations. Completed and
//! failed builds differ in shape, not only in colour.

use jiff::{RoundMode, Span, Unit, Zoned, ZonedRound, tz::TimeZone};

use super::{
    Bucket, Span as StatsSpan,
    figures::{percentile, rate},
};
use crate::{
    cli::{
        moment::{duration, jiff_time},
        style::Style,
        table::{Table, cut, number, whole},
    },
    pb,
};

/// The longest bar, and the longest line of eighths.
const MAX_BAR: usize = 40;

/// The shortest bar for the largest bucket.
const MIN_BAR: usize = 8;

const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

pub(super) fn text(
    trend: &pb::GetBuildTrendResponse,
    bucket: Bucket,
    span: &StatsSpan,
    width: Option<usize>,
) -> String {
    let labels: Vec<String> = trend
        .buckets
        .iter()
        .map(|at| label(at, bucket, &span.zone))
        .collect();
    let room = width.map_or(MAX_BAR, |width| {
        let without_bars = buckets(&trend.buckets, &labels, bucket, 0).width();
        // A bar may be longer by two, since no part that has builds is left out.
        width
            .saturating_sub(without_bars + 4)
            .clamp(MIN_BAR, MAX_BAR)
    });
    let mut text = format!(
        "\n{}",
        buckets(&trend.buckets, &labels, bucket, room).render(width)
    );
    let legend = "█ completed  ▒ failed  · aborted, running or pending";
    text.push_str(&format!("  {}\n", Style::Faint.paint(legend)));
    let lines = lines(&trend.buckets, room).render(width);
    if !lines.is_empty() {
        text.push_str(&format!("\n{lines}"));
    }
    if !trend.groups.is_empty() {
        text.push_str(&format!("\n{}", groups(&trend.groups, room).render(width)));
    }
    if trend.groups_truncated {
        let note = format!("The largest {}; there are more.", trend.groups.len());
        text.push_str(&format!("{}\n", Style::Faint.paint(&note)));
    }
    text
}

/// A line for each bucket; without room, there are no bars.
fn buckets(
    buckets: &[pb::BuildTrendBucket],
    labels: &[String],
    bucket: Bucket,
    room: usize,
) -> Table {
    let title = match bucket {
        Bucket::Hour => "HOUR",
        Bucket::Day => "DAY",
        Bucket::Week => "WEEK OF",
        Bucket::Month => "MONTH",
    };
    let columns = ["SUCCESS", "P50", "P95"].map(number);
    let first = [whole(title), number("BUILDS"), whole("")];
    let mut table = Table::new(first.into_iter().chain(columns)).indented(2);
    let statistics = |bucket: &pb::BuildTrendBucket| bucket.statistics.unwrap_or_default();
    let most = buckets.iter().map(|bucket| statistics(bucket).total).max();
    for (at, label) in buckets.iter().zip(labels) {
        let statistics = statistics(at);
        let durations = statistics.duration.unwrap_or_default();
        table.row([
            label.clone(),
            statistics.total.to_string(),
            bar(&statistics, most.unwrap_or_default(), room),
            rate(statistics.success_rate),
            percentile(&durations, durations.p50_us),
            percentile(&durations, durations.p95_us),
        ]);
    }
    table
}

/// The beginning of a bucket by the calendar of the zone, and whether the span covers only a part of it.
fn label(at: &pb::BuildTrendBucket, bucket: Bucket, zone: &TimeZone) -> String {
    let format = match bucket {
        // When clocks are set back, an hour comes twice.
        Bucket::Hour => "%F %H:%M%:z",
        Bucket::Day | Bucket::Week => "%F",
        Bucket::Month => "%Y-%m",
    };
    let (Some(from), Some(to)) = (jiff_time(at.start_at), jiff_time(at.end_at)) else {
        return String::new();
    };
    let from = from.to_zoned(zone.clone());
    let Some((begin, end)) = calendar_bucket(&from, bucket) else {
        return from.strftime(format).to_string();
    };
    let part = if begin < from || to < end.timestamp() {
        " (part)"
    } else {
        ""
    };
    format!("{}{part}", begin.strftime(format))
}

/// The beginning and the end of the hour, day, week from Monday, or month that holds a moment.
fn calendar_bucket(at: &Zoned, bucket: Bucket) -> Option<(Zoned, Zoned)> {
    let midnight = || at.start_of_day().ok();
    let (begin, span) = match bucket {
        Bucket::Hour => {
            let hour = ZonedRound::new()
                .smallest(Unit::Hour)
                .mode(RoundMode::Trunc);
            (at.round(hour).ok()?, Span::new().hours(1))
        }
        Bucket::Day => (midnight()?, Span::new().days(1)),
        Bucket::Week => {
            let days = at.weekday().to_monday_zero_offset();
            let monday = midnight()?.checked_sub(Span::new().days(days)).ok()?;
            (monday, Span::new().weeks(1))
        }
        Bucket::Month => (midnight()?.first_of_month().ok()?, Span::new().months(1)),
    };
    let end = begin.checked_add(span).ok()?;
    Some((begin, end))
}

/// A bar whose full length stands for `most` builds; no part of it that has builds is left out.
fn bar(statistics: &pb::BuildStatistics, most: i64, room: usize) -> String {
    let others = statistics.total - statistics.completed - statistics.failed;
    let part = |count: i64, sign: &str, style: Style| {
        if count <= 0 || most <= 0 || room == 0 {
            return String::new();
        }
        let length = (count as f64 / most as f64 * room as f64).round() as usize;
        style.paint(&sign.repeat(length.clamp(1, room)))
    };
    [
        part(statistics.completed, "█", Style::Good),
        part(statistics.failed, "▒", Style::Bad),
        part(others, "·", Style::Faint),
    ]
    .concat()
}

/// The durations over all buckets, if there is more than one.
fn lines(buckets: &[pb::BuildTrendBucket], room: usize) -> Table {
    let mut table = Table::new(["", "", "", ""].map(whole)).indented(2);
    let of = |percentile: fn(&pb::DurationStatistics) -> Option<i64>| {
        let of_bucket =
            move |bucket: &pb::BuildTrendBucket| percentile(&bucket.statistics?.duration?);
        buckets.iter().map(of_bucket).collect::<Vec<_>>()
    };
    for (name, values) in [("p50", of(|d| d.p50_us)), ("p95", of(|d| d.p95_us))] {
        let given = values.iter().flatten();
        // One value is in the table already.
        if let (2.., Some(least), Some(most)) =
            (given.clone().count(), given.clone().min(), given.max())
        {
            let line = eighths(&values, room);
            let from_to = format!("{} to {}", duration(*least), duration(*most));
            table.row([Style::Faint.paint(name), line, from_to, String::new()]);
        }
    }
    table
}

/// The builds and median durations of each group over all buckets.
fn groups(groups: &[pb::BuildTrendGroup], room: usize) -> Table {
    let columns = [
        cut("GROUP"),
        number("BUILDS"),
        whole("BUILDS OVER TIME"),
        whole("P50 OVER TIME"),
    ];
    let mut table = Table::new(columns).indented(2);
    for group in groups {
        let statistics = || {
            let buckets = group.buckets.iter();
            buckets.map(|bucket| bucket.statistics.unwrap_or_default())
        };
        let totals: Vec<Option<i64>> = statistics().map(|s| Some(s.total)).collect();
        let medians: Vec<Option<i64>> = statistics()
            .map(|s| s.duration.and_then(|d| d.p50_us))
            .collect();
        let name = match group.name.as_str() {
            "" => Style::Faint.paint("(none)"),
            name => Style::Plain.paint(name),
        };
        let total: i64 = totals.iter().flatten().sum();
        table.row([
            name,
            total.to_string(),
            sparkline(&totals, room / 2),
            sparkline(&medians, room / 2),
        ]);
    }
    table
}

/// A line of eighths, if there is more than one value.
fn sparkline(values: &[Option<i64>], room: usize) -> String {
    match values.iter().flatten().count() {
        0 | 1 => String::new(),
        _ => eighths(values, room),
    }
}

/// A line of eighths, from 0 to the largest value; a space stands for an absent value. If there are more values
/// than room, each sign shows the largest of its neighbours.
fn eighths(values: &[Option<i64>], room: usize) -> String {
    let largest = values.iter().flatten().max().copied().unwrap_or_default();
    let width = values.len().div_ceil(room.max(1)).max(1);
    let line: String = values
        .chunks(width)
        .map(|chunk| match chunk.iter().flatten().max() {
            None => ' ',
            Some(_) if largest <= 0 => EIGHTHS[0],
            Some(value) => {
                let last = EIGHTHS.len() - 1;
                let at = (*value as f64 / largest as f64 * last as f64).round() as usize;
                EIGHTHS[at.min(last)]
            }
        })
        .collect();
    line.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_each_part_that_has_builds() {
        let statistics = pb::BuildStatistics {
            total: 100,
            completed: 98,
            failed: 1,
            aborted: 1,
            ..Default::default()
        };
        let bar = bar(&statistics, 200, 20);
        assert_eq!(
            anstream::adapter::strip_str(&bar).to_string(),
            "██████████▒·"
        );
        assert_eq!(super::bar(&pb::BuildStatistics::default(), 0, 20), "");
    }

    #[test]
    fn eighths_go_from_nothing_to_the_largest() {
        let values = [Some(0), Some(50), None, Some(100)];
        assert_eq!(eighths(&values, 10), "▁▅ █");
        assert_eq!(eighths(&values, 2), "▅█");
        assert_eq!(eighths(&[Some(0), Some(0)], 10), "▁▁");
        assert_eq!(eighths(&[], 10), "");
    }
}
