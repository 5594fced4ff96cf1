//! R2 and R13, rule by rule, and as properties of random identifiers.

use proptest::prelude::*;

use crate::domain::precedence::*;

#[test]
fn r2_every_example_has_its_scheme() {
    for (identifier, scheme) in [
        ("1.2.3", Scheme::Semantic),
        ("2.0.0-beta.1", Scheme::Semantic),
        ("456", Scheme::BuildNumber),
        ("a1b2c3d4e5f6", Scheme::CommitSha),
        ("2025.10.28.1", Scheme::Calendar),
        ("release-q4-2025", Scheme::Custom),
        ("api/v3.5.0", Scheme::Semantic),
    ] {
        assert_eq!(precedence(identifier).scheme, scheme, "{identifier}");
    }
}

#[test]
fn r13_every_example_has_its_scheme() {
    for (identifier, scheme) in [
        ("1.0rc1", Scheme::Dotted),
        ("18.5b0", Scheme::Dotted),
        ("release-1.2", Scheme::Dotted),
        ("v1.2", Scheme::Dotted),
        ("release-q4-2025", Scheme::Custom),
    ] {
        assert_eq!(precedence(identifier).scheme, scheme, "{identifier}");
    }
}

#[test]
fn r13_schemes_are_recognised_at_their_edges() {
    for (scheme, identifiers) in [
        (
            Scheme::Semantic,
            "0.0.0 v1.2.3 V1.2.3 1.2.3+git 1.2.3-0a.--+-- 1969.1.0 2200.1.0 2025.13.0 2025.0.1 20250.1.1 1.2.3-5-gabc1234",
        ),
        (
            Scheme::Calendar,
            "2025.10 1970.1.0 2199.12.31 2025.01 v2025.10.28-rc.1 2025.10rc1 2025-10 2025-10-28 release-2025-10-28 2025-10-28-5abc123",
        ),
        (
            Scheme::Dotted,
            "1.2 1.2.3.4 01.2.3 1-rc.1 v1-2.0 1.0+git 18b0 7a 123456rc1 20251028-1530 2025-13 02025.10 99999999999999999999.0.0",
        ),
        (
            Scheme::BuildNumber,
            "0 007 1234567 v4 build-456 20251028 2025 q4-2025 1234567890123456789012345678901234567890",
        ),
        (
            Scheme::CommitSha,
            "abcdef0 ABCDEF0 1234567a1 123456b1 0123456789abcdef0123456789abcdef01234567",
        ),
        (
            Scheme::CommitSha,
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        ),
        (
            Scheme::Custom,
            "v - . 1. .1 1..2 1.x 1.0-rc.01 1.0- 1.0+ 1.0+a+b 1.0-rc_1 1.0rc1. 1.0rc. 1!2.0 my-app-1.0 my.app-1.0 -1.0 1-1/2 1.0.Final",
        ),
        (
            Scheme::Custom,
            "abcdef 0123456789abcdef0123456789abcdef012345678 vabcdef0 main-1234567a1 v1234567a1 abcdefg latest vv1.2 1.0.0a1b2",
        ),
    ] {
        for identifier in identifiers.split(' ') {
            assert_eq!(precedence(identifier).scheme, scheme, "{identifier}");
        }
    }
    assert_eq!(precedence("").scheme, Scheme::Custom);
    assert_eq!(precedence("1.٣").scheme, Scheme::Custom);
}

#[test]
fn r13_commits_and_custom_identifiers_have_no_order_but_time() {
    for identifier in ["a1b2c3d4e5f6", "release-q4-2025", "1!2.0", ""] {
        assert_eq!(precedence(identifier).key, None, "{identifier}");
    }
}

#[test]
fn r13_numbered_schemes_share_one_order() {
    assert_ascending(
        "0 1-rc.1 1 1.0.1 v1.2 release-1.2.1 1.2.10 18.5b0 18.5 456 2025.9 2025-10-28 2025.10.28.1 2025.11.0 20251028",
    );
}

#[test]
fn r13_a_missing_part_is_zero() {
    assert_equal("1 1.0 1.0.0 v1 01.0.0.0 release-1");
    assert_equal("0 0.0.0 00");
    assert_equal("1.0-rc.1 1-rc.1 1.0.0.0-rc.1");
}

