//! `InsightService`.

use jiff::tz::TimeZone;
use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{finished_status, grouping, timestamp, trend_bucket},
    error::{Problem, status},
    now_us,
    request::Fields,
};
use crate::{
    domain::{
        rules::{FieldRules, MAX_TIME_US},
        statistics::{
            self, DurationStatistics, Grouping, MAX_BUCKETS, MAX_GROUP_BUCKETS, MAX_GROUPS,
            MAX_TREND_GROUPS, Statistics, StatisticsQuery, TrendBucket, time_zone,
        },
        status::Status as BuildStatus,
    },
    pb::{self, insight_service_server::InsightService},
};

/// The time zone of a trend, by default.
const DEFAULT_ZONE: &str = "UTC";

#[async_trait]
impl InsightService for Services {
    async fn get_build_statistics(
        &self,
        request: Request<pb::GetBuildStatisticsRequest>,
    ) -> Result<Response<pb::GetBuildStatisticsResponse>, Status> {
        use crate::domain::rules::get_build_statistics_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = StatisticsQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            scm_branch: fields.text(&rules::SCM_BRANCH, &r.scm_branch),
            source_system: fields.text(&rules::SOURCE_SYSTEM, &r.source_system),
            grouping: fields.grouping(&rules::GROUP_BY, r.group_by),
            duration_statuses: fields
                .duration_statuses(&rules::DURATION_STATUSES, &r.duration_statuses),
            stale_before_us: self.stale_before_us(),
        };
        let start_at_us = fields.time(&rules::START_AT, r.start_at);
        let end_at_us = fields.time(&rules::END_AT, r.end_at);
        // By default all builds: no build has a time outside of these.
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
        use crate::domain::rules::get_build_trend_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = StatisticsQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            scm_branch: fields.text(&rules::SCM_BRANCH, &r.scm_branch),
            source_system: fields.text(&rules::SOURCE_SYSTEM, &r.source_system),
            grouping: fields.grouping(&rules::GROUP_BY, r.group_by),
            duration_statuses: fields
                .duration_statuses(&rules::DURATION_STATUSES, &r.duration_statuses),
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
    fn grouping(&mut self, rules: &FieldRules, number: i32) -> Grouping {
        self.given(rules.name, grouping(number)).unwrap_or_default()
    }

    /// The statuses of the builds whose durations count. Not set: completed.
    fn duration_statuses(&mut self, rules: &FieldRules, numbers: &[i32]) -> Vec<BuildStatus> {
        match numbers.is_empty() {
            true => vec![BuildStatus::Completed],
            false => self.choices(rules, numbers, finished_status, BuildStatus::code),
        }
    }

    fn rises(&mut self, start_at_us: i64, end_at_us: i64) -> bool {
        if start_at_us >= end_at_us {
            self.violations.add("start_at", "must be before end_at");
        }
        start_at_us < end_at_us
    }

    /// The bounds of a trend's buckets, and the name of its time zone.
    fn trend(&mut self, request: &pb::GetBuildTrendRequest) -> Option<(Vec<i64>, String)> {
        use crate::domain::rules::get_build_trend_request as rules;

        let bucket = match trend_bucket(request.bucket) {
            Some(bucket) => self.violations.take(rules::BUCKET.name, bucket),
            None => Some(TrendBucket::Day),
        };
        let zone = self.time_zone(&rules::TIME_ZONE, &request.time_zone);
        let start_at_us = self.time(&rules::START_AT, request.start_at);
        let end_at_us = match request.end_at {
            Some(_) => self.time(&rules::END_AT, request.end_at),
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
                    rules::BUCKET.name,
                    format!(
                        "is too narrow: the time span has more than {MAX_BUCKETS} of these \
                         buckets; use a wider bucket or a shorter time span"
                    ),
                );
                None
            }
        }
    }

    fn time_zone(&mut self, rules: &FieldRules, name: &str) -> Option<(TimeZone, String)> {
        let name = self.violations.take(rules.name, rules.text(name))?;
        let zone = time_zone(name.as_deref().unwrap_or(DEFAULT_ZONE)).ok_or_else(|| {
            "must be the IANA name of a time zone, such as Europe/Berlin".to_owned()
        });
        self.violations.take(rules.name, zone)
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
