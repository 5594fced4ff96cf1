//! Pages of lists: their sizes, their tokens, and that each row comes exactly once.

use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus};

use crate::{
    facts::{build, check, deployment, object},
    refusal::refusal,
    story::Story,
};

/// A limit that no list of these stories reaches.
const MANY_PAGES: usize = 1_000;

/// Turns the pages of a list; a call takes the token and gives the rows and the next token.
pub(crate) async fn pages<T>(mut call: impl AsyncFnMut(String) -> (Vec<T>, String)) -> Vec<Vec<T>> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let (rows, next) = call(token).await;
        pages.push(rows);
        assert!(pages.len() < MANY_PAGES, "the list does not end");
        if next.is_empty() {
            return pages;
        }
        token = next;
    }
}

async fn versions_page(
    story: &Story,
    page_size: i32,
    page_token: &str,
) -> Result<pb::ListVersionsResponse, tonic::Status> {
    let request = pb::ListVersionsRequest {
        page_size,
        page_token: page_token.into(),
        ..Default::default()
    };
    let page = story.versions().list_versions(request).await;
    page.map(tonic::Response::into_inner)
}

async fn build_versions(story: &Story, count: usize) {
    for i in 0..count {
        let event = build(&format!("1.0.{i}"), BuildStatus::Started);
        story.version_event(event).await.unwrap();
    }
}

#[tokio::test]
async fn a_page_has_50_rows_where_the_request_does_not_say() {
    let story = Story::on_sqlite().await;
    build_versions(&story, 51).await;
    let page = versions_page(&story, 0, "").await.unwrap();
    assert_eq!(page.versions.len(), 50);
    let page = versions_page(&story, 0, &page.next_page_token)
        .await
        .unwrap();
    assert_eq!(page.versions.len(), 1);
    assert_eq!(page.next_page_token, "");
    let page = versions_page(&story, 51, "").await.unwrap();
    assert_eq!((page.versions.len(), &page.next_page_token[..]), (51, ""));
}