#[test]
fn r13_numbers_of_any_length_are_compared_as_numbers() {
    let numbers: Vec<String> = [1, 2, 19, 20, 21, 222, 223, 224, 225, 255, 256, 70_000]
        .iter()
        .flat_map(|digits| [format!("1{}", "0".repeat(digits - 1)), "9".repeat(*digits)])
        .collect();
    assert_ascending(&numbers.join(" "));
    let prereleases: Vec<String> = numbers.iter().map(|number| format!("1-{number}")).collect();
    assert_ascending(&format!("{} 1-a 1", prereleases.join(" ")));
}

#[test]
fn r13_prereleases_behind_a_hyphen_follow_semver() {
    assert_ascending(
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0",
    );
    assert_ascending("1.0-1 1.0-2 1.0-10 1.0-RC 1.0-dev1 1.0-rc1 1.0-rc10 1.0-rc2 1.0");
    assert_equal("1.0-rc.1 1.0.0-rc.1+git");
}

#[test]
fn r13_python_suffixes_sort_as_python_sorts_them() {
    assert_ascending(
        "1.0.dev1 1.0a1.dev1 1.0a1 1.0a1.post2.dev3 1.0a1.post2 1.0b1 1.0rc1 1.0rc2 1.0rc10 1.0 1.0.post1.dev2 1.0.post1 1.0.post2 1.0.1.dev0",
    );
    assert_equal("1.0a1 1.0alpha1 1.0.A.1 1.0_Alpha-1 v1.0a01");
    assert_equal("1.0b0 1.0b 1.0.beta");
    assert_equal("1.0rc1 1.0c1 1.0pre1 1.0preview1 1.0RC_1");
    assert_equal("1.0.post1 1.0post1 1.0r1 1.0_rev.1 1.0.POST-1");
    assert_equal("1.0rc1.post2 1.0rc1-2 1.0rc1-post2");
}

#[test]
fn r13_both_ways_of_writing_prereleases_interleave() {
    assert_equal("1.0rc1 1.0-rc.1 1.0.0-rc.1");
    assert_ascending(
        "1.0.dev9 1.0-0 1.0-alpha 1.0a0 1.0-alpha.1 1.0a2 1.0-beta.1 1.0b2 1.0-rc.1 1.0rc2 1.0-rc.3 1.0",
    );
}

#[test]
fn r13_build_metadata_does_not_count() {
    assert_equal("1.2.3 1.2.3+git 1.2.3+001.a-b v1.2.3+zzz 1.2.3.0+git");
    assert_equal("1.0rc1 1.0rc1+cu118");
}

#[test]
fn r13_hyphens_of_a_date_part_its_numbers() {
    assert_equal("2025-10-28 2025.10.28 release-2025-10-28");
    assert_equal("2025-1-05 2025.01.5");
    assert_equal("2025-10-28-1 2025-10-28.1 2025.10.28.1");
    assert_equal("2025-10-28rc1 2025-10-28-rc.1 2025.10.28-rc.1");
    assert_equal("2025-10-28-5abc123 2025.10.28-5abc123");
    assert_ascending("2025-9 2025-10-9 2025-10-28-5abc123 2025-10-28 2025-10-28-1 2025-10-28-1530");
    assert!(!precedence("2025-10-28-1").prerelease);
}

#[test]
fn r13_a_leading_word_does_not_disturb() {
    assert_equal("1.2 v1.2 release-1.2 release-v1.2 api/V1.2 r2d2_1.2 v/1.2 v2/1.2 größe-1.2");
    assert_equal("v1-2.0 1-2.0");
}

#[test]
fn r13_prereleases_and_development_versions_are_told_from_releases() {
    for identifier in "1.0-rc.1 2.0.0-beta.1 1.0rc1 18.5b0 1.0.dev3 1.0a1.post2 1.0.post1.dev1 2025-10-28-rc.1 1.0-1".split(' ') {
        assert!(precedence(identifier).prerelease, "{identifier}");
    }
    for identifier in
        "1.0 1.2.3+rc 1.0.post1 456 2025-10-28 2025.10.28.1 a1b2c3d4e5f6 release-q4-2025 beta-1.2"
            .split(' ')
    {
        assert!(!precedence(identifier).prerelease, "{identifier}");
    }
}

