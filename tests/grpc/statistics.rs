//! R16: how many builds there were, how they ended and how long they took, by group and as a trend.

use std::time::Duration;

use versioner::pb::{
    self, BuildGrouping, BuildStatus, TrendBucket, insight_service_client::InsightServiceClient,
};

use crate::{
    facts::{PRODUCT, at, build, seconds_from_now},
    refusal::refusal,
    story::Story,
};

async fn ask(
    story: &Story,
    request: pb::GetBuildStatisticsRequest,
) -> Result<pb::GetBuildStatisticsResponse, tonic::Status> {
    let answer = story.insight().get_build_statistics(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn statistics(
    story: &Story,
    request: pb::GetBuildStatisticsRequest,
) -> (pb::BuildStatistics, pb::DurationStatistics) {
    let mut told = ask(story, request).await.unwrap().statistics.unwrap();
    let duration = told.duration.take().unwrap();
    (told, duration)
}

async fn trend(
    story: &Story,
    request: pb::GetBuildTrendRequest,
) -> Result<pb::GetBuildTrendResponse, tonic::Status> {
    let answer = story.insight().get_build_trend(request).await;
    answer.map(tonic::Response::into_inner)
}

/// A build that took so many seconds, from 12:00 on.
async fn took(story: &Story, version: &str, status: BuildStatus, seconds: i64, branch: &str) {
    let start = at("2026-01-01T12:00:00Z").unwrap();
    let of_run = |status: BuildStatus, seconds| pb::VersionEvent {
        invoke_id: version.into(),
        scm_branch: branch.into(),
        source_system: "github".into(),
        occurred_at: Some(prost_types::Timestamp {
            seconds: start.seconds + seconds,
            ..start
        }),
        ..build(version, status)
    };
    for event in [of_run(BuildStatus::Started, 0), of_run(status, seconds)] {
        story.version_event(event).await.unwrap();
    }
}

async fn r16_builds_are_counted_by_status_and_completed_ones_measured(story: Story) {
    for (version, status, seconds) in [
        ("1", BuildStatus::Completed, 10),
        ("2", BuildStatus::Completed, 30),
        ("3", BuildStatus::Completed, 20),
        ("4", BuildStatus::Failed, 500),
        ("5", BuildStatus::Aborted, 7),
    ] {
        took(&story, version, status, seconds, "main").await;
    }
    let (told, duration) = statistics(&story, Default::default()).await;
    let expected = pb::BuildStatistics {
        total: 5,
        completed: 3,
        failed: 1,
        aborted: 1,
        success_rate: Some(0.75),
        ..Default::default()
    };
    assert_eq!(told, expected);
    let expected = pb::DurationStatistics {
        count: 3,
        mean_us: Some(20e6),
        min_us: Some(10_000_000),
        max_us: Some(30_000_000),
        p50_us: Some(20_000_000),
        p90_us: Some(30_000_000),
        p95_us: Some(30_000_000),
        p99_us: Some(30_000_000),
        percentiles_approximate: false,
    };
    assert_eq!(duration, expected);

    let of_failures = pb::GetBuildStatisticsRequest {
        duration_statuses: vec![BuildStatus::Failed.into(), BuildStatus::Aborted.into()],
        ..Default::default()
    };
    let (_, duration) = statistics(&story, of_failures).await;
    assert_eq!((duration.count, duration.max_us), (2, Some(500_000_000)));

    // Until the moment of the second build's finish, which belongs to the time after it.
    let early = pb::GetBuildStatisticsRequest {
        product_name: PRODUCT.into(),
        end_at: at("2026-01-01T12:00:30Z"),
        ..Default::default()
    };
    let (told, duration) = statistics(&story, early).await;
    assert_eq!((told.total, told.completed, told.aborted), (3, 2, 1));
    assert_eq!(duration.p99_us, Some(20_000_000));
}

async fn r16_without_builds_there_are_no_rates_and_no_durations(story: Story) {
    let told = ask(&story, Default::default()).await.unwrap();
    let expected = pb::GetBuildStatisticsResponse {
        statistics: Some(pb::BuildStatistics {
            duration: Some(pb::DurationStatistics::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(told, expected);
}

async fn r16_a_lone_completed_that_was_started_as_it_was_sent_has_no_duration(story: Story) {
    let lone = |version: &str, started_at: &str, completed_at: &str| pb::VersionEvent {
        started_at: at(started_at),
        completed_at: (!completed_at.is_empty())
            .then(|| at(completed_at))
            .flatten(),
        occurred_at: at("2026-01-01T12:00:00Z"),
        ..build(version, BuildStatus::Completed)
    };
    let sent = "2026-01-01T12:00:00Z";
    story.version_event(lone("1", sent, "")).await.unwrap();
    let (told, duration) = statistics(&story, Default::default()).await;
    assert_eq!((told.completed, duration.count), (1, 0));

    let both = lone("2", "2026-01-01T11:59:00Z", sent);
    story.version_event(both).await.unwrap();
    let negative = lone("3", "2026-01-01T12:00:01Z", sent);
    story.version_event(negative).await.unwrap();
    let (told, duration) = statistics(&story, Default::default()).await;
    assert_eq!((told.completed, duration.count), (3, 1));
    assert_eq!(duration.p50_us, Some(60_000_000));
}

async fn r16_each_build_counts_once_as_what_it_is_now(story: Story) {
    took(&story, "1", BuildStatus::Completed, 10, "main").await;
    took(&story, "1", BuildStatus::Completed, 10, "main").await;
    took(&story, "1", BuildStatus::Failed, 40, "main").await;
    let (told, duration) = statistics(&story, Default::default()).await;
    assert_eq!((told.total, told.failed, duration.count), (1, 1, 0));
    assert_eq!(told.success_rate, Some(0.0));
}

async fn r16_unfinished_builds_stand_beside_and_belong_to_their_start(story: Story) {
    let hours_ago = |version: &str, status, hours: i64| pb::VersionEvent {
        occurred_at: seconds_from_now(-hours * 3600),
        ..build(version, status)
    };
    for event in [
        hours_ago("1", BuildStatus::Started, 1),
        hours_ago("2", BuildStatus::Started, 25),
        hours_ago("3", BuildStatus::Pending, 25),
    ] {
        story.version_event(event).await.unwrap();
    }
    let (told, _) = statistics(&story, Default::default()).await;
    assert_eq!((told.running, told.stale, told.pending), (1, 1, 1));
    assert_eq!((told.total, told.success_rate), (3, None));

    let last_day = pb::GetBuildStatisticsRequest {
        start_at: seconds_from_now(-24 * 3600),
        ..Default::default()
    };
    assert_eq!(statistics(&story, last_day).await.0.total, 1);

    let minute = Duration::from_secs(60);
    let mut impatient = InsightServiceClient::new(story.another_server(minute).await);
    let told = impatient.get_build_statistics(pb::GetBuildStatisticsRequest::default());
    let told = told.await.unwrap().into_inner().statistics.unwrap();
    assert_eq!((told.running, told.stale), (0, 2));

    let request = pb::GetBuildTrendRequest {
        start_at: seconds_from_now(-26 * 3600),
        bucket: TrendBucket::Hour.into(),
        ..Default::default()
    };
    let buckets = trend(&story, request).await.unwrap().buckets;
    let totals = buckets.iter().map(|b| b.statistics.as_ref().unwrap().total);
    let totals: Vec<i64> = totals.filter(|total| *total > 0).collect();
    assert_eq!(totals, [2, 1]);
}

async fn r16_groups_come_the_largest_first_then_by_name(story: Story) {
    took(&story, "1", BuildStatus::Completed, 10, "main").await;
    took(&story, "2", BuildStatus::Failed, 30, "main").await;
    took(&story, "3", BuildStatus::Completed, 20, "dev").await;
    took(&story, "4", BuildStatus::Completed, 40, "").await;
    let request = |group_by: BuildGrouping| pb::GetBuildStatisticsRequest {
        group_by: group_by.into(),
        ..Default::default()
    };
    let groups = async |group_by| {
        let told = ask(&story, request(group_by)).await.unwrap();
        assert!(!told.groups_truncated);
        let groups = told.groups.into_iter();
        let of = |group: pb::BuildStatisticsGroup| {
            let told = group.statistics.unwrap();
            (group.name, told.total, told.duration.unwrap().p50_us)
        };
        groups.map(of).collect::<Vec<_>>()
    };
    let group =
        |name: &str, total, seconds: i64| (name.to_owned(), total, Some(seconds * 1_000_000));
    let by_branch = [group("main", 2, 10), group("", 1, 40), group("dev", 1, 20)];
    assert_eq!(groups(BuildGrouping::Branch).await, by_branch);
    assert_eq!(
        groups(BuildGrouping::SourceSystem).await,
        [group("github", 4, 20)]
    );
    assert_eq!(groups(BuildGrouping::Unspecified).await, []);

    // A product has the name that it has now, and is found by the one it had.
    let rename = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(pb::Product {
            name: "renamed".into(),
            ..Default::default()
        }),
        update_mask: Some(prost_types::FieldMask {
            paths: vec!["name".into()],
        }),
        ..Default::default()
    };
    story.catalog().update_product(rename).await.unwrap();
    assert_eq!(
        groups(BuildGrouping::Product).await,
        [group("renamed", 4, 20)]
    );
    let of_old_name = pb::GetBuildStatisticsRequest {
        product_name: PRODUCT.into(),
        scm_branch: "main".into(),
        source_system: "github".into(),
        ..Default::default()
    };
    assert_eq!(statistics(&story, of_old_name).await.0.total, 2);
}

async fn r16_a_trend_has_a_bucket_for_each_day_of_the_zone_empty_ones_too(story: Story) {
    took(&story, "1", BuildStatus::Completed, 10, "main").await;
    // Midnight in Nepal, 5:45 ahead of UTC.
    took(
        &story,
        "2",
        BuildStatus::Completed,
        6 * 3600 + 15 * 60,
        "dev",
    )
    .await;
    let request = pb::GetBuildTrendRequest {
        start_at: at("2025-12-30T18:15:00Z"),
        end_at: at("2026-01-03T00:00:00Z"),
        time_zone: "asia/kathmandu".into(),
        group_by: BuildGrouping::Branch.into(),
        ..Default::default()
    };
    let told = trend(&story, request).await.unwrap();
    assert_eq!(told.time_zone, "Asia/Kathmandu");
    let midnights = [
        at("2025-12-30T18:15:00Z"),
        at("2025-12-31T18:15:00Z"),
        at("2026-01-01T18:15:00Z"),
        at("2026-01-02T18:15:00Z"),
        at("2026-01-03T00:00:00Z"),
    ];
    let buckets = told.buckets.iter();
    assert!(
        buckets
            .clone()
            .map(|b| [b.start_at, b.end_at])
            .eq(midnights.windows(2).map(|m| [m[0], m[1]]))
    );
    let totals = |buckets: &[pb::BuildTrendBucket]| -> Vec<i64> {
        let buckets = buckets.iter();
        buckets
            .map(|b| b.statistics.as_ref().unwrap().total)
            .collect()
    };
    assert_eq!(totals(&told.buckets), [0, 1, 1, 0]);
    let groups = told
        .groups
        .iter()
        .map(|g| (g.name.as_str(), totals(&g.buckets)));
    assert!(groups.eq([("dev", vec![0, 0, 1, 0]), ("main", vec![0, 1, 0, 0])]));
}

async fn r16_what_is_wrong_with_a_question_is_told(story: Story) {
    took(&story, "1", BuildStatus::Completed, 10, "main").await;
    let request = pb::GetBuildStatisticsRequest {
        start_at: at("2026-01-02T00:00:00Z"),
        end_at: at("2026-01-02T00:00:00Z"),
        group_by: 9,
        duration_statuses: vec![
            BuildStatus::Completed.into(),
            BuildStatus::Started.into(),
            0,
        ],
        ..Default::default()
    };
    assert_told!(refusal(ask(&story, request).await), @"
    InvalidArgument INVALID_FIELD
    group_by must be 1 (product), 2 (branch) or 3 (source system) (is 9)
    duration_statuses[1] must be 3 (completed), 4 (failed) or 5 (aborted) (is 2)
    duration_statuses[2] must not be 0 (unspecified)
    start_at must be before end_at
    ");
    let unknown = pb::GetBuildStatisticsRequest {
        product_name: "nothing".into(),
        ..Default::default()
    };
    assert_told!(refusal(ask(&story, unknown).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product nothing
    resource: versioner.v1.Product nothing
    ");
    let request = pb::GetBuildTrendRequest {
        bucket: 9,
        time_zone: "Europe/Nowhere".into(),
        ..Default::default()
    };
    assert_told!(refusal(trend(&story, request).await), @"
    InvalidArgument INVALID_FIELD
    bucket must be 1 (hour), 2 (day), 3 (week) or 4 (month) (is 9)
    time_zone must be the IANA name of a time zone, such as Europe/Berlin
    start_at is required
    ");
    let request = pb::GetBuildTrendRequest {
        start_at: at("2020-01-01T00:00:00Z"),
        end_at: at("2026-01-01T00:00:00Z"),
        ..Default::default()
    };
    assert_told!(refusal(trend(&story, request).await), @"
    InvalidArgument INVALID_FIELD
    bucket is too narrow: the time span has more than 2000 of these buckets; use a wider bucket or a shorter time span
    ");
    let request = pb::GetBuildTrendRequest {
        product_name: "nothing".into(),
        start_at: at("2026-01-01T00:00:00Z"),
        ..Default::default()
    };
    assert_told!(refusal(trend(&story, request).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product nothing
    resource: versioner.v1.Product nothing
    ");
}

on_both_engines!(
    r16_builds_are_counted_by_status_and_completed_ones_measured,
    r16_without_builds_there_are_no_rates_and_no_durations,
    r16_a_lone_completed_that_was_started_as_it_was_sent_has_no_duration,
    r16_each_build_counts_once_as_what_it_is_now,
    r16_unfinished_builds_stand_beside_and_belong_to_their_start,
    r16_groups_come_the_largest_first_then_by_name,
    r16_a_trend_has_a_bucket_for_each_day_of_the_zone_empty_ones_too,
    r16_what_is_wrong_with_a_question_is_told,
);
