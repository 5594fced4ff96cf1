//! `DeploymentService`.

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{deployment_class, status as parse_status},
    page::PageRequest,
    request::{Fields, GivenId},
    status::{Problem, no_such_id, status},
};
use crate::{
    domain::{id::Kind, query::DeploymentQuery},
    pb::{self, deployment_service_server::DeploymentService},
};

#[async_trait]
impl DeploymentService for Services {
    async fn get_deployment(
        &self,
        request: Request<pb::GetDeploymentRequest>,
    ) -> Result<Response<pb::GetDeploymentResponse>, Status> {
        let id = request.into_inner().id;
        let deployment = match self.required_id(Kind::Deployment, &id)? {
            Some(position) => self.store.deployment(position).await.map_err(status)?,
            None => None,
        };
        let deployment = deployment.ok_or_else(|| no_such_id(Kind::Deployment, &id))?;
        Ok(Response::new(pb::GetDeploymentResponse {
            deployment: Some(self.view().deployment(deployment)),
        }))
    }

    async fn list_deployments(
        &self,
        request: Request<pb::ListDeploymentsRequest>,
    ) -> Result<Response<pb::ListDeploymentsResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = DeploymentQuery {
            product_name: fields.name("product_name", &r.product_name),
            version: fields.name("version", &r.version),
            version_id: version_id.position(),
            environment_name: fields.name("environment_name", &r.environment_name),
            instance: fields.name("instance", &r.instance),
            status: fields.given("status", parse_status(r.status)),
            deployed_by: fields.name("deployed_by", &r.deployed_by),
            invoke_id: fields.name("invoke_id", &r.invoke_id),
            created_from_us: fields.time("created_from", r.created_from),
            created_to_us: fields.time("created_to", r.created_to),
            current_only: r.current_only,
            class: fields.given("class", deployment_class(r.class)),
        };
        fields.version_needs_product(&query.version, &query.product_name);
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;
        if version_id == GivenId::Unknown {
            return Ok(Response::new(pb::ListDeploymentsResponse::default()));
        }

        let view = self.view();
        let page = page
            .read(&self.store, &query, |deployment| {
                view.deployment(deployment)
            })
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListDeploymentsResponse {
            deployments: page.rows,
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_environment_matrix(
        &self,
        _request: Request<pb::GetEnvironmentMatrixRequest>,
    ) -> Result<Response<pb::GetEnvironmentMatrixResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }

    async fn compare_environments(
        &self,
        _request: Request<pb::CompareEnvironmentsRequest>,
    ) -> Result<Response<pb::CompareEnvironmentsResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }
}
