//! `versioner stats`: figures about builds, and their trend as a small plot. Knows the contract only.

mod figures;
mod plot;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{
    exit_code, moment,
    names::name,
    output::{AnswerFormat, OutputArgs},
    server::{CliError, ServerArgs},
    time_arg::{self, SpanArg, TimeArg},
};
use crate::pb::{self, insight_service_client::InsightServiceClient};

/// Shows how many builds there were, how they ended and how long they took.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = AFTER_HELP)]
pub struct StatsArgs {
    /// Only builds of the product with this name, current or former.
    #[arg(value_parser = name())]
    pub product: Option<String>,

    /// Only builds of this branch, exactly.
    #[arg(long, value_parser = name())]
    pub branch: Option<String>,

    /// Only builds that this CI system reported, exactly: github, gitlab, jenkins …
    #[arg(long, value_name = "SYSTEM", value_parser = name())]
    pub source_system: Option<String>,

    /// The beginning of the span: a time such as 2026-01-31T12:00:00Z, a date (its midnight in --time-zone), or an
    /// age such as `2h ago`.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse, conflicts_with = "last")]
    pub from: Option<TimeArg>,

    /// The end of the span, exclusive. Default: now.
    #[arg(long, value_name = "TIME", value_parser = TimeArg::parse)]
    pub to: Option<TimeArg>,

    /// The length of the span, if --from is not given: 12h, 30d, 6mo.
    #[arg(long, value_name = "SPAN", default_value = "30d", value_parser = time_arg::span)]
    pub last: SpanArg,

    /// Also show figures for each product, branch or CI system.
    #[arg(long, value_name = "GROUPING")]
    pub by: Option<Grouping>,

    /// Also plot each hour, day, week or month of the span.
    #[arg(long, value_name = "BUCKET")]
    pub trend: Option<Bucket>,

    /// The time zone of dates and buckets, by its IANA name such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = name())]
    pub time_zone: String,

