//! R5 and R6: which events are one build, what its state is, and how builds are listed.

use versioner::pb::{self, BuildStatus, version_service_client::VersionServiceClient};

use crate::{
    facts::{PRODUCT, SHA, at, build, seconds_from_now},
    story::Story,
};

fn of_run(invoke_id: &str, status: BuildStatus, time: &str) -> pb::VersionEvent {
    pb::VersionEvent {
        invoke_id: invoke_id.into(),
        occurred_at: at(&format!("2026-01-01T{time}Z")),
        ..build("1.2.3", status)
    }
}

async fn list(story: &Story, request: pb::ListBuildsRequest) -> Vec<pb::Build> {
    let page = story.versions().list_builds(request).await.unwrap();
    page.into_inner().builds
}

async fn version(story: &Story) -> pb::Version {
    let request = pb::GetVersionRequest {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        ..Default::default()
    };
    let version = story.versions().get_version(request).await.unwrap();
    version.into_inner().version.unwrap()
}

async fn r5_a_run_that_fails_and_is_run_again_is_two_builds_of_one_version(story: Story) {
    for event in [
        of_run("run-1", BuildStatus::Started, "12:00:00"),
        of_run("run-1", BuildStatus::Failed, "12:05:00"),
    ] {
        story.version_event(event).await.unwrap();
    }
    let failed = version(&story).await;
    assert_eq!(failed.status(), BuildStatus::Failed);

    // The CI system keeps the id; eleven minutes after the finish this is the next attempt.
    let again = of_run("run-1", BuildStatus::Started, "12:16:00");
    story.version_event(again).await.unwrap();
    let running = version(&story).await;
    assert_eq!(running.status(), BuildStatus::Started);
    assert_ne!(running.latest_build_id, failed.latest_build_id);

    let completed = of_run("run-1", BuildStatus::Completed, "12:20:00");
    let build = story.version_event(completed).await.unwrap().build.unwrap();
    assert_eq!(build.id, running.latest_build_id);
    assert_eq!(build.invoke_attempt, 2);
    assert_eq!(version(&story).await.status(), BuildStatus::Completed);

    let request = pb::ListBuildsRequest {
        invoke_id: "run-1".into(),
        ..Default::default()
    };
    let builds = list(&story, request).await;
    let states = builds.iter().map(|b| (b.invoke_attempt, b.status()));
    assert!(states.eq([(2, BuildStatus::Completed), (1, BuildStatus::Failed)]));
    let request = pb::GetBuildRequest {
        id: failed.latest_build_id,
    };
    let first = story.versions().get_build(request).await.unwrap();
    let first = first.into_inner().build.unwrap();
    assert_eq!(first, builds[1]);
    assert_eq!(first.started_at, at("2026-01-01T12:00:00Z"));
    assert_eq!(first.completed_at, at("2026-01-01T12:05:00Z"));
}

async fn r5_an_attempt_that_is_given_tells_the_builds_of_a_run_apart(story: Story) {
    let attempt = |attempt, status, time| pb::VersionEvent {
        invoke_attempt: attempt,
        ..of_run("run-1", status, time)
    };
    for event in [
        attempt(1, BuildStatus::Failed, "12:00:00"),
        attempt(2, BuildStatus::Started, "12:00:01"),
        attempt(1, BuildStatus::Aborted, "12:00:02"),
    ] {
        story.version_event(event).await.unwrap();
    }
    let builds = list(&story, pb::ListBuildsRequest::default()).await;
    let states = builds.iter().map(|b| (b.invoke_attempt, b.status()));
    assert!(states.eq([(2, BuildStatus::Started), (1, BuildStatus::Aborted)]));
    assert_eq!(version(&story).await.status(), BuildStatus::Started);
}

async fn r5_bare_events_join_what_is_unfinished_and_two_finishes_are_two_builds(story: Story) {
    for event in [
        of_run("", BuildStatus::Started, "12:00:00"),
        of_run("", BuildStatus::Completed, "12:05:00"),
        of_run("", BuildStatus::Completed, "12:05:01"),
    ] {
        story.version_event(event).await.unwrap();
    }
    let builds = list(&story, pb::ListBuildsRequest::default()).await;
    assert_eq!(builds.len(), 2);
    assert_eq!(builds[1].started_at, at("2026-01-01T12:00:00Z"));
    assert_eq!(builds[1].completed_at, at("2026-01-01T12:05:00Z"));
    assert_eq!(builds[0].started_at, None);
}

async fn r6_a_started_event_that_comes_late_reopens_nothing(story: Story) {
    let completed = of_run("run-1", BuildStatus::Completed, "12:05:00");
    story.version_event(completed).await.unwrap();
    let late = pb::VersionEvent {
        scm_branch: "main".into(),
        ..of_run("run-1", BuildStatus::Started, "12:00:00")
    };
    let answer = story.version_event(late).await.unwrap();
    let build = answer.build.unwrap();
    assert_eq!(build.status(), BuildStatus::Completed);
    assert_eq!(build.started_at, at("2026-01-01T12:00:00Z"));
    assert_eq!(build.completed_at, at("2026-01-01T12:05:00Z"));
    assert_eq!(build.scm_branch, "main");
    let version = answer.version.unwrap();
    assert_eq!(version.status(), BuildStatus::Completed);
    assert_eq!(version.created_at, at("2026-01-01T12:00:00Z"));
}

