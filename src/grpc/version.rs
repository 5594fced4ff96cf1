//! `VersionService`.

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{View, check_kind, check_status, status as parse_status},
    page::PageRequest,
    request::{Fields, GivenId},
    status::{Problem, no_such_id, status},
};
use crate::{
    domain::{
        id::Kind,
        query::{BuildQuery, CheckQuery, LatestBasis, LatestQuery, VersionOrder, VersionQuery},
    },
    pb::{self, version_service_server::VersionService},
};

impl Services {
    pub(super) fn view(&self) -> View {
        View {
            ids: self.ids(),
            stale_before_us: self.stale_before_us(),
        }
    }
}

#[async_trait]
impl VersionService for Services {
    async fn get_version(
        &self,
        request: Request<pb::GetVersionRequest>,
    ) -> Result<Response<pb::GetVersionResponse>, Status> {
        let request = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let id = fields.optional_id(Kind::Version, "id", &request.id);
        let named = !(request.product_name.trim().is_empty() && request.version.trim().is_empty());
        if !request.id.trim().is_empty() && named {
            fields.violations.add(
                "id",
                "and a name are both given: id, or product_name and version, is taken",
            );
        }
        let name = if request.id.trim().is_empty() {
            let product = fields.required_name("product_name", &request.product_name);
            product.zip(fields.required_name("version", &request.version))
        } else {
            None
        };
        fields
            .violations
            .finish(Some(()))
            .map_err(Problem::invalid)?;

        let version = match (id, name) {
            (GivenId::Position(position), _) => self
                .store
                .version(position)
                .await
                .map_err(status)?
                .ok_or_else(|| no_such_id(Kind::Version, &request.id))?,
            (_, Some((product, version))) => self
                .store
                .version_by_name(&product, &version)
                .await
                .map_err(status)?,
            _ => return Err(no_such_id(Kind::Version, &request.id)),
        };
        Ok(Response::new(pb::GetVersionResponse {
            version: Some(self.view().version(version)),
        }))
    }

    async fn list_versions(
        &self,
        request: Request<pb::ListVersionsRequest>,
    ) -> Result<Response<pb::ListVersionsResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let order = match pb::VersionOrder::try_from(r.order) {
            Ok(pb::VersionOrder::Unspecified | pb::VersionOrder::NewestFirst) => {
                VersionOrder::NewestFirst
            }
            Ok(pb::VersionOrder::OldestFirst) => VersionOrder::OldestFirst,
            Ok(pb::VersionOrder::HighestFirst) => VersionOrder::HighestFirst,
            Err(_) => {
                fields.violations.add(
                    "order",
                    format!("is the unknown number {}: 0 to 3 are taken", r.order),
                );
                VersionOrder::NewestFirst
            }
        };
        let query = VersionQuery {
            product_name: fields.name("product_name", &r.product_name),
            version: fields.name("version", &r.version),
            version_prefix: fields.name("version_prefix", &r.version_prefix),
            status: fields.given("status", parse_status(r.status)),
            scm_branch: fields.branch("scm_branch", &r.scm_branch),
            scm_repository: fields.repository("scm_repository", &r.scm_repository),
            scm_sha: fields.sha("scm_sha", &r.scm_sha),
            built_by: fields.name("built_by", &r.built_by),
            source_system: fields.name("source_system", &r.source_system),
            invoke_id: fields.name("invoke_id", &r.invoke_id),
            created_from_us: fields.time("created_from", r.created_from),
            created_to_us: fields.time("created_to", r.created_to),
            environment_name: fields.name("environment_name", &r.environment_name),
            order,
        };
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;

