//! Every question that a store is asked: each list with each filter, each resource by its id, and what is computed
//! from them. Knows no answer.

use serde_json::Value;

use crate::program::Program;

/// Lists, and what is asked without an id.
const FIXED: &[&str] = &[
    // The log.
    "/events/?page_size=7",
    "/events/?after=20",
    "/events/?product=shop",
    "/events/?product=shop&version=1.0.0",
    "/events/?environment=production",
    "/events/?event_types=check_event,product_updated",
    // Versions.
    "/versions/?page_size=3",
    "/versions/?order=oldest_first",
    "/versions/?order=highest_first",
    "/versions/?product=shop&order=highest_first",
    "/versions/?product=billing",
    "/versions/?product=invoicing",
    "/versions/?product=shop&version=1.1.0",
    "/versions/?version_prefix=1.",
    "/versions/?status=failed",
    "/versions/?product=shop&status=completed",
    "/versions/?scm_branch=main",
    "/versions/?product=shop&scm_branch=release%2F1.1",
    "/versions/?scm_repository=github.com%2Fmycompany%2Fshop",
    "/versions/?scm_sha=4f2a",
    "/versions/?scm_sha=4f2a9c1d",
    "/versions/?built_by=github-actions",
    "/versions/?source_system=jenkins",
    "/versions/?invoke_id=100",
    "/versions/?environment=production",
    "/versions/?include_readiness=true&readiness_environment_name=production",
    "/versions/latest/?product=shop",
    "/versions/latest/?product=shop&include_prereleases=true",
    "/versions/latest/?product=shop&scm_branch=main",
    "/versions/latest/?product=shop&status=failed",
    "/versions/latest/?product=shop&environment=production",
    "/versions/latest/?product=invoicing",
    "/versions/trace/?product=shop&version=1.0.0",
    "/versions/trace/?scm_sha=9a8b",
    "/versions/trace/?product=invoicing&version=456",
    "/versions/readiness/?product=shop&version=1.1.0&environment=production",
    "/versions/readiness/?product=shop&version=1.0.0&environment=production",
    "/versions/readiness/?product=shop&version=1.2.0",
    // Builds.
    "/builds/?page_size=4",
    "/builds/?product=shop&version=1.1.0-rc.1",
    "/builds/?status=failed",
    "/builds/?product=shop&status=completed",
    "/builds/?invoke_id=100",
    "/builds/?product=shop&scm_branch=main",
    "/builds/?product=invoicing&source_system=jenkins",
    // Checks.
    "/checks/?page_size=3",
    "/checks/?product=shop&version=1.0.0",
    "/checks/?scm_sha=4f2a9c1d",
    "/checks/?check_name=unit-tests",
    "/checks/?kind=security_scan",
    "/checks/?status=failed",
    "/checks/?environment=production",
    // Deployments.
    "/deployments/?page_size=4",
    "/deployments/?product=shop&version=1.0.0",
    "/deployments/?environment=production",
    "/deployments/?product=shop&environment=production&instance=eu",
    "/deployments/?status=failed",
    "/deployments/?deployed_by=argo",
    "/deployments/?invoke_id=deploy-1",
    "/deployments/?current_only=true",
    "/deployments/?product=shop&current_only=true",
    // The catalog.
    "/products/?page_size=1",
    "/products/?name_prefix=sh",
    "/environments/?page_size=2",
    "/environments/?name_prefix=prod",
    // What runs where, and how builds went.
    "/environment-matrix/?page_size=1",
    "/environment-matrix/?baseline_environment_name=production",
    "/environment-comparison/?environment=dev&baseline_environment_name=production",
    "/environment-matrix/?page_size=1&as_of=2025-04-30T00:00:00Z",
    "/environment-matrix/?as_of=2025-03-05T12:00:00Z&baseline_environment_name=production",
    "/environment-matrix/?as_of=2025-03-04T10:03:00Z",
    "/environment-comparison/?environment=dev&baseline_environment_name=production&as_of=2025-04-30T00:00:00Z",
];

/// What is asked for each row of a list, by its id.
const EACH: &[(&str, &str, &[&str])] = &[
    ("/versions/", "versions", &["", "/readiness/"]),
    ("/builds/", "builds", &[""]),
    ("/checks/", "checks", &[""]),
    ("/deployments/", "deployments", &[""]),
    ("/products/", "products", &[""]),
    ("/environments/", "environments", &[""]),
];

/// Questions about a span of time, or filtered by a type or a class.
const SPANS: &[&str] = &[
    "/versions/?created_from=2025-03-03T00:00:00Z&created_to=2025-03-05T00:00:00Z",
    "/builds/?created_from=2025-03-04T00:00:00Z",
    "/deployments/?created_to=2025-03-05T00:00:00Z",
    "/deployments/?deployment_class=rollback",
    "/environments/?environment_type=production",
    "/build-statistics/?start_at=2025-03-01T00:00:00Z&end_at=2025-04-01T00:00:00Z",
    "/build-statistics/?start_at=2025-03-01T00:00:00Z&end_at=2025-04-01T00:00:00Z&group_by=product",
    "/build-statistics/?product=shop&start_at=2025-03-03T09:05:00Z&end_at=2025-03-04T12:01:00Z&group_by=branch",
    "/build-trend/?start_at=2025-03-01T00:00:00Z&end_at=2025-04-01T00:00:00Z&bucket=week&time_zone=Europe%2FBerlin",
    "/build-trend/?product=shop&start_at=2025-03-03T00:00:00Z&end_at=2025-03-06T00:00:00Z&bucket=day&group_by=source_system",
    "/build-trend/?product=shop&start_at=2025-03-03T08:00:00Z&end_at=2025-03-03T14:00:00Z&bucket=hour",
];

pub(crate) async fn all(program: &Program) -> Vec<String> {
    let fixed = FIXED.iter().chain(SPANS);
    let mut questions: Vec<String> = fixed.map(|question| (*question).to_owned()).collect();
    for (path, list, endings) in EACH {
        let page = program.read(&format!("{path}?page_size=1000")).await;
        let rows = page[list].as_array().expect("a list");
        assert!(!rows.is_empty(), "no {list}");
        for row in rows {
            let id: &Value = &row["id"];
            let id = id.as_str().expect("an id");
            questions.extend(endings.iter().map(|ending| format!("{path}{id}{ending}")));
        }
    }
    questions
}
