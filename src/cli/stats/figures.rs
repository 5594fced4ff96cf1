//! The figures of all builds, and those of each group as a table.

use super::{Ending, Grouping, Span, StatsArgs};
use crate::{
    cli::{
        moment::duration,
        style::Style,
        table::{Table, cut, number, whole},
    },
    pb,
};

pub(super) fn text(
    args: &StatsArgs,
    span: &Span,
    answer: &pb::GetBuildStatisticsResponse,
    width: Option<usize>,
) -> String {
    let statistics = answer.statistics.unwrap_or_default();
    let mut text = format!("{}\n", heading(args, span));
    text.push_str(&summary(&statistics, &args.durations).render(width));
    if let Some(by) = args.by {
        text.push_str(&format!("\n{}", groups(&answer.groups, by).render(width)));
        if answer.groups_truncated {
            let note = format!("The largest {}; there are more.", answer.groups.len());
            text.push_str(&format!("{}\n", Style::Faint.paint(&note)));
        }
    }
    text
}

/// Of which builds the figures are.
fn heading(args: &StatsArgs, span: &Span) -> String {
    let minute = |at: jiff::Timestamp| at.to_zoned(span.zone.clone()).strftime("%F %H:%M");
    let mut of = vec![Style::Strong.paint(args.product.as_deref().unwrap_or("All products"))];
    if let Some(branch) = &args.branch {
        of.push(format!("branch {}", Style::Strong.paint(branch)));
    }
    if let Some(system) = &args.source_system {
        of.push(format!("reported by {}", Style::Strong.paint(system)));
    }
    of.push(format!(
        "{} to {} {}",
        minute(span.from),
        minute(span.to),
        Style::Plain.paint(&args.time_zone)
    ));
    of.join(", ")
}

fn summary(statistics: &pb::BuildStatistics, endings: &[Ending]) -> Table {
    let counts = [
        (statistics.completed, "completed", "✓ ", Style::Good),
        (statistics.failed, "failed", "✗ ", Style::Bad),
        (statistics.aborted, "aborted", "– ", Style::Faint),
        (statistics.running, "running", "→ ", Style::Open),
        (statistics.pending, "pending", "· ", Style::Faint),
        (statistics.stale, "stale", "? ", Style::Open),
    ];
    let counts: Vec<String> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, name, mark, style)| style.paint(&format!("{mark}{count} {name}")))
        .collect();
    let mut table = Table::new([whole(""), number(""), whole("")]).indented(2);
    let mut row = |name: &str, figure: String, more: String| {
        if !figure.is_empty() {
            table.row([Style::Faint.paint(name), figure, more]);
        }
    };
    row("builds", statistics.total.to_string(), counts.join("  "));
    row("success", rate(statistics.success_rate), String::new());
    let durations = statistics.duration.unwrap_or_default();
    let p50 = percentile(&durations, durations.p50_us);
    row(
        "p50",
        p50,
        Style::Faint.paint(&of_which(&durations, endings)),
    );
    for (name, us) in [
        ("p90", durations.p90_us),
        ("p95", durations.p95_us),
        ("p99", durations.p99_us),
    ] {
        row(name, percentile(&durations, us), String::new());
    }
    let mean_us = durations.mean_us.map(|us| us.round() as i64);
    for (name, us) in [
        ("min", durations.min_us),
        ("mean", mean_us),
        ("max", durations.max_us),
    ] {
        row(name, took(us), String::new());
    }
    table
}

/// Of how many builds the durations are.
fn of_which(durations: &pb::DurationStatistics, endings: &[Ending]) -> String {
    let endings: Vec<&str> = endings
        .iter()
        .map(|ending| match ending {
            Ending::Completed => "completed",
            Ending::Failed => "failed",
            Ending::Aborted => "were aborted",
        })
        .collect();
    let endings = endings.join(" or ");
    format!(
        "of the {} that {endings} and have a duration",
        durations.count
    )
}

fn groups(groups: &[pb::BuildStatisticsGroup], by: Grouping) -> Table {
    let (title, without) = match by {
        Grouping::Product => ("PRODUCT", "(none)"),
        Grouping::Branch => ("BRANCH", "(no branch)"),
        Grouping::SourceSystem => ("SYSTEM", "(no system)"),
    };
    let mut table = Table::new([
        cut(title),
        number("BUILDS"),
        number("✓"),
        number("✗"),
        number("–"),
        number("OPEN"),
        number("SUCCESS"),
        number("P50"),
        number("P95"),
        number("MAX"),
    ])
    .indented(2);
    for group in groups {
        let statistics = group.statistics.unwrap_or_default();
        let durations = statistics.duration.unwrap_or_default();
        table.row([
            name(&group.name, without),
            statistics.total.to_string(),
            statistics.completed.to_string(),
            statistics.failed.to_string(),
            statistics.aborted.to_string(),
            (statistics.pending + statistics.running + statistics.stale).to_string(),
            rate(statistics.success_rate),
            percentile(&durations, durations.p50_us),
            percentile(&durations, durations.p95_us),
            took(durations.max_us),
        ]);
    }
    table
}

fn name(name: &str, without: &str) -> String {
    match name {
        "" => Style::Faint.paint(without),
        name => Style::Plain.paint(name),
    }
}

/// A rate in per cent; never 100 % where one build failed.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(String::new, |rate| match (rate * 1000.0).floor() {
        1000.0 => "100 %".to_owned(),
        tenths => format!("{:.1} %", tenths / 10.0),
    })
}

/// A percentile, with ~ where it is approximate.
pub(super) fn percentile(durations: &pb::DurationStatistics, us: Option<i64>) -> String {
    let about = if durations.percentiles_approximate {
        "~"
    } else {
        ""
    };
    us.map_or_else(String::new, |us| format!("{about}{}", duration(us)))
}

fn took(us: Option<i64>) -> String {
    us.map_or_else(String::new, duration)
}
