//! A version's commit is permanent (R3), and finds it (R14).

use versioner::{
    domain::query::VersionQuery,
    storage::{Conflict, Error, Store},
};

use crate::{
    ask::Ask,
    report::{PRODUCT, build, check, deployment},
};

pub(crate) async fn r3_another_commit_is_refused_and_changes_nothing(store: Store) {
    store.accept(build("1.0").sha("aaaaaaaa")).await;
    let before = store.everything().await;
    for report in [build("1.0"), deployment("1.0", "dev"), check("1.0", "unit")] {
        let error = store.refuse(report.sha("bbbbbbbb")).await;
        let Error::Conflict(conflict) = error else {
            panic!("{error}");
        };
        let expected = Conflict::Commit {
            product_name: PRODUCT.to_owned(),
            version: "1.0".to_owned(),
            recorded: "aaaaaaaa".to_owned(),
            given: "bbbbbbbb".to_owned(),
        };
        assert_eq!(conflict, expected);
        assert_eq!(store.everything().await, before);
    }
    store.accept(build("2.0").sha("bbbbbbbb")).await;
    store.accept(build("1.0")).await;
    assert_eq!(store.find("1.0").await.scm_sha.as_deref(), Some("aaaaaaaa"));
}

pub(crate) async fn r3_seven_hex_digits_are_the_same_commit_and_the_longer_form_is_kept(
    store: Store,
) {
    let sha = async |version| store.find(version).await.scm_sha.unwrap();
    store.accept(build("1.0").sha("abc1234")).await;
    store.accept(build("1.0").sha("ABC1234DEF")).await;
    assert_eq!(sha("1.0").await, "abc1234def");
    store.accept(build("1.0").sha("abc1234d")).await;
    assert_eq!(sha("1.0").await, "abc1234def");
    store.refuse(build("1.0").sha("abc123")).await;
    store.refuse(build("1.0").sha("abc1234dee")).await;

    store.accept(build("2.0").sha("r123456x")).await;
    store.refuse(build("2.0").sha("r123456x9")).await;
    assert_eq!(sha("2.0").await, "r123456x");
}

pub(crate) async fn r3_deployments_and_checks_tell_the_commit_too(store: Store) {
    store.accept(deployment("1.0", "dev").sha("abc1234")).await;
    store.refuse(build("1.0").sha("abc9999")).await;
    store.accept(check("1.0", "unit").sha("abc1234def")).await;
    assert_eq!(
        store.find("1.0").await.scm_sha.as_deref(),
        Some("abc1234def")
    );
    store
        .refuse(deployment("1.0", "dev").sha("abc1234dee"))
        .await;
}

pub(crate) async fn r3_within_a_batch_an_offender_is_refused_alone(store: Store) {
    let outcomes = store
        .batch([
            build("1.0").sha("aaaaaaaa"),
            deployment("1.0", "never").sha("bbbbbbbb"),
            build("2.0").sha("bbbbbbbb"),
            build("1.0").sha("aaaaaaaa11"),
            build("1.0").sha("aaaaaaaa22"),
        ])
        .await;
    let positions: Vec<Option<i64>> = outcomes
        .iter()
        .map(|outcome| outcome.as_ref().ok().map(|o| o.receipt.position))
        .collect();
    assert_eq!(positions, [Some(1), None, Some(2), Some(3), None]);
    assert_eq!(
        store.find("1.0").await.scm_sha.as_deref(),
        Some("aaaaaaaa11")
    );
    assert_eq!(store.entries().await.len(), 3);
    assert!(store.environment_id("never").await.is_err());
}

async fn found_by(store: &Store, product: Option<&str>, sha: &str) -> Vec<String> {
    let query = VersionQuery {
        product_name: product.map(str::to_owned),
        scm_sha: Some(sha.to_owned()),
        ..VersionQuery::default()
    };
    let mut found: Vec<String> = store
        .all(&query)
        .await
        .into_iter()
        .map(|version| format!("{} {}", version.product_name, version.version))
        .collect();
    found.sort();
    found
}

pub(crate) async fn r14_a_version_is_found_by_its_commit_or_the_beginning_of_it(store: Store) {
    const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
    store.accept(build("1.0").sha(&SHA.to_uppercase())).await;
    store.accept(build("9.0").of("cart").sha(SHA)).await;
    store.accept(build("1.1").sha("0123fff")).await;
    store.accept(build("1.2")).await;

    assert_eq!(found_by(&store, None, SHA).await, ["cart 9.0", "shop 1.0"]);
    assert_eq!(found_by(&store, Some(PRODUCT), SHA).await, ["shop 1.0"]);
    assert_eq!(found_by(&store, Some(PRODUCT), "01234").await, ["shop 1.0"]);
    assert_eq!(
        found_by(&store, Some(PRODUCT), "0123").await,
        ["shop 1.0", "shop 1.1"]
    );
    assert!(found_by(&store, None, "1234").await.is_empty());
    assert!(found_by(&store, None, "0123456789abcdef1").await.is_empty());
}

pub(crate) async fn r14_a_shortened_commit_is_found_by_the_full_one(store: Store) {
    store.accept(build("1.0").sha("abc1234")).await;
    store.accept(build("1.1").sha("abc1234de")).await;
    store.accept(build("1.2").sha("abc123")).await;
    let full = "abc1234def0123456789";
    assert_eq!(found_by(&store, None, full).await, ["shop 1.0", "shop 1.1"]);
    assert_eq!(found_by(&store, None, "abc1234f").await, ["shop 1.0"]);
    assert_eq!(found_by(&store, None, "abc123").await.len(), 3);
}

pub(crate) async fn r14_the_commits_of_an_ambiguous_prefix_are_told(store: Store) {
    store.accept(build("1.0").sha("abc1234")).await;
    store.accept(build("1.1").sha("abc1234def")).await;
    store.accept(build("1.2").sha("abc9999999")).await;
    store
        .accept(build("1.0").of("cart").sha("abcd000000"))
        .await;
    let commits = store.matching_commits(None, "abc").await.unwrap();
    assert_eq!(commits, ["abc1234def", "abc9999999", "abcd000000"]);
    let commits = store.matching_commits(Some(PRODUCT), "abc").await.unwrap();
    assert_eq!(commits, ["abc1234def", "abc9999999"]);
    let commits = store.matching_commits(None, "abc1234def0").await.unwrap();
    assert_eq!(commits, ["abc1234def"]);
    let commits = store.matching_commits(None, "ffff").await.unwrap();
    assert!(commits.is_empty());
}
