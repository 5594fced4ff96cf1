//! Lists of builds and deployments, and the latest version of a product.

use versioner::pb::{
    BuildStatus, GetLatestVersionRequest, ListBuildsRequest, ListDeploymentsRequest,
};

use super::{PAGE, Question, half_s, production};
use crate::history::{History, MAIN_PRODUCT, legacy, time};

pub(super) const LIST_BUILDS: &str = "/versioner.v1.VersionService/ListBuilds";
pub(super) const LIST_CHECKS: &str = "/versioner.v1.VersionService/ListChecks";
pub(super) const LIST_DEPLOYMENTS: &str = "/versioner.v1.DeploymentService/ListDeployments";
const LATEST: &str = "/versioner.v1.VersionService/GetLatestVersion";

pub(super) fn questions(history: History) -> Vec<Question> {
    let mut questions = builds(history);
    questions.extend(deployments());
    questions.extend(latest());
    questions
}

fn builds(history: History) -> Vec<Question> {
    let ask = |name, fill: &dyn Fn(&mut ListBuildsRequest)| {
        Question::one(name, LIST_BUILDS, |r: &mut ListBuildsRequest| {
            r.page_size = PAGE;
            fill(r);
        })
    };
    vec![
        ask("builds, no filter", &|_| {}),
        ask("builds, rare old status", &|r| {
            r.statuses = vec![BuildStatus::Aborted.into()];
        }),
        ask("builds of product", &|r| {
            r.product_name = MAIN_PRODUCT.to_owned();
        }),
        ask("builds of product, rare old branch", &|r| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.scm_branch = legacy::BRANCH.to_owned();
        }),
        ask("builds of product, to half a year ago", &|r| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.created_to = time(half_s(history));
        }),
    ]
}

fn deployments() -> Vec<Question> {
    let ask = |name, fill: fn(&mut ListDeploymentsRequest)| {
        Question::one(name, LIST_DEPLOYMENTS, |r: &mut ListDeploymentsRequest| {
            r.page_size = PAGE;
            fill(r);
        })
    };
    vec![
        ask("deployments, no filter", |_| {}),
        ask("deployments of product", |r| {
            r.product_name = MAIN_PRODUCT.to_owned();
        }),
        ask("deployments of product to production", |r| {
            r.product_name = MAIN_PRODUCT.to_owned();
            r.environment_name = production();
        }),
        ask("deployments to production, current", |r| {
            r.environment_name = production();
            r.current_only = true;
        }),
    ]
}

fn latest() -> Vec<Question> {
    let ask = |name, fill: fn(&mut GetLatestVersionRequest)| {
        Question::one(name, LATEST, |r: &mut GetLatestVersionRequest| {
            r.product_name = MAIN_PRODUCT.to_owned();
            fill(r);
        })
    };
    vec![
        ask("latest version of product", |_| {}),
        ask("latest version, rare old branch", |r| {
            r.scm_branch = legacy::BRANCH.to_owned();
            r.include_prereleases = true;
        }),
        ask("latest version, frequent status", |r| {
            r.statuses = vec![BuildStatus::Completed.into()];
        }),
        ask("latest version in production", |r| {
            r.environment_name = production();
            r.include_prereleases = true;
        }),
        ask("latest ready version", |r| r.ready = true),
        ask("latest version ready for production", |r| {
            r.ready = true;
            r.ready_for_environment_name = production();
        }),
    ]
}
