//! R7: sent twice, recorded once.

use tokio::task::JoinSet;
use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus};

use crate::{
    facts::{build, check, deployment, object, seconds_from_now},
    refusal::refusal,
    story::Story,
};

fn started() -> pb::VersionEvent {
    pb::VersionEvent {
        event_id: "run-1-start".into(),
        extra_metadata: object(serde_json::json!({"a": 1, "b": [2]})),
        ..build("1.2.3", BuildStatus::Started)
    }
}

async fn r7_a_repeat_gets_the_first_receipt_and_the_state_as_it_is_now(story: Story) {
    let first = story.version_event(started()).await.unwrap();
    let completed = build("1.2.3", BuildStatus::Completed);
    let completed = story.version_event(completed).await.unwrap();

    let repeat = story.version_event(started()).await.unwrap();
    let first = first.receipt.unwrap();
    assert!(!first.duplicate && first.product_created);
    assert_eq!(
        repeat.receipt.unwrap(),
        pb::EventReceipt {
            duplicate: true,
            ..first
        }
    );
    assert_eq!(repeat.version, completed.version);
    assert_eq!(repeat.build, completed.build);
    assert_eq!(story.log().await.len(), 2);
}

async fn r7_deployment_and_check_events_are_repeated_likewise(story: Story) {
    let deployed = pb::DeploymentEvent {
        event_id: "deploy-1".into(),
        ..deployment("1.2.3", "dev", DeploymentStatus::Completed)
    };
    let first = story.deployment_event(deployed.clone()).await.unwrap();
    let repeat = story.deployment_event(deployed).await.unwrap();
    assert!(repeat.receipt.unwrap().duplicate);
    assert_eq!(repeat.deployment, first.deployment);

    let checked = pb::CheckEvent {
        event_id: "check-1".into(),
        ..check("1.2.3", "unit", CheckStatus::Passed)
    };
    let first = story.check_event(checked.clone()).await.unwrap();
    let repeat = story.check_event(checked).await.unwrap();
    assert!(repeat.receipt.unwrap().duplicate);
    assert_eq!(repeat.check, first.check);
}

async fn r7_an_event_id_with_other_content_is_refused(story: Story) {
    story.version_event(started()).await.unwrap();
    let others = [
        pb::VersionEvent {
            status: BuildStatus::Completed.into(),
            ..started()
        },
        pb::VersionEvent {
            occurred_at: seconds_from_now(0),
            ..started()
        },
        pb::VersionEvent {
            extra_metadata: object(serde_json::json!({"a": 1, "b": [3]})),
            ..started()
        },
    ];
    for other in others {
        assert_told!(refusal(story.version_event(other).await), @"
        AlreadyExists EVENT_ID_REUSED
        message: event_id run-1-start was accepted with other content, at position 1; another event must have another event_id
        event_id: run-1-start
        position: 1
        ");
    }
    let deployed = pb::DeploymentEvent {
        event_id: "run-1-start".into(),
        ..deployment("1.2.3", "dev", DeploymentStatus::Started)
    };
    assert_told!(refusal(story.deployment_event(deployed).await), @"
    AlreadyExists EVENT_ID_REUSED
    message: event_id run-1-start was accepted with other content, at position 1; another event must have another event_id
    event_id: run-1-start
    position: 1
    ");
    assert_eq!(story.log().await.len(), 1);
}

#[tokio::test]
async fn r7_what_counts_as_left_out_makes_no_other_content() {
    let story = Story::on_sqlite().await;
    let plain = pb::VersionEvent {
        event_id: "run-1".into(),
        ..build("1.2.3", BuildStatus::Started)
    };
    let dressed = pb::VersionEvent {
        product_name: " my-service ".into(),
        built_by: "  ".into(),
        extra_metadata: object(serde_json::json!({})),
        ..plain.clone()
    };
    story.version_event(plain).await.unwrap();
    let repeat = story.version_event(dressed).await.unwrap();
    assert!(repeat.receipt.unwrap().duplicate);
}

async fn r7_the_same_event_many_times_at_once_is_recorded_once(story: Story) {
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let mut events = story.events();
        calls.spawn(async move {
            let request = pb::SubmitVersionEventRequest {
                event: Some(started()),
                validate_only: false,
            };
            let answer = events.submit_version_event(request).await;
            answer.unwrap().into_inner().receipt.unwrap()
        });
    }
    let receipts = calls.join_all().await;
    assert!(receipts.iter().all(|receipt| receipt.position == 1));
    let first_ones = receipts.iter().filter(|receipt| !receipt.duplicate);
    assert_eq!(first_ones.count(), 1);
    assert_eq!(story.log().await.len(), 1);
}

async fn r7_without_an_id_each_event_is_a_new_one_and_an_invoke_id_keeps_it_one_build(
    story: Story,
) {
    let completed = pb::VersionEvent {
        invoke_id: "run-1".into(),
        ..build("1.2.3", BuildStatus::Completed)
    };
    let first = story.version_event(completed.clone()).await.unwrap();
    let retried = story.version_event(completed).await.unwrap();
    let (first_receipt, retried_receipt) = (first.receipt.unwrap(), retried.receipt.unwrap());
    assert!(!retried_receipt.duplicate);
    assert_eq!(retried_receipt.position, 2);
    assert_ne!(retried_receipt.event_id, first_receipt.event_id);
    assert_eq!(retried.build.unwrap().id, first.build.unwrap().id);
}

on_both_engines!(
    r7_a_repeat_gets_the_first_receipt_and_the_state_as_it_is_now,
    r7_deployment_and_check_events_are_repeated_likewise,
    r7_an_event_id_with_other_content_is_refused,
    r7_the_same_event_many_times_at_once_is_recorded_once,
    r7_without_an_id_each_event_is_a_new_one_and_an_invoke_id_keeps_it_one_build,
);