#[tokio::test]
async fn a_page_size_is_rejected_if_it_is_negative() {
    let story = Story::on_sqlite().await;
    assert_told!(refusal(versions_page(&story, -1, "").await), @"
    InvalidArgument INVALID_FIELD
    page_size must be at least 0 (is -1)
    ");
}

async fn a_page_size_above_1000_is_reduced_to_1000(story: Story) {
    for batch in 0..3 {
        let events = (0..400).map(|i| pb::EventSubmission {
            event: Some(pb::event_submission::Event::VersionEvent(build(
                &format!("{batch}.{i}"),
                BuildStatus::Started,
            ))),
        });
        let request = pb::BatchSubmitEventsRequest {
            events: events.collect(),
            ..Default::default()
        };
        story.events().batch_submit_events(request).await.unwrap();
    }
    for page_size in [1_000, 1_001, 5_000, i32::MAX] {
        let page = versions_page(&story, page_size, "").await.unwrap();
        assert_eq!(page.versions.len(), 1_000, "{page_size}");
        let rest = versions_page(&story, page_size, &page.next_page_token).await;
        let rest = rest.unwrap();
        assert_eq!((rest.versions.len(), &rest.next_page_token[..]), (200, ""));
    }
}

#[tokio::test]
async fn an_altered_page_token_is_refused_wherever_it_was_altered() {
    let story = Story::on_sqlite().await;
    build_versions(&story, 2).await;
    let token = versions_page(&story, 1, "").await.unwrap().next_page_token;
    let altered = |at: usize| {
        let flipped = if &token[at..=at] == "A" { "B" } else { "A" };
        [&token[..at], flipped, &token[at + 1..]].concat()
    };
    let first = refusal(versions_page(&story, 1, &altered(0)).await);
    assert_told!(first, @"
    InvalidArgument INVALID_FIELD
    page_token must be next_page_token of the previous page, and the rest of the request must be the same
    ");
    for at in 1..token.len() {
        assert_eq!(refusal(versions_page(&story, 1, &altered(at)).await), first);
    }
    for bad in ["x", "%", "AAAAAAAAAAA", &token[1..], &format!("{token}A")] {
        assert_eq!(refusal(versions_page(&story, 1, bad).await), first);
    }
}

#[tokio::test]
async fn a_page_token_is_of_its_query_whatever_the_page_size() {
    let story = Story::on_sqlite().await;
    build_versions(&story, 3).await;
    let token = versions_page(&story, 1, "").await.unwrap().next_page_token;

    let page = versions_page(&story, 2, &token).await.unwrap();
    let versions: Vec<_> = page.versions.iter().map(|v| &v.version).collect();
    assert_eq!(versions, ["1.0.1", "1.0.0"]);

    let refused = "InvalidArgument INVALID_FIELD\n\
        page_token must be next_page_token of the previous page, and the rest of the request must be the same";
    for other in [
        pb::ListVersionsRequest {
            product_name: "my-service".into(),
            ..Default::default()
        },
        pb::ListVersionsRequest {
            order: pb::VersionOrder::OldestFirst.into(),
            ..Default::default()
        },
    ] {
        let answer = story
            .versions()
            .list_versions(pb::ListVersionsRequest {
                page_token: token.clone(),
                ..other
            })
            .await;
        assert_eq!(refusal(answer), refused);
    }
    let answer = story
        .versions()
        .list_builds(pb::ListBuildsRequest {
            page_token: token,
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), refused);
}

async fn rows_that_arrive_meanwhile_move_no_other_off_its_page(story: Story) {
    build_versions(&story, 6).await;
    let mut arrived = 0;
    let pages = pages(async |token| {
        let page = versions_page(&story, 2, &token).await.unwrap();
        // Newest first: each of these comes before all that is left.
        let event = build(&format!("2.0.{arrived}"), BuildStatus::Started);
        story.version_event(event).await.unwrap();
        arrived += 1;
        (page.versions, page.next_page_token)
    })
    .await;
    let seen: Vec<Vec<&str>> = pages
        .iter()
        .map(|page| page.iter().map(|v| &v.version[..]).collect())
        .collect();
    assert_eq!(
        seen,
        [["1.0.5", "1.0.4"], ["1.0.3", "1.0.2"], ["1.0.1", "1.0.0"]]
    );
}

/// What every list gives, page by page, each row by something that tells it from the others.
async fn every_list(story: &Story, page_size: i32) -> Vec<(&'static str, Vec<Vec<String>>)> {
    macro_rules! list {
        ($client:ident . $call:ident($request:ident).$rows:ident by $key:expr) => {{
            let pages = pages(async |page_token| {
                let request = pb::$request {
                    page_size,
                    page_token,
                    ..Default::default()
                };
                let page = story.$client().$call(request).await.unwrap().into_inner();
                (
                    page.$rows.into_iter().map($key).collect(),
                    page.next_page_token,
                )
            });
            (stringify!($call), pages.await)
        }};
    }
    vec![
        list!(catalog.list_products(ListProductsRequest).products by |row| row.name),
        list!(catalog.list_environments(ListEnvironmentsRequest).environments by |row| row.name),
        list!(versions.list_versions(ListVersionsRequest).versions by |row| row.id),
        list!(versions.list_builds(ListBuildsRequest).builds by |row| row.id),
        list!(versions.list_checks(ListChecksRequest).checks by |row| row.id),
        list!(deployments.list_deployments(ListDeploymentsRequest).deployments by |row| row.id),
        list!(events.list_events(ListEventsRequest).events by |row| row.event_id),
    ]
}

async fn each_row_of_each_list_comes_exactly_once_whatever_the_page_size(story: Story) {
    // Of the same moment, so that the time alone does not tell them apart.
    let occurred_at = crate::facts::at("2026-01-01T00:00:00Z");
    for i in 0..5 {
        let (version, place) = (format!("1.{i}"), format!("place-{i}"));
        let product_name = format!("product-{i}");
        let event = pb::VersionEvent {
            product_name: product_name.clone(),
            occurred_at,
            ..build(&version, BuildStatus::Completed)
        };
        story.version_event(event).await.unwrap();
        let event = pb::DeploymentEvent {
            product_name: product_name.clone(),
            occurred_at,
            ..deployment(&version, &place, DeploymentStatus::Completed)
        };
        story.deployment_event(event).await.unwrap();
        let event = pb::CheckEvent {
            product_name,
            occurred_at,
            ..check(&version, "unit", CheckStatus::Passed)
        };
        story.check_event(event).await.unwrap();
    }
    let whole = every_list(&story, 1000).await;
    for (list, pages) in &whole {
        let rows = if *list == "list_events" { 15 } else { 5 };
        assert_eq!((pages.len(), pages[0].len()), (1, rows), "{list}");
    }
    for page_size in [1, 2, 5] {
        for ((list, whole), (_, pages)) in whole.iter().zip(every_list(&story, page_size).await) {
            let size = usize::try_from(page_size).unwrap();
            let counts: Vec<usize> = pages.iter().map(Vec::len).collect();
            assert_eq!(counts.len(), whole[0].len().div_ceil(size), "{list}");
            assert!(counts.iter().all(|count| *count <= size), "{list}");
            assert_eq!(pages.concat(), whole[0], "{list} by {page_size}");
        }
    }
}

async fn a_page_ends_before_it_would_pass_2_mib_and_nothing_is_lost(story: Story) {
    let metadata = object(serde_json::json!({"a": "x".repeat(100_000)}));
    for i in 0..45 {
        let event = pb::VersionEvent {
            extra_metadata: metadata.clone(),
            ..build(&format!("1.0.{i}"), BuildStatus::Completed)
        };
        story.version_event(event).await.unwrap();
    }
    let builds = pages(async |page_token| {
        let request = pb::ListBuildsRequest {
            page_size: 1000,
            page_token,
            ..Default::default()
        };
        let page = story.versions().list_builds(request).await.unwrap();
        let page = page.into_inner();
        assert!(prost::Message::encoded_len(&page) < 2 * 1024 * 1024 + 1024);
        (page.builds, page.next_page_token)
    });
    let builds = builds.await;
    assert_eq!(builds.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    let versions = builds.concat().into_iter().map(|build| build.version);
    let expected = (0..45).rev().map(|i| format!("1.0.{i}"));
    assert!(versions.eq(expected));

    let events = pages(async |page_token| {
        let request = pb::ListEventsRequest {
            page_size: 1000,
            page_token,
            ..Default::default()
        };
        let page = story.events().list_events(request).await.unwrap();
        let page = page.into_inner();
        let last = page.events.last().expect("an event").position;
        assert_eq!(page.position, last);
        (page.events, page.next_page_token)
    });
    let events = events.await;
    assert_eq!(events.iter().map(Vec::len).collect::<Vec<_>>(), [20, 20, 5]);
    assert!(events.concat().iter().map(|e| e.position).eq(1..=45));
}

on_both_engines!(
    a_page_size_above_1000_is_reduced_to_1000,
    rows_that_arrive_meanwhile_move_no_other_off_its_page,
    each_row_of_each_list_comes_exactly_once_whatever_the_page_size,
    a_page_ends_before_it_would_pass_2_mib_and_nothing_is_lost,
);