async fn r6_a_finished_build_is_not_undone_by_a_word_of_the_same_run_that_is_later(story: Story) {
    let completed = of_run("run-1", BuildStatus::Completed, "12:05:00");
    story.version_event(completed).await.unwrap();
    let later = of_run("run-1", BuildStatus::Started, "12:06:00");
    let build = story.version_event(later).await.unwrap().build.unwrap();
    assert_eq!(build.status(), BuildStatus::Completed);
    assert_eq!(build.completed_at, at("2026-01-01T12:05:00Z"));
    assert_eq!(version(&story).await.status(), BuildStatus::Completed);
}

async fn r6_of_two_finishes_the_later_counts_whichever_comes_first(story: Story) {
    let failed = pb::VersionEvent {
        error_message: "timed out".into(),
        ..of_run("run-1", BuildStatus::Failed, "12:05:00")
    };
    let completed = of_run("run-1", BuildStatus::Completed, "12:04:00");
    story.version_event(failed).await.unwrap();
    let build = story.version_event(completed).await.unwrap().build.unwrap();
    assert_eq!(build.status(), BuildStatus::Failed);
    assert_eq!(build.completed_at, at("2026-01-01T12:05:00Z"));
    assert_eq!(build.error_message, "timed out");
}

async fn r5_what_was_started_too_long_ago_is_stale_and_still_started(story: Story) {
    let hours_ago = |hours: i64| seconds_from_now(-hours * 3600);
    let started = |version: &str, hours| pb::VersionEvent {
        occurred_at: hours_ago(hours),
        ..build(version, BuildStatus::Started)
    };
    for event in [
        started("one-day", 25),
        started("one-hour", 1),
        pb::VersionEvent {
            status: BuildStatus::Pending.into(),
            ..started("waiting", 25)
        },
        pb::VersionEvent {
            status: BuildStatus::Completed.into(),
            ..started("finished", 25)
        },
    ] {
        story.version_event(event).await.unwrap();
    }
    let stale = async |mut versions: VersionServiceClient<_>| {
        let request = pb::ListVersionsRequest::default();
        let page = versions.list_versions(request).await.unwrap().into_inner();
        let request = pb::ListBuildsRequest::default();
        let builds = versions.list_builds(request).await.unwrap().into_inner();
        let mut stale: Vec<String> = page
            .versions
            .into_iter()
            .filter(|v| v.stale)
            .map(|v| v.version)
            .collect();
        let mut builds: Vec<String> = builds
            .builds
            .into_iter()
            .filter(|b| b.stale)
            .map(|b| b.version)
            .collect();
        stale.sort();
        builds.sort();
        assert_eq!(builds, stale);
        stale
    };
    assert_eq!(stale(story.versions()).await, ["one-day"]);
    let minutes = std::time::Duration::from_secs(60);
    let impatient = VersionServiceClient::new(story.another_server(minutes).await);
    assert_eq!(stale(impatient).await, ["one-day", "one-hour"]);
    let patient = VersionServiceClient::new(story.another_server(minutes * 60 * 26).await);
    assert_eq!(stale(patient).await, [""; 0]);
}

async fn builds_are_listed_latest_first_and_each_filter_tells_them_apart(story: Story) {
    for (version, event) in [
        (
            "1.0.0",
            pb::VersionEvent {
                scm_branch: "main".into(),
                scm_sha: SHA.into(),
                ..of_run("run-1", BuildStatus::Completed, "12:00:00")
            },
        ),
        (
            "1.0.1",
            pb::VersionEvent {
                source_system: "jenkins".into(),
                ..of_run("run-2", BuildStatus::Failed, "12:00:01")
            },
        ),
    ] {
        let event = pb::VersionEvent {
            version: version.into(),
            ..event
        };
        story.version_event(event).await.unwrap();
    }
    let other = pb::VersionEvent {
        product_name: "other".into(),
        ..of_run("run-3", BuildStatus::Started, "12:00:02")
    };
    let other = story.version_event(other).await.unwrap().version.unwrap();

    macro_rules! shows {
        ({ $($field:ident: $value:expr),* } $expected:expr) => {
            let request = pb::ListBuildsRequest {
                $($field: $value.into(),)*
                ..Default::default()
            };
            let builds = list(&story, request).await;
            let runs: Vec<&str> = builds.iter().map(|b| &b.invoke_id[..]).collect();
            assert_eq!(runs, $expected, "{:?}", stringify!($($field: $value)*));
        };
    }
    shows!({} ["run-3", "run-2", "run-1"]);
    shows!({ product_name: PRODUCT } ["run-2", "run-1"]);
    shows!({ product_name: PRODUCT, version: "1.0.0" } ["run-1"]);
    shows!({ version_id: other.id } ["run-3"]);
    shows!({ statuses: [i32::from(BuildStatus::Failed)] } ["run-2"]);
    shows!({ invoke_id: "run-2" } ["run-2"]);
    shows!({ scm_branch: "main" } ["run-1"]);
    shows!({ source_system: "jenkins" } ["run-2"]);
    shows!({ created_from: at("2026-01-01T12:00:01Z").unwrap() } ["run-3", "run-2"]);
    shows!({ created_to: at("2026-01-01T12:00:01Z").unwrap() } ["run-1"]);
}

on_both_engines!(
    r5_a_run_that_fails_and_is_run_again_is_two_builds_of_one_version,
    r5_an_attempt_that_is_given_tells_the_builds_of_a_run_apart,
    r5_bare_events_join_what_is_unfinished_and_two_finishes_are_two_builds,
    r6_a_started_event_that_comes_late_reopens_nothing,
    r6_a_finished_build_is_not_undone_by_a_word_of_the_same_run_that_is_later,
    r6_of_two_finishes_the_later_counts_whichever_comes_first,
    r5_what_was_started_too_long_ago_is_stale_and_still_started,
    builds_are_listed_latest_first_and_each_filter_tells_them_apart,
);
