//! R10: metadata comes back over JSON as it was sent.

use versioner::pb::{self, version_service_client::VersionServiceClient};

use crate::story::Story;

const SENT: &str = r#"{"build_duration_seconds": 180, "coverage": 180.0, "e": 1e3, "big": 12345678901234567890, "tiny": 0.10, "text": "é \u00e9 \"x\" 🚀", "tags": ["b", "a", {"z": 1, "a": [null, true]}], "": {}}"#;
/// Without white space, its own keys in order; every value to the letter.
const KEPT: &str = r#"{"":{},"big":12345678901234567890,"build_duration_seconds":180,"coverage":180.0,"e":1e3,"tags":["b","a",{"z":1,"a":[null,true]}],"text":"é \u00e9 \"x\" 🚀","tiny":0.10}"#;

#[tokio::test]
async fn r10_numbers_text_and_order_come_back_to_the_letter() {
    let story = Story::begin().await;
    let event = format!(
        r#"{{"product_name":"a","version":"1","status":"success","environment_name":"dev","extra_metadata":{SENT}}}"#
    );
    let build = story.submit("/version-events/", &event).await;
    let deployment = story.post("/deployment-events/", &event).await;
    deployment.ok();
    let build = story
        .get(&format!("/builds/{}", build["id"].as_str().unwrap()))
        .await;
    for answer in [
        deployment,
        build,
        story.get("/builds/").await,
        story.get("/events/").await,
        story.get("/deployments/").await,
    ] {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(
            text.contains(&format!(r#""extra_metadata":{KEPT}"#)),
            "{text}"
        );
    }
}

#[tokio::test]
async fn r10_what_came_over_grpc_is_whole_where_it_was_whole() {
    let story = Story::begin().await;
    let mut events = pb::event_service_client::EventServiceClient::new(story.channel());
    let number = |number: f64| prost_types::Value::from(number);
    let object = prost_types::Struct {
        fields: [
            ("n".to_owned(), number(180.0)),
            ("h".to_owned(), number(0.5)),
        ]
        .into(),
    };
    let request = pb::SubmitVersionEventRequest {
        event: Some(pb::VersionEvent {
            product_name: "a".into(),
            version: "1".into(),
            status: pb::BuildStatus::Started.into(),
            extra_metadata: Some(object.into()),
            ..Default::default()
        }),
        validate_only: false,
    };
    events.submit_version_event(request).await.unwrap();
    let answer = story.get("/builds/").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(
        text.contains(r#""extra_metadata":{"h":0.5,"n":180}"#),
        "{text}"
    );

    let mut versions = VersionServiceClient::new(story.channel());
    let page = versions
        .list_builds(pb::ListBuildsRequest::default())
        .await
        .unwrap();
    let object = page.into_inner().builds.remove(0).extra_metadata.unwrap();
    assert_eq!(object.fields().fields["n"], number(180.0));
}
