//! Checks: of a version or of a commit, listed by either, found by id.

use versioner::pb::{self, BuildStatus, CheckKind, CheckStatus};

use crate::{
    facts::{PRODUCT, SHA, at, build, check},
    story::Story,
};

fn of_commit(scm_sha: &str, check_name: &str, status: CheckStatus) -> pb::CheckEvent {
    pb::CheckEvent {
        version: String::new(),
        scm_sha: scm_sha.into(),
        ..check("", check_name, status)
    }
}

async fn list(story: &Story, request: pb::ListChecksRequest) -> Vec<pb::Check> {
    let page = story.versions().list_checks(request).await.unwrap();
    page.into_inner().checks
}

fn names(checks: &[pb::Check]) -> Vec<&str> {
    checks.iter().map(|check| &check.check_name[..]).collect()
}

async fn r17_a_check_of_a_commit_counts_for_its_versions_known_already_or_not_yet(story: Story) {
    let answer = story
        .check_event(of_commit(SHA, "scan", CheckStatus::Passed))
        .await;
    let answer = answer.unwrap();
    assert!(!answer.receipt.unwrap().version_created);
    let scan = answer.check.unwrap();
    assert_eq!((&scan.version[..], &scan.scm_sha[..]), ("", SHA));
    let of_version = pb::ListChecksRequest {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        ..Default::default()
    };
    assert_eq!(list(&story, of_version.clone()).await, []);

    for version in ["1.2.3", "1.2.4"] {
        let event = pb::VersionEvent {
            scm_sha: SHA[..12].into(),
            ..build(version, BuildStatus::Completed)
        };
        story.version_event(event).await.unwrap();
    }
    let unit = check("1.2.3", "unit", CheckStatus::Failed);
    let unit = story.check_event(unit).await.unwrap().check.unwrap();
    assert_eq!(list(&story, of_version).await, [unit.clone(), scan.clone()]);

    let by_id = pb::ListChecksRequest {
        version_id: unit.version_id.clone(),
        ..Default::default()
    };
    assert_eq!(names(&list(&story, by_id).await), ["unit", "scan"]);
    let other_version = pb::ListChecksRequest {
        product_name: PRODUCT.into(),
        version: "1.2.4".into(),
        ..Default::default()
    };
    assert_eq!(names(&list(&story, other_version).await), ["scan"]);
    let by_commit = pb::ListChecksRequest {
        scm_sha: SHA[..4].to_uppercase(),
        ..Default::default()
    };
    assert_eq!(names(&list(&story, by_commit).await), ["unit", "scan"]);
}

async fn r5_a_check_keeps_its_id_and_shows_its_latest_run(story: Story) {
    let of_run = |invoke_id: &str, status, time: &str| pb::CheckEvent {
        invoke_id: invoke_id.into(),
        occurred_at: at(&format!("2026-01-01T{time}Z")),
        ..check("1.2.3", "unit", status)
    };
    let submit = async |event| story.check_event(event).await.unwrap().check.unwrap();
    let failed = submit(of_run("run-1", CheckStatus::Failed, "12:00:00")).await;
    let running = submit(of_run("run-2", CheckStatus::Running, "12:10:00")).await;
    assert_eq!(running.status(), CheckStatus::Running);
    assert_eq!(running.id, failed.id);
    assert_eq!(
        (running.completed_at, running.started_at),
        (None, at("2026-01-01T12:10:00Z"))
    );
    // A late word of the earlier run changes nothing.
    let late = submit(of_run("run-1", CheckStatus::Skipped, "12:01:00")).await;
    assert_eq!(late.status(), CheckStatus::Running);
    let passed = submit(of_run("run-2", CheckStatus::Passed, "12:12:00")).await;
    assert_eq!(passed.status(), CheckStatus::Passed);

    let request = pb::GetCheckRequest { id: failed.id };
    let found = story.versions().get_check(request).await.unwrap();
    assert_eq!(found.into_inner().check.unwrap(), passed);
    assert_eq!(
        list(&story, pb::ListChecksRequest::default()).await,
        [passed]
    );
}

async fn checks_are_listed_latest_first_and_each_filter_tells_them_apart(story: Story) {
    for event in [
        check("1.0.0", "unit", CheckStatus::Passed),
        pb::CheckEvent {
            kind: CheckKind::SecurityScan.into(),
            environment_name: "prod".into(),
            ..check("1.0.0", "scan", CheckStatus::Failed)
        },
        pb::CheckEvent {
            product_name: "other".into(),
            kind: CheckKind::Approval.into(),
            ..check("1.0.0", "sign-off", CheckStatus::Queued)
        },
    ] {
        story.check_event(event).await.unwrap();
    }
    macro_rules! shows {
        ({ $($field:ident: $value:expr),* } $expected:expr) => {
            let request = pb::ListChecksRequest {
                $($field: $value.into(),)*
                ..Default::default()
            };
            let checks = list(&story, request).await;
            assert_eq!(names(&checks), $expected, "{:?}", stringify!($($field: $value)*));
        };
    }
    shows!({} ["sign-off", "scan", "unit"]);
    shows!({ product_name: PRODUCT } ["scan", "unit"]);
    shows!({ check_name: "unit" } ["unit"]);
    shows!({ kinds: [i32::from(CheckKind::Approval)] } ["sign-off"]);
    shows!({ statuses: [i32::from(CheckStatus::Failed)] } ["scan"]);
    shows!({ environment_name: "prod".to_owned() } ["scan"]);
    shows!({ product_name: PRODUCT, version: "1.0.0", kinds: [i32::from(CheckKind::Test)] } ["unit"]);
}

on_both_engines!(
    r17_a_check_of_a_commit_counts_for_its_versions_known_already_or_not_yet,
    r5_a_check_keeps_its_id_and_shows_its_latest_run,
    checks_are_listed_latest_first_and_each_filter_tells_them_apart,
);
