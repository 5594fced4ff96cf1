//! The lists of builds, deployments and checks. Knows no plan.

use versioner::domain::{
    deployment::DeploymentClass,
    query::{BuildQuery, CheckQuery, DeploymentQuery},
    status::{CheckKind, Status},
};

use super::{CURRENT, Filter, LONG, ONE, Timed, ask, filter, text};
use crate::{
    plans::{
        asking::{
            Plans,
            Way::{Few, None as Unpromised, Passing, Walk},
        },
        fill::{self, LONG_LIVED, rare, usual},
    },
    report::PRODUCT,
};

pub(in crate::plans) async fn builds(plans: &Plans) {
    let filters: [Filter<BuildQuery>; 10] = [
        filter(|_| (), Walk(""), Walk("product_id=?")),
        filter(
            |q| q.statuses = vec![Status::Aborted],
            Walk("status=?"),
            Walk("product_id=? status=?"),
        ),
        filter(
            |q| q.statuses = vec![Status::Completed],
            Passing("", LONG),
            Passing("product_id=?", LONG),
        ),
        filter(
            |q| q.scm_branch = text(rare::BRANCH),
            Unpromised,
            Walk("product_id=? scm_branch=?"),
        ),
        filter(
            |q| q.scm_branch = text(usual::BRANCH),
            Unpromised,
            Walk("product_id=? scm_branch=?"),
        ),
        filter(
            |q| q.source_system = text(rare::SOURCE),
            Unpromised,
            Walk("product_id=? source_system=?"),
        ),
        filter(
            |q| q.source_system = text(usual::SOURCE),
            Unpromised,
            Walk("product_id=? source_system=?"),
        ),
        filter(
            |q| q.invoke_id = Some(fill::run_id(30)),
            Few("invoke_id=?", ONE),
            Few("invoke_id=?", ONE),
        ),
        filter(
            |q| q.version = Some(fill::version(30)),
            Unpromised,
            Few("version_id=?", ONE),
        ),
        filter(
            |q| q.version = text(LONG_LIVED),
            Unpromised,
            Few("version_id=?", LONG),
        ),
    ];
    for filter in &filters {
        ask(plans, filter).await;
    }
    let version = plans
        .store
        .version_by_name(PRODUCT, LONG_LIVED)
        .await
        .unwrap();
    let query = BuildQuery {
        version_id: Some(version.id),
        ..BuildQuery::default()
    };
    plans
        .list(&query, Few("version_id=?", LONG), BuildQuery::BEHIND)
        .await;
}

