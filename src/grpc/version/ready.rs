//! `CheckReadiness`.

use tonic::Status;

use crate::{
    domain::{id::Kind, query::ReadinessQuery, rules::check_readiness_request},
    grpc::{
        Services,
        convert::{readiness, timestamp},
        error::{Problem, status},
        now_us,
        request::Fields,
    },
    pb,
    storage::Error,
};

impl Services {
    pub(super) async fn readiness(
        &self,
        r: pb::CheckReadinessRequest,
    ) -> Result<pb::CheckReadinessResponse, Status> {
        let mut fields = Fields::new(self.ids());
        let which = fields.version(&r.id, &r.product_name, &r.version);
        let query = ReadinessQuery {
            environment_name: fields.text(
                &check_readiness_request::ENVIRONMENT_NAME,
                &r.environment_name,
            ),
            now_us: now_us(),
        };
        let which = fields.violations.finish(which).map_err(Problem::invalid)?;

        let version = self.version_of(&which).await?;
        let environment = self
            .store
            .readiness_environment(&query)
            .await
            .map_err(status)?;
        let wanted = format!("{} of {}", version.version, version.product_name);
        let assessed = self
            .store
            .assess(vec![version], environment.as_ref(), query.now_us)
            .await
            .map_err(status)?;
        let version = assessed.into_iter().next();
        let assessment = version.as_ref().and_then(|v| v.readiness.clone());
        // Without one it was deleted in the meantime.
        let (version, assessment) = version
            .zip(assessment)
            .ok_or_else(|| status(Error::not_found(Kind::Version, wanted)))?;
        let view = self.view();
        let conditions = assessment.conditions.iter();
        Ok(pb::CheckReadinessResponse {
            conditions: conditions.map(|c| view.condition(c)).collect(),
            version: Some(view.version(version)),
            environment_name: environment.map_or_else(String::new, |e| e.name),
            readiness: readiness(assessment.readiness),
            evaluated_at: Some(timestamp(query.now_us)),
        })
    }
}
