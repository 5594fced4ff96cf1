//! Statistics of the imported history (R16) against the figures of `statistics.py`, to the last digit.

use prost_types::Timestamp;
use serde_json::Value;
use tonic::transport::Channel;
use versioner::pb::{
    BuildGrouping, BuildStatistics, BuildStatus, GetBuildStatisticsRequest, GetBuildTrendRequest,
    TrendBucket, insight_service_client::InsightServiceClient,
};

const FIGURES: &str = include_str!("statistics.json");

/// Asks each question of the file, and compares all that is told.
pub(crate) async fn assert_statistics(channel: Channel) {
    let cases: Vec<Value> = serde_json::from_str(FIGURES).expect("JSON");
    assert!(cases.len() >= 100);
    let mut client = InsightServiceClient::new(channel);
    for case in cases {
        let told = match case.get("bucket") {
            Some(_) => trend(&mut client, &case).await,
            None => statistics(&mut client, &case).await,
        };
        assert_eq!(told, expected(&case), "{case}");
    }
}

/// What is told, in the words of the file.
#[derive(Debug, PartialEq)]
struct Told {
    bounds_us: Vec<i64>,
    buckets: Vec<BuildStatistics>,
    groups: Vec<(String, Vec<BuildStatistics>)>,
    groups_truncated: bool,
}

async fn statistics(client: &mut InsightServiceClient<Channel>, case: &Value) -> Told {
    let request = GetBuildStatisticsRequest {
        product_name: text(case, "product_name"),
        scm_branch: text(case, "scm_branch"),
        source_system: text(case, "source_system"),
        start_at: Some(time(number(case, "from_us"))),
        end_at: Some(time(number(case, "to_us"))),
        group_by: grouping(case).into(),
        duration_statuses: duration_statuses(case),
    };
    let answer = client.get_build_statistics(request).await;
    let answer = answer.expect("statistics").into_inner();
    let groups = answer.groups.into_iter();
    Told {
        bounds_us: vec![number(case, "from_us"), number(case, "to_us")],
        buckets: vec![answer.statistics.expect("all")],
        groups: groups
            .map(|group| (group.name, vec![group.statistics.expect("a group's")]))
            .collect(),
        groups_truncated: answer.groups_truncated,
    }
}

async fn trend(client: &mut InsightServiceClient<Channel>, case: &Value) -> Told {
    let name = format!("TREND_BUCKET_{}", text(case, "bucket"));
    let request = GetBuildTrendRequest {
        product_name: text(case, "product_name"),
        scm_branch: text(case, "scm_branch"),
        source_system: text(case, "source_system"),
        start_at: Some(time(number(case, "from_us"))),
        end_at: Some(time(number(case, "to_us"))),
        bucket: TrendBucket::from_str_name(&name).expect("a width").into(),
        time_zone: text(case, "time_zone"),
        group_by: grouping(case).into(),
        duration_statuses: duration_statuses(case),
    };
    let answer = client.get_build_trend(request).await;
    let answer = answer.expect("a trend").into_inner();
    assert_eq!(answer.time_zone, text(case, "time_zone"));
    let mut bounds_us: Vec<i64> = answer.buckets.iter().map(|b| us(&b.start_at)).collect();
    bounds_us.extend(answer.buckets.last().map(|b| us(&b.end_at)));
    for pair in answer.buckets.windows(2) {
        assert_eq!(pair[0].end_at, pair[1].start_at);
    }
    let statistics = |buckets: Vec<versioner::pb::BuildTrendBucket>| {
        let buckets = buckets.into_iter();
        buckets.map(|b| b.statistics.expect("a bucket's")).collect()
    };
    for group in &answer.groups {
        let times = |b: &versioner::pb::BuildTrendBucket| (b.start_at, b.end_at);
        assert!(
            group
                .buckets
                .iter()
                .map(times)
                .eq(answer.buckets.iter().map(times))
        );
    }
    let groups = answer.groups.into_iter();
    Told {
        bounds_us,
        groups: groups.map(|g| (g.name, statistics(g.buckets))).collect(),
        groups_truncated: answer.groups_truncated,
        buckets: statistics(answer.buckets),
    }
}

fn expected(case: &Value) -> Told {
    let bounds: Vec<i64> = serde_json::from_value(case["bounds_us"].clone()).expect("times");
    let of_buckets = |told: &Value| -> Vec<BuildStatistics> {
        let places = 0..bounds.len() - 1;
        places
            .map(|place| figures(&told[place.to_string()]))
            .collect()
    };
    let groups = case["groups"].as_array().expect("groups").iter();
    Told {
        buckets: of_buckets(&case["buckets"]),
        groups: groups
            .map(|group| {
                (
                    group[0].as_str().expect("a name").to_owned(),
                    of_buckets(&group[1]),
                )
            })
            .collect(),
        groups_truncated: case["groups_truncated"].as_bool().expect("yes or no"),
        bounds_us: bounds,
    }
}

/// Figures of the file; what is left out there is none, or 0 builds.
fn figures(told: &Value) -> BuildStatistics {
    let whole = |field: &str| told[field].as_i64();
    let real = |field: &str| {
        let text = told[field].as_str()?;
        Some(text.parse::<f64>().expect("a number"))
    };
    let builds = |status: &str| whole(status).unwrap_or(0);
    BuildStatistics {
        total: builds("total"),
        pending: builds("pending"),
        running: 0,
        stale: builds("started"),
        completed: builds("completed"),
        failed: builds("failed"),
        aborted: builds("aborted"),
        success_rate: real("success_rate"),
        duration: Some(versioner::pb::DurationStatistics {
            count: builds("count"),
            mean_us: real("mean_us"),
            min_us: whole("min_us"),
            max_us: whole("max_us"),
            p50_us: whole("p50_us"),
            p90_us: whole("p90_us"),
            p95_us: whole("p95_us"),
            p99_us: whole("p99_us"),
            percentiles_approximate: false,
        }),
    }
}

fn text(case: &Value, field: &str) -> String {
    case[field].as_str().expect(field).to_owned()
}

fn number(case: &Value, field: &str) -> i64 {
    case[field].as_i64().expect(field)
}

fn grouping(case: &Value) -> BuildGrouping {
    let name = format!("BUILD_GROUPING_{}", text(case, "group_by"));
    BuildGrouping::from_str_name(&name).expect("a grouping")
}

fn duration_statuses(case: &Value) -> Vec<i32> {
    let names = case["duration_statuses"]
        .as_array()
        .expect("statuses")
        .iter();
    let names = names.map(|name| name.as_str().expect("a status").to_uppercase());
    names
        .map(|name| BuildStatus::from_str_name(&format!("BUILD_STATUS_{name}")).expect("a status"))
        .map(i32::from)
        .collect()
}

fn time(at_us: i64) -> Timestamp {
    Timestamp {
        seconds: at_us.div_euclid(1_000_000),
        nanos: (at_us.rem_euclid(1_000_000) * 1_000) as i32,
    }
}

fn us(at: &Option<Timestamp>) -> i64 {
    let at = at.expect("a time");
    at.seconds * 1_000_000 + i64::from(at.nanos) / 1_000
}