pub(in crate::plans) async fn deployments(plans: &Plans) {
    let filters: [Filter<DeploymentQuery>; 17] = [
        filter(|_| (), Walk(""), Walk("product_id=?")),
        filter(
            |q| q.statuses = vec![Status::Aborted],
            Walk("status=?"),
            Walk("product_id=? status=?"),
        ),
        filter(
            |q| q.statuses = vec![Status::Completed],
            Walk(""),
            Walk("product_id=?"),
        ),
        filter(
            |q| q.environment_name = text(rare::ENVIRONMENT),
            Walk("environment_id=?"),
            Walk("product_id=? environment_id=?"),
        ),
        filter(
            |q| q.environment_name = text(usual::ENVIRONMENT),
            Walk("environment_id=?"),
            Walk("product_id=? environment_id=?"),
        ),
        filter(
            |q| q.instance = text(rare::INSTANCE),
            Unpromised,
            Walk("product_id=? instance=?"),
        ),
        filter(
            |q| q.instance = text(usual::INSTANCE),
            Unpromised,
            Walk("product_id=? instance=?"),
        ),
        filter(
            |q| q.deployed_by = text(rare::DEPLOYER),
            Unpromised,
            Walk("product_id=? deployed_by=?"),
        ),
        filter(
            |q| q.deployed_by = text(usual::DEPLOYER),
            Unpromised,
            Walk("product_id=? deployed_by=?"),
        ),
        filter(
            |q| q.deployment_classes = vec![DeploymentClass::First],
            Unpromised,
            Walk("product_id=? class=?"),
        ),
        filter(
            |q| q.deployment_classes = vec![DeploymentClass::Upgrade],
            Unpromised,
            Walk("product_id=? class=?"),
        ),
        filter(
            |q| q.deployment_classes = vec![DeploymentClass::Rollback],
            Unpromised,
            Walk("product_id=? class=?"),
        ),
        filter(
            |q| q.invoke_id = text("deploy-30"),
            Few("invoke_id=?", ONE),
            Few("invoke_id=?", ONE),
        ),
        filter(
            |q| q.version = Some(fill::version(30)),
            Unpromised,
            Few("version_id=?", ONE),
        ),
        filter(
            |q| q.version = text(LONG_LIVED),
            Unpromised,
            Few("version_id=?", LONG),
        ),
        filter(
            |q| q.current_only = true,
            Few("INDEX", 2 * CURRENT),
            Few("product_id=?", CURRENT),
        ),
        filter(
            |q| {
                q.current_only = true;
                q.environment_name = text(usual::ENVIRONMENT);
            },
            Few("environment_id=?", CURRENT),
            Few("environment_id=? product_id=?", ONE),
        ),
    ];
    for filter in &filters {
        ask(plans, filter).await;
    }
    let version = plans
        .store
        .version_by_name(PRODUCT, LONG_LIVED)
        .await
        .unwrap();
    for current_only in [false, true] {
        let query = DeploymentQuery {
            version_id: Some(version.id),
            current_only,
            ..DeploymentQuery::default()
        };
        plans
            .list(&query, Few("version_id=?", LONG), DeploymentQuery::BEHIND)
            .await;
    }
}

pub(in crate::plans) async fn checks(plans: &Plans) {
    let filters: [Filter<CheckQuery>; 11] = [
        filter(|_| (), Walk(""), Walk("product_id=?")),
        filter(
            |q| q.statuses = vec![Status::Aborted],
            Walk("status=?"),
            Walk("product_id=? status=?"),
        ),
        filter(
            |q| q.statuses = vec![Status::Completed],
            Walk(""),
            Walk("product_id=?"),
        ),
        filter(
            |q| q.environment_name = text(rare::ENVIRONMENT),
            Walk("environment_id=?"),
            Walk("product_id=? environment_id=?"),
        ),
        filter(
            |q| q.check_name = text(rare::CHECK),
            Unpromised,
            Walk("product_id=? check_name=?"),
        ),
        filter(
            |q| q.check_name = text(usual::CHECK),
            Unpromised,
            Walk("product_id=? check_name=?"),
        ),
        filter(
            |q| q.kinds = vec![CheckKind::Approval],
            Unpromised,
            Walk("product_id=? kind=?"),
        ),
        filter(
            |q| q.kinds = vec![CheckKind::Test],
            Unpromised,
            Walk("product_id=? kind=?"),
        ),
        filter(
            |q| q.kinds = vec![CheckKind::Custom],
            Unpromised,
            Walk("product_id=? kind=?"),
        ),
        filter(
            |q| q.scm_sha = Some(fill::sha(30)),
            Few("scm_sha>? scm_sha<?", ONE),
            Few("scm_sha>? scm_sha<?", ONE),
        ),
        filter(
            |q| q.scm_sha = Some(fill::sha(30)[..8].to_owned()),
            Few("scm_sha>? scm_sha<?", ONE),
            Few("scm_sha>? scm_sha<?", ONE),
        ),
    ];
    for filter in &filters {
        ask(plans, filter).await;
    }
    for (version, few, keys) in [
        (fill::version(30), ONE, "version_id=?"),
        // Postgres expects all runs of its check, of which one is the latest.
        (LONG_LIVED.to_owned(), LONG, "version_id=?"),
        ("unknown".to_owned(), ONE, "product_id=? version=?"),
    ] {
        let query = CheckQuery {
            product_name: text(PRODUCT),
            version: Some(version),
            ..CheckQuery::default()
        };
        plans.list(&query, Few(keys, few), "").await;
    }
}
