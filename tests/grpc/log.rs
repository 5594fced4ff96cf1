//! `ListEvents`: the log in the order of acceptance, its filters, and the position looked at so far.

use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus, EventType};

use crate::{
    facts::{PRODUCT, build, check, deployment},
    refusal::refusal,
    story::Story,
};

/// 1 and 2: builds; 3: a deployment to dev; 4: a check for dev; 5: a build of another product;
/// 6: a deployment to production; 7: the product gets a description.
async fn tell(story: &Story) {
    for version in ["1.0.0", "1.0.1"] {
        let event = build(version, BuildStatus::Completed);
        story.version_event(event).await.unwrap();
    }
    let event = deployment("1.0.0", "dev", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
    let event = pb::CheckEvent {
        environment_name: "dev".into(),
        ..check("1.0.1", "unit", CheckStatus::Passed)
    };
    story.check_event(event).await.unwrap();
    let event = pb::VersionEvent {
        product_name: "other".into(),
        ..build("1.0.0", BuildStatus::Completed)
    };
    story.version_event(event).await.unwrap();
    let event = deployment("1.0.0", "production", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
    let request = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(pb::Product {
            description: "the one".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    story.catalog().update_product(request).await.unwrap();
}

async fn list(story: &Story, request: pb::ListEventsRequest) -> pb::ListEventsResponse {
    let page = story.events().list_events(request).await;
    page.expect("a page").into_inner()
}

async fn filters_combine_with_and(story: Story) {
    tell(&story).await;
    let request = pb::GetVersionRequest {
        product_name: PRODUCT.into(),
        version: "1.0.1".into(),
        ..Default::default()
    };
    let version = story.versions().get_version(request).await.unwrap();
    let version_id = version.into_inner().version.unwrap().id;
    let types = |types: &[EventType]| types.iter().map(|t| i32::from(*t)).collect();
    let of = |product_name: &str| pb::ListEventsRequest {
        product_name: product_name.into(),
        ..Default::default()
    };
    let all = pb::ListEventsRequest::default;
    for (request, expected) in [
        (all(), &[1, 2, 3, 4, 5, 6, 7][..]),
        (pb::ListEventsRequest { after: 5, ..all() }, &[6, 7]),
        (pb::ListEventsRequest { after: 7, ..all() }, &[]),
        (of(PRODUCT), &[1, 2, 3, 4, 6, 7]),
        (of("other"), &[5]),
        (of("no-such"), &[]),
        (
            pb::ListEventsRequest {
                version: "1.0.0".into(),
                ..of(PRODUCT)
            },
            &[1, 3, 6],
        ),
        (
            pb::ListEventsRequest {
                version_id: version_id.clone(),
                ..all()
            },
            &[2, 4],
        ),
        (
            pb::ListEventsRequest {
                environment_name: "dev".into(),
                ..all()
            },
            &[3, 4],
        ),
        (
            pb::ListEventsRequest {
                event_types: types(&[EventType::VersionEvent, EventType::ProductUpdated]),
                ..all()
            },
            &[1, 2, 5, 7],
        ),
        (
            pb::ListEventsRequest {
                after: 1,
                version: "1.0.0".into(),
                environment_name: "production".into(),
                event_types: types(&[EventType::DeploymentEvent]),
                ..of(PRODUCT)
            },
            &[6],
        ),
    ] {
        let page = list(&story, request.clone()).await;
        let positions: Vec<i64> = page.events.iter().map(|event| event.position).collect();
        assert_eq!(positions, expected, "{request:?}");
        // All of it was looked at, whatever fits.
        assert_eq!(page.position, 7, "{request:?}");
        assert_eq!(page.next_page_token, "");
    }
}

async fn the_position_is_how_far_the_page_has_looked(story: Story) {
    tell(&story).await;
    let request = |page_token: String| pb::ListEventsRequest {
        page_size: 2,
        page_token,
        product_name: PRODUCT.into(),
        after: 1,
        ..Default::default()
    };
    let (mut token, mut seen) = (String::new(), Vec::new());
    for expected in [3, 6, 7] {
        let page = list(&story, request(token)).await;
        seen.extend(page.events.iter().map(|event| event.position));
        assert_eq!(page.position, expected);
        token = page.next_page_token;
    }
    assert_eq!((seen, &token[..]), (vec![2, 3, 4, 6, 7], ""));
}

async fn an_entry_tells_what_it_is_about_and_what_was_reported(story: Story) {
    tell(&story).await;
    let log = story.log().await;
    let deployed = &log[2];
    let Some(pb::log_entry::Content::DeploymentEvent(event)) = &deployed.content else {
        panic!("no deployment event: {deployed:?}");
    };
    assert_eq!(
        *event,
        deployment("1.0.0", "dev", DeploymentStatus::Completed)
    );
    let list = pb::ListDeploymentsRequest {
        environment_name: "dev".into(),
        ..Default::default()
    };
    let page = story.deployments().list_deployments(list).await.unwrap();
    let deployment = page.into_inner().deployments.remove(0);
    assert_eq!(deployed.subject_id, deployment.id);
    assert_eq!(deployed.product_id, deployment.product_id);
    assert_eq!(deployed.version_id, deployment.version_id);
    assert_eq!(deployed.environment_id, deployment.environment_id);

    let Some(pb::log_entry::Content::Product(product)) = &log[6].content else {
        panic!("no product: {:?}", log[6]);
    };
    assert_eq!(product.description, "the one");
    assert_eq!(log[6].event_type(), EventType::ProductUpdated);
    assert_eq!(log[6].product_id, deployment.product_id);
    assert_eq!(log[6].version_id, "");
    assert!(log.is_sorted_by_key(|event| event.received_at.map(|at| (at.seconds, at.nanos))));
}

#[tokio::test]
async fn a_position_is_between_0_and_the_end_of_the_log() {
    let story = Story::on_sqlite().await;
    let event = build("1.0.0", BuildStatus::Completed);
    story.version_event(event).await.unwrap();
    let after = |after| {
        let mut events = story.events();
        async move {
            let request = pb::ListEventsRequest {
                after,
                ..Default::default()
            };
            events.list_events(request).await
        }
    };
    assert_told!(refusal(after(-1).await), @"
    InvalidArgument INVALID_FIELD
    after must be at least 0 (is -1)
    ");
    assert_told!(refusal(after(2).await), @"
    OutOfRange POSITION_BEYOND_END
    message: position 2 is greater than the last position of the event log, 1
    last_position: 1
    ");
    assert_eq!(after(1).await.unwrap().into_inner().events, []);
}

on_both_engines!(
    filters_combine_with_and,
    the_position_is_how_far_the_page_has_looked,
    an_entry_tells_what_it_is_about_and_what_was_reported,
);
