//! `VersionService`.

mod ready;
mod trace;
mod which;

use tonic::{Request, Response, Status, async_trait};

use super::{
    Services,
    convert::{View, build_status, check_kind, check_status, version_order},
    error::{Problem, no_such_id, status},
    now_us,
    page::PageRequest,
    request::{Fields, GivenId},
};
use crate::{
    domain::{
        id::Kind,
        query::{BuildQuery, CheckQuery, LatestBasis, LatestQuery, ReadinessQuery, VersionQuery},
        rules::FieldRules,
        status::{CheckKind, Status as BuildStatus},
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
        let which = fields.version(&request.id, &request.product_name, &request.version);
        let which = fields.violations.finish(which).map_err(Problem::invalid)?;
        let version = self.version_of(&which).await?;
        Ok(Response::new(pb::GetVersionResponse {
            version: Some(self.view().version(version)),
        }))
    }

    async fn list_versions(
        &self,
        request: Request<pb::ListVersionsRequest>,
    ) -> Result<Response<pb::ListVersionsResponse>, Status> {
        use crate::domain::rules::list_versions_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let order = fields.given(rules::ORDER.name, version_order(r.order));
        let readiness_environment = fields.text(
            &rules::READINESS_ENVIRONMENT_NAME,
            &r.readiness_environment_name,
        );
        fields.needs(
            &rules::READINESS_ENVIRONMENT_NAME,
            readiness_environment.is_some(),
            &[(rules::INCLUDE_READINESS.name, r.include_readiness)],
        );
        let query = VersionQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_prefix: fields.text(&rules::VERSION_PREFIX, &r.version_prefix),
            statuses: fields.choices(
                &rules::STATUSES,
                &r.statuses,
                build_status,
                BuildStatus::code,
            ),
            scm_branch: fields.text(&rules::SCM_BRANCH, &r.scm_branch),
            scm_repository: fields.text(&rules::SCM_REPOSITORY, &r.scm_repository),
            scm_sha: fields.sha(&rules::SCM_SHA, &r.scm_sha),
            built_by: fields.text(&rules::BUILT_BY, &r.built_by),
            source_system: fields.text(&rules::SOURCE_SYSTEM, &r.source_system),
            invoke_id: fields.text(&rules::INVOKE_ID, &r.invoke_id),
            created_from_us: fields.time(&rules::CREATED_FROM, r.created_from),
            created_to_us: fields.time(&rules::CREATED_TO, r.created_to),
            environment_name: fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name),
            order: order.unwrap_or_default(),
            readiness: r.include_readiness.then(|| ReadinessQuery {
                environment_name: readiness_environment,
                now_us: now_us(),
            }),
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
        use crate::domain::rules::get_latest_version_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let product_name = fields.text(&rules::PRODUCT_NAME, &r.product_name);
        let ready_for = fields.text(
            &rules::READY_FOR_ENVIRONMENT_NAME,
            &r.ready_for_environment_name,
        );
        let query = LatestQuery {
            product_name: product_name.clone().unwrap_or_default(),
            scm_branch: fields.text(&rules::SCM_BRANCH, &r.scm_branch),
            statuses: fields.choices(
                &rules::STATUSES,
                &r.statuses,
                build_status,
                BuildStatus::code,
            ),
            environment_name: fields.text(&rules::ENVIRONMENT_NAME, &r.environment_name),
            include_prereleases: r.include_prereleases,
            ready: (r.ready || ready_for.is_some()).then(|| ReadinessQuery {
                environment_name: ready_for,
                now_us: now_us(),
            }),
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
        use crate::domain::rules::list_builds_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = BuildQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_id: version_id.position(),
            statuses: fields.choices(
                &rules::STATUSES,
                &r.statuses,
                build_status,
                BuildStatus::code,
            ),
            invoke_id: fields.text(&rules::INVOKE_ID, &r.invoke_id),
            scm_branch: fields.text(&rules::SCM_BRANCH, &r.scm_branch),
            source_system: fields.text(&rules::SOURCE_SYSTEM, &r.source_system),
            created_from_us: fields.time(&rules::CREATED_FROM, r.created_from),
            created_to_us: fields.time(&rules::CREATED_TO, r.created_to),
        };
        fields.version_needs_product(&rules::VERSION, &query.version, &query.product_name);
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
        use crate::domain::rules::list_checks_request as rules;

        let r = request.into_inner();
        let mut fields = Fields::new(self.ids());
        let version_id = fields.optional_id(Kind::Version, "version_id", &r.version_id);
        let query = CheckQuery {
            product_name: fields.text(&rules::PRODUCT_NAME, &r.product_name),
            version: fields.text(&rules::VERSION, &r.version),
            version_id: version_id.position(),
            scm_sha: fields.sha(&rules::SCM_SHA, &r.scm_sha),
            check_name: fields.text(&rules::CHECK_NAME, &r.check_name),
            kinds: fields.choices(&rules::KINDS, &r.kinds, check_kind, CheckKind::code),
            statuses: fields.choices(
                &rules::STATUSES,
                &r.statuses,
                check_status,
                BuildStatus::code,
            ),
            environment_name: fields
                .optional_text(&rules::ENVIRONMENT_NAME, r.environment_name.as_deref()),
        };
        fields.version_needs_product(&rules::VERSION, &query.version, &query.product_name);
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
        request: Request<pb::TraceVersionRequest>,
    ) -> Result<Response<pb::TraceVersionResponse>, Status> {
        self.trace(request.into_inner()).await.map(Response::new)
    }

    async fn check_readiness(
        &self,
        request: Request<pb::CheckReadinessRequest>,
    ) -> Result<Response<pb::CheckReadinessResponse>, Status> {
        self.readiness(request.into_inner())
            .await
            .map(Response::new)
    }
}

impl Services {
    /// The required id of a request that has nothing else. `None`: this server did not issue it.
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
        rules: &FieldRules,
        version: &Option<String>,
        product_name: &Option<String>,
    ) {
        let product_name = ("product_name", product_name.is_some());
        self.needs(rules, version.is_some(), &[product_name]);
    }
}
