//! `versioner stats`.

use insta::assert_snapshot;
use versioner::pb;

use crate::{fake_server::FakeServer, fixtures::at, terminal::versioner};

const MINUTE_US: i64 = 60_000_000;

fn durations(count: i64, approximate: bool) -> pb::DurationStatistics {
    pb::DurationStatistics {
        count,
        mean_us: Some(200_500_000.4),
        min_us: Some(900_000),
        max_us: Some(75 * MINUTE_US),
        p50_us: Some(200_000_000),
        p90_us: Some(5 * MINUTE_US),
        p95_us: Some(6 * MINUTE_US),
        p99_us: Some(60 * MINUTE_US),
        percentiles_approximate: approximate,
    }
}

fn statistics(completed: i64, failed: i64) -> pb::BuildStatistics {
    pb::BuildStatistics {
        total: completed + failed + 3,
        running: 1,
        aborted: 2,
        completed,
        failed,
        success_rate: Some(completed as f64 / (completed + failed) as f64),
        duration: Some(durations(completed, false)),
        ..Default::default()
    }
}

fn group(name: &str, completed: i64, failed: i64) -> pb::BuildStatisticsGroup {
    pb::BuildStatisticsGroup {
        name: name.to_owned(),
        statistics: Some(statistics(completed, failed)),
    }
}

fn bucket(day: u32, statistics: Option<pb::BuildStatistics>) -> pb::BuildTrendBucket {
    pb::BuildTrendBucket {
        start_at: at(&format!("2025-10-{day:02}T22:00:00Z")),
        end_at: at(&format!("2025-10-{:02}T22:00:00Z", day + 1)),
        statistics: Some(statistics.unwrap_or_default()),
    }
}

async fn server() -> FakeServer {
    let server = FakeServer::start().await;
    let answer = pb::GetBuildStatisticsResponse {
        statistics: Some(statistics(1_999, 1)),
        groups: vec![group("main", 110, 12), group("", 1, 1)],
        groups_truncated: true,
    };
    server.state().statistics.push_back(Ok(answer));
    let quick = pb::BuildStatistics {
        duration: Some(pb::DurationStatistics {
            p50_us: Some(30_000_000),
            ..durations(3, true)
        }),
        ..statistics(3, 0)
    };
    let buckets = vec![
        bucket(1, Some(statistics(110, 12))),
        bucket(2, None),
        bucket(3, Some(quick)),
    ];
    let trend = pb::GetBuildTrendResponse {
        groups: vec![pb::BuildTrendGroup {
            name: "main".to_owned(),
            buckets: buckets.clone(),
        }],
        buckets,
        groups_truncated: false,
        time_zone: "Europe/Berlin".to_owned(),
    };
    server.state().trend.push_back(Ok(trend));
    server
}

const SPAN: [&str; 2] = ["--from=2025-10-02", "--to=2025-10-05"];

