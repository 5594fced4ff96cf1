//! `CatalogService`.

mod mask;

use tonic::{Request, Response, Status, async_trait};

use self::mask::{Mask, gives_limits};
use super::{
    Services,
    convert::environment_type,
    error::{Problem, no_such_id, status, status_by},
    page::PageRequest,
    request::Fields,
};
use crate::{
    domain::{
        environment::EnvironmentType,
        id::Kind,
        query::{EnvironmentQuery, ProductQuery},
        requirements::RequirementsChange,
    },
    pb::{self, catalog_service_server::CatalogService},
    storage::{EnvironmentChange, ProductChange, Reference},
};

#[async_trait]
impl CatalogService for Services {
    async fn get_product(
        &self,
        request: Request<pb::GetProductRequest>,
    ) -> Result<Response<pb::GetProductResponse>, Status> {
        let r = request.into_inner();
        let which = self.reference(Kind::Product, &r.id, &r.name)?;
        let product = self
            .store
            .product(&which)
            .await
            .map_err(status_by(Kind::Product, &r.id))?;
        Ok(Response::new(pb::GetProductResponse {
            product: Some(self.view().product(product)),
        }))
    }

    async fn list_products(
        &self,
        request: Request<pb::ListProductsRequest>,
    ) -> Result<Response<pb::ListProductsResponse>, Status> {
        use crate::domain::rules::list_products_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = ProductQuery {
            name_prefix: fields.text(&rules::NAME_PREFIX, &r.name_prefix),
        };
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;
        let view = self.view();
        let page = page
            .read(&self.store, &query, |product| view.product(product))
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListProductsResponse {
            products: page.rows,
            next_page_token: page.next_page_token,
        }))
    }

    async fn update_product(
        &self,
        request: Request<pb::UpdateProductRequest>,
    ) -> Result<Response<pb::UpdateProductResponse>, Status> {
        use crate::domain::rules::{product, update_product_request as rules};

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let which = fields.reference(Kind::Product, &r.id, &r.name);
        fields.required(&rules::PRODUCT, r.product.is_some());
        let new = r.product.unwrap_or_default();
        let mask = Mask::parse(
            &mut fields,
            r.update_mask,
            &[
                ("name", !new.name.is_empty()),
                ("description", !new.description.is_empty()),
                ("aliases", !new.aliases.is_empty()),
                ("required_checks", !new.required_checks.is_empty()),
                (
                    "security_limits",
                    gives_limits(new.security_limits.as_ref()),
                ),
            ],
        );
        let change = ProductChange {
            name: mask.name(&mut fields, "product", &product::NAME, &new.name),
            description: mask.description(
                &mut fields,
                "product",
                &product::DESCRIPTION,
                &new.description,
            ),
            aliases: mask.texts(&mut fields, "product", &product::ALIASES, &new.aliases),
            requirements: RequirementsChange {
                required_checks: mask.texts(
                    &mut fields,
                    "product",
                    &product::REQUIRED_CHECKS,
                    &new.required_checks,
                ),
                security_limits: mask.limits(&mut fields, "product", new.security_limits.as_ref()),
            },
        };
        let which = fields.violations.finish(which).map_err(Problem::invalid)?;
        let which = which.ok_or_else(|| no_such_id(Kind::Product, &r.id))?;
        let product = self
            .store
            .update_product(which, change)
            .await
            .map_err(status_by(Kind::Product, &r.id))?;
        Ok(Response::new(pb::UpdateProductResponse {
            product: Some(self.view().product(product)),
        }))
    }

    async fn delete_product(
        &self,
        request: Request<pb::DeleteProductRequest>,
    ) -> Result<Response<pb::DeleteProductResponse>, Status> {
        let r = request.into_inner();
        let which = self.reference(Kind::Product, &r.id, &r.name)?;
        let deleted = self
            .store
            .delete_product(which, r.force)
            .await
            .map_err(status_by(Kind::Product, &r.id))?;
        Ok(Response::new(pb::DeleteProductResponse {
            versions: deleted.versions,
            builds: deleted.builds,
            checks: deleted.checks,
            deployments: deleted.deployments,
            events: deleted.events,
        }))
    }

    async fn get_environment(
        &self,
        request: Request<pb::GetEnvironmentRequest>,
    ) -> Result<Response<pb::GetEnvironmentResponse>, Status> {
        let r = request.into_inner();
        let which = self.reference(Kind::Environment, &r.id, &r.name)?;
        let environment = self
            .store
            .environment(&which)
            .await
            .map_err(status_by(Kind::Environment, &r.id))?;
        Ok(Response::new(pb::GetEnvironmentResponse {
            environment: Some(self.view().environment(environment)),
        }))
    }

    async fn list_environments(
        &self,
        request: Request<pb::ListEnvironmentsRequest>,
    ) -> Result<Response<pb::ListEnvironmentsResponse>, Status> {
        use crate::domain::rules::list_environments_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let query = EnvironmentQuery {
            name_prefix: fields.text(&rules::NAME_PREFIX, &r.name_prefix),
            environment_types: fields.choices(
                &rules::ENVIRONMENT_TYPES,
                &r.environment_types,
                environment_type,
                EnvironmentType::code,
            ),
        };
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;
        let view = self.view();
        let page = page
            .read(&self.store, &query, |environment| {
                view.environment(environment)
            })
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListEnvironmentsResponse {
            environments: page.rows,
            next_page_token: page.next_page_token,
        }))
    }

    async fn update_environment(
        &self,
        request: Request<pb::UpdateEnvironmentRequest>,
    ) -> Result<Response<pb::UpdateEnvironmentResponse>, Status> {
        use crate::domain::rules::{environment, update_environment_request as rules};

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let which = fields.reference(Kind::Environment, &r.id, &r.name);
        fields.required(&rules::ENVIRONMENT, r.environment.is_some());
        let new = r.environment.unwrap_or_default();
        let mask = Mask::parse(
            &mut fields,
            r.update_mask,
            &[
                ("name", !new.name.is_empty()),
                ("environment_type", new.environment_type != 0),
                ("description", !new.description.is_empty()),
                ("aliases", !new.aliases.is_empty()),
                ("required_checks", !new.required_checks.is_empty()),
                (
                    "security_limits",
                    gives_limits(new.security_limits.as_ref()),
                ),
            ],
        );
        let kind = match mask.has("environment_type") {
            true => {
                let kind = fields.given(
                    "environment.environment_type",
                    environment_type(new.environment_type),
                );
                if kind.is_none() && new.environment_type == 0 {
                    fields.violations.add(
                        "environment.environment_type",
                        "is required if update_mask has it: the type cannot be removed",
                    );
                }
                kind
            }
            false => None,
        };
        let change = EnvironmentChange {
            name: mask.name(&mut fields, "environment", &environment::NAME, &new.name),
            kind,
            description: mask.description(
                &mut fields,
                "environment",
                &environment::DESCRIPTION,
                &new.description,
            ),
            aliases: mask.texts(
                &mut fields,
                "environment",
                &environment::ALIASES,
                &new.aliases,
            ),
            requirements: RequirementsChange {
                required_checks: mask.texts(
                    &mut fields,
                    "environment",
                    &environment::REQUIRED_CHECKS,
                    &new.required_checks,
                ),
                security_limits: mask.limits(
                    &mut fields,
                    "environment",
                    new.security_limits.as_ref(),
                ),
            },
        };
        let which = fields.violations.finish(which).map_err(Problem::invalid)?;
        let which = which.ok_or_else(|| no_such_id(Kind::Environment, &r.id))?;
        let environment = self
            .store
            .update_environment(which, change)
            .await
            .map_err(status_by(Kind::Environment, &r.id))?;
        Ok(Response::new(pb::UpdateEnvironmentResponse {
            environment: Some(self.view().environment(environment)),
        }))
    }

    async fn delete_environment(
        &self,
        request: Request<pb::DeleteEnvironmentRequest>,
    ) -> Result<Response<pb::DeleteEnvironmentResponse>, Status> {
        let r = request.into_inner();
        let which = self.reference(Kind::Environment, &r.id, &r.name)?;
        let deleted = self
            .store
            .delete_environment(which, r.force)
            .await
            .map_err(status_by(Kind::Environment, &r.id))?;
        Ok(Response::new(pb::DeleteEnvironmentResponse {
            checks: deleted.checks,
            deployments: deleted.deployments,
            events: deleted.events,
        }))
    }
}

impl Services {
    fn reference(&self, kind: Kind, id: &str, name: &str) -> Result<Reference, Status> {
        let mut fields = Fields::new(self.ids());
        let which = fields.reference(kind, id, name);
        let which = fields.violations.finish(which).map_err(Problem::invalid)?;
        which.ok_or_else(|| no_such_id(kind, id))
    }
}