    /// Measure the durations of builds that ended like this: completed, failed, aborted; several are separated by
    /// commas.
    #[arg(
        long,
        value_name = "STATUSES",
        default_value = "completed",
        value_delimiter = ','
    )]
    pub durations: Vec<Ending>,

    #[command(flatten)]
    pub server: ServerArgs,

    #[command(flatten)]
    pub output: OutputArgs<AnswerFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Grouping {
    Product,
    Branch,
    SourceSystem,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Bucket {
    Hour,
    Day,
    Week,
    Month,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Ending {
    Completed,
    Failed,
    Aborted,
}

const AFTER_HELP: &str = "\
The success rate is completed / (completed + failed). A build counts at the time of its finish. A
percentile with a ~ is approximate, within 1 %. In a trend, (part) marks an hour, day, week or month that
the span covers only in part.

With --output json, the document is the answer of GetBuildStatistics; with --trend, its field `trend` is the
answer of GetBuildTrend.

Exit codes:
  0  the figures were written
  1  the product does not exist, or the server gave no answer
  2  wrong arguments

Examples:
  versioner stats my-service --last 7d
  versioner stats --by branch --from 2026-01-01 --to 2026-02-01
  versioner stats my-service --branch main --trend week --last 6mo --time-zone Europe/Berlin";

/// Shows the figures on standard output.
pub async fn stats(args: StatsArgs) -> ExitCode {
    exit_code("stats", 1, run(&args).await)
}

/// The answers that are shown.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    statistics: pb::GetBuildStatisticsResponse,
    #[serde(skip_serializing_if = "Option::is_none")]
    trend: Option<pb::GetBuildTrendResponse>,
}

/// A span of time, and the time zone in which it was given and is shown.
struct Span {
    from: Timestamp,
    to: Timestamp,
    zone: TimeZone,
}

async fn run(args: &StatsArgs) -> Result<u8, CliError> {
    let span = span(args, Timestamp::now()).map_err(CliError::new)?;
    let mut client = InsightServiceClient::new(args.server.connect().await?);
    let statistics = client.get_build_statistics(statistics_request(args, &span));
    let statistics = statistics.await?.into_inner();
    let trend = match args.trend {
        Some(bucket) => {
            let trend = client.get_build_trend(trend_request(args, &span, bucket));
            Some(trend.await?.into_inner())
        }
        None => None,
    };
    let answer = Answer { statistics, trend };
    args.output
        .write(&answer, |width| text(args, &span, &answer, width))?;
    Ok(0)
}

fn span(args: &StatsArgs, now: Timestamp) -> Result<Span, String> {
    let zone = TimeZone::get(&args.time_zone).map_err(|_| {
        let zone = &args.time_zone;
        format!("--time-zone: {zone} is not a known time zone; use a name such as Europe/Berlin")
    })?;
    let to = match &args.to {
        Some(to) => to
            .resolve(&zone, now)
            .map_err(|why| format!("--to: {why}"))?,
        None => now,
    };
    let from = match &args.from {
        Some(from) => from
            .resolve(&zone, now)
            .map_err(|why| format!("--from: {why}"))?,
        None => time_arg::shift(to, args.last.0.negate(), &zone)
            .map_err(|why| format!("--last: {why}"))?,
    };
    Ok(Span { from, to, zone })
}

fn statistics_request(args: &StatsArgs, span: &Span) -> pb::GetBuildStatisticsRequest {
    pb::GetBuildStatisticsRequest {
        product_name: args.product.clone().unwrap_or_default(),
        scm_branch: args.branch.clone().unwrap_or_default(),
        source_system: args.source_system.clone().unwrap_or_default(),
        start_at: Some(moment::pb_time(span.from)),
        end_at: Some(moment::pb_time(span.to)),
        group_by: grouping(args.by),
        duration_statuses: endings(&args.durations),
    }
}

fn trend_request(args: &StatsArgs, span: &Span, bucket: Bucket) -> pb::GetBuildTrendRequest {
    let bucket = match bucket {
        Bucket::Hour => pb::TrendBucket::Hour,
        Bucket::Day => pb::TrendBucket::Day,
        Bucket::Week => pb::TrendBucket::Week,
        Bucket::Month => pb::TrendBucket::Month,
    };
    pb::GetBuildTrendRequest {
        product_name: args.product.clone().unwrap_or_default(),
        scm_branch: args.branch.clone().unwrap_or_default(),
        source_system: args.source_system.clone().unwrap_or_default(),
        start_at: Some(moment::pb_time(span.from)),
        end_at: Some(moment::pb_time(span.to)),
        bucket: bucket.into(),
        time_zone: args.time_zone.clone(),
        group_by: grouping(args.by),
        duration_statuses: endings(&args.durations),
    }
}

fn grouping(by: Option<Grouping>) -> i32 {
    let grouping = match by {
        None => pb::BuildGrouping::Unspecified,
        Some(Grouping::Product) => pb::BuildGrouping::Product,
        Some(Grouping::Branch) => pb::BuildGrouping::Branch,
        Some(Grouping::SourceSystem) => pb::BuildGrouping::SourceSystem,
    };
    grouping.into()
}

fn endings(endings: &[Ending]) -> Vec<i32> {
    let status = |ending: &Ending| match ending {
        Ending::Completed => pb::BuildStatus::Completed,
        Ending::Failed => pb::BuildStatus::Failed,
        Ending::Aborted => pb::BuildStatus::Aborted,
    };
    endings.iter().map(|ending| status(ending).into()).collect()
}

fn text(args: &StatsArgs, span: &Span, answer: &Answer, width: Option<usize>) -> String {
    let mut text = figures::text(args, span, &answer.statistics, width);
    if let (Some(trend), Some(bucket)) = (&answer.trend, args.trend) {
        text.push_str(&plot::text(trend, bucket, span, width));
    }
    text
}