#[tokio::test]
async fn r16_figures_are_for_people() {
    let server = server().await;
    let command_line = [&["stats", "my-service", "--branch=main"], &SPAN[..]].concat();
    let run = versioner(&server.url(), &command_line).await;
    assert_snapshot!(run.shown(), @r"
    my-service, branch main, 2025-10-02 00:00 to 2025-10-05 00:00 UTC
      builds     2003  ✓ 1999 completed  ✗ 1 failed  – 2 aborted  → 1 running
      success  99.9 %
      p50      3m 20s  of the 1999 that completed and have a duration
      p90          5m
      p95          6m
      p99          1h
      min       900ms
      mean     3m 20s
      max      1h 15m
    ");
}

#[tokio::test]
async fn r16_groups_are_a_table_and_a_trend_is_a_plot() {
    let server = server().await;
    let flags = [
        "stats",
        "--by=branch",
        "--trend=day",
        "--time-zone=Europe/Berlin",
    ];
    let run = versioner(&server.url(), &[&flags, &SPAN[..]].concat()).await;
    assert_snapshot!(run.shown(), @r"
    All products, 2025-10-02 00:00 to 2025-10-05 00:00 Europe/Berlin
      builds     2003  ✓ 1999 completed  ✗ 1 failed  – 2 aborted  → 1 running
      success  99.9 %
      p50      3m 20s  of the 1999 that completed and have a duration
      p90          5m
      p95          6m
      p99          1h
      min       900ms
      mean     3m 20s
      max      1h 15m

      BRANCH       BUILDS    ✓   ✗  –  OPEN  SUCCESS     P50  P95     MAX
      main            125  110  12  2     1   90.1 %  3m 20s   6m  1h 15m
      (no branch)       5    1   1  2     1   50.0 %  3m 20s   6m  1h 15m
    The largest 2; there are more.

      DAY         BUILDS                                            SUCCESS     P50  P95
      2025-10-02     125  ███████████████████████████████████▒▒▒▒·   90.1 %  3m 20s   6m
      2025-10-03       0
      2025-10-04       6  █·                                          100 %    ~30s  ~6m
      █ completed  ▒ failed  · aborted, running or pending

      p50  █ ▂  30s to 3m 20s
      p95  █ █  6m to 6m

      GROUP  BUILDS  BUILDS OVER TIME  P50 OVER TIME
      main      131  █▁▁               █ ▂
    ");
}

#[tokio::test]
async fn every_filter_is_asked_for() {
    let server = server().await;
    let command_line = [
        "stats",
        "my-service",
        "--branch=main",
        "--source-system=github",
        "--by=source-system",
        "--trend=month",
        "--time-zone=Europe/Berlin",
        "--durations=completed,failed",
        "--to=2025-10-31",
        "--last=1mo",
    ];
    versioner(&server.url(), &command_line).await.shown();
    let statuses = vec![
        pb::BuildStatus::Completed.into(),
        pb::BuildStatus::Failed.into(),
    ];
    // The clocks of that zone were set back in between.
    let (from, to) = (at("2025-09-29T22:00:00Z"), at("2025-10-30T23:00:00Z"));
    let expected = pb::GetBuildStatisticsRequest {
        product_name: "my-service".to_owned(),
        scm_branch: "main".to_owned(),
        source_system: "github".to_owned(),
        start_at: from,
        end_at: to,
        group_by: pb::BuildGrouping::SourceSystem.into(),
        duration_statuses: statuses.clone(),
    };
    let state = server.state();
    assert_eq!(state.asked.statistics, [expected]);
    let expected = pb::GetBuildTrendRequest {
        product_name: "my-service".to_owned(),
        scm_branch: "main".to_owned(),
        source_system: "github".to_owned(),
        start_at: from,
        end_at: to,
        bucket: pb::TrendBucket::Month.into(),
        time_zone: "Europe/Berlin".to_owned(),
        group_by: pb::BuildGrouping::SourceSystem.into(),
        duration_statuses: statuses,
    };
    assert_eq!(state.asked.trend, [expected]);
}

#[tokio::test]
async fn json_has_the_trend_beside_the_statistics() {
    let server = server().await;
    let json = versioner(&server.url(), &["stats", "--output=json"])
        .await
        .json();
    assert_eq!(json["statistics"]["completed"], 1_999);
    assert_eq!(json["statistics"]["duration"]["p50_us"], 200_000_000);
    assert_eq!(json["trend"], serde_json::Value::Null);
    let json = versioner(&server.url(), &["stats", "--trend=day", "--output=json"]).await;
    let json = json.json();
    assert_eq!(
        json["trend"]["buckets"][0]["start_at"],
        "2025-10-01T22:00:00Z"
    );
    assert_eq!(json["statistics"]["failed"], 1);
}

#[tokio::test]
async fn no_builds_have_no_rate_and_no_durations() {
    let server = FakeServer::start().await;
    let answer = pb::GetBuildStatisticsResponse {
        statistics: Some(pb::BuildStatistics::default()),
        ..Default::default()
    };
    server.state().statistics.push_back(Ok(answer));
    let run = versioner(&server.url(), &[&["stats"], &SPAN[..]].concat()).await;
    assert_snapshot!(run.shown(), @r"
    All products, 2025-10-02 00:00 to 2025-10-05 00:00 UTC
      builds  0
    ");
}

#[tokio::test]
async fn an_unknown_time_zone_is_rejected() {
    let run = versioner("http://127.0.0.1:1", &["stats", "--time-zone=Mars/Base"]).await;
    assert_eq!(run.code, 1);
    assert_snapshot!(run.errors, @"versioner stats: --time-zone: Mars/Base is not a known time zone; use a name such as Europe/Berlin");
}

#[tokio::test]
async fn a_week_that_the_span_covers_in_part_is_marked() {
    let server = FakeServer::start().await;
    server
        .state()
        .statistics
        .push_back(Ok(pb::GetBuildStatisticsResponse::default()));
    let bucket = |from: &str, to: &str| pb::BuildTrendBucket {
        start_at: at(from),
        end_at: at(to),
        statistics: Some(pb::BuildStatistics {
            total: 1,
            completed: 1,
            ..Default::default()
        }),
    };
    let trend = pb::GetBuildTrendResponse {
        buckets: vec![
            // A Sunday afternoon, whose week began on the Monday before.
            bucket("2026-10-25T15:00:00Z", "2026-10-26T00:00:00Z"),
            bucket("2026-10-26T00:00:00Z", "2026-11-02T00:00:00Z"),
            bucket("2026-11-02T00:00:00Z", "2026-11-04T15:00:00Z"),
        ],
        ..Default::default()
    };
    server.state().trend.push_back(Ok(trend));
    let command_line = [
        "stats",
        "--trend=week",
        "--from=2026-10-25T15:00:00Z",
        "--to=2026-11-04T15:00:00Z",
    ];
    let output = versioner(&server.url(), &command_line).await.shown();
    let (_, plot) = output.split_once("\n\n").expect("a plot");
    assert_snapshot!(plot, @r"
    WEEK OF            BUILDS
    2026-10-19 (part)       1  ████████████████████████████████████████
    2026-10-26              1  ████████████████████████████████████████
    2026-11-02 (part)       1  ████████████████████████████████████████
    █ completed  ▒ failed  · aborted, running or pending
    ");
}

#[tokio::test]
async fn a_single_duration_is_not_plotted() {
    let server = FakeServer::start().await;
    let once = pb::BuildTrendBucket {
        start_at: at("2025-10-01T00:00:00Z"),
        end_at: at("2025-10-02T00:00:00Z"),
        statistics: Some(statistics(3, 0)),
    };
    let answer = pb::GetBuildStatisticsResponse::default();
    server.state().statistics.push_back(Ok(answer));
    let trend = pb::GetBuildTrendResponse {
        groups: vec![pb::BuildTrendGroup {
            name: "main".to_owned(),
            buckets: vec![once],
        }],
        buckets: vec![once],
        ..Default::default()
    };
    server.state().trend.push_back(Ok(trend));
    let command_line = [
        "stats",
        "--trend=day",
        "--by=branch",
        "--from=2025-10-01",
        "--to=2025-10-02",
    ];
    let output = versioner(&server.url(), &command_line).await.shown();
    let (_, plot) = output.split_once("\n\n").expect("a plot");
    assert_snapshot!(plot, @r"
    DAY         BUILDS                                            SUCCESS     P50  P95
    2025-10-01       6  ████████████████████····················    100 %  3m 20s   6m
    █ completed  ▒ failed  · aborted, running or pending

    GROUP  BUILDS
    main        6
    ");
}
