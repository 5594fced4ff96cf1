//! Reading deployments.

use super::{
    Store,
    error::Error,
    filter::{Direction, Page, Select},
    rows::{DEPLOYMENT_COLUMNS, DeploymentRow, RUN_COLUMNS},
};
use crate::domain::{
    page::{Cursor, CursorPart},
    query::DeploymentQuery,
    resource::Deployment,
};

impl Store {
    /// The deployment with this id.
    pub async fn deployment(&self, id: i64) -> Result<Option<Deployment>, Error> {
        let sql = self
            .select_deployments()
            .and("r.id = ", Some(id))
            .finish("");
        let rows: Vec<DeploymentRow> = self.pool().fetch(sql).await?;
        rows.into_iter()
            .next()
            .map(Deployment::try_from)
            .transpose()
    }

    /// Deployments, latest first, after the cursor.
    pub async fn list_deployments(
        &self,
        query: &DeploymentQuery,
        page: Page<'_>,
    ) -> Result<Vec<Deployment>, Error> {
        let mut select = self
            .select_deployments()
            .and_product("r.product_id", query.product_name.as_deref())
            .and_version(
                "r.version_id",
                query.product_name.as_deref(),
                query.version.as_deref(),
            )
            .and("r.version_id = ", query.version_id)
            .and_environment("r.environment_id", query.environment_name.as_deref())
            .and("r.instance = ", query.instance.as_deref())
            .and("r.status = ", query.status.map(|s| s.code()))
            .and("r.class = ", query.class.map(|c| c.code()))
            .and("r.deployed_by = ", query.deployed_by.as_deref())
            .and("r.invoke_id = ", query.invoke_id.as_deref())
            .and("r.first_at_us >= ", query.created_from_us)
            .and("r.first_at_us < ", query.created_to_us);
        if query.current_only {
            select = select.holds("r.current");
        }
        let sql = select.page(&["r.first_at_us", "r.id"], Direction::Descending, page);
        let rows: Vec<DeploymentRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Deployment::try_from).collect()
    }

    /// Where a list goes on after this deployment.
    pub fn deployment_cursor(deployment: &Deployment) -> Cursor {
        Cursor(vec![
            CursorPart::Int(deployment.run.created_at_us),
            CursorPart::Int(deployment.id),
        ])
    }

    fn select_deployments(&self) -> Select {
        Select::new(
            self.pool()
                .sql("select ")
                .push(DEPLOYMENT_COLUMNS)
                .push(", ")
                .push(RUN_COLUMNS)
                .push(
                    "
                     from deployments r
                     join versions v on v.id = r.version_id
                     join products p on p.id = r.product_id
                     join environments e on e.id = r.environment_id",
                ),
        )
    }
}
