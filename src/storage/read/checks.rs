//! Reading checks. A check is the latest run of its stream, recorded for a version
//! or for a commit; what is recorded for a commit counts for each of its versions.

use super::filter::{Direction, Page, Select, commit_condition, joined};
use crate::{
    domain::{
        commit,
        page::{Cursor, CursorPart},
        query::CheckQuery,
        resource::{Check, Version},
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{CHECK_COLUMNS, CheckRow, RUN_COLUMNS},
            sql::Sql,
        },
    },
};

impl Store {
    /// The check with this id.
    pub async fn check(&self, id: i64) -> Result<Option<Check>, Error> {
        let sql = select_checks(self.pool().sql("select "), "check_runs r")
            .holds("r.latest")
            .and("r.check_id = ", Some(id))
            .finish("");
        let rows: Vec<CheckRow> = self.pool().fetch(sql).await?;
        rows.into_iter().next().map(Check::try_from).transpose()
    }

    /// Checks, latest first, after the cursor. Asked for a version, it returns
    /// those of its commit too.
    pub async fn list_checks(
        &self,
        query: &CheckQuery,
        page: Page<'_>,
    ) -> Result<Vec<Check>, Error> {
        let version = match (query.version_id, &query.product_name, &query.version) {
            (Some(id), ..) => Some(self.version(id).await?),
            (None, Some(product_name), Some(version)) => {
                match self.version_by_name(product_name, version).await {
                    Ok(version) => Some(Some(version)),
                    Err(Error::NotFound { .. }) => Some(None),
                    Err(error) => return Err(error),
                }
            }
            _ => None,
        };
        let select = match &version {
            Some(None) => return Ok(Vec::new()),
            Some(Some(version)) => matching(of_version(
                self.pool().sql("with m as materialized ("),
                version,
            )),
            None => match &query.scm_sha {
                Some(sha) => matching(of_commit(self.pool().sql("with m as materialized ("), sha)),
                None => select_checks(self.pool().sql("select "), "check_runs r"),
            },
        };
        let leaves_few = version.is_some() || query.scm_sha.is_some();
        let mut select = select
            .holds("r.latest")
            .in_product(leaves_few, "r.product_id", query.product_name.as_deref())
            .and("r.check_name = ", query.check_name.as_deref())
            .and_any("r.kind", query.kinds.iter().map(|kind| kind.code()))
            .and_status(false, "r.status", &query.statuses);
        // SQLite uses an index of some rows only where the statement has its condition.
        select = match query.environment_name.as_deref() {
            None => select,
            Some("") => select.holds("r.environment_id = 0"),
            name => select
                .and_environment("r.environment_id", name)
                .holds("r.environment_id <> 0"),
        };
        if version.is_some() && query.scm_sha.is_some() {
            select = select.and_commit(
                "coalesce(nullif(r.scm_sha, ''), v.scm_sha)",
                query.scm_sha.as_deref(),
            );
        }
        let sql = select.page(
            &["r.first_at_us", "r.check_id"],
            Direction::Descending,
            page,
        );
        let rows: Vec<CheckRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Check::try_from).collect()
    }

    /// Where a list goes on after this check.
    pub fn check_cursor(check: &Check) -> Cursor {
        Cursor(vec![
            CursorPart::Int(check.run.created_at_us),
            CursorPart::Int(check.id),
        ])
    }
}

/// Those recorded for a version, and those for its commit in any of its forms.
fn of_version(sql: Sql, version: &Version) -> Sql {
    let sql = sql
        .push(
            "select c.id from check_runs c
             where c.latest and c.version_id <> 0 and c.version_id = ",
        )
        .bind(version.id);
    let Some(sha) = &version.scm_sha else {
        return sql;
    };
    let sql = sql
        .push(" union select c.id from check_runs c where c.latest and c.scm_sha <> ''")
        .push(" and c.product_id = ")
        .bind(version.product_id)
        .push(" and ");
    if commit::names_by_prefix(sha) {
        commit_condition(sql, "c.scm_sha", sha)
    } else {
        sql.push("c.scm_sha = ").bind(sha.as_str())
    }
}

/// Those recorded for a commit, and those for a version of it.
fn of_commit(sql: Sql, sha: &str) -> Sql {
    let sql = sql.push("select c.id from check_runs c where c.latest and c.scm_sha <> '' and ");
    let sql = commit_condition(sql, "c.scm_sha", sha).push(
        " union select c.id from versions w
          cross join check_runs c
          where c.latest and c.version_id <> 0 and c.version_id = w.id and ",
    );
    commit_condition(sql, "w.scm_sha", sha)
}

fn matching(sql: Sql) -> Select {
    select_checks(sql.push(")\nselect "), "m cross join check_runs r").holds("r.id = m.id")
}

fn select_checks(sql: Sql, from: &str) -> Select {
    let engine = sql.engine();
    Select::new(
        sql.push(CHECK_COLUMNS)
            .push(", ")
            .push(RUN_COLUMNS)
            .push("\nfrom ")
            .push(from)
            .push(&joined(engine, from, "products", "p", "r.product_id"))
            .push(&joined(engine, from, "versions", "v", "r.version_id"))
            .push(&joined(
                engine,
                from,
                "environments",
                "e",
                "r.environment_id",
            )),
    )
}
