//! Statistics of builds (R16), against a count of the builds one by one. Knows nothing of roll-ups but
//! that they must come out the same when they are made anew.

use versioner::{
    domain::{
        run::Run,
        statistics::{
            Counts, DurationStatistics, Grouping, MAX_GROUPS, Statistics, StatisticsQuery,
            StatisticsReport, TrendBucket, bounds, time_zone,
        },
        status::Status,
    },
    storage::Store,
};

use crate::report::{DAY_US, HOUR_US, MINUTE_US, T0_US};

/// Statistics of all builds of a product, not grouped.
pub(crate) fn of_product(product: &str) -> StatisticsQuery {
    StatisticsQuery {
        product_name: Some(product.to_owned()),
        scm_branch: None,
        source_system: None,
        grouping: Grouping::None,
        duration_statuses: vec![Status::Completed],
        stale_before_us: T0_US + HOUR_US,
    }
}

/// All that is told of a span without buckets.
pub(crate) async fn whole(store: &Store, query: &StatisticsQuery) -> Statistics {
    let report = store
        .build_statistics(query, &[0, i64::MAX], MAX_GROUPS)
        .await;
    report.unwrap().all.pop().unwrap()
}

/// Compares what is told of a product's builds with a count of them.
pub(crate) async fn assert_statistics(store: &Store, product: &str, builds: &[&Run]) {
    let spans = [
        vec![0, i64::MAX],
        vec![T0_US + 7 * MINUTE_US + 1, T0_US + HOUR_US],
        vec![T0_US - 40 * DAY_US, T0_US, T0_US + 1, T0_US + 40 * DAY_US],
        trend("Asia/Kathmandu", TrendBucket::Hour),
        trend("Australia/Lord_Howe", TrendBucket::Day),
        trend("UTC", TrendBucket::Month),
    ];
    let groupings = [
        Grouping::None,
        Grouping::Branch,
        Grouping::SourceSystem,
        Grouping::Product,
    ];
    for (number, span) in spans.iter().enumerate() {
        for (grouping, branch) in groupings
            .into_iter()
            .zip([None, None, Some("main"), Some("dev")])
        {
            let query = StatisticsQuery {
                grouping,
                scm_branch: branch.map(str::to_owned),
                duration_statuses: match number % 2 {
                    0 => vec![Status::Completed],
                    _ => vec![Status::Completed, Status::Failed, Status::Aborted],
                },
                ..of_product(product)
            };
            let told = store.build_statistics(&query, span, 2).await.unwrap();
            assert_eq!(
                told,
                count(&query, product, span, builds, 2),
                "{query:?} {span:?}"
            );
        }
    }
}

/// Three days around the beginning, cut by the calendar of a zone.
fn trend(zone: &str, bucket: TrendBucket) -> Vec<i64> {
    let zone = time_zone(zone).unwrap().0;
    let (from_us, to_us) = (T0_US - DAY_US - 17 * MINUTE_US, T0_US + 2 * DAY_US);
    bounds(from_us, to_us, bucket, &zone).unwrap()
}

/// What has to be told, counted build by build.
fn count(
    query: &StatisticsQuery,
    product: &str,
    bounds_us: &[i64],
    builds: &[&Run],
    max_groups: usize,
) -> StatisticsReport {
    let filter = query.scm_branch.as_deref();
    let builds: Vec<&Run> = builds
        .iter()
        .copied()
        .filter(|run| filter.is_none() || run.facts.details.scm_branch.as_deref() == filter)
        .collect();
    let name = |run: &Run| -> String {
        let details = &run.facts.details;
        match query.grouping {
            Grouping::None => String::new(),
            Grouping::Product => product.to_owned(),
            Grouping::Branch => details.scm_branch.clone().unwrap_or_default(),
            Grouping::SourceSystem => details.source_system.clone().unwrap_or_default(),
        }
    };
    let of = |group: Option<&str>| -> Vec<Statistics> {
        let buckets = bounds_us.windows(2).map(|bucket| {
            let inside = builds.iter().copied().filter(|run| {
                (bucket[0]..bucket[1]).contains(&moment_us(run))
                    && group.is_none_or(|group| name(run) == group)
            });
            one_by_one(query, &inside.collect::<Vec<_>>())
        });
        buckets.collect()
    };
    let mut names: Vec<String> = builds.iter().copied().map(name).collect();
    names.sort();
    names.dedup();
    let mut groups: Vec<(String, Vec<Statistics>)> = names
        .into_iter()
        .map(|name| (name.clone(), of(Some(&name))))
        .filter(|(_, of_group)| total(of_group) > 0 && query.grouping != Grouping::None)
        .collect();
    groups.sort_by_key(|(name, of_group)| (-total(of_group), name.clone()));
    let groups_truncated = groups.len() > max_groups;
    groups.truncate(max_groups);
    StatisticsReport {
        all: of(None),
        groups,
        groups_truncated,
    }
}

fn total(buckets: &[Statistics]) -> i64 {
    buckets.iter().map(|s| s.counts.total()).sum()
}

fn moment_us(run: &Run) -> i64 {
    let began_us = run.started_at_us().unwrap_or(run.first.occurred_at_us);
    run.completed_at_us.unwrap_or(began_us)
}

fn one_by_one(query: &StatisticsQuery, builds: &[&Run]) -> Statistics {
    let with = |status| builds.iter().filter(move |run| run.status == status);
    let number = |status| with(status).count() as i64;
    let is_stale = |run: &&&Run| run.started_at_us().unwrap() < query.stale_before_us;
    let stale = with(Status::Started).filter(is_stale).count() as i64;
    let mut durations: Vec<i64> = builds
        .iter()
        .filter(|run| query.duration_statuses.contains(&run.status))
        .filter_map(|run| duration_us(run))
        .collect();
    durations.sort_unstable();
    let nearest_rank = |percent: usize| {
        let rank = (percent * durations.len()).div_ceil(100);
        durations.get(rank.wrapping_sub(1)).copied()
    };
    let sum: i64 = durations.iter().sum();
    Statistics {
        counts: Counts {
            pending: number(Status::Pending),
            running: number(Status::Started) - stale,
            stale,
            completed: number(Status::Completed),
            failed: number(Status::Failed),
            aborted: number(Status::Aborted),
        },
        durations: DurationStatistics {
            count: durations.len() as i64,
            mean_us: (!durations.is_empty()).then(|| sum as f64 / durations.len() as f64),
            min_us: durations.first().copied(),
            max_us: durations.last().copied(),
            percentiles_us: [50, 90, 95, 99].map(nearest_rank),
            approximate: false,
        },
    }
}

fn duration_us(run: &Run) -> Option<i64> {
    let finish = run.facts.finish.as_ref()?;
    let by_two = run.facts.start_event_id.as_deref() != Some(finish.event_id.as_str());
    let duration_us = run.completed_at_us? - run.started_at_us()?;
    (duration_us >= 0 && (by_two || run.facts.finish_gave_start)).then_some(duration_us)
}
