//! The cache beside a database that is a map: whatever is read, written and renamed in between,
//! it answers as the map does.

use std::collections::HashMap;

use proptest::prelude::*;

use crate::{
    domain::{precedence::Scheme, run::Origin},
    storage::read::version_cache::*,
};

const PRODUCT_ID: i64 = 7;
const FORMER_NAME: &str = "former";

fn version(id: i64, product_name: &str, written: i64) -> Version {
    Version {
        id,
        product_id: PRODUCT_ID,
        product_name: product_name.to_owned(),
        version: format!("1.{id}"),
        scheme: Scheme::Dotted,
        prerelease: false,
        precedence: Vec::new(),
        scm_sha: None,
        origin: Origin::default(),
        status: None,
        latest_build_id: None,
        latest_build_started_at_us: None,
        created_at_us: id,
        updated_at_us: written,
        readiness: None,
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A reader takes its mark and asks.
    BeginRead,
    /// The oldest reader that is still reading has its answer.
    EndRead,
    /// A write of these versions is about to commit.
    BeginWrite(Vec<i64>),
    BeginRename,
    Commit,
    EndWrite,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::BeginRead),
        4 => Just(Step::EndRead),
        2 => prop::collection::vec(1..5_i64, 0..3).prop_map(Step::BeginWrite),
        1 => Just(Step::BeginRename),
        3 => Just(Step::Commit),
        3 => Just(Step::EndWrite),
    ];
    prop::collection::vec(step, 0..60)
}

/// A write under way, and the state that it commits.
struct Write<'a> {
    next: Option<Vec<Version>>,
    _writing: Writing<'a>,
}

proptest! {
    #[test]
    fn it_answers_as_the_database_does(steps in steps()) {
        let cache = Cache::new(Engine::Sqlite);
        let mut database: Vec<Version> = (1..5).map(|id| version(id, "named", 0)).collect();
        let mut reads: Vec<(Since, Vec<Version>)> = Vec::new();
        let mut write: Option<Write<'_>> = None;
        let mut written = 0;
        for step in steps {
            match step {
                Step::BeginRead => {
                    let since = cache.since();
                    reads.push((since, database.clone()));
                }
                Step::EndRead if !reads.is_empty() => {
                    let (since, found) = reads.remove(0);
                    cache.keep(since, &found);
                    cache.keep_name(since, FORMER_NAME, PRODUCT_ID);
                }
                Step::BeginWrite(ids) if write.is_none() => {
                    written += 1;
                    let mut next = database.clone();
                    for version in next.iter_mut().filter(|v| ids.contains(&v.id)) {
                        version.updated_at_us = written;
                    }
                    let writing = cache.write(ids);
                    write = Some(Write { next: Some(next), _writing: writing });
                }
                Step::BeginRename if write.is_none() => {
                    written += 1;
                    let mut next = database.clone();
                    for version in &mut next {
                        version.product_name = format!("named {written}");
                    }
                    let writing = cache.write_any();
                    write = Some(Write { next: Some(next), _writing: writing });
                }
                Step::Commit => {
                    if let Some(next) = write.as_mut().and_then(|write| write.next.take()) {
                        database = next;
                    }
                }
                // Also before it has committed: then it has failed.
                Step::EndWrite => drop(write.take()),
                Step::EndRead | Step::BeginWrite(_) | Step::BeginRename => {}
            }
            let since = cache.since();
            for expected in &database {
                let by_id = cache.version(expected.id);
                prop_assert!(by_id.is_none_or(|found| found == *expected));
                for name in [expected.product_name.as_str(), FORMER_NAME] {
                    let by_name = cache.version_by_name(name, &expected.version);
                    prop_assert!(by_name.is_none_or(|found| found == *expected));
                }
            }
            let ids: Vec<i64> = database.iter().map(|version| version.id).collect();
            let list = cache.versions(since, &ids);
            prop_assert!(list.is_none_or(|found| found == database));
        }
    }

    #[test]
    fn it_stays_within_its_bounds(ids in prop::collection::vec(1..40_i64, 0..200)) {
        const MAX_BYTES: usize = 8 * 1024;
        let cache = Cache { max_bytes: MAX_BYTES, ..Cache::new(Engine::Sqlite) };
        for (step, id) in ids.into_iter().enumerate() {
            match step % 5 {
                0 => drop(cache.write([id])),
                _ => cache.keep(cache.since(), &[version(id, "named", 0)]),
            }
            let kept = cache.kept();
            let weights: usize = kept.versions.iter().map(|(_, version)| weight(version)).sum();
            prop_assert_eq!(kept.bytes, weights);
            prop_assert!(weights <= MAX_BYTES);
            let ids: HashMap<(i64, String), i64> = kept
                .versions
                .iter()
                .map(|(id, version)| ((version.product_id, version.version.clone()), *id))
                .collect();
            prop_assert_eq!(&kept.ids, &ids);
        }
    }
}

#[test]
fn what_was_read_lately_is_kept_longest() {
    let cache = Cache {
        max_bytes: 2 * weight(&version(1, "named", 0)),
        ..Cache::new(Engine::Sqlite)
    };
    let keep = |id| cache.keep(cache.since(), &[version(id, "named", 0)]);
    keep(1);
    keep(2);
    assert!(cache.version(1).is_some());
    keep(3);
    let kept = [1, 2, 3].map(|id| cache.version(id).is_some());
    assert_eq!(kept, [true, false, true]);
}

#[test]
fn a_list_is_answered_only_if_nothing_was_written_since_its_ids_were_read() {
    let cache = Cache::new(Engine::Sqlite);
    cache.keep(
        cache.since(),
        &[version(1, "named", 0), version(2, "named", 0)],
    );
    let since = cache.since();
    let ids = [2, 1];
    let found = cache.versions(since, &ids).unwrap();
    assert_eq!(found.iter().map(|v| v.id).collect::<Vec<_>>(), [2, 1]);
    drop(cache.write([3]));
    assert!(cache.versions(since, &ids).is_none());
    assert!(cache.versions(cache.since(), &ids).is_some());
}

#[test]
fn where_others_write_too_nothing_is_kept() {
    let cache = Cache::new(Engine::Postgres);
    assert!(!cache.since().is_known());
    cache.keep(cache.since(), &[version(1, "named", 0)]);
    assert!(cache.version(1).is_none());
}
