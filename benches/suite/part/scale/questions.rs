//! The questions, as calls for a given history. Knows the contract, and what the history holds; each has an answer
//! of the same size whatever the history's size, where that is possible.

use prost::{Message, bytes::Bytes};
use versioner::pb::{
    BuildGrouping, CheckReadinessRequest, CompareEnvironmentsRequest, GetBuildStatisticsRequest,
    GetBuildTrendRequest, GetEnvironmentMatrixRequest, GetLatestVersionRequest, GetVersionRequest,
    GetVersionResponse, ListBuildsRequest, ListChecksRequest, ListDeploymentsRequest,
    ListVersionsRequest, ListVersionsResponse, Status, TraceVersionRequest, TrendBucket,
    VersionOrder,
};

use crate::{
    Result,
    client::{Client, frame},
    history::{
        ENVIRONMENTS, GET_VERSION, History, LIST_VERSIONS, MAIN_PRODUCT, legacy, scatter, time,
    },
};

const LIST_BUILDS: &str = "/versioner.v1.VersionService/ListBuilds";
const LIST_CHECKS: &str = "/versioner.v1.VersionService/ListChecks";
const LATEST: &str = "/versioner.v1.VersionService/GetLatestVersion";
const TRACE: &str = "/versioner.v1.VersionService/TraceVersion";
const READINESS: &str = "/versioner.v1.VersionService/CheckReadiness";
const LIST_DEPLOYMENTS: &str = "/versioner.v1.DeploymentService/ListDeployments";
const MATRIX: &str = "/versioner.v1.DeploymentService/GetEnvironmentMatrix";
const COMPARE: &str = "/versioner.v1.DeploymentService/CompareEnvironments";
const STATISTICS: &str = "/versioner.v1.InsightService/GetBuildStatistics";
const TREND: &str = "/versioner.v1.InsightService/GetBuildTrend";

/// Different versions that a question is asked about, in turn.
const KEYS: u64 = 50;
const PAGE: i32 = 50;
const LARGEST_PAGE: i32 = 1_000;
/// Versions behind a deep page: half of them.
const DEEP: u64 = 2;
const SHA_PREFIX: usize = 10;
const DAY_S: i64 = 24 * 60 * 60;

/// One question, with a call for each thing that it is asked about.
pub(super) struct Question {
    pub(super) name: String,
    pub(super) path: &'static str,
    pub(super) framed: Vec<Bytes>,
}

/// The same ones in the same order for every history.
pub(super) async fn all(client: &Client, history: History) -> Result<Vec<Question>> {
    let mut questions = of_single_versions(client, history).await?;
    questions.extend(lists_of_versions(history));
    questions.extend(deep_pages(client, history).await?);
    questions.extend(other_lists(history));
    questions.extend(deployed(history));
    questions.extend(insight(history));
    Ok(questions)
}

