//! The lists of versions. Knows no plan.

use versioner::{
    domain::{
        query::{VersionOrder, VersionQuery},
        status::Status,
    },
    storage::Engine,
};

use super::{CURRENT, Filter, ONE, RARE, ask, ask_in_order, filter, text};
use crate::{
    plans::{
        asking::{
            Plans, Setting,
            Way::{Few, None as Unpromised, Walk},
        },
        fill::{self, rare, usual},
    },
    report::PRODUCT,
};

pub(in crate::plans) async fn versions(plans: &Plans) {
    let filters: [Filter<VersionQuery>; 17] = [
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
            |q| q.scm_repository = text(rare::REPOSITORY),
            Walk("scm_repository=?"),
            Walk("product_id=? scm_repository=?"),
        ),
        filter(
            |q| q.scm_repository = text(usual::REPOSITORY),
            Walk("scm_repository=?"),
            Walk("product_id=? scm_repository=?"),
        ),
        filter(
            |q| q.built_by = text(rare::BUILDER),
            Unpromised,
            Walk("product_id=? built_by=?"),
        ),
        filter(
            |q| q.built_by = text(usual::BUILDER),
            Unpromised,
            Walk("product_id=? built_by=?"),
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
            |q| q.version = Some(fill::version(30)),
            Unpromised,
            Few("product_id=? version=?", ONE),
        ),
        filter(
            |q| q.version_prefix = text(rare::PREFIX),
            Unpromised,
            Few("product_id=? version>? version<?", RARE),
        ),
        filter(
            |q| q.scm_sha = Some(fill::sha(30)),
            Few("scm_sha>? scm_sha<?", ONE),
            Few("scm_sha>? scm_sha<?", ONE),
        ),
        filter(
            |q| q.invoke_id = Some(fill::run_id(30)),
            Few("invoke_id=?", ONE),
            Few("invoke_id=?", ONE),
        ),
        filter(
            |q| q.environment_name = text(usual::ENVIRONMENT),
            Few("environment_id=?", CURRENT),
            Few("environment_id=? product_id=?", ONE),
        ),
        filter(
            |q| {
                q.environment_name = text(usual::ENVIRONMENT);
                q.statuses = vec![Status::Aborted];
                q.scm_branch = text(rare::BRANCH);
            },
            Few("environment_id=?", CURRENT),
            Few("environment_id=? product_id=?", RARE),
        ),
    ];
    for filter in &filters {
        ask(plans, filter).await;
        let oldest_first = |query: &mut VersionQuery| query.order = VersionOrder::OldestFirst;
        ask_in_order(plans, filter, oldest_first, "created_at_us>?").await;
    }
    if plans.engine() == Engine::Postgres {
        ask_combined(plans).await;
    }
    let highest: [Setting<VersionQuery>; 5] = [
        (|_| (), "product_id=?"),
        (
            |q| q.scm_branch = text(rare::BRANCH),
            "product_id=? scm_branch=?",
        ),
        (
            |q| q.scm_branch = text(usual::BRANCH),
            "product_id=? scm_branch=?",
        ),
        (
            |q| q.statuses = vec![Status::Aborted],
            "product_id=? status=?",
        ),
        (|q| q.statuses = vec![Status::Completed], "product_id=?"),
    ];
    for (set, keys) in highest {
        let mut query = VersionQuery {
            product_name: text(PRODUCT),
            order: VersionOrder::HighestFirst,
            ..VersionQuery::default()
        };
        set(&mut query);
        plans
            .list(&query, Walk(keys), "(precedence,created_at_us)<(?,?)")
            .await;
    }
}

/// A rare value of one filter with the usual ones of all others: the rare one has to lead.
async fn ask_combined(plans: &Plans) {
    let rare: [fn(&mut VersionQuery); 5] = [
        |q| q.statuses = vec![Status::Aborted],
        |q| q.scm_branch = text(rare::BRANCH),
        |q| q.scm_repository = text(rare::REPOSITORY),
        |q| q.built_by = text(rare::BUILDER),
        |q| q.source_system = text(rare::SOURCE),
    ];
    for set in rare {
        let mut query = VersionQuery {
            product_name: text(PRODUCT),
            statuses: vec![Status::Completed],
            scm_branch: text(usual::BRANCH),
            scm_repository: text(usual::REPOSITORY),
            built_by: text(usual::BUILDER),
            source_system: text(usual::SOURCE),
            ..VersionQuery::default()
        };
        set(&mut query);
        plans.list(&query, Few("", RARE), "").await;
    }
}
