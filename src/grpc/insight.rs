//! `InsightService`.

use tonic::{Request, Response, Status, async_trait};

use super::Services;
use crate::pb::{self, insight_service_server::InsightService};

#[async_trait]
impl InsightService for Services {
    async fn get_build_statistics(
        &self,
        _request: Request<pb::GetBuildStatisticsRequest>,
    ) -> Result<Response<pb::GetBuildStatisticsResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }

    async fn get_build_trend(
        &self,
        _request: Request<pb::GetBuildTrendRequest>,
    ) -> Result<Response<pb::GetBuildTrendResponse>, Status> {
        Err(Status::unimplemented("to be written"))
    }
}
