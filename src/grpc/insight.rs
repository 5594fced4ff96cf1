//! `InsightService`.

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{build_status, timestamp},
    now_us,
    request::Fields,
    status::{Problem, status},
};
use crate::{
    domain::{
        event::MAX_TIME_US,
        statistics::{
            self, DurationStatistics, FINISHED, Grouping, MAX_BUCKETS, MAX_GROUP_BUCKETS,
            MAX_GROUPS, MAX_TREND_GROUPS, Statistics, StatisticsQuery, TrendBucket, time_zone,
        },
        status::Status as BuildStatus,
    },
    pb::{self, insight_service_server::InsightService},
};

/// The zone of trends that name none.
const DEFAULT_ZONE: &str = "UTC";

#[async_trait]
impl InsightService for Services {
    async fn get_build_statistics(
        &self,
        request: Request<pb::GetBuildStatisticsRequest>,
    ) -> Result<Response<pb::GetBuildStatisticsResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = StatisticsQuery {
            product_name: fields.name("product_name", &r.product_name),
            scm_branch: fields.branch("scm_branch", &r.scm_branch),
            source_system: fields.name("source_system", &r.source_system),
            grouping: fields.grouping(r.group_by),
            duration_statuses: fields.duration_statuses(&r.duration_statuses),
            stale_before_us: self.stale_before_us(),
        };
        let start_at_us = fields.time("start_at", r.start_at);
        let end_at_us = fields.time("end_at", r.end_at);
        // From the beginning, to the end: nothing happens outside of these times.
        let bounds_us = [
            start_at_us.unwrap_or(0),
            end_at_us.unwrap_or(MAX_TIME_US + 1),
        ];
        if let (Some(start_at_us), Some(end_at_us)) = (start_at_us, end_at_us) {
            fields.rises(start_at_us, end_at_us);
        }
        fields
            .violations
            .finish(Some(()))
            .map_err(Problem::invalid)?;

        let report = self
            .store
            .build_statistics(&query, &bounds_us, MAX_GROUPS)
            .await
            .map_err(status)?;
        let only = |buckets: Vec<Statistics>| buckets.into_iter().next().map(build_statistics);
        let groups = report.groups.into_iter();
        Ok(Response::new(pb::GetBuildStatisticsResponse {
            statistics: only(report.all),
            groups: groups
                .map(|(name, buckets)| pb::BuildStatisticsGroup {
                    name,
                    statistics: only(buckets),
                })
                .collect(),
            groups_truncated: report.groups_truncated,
        }))
    }

    async fn get_build_trend(
        &self,
        request: Request<pb::GetBuildTrendRequest>,
    ) -> Result<Response<pb::GetBuildTrendResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = StatisticsQuery {
            product_name: fields.name("product_name", &r.product_name),
            scm_branch: fields.branch("scm_branch", &r.scm_branch),
            source_system: fields.name("source_system", &r.source_system),
            grouping: fields.grouping(r.group_by),
            duration_statuses: fields.duration_statuses(&r.duration_statuses),
            stale_before_us: self.stale_before_us(),
        };
        let trend = fields.trend(&r);
        let (bounds_us, time_zone) = fields.violations.finish(trend).map_err(Problem::invalid)?;

        let max_groups = MAX_TREND_GROUPS.min(MAX_GROUP_BUCKETS / (bounds_us.len() - 1));
        let report = self
            .store
            .build_statistics(&query, &bounds_us, max_groups)
            .await
            .map_err(status)?;
        let buckets = |of_buckets: Vec<Statistics>| -> Vec<pb::BuildTrendBucket> {
            let bounds = bounds_us.windows(2);
            bounds
                .zip(of_buckets)
                .map(|(bounds, statistics)| pb::BuildTrendBucket {
                    start_at: Some(timestamp(bounds[0])),
                    end_at: Some(timestamp(bounds[1])),
                    statistics: Some(build_statistics(statistics)),
                })
                .collect()
        };
        let groups = report.groups.into_iter();
        Ok(Response::new(pb::GetBuildTrendResponse {
            buckets: buckets(report.all),
            groups: groups
                .map(|(name, of_buckets)| pb::BuildTrendGroup {
                    name,
                    buckets: buckets(of_buckets),
                })
                .collect(),
            groups_truncated: report.groups_truncated,
            time_zone,
        }))
    }
}