proptest! {
    #[test]
    fn r2_any_text_is_taken(text in any::<String>(), near in "[vV]?[-_./+!0-9a-fpostdevr\u{e9}]{0,80}") {
        for identifier in [text, near] {
            let Precedence { scheme, prerelease, key } = precedence(&identifier);
            prop_assert_eq!(key.is_none(), matches!(scheme, Scheme::CommitSha | Scheme::Custom));
            prop_assert!(key.is_some() || !prerelease);
        }
    }

    #[test]
    fn r13_order_of_semantic_versions_is_semvers(a in semantic(), b in semantic()) {
        let order = key(&a).cmp(&key(&b));
        prop_assert_eq!(order, parsed(&a).cmp_precedence(&parsed(&b)));
        prop_assert_eq!(precedence(&a).prerelease, !parsed(&a).pre.is_empty());
    }

    #[test]
    fn r13_a_leading_v_changes_nothing(version in prop_oneof![semantic(), dotted()]) {
        prop_assert_eq!(precedence(&format!("v{version}")), precedence(&version));
    }

    #[test]
    fn r13_trailing_zero_parts_change_nothing(numbers in numbers(), suffix in suffix(), zeros in 0..4_usize) {
        let longer = format!("{numbers}{}{suffix}", ".0".repeat(zeros));
        prop_assert_eq!(key(&longer), key(&format!("{numbers}{suffix}")));
    }

    #[test]
    fn r13_numbers_are_compared_part_by_part(a in prop::collection::vec(any::<u32>(), 1..5), b in prop::collection::vec(0..3_u32, 1..5), c in prop::collection::vec(0..3_u32, 1..5)) {
        let joined = |parts: &[u32]| parts.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
        let padded = |parts: &[u32]| [parts, &[0; 5][parts.len()..]].concat();
        for (x, y) in [(&a, &b), (&b, &c)] {
            prop_assert_eq!(key(&joined(x)).cmp(&key(&joined(y))), padded(x).cmp(&padded(y)));
        }
    }
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![(0..3_u64), (0..2000_u64), any::<u64>()].prop_map(|n| n.to_string())
}

fn numbers() -> impl Strategy<Value = String> {
    prop::collection::vec(number(), 1..6).prop_map(|parts| parts.join("."))
}

/// Few words, so that many pairs are equal or differ late.
fn prerelease() -> impl Strategy<Value = String> {
    let identifier = prop_oneof![
        number(),
        "[0-2]?[-aB]{1,2}[01]?",
        "rc1?|alpha",
        "[0-9A-Za-z-]*[A-Za-z-]"
    ];
    prop::collection::vec(identifier, 0..4).prop_map(|list| match list.as_slice() {
        [] => String::new(),
        list => format!("-{}", list.join(".")),
    })
}

fn semantic() -> impl Strategy<Value = String> {
    let numbers = prop_oneof![
        3 => Just("1.0.0".to_owned()),
        2 => prop::collection::vec(number(), 3).prop_map(|parts| parts.join(".")),
    ];
    (numbers, prerelease(), "|\\+[0-9A-Za-z-]{1,5}")
        .prop_map(|(numbers, pre, metadata)| numbers + &pre + &metadata)
}

fn suffix() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "(-rc\\.1|rc1|\\.dev2|\\.post1)(\\+git)?"
    ]
}

fn dotted() -> impl Strategy<Value = String> {
    (numbers(), suffix()).prop_map(|(numbers, suffix)| numbers + &suffix)
}

fn parsed(version: &str) -> Version {
    Version::parse(version).expect("the strategy makes valid versions")
}

fn key(identifier: &str) -> Vec<u8> {
    precedence(identifier)
        .key
        .unwrap_or_else(|| panic!("not numbered: {identifier}"))
}

fn assert_ascending(identifiers: &str) {
    let keys: Vec<_> = identifiers
        .split(' ')
        .map(|identifier| (identifier, key(identifier)))
        .collect();
    for pair in keys.windows(2) {
        assert!(pair[0].1 < pair[1].1, "{} < {}", pair[0].0, pair[1].0);
    }
}

fn assert_equal(identifiers: &str) {
    let keys: Vec<_> = identifiers
        .split(' ')
        .map(|identifier| (identifier, key(identifier)))
        .collect();
    for pair in keys.windows(2) {
        assert_eq!(pair[0].1, pair[1].1, "{} = {}", pair[0].0, pair[1].0);
    }
}

#[test]
fn r13_a_plus_that_an_image_tag_wrote_out_begins_metadata() {
    let written_out = precedence("v3.2.0_plus_git");
    assert_eq!(written_out.key, precedence("v3.2.0+git").key);
    assert!(written_out.key.is_some());
    assert_eq!(precedence("v3.2.0_plus_").scheme, Scheme::Custom);
}
