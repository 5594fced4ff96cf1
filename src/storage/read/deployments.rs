//! Reading deployments.

use super::filter::{CURRENT, Direction, Page, Select, beside, joined, upper_bound};
use crate::{
    domain::{
        page::{Cursor, CursorPart},
        query::DeploymentQuery,
        resource::Deployment,
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{DEPLOYMENT_COLUMNS, DeploymentRow, RUN_COLUMNS},
            sql::Sql,
        },
    },
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
        let leaves_few =
            query.version.is_some() || query.version_id.is_some() || query.invoke_id.is_some();
        let mut select = match query.current_only {
            true => self.select_current(query),
            false => self.select_deployments(),
        };
        let leaves_few = leaves_few || query.current_only;
        select = select
            .in_product(leaves_few, "r.product_id", query.product_name.as_deref())
            .and_version(
                "r.version_id",
                query.product_name.as_deref(),
                query.version.as_deref(),
            )
            .and("r.version_id = ", query.version_id)
            .and_environment(
                &beside(leaves_few, "r.environment_id"),
                query.environment_name.as_deref(),
            )
            .and("r.instance = ", query.instance.as_deref())
            .and_status(leaves_few, "r.status", &query.statuses)
            .and_any(
                &beside(leaves_few, "r.deployment_class"),
                query.deployment_classes.iter().map(|class| class.code()),
            )
            .and("r.deployed_by = ", query.deployed_by.as_deref())
            .and("r.invoke_id = ", query.invoke_id.as_deref())
            .and("r.first_at_us >= ", query.created_from_us)
            .and("r.first_at_us < ", upper_bound(query.created_to_us, page));
        if query.current_only {
            select = select.holds("r.current");
        }
        // SQLite uses an index of some rows only where the statement has its condition.
        if query
            .instance
            .as_deref()
            .is_some_and(|name| !name.is_empty())
        {
            select = select.holds("r.instance <> ''");
        }
        if !query.deployment_classes.is_empty() {
            select = select.holds("r.deployment_class <> 0");
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
        Select::new(deployments_from(
            self.pool().sql("select "),
            "deployments r",
        ))
    }

    /// What is current is few, however much was deployed before: it leads to the rest.
    fn select_current(&self, query: &DeploymentQuery) -> Select {
        let sql = self
            .pool()
            .sql("with m as materialized (select d.id from deployments d");
        let sql = Select::new(sql)
            .holds(CURRENT)
            .and_product("d.product_id", query.product_name.as_deref())
            .and_version(
                "d.version_id",
                query.product_name.as_deref(),
                query.version.as_deref(),
            )
            .and("d.version_id = ", query.version_id)
            .and_environment("d.environment_id", query.environment_name.as_deref())
            .finish(")\nselect ");
        Select::new(deployments_from(sql, "m cross join deployments r")).holds("r.id = m.id")
    }
}

/// What is read of deployments. Each has a version, a product and an environment;
/// but inner joins with them keep SQLite off the indexes that hold only some.
fn deployments_from(sql: Sql, from: &str) -> Sql {
    let engine = sql.engine();
    sql.push(DEPLOYMENT_COLUMNS)
        .push(", ")
        .push(RUN_COLUMNS)
        .push("\nfrom ")
        .push(from)
        .push(&joined(engine, from, "versions", "v", "r.version_id"))
        .push(&joined(engine, from, "products", "p", "r.product_id"))
        .push(&joined(
            engine,
            from,
            "environments",
            "e",
            "r.environment_id",
        ))
}
