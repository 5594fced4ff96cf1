//! Every path of the JSON face and what it calls. A call of the contract that only reads is one more entry here;
//! parameters, answer and description follow from its messages.

use std::sync::LazyLock;

use super::operation::Operation;
use super::submit;
use crate::{
    domain::event::Subject,
    pb::{
        catalog_service_server::CatalogService, deployment_service_server::DeploymentService,
        event_service_server::EventService, insight_service_server::InsightService,
        version_service_server::VersionService,
    },
};

/// A method of a service by its name and as the function that gRPC calls too.
macro_rules! call {
    ($make:ident($path:literal, $service:ident.$name:literal, $function:ident $(, $more:expr)*)) => {
        Operation::$make(
            $path,
            concat!(stringify!($service), ".", $name),
            $($more,)*
            |services, request| $service::$function(services, request),
        )
    };
    (list $path:literal, $service:ident.$name:literal, $function:ident) => {
        Operation::list(
            $path,
            concat!(stringify!($service), ".", $name),
            |services, request| $service::$function(services, request),
            |page| &page.next_page_token,
        )
    };
}

/// The paths, those that belong together side by side.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    // What a path names by its id is not named by its name too.
    const BY_NAME: [&str; 1] = ["name"];
    const BY_VERSION: [&str; 2] = ["product_name", "version"];
    vec![
        submit::one(
            "/version-events",
            "EventService.SubmitVersionEvent",
            Subject::Version,
        ),
        submit::one(
            "/build-events",
            "EventService.SubmitVersionEvent",
            Subject::Version,
        ),
        submit::one(
            "/deployment-events",
            "EventService.SubmitDeploymentEvent",
            Subject::Deployment,
        ),
        submit::one(
            "/check-events",
            "EventService.SubmitCheckEvent",
            Subject::Check,
        ),
        submit::many("/events", "EventService.BatchSubmitEvents"),
        call!(list "/events", EventService."ListEvents", list_events),
        call!(list "/versions", VersionService."ListVersions", list_versions),
        call!(get("/versions/latest", VersionService."GetLatestVersion", get_latest_version)),
        call!(get("/versions/readiness", VersionService."CheckReadiness", check_readiness)),
        call!(get("/versions/trace", VersionService."TraceVersion", trace_version)),
        call!(get("/versions/{id}", VersionService."GetVersion", get_version)).hiding(&BY_VERSION),
        call!(list "/versions/{id}/events", EventService."ListEvents", list_events)
            .id_is("version_id")
            .hiding(&BY_VERSION),
        call!(get("/versions/{id}/readiness", VersionService."CheckReadiness", check_readiness))
            .hiding(&BY_VERSION),
        call!(get("/versions/{id}/trace", VersionService."TraceVersion", trace_version))
            .hiding(&BY_VERSION)
            .hiding(&["scm_sha"]),
        call!(list "/builds", VersionService."ListBuilds", list_builds),
        call!(get("/builds/{id}", VersionService."GetBuild", get_build)),
        call!(list "/checks", VersionService."ListChecks", list_checks),
        call!(get("/checks/{id}", VersionService."GetCheck", get_check)),
        call!(list "/deployments", DeploymentService."ListDeployments", list_deployments),
        call!(get("/deployments/{id}", DeploymentService."GetDeployment", get_deployment)),
        call!(list
            "/environment-matrix", DeploymentService."GetEnvironmentMatrix", get_environment_matrix),
        call!(list
            "/environment-comparison", DeploymentService."CompareEnvironments", compare_environments),
        call!(get(
            "/build-statistics", InsightService."GetBuildStatistics", get_build_statistics)),
        call!(get("/build-trend", InsightService."GetBuildTrend", get_build_trend)),
        call!(list "/products", CatalogService."ListProducts", list_products),
        call!(get("/products/{id}", CatalogService."GetProduct", get_product)).hiding(&BY_NAME),
        call!(change("/products/{id}", CatalogService."UpdateProduct", update_product, "product"))
            .hiding(&BY_NAME),
        call!(delete("/products/{id}", CatalogService."DeleteProduct", delete_product))
            .hiding(&BY_NAME),
        call!(list "/environments", CatalogService."ListEnvironments", list_environments),
        call!(get("/environments/{id}", CatalogService."GetEnvironment", get_environment))
            .hiding(&BY_NAME),
        call!(change(
            "/environments/{id}",
            CatalogService."UpdateEnvironment",
            update_environment,
            "environment"
        ))
        .hiding(&BY_NAME),
        call!(delete("/environments/{id}", CatalogService."DeleteEnvironment", delete_environment))
            .hiding(&BY_NAME),
    ]
});

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::{contract::CONTRACT, operation::Takes};

    #[test]
    fn every_path_names_what_the_contract_has() {
        for operation in OPERATIONS.iter() {
            let (path, rpc) = (operation.path, operation.rpc);
            let method = CONTRACT.method(rpc);
            assert!(rpc.ends_with(&format!(".{}", method.name)), "{rpc}");
            assert!(
                !method.name.is_empty() && !method.comment.is_empty(),
                "{rpc}"
            );
            assert!(!CONTRACT.message(&method.output).fields.is_empty(), "{rpc}");
            let request = operation.request();
            if operation.has_id() {
                assert!(request.field(operation.id_field).is_some(), "{path}");
            }
            for hidden in &operation.hidden {
                assert!(request.field(hidden).is_some(), "{path}: {hidden}");
            }
            match operation.takes {
                Takes::Change(_) => assert!(operation.changeable().count() > 2, "{path}"),
                Takes::Event(name) => assert!(!CONTRACT.message(name).fields.is_empty()),
                Takes::Events | Takes::Nothing => {}
            }
        }
    }

    #[test]
    fn a_flat_answer_has_no_name_twice() {
        for operation in OPERATIONS.iter() {
            let answer = CONTRACT.message(&CONTRACT.method(operation.rpc).output);
            let Some(flat) = answer.flat() else { continue };
            let inner = flat
                .message()
                .into_iter()
                .flat_map(|message| &message.fields);
            let outer = answer.fields.iter().filter(|field| field.name != flat.name);
            let names: Vec<&str> = inner.chain(outer).map(|field| &field.name[..]).collect();
            let distinct: BTreeSet<&str> = names.iter().copied().collect();
            assert_eq!(names.len(), distinct.len(), "{}", answer.name);
        }
    }
}
