//! All that a server tells of the state, read page by page, in a form that two servers agree on: without the ids
//! and times that tell when and by whom an event was received.

use std::collections::HashMap;

use tonic::transport::Channel;
use versioner::pb::{
    Build, Deployment, Environment, ListBuildsRequest, ListDeploymentsRequest,
    ListEnvironmentsRequest, ListProductsRequest, ListVersionsRequest, Product, Version,
    catalog_service_client::CatalogServiceClient,
    deployment_service_client::DeploymentServiceClient,
    version_service_client::VersionServiceClient,
};

#[derive(Debug, PartialEq)]
pub(crate) struct State {
    pub(crate) products: Vec<Product>,
    pub(crate) environments: Vec<Environment>,
    pub(crate) versions: Vec<Version>,
    pub(crate) builds: Vec<Build>,
    pub(crate) deployments: Vec<Deployment>,
}

/// Reads a list to its end. The page size divides no list of the history, and none fits a page.
macro_rules! whole_list {
    ($client:expr, $call:ident($request:ident).$rows:ident) => {{
        let mut rows = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = $request {
                page_size: 317,
                page_token,
                ..Default::default()
            };
            let page = $client.$call(request).await.expect("a page").into_inner();
            rows.extend(page.$rows);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break rows;
            }
        }
    }};
}

impl State {
    pub(crate) async fn read(channel: Channel) -> State {
        let mut catalog = CatalogServiceClient::new(channel.clone());
        let mut versions = VersionServiceClient::new(channel.clone());
        let mut deployments = DeploymentServiceClient::new(channel);
        let mut state = State {
            products: whole_list!(catalog, list_products(ListProductsRequest).products),
            environments: whole_list!(
                catalog,
                list_environments(ListEnvironmentsRequest).environments
            ),
            versions: whole_list!(versions, list_versions(ListVersionsRequest).versions),
            builds: whole_list!(versions, list_builds(ListBuildsRequest).builds),
            deployments: whole_list!(
                deployments,
                list_deployments(ListDeploymentsRequest).deployments
            ),
        };
        state.forget_ids_and_receipt();
        state.sort();
        state
    }

    /// The version that is current in an environment, of a product that has one instance there.
    pub(crate) fn current(&self, product_name: &str, environment_name: &str) -> &str {
        let mut current = self.deployments.iter().filter(|d| {
            d.current && d.product_name == product_name && d.environment_name == environment_name
        });
        let version = &current.next().expect("a current one").version;
        assert_eq!(current.next(), None);
        version
    }

    fn forget_ids_and_receipt(&mut self) {
        let build_keys: HashMap<String, String> = self
            .builds
            .iter()
            .map(|b| {
                (
                    b.id.clone(),
                    format!("{} {}", b.invoke_id, b.invoke_attempt),
                )
            })
            .collect();
        for product in &mut self.products {
            product.id.clear();
            (product.created_at, product.updated_at) = (None, None);
        }
        for environment in &mut self.environments {
            environment.id.clear();
            (environment.created_at, environment.updated_at) = (None, None);
        }
        for version in &mut self.versions {
            if !version.latest_build_id.is_empty() {
                version.latest_build_id = build_keys[&version.latest_build_id].clone();
            }
            version.id.clear();
            version.product_id.clear();
            version.updated_at = None;
        }
        for build in &mut self.builds {
            build.id.clear();
            build.product_id.clear();
            build.version_id.clear();
        }
        for deployment in &mut self.deployments {
            deployment.id.clear();
            deployment.product_id.clear();
            deployment.version_id.clear();
            deployment.environment_id.clear();
        }
    }

    /// Rows of the same moment stand in the order of their receipt.
    fn sort(&mut self) {
        let moment = |at: &Option<prost_types::Timestamp>| at.map(|at| (at.seconds, at.nanos));
        self.versions
            .sort_by_cached_key(|v| (v.product_name.clone(), v.version.clone()));
        self.builds.sort_by_cached_key(|b| {
            let version = (b.product_name.clone(), b.version.clone());
            (version, moment(&b.created_at), b.invoke_id.clone())
        });
        self.deployments.sort_by_cached_key(|d| {
            let version = (d.product_name.clone(), d.version.clone());
            let place = (d.environment_name.clone(), d.instance.clone());
            (version, place, moment(&d.created_at))
        });
    }
}
