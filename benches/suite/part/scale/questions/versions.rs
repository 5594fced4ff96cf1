//! Lists of versions: each filter and order, alone and with a product, on the first page and on a deep one.

use prost::Message;
use versioner::pb::{BuildStatus, ListVersionsRequest, ListVersionsResponse, VersionOrder};

use super::{PAGE, Question, half_s, production};
use crate::{
    Result,
    client::{Client, frame},
    history::{History, LIST_VERSIONS, MAIN_PRODUCT, legacy, time},
};

/// What pages are walked with.
const LARGEST_PAGE: i32 = 1_000;
/// A deep page has this share of all versions before it: a half.
const DEEP: u64 = 2;

/// What is rare and old shows whether an index serves it.
pub(super) fn questions(history: History) -> Vec<Question> {
    type Filter<'a> = &'a dyn Fn(&mut ListVersionsRequest);
    /// Whether an index is promised for the filter without a product.
    const INDEXED: bool = true;
    let filters: [(&str, bool, Filter); 17] = [
        ("no filter", INDEXED, &|_| {}),
        ("oldest first", INDEXED, &|r| {
            r.set_order(VersionOrder::OldestFirst);
        }),
        ("highest first", !INDEXED, &|r| {
            r.set_order(VersionOrder::HighestFirst);
        }),
        ("old prefix", !INDEXED, &|r| {
            r.version_prefix = legacy::VERSION_PREFIX.to_owned();
        }),
        ("old prefix, highest first", !INDEXED, &|r| {
            r.version_prefix = legacy::VERSION_PREFIX.to_owned();
            r.set_order(VersionOrder::HighestFirst);
        }),
        ("frequent status", INDEXED, &|r| {
            r.statuses = vec![BuildStatus::Completed.into()];
        }),
        ("rare old status", INDEXED, &|r| {
            r.statuses = vec![BuildStatus::Aborted.into()];
        }),
        ("frequent branch", !INDEXED, &|r| {
            r.scm_branch = "main".to_owned();
        }),
        ("rare old branch", !INDEXED, &|r| {
            r.scm_branch = legacy::BRANCH.to_owned();
        }),
        ("rare old repository", INDEXED, &|r| {
            r.scm_repository = legacy::REPOSITORY.to_owned();
        }),
        ("rare old builder", !INDEXED, &|r| {
            r.built_by = legacy::BUILDER.to_owned();
        }),
        ("rare old source", !INDEXED, &|r| {
            r.source_system = legacy::SOURCE.to_owned();
        }),
        ("rare old branch and source", !INDEXED, &|r| {
            r.scm_branch = legacy::BRANCH.to_owned();
            r.source_system = legacy::SOURCE.to_owned();
        }),
        ("from half a year ago on, oldest first", INDEXED, &|r| {
            r.created_from = time(half_s(history));
            r.set_order(VersionOrder::OldestFirst);
        }),
        ("to half a year ago", INDEXED, &|r| {
            r.created_to = time(half_s(history));
        }),
        ("currently in production", INDEXED, &|r| {
            r.environment_name = production();
        }),
        ("with readiness", INDEXED, &|r| r.include_readiness = true),
    ];
    let mut questions = Vec::new();
    for (name, is_indexed, fill) in filters {
        let page = |r: &mut ListVersionsRequest| {
            r.page_size = PAGE;
            fill(r);
        };
        questions.push(Question {
            is_indexed,
            ..Question::one(format!("versions, {name}"), LIST_VERSIONS, page)
        });
        let name = format!("versions of product, {name}");
        questions.push(Question::one(
            name,
            LIST_VERSIONS,
            |r: &mut ListVersionsRequest| {
                r.product_name = MAIN_PRODUCT.to_owned();
                page(r);
            },
        ));
    }
    questions
}

/// A page behind half of all versions.
pub(super) async fn deep_pages(client: &Client, history: History) -> Result<Vec<Question>> {
    type Filter = fn(&mut ListVersionsRequest);
    let lists: [(&str, Filter); 4] = [
        ("versions, deep page", |_| {}),
        ("versions, frequent status, deep page", |r| {
            r.statuses = vec![BuildStatus::Completed.into()];
        }),
        ("versions of product, deep page", |r| {
            r.product_name = MAIN_PRODUCT.to_owned();
        }),
        ("versions of product, highest first, deep page", |r| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.set_order(VersionOrder::HighestFirst);
        }),
    ];
    let mut questions = Vec::new();
    for (name, fill) in lists {
        let mut walked = ListVersionsRequest {
            page_size: LARGEST_PAGE,
            ..Default::default()
        };
        fill(&mut walked);
        let mut passed = 0;
        while passed < history.versions / DEEP {
            let answer = client.call(0, LIST_VERSIONS, frame(&walked)).await?.ok()?;
            let answer = ListVersionsResponse::decode(answer)?;
            if answer.next_page_token.is_empty() {
                break;
            }
            passed += answer.versions.len() as u64;
            walked.page_token = answer.next_page_token;
        }
        walked.page_size = PAGE;
        questions.push(Question::one(name, LIST_VERSIONS, |r| *r = walked));
    }
    Ok(questions)
}