        let commits = match &query.scm_sha {
            Some(sha) => self
                .store
                .matching_commits(query.product_name.as_deref(), sha)
                .await
                .map_err(status)?,
            None => Vec::new(),
        };
        let view = self.view();
        let page = page
            .read(&self.store, &query, |version| view.version(version))
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListVersionsResponse {
            versions: page.rows,
            next_page_token: page.next_page_token,
            commits,
        }))
    }

    async fn get_latest_version(
        &self,
        request: Request<pb::GetLatestVersionRequest>,
    ) -> Result<Response<pb::GetLatestVersionResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let product_name = fields.required_name("product_name", &r.product_name);
        let query = LatestQuery {
            product_name: product_name.clone().unwrap_or_default(),
            scm_branch: fields.branch("scm_branch", &r.scm_branch),
            status: fields.given("status", parse_status(r.status)),
            environment_name: fields.name("environment_name", &r.environment_name),
            include_prereleases: r.include_prereleases,
        };
        fields
            .violations
            .finish(product_name)
            .map_err(Problem::invalid)?;

        let latest = self.store.latest_version(&query).await.map_err(status)?;
        Ok(Response::new(pb::GetLatestVersionResponse {
            version: Some(self.view().version(latest.version)),
            basis: match latest.basis {
                LatestBasis::Precedence => pb::LatestBasis::Precedence,
                LatestBasis::Time => pb::LatestBasis::Time,
            }
            .into(),
        }))
    }

    async fn get_build(
        &self,
        request: Request<pb::GetBuildRequest>,
    ) -> Result<Response<pb::GetBuildResponse>, Status> {
        let id = request.into_inner().id;
        let build = match self.required_id(Kind::Build, &id)? {
            Some(position) => self.store.build(position).await.map_err(status)?,
            None => None,
        };
        let build = build.ok_or_else(|| no_such_id(Kind::Build, &id))?;
        Ok(Response::new(pb::GetBuildResponse {
            build: Some(self.view().build(build)),
        }))
    }

    async fn list_builds(
        &self,
        request: Request<pb::ListBuildsRequest>,
    ) -> Result<Response<pb::ListBuildsResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = BuildQuery {
            product_name: fields.name("product_name", &r.product_name),
            version: fields.name("version", &r.version),
            version_id: version_id.position(),
            status: fields.given("status", parse_status(r.status)),
            invoke_id: fields.name("invoke_id", &r.invoke_id),
            scm_branch: fields.branch("scm_branch", &r.scm_branch),
            source_system: fields.name("source_system", &r.source_system),
            created_from_us: fields.time("created_from", r.created_from),
            created_to_us: fields.time("created_to", r.created_to),
        };
        fields.version_needs_product(&query.version, &query.product_name);
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;
        if version_id == GivenId::Unknown {
            return Ok(Response::new(pb::ListBuildsResponse::default()));
        }

        let view = self.view();
        let page = page
            .read(&self.store, &query, |build| view.build(build))
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListBuildsResponse {
            builds: page.rows,
            next_page_token: page.next_page_token,
        }))
    }

    async fn get_check(
        &self,
        request: Request<pb::GetCheckRequest>,
    ) -> Result<Response<pb::GetCheckResponse>, Status> {
        let id = request.into_inner().id;
        let check = match self.required_id(Kind::Check, &id)? {
            Some(position) => self.store.check(position).await.map_err(status)?,
            None => None,
        };
        let check = check.ok_or_else(|| no_such_id(Kind::Check, &id))?;
        Ok(Response::new(pb::GetCheckResponse {
            check: Some(self.view().check(check)),
        }))
    }

    async fn list_checks(
        &self,
        request: Request<pb::ListChecksRequest>,
    ) -> Result<Response<pb::ListChecksResponse>, Status> {
        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = CheckQuery {
            product_name: fields.name("product_name", &r.product_name),
            version: fields.name("version", &r.version),
            version_id: version_id.position(),
            scm_sha: fields.sha("scm_sha", &r.scm_sha),
            check_name: fields.name("check_name", &r.check_name),
            kind: fields.given("kind", check_kind(r.kind)),
            status: fields.given("status", check_status(r.status)),
            environment_name: fields.name("environment_name", &r.environment_name),
        };
        fields.version_needs_product(&query.version, &query.product_name);
        let page = PageRequest::parse(&mut fields, &query, r.page_size, &r.page_token);
        let page = fields.violations.finish(page).map_err(Problem::invalid)?;
        if version_id == GivenId::Unknown {
            return Ok(Response::new(pb::ListChecksResponse::default()));
        }

        let view = self.view();
        let page = page
            .read(&self.store, &query, |check| view.check(check))
            .await
            .map_err(status)?;
        Ok(Response::new(pb::ListChecksResponse {
            checks: page.rows,
            next_page_token: page.next_page_token,
        }))
    }

    async fn trace_version(
        &self,
        _request: Request<pb::TraceVersionRequest>,
    ) -> Result<Response<pb::TraceVersionResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }

    async fn check_readiness(
        &self,
        _request: Request<pb::CheckReadinessRequest>,
    ) -> Result<Response<pb::CheckReadinessResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }
}

impl Services {
    /// A required id, alone in its request. `None`: it names nothing here.
    pub(super) fn required_id(&self, kind: Kind, id: &str) -> Result<Option<i64>, Status> {
        let mut fields = Fields::new(self.ids());
        let id = fields.id(kind, "id", id);
        fields
            .violations
            .finish(Some(()))
            .map_err(Problem::invalid)?;
        Ok(id.position())
    }
}

impl Fields {
    pub(super) fn version_needs_product(
        &mut self,
        version: &Option<String>,
        product_name: &Option<String>,
    ) {
        if version.is_some() && product_name.is_none() {
            self.violations
                .add("product_name", "is required where version is given");
        }
    }
}
