//! What completed deployments did to what ran there (R11), whenever their events came.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use versioner::{
    domain::{
        deployment::DeploymentClass::{self, *},
        query::DeploymentQuery,
    },
    storage::{Answer, Reference, Store},
};

use crate::{
    ask::{Ask, Told},
    database::Database,
    history::histories,
    report::{DAY_US, HOUR_US, MINUTE_US, Report, T0_US, build, deployment},
};

fn dev(version: &str) -> Report {
    deployment(version, "dev")
}

/// The classes in the order of completion, with their versions.
async fn classes(store: &Store) -> Vec<(String, Option<DeploymentClass>)> {
    let mut deployments = store.deployments().await;
    deployments.sort_by_key(|d| d.run.completed_at_us);
    let class_of = |d: versioner::domain::resource::Deployment| (d.version, d.class);
    deployments.into_iter().map(class_of).collect()
}

async fn expect(store: &Store, expected: &[(&str, DeploymentClass)]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(version, class)| ((*version).to_owned(), Some(*class)))
        .collect();
    assert_eq!(classes(store).await, expected);
}

pub(crate) async fn r11_a_completed_deployment_is_classed_by_what_was_current(store: Store) {
    for (number, (version, class)) in (0..).zip([
        ("1.0", First),
        ("1.0", Redeploy),
        ("1.2", Upgrade),
        ("1.1", Downgrade),
        ("1.0", Rollback),
        ("1.2", Upgrade),
        ("1.1", Rollback),
    ]) {
        let told = store.accept(dev(version).at(number * MINUTE_US)).await;
        assert_eq!(told.deployment().class, Some(class), "{number}: {version}");
        let stored = store.deployment(told.deployment().id).await.unwrap();
        assert_eq!(stored.unwrap().class, Some(class), "{number}: {version}");
    }
}

pub(crate) async fn r11_what_is_not_completed_has_no_class_and_changes_none(store: Store) {
    store.accept(dev("1.0").at(0)).await;
    for report in [
        dev("2.0").pending().at(1),
        dev("3.0").started().at(2),
        dev("4.0").failed().at(3),
    ] {
        assert_eq!(store.accept(report).await.deployment().class, None);
    }
    let next = store.accept(dev("1.1").at(4)).await;
    assert_eq!(next.deployment().class, Some(Upgrade));
}

pub(crate) async fn r11_each_product_environment_and_instance_has_its_own_classes(store: Store) {
    let outcomes = store
        .accept_all([
            dev("1.0").at(0),
            dev("1.1").instance("eu").at(1),
            deployment("1.2", "qa").at(2),
            dev("1.3").of("cart").at(3),
            dev("1.4").at(4),
            dev("1.0").instance("eu").at(5),
        ])
        .await;
    let classes: Vec<_> = outcomes.iter().map(|o| o.deployment().class).collect();
    let expected = [First, First, First, First, Upgrade, Downgrade];
    assert_eq!(classes, expected.map(Some));
}

pub(crate) async fn r11_a_late_completion_classes_what_follows_anew(store: Store) {
    store.accept(dev("1.0").at(0)).await;
    store.accept(dev("1.2").at(HOUR_US)).await;
    store.accept(dev("1.1").at(2 * HOUR_US)).await;
    expect(
        &store,
        &[("1.0", First), ("1.2", Upgrade), ("1.1", Downgrade)],
    )
    .await;
    // The one before it, and the version's next one.
    let late = store.accept(dev("1.1").at(MINUTE_US)).await;
    assert_eq!(late.deployment().class, Some(Upgrade));
    let expected = [
        ("1.0", First),
        ("1.1", Upgrade),
        ("1.2", Upgrade),
        ("1.1", Rollback),
    ];
    expect(&store, &expected).await;
    // Before the first one, and after the last.
    let first = dev("1.3").with(|raw| raw.completed_at_us = Some(Ok(T0_US - 1)));
    store.accept(first.at(3 * HOUR_US)).await;
    let expected = [
        ("1.3", First),
        ("1.0", Downgrade),
        ("1.1", Upgrade),
        ("1.2", Upgrade),
        ("1.1", Rollback),
    ];
    expect(&store, &expected).await;
}

pub(crate) async fn r11_a_completion_that_turns_out_failed_classes_what_follows_anew(store: Store) {
    store.accept(dev("1.0").at(0)).await;
    store.accept(dev("1.1").run("2").at(MINUTE_US)).await;
    store.accept(dev("1.2").at(2 * MINUTE_US)).await;
    store.accept(dev("1.1").run("4").at(3 * MINUTE_US)).await;
    let told = store
        .accept(dev("1.1").run("2").failed().at(4 * MINUTE_US))
        .await;
    assert_eq!(told.deployment().class, None);
    let completed: Vec<_> = classes(&store).await;
    let class_of = |version: &str, class| (version.to_owned(), class);
    assert_eq!(
        completed,
        [
            class_of("1.0", Some(First)),
            class_of("1.2", Some(Upgrade)),
            class_of("1.1", Some(Downgrade)),
            class_of("1.1", None),
        ]
    );
    // And back again.
    store.accept(dev("1.1").run("2").at(5 * MINUTE_US)).await;
    let expected = [
        ("1.0", First),
        ("1.2", Upgrade),
        ("1.1", Downgrade),
        ("1.1", Redeploy),
    ];
    expect(&store, &expected).await;
}

pub(crate) async fn r11_a_deployment_that_moves_classes_both_its_places_anew(store: Store) {
    store.accept(dev("1.0").run("a").at(0)).await;
    store.accept(dev("1.1").at(MINUTE_US)).await;
    store.accept(dev("1.2").at(2 * MINUTE_US)).await;
    // Of two finishes the later counts: it goes from the beginning to the end.
    let moved = store.accept(dev("1.0").run("a").at(3 * MINUTE_US)).await;
    assert_eq!(moved.deployment().class, Some(Downgrade));
    expect(
        &store,
        &[("1.1", First), ("1.2", Upgrade), ("1.0", Downgrade)],
    )
    .await;
}