async fn of_single_versions(client: &Client, history: History) -> Result<Vec<Question>> {
    let mut ids = Vec::new();
    for nth in keys(history) {
        let answer = client
            .call(0, GET_VERSION, frame(&named(nth)))
            .await?
            .ok()?;
        let version = GetVersionResponse::decode(answer)?.version;
        ids.push(version.ok_or("an answer without a version")?.id);
    }
    let of_ids = |name, path, ask: fn(String) -> Bytes| {
        several(name, path, ids.iter().cloned().map(ask).collect())
    };
    let of_versions =
        |name, path, ask: fn(u64) -> Bytes| several(name, path, keys(history).map(ask).collect());
    Ok(vec![
        of_ids("version by id", GET_VERSION, |id| {
            frame(&GetVersionRequest {
                id,
                ..Default::default()
            })
        }),
        of_versions("version by name", GET_VERSION, |nth| frame(&named(nth))),
        of_ids("readiness by id", READINESS, |id| {
            frame(&CheckReadinessRequest {
                id,
                ..Default::default()
            })
        }),
        of_versions("readiness for production", READINESS, |nth| {
            frame(&CheckReadinessRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                environment_name: production(),
                ..Default::default()
            })
        }),
        of_ids("trace by id", TRACE, |id| {
            frame(&TraceVersionRequest {
                id,
                ..Default::default()
            })
        }),
        of_versions("trace by commit prefix", TRACE, |nth| {
            frame(&TraceVersionRequest {
                scm_sha: sha_prefix(nth),
                ..Default::default()
            })
        }),
        of_versions("versions by commit", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                scm_sha: History::scm_sha(nth),
                ..page()
            })
        }),
        of_versions("versions by commit prefix", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                scm_sha: sha_prefix(nth),
                ..page()
            })
        }),
        of_versions(
            "versions of product, by commit prefix",
            LIST_VERSIONS,
            |nth| {
                frame(&ListVersionsRequest {
                    product_name: History::product(nth),
                    scm_sha: sha_prefix(nth),
                    ..page()
                })
            },
        ),
        of_versions("versions by invoke_id", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                invoke_id: History::invoke_id(nth),
                ..page()
            })
        }),
        of_versions("versions of product, by invoke_id", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                product_name: History::product(nth),
                invoke_id: History::invoke_id(nth),
                ..page()
            })
        }),
        of_versions("versions by identifier", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                version: History::version(nth),
                ..page()
            })
        }),
        of_versions("versions of product, by identifier", LIST_VERSIONS, |nth| {
            frame(&ListVersionsRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                ..page()
            })
        }),
        of_versions("builds of a version", LIST_BUILDS, |nth| {
            frame(&ListBuildsRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                ..Default::default()
            })
        }),
        of_versions("builds by invoke_id", LIST_BUILDS, |nth| {
            frame(&ListBuildsRequest {
                invoke_id: History::invoke_id(nth),
                ..Default::default()
            })
        }),
        of_versions("checks of a version", LIST_CHECKS, |nth| {
            frame(&ListChecksRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                ..Default::default()
            })
        }),
        of_versions("deployments of a version", LIST_DEPLOYMENTS, |nth| {
            frame(&ListDeploymentsRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                ..Default::default()
            })
        }),
    ])
}

/// Each filter alone and with a product; what is rare and old shows whether an index serves it.
fn lists_of_versions(history: History) -> Vec<Question> {
    let filters = [
        ("no filter", page()),
        (
            "oldest first",
            ListVersionsRequest {
                order: VersionOrder::OldestFirst.into(),
                ..page()
            },
        ),
        (
            "highest first",
            ListVersionsRequest {
                order: VersionOrder::HighestFirst.into(),
                ..page()
            },
        ),
        (
            "old prefix",
            ListVersionsRequest {
                version_prefix: legacy::VERSION_PREFIX.to_owned(),
                ..page()
            },
        ),
        (
            "old prefix, highest first",
            ListVersionsRequest {
                version_prefix: legacy::VERSION_PREFIX.to_owned(),
                order: VersionOrder::HighestFirst.into(),
                ..page()
            },
        ),
        (
            "frequent status",
            ListVersionsRequest {
                status: Status::Completed.into(),
                ..page()
            },
        ),
        (
            "rare old status",
            ListVersionsRequest {
                status: Status::Aborted.into(),
                ..page()
            },
        ),
        (
            "frequent branch",
            ListVersionsRequest {
                scm_branch: "main".to_owned(),
                ..page()
            },
        ),
        (
            "rare old branch",
            ListVersionsRequest {
                scm_branch: legacy::BRANCH.to_owned(),
                ..page()
            },
        ),
        (
            "rare old repository",
            ListVersionsRequest {
                scm_repository: legacy::REPOSITORY.to_owned(),
                ..page()
            },
        ),
        (
            "rare old builder",
            ListVersionsRequest {
                built_by: legacy::BUILDER.to_owned(),
                ..page()
            },
        ),
        (
            "rare old source",
            ListVersionsRequest {
                source_system: legacy::SOURCE.to_owned(),
                ..page()
            },
        ),
        (
            "from half a year ago on, oldest first",
            ListVersionsRequest {
                created_from: time(half(history)),
                order: VersionOrder::OldestFirst.into(),
                ..page()
            },
        ),
        (
            "to half a year ago",
            ListVersionsRequest {
                created_to: time(half(history)),
                ..page()
            },
        ),
        (
            "currently in production",
            ListVersionsRequest {
                environment_name: production(),
                ..page()
            },
        ),
        (
            "rare old branch and source",
            ListVersionsRequest {
                scm_branch: legacy::BRANCH.to_owned(),
                source_system: legacy::SOURCE.to_owned(),
                ..page()
            },
        ),
        (
            "with readiness",
            ListVersionsRequest {
                include_readiness: true,
                ..page()
            },
        ),
    ];
    let mut questions = Vec::new();
    for (name, request) in filters {
        let of_product = ListVersionsRequest {
            product_name: MAIN_PRODUCT.to_owned(),
            ..request.clone()
        };
        questions.push(one(format!("versions, {name}"), LIST_VERSIONS, &request));
        questions.push(one(
            format!("versions of product, {name}"),
            LIST_VERSIONS,
            &of_product,
        ));
    }
    questions
}

