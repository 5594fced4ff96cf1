//! How environments stand to a baseline (R11), in the matrix and in comparisons, page by page.

use versioner::pb::{self, BuildStatus, DeploymentStatus};

use crate::{
    facts::{PRODUCT, at, build},
    pages::pages,
    places::{against, day, deployed, instances, matrix, record, shown, standing},
    refusal::refusal,
    story::Story,
};

async fn r11_an_environment_stands_to_its_baseline(story: Story) {
    for version in ["1.0.0", "1.1.0-rc.1", "1.1.0", "1.2.0", "2.0.0"] {
        story
            .version_event(build(version, BuildStatus::Completed))
            .await
            .unwrap();
    }
    record(
        &story,
        "2.0.0 dev completed 10:00
         1.0.0 dev-2 completed 10:00
         1.1.0 test completed 10:00
         1.1.0 staging/eu completed 10:00
         1.2.0 staging/us completed 10:00
         1.2.0 demo/eu completed 10:00
         1.2.0 demo/us completed 10:00
         1.2.0 broken failed 10:00
         1.2.0 production completed 10:00",
    )
    .await;
    assert_told!(shown(&matrix(&story, against("production")).await), @"
    my-service dev: AHEAD 0 [] runs 2.0.0
    my-service dev-2: BEHIND 2 [] runs 1.0.0
    my-service test: BEHIND 0 [] runs 1.1.0
    my-service staging: MIXED [eu] runs 1.1.0 [us] runs 1.2.0
    my-service production: [] runs 1.2.0
    my-service broken: UNKNOWN [] failed 1.2.0
    my-service demo: SAME [eu] runs 1.2.0 [us] runs 1.2.0
    ");
    assert_told!(shown(&matrix(&story, against("staging")).await), @"
    my-service dev: UNKNOWN [] runs 2.0.0
    my-service dev-2: UNKNOWN [] runs 1.0.0
    my-service test: UNKNOWN [] runs 1.1.0
    my-service staging: [eu] runs 1.1.0 [us] runs 1.2.0
    my-service production: UNKNOWN [] runs 1.2.0
    my-service broken: UNKNOWN [] failed 1.2.0
    my-service demo: UNKNOWN [eu] runs 1.2.0 [us] runs 1.2.0
    ");
    // The baseline need not be a column.
    let request = pb::GetEnvironmentMatrixRequest {
        environment_names: vec!["test".into(), "dev".into()],
        ..against("production")
    };
    assert_told!(shown(&matrix(&story, request).await), @"
    my-service test: BEHIND 0 [] runs 1.1.0
    my-service dev: AHEAD 0 [] runs 2.0.0
    ");
}

async fn r13_where_there_is_no_precedence_versions_lie_between_by_time(story: Story) {
    for (version, time) in [
        ("one", "08:00"),
        ("two", "08:10"),
        ("three", "08:20"),
        ("four", "08:30"),
    ] {
        let event = pb::VersionEvent {
            occurred_at: at(&day(time)),
            ..build(version, BuildStatus::Completed)
        };
        story.version_event(event).await.unwrap();
    }
    record(
        &story,
        "four dev completed 10:00
         one production completed 10:00
         1.0.0 test completed 09:00",
    )
    .await;
    assert_told!(shown(&matrix(&story, against("production")).await), @"
    my-service dev: AHEAD 2 [] runs four
    my-service test: AHEAD 3 [] runs 1.0.0
    my-service production: [] runs one
    ");
    // What did not exist by then lies between nothing.
    let event = pb::VersionEvent {
        occurred_at: at(&day("10:30")),
        ..build("1.5.0", BuildStatus::Completed)
    };
    story.version_event(event).await.unwrap();
    record(
        &story,
        "2.0.0 dev completed 10:10\n1.0.0 production completed 10:20",
    )
    .await;
    for (time, between) in [("10:20", 0), ("10:30", 1)] {
        let request = pb::GetEnvironmentMatrixRequest {
            as_of: at(&day(time)),
            ..against("production")
        };
        let answer = matrix(&story, request).await;
        assert_eq!(answer.rows[0].cells[0].versions_between, between, "{time}");
    }
}

/// Products `p-00` to `p-12`: the odd ones are in production too, every third lags there.
async fn thirteen_products(story: &Story) {
    for number in 0..13 {
        let of_product = |version: &str, environment: &str| pb::DeploymentEvent {
            product_name: format!("p-{number:02}"),
            ..deployed(version, environment, DeploymentStatus::Completed, "10:00")
        };
        let event = of_product("1.1.0", "dev");
        story.deployment_event(event).await.unwrap();
        if number % 2 == 1 {
            let version = if number % 3 == 0 { "1.0.0" } else { "1.1.0" };
            let event = of_product(version, "production");
            story.deployment_event(event).await.unwrap();
        }
    }
}

async fn a_matrix_is_paged_by_product(story: Story) {
    thirteen_products(&story).await;
    let whole = matrix(&story, against("production")).await.rows;
    assert_eq!(whole.len(), 13);
    for as_of in [None, at(&day("11:00"))] {
        for page_size in [1, 5, 13] {
            let read = pages(async |page_token| {
                let request = pb::GetEnvironmentMatrixRequest {
                    page_size,
                    page_token,
                    as_of,
                    ..against("production")
                };
                let page = matrix(&story, request).await;
                assert_eq!(page.environments.len(), 2);
                (page.rows, page.next_page_token)
            })
            .await;
            assert!(read.iter().all(|page| page.len() <= page_size as usize));
            assert_eq!(read.concat(), whole);
        }
    }
    let request = pb::GetEnvironmentMatrixRequest {
        product_name_prefix: "p-1".into(),
        environment_names: vec!["production".into()],
        ..Default::default()
    };
    let names: Vec<_> = matrix(&story, request)
        .await
        .rows
        .into_iter()
        .map(|r| r.product_name)
        .collect();
    assert_eq!(names, ["p-11"]);

    let first = matrix(
        &story,
        pb::GetEnvironmentMatrixRequest {
            page_size: 1,
            ..against("production")
        },
    )
    .await;
    let other = pb::GetEnvironmentMatrixRequest {
        page_token: first.next_page_token,
        ..against("dev")
    };
    let answer = story.deployments().get_environment_matrix(other).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    page_token must be next_page_token of the previous page, and the rest of the request must be the same
    ");
}

async fn r11_two_environments_are_compared_product_by_product(story: Story) {
    thirteen_products(&story).await;
    record(
        &story,
        "1.0.0 dev/eu completed 10:00
         1.0.0 dev/us completed 10:00
         1.0.0 production completed 10:00
         2.0.0 production completed 10:10",
    )
    .await;
    let request = |environment: &str, baseline: &str| pb::CompareEnvironmentsRequest {
        environment_name: environment.into(),
        baseline_environment_name: baseline.into(),
        ..Default::default()
    };
    let compare = async |request: pb::CompareEnvironmentsRequest| {
        let answer = story.deployments().compare_environments(request).await;
        answer.unwrap().into_inner()
    };
    let told = |answer: &pb::CompareEnvironmentsResponse| {
        let lines = answer.comparisons.iter().map(|c| {
            let standing = standing(c.baseline_comparison(), c.versions_between);
            let (here, there) = (instances(&c.instances), instances(&c.baseline_instances));
            format!("{}{standing}: {here} to {there}", c.product_name)
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let differing = pb::CompareEnvironmentsRequest {
        differing_only: true,
        ..request("production", "dev")
    };
    assert_told!(told(&compare(differing.clone()).await), @"
    my-service AHEAD 0: [] runs 2.0.0 to [eu] runs 1.0.0 [us] runs 1.0.0
    p-00 UNKNOWN:  to [] runs 1.1.0
    p-02 UNKNOWN:  to [] runs 1.1.0
    p-03 BEHIND 0: [] runs 1.0.0 to [] runs 1.1.0
    p-04 UNKNOWN:  to [] runs 1.1.0
    p-06 UNKNOWN:  to [] runs 1.1.0
    p-08 UNKNOWN:  to [] runs 1.1.0
    p-09 BEHIND 0: [] runs 1.0.0 to [] runs 1.1.0
    p-10 UNKNOWN:  to [] runs 1.1.0
    p-12 UNKNOWN:  to [] runs 1.1.0
    ");
    assert_eq!(
        compare(request("production", "dev"))
            .await
            .comparisons
            .len(),
        14
    );
    let whole = compare(differing.clone()).await.comparisons;
    let read = pages(async |page_token| {
        let request = pb::CompareEnvironmentsRequest {
            page_size: 3,
            page_token,
            ..differing.clone()
        };
        let page = compare(request).await;
        (page.comparisons, page.next_page_token)
    })
    .await;
    assert_eq!(read.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 3, 1]);
    assert_eq!(read.concat(), whole);

    let of_product = pb::CompareEnvironmentsRequest {
        product_name_prefix: PRODUCT.into(),
        as_of: at(&day("10:05")),
        ..request("dev", "production")
    };
    assert_told!(told(&compare(of_product).await), @"my-service SAME: [eu] runs 1.0.0 [us] runs 1.0.0 to [] runs 1.0.0");
    let to_itself = pb::CompareEnvironmentsRequest {
        product_name_prefix: PRODUCT.into(),
        ..request("production", "production")
    };
    assert_told!(told(&compare(to_itself).await), @"my-service SAME: [] runs 2.0.0 to [] runs 2.0.0");
}

on_both_engines!(
    r11_an_environment_stands_to_its_baseline,
    r13_where_there_is_no_precedence_versions_lie_between_by_time,
    a_matrix_is_paged_by_product,
    r11_two_environments_are_compared_product_by_product,
);
