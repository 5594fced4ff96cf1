//! The limit of merged metadata, and its text (R10).

use versioner::{
    domain::{
        metadata::MAX_BYTES,
        resource::{Content, Entry},
    },
    storage::{Error, Store},
};

use crate::{
    ask::{Ask, Told},
    report::{MINUTE_US, Report, build, check, deployment},
};

/// More than half of what is taken.
const LARGE: usize = MAX_BYTES / 2 + 100;

fn of_run() -> Report {
    build("1.0").run("7")
}

fn assert_too_large(error: &Error) {
    let Error::Invalid(violations) = error else {
        panic!("{error}");
    };
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].field, "extra_metadata");
    assert!(violations[0].description.contains("102400"), "{error}");
}

pub(crate) async fn r10_merged_metadata_beyond_the_limit_is_refused_and_changes_nothing(
    store: Store,
) {
    for report in [of_run(), deployment("1.0", "dev"), check("1.0", "unit")] {
        let report = report.run("7");
        store
            .accept(report.clone().started().at(0).metadata_of("a", LARGE))
            .await;
        let before = store.everything().await;
        let too_much = report.clone().at(MINUTE_US).metadata_of("b", LARGE);
        assert_too_large(&store.refuse(too_much.sha("abc1234")).await);
        assert_eq!(store.everything().await, before);

        // A late one just the same.
        let late = report
            .clone()
            .pending()
            .at(-MINUTE_US)
            .metadata_of("b", LARGE);
        assert_too_large(&store.refuse(late.sha("abc1234")).await);
        assert_eq!(store.everything().await, before);
        // Under the same key it replaces what was there.
        store
            .accept(report.at(MINUTE_US).metadata_of("a", LARGE))
            .await;
    }
}

pub(crate) async fn r10_the_limit_itself_is_taken(store: Store) {
    const FIRST: usize = 50_000;
    // Merged, two objects share braces and gain a comma.
    const REST: usize = MAX_BYTES - FIRST + 1;
    store
        .accept(of_run().started().at(0).metadata_of("a", FIRST))
        .await;
    store
        .refuse(of_run().at(1).metadata_of("b", REST + 1))
        .await;
    let told = store.accept(of_run().at(1).metadata_of("b", REST)).await;
    let merged = told.build().run.details.extra_metadata.clone().unwrap();
    assert_eq!(merged.as_json().len(), MAX_BYTES);
    store.refuse(of_run().at(2).metadata(r#"{"c":1}"#)).await;
    store.accept(build("1.1").metadata_of("a", MAX_BYTES)).await;
}

pub(crate) async fn r10_within_a_batch_the_event_too_much_is_refused_alone(store: Store) {
    let batch = |version: &str| {
        let of_run = build(version).run("7").started();
        [
            of_run.clone().at(0).metadata_of("a", LARGE),
            of_run.clone().at(2).metadata_of("b", LARGE),
            of_run.clone().at(1).metadata_of("c", LARGE),
            of_run.at(3).metadata(r#"{"d":1}"#),
            build(version).run("8").at(4).metadata_of("b", LARGE),
        ]
    };
    // One whose version is new, and one that is known already.
    store.accept(build("2.0").run("7").pending().at(-1)).await;
    for version in ["1.0", "2.0"] {
        let outcomes = store.batch(batch(version)).await;
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, [true, false, false, true, true], "{version}");
        for refused in [1, 2] {
            assert_too_large(outcomes[refused].as_ref().unwrap_err());
        }
        let told = outcomes[3].as_ref().unwrap().build();
        let merged = told.run.details.extra_metadata.clone().unwrap();
        assert!(merged.as_json().ends_with(r#","d":1}"#));
    }
    assert_eq!(store.entries().await.len(), 7);
}

pub(crate) async fn r10_values_come_back_as_they_were_sent(store: Store) {
    let sent = r#"{"z":[3,1,{"b":1,"a":2}],"big":123456789012345678901234567890,
        "whole":180,"double":180.0,"exponent":1e5,"text":"a \" \\ b\u0041 ü","vi_key":null}"#;
    let kept = r#"{"big":123456789012345678901234567890,"double":180.0,"exponent":1e5,"text":"a \" \\ b\u0041 ü","vi_key":null,"whole":180,"z":[3,1,{"b":1,"a":2}]}"#;
    let text = |metadata: &Option<versioner::domain::metadata::Metadata>| {
        metadata.as_ref().unwrap().as_json().to_owned()
    };
    let told = store.accept(of_run().started().at(0).metadata(sent)).await;
    assert_eq!(text(&told.build().run.details.extra_metadata), kept);
    store
        .accept(of_run().at(1).metadata(r#"{"late":true}"#))
        .await;
    let read = &store.builds().await[0].run.details.extra_metadata;
    assert_eq!(
        text(read),
        kept.replace(r#""text""#, r#""late":true,"text""#)
    );

    let entries: Vec<Entry> = store.entries().await;
    let Some(Content::Event(event)) = &entries[0].content else {
        panic!("{:?}", entries[0]);
    };
    assert_eq!(text(&event.details.extra_metadata), kept);
}
