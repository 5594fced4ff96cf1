//! R2: names and identifiers are trimmed, measured in characters, and compared exactly.

use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus};

use crate::{
    facts::{build, check, deployment},
    refusal::refusal,
    story::Story,
};

#[tokio::test]
async fn r2_control_characters_and_nul_are_refused_wherever_a_name_stands() {
    let story = Story::on_sqlite().await;
    let event = pb::DeploymentEvent {
        product_name: "my\0service".into(),
        version: "1.0\n".to_owned() + "0",
        environment_name: "\u{1b}[31mprod".into(),
        instance: "eu\t1".into(),
        event_id: "e\u{85}1".into(),
        invoke_id: "\0".into(),
        ..deployment("", "", DeploymentStatus::Started)
    };
    assert_told!(refusal(story.deployment_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.product_name must not have control characters
    event.version must not have control characters
    event.environment_name must not have control characters
    event.instance must not have control characters
    event.event_id must not have control characters
    event.invoke_id must not have control characters
    ");
    let event = pb::CheckEvent {
        check_name: "unit\0".into(),
        summary: "17 passed\0".into(),
        counts: [("pass\0ed".into(), 17)].into(),
        ..check("1.0.0", "", CheckStatus::Passed)
    };
    assert_told!(refusal(story.check_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.check_name must not have control characters
    event.counts has a key that must not have control characters
    event.summary must not have control characters other than line breaks and tabs
    ");
}

async fn r2_a_name_has_at_most_255_characters_of_any_script(story: Story) {
    let longest = "é".repeat(255);
    let event = pb::DeploymentEvent {
        product_name: longest.clone(),
        environment_name: longest.clone(),
        ..deployment(&longest, "", DeploymentStatus::Completed)
    };
    let deployment = story.deployment_event(event.clone()).await.unwrap();
    let deployment = deployment.deployment.unwrap();
    assert_eq!(deployment.product_name, longest);
    assert_eq!(deployment.version, longest);
    assert_eq!(deployment.environment_name, longest);

    let too_long = "é".repeat(256);
    let event = pb::DeploymentEvent {
        product_name: too_long.clone(),
        environment_name: too_long.clone(),
        version: too_long,
        ..event
    };
    assert_told!(refusal(story.deployment_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.product_name must have at most 255 characters (has 256)
    event.version must have at most 255 characters (has 256)
    event.environment_name must have at most 255 characters (has 256)
    ");
}

async fn r2_any_text_is_a_version_identifier_and_case_matters(story: Story) {
    let identifiers = [
        "1.2.3",
        "2.0.0-beta.1",
        "456",
        "a1b2c3d4e5f6",
        "2025.10.28.1",
        "release-q4-2025",
        "Release-Q4-2025",
        "api/v3.5.0",
        "%",
        "'; drop table versions; --",
        "версия 7 🚀",
    ];
    for identifier in identifiers {
        story
            .version_event(build(identifier, BuildStatus::Completed))
            .await
            .unwrap();
    }
    for identifier in identifiers {
        let request = pb::GetVersionRequest {
            product_name: "my-service".into(),
            version: identifier.into(),
            ..Default::default()
        };
        let version = story.versions().get_version(request).await.unwrap();
        assert_eq!(version.into_inner().version.unwrap().version, identifier);
    }
}

#[tokio::test]
async fn r2_white_space_around_a_name_does_not_count() {
    let story = Story::on_sqlite().await;
    let padded = pb::VersionEvent {
        product_name: "\t my-service\n".into(),
        ..build(" 1.0.0 ", BuildStatus::Started)
    };
    story.version_event(padded).await.unwrap();
    let plain = story
        .version_event(build("1.0.0", BuildStatus::Completed))
        .await;
    let plain = plain.unwrap();
    assert!(!plain.receipt.unwrap().version_created);
    assert_eq!(plain.version.unwrap().product_name, "my-service");
}

#[tokio::test]
async fn r7_an_event_id_has_at_most_128_characters() {
    let story = Story::on_sqlite().await;
    let event = |length| pb::VersionEvent {
        event_id: "é".repeat(length),
        ..build("1.0.0", BuildStatus::Started)
    };
    story.version_event(event(128)).await.unwrap();
    assert_told!(refusal(story.version_event(event(129)).await), @"
    InvalidArgument INVALID_FIELD
    event.event_id must have at most 128 characters (has 129)
    ");
}

#[tokio::test]
async fn words_may_have_lines_and_nothing_else_that_controls() {
    let story = Story::on_sqlite().await;
    let event = |error_message: &str| pb::VersionEvent {
        error_message: error_message.into(),
        ..build("1.0.0", BuildStatus::Failed)
    };
    let answer = story.version_event(event("line 1\r\n\tline 2")).await;
    let build = answer.unwrap().build.unwrap();
    assert_eq!(build.error_message, "line 1\r\n\tline 2");
    assert_told!(refusal(story.version_event(event("\u{1b}[31mred")).await), @"
    InvalidArgument INVALID_FIELD
    event.error_message must not have control characters other than line breaks and tabs
    ");
}

#[tokio::test]
async fn counts_are_at_most_a_hundred_whole_numbers_from_0() {
    let story = Story::on_sqlite().await;
    let event = |counts: Vec<(String, i64)>| pb::CheckEvent {
        counts: counts.into_iter().collect(),
        ..check("1.0.0", "unit", CheckStatus::Passed)
    };
    let numbered = |count| (0..count).map(|i| (format!("n{i}"), i)).collect();
    let answer = story.check_event(event(numbered(100))).await.unwrap();
    assert_eq!(answer.check.unwrap().counts.len(), 100);
    let answer = story.check_event(event(numbered(101))).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.counts must have at most 100 entries (has 101)
    ");
    let answer = story.check_event(event(vec![("passed".into(), -1)])).await;
    assert_told!(refusal(answer), @r#"
    InvalidArgument INVALID_FIELD
    event.counts has a value for "passed" that must be at least 0 (is -1)
    "#);
    let answer = story.check_event(event(vec![("n".repeat(65), 1)])).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.counts has a key that must have at most 64 characters (has 65)
    ");
}

on_both_engines!(
    r2_a_name_has_at_most_255_characters_of_any_script,
    r2_any_text_is_a_version_identifier_and_case_matters,
);
