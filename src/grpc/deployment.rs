//! `DeploymentService`.

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{View, deployment_class, deployment_status, differs, timestamp},
    error::{Problem, no_such_id, status},
    page::PageRequest,
    request::{Fields, GivenId},
};
use crate::{
    domain::{
        deployment::DeploymentClass,
        id::Kind,
        query::{ComparisonQuery, DeploymentQuery, MatrixQuery},
        rules::FieldRules,
        status::Status as DeploymentStatus,
    },
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
        use crate::domain::rules::list_deployments_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = DeploymentQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_id: version_id.position(),
            environment_name: fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name),
            instance: fields.optional_text(&rules::INSTANCE, r.instance.as_deref()),
            statuses: fields.choices(
                &rules::STATUSES,
                &r.statuses,
                deployment_status,
                DeploymentStatus::code,
            ),
            deployed_by: fields.text(&rules::DEPLOYED_BY, &r.deployed_by),
            invoke_id: fields.text(&rules::INVOKE_ID, &r.invoke_id),
            created_from_us: fields.time(&rules::CREATED_FROM, r.created_from),
            created_to_us: fields.time(&rules::CREATED_TO, r.created_to),
            current_only: r.current_only,
            deployment_classes: fields.choices(
                &rules::DEPLOYMENT_CLASSES,
                &r.deployment_classes,
                deployment_class,
                DeploymentClass::code,
            ),
        };
        fields.version_needs_product(&rules::VERSION, &query.version, &query.product_name);
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
        request: Request<pb::GetEnvironmentMatrixRequest>,
    ) -> Result<Response<pb::GetEnvironmentMatrixResponse>, Status> {
        use crate::domain::rules::get_environment_matrix_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = MatrixQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            product_name_prefix: fields.text(&rules::PRODUCT_NAME_PREFIX, &r.product_name_prefix),
            environment_names: fields
                .environment_names(&rules::ENVIRONMENT_NAMES, &r.environment_names),
            as_of_us: fields.time(&rules::AS_OF, r.as_of),
            baseline_environment_name: fields.text(
                &rules::BASELINE_ENVIRONMENT_NAME,
                &r.baseline_environment_name,
            ),
        };
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;

        let matrix = self.store.matrix(&query).await.map_err(status)?;
        let view = self.view_as_of(query.as_of_us);
        let environments: Vec<_> = matrix
            .environments
            .iter()
            .map(|environment| view.matrix_environment(environment))
            .collect();
        let page = page
            .beside(&environments)
            .read(&self.store, &matrix, |row| view.matrix_row(row))
            .await
            .map_err(status)?;
        Ok(Response::new(pb::GetEnvironmentMatrixResponse {
            environments,
            rows: page.rows,
            next_page_token: page.next_page_token,
            as_of: query.as_of_us.map(timestamp),
        }))
    }

    async fn compare_environments(
        &self,
        request: Request<pb::CompareEnvironmentsRequest>,
    ) -> Result<Response<pb::CompareEnvironmentsResponse>, Status> {
        use crate::domain::rules::compare_environments_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let environment = fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name);
        let baseline = fields.text(
            &rules::BASELINE_ENVIRONMENT_NAME,
            &r.baseline_environment_name,
        );
        let query = ComparisonQuery {
            environment_name: environment.unwrap_or_default(),
            baseline_environment_name: baseline.unwrap_or_default(),
            product_name_prefix: fields.text(&rules::PRODUCT_NAME_PREFIX, &r.product_name_prefix),
            as_of_us: fields.time(&rules::AS_OF, r.as_of),
            differing_only: r.differing_only,
        };
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;

        let matrix = self.store.comparison(&query).await.map_err(status)?;
        let view = self.view_as_of(query.as_of_us);
        let page = match query.differing_only {
            false => {
                page.read(&self.store, &matrix, |row| view.comparison(&matrix, row))
                    .await
            }
            true => {
                page.read_matching(&self.store, &matrix, |row| {
                    let comparison = view.comparison(&matrix, row);
                    differs(&comparison).then_some(comparison)
                })
                .await
            }
        };
        let page = page.map_err(status)?;
        Ok(Response::new(pb::CompareEnvironmentsResponse {
            comparisons: page.rows,
            next_page_token: page.next_page_token,
            as_of: query.as_of_us.map(timestamp),
        }))
    }
}

impl Services {
    /// The view in which stale means stale at that moment.
    fn view_as_of(&self, as_of_us: Option<i64>) -> View {
        let view = self.view();
        View {
            stale_before_us: as_of_us.map_or(view.stale_before_us, |at_us| {
                at_us.saturating_sub(self.stale_after_us)
            }),
            ..view
        }
    }
}

impl Fields {
    /// The names of the environments of a matrix, each once.
    fn environment_names(&mut self, rules: &FieldRules, names: &[String]) -> Vec<String> {
        let names = self.texts(rules.name, rules, names).unwrap_or_default();
        for (at, name) in names.iter().enumerate() {
            if names[..at].contains(name) {
                let field = format!("{}[{at}]", rules.name);
                self.violations
                    .add(&field, format!("must not repeat {name}"));
            }
        }
        names
    }
}
