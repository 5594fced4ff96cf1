//! Folds the event log anew, as a second reader of it would, and compares with what the store
//! shows (I4). Knows the domain's fold, and nothing of how the store keeps its rows.

use std::collections::BTreeMap;

use versioner::{
    domain::{
        deployment::DeploymentClass,
        event::{Event, Subject},
        query::{BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, VersionQuery},
        resource::{Content, Entry, RunState, Version},
        run::{Key, Occurrence, Run, Stream},
        status::Status,
    },
    storage::Store,
};

use crate::{ask::Ask, database::Database, statistics::assert_statistics};

/// What a stream of events is about: version, environment, instance, commit, check.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Builds(i64),
    Deployments(i64, i64, String),
    Check(Option<i64>, Option<String>, String, Option<i64>),
}

struct Folded {
    stream: Stream,
    /// The position of its first accepted event.
    id: i64,
    /// By position, the run that each event is in.
    run_of: BTreeMap<i64, i64>,
}

/// Compares all that the store shows of a product with what its log comes to.
pub(crate) async fn assert_equals_the_fold_of_the_log(
    store: &Store,
    database: &Database,
    product: &str,
) {
    let of_product = EntryQuery {
        product_name: Some(product.to_owned()),
        ..EntryQuery::default()
    };
    let entries = store.in_pages(&of_product, 100).await;
    let folded = fold(&entries);
    assert_builds(store, product, &folded).await;
    assert_deployments(store, product, &folded).await;
    assert_checks(store, product, &folded).await;
    assert_versions(store, product, &entries, &folded).await;
    let is_build = |of: &Of| matches!(of, Of::Builds(_));
    let builds = folded.iter().filter(|(of, _)| is_build(of));
    let runs: Vec<&Run> = builds.flat_map(|(_, f)| &f.stream.runs).collect();
    assert_statistics(store, product, &runs).await;
    assert_facts(database, &entries, &folded).await;
    for entry in &entries {
        let of = &folded[&of(entry)];
        let subject_id = match event(entry).subject {
            Subject::Check => of.id,
            _ => of.run_of[&entry.position],
        };
        assert_eq!(
            entry.subject_id,
            Some(subject_id),
            "of entry {}",
            entry.position
        );
    }
}

fn event(entry: &Entry) -> &Event {
    match &entry.content {
        Some(Content::Event(event)) => event,
        other => panic!("the entry {} is no event: {other:?}", entry.position),
    }
}

fn of(entry: &Entry) -> Of {
    let event = event(entry);
    let version_id = entry.version_id;
    match event.subject {
        Subject::Version => Of::Builds(version_id.unwrap()),
        Subject::Deployment => Of::Deployments(
            version_id.unwrap(),
            entry.environment_id.unwrap(),
            event.instance.clone(),
        ),
        Subject::Check => Of::Check(
            version_id,
            event
                .details
                .scm_sha
                .clone()
                .filter(|_| version_id.is_none()),
            event.check_name.clone().unwrap(),
            entry.environment_id,
        ),
    }
}

fn fold(entries: &[Entry]) -> BTreeMap<Of, Folded> {
    let mut streams: BTreeMap<Of, Vec<Occurrence>> = BTreeMap::new();
    for entry in entries {
        let event = event(entry);
        streams.entry(of(entry)).or_default().push(Occurrence {
            position: entry.position,
            key: Key {
                occurred_at_us: entry.occurred_at_us,
                rank: event.status.rank(),
                event_id: entry.event_id.clone(),
            },
            event: event.clone(),
        });
    }
    streams
        .into_iter()
        .map(|(of, occurrences)| {
            let (stream, run_ids) = Stream::fold(&occurrences);
            let positions = occurrences.iter().map(|o| o.position);
            let folded = Folded {
                stream,
                id: occurrences[0].position,
                run_of: positions.zip(run_ids).collect(),
            };
            (of, folded)
        })
        .collect()
}

type Rows = BTreeMap<i64, String>;

fn shown(of: impl std::fmt::Debug, state: &RunState) -> String {
    format!("{of:?} {state:#?}")
}

