//! What runs where (R11), now and at past moments.

use std::time::Duration;

use versioner::pb::{
    self, DeploymentClass, DeploymentStatus, EnvironmentType,
    deployment_service_client::DeploymentServiceClient,
};

use crate::{
    facts::{PRODUCT, at, deployment, seconds_from_now},
    places::{Matrix, against, as_of, day, deployed, matrix, record, shown},
    refusal::refusal,
    story::Story,
};

async fn r11_a_cell_shows_what_is_current_under_way_and_failed_last(story: Story) {
    record(
        &story,
        "1.0.0 production completed 10:00
         1.1.0 production failed 10:10
         1.2.0 production failed 10:20
         1.3.0 production pending 10:30
         1.4.0 production started 10:40
         1.5.0 production aborted 10:50
         2.0.0 dev aborted 11:00
         0.9.0 production completed 11:10",
    )
    .await;
    let answer = matrix(&story, against("")).await;
    assert_told!(shown(&answer), @"
    my-service dev: []
    my-service production: [] runs 0.9.0 gets 1.4.0 stale failed 1.2.0
    ");
    assert_eq!(answer.as_of, None);
    let list = pb::ListDeploymentsRequest {
        environment_name: "production".into(),
        current_only: true,
        ..Default::default()
    };
    let list = story.deployments().list_deployments(list).await.unwrap();
    let d = list.into_inner().deployments.pop().unwrap();
    let current = answer.rows[0].cells[1].instances[0]
        .current
        .clone()
        .unwrap();
    assert_eq!(current.deployment_class(), DeploymentClass::Downgrade);
    assert_eq!(current.deployment_class, d.deployment_class);
    assert_eq!((&current.id, &current.version_id), (&d.id, &d.version_id));
    assert_eq!(
        (current.created_at, current.completed_at),
        (d.created_at, d.completed_at)
    );
    assert_eq!(answer.rows[0].product_id, d.product_id);
    assert_eq!(answer.rows[0].cells[1].environment_id, d.environment_id);
    assert_eq!(answer.environments[1].id, d.environment_id);
}

async fn r11_a_summary_tells_who_deployed_where_its_logs_are_and_since_when(story: Story) {
    let started = pb::DeploymentEvent {
        deployed_by: "argo".into(),
        deploy_url: "https://cd.example/\"7\"\u{1f680}".into(),
        invoke_id: "7".into(),
        ..deployed("1.0.0", "dev", DeploymentStatus::Started, "10:00")
    };
    story.deployment_event(started).await.unwrap();
    let finished = pb::DeploymentEvent {
        deployed_by: "argo-2".into(),
        deploy_url: "https://cd.example/8".into(),
        invoke_id: "7".into(),
        ..deployed("1.0.0", "dev", DeploymentStatus::Completed, "10:30")
    };
    story.deployment_event(finished).await.unwrap();
    let told = |answer: Matrix| {
        let instance = answer.rows[0].cells[0].instances[0].clone();
        let s = instance.current.or(instance.in_progress).unwrap();
        (
            [s.started_at, s.completed_at, s.created_at],
            [s.deployed_by, s.deploy_url],
            [s.status, s.deployment_class.unwrap_or_default()],
        )
    };
    let (ten, half_past) = (at(&day("10:00")), at(&day("10:30")));
    let completed = [
        DeploymentStatus::Completed as i32,
        DeploymentClass::First as i32,
    ];
    for answer in [
        matrix(&story, against("")).await,
        as_of(&story, "10:30").await,
        as_of(&story, "23:30").await,
    ] {
        let by = ["argo-2", "https://cd.example/8"].map(String::from);
        assert_eq!(told(answer), ([ten, half_past, ten], by, completed));
    }
    let by = ["argo", "https://cd.example/\"7\"\u{1f680}"].map(String::from);
    let then = told(as_of(&story, "10:29").await);
    assert_eq!(
        then,
        ([ten, None, ten], by, [DeploymentStatus::Started as i32, 0])
    );
}

async fn r11_at_a_past_moment_it_is_as_the_events_by_then_tell(story: Story) {
    record(
        &story,
        "1.0.0 production completed 10:00
         1.1.0 production started 10:10
         1.1.0 production failed 10:20
         1.1.0 production started 10:30
         1.1.0 production completed 10:40
         1.0.0 production completed 10:50",
    )
    .await;
    for (time, expected) in [
        ("09:59", ""),
        ("10:00", "my-service production: [] runs 1.0.0"),
        ("10:10", "my-service production: [] runs 1.0.0 gets 1.1.0"),
        ("10:19", "my-service production: [] runs 1.0.0 gets 1.1.0"),
        ("10:20", "my-service production: [] runs 1.0.0 failed 1.1.0"),
        (
            "10:35",
            "my-service production: [] runs 1.0.0 gets 1.1.0 failed 1.1.0",
        ),
        ("10:40", "my-service production: [] runs 1.1.0 failed 1.1.0"),
        ("10:50", "my-service production: [] runs 1.0.0 failed 1.1.0"),
    ] {
        let answer = as_of(&story, time).await;
        assert_eq!(shown(&answer), expected, "{time}");
        assert_eq!(answer.as_of, at(&day(time)));
        assert_eq!(answer.environments.len(), 1, "{time}");
    }
    // A late event is told as if it had been known all along.
    record(&story, "0.9.0 production completed 09:30").await;
    let answer = as_of(&story, "09:59").await;
    assert_eq!(shown(&answer), "my-service production: [] runs 0.9.0");
    // A time of completion decides what is current, not what had occurred.
    let ahead = pb::DeploymentEvent {
        completed_at: at(&day("12:00")),
        ..deployed("3.0.0", "production", DeploymentStatus::Completed, "10:05")
    };
    story.deployment_event(ahead).await.unwrap();
    let answer = as_of(&story, "10:05").await;
    assert_eq!(shown(&answer), "my-service production: [] runs 3.0.0");
    // The last moment of the year 9999.
    let request = pb::GetEnvironmentMatrixRequest {
        as_of: Some(prost_types::Timestamp {
            seconds: 253_402_300_799,
            nanos: 999_999_999,
        }),
        ..Default::default()
    };
    let answer = matrix(&story, request).await;
    assert_eq!(
        shown(&answer),
        "my-service production: [] runs 3.0.0 failed 1.1.0"
    );
}

async fn r11_what_lasted_for_days_was_under_way_all_the_while(story: Story) {
    for (version, status, time) in [
        ("0.9.0", DeploymentStatus::Completed, "2026-01-01T09:00:00Z"),
        ("1.0.0", DeploymentStatus::Started, "2026-01-01T10:00:00Z"),
        ("1.0.0", DeploymentStatus::Completed, "2026-01-05T10:00:00Z"),
    ] {
        let event = pb::DeploymentEvent {
            invoke_id: "7".into(),
            occurred_at: at(time),
            ..deployment(version, "dev", status)
        };
        story.deployment_event(event).await.unwrap();
    }
    for (time, expected) in [
        ("2026-01-01T09:59:59Z", "my-service dev: [] runs 0.9.0"),
        (
            "2026-01-02T09:00:00Z",
            "my-service dev: [] runs 0.9.0 gets 1.0.0",
        ),
        (
            "2026-01-04T10:00:00Z",
            "my-service dev: [] runs 0.9.0 gets 1.0.0 stale",
        ),
        ("2026-01-05T10:00:00Z", "my-service dev: [] runs 1.0.0"),
    ] {
        let request = pb::GetEnvironmentMatrixRequest {
            as_of: at(time),
            ..Default::default()
        };
        assert_eq!(shown(&matrix(&story, request).await), expected, "{time}");
    }
}

async fn r11_columns_are_by_type_and_name_or_as_they_are_asked_for(story: Story) {
    record(
        &story,
        "1.0.0 zebra completed 10:00
         1.0.0 production-eu completed 10:00
         1.0.0 qa completed 10:00
         1.0.0 dev-b completed 10:00
         1.0.0 dev-a completed 10:00
         1.0.0 staging completed 10:00",
    )
    .await;
    let columns = |answer: &Matrix| {
        let names = answer.environments.iter().map(|e| e.name.as_str());
        names.collect::<Vec<_>>().join(" ")
    };
    let answer = matrix(&story, against("")).await;
    assert_eq!(
        columns(&answer),
        "dev-a dev-b qa staging production-eu zebra"
    );
    assert_eq!(
        answer.environments[2].environment_type(),
        EnvironmentType::Test
    );
    let cells = answer.rows[0]
        .cells
        .iter()
        .map(|c| c.environment_id.clone());
    let ids = answer.environments.iter().map(|e| e.id.clone());
    assert_eq!(cells.collect::<Vec<_>>(), ids.collect::<Vec<_>>());
    let request = pb::GetEnvironmentMatrixRequest {
        environment_names: ["zebra", "dev-a"].map(String::from).to_vec(),
        ..Default::default()
    };
    assert_eq!(columns(&matrix(&story, request).await), "zebra dev-a");
}

async fn r15_renamed_and_deleted_things_are_found_by_name_or_gone(story: Story) {
    record(
        &story,
        "1.0.0 dev completed 10:00
         1.0.0 production completed 10:00",
    )
    .await;
    let rename = pb::UpdateEnvironmentRequest {
        name: "production".into(),
        environment: Some(pb::Environment {
            name: "live".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    story.catalog().update_environment(rename).await.unwrap();
    let rename = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(pb::Product {
            name: "shop".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    story.catalog().update_product(rename).await.unwrap();
    let by_former_names = pb::GetEnvironmentMatrixRequest {
        product_name: PRODUCT.into(),
        environment_names: vec!["production".into()],
        as_of: at(&day("10:30")),
        ..Default::default()
    };
    let answer = matrix(&story, by_former_names).await;
    assert_eq!(shown(&answer), "shop live: [] runs 1.0.0");
    let twice = pb::GetEnvironmentMatrixRequest {
        environment_names: vec!["dev".into(), "production".into(), "live".into()],
        ..Default::default()
    };
    let answer = story.deployments().get_environment_matrix(twice).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    environment_names[2] must not repeat live
    ");

    let delete = pb::DeleteEnvironmentRequest {
        name: "live".into(),
        force: true,
        ..Default::default()
    };
    story.catalog().delete_environment(delete).await.unwrap();
    assert_eq!(
        shown(&matrix(&story, against("dev")).await),
        "shop dev: [] runs 1.0.0"
    );
    assert_eq!(
        shown(&as_of(&story, "10:30").await),
        "shop dev: [] runs 1.0.0"
    );
    let delete = pb::DeleteProductRequest {
        name: "shop".into(),
        force: true,
        ..Default::default()
    };
    story.catalog().delete_product(delete).await.unwrap();
    let answer = matrix(&story, against("")).await;
    assert_eq!((answer.rows.len(), answer.environments.len()), (0, 1));
}

async fn what_was_under_way_is_stale_as_of_the_moment_asked_for(story: Story) {
    let started = pb::DeploymentEvent {
        occurred_at: seconds_from_now(-3 * 3600),
        ..deployment("1.0.0", "dev", DeploymentStatus::Started)
    };
    story.deployment_event(started).await.unwrap();
    let impatient = story.another_server(Duration::from_secs(3600)).await;
    let mut impatient = DeploymentServiceClient::new(impatient);
    for (seconds, stale) in [
        (Some(-2 * 3600 - 60), false),
        (Some(-2 * 3600 + 60), true),
        (None, true),
    ] {
        let request = pb::GetEnvironmentMatrixRequest {
            as_of: seconds.and_then(seconds_from_now),
            ..Default::default()
        };
        let answer = impatient
            .get_environment_matrix(request)
            .await
            .unwrap()
            .into_inner();
        let in_progress = answer.rows[0].cells[0].instances[0].in_progress.clone();
        assert_eq!(in_progress.unwrap().stale, stale, "{seconds:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_question_is_told_field_by_field() {
    let story = Story::on_sqlite().await;
    record(&story, "1.0.0 dev completed 10:00").await;
    let mut deployments = story.deployments();
    let mut ask = async |request| deployments.get_environment_matrix(request).await;
    let named = |names: &[&str]| pb::GetEnvironmentMatrixRequest {
        environment_names: names.iter().map(|name| (*name).to_owned()).collect(),
        ..Default::default()
    };
    let wrong = pb::GetEnvironmentMatrixRequest {
        page_size: 1001,
        as_of: Some(prost_types::Timestamp {
            seconds: 0,
            nanos: -1,
        }),
        ..named(&["dev", "", " dev "])
    };
    assert_told!(refusal(ask(wrong).await), @"
    InvalidArgument INVALID_FIELD
    environment_names[1] must not be empty
    as_of must have nanos from 0 to 999999999 (has -1)
    ");
    let many: Vec<String> = (0..101).map(|n| format!("dev-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_told!(refusal(ask(named(&many)).await), @"
    InvalidArgument INVALID_FIELD
    environment_names must have at most 100 elements (has 101)
    ");
    assert_told!(refusal(ask(named(&["dev", "moon"])).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment moon
    resource: versioner.v1.Environment moon
    ");
    assert_told!(refusal(ask(against("moon")).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment moon
    resource: versioner.v1.Environment moon
    ");
    let of_product = pb::GetEnvironmentMatrixRequest {
        product_name: "moon".into(),
        ..Default::default()
    };
    assert_told!(refusal(ask(of_product).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product moon
    resource: versioner.v1.Product moon
    ");
    let nothing = pb::CompareEnvironmentsRequest::default();
    assert_told!(refusal(story.deployments().compare_environments(nothing).await), @"
    InvalidArgument INVALID_FIELD
    environment_name is required
    baseline_environment_name is required
    ");
    let filter = pb::ListDeploymentsRequest {
        deployment_classes: vec![6],
        ..Default::default()
    };
    assert_told!(refusal(story.deployments().list_deployments(filter).await), @"
    InvalidArgument INVALID_FIELD
    deployment_classes[0] must be 1 (first), 2 (upgrade), 3 (downgrade), 4 (redeploy) or 5 (rollback) (is 6)
    ");
}

/// Postgres can't read a JSON text that has a NUL; others must not suffer from it.
async fn r10_r11_a_nul_in_metadata_hides_nothing_that_runs(story: Story) {
    let metadata = r#"{"log":"a\u0000b","path":"c:\\u0000"}"#;
    let event = pb::DeploymentEvent {
        deploy_url: "https://ci.example/1".into(),
        extra_metadata: Some(pb::Object::from_json(metadata).expect("an object")),
        ..deployment("1.0.0", "production", DeploymentStatus::Completed)
    };
    story.deployment_event(event).await.expect("it is recorded");
    let answer = matrix(&story, against("")).await;
    let instance = &answer.rows[0].cells[0].instances[0];
    let current = instance.current.as_ref().expect("it runs");
    assert_eq!(current.deploy_url, "https://ci.example/1");
}

on_both_engines!(
    r10_r11_a_nul_in_metadata_hides_nothing_that_runs,
    r11_what_lasted_for_days_was_under_way_all_the_while,
    r11_a_cell_shows_what_is_current_under_way_and_failed_last,
    r11_a_summary_tells_who_deployed_where_its_logs_are_and_since_when,
    r11_at_a_past_moment_it_is_as_the_events_by_then_tell,
    r11_columns_are_by_type_and_name_or_as_they_are_asked_for,
    r15_renamed_and_deleted_things_are_found_by_name_or_gone,
    what_was_under_way_is_stale_as_of_the_moment_asked_for,
);