/// A page behind half of all versions.
async fn deep_pages(client: &Client, history: History) -> Result<Vec<Question>> {
    let lists = [
        ("versions, deep page", page()),
        (
            "versions of product, deep page",
            ListVersionsRequest {
                product_name: MAIN_PRODUCT.to_owned(),
                ..page()
            },
        ),
        (
            "versions of product, highest first, deep page",
            ListVersionsRequest {
                product_name: MAIN_PRODUCT.to_owned(),
                order: VersionOrder::HighestFirst.into(),
                ..page()
            },
        ),
        (
            "versions, frequent status, deep page",
            ListVersionsRequest {
                status: Status::Completed.into(),
                ..page()
            },
        ),
    ];
    let mut questions = Vec::new();
    for (name, request) in lists {
        let mut walked = ListVersionsRequest {
            page_size: LARGEST_PAGE,
            ..request
        };
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
        questions.push(one(name, LIST_VERSIONS, &walked));
    }
    Ok(questions)
}

fn other_lists(history: History) -> Vec<Question> {
    let builds = || ListBuildsRequest {
        page_size: PAGE,
        ..Default::default()
    };
    let builds_of = || ListBuildsRequest {
        product_name: MAIN_PRODUCT.to_owned(),
        ..builds()
    };
    let deployments = || ListDeploymentsRequest {
        page_size: PAGE,
        ..Default::default()
    };
    let deployments_of = || ListDeploymentsRequest {
        product_name: MAIN_PRODUCT.to_owned(),
        ..deployments()
    };
    let latest = || GetLatestVersionRequest {
        product_name: MAIN_PRODUCT.to_owned(),
        ..Default::default()
    };
    vec![
        one("builds, no filter", LIST_BUILDS, &builds()),
        one("builds of product", LIST_BUILDS, &builds_of()),
        one(
            "builds, rare old status",
            LIST_BUILDS,
            &ListBuildsRequest {
                status: Status::Aborted.into(),
                ..builds()
            },
        ),
        one(
            "builds of product, rare old branch",
            LIST_BUILDS,
            &ListBuildsRequest {
                scm_branch: legacy::BRANCH.to_owned(),
                ..builds_of()
            },
        ),
        one(
            "builds of product, to half a year ago",
            LIST_BUILDS,
            &ListBuildsRequest {
                created_to: time(half(history)),
                ..builds_of()
            },
        ),
        one("deployments, no filter", LIST_DEPLOYMENTS, &deployments()),
        one(
            "deployments of product",
            LIST_DEPLOYMENTS,
            &deployments_of(),
        ),
        one(
            "deployments to production, current",
            LIST_DEPLOYMENTS,
            &ListDeploymentsRequest {
                environment_name: production(),
                current_only: true,
                ..deployments()
            },
        ),
        one(
            "deployments of product to production",
            LIST_DEPLOYMENTS,
            &ListDeploymentsRequest {
                environment_name: production(),
                ..deployments_of()
            },
        ),
        one("latest version of product", LATEST, &latest()),
        one(
            "latest version, rare old branch",
            LATEST,
            &GetLatestVersionRequest {
                scm_branch: legacy::BRANCH.to_owned(),
                include_prereleases: true,
                ..latest()
            },
        ),
        one(
            "latest version, frequent status",
            LATEST,
            &GetLatestVersionRequest {
                status: Status::Completed.into(),
                ..latest()
            },
        ),
        one(
            "latest version in production",
            LATEST,
            &GetLatestVersionRequest {
                environment_name: production(),
                include_prereleases: true,
                ..latest()
            },
        ),
        one(
            "latest ready version",
            LATEST,
            &GetLatestVersionRequest {
                ready: true,
                ..latest()
            },
        ),
    ]
}