async fn assert_builds(store: &Store, product: &str, folded: &BTreeMap<Of, Folded>) {
    let query = BuildQuery {
        product_name: Some(product.to_owned()),
        ..BuildQuery::default()
    };
    let builds = store.in_pages(&query, 100).await.into_iter();
    let rows: Rows = builds
        .map(|b| (b.id, shown(Of::Builds(b.version_id), &b.run)))
        .collect();
    let is_build = |of: &Of| matches!(of, Of::Builds(_));
    assert_eq!(rows, expected(folded, is_build));
}

async fn assert_deployments(store: &Store, product: &str, folded: &BTreeMap<Of, Folded>) {
    let query = DeploymentQuery {
        product_name: Some(product.to_owned()),
        ..DeploymentQuery::default()
    };
    let deployments = store.in_pages(&query, 100).await;
    let classes: BTreeMap<i64, DeploymentClass> = deployments
        .iter()
        .filter_map(|d| Some((d.id, d.class?)))
        .collect();
    assert_eq!(classes, expected_classes(store, product, folded).await);
    let current: Vec<i64> = deployments
        .iter()
        .filter(|d| d.current)
        .map(|d| d.id)
        .collect();
    let rows: Rows = deployments
        .into_iter()
        .map(|d| {
            let of = Of::Deployments(d.version_id, d.environment_id, d.instance);
            (d.id, shown(of, &d.run))
        })
        .collect();
    let is_deployment = |of: &Of| matches!(of, Of::Deployments(..));
    assert_eq!(rows, expected(folded, is_deployment));

    // R11: of each place the completed one with the latest completion.
    let mut latest: BTreeMap<(i64, &str), &Run> = BTreeMap::new();
    let by_completion = |run: &Run| (run.completed_at_us, run.last.clone());
    for (of, folded) in folded {
        let Of::Deployments(_, environment_id, instance) = of else {
            continue;
        };
        for run in &folded.stream.runs {
            if run.status != Status::Completed {
                continue;
            }
            let best = latest.entry((*environment_id, instance)).or_insert(run);
            if by_completion(run) > by_completion(best) {
                *best = run;
            }
        }
    }
    let mut expected: Vec<i64> = latest.values().map(|run| run.id).collect();
    let mut current = current;
    expected.sort_unstable();
    current.sort_unstable();
    assert_eq!(current, expected, "are current");
}

/// The classes, from the first to the last at each place (R11, R13).
async fn expected_classes(
    store: &Store,
    product: &str,
    folded: &BTreeMap<Of, Folded>,
) -> BTreeMap<i64, DeploymentClass> {
    let query = VersionQuery {
        product_name: Some(product.to_owned()),
        ..VersionQuery::default()
    };
    let versions = store.in_pages(&query, 100).await.into_iter();
    let versions: BTreeMap<i64, Version> = versions.map(|v| (v.id, v)).collect();
    let is_later = |one: &Version, other: &Version| {
        let is_numbered = !one.precedence.is_empty() && !other.precedence.is_empty();
        if is_numbered && one.precedence != other.precedence {
            one.precedence > other.precedence
        } else {
            (one.created_at_us, &one.version) > (other.created_at_us, &other.version)
        }
    };
    let mut places: BTreeMap<(i64, &str), Vec<(&Run, i64)>> = BTreeMap::new();
    for (of, folded) in folded {
        if let Of::Deployments(version_id, environment_id, instance) = of {
            let completed = folded.stream.runs.iter();
            let completed = completed.filter(|run| run.status == Status::Completed);
            let place = places.entry((*environment_id, instance)).or_default();
            place.extend(completed.map(|run| (run, *version_id)));
        }
    }
    let mut classes = BTreeMap::new();
    for completed in places.values_mut() {
        let last = |run: &Run| (run.last.occurred_at_us, run.last.event_id.clone());
        completed.sort_by_key(|(run, _)| (run.completed_at_us, last(run)));
        let mut seen: Vec<i64> = Vec::new();
        for (run, version_id) in completed {
            let class = match seen.last() {
                None => DeploymentClass::First,
                Some(current) if current == version_id => DeploymentClass::Redeploy,
                Some(current) if is_later(&versions[version_id], &versions[current]) => {
                    DeploymentClass::Upgrade
                }
                _ if seen.contains(version_id) => DeploymentClass::Rollback,
                _ => DeploymentClass::Downgrade,
            };
            seen.push(*version_id);
            classes.insert(run.id, class);
        }
    }
    classes
}

