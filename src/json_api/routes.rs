//! Every path of the JSON face and its call. A new call of the contract that only reads is one more entry here: its
//! parameters, its answer and its description follow from its messages.

use std::sync::LazyLock;

use super::{
    operation::{Group, Operation},
    submit,
};
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

/// The paths. The description lists them in this order.
pub(super) static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut operations = Vec::new();
    for (group, of_group) in [
        (Group::Events, events()),
        (Group::Versions, versions()),
        (Group::BuildsAndChecks, builds_and_checks()),
        (Group::Catalog, catalog()),
        (Group::Deployments, deployments()),
        (Group::Statistics, statistics()),
    ] {
        operations.extend(of_group.into_iter().map(|operation| operation.group(group)));
    }
    operations
});

fn events() -> Vec<Operation> {
    const SUBMIT_VERSION: &str = "EventService.SubmitVersionEvent";
    vec![
        submit::one("/version-events", SUBMIT_VERSION, Subject::Version),
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
        submit::one("/build-events", SUBMIT_VERSION, Subject::Version)
            .summary("The same as /version-events/"),
    ]
}

fn versions() -> Vec<Operation> {
    // A path that has the id does not have the name too.
    const BY_VERSION: [&str; 2] = ["product_name", "version"];
    const BY_NAME: &str = "; to name the version, use /versions/?product=…&version=…";
    const READINESS_BY_NAME: &str =
        "; to name the version, use /versions/readiness/?product=…&version=…";
    const TRACE_BY_NAME: &str = "; to name the version, use /versions/trace/?product=…&version=…";
    vec![
        call!(list "/versions", VersionService."ListVersions", list_versions),
        call!(get("/versions/latest", VersionService."GetLatestVersion", get_latest_version)),
        call!(get("/versions/readiness", VersionService."CheckReadiness", check_readiness)),
        call!(get("/versions/trace", VersionService."TraceVersion", trace_version)),
        call!(get("/versions/{id}", VersionService."GetVersion", get_version))
            .hiding(&BY_VERSION)
            .id_hint(BY_NAME),
        call!(list "/versions/{id}/events", EventService."ListEvents", list_events)
            .summary("Lists the entries of the event log about one version")
            .id_is("version_id")
            .hiding(&BY_VERSION)
            .id_hint("; to name the version, use /events/?product=…&version=…"),
        call!(get("/versions/{id}/readiness", VersionService."CheckReadiness", check_readiness))
            .hiding(&BY_VERSION)
            .id_hint(READINESS_BY_NAME),
        call!(get("/versions/{id}/trace", VersionService."TraceVersion", trace_version))
            .hiding(&BY_VERSION)
            .hiding(&["scm_sha"])
            .id_hint(TRACE_BY_NAME),
    ]
}

fn builds_and_checks() -> Vec<Operation> {
    vec![
        call!(list "/builds", VersionService."ListBuilds", list_builds),
        call!(get("/builds/{id}", VersionService."GetBuild", get_build)),
        call!(list "/checks", VersionService."ListChecks", list_checks),
        call!(get("/checks/{id}", VersionService."GetCheck", get_check)),
    ]
}

fn catalog() -> Vec<Operation> {
    vec![
        call!(list "/products", CatalogService."ListProducts", list_products),
        call!(get("/products/{id}", CatalogService."GetProduct", get_product)).or_name("name"),
        call!(change("/products/{id}", CatalogService."UpdateProduct", update_product, "product"))
            .or_name("name"),
        call!(delete("/products/{id}", CatalogService."DeleteProduct", delete_product))
            .or_name("name"),
        call!(list "/environments", CatalogService."ListEnvironments", list_environments),
        call!(get("/environments/{id}", CatalogService."GetEnvironment", get_environment))
            .or_name("name"),
        call!(change(
            "/environments/{id}",
            CatalogService."UpdateEnvironment",
            update_environment,
            "environment"
        ))
        .or_name("name"),
        call!(delete("/environments/{id}", CatalogService."DeleteEnvironment", delete_environment))
            .or_name("name"),
    ]
}

fn deployments() -> Vec<Operation> {
    vec![
        call!(list "/deployments", DeploymentService."ListDeployments", list_deployments),
        call!(get("/deployments/{id}", DeploymentService."GetDeployment", get_deployment)),
        call!(list
            "/environment-matrix", DeploymentService."GetEnvironmentMatrix", get_environment_matrix),
        call!(list
            "/environment-comparison", DeploymentService."CompareEnvironments", compare_environments),
    ]
}

fn statistics() -> Vec<Operation> {
    vec![
        call!(get(
            "/build-statistics", InsightService."GetBuildStatistics", get_build_statistics)),
        call!(get("/build-trend", InsightService."GetBuildTrend", get_build_trend)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        domain::rules,
        json_api::{contract::CONTRACT, operation::BodyKind},
    };

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
            for name in operation.hidden.iter().chain(&operation.name_field) {
                assert!(request.field(name).is_some(), "{path}: {name}");
            }
            assert!(!rules::call_errors(rpc).is_empty(), "{rpc}");
            match operation.body {
                BodyKind::Change(_) => assert!(operation.changeable().count() > 2, "{path}"),
                BodyKind::Event(name) => assert!(!CONTRACT.message(name).fields.is_empty()),
                BodyKind::Events | BodyKind::None => {}
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