fn deployed(history: History) -> Vec<Question> {
    let matrix = || GetEnvironmentMatrixRequest {
        page_size: PAGE,
        baseline_environment_name: production(),
        ..Default::default()
    };
    let compare = || CompareEnvironmentsRequest {
        page_size: PAGE,
        environment_name: ENVIRONMENTS[1].to_owned(),
        baseline_environment_name: production(),
        ..Default::default()
    };
    vec![
        one("matrix of 50 products", MATRIX, &matrix()),
        one(
            "matrix of 50 products half a year ago",
            MATRIX,
            &GetEnvironmentMatrixRequest {
                as_of: time(half(history)),
                ..matrix()
            },
        ),
        one("comparison of two environments", COMPARE, &compare()),
        one(
            "comparison of two environments half a year ago",
            COMPARE,
            &CompareEnvironmentsRequest {
                as_of: time(half(history)),
                ..compare()
            },
        ),
    ]
}

fn insight(history: History) -> Vec<Question> {
    let (from, to) = (time(history.begins_s()), time(history.ends_s()));
    let statistics = || GetBuildStatisticsRequest {
        product_name: MAIN_PRODUCT.to_owned(),
        from,
        to,
        ..Default::default()
    };
    let trend = || GetBuildTrendRequest {
        product_name: MAIN_PRODUCT.to_owned(),
        from,
        to,
        bucket: TrendBucket::Day.into(),
        time_zone: "Europe/Berlin".to_owned(),
        ..Default::default()
    };
    vec![
        one(
            "build statistics of product over a year",
            STATISTICS,
            &statistics(),
        ),
        one(
            "build statistics of product over its last day",
            STATISTICS,
            &GetBuildStatisticsRequest {
                from: time(history.ends_s() - DAY_S),
                ..statistics()
            },
        ),
        one(
            "build statistics of all products over a year, by product",
            STATISTICS,
            &GetBuildStatisticsRequest {
                product_name: String::new(),
                group_by: BuildGrouping::Product.into(),
                ..statistics()
            },
        ),
        one("build trend of product, daily over a year", TREND, &trend()),
        one(
            "build trend of product, hourly over its last day",
            TREND,
            &GetBuildTrendRequest {
                from: time(history.ends_s() - DAY_S),
                bucket: TrendBucket::Hour.into(),
                ..trend()
            },
        ),
    ]
}

fn one(name: impl Into<String>, path: &'static str, request: &impl Message) -> Question {
    several(name, path, vec![frame(request)])
}

fn several(name: impl Into<String>, path: &'static str, framed: Vec<Bytes>) -> Question {
    Question {
        name: name.into(),
        path,
        framed,
    }
}

/// Versions anywhere in the history, without its first ones, which are different.
fn keys(history: History) -> impl Iterator<Item = u64> {
    let first = history.versions / 10;
    (0..KEYS).map(move |key| first + scatter(key) % (history.versions - first))
}

fn named(nth: u64) -> GetVersionRequest {
    GetVersionRequest {
        product_name: History::product(nth),
        version: History::version(nth),
        ..Default::default()
    }
}

fn page() -> ListVersionsRequest {
    ListVersionsRequest {
        page_size: PAGE,
        ..Default::default()
    }
}

fn sha_prefix(nth: u64) -> String {
    History::scm_sha(nth)[..SHA_PREFIX].to_owned()
}

fn production() -> String {
    ENVIRONMENTS[2].to_owned()
}

fn half(history: History) -> i64 {
    i64::midpoint(history.begins_s(), history.ends_s())
}