async fn assert_checks(store: &Store, product: &str, folded: &BTreeMap<Of, Folded>) {
    let query = CheckQuery {
        product_name: Some(product.to_owned()),
        ..CheckQuery::default()
    };
    let checks = store.in_pages(&query, 100).await.into_iter();
    let rows: Rows = checks
        .map(|c| {
            let version_id = c.version.map(|version| version.0);
            let environment_id = c.environment.map(|environment| environment.0);
            let of = Of::Check(version_id, c.scm_sha, c.check_name, environment_id);
            (c.id, shown(of, &c.run))
        })
        .collect();
    let checks = folded.iter().filter(|(of, _)| matches!(of, Of::Check(..)));
    let expected: Rows = checks
        .map(|(of, folded)| {
            let latest = folded.stream.latest().unwrap();
            (folded.id, shown(of, &RunState::from(latest)))
        })
        .collect();
    assert_eq!(rows, expected);
}

fn expected(folded: &BTreeMap<Of, Folded>, wanted: impl Fn(&Of) -> bool) -> Rows {
    let wanted = folded.iter().filter(|(of, _)| wanted(of));
    wanted
        .flat_map(|(of, folded)| {
            let runs = folded.stream.runs.iter();
            runs.map(move |run| (run.id, shown(of, &RunState::from(run))))
        })
        .collect()
}

async fn assert_versions(
    store: &Store,
    product: &str,
    entries: &[Entry],
    folded: &BTreeMap<Of, Folded>,
) {
    let query = VersionQuery {
        product_name: Some(product.to_owned()),
        ..VersionQuery::default()
    };
    for version in store.in_pages(&query, 100).await {
        let of_version = || entries.iter().filter(|e| e.version_id == Some(version.id));
        let first = of_version().next().unwrap();
        assert_eq!(version.id, first.position);
        assert_eq!(Some(&version.version), event(first).version.as_ref());
        let created_at_us = of_version().map(|e| e.occurred_at_us).min();
        assert_eq!(Some(version.created_at_us), created_at_us);
        let updated_at_us = of_version().map(|e| e.received_at_us).max();
        assert_eq!(Some(version.updated_at_us), updated_at_us);
        let shas = of_version().filter_map(|e| event(e).details.scm_sha.as_ref());
        assert_eq!(version.scm_sha.as_ref(), shas.max_by_key(|sha| sha.len()));

        let builds = folded.get(&Of::Builds(version.id)).map(|f| &f.stream);
        let latest = builds.and_then(Stream::latest);
        assert_eq!(version.status, latest.map(|run| run.status));
        assert_eq!(version.latest_build_id, latest.map(|run| run.id));
        let started_at_us = latest.and_then(Run::started_at_us);
        assert_eq!(version.latest_build_started_at_us, started_at_us);
        let origin = builds.map(|stream| stream.origin.clone());
        assert_eq!(version.origin, origin.unwrap_or_default());
    }
}

/// What the next fold and the statistics go by is not shown, but kept with each run.
async fn assert_facts(database: &Database, entries: &[Entry], folded: &BTreeMap<Of, Folded>) {
    let Some(product_id) = entries.first().and_then(|e| e.product_id) else {
        return;
    };
    let tables = ["builds", "deployments", "check_runs"];
    let select = tables.map(|table| {
        format!(
            "select id || ' ' || first_event_id || ' ' || last_event_id || ' ' || details
             from {table} where product_id = {product_id}"
        )
    });
    let mut kept = database.texts(&select.join(" union all ")).await;
    let runs = folded.values().flat_map(|folded| &folded.stream.runs);
    let mut expected: Vec<String> = runs
        .map(|run| {
            let facts = serde_json::to_string(&run.facts).unwrap();
            let (first, last) = (&run.first.event_id, &run.last.event_id);
            format!("{} {first} {last} {facts}", run.id)
        })
        .collect();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
}
