//! Questions about one version, or about what was made in one run of CI.

use prost::{Message, bytes::Bytes};
use versioner::pb::{
    CheckReadinessRequest, GetVersionRequest, GetVersionResponse, ListBuildsRequest,
    ListChecksRequest, ListDeploymentsRequest, ListVersionsRequest, TraceVersionRequest,
};

use super::{
    Question, keys,
    lists::{LIST_BUILDS, LIST_CHECKS, LIST_DEPLOYMENTS},
    production, request,
};
use crate::{
    Result,
    client::Client,
    history::{GET_VERSION, History, LIST_VERSIONS},
};

const TRACE: &str = "/versioner.v1.VersionService/TraceVersion";
const READINESS: &str = "/versioner.v1.VersionService/CheckReadiness";

const SHA_PREFIX: usize = 10;

pub(super) async fn questions(client: &Client, history: History) -> Result<Vec<Question>> {
    let mut ids = Vec::new();
    for nth in keys(history) {
        let answer = client.call(0, GET_VERSION, version(nth)).await?.ok()?;
        let version = GetVersionResponse::decode(answer)?.version;
        ids.push(version.ok_or("an answer without a version")?.id);
    }
    let of_ids = |name, path, ask: fn(String) -> Bytes| {
        Question::new(name, path, ids.iter().cloned().map(ask).collect())
    };
    let of_versions = |name, path, ask: fn(u64) -> Bytes| {
        Question::new(name, path, keys(history).map(ask).collect())
    };
    let mut questions = vec![
        of_ids("version by id", GET_VERSION, |id| {
            request(|r: &mut GetVersionRequest| r.id = id)
        }),
        of_versions("version by name", GET_VERSION, version),
        of_ids("readiness by id", READINESS, |id| {
            request(|r: &mut CheckReadinessRequest| r.id = id)
        }),
        of_versions("readiness for production", READINESS, |nth| {
            request(|r: &mut CheckReadinessRequest| {
                (r.product_name, r.version) = named(nth);
                r.environment_name = production();
            })
        }),
        of_ids("trace by id", TRACE, |id| {
            request(|r: &mut TraceVersionRequest| r.id = id)
        }),
        of_versions("trace by commit prefix", TRACE, |nth| {
            request(|r: &mut TraceVersionRequest| r.scm_sha = sha_prefix(nth))
        }),
        of_versions("builds of a version", LIST_BUILDS, |nth| {
            request(|r: &mut ListBuildsRequest| (r.product_name, r.version) = named(nth))
        }),
        of_versions("builds by invoke_id", LIST_BUILDS, |nth| {
            request(|r: &mut ListBuildsRequest| r.invoke_id = History::invoke_id(nth))
        }),
        of_versions("checks of a version", LIST_CHECKS, |nth| {
            request(|r: &mut ListChecksRequest| (r.product_name, r.version) = named(nth))
        }),
        of_versions("deployments of a version", LIST_DEPLOYMENTS, |nth| {
            request(|r: &mut ListDeploymentsRequest| (r.product_name, r.version) = named(nth))
        }),
    ];

    /// What tells one version from all others.
    type Filter = fn(&mut ListVersionsRequest, u64);
    let filters: [(&str, bool, Filter); 4] = [
        ("commit", true, |r, nth| r.scm_sha = History::scm_sha(nth)),
        ("commit prefix", true, |r, nth| r.scm_sha = sha_prefix(nth)),
        ("invoke_id", true, |r, nth| {
            r.invoke_id = History::invoke_id(nth);
        }),
        ("identifier", false, |r, nth| {
            r.version = History::version(nth)
        }),
    ];
    for (name, is_indexed, fill) in filters {
        let alone = keys(history).map(|nth| request(|r| fill(r, nth)));
        let of_product = keys(history).map(|nth| {
            request(|r: &mut ListVersionsRequest| {
                r.product_name = History::product(nth);
                fill(r, nth);
            })
        });
        questions.push(Question {
            is_indexed,
            ..Question::new(
                format!("versions by {name}"),
                LIST_VERSIONS,
                alone.collect(),
            )
        });
        questions.push(Question::new(
            format!("versions of product, by {name}"),
            LIST_VERSIONS,
            of_product.collect(),
        ));
    }
    Ok(questions)
}

fn version(nth: u64) -> Bytes {
    request(|r: &mut GetVersionRequest| (r.product_name, r.version) = named(nth))
}

fn named(nth: u64) -> (String, String) {
    (History::product(nth), History::version(nth))
}

fn sha_prefix(nth: u64) -> String {
    History::scm_sha(nth)[..SHA_PREFIX].to_owned()
}
