//! Readiness as a second reader of the log would find it: each gate folded from all its events at
//! once (R17). Knows the domain, and nothing of how the store reads its rows.

use std::collections::BTreeMap;

use versioner::{
    domain::{
        commit,
        environment::EnvironmentType,
        event::{Event, Subject},
        query::{EntryQuery, VersionQuery},
        readiness::{Assessment, CheckState, Evidence, LatestBuild, assess},
        requirements::{Requirements, SecurityLimits},
        resource::{Content, Entry, Environment, Version},
        run::{Key, Occurrence, Stream},
    },
    storage::Store,
};

use crate::{
    ask::Ask,
    report::{HOUR_US, T0_US},
};

const NOW_US: i64 = T0_US + 12 * HOUR_US;

/// The readiness of each version of a product, for no environment and for two; without ids, and
/// compared with what its log comes to.
pub(crate) async fn assert_readiness_follows_from_the_log(store: &Store, product: &str) -> String {
    let of_product = EntryQuery {
        product_name: Some(product.to_owned()),
        ..EntryQuery::default()
    };
    let entries = store.in_pages(&of_product, 100).await;
    let versions = VersionQuery {
        product_name: Some(product.to_owned()),
        ..VersionQuery::default()
    };
    let versions = store.in_pages(&versions, 100).await;
    let mut shown = String::new();
    for name in ["", "dev", "qa"] {
        let environment = match name {
            "" => None,
            name => demanding(store, name).await,
        };
        let assessed = store.assess(versions.clone(), environment.as_ref(), NOW_US);
        let mut told: Vec<(String, Assessment)> = Vec::new();
        for version in assessed.await.unwrap() {
            let read = without_ids(version.readiness.clone().unwrap());
            let folded = without_ids(expected(&version, environment.as_ref(), &entries));
            assert_eq!(read, folded, "{} for {name}", version.version);
            let alone = store.assess(vec![version.clone()], environment.as_ref(), NOW_US);
            assert_eq!(alone.await.unwrap(), std::slice::from_ref(&version));
            told.push((version.version, read));
        }
        told.sort_by(|a, b| a.0.cmp(&b.0));
        shown += &format!("for {name}: {told:#?}\n");
    }
    shown
}

/// The environment as if it required every check and limited findings, where it is known.
async fn demanding(store: &Store, name: &str) -> Option<Environment> {
    let id = store.environment_id(name).await.ok()?;
    Some(Environment {
        id,
        name: name.to_owned(),
        kind: EnvironmentType::Other,
        description: String::new(),
        aliases: Vec::new(),
        created_at_us: 0,
        updated_at_us: 0,
        requirements: Requirements {
            required_checks: ["scan", "unit"].map(str::to_owned).to_vec(),
            security_limits: Some(SecurityLimits {
                high: Some(2),
                ..SecurityLimits::default()
            }),
        },
    })
}

fn without_ids(mut assessment: Assessment) -> Assessment {
    for condition in &mut assessment.conditions {
        condition.evidence = None;
    }
    assessment
}

fn expected(version: &Version, environment: Option<&Environment>, entries: &[Entry]) -> Assessment {
    let mut builds = Vec::new();
    let mut gates: BTreeMap<(&str, bool), Vec<Occurrence>> = BTreeMap::new();
    for entry in entries {
        let Some(Content::Event(event)) = &entry.content else {
            panic!("the entry {} is no event", entry.position);
        };
        let is_its_own = entry.version_id == Some(version.id);
        match event.subject {
            Subject::Version if is_its_own => builds.push(occurrence(entry, event)),
            Subject::Check if is_its_own || is_of_commit(version, entry, event) => {
                let for_environment = match (entry.environment_id, environment) {
                    (None, _) => false,
                    (Some(id), Some(environment)) if id == environment.id => true,
                    _ => continue,
                };
                let name = event.check_name.as_deref().unwrap();
                let gate = gates.entry((name, for_environment)).or_default();
                gate.push(occurrence(entry, event));
            }
            _ => {}
        }
    }
    let finished = Stream::fold(&builds).0.runs.into_iter();
    let finished = finished.filter(|run| run.status.is_finished());
    let evidence = Evidence {
        build: match finished.max_by(|a, b| a.first.cmp(&b.first)) {
            Some(run) => LatestBuild::Finished(Box::new(run)),
            None if builds.is_empty() => LatestBuild::None,
            None => LatestBuild::Unfinished,
        },
        checks: gates
            .into_iter()
            .map(|((name, for_environment), events)| {
                let stream = Stream::fold(&events).0;
                let latest = stream.latest().unwrap();
                CheckState::new(0, name.to_owned(), for_environment, latest)
            })
            .collect(),
    };
    let requirements = environment.map(|e| e.requirements.clone());
    let name = environment.map(|e| e.name.as_str());
    assess(&evidence, &requirements.unwrap_or_default(), name, NOW_US)
}

fn is_of_commit(version: &Version, entry: &Entry, event: &Event) -> bool {
    let shas = version.scm_sha.as_ref().zip(event.details.scm_sha.as_ref());
    entry.version_id.is_none() && shas.is_some_and(|(mine, its)| commit::same(mine, its))
}

fn occurrence(entry: &Entry, event: &Event) -> Occurrence {
    Occurrence {
        position: entry.position,
        key: Key {
            occurred_at_us: entry.occurred_at_us,
            rank: event.status.rank(),
            event_id: entry.event_id.clone(),
        },
        event: event.clone(),
    }
}