impl Fields {
    fn grouping(&mut self, number: i32) -> Grouping {
        match pb::BuildGrouping::try_from(number) {
            Ok(pb::BuildGrouping::Unspecified) => Grouping::None,
            Ok(pb::BuildGrouping::Product) => Grouping::Product,
            Ok(pb::BuildGrouping::Branch) => Grouping::Branch,
            Ok(pb::BuildGrouping::SourceSystem) => Grouping::SourceSystem,
            Err(_) => {
                let taken = format!("is the unknown number {number}: 0 to 3 are taken");
                self.violations.add("group_by", taken);
                Grouping::None
            }
        }
    }

    fn duration_statuses(&mut self, numbers: &[i32]) -> Vec<BuildStatus> {
        if numbers.is_empty() {
            return vec![BuildStatus::Completed];
        }
        for (place, number) in numbers.iter().enumerate() {
            if !matches!(build_status(*number), Some(Ok(status)) if status.is_finished()) {
                self.violations.add(
                    &format!("duration_statuses[{place}]"),
                    format!(
                        "is {number}: 3 (completed), 4 (failed) or 5 (aborted) is taken, for only \
                         finished builds have a duration"
                    ),
                );
            }
        }
        let is_given =
            |status: &BuildStatus| numbers.iter().any(|n| i64::from(*n) == status.code());
        FINISHED.into_iter().filter(is_given).collect()
    }

    fn rises(&mut self, start_at_us: i64, end_at_us: i64) -> bool {
        if start_at_us >= end_at_us {
            self.violations.add("start_at", "must be before end_at");
        }
        start_at_us < end_at_us
    }

    /// The bounds of a trend's buckets, and the name of its time zone.
    fn trend(&mut self, request: &pb::GetBuildTrendRequest) -> Option<(Vec<i64>, String)> {
        let bucket = match pb::TrendBucket::try_from(request.bucket) {
            Ok(pb::TrendBucket::Unspecified | pb::TrendBucket::Day) => Some(TrendBucket::Day),
            Ok(pb::TrendBucket::Hour) => Some(TrendBucket::Hour),
            Ok(pb::TrendBucket::Week) => Some(TrendBucket::Week),
            Ok(pb::TrendBucket::Month) => Some(TrendBucket::Month),
            Err(_) => {
                let number = request.bucket;
                let taken = format!("is the unknown number {number}: 0 to 4 are taken");
                self.violations.add("bucket", taken);
                None
            }
        };
        let zone = match request.time_zone.trim() {
            "" => time_zone(DEFAULT_ZONE),
            name => time_zone(name),
        };
        if zone.is_none() {
            self.violations.add(
                "time_zone",
                "is not known: the name of an IANA time zone is taken, such as Europe/Berlin",
            );
        }
        if request.start_at.is_none() {
            self.violations.add("start_at", "is required");
        }
        let start_at_us = self.calendar_time("start_at", request.start_at);
        let end_at_us = match request.end_at {
            Some(_) => self.calendar_time("end_at", request.end_at),
            None => Some(now_us()),
        };
        let (start_at_us, end_at_us) = start_at_us.zip(end_at_us)?;
        if !self.rises(start_at_us, end_at_us) {
            return None;
        }
        let (zone, name) = zone?;
        match statistics::bounds(start_at_us, end_at_us, bucket?, &zone) {
            Ok(bounds) => Some((bounds, name)),
            Err(statistics::TooMany) => {
                self.violations.add(
                    "bucket",
                    format!(
                        "is too narrow for the span: at most {MAX_BUCKETS} buckets are told; ask \
                         for wider ones or for less time"
                    ),
                );
                None
            }
        }
    }

    /// A time that calendars have: there is no bucket outside of these years.
    fn calendar_time(&mut self, field: &str, at: Option<prost_types::Timestamp>) -> Option<i64> {
        let at_us = self.time(field, at)?;
        if !(0..=MAX_TIME_US).contains(&at_us) {
            self.violations
                .add(field, "lies outside the years 1970 to 9999");
            return None;
        }
        Some(at_us)
    }
}

fn build_statistics(statistics: Statistics) -> pb::BuildStatistics {
    let counts = statistics.counts;
    pb::BuildStatistics {
        total: counts.total(),
        pending: counts.pending,
        running: counts.running,
        stale: counts.stale,
        completed: counts.completed,
        failed: counts.failed,
        aborted: counts.aborted,
        success_rate: counts.success_rate(),
        duration: Some(duration_statistics(statistics.durations)),
    }
}

fn duration_statistics(durations: DurationStatistics) -> pb::DurationStatistics {
    let [p50_us, p90_us, p95_us, p99_us] = durations.percentiles_us;
    pb::DurationStatistics {
        count: durations.count,
        mean_us: durations.mean_us,
        min_us: durations.min_us,
        max_us: durations.max_us,
        p50_us,
        p90_us,
        p95_us,
        p99_us,
        percentiles_approximate: durations.approximate,
    }
}
