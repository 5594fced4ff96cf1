//! R13 against orders made by other implementations: Python's `packaging` and npm's `semver`.
//! The fixtures and the scripts that make them are in `fixtures/order/`.

use versioner::domain::precedence::{Precedence, precedence};

#[test]
fn r13_pip_releases_sort_as_pythons_packaging_sorts_them() {
    assert_ascending(PIP);
}

#[test]
fn r13_etcd_releases_sort_as_npms_semver_sorts_them() {
    assert_ascending(ETCD);
}

#[test]
fn r13_tokio_releases_sort_as_npms_semver_sorts_them() {
    assert_ascending(TOKIO);
}

#[test]
fn r13_python_versions_sort_as_pythons_packaging_sorts_them() {
    assert_ascending(include_str!("fixtures/order/pep440.txt"));
}

#[test]
fn r13_semantic_versions_sort_as_npms_semver_sorts_them() {
    assert_ascending(include_str!("fixtures/order/semver.txt"));
}

#[test]
fn r13_latest_leaves_prereleases_out() {
    assert_eq!(latest(PIP), "26.2.1");
    assert_eq!(latest(ETCD), "v3.7.1");
    assert_eq!(latest(TOKIO), "1.53.1");
}

const PIP: &str = include_str!("fixtures/order/pip.txt");
const ETCD: &str = include_str!("fixtures/order/etcd.txt");
const TOKIO: &str = include_str!("fixtures/order/tokio.txt");

/// Each line is one rank: its identifiers are equal, and above all of the line before.
fn assert_ascending(fixture: &str) {
    let mut before: Option<(&str, Vec<u8>)> = None;
    for line in fixture.lines() {
        let mut keys = line.split(' ').map(key);
        let first = keys.next().expect("a line has an identifier");
        assert!(keys.all(|key| key == first), "not equal: {line}");
        if let Some((lower, key)) = before {
            assert!(key < first, "not ascending: {lower} < {line}");
        }
        before = Some((line, first));
    }
    assert!(before.is_some(), "an empty fixture proves nothing");
}

fn key(identifier: &str) -> Vec<u8> {
    precedence(identifier)
        .key
        .unwrap_or_else(|| panic!("not numbered: {identifier}"))
}

/// The order of the lines is not used, only the identifiers.
fn latest(fixture: &str) -> &str {
    let ranked = |identifier| match precedence(identifier) {
        Precedence {
            prerelease: true, ..
        } => None,
        Precedence { key, .. } => Some((key, identifier)),
    };
    let (_, identifier) = fixture
        .split_whitespace()
        .filter_map(ranked)
        .max()
        .expect("a release in the fixture");
    identifier
}