pub(crate) async fn r11_two_deployments_that_are_one_count_once(store: Store) {
    store.accept(dev("1.0").run("0").at(0)).await;
    store.accept(dev("2.0").at(1)).await;
    store.accept(dev("1.0").started().at(2)).await;
    store.accept(dev("1.0").at(2)).await;
    store.accept(dev("1.0").run("77").at(25 * HOUR_US)).await;
    let expected = [
        ("1.0", First),
        ("2.0", Upgrade),
        ("1.0", Rollback),
        ("1.0", Redeploy),
    ];
    expect(&store, &expected).await;
    let joined = deployment("3.0", "qa");
    store.accept(joined.clone().started().at(0)).await;
    store
        .accept(joined.clone().run("77").at(25 * HOUR_US))
        .await;
    let after = store.accept(deployment("3.0", "qa").at(26 * HOUR_US)).await;
    assert_eq!(after.deployment().class, Some(Redeploy));
    let told = store.accept(joined.started().at(12 * HOUR_US)).await;
    assert_eq!(told.deployment().class, Some(First));
    let after = store.deployment(after.deployment().id).await.unwrap();
    assert_eq!(after.unwrap().class, Some(Redeploy));
}

pub(crate) async fn r11_r13_where_there_is_no_precedence_time_of_creation_decides(store: Store) {
    for (version, at_us) in [("beta-x", 0), ("alpha-x", HOUR_US)] {
        store.accept(build(version).at(at_us)).await;
    }
    store.accept(dev("beta-x").at(DAY_US)).await;
    store.accept(dev("alpha-x").at(DAY_US + 1)).await;
    store.accept(dev("beta-x").at(DAY_US + 2)).await;
    let expected = [
        ("beta-x", First),
        ("alpha-x", Upgrade),
        ("beta-x", Rollback),
    ];
    expect(&store, &expected).await;

    // A late event tells that the version is older than it was thought to be.
    store.accept(build("alpha-x").started().at(-HOUR_US)).await;
    let expected = [
        ("beta-x", First),
        ("alpha-x", Downgrade),
        ("beta-x", Upgrade),
    ];
    expect(&store, &expected).await;
}

pub(crate) async fn r11_a_late_event_that_changes_nothing_is_told_the_class(store: Store) {
    store.accept(dev("1.0").run("77").started().at(0)).await;
    store.accept(dev("1.0").run("77").at(2 * MINUTE_US)).await;
    let late = dev("1.0").run("77").started().at(MINUTE_US).id("late");
    let told = store.accept(late.clone()).await;
    assert_eq!(told.deployment().class, Some(First));
    let repeated = store.accept(late).await;
    assert!(repeated.receipt.duplicate);
    assert_eq!(repeated.deployment().class, Some(First));
}

pub(crate) async fn r15_a_deleted_environment_takes_its_classes_along(store: Store) {
    store.accept(dev("1.0").at(0)).await;
    store.accept(deployment("1.0", "qa").at(1)).await;
    let qa = Reference::Name("qa".into());
    store.delete_environment(qa, true).await.unwrap();
    store.accept(deployment("0.9", "qa").at(2)).await;
    store.accept(dev("1.1").at(3)).await;
    expect(&store, &[("1.0", First), ("0.9", First), ("1.1", Upgrade)]).await;
}

/// The classes by their definition, in one statement over all completed deployments.
const CLASSES: &str = "
    select d.id || ' ' ||
           case
               when b.id is null then 1
               when b.id = v.id then 4
               when length(v.precedence) > 0 and length(b.precedence) > 0
                    and (v.precedence, v.created_at_us, v.version) > (b.precedence, b.created_at_us, b.version) then 2
               when (length(v.precedence) = 0 or length(b.precedence) = 0)
                    and (v.created_at_us, v.version) > (b.created_at_us, b.version) then 2
               when d.time_of_version > 1 then 5
               else 3
           end
    from (
        select id, version_id,
               lag(version_id) over (
                   partition by product_id, environment_id, instance
                   order by completed_at_us, last_at_us, last_event_id) as version_before_id,
               row_number() over (
                   partition by product_id, environment_id, instance, version_id
                   order by completed_at_us, last_at_us, last_event_id) as time_of_version
        from deployments
        where status = 3
    ) d
    join versions v on v.id = d.version_id
    left join versions b on b.id = d.version_before_id";

pub(crate) async fn r11_the_classes_are_those_of_their_definition(database: Database) {
    let store = database.open().await;
    // The same histories every time: they need not be shrunk.
    let mut runner = TestRunner::deterministic();
    for number in 0..120 {
        let history = histories(40).new_tree(&mut runner).unwrap().current();
        let events = history.events(&format!("{number}"), &format!("{number}-"));
        for outcome in store.submit(events, Answer::Receipt).await {
            outcome.unwrap();
        }
    }
    let deployments = store.in_pages(&DeploymentQuery::default(), 1000).await;
    store.close().await;
    for class in [First, Upgrade, Downgrade, Redeploy, Rollback] {
        assert!(
            deployments.iter().any(|d| d.class == Some(class)),
            "{class:?}"
        );
    }
    let classed = deployments.iter().filter_map(|d| Some((d.id, d.class?)));
    let mut written: Vec<String> = classed
        .map(|(id, class)| format!("{id} {}", class.code()))
        .collect();
    written.sort();
    let mut defined = database.texts(CLASSES).await;
    defined.sort();
    assert_eq!(written, defined);
}
