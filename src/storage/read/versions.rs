//! Reading versions.

use super::{
    filter::{CURRENT, Direction, Page, Select, beside, commit_condition, joined},
    version_cache::Since,
};
use crate::{
    domain::{
        commit,
        id::Kind,
        page::{Cursor, CursorPart},
        query::{VersionOrder, VersionQuery},
        resource::Version,
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{VERSION_COLUMNS, VersionRow, unreadable},
            sql::Sql,
        },
    },
};

/// Ids, with what a page may be ordered by: the order of a union has to be of its columns.
const ORDERED_IDS: &str = "v.id as id, v.created_at_us, v.precedence";
/// The most commits that a search tells of.
const MAX_COMMITS: i64 = 100;

impl Store {
    /// The version with this id.
    pub async fn version(&self, id: i64) -> Result<Option<Version>, Error> {
        if let Some(version) = self.cache().version(id) {
            return Ok(Some(version));
        }
        let since = self.cache().since();
        let select = self.all_versions().and("v.id = ", Some(id));
        let versions = self.read_versions(select.finish(""), since).await?;
        Ok(versions.into_iter().next())
    }

    /// A product's version with this identifier; the product by any of its names.
    pub async fn version_by_name(
        &self,
        product_name: &str,
        version: &str,
    ) -> Result<Version, Error> {
        if let Some(version) = self.cache().version_by_name(product_name, version) {
            return Ok(version);
        }
        let since = self.cache().since();
        let select = self
            .all_versions()
            .and_product("v.product_id", Some(product_name))
            .and("v.version = ", Some(version));
        let versions = self.read_versions(select.finish(""), since).await?;
        if let Some(version) = versions.into_iter().next() {
            let cache = self.cache();
            cache.keep_name(since, product_name, version.product_id);
            return Ok(version);
        }
        self.product_id(product_name).await?;
        Err(Error::not_found(
            Kind::Version,
            format!("{version} of {product_name}"),
        ))
    }

    /// Versions in the query's order, after the cursor; with their readiness where
    /// the query asks for it.
    pub async fn list_versions(
        &self,
        query: &VersionQuery,
        page: Page<'_>,
    ) -> Result<Vec<Version>, Error> {
        let environment = match &query.readiness {
            Some(asked) => self.readiness_environment(asked).await?,
            None => None,
        };
        let versions = self.page_of_versions(query, page).await?;
        match &query.readiness {
            Some(asked) => {
                self.assess(versions, environment.as_ref(), asked.now_us)
                    .await
            }
            None => Ok(versions),
        }
    }

    /// A first page is asked for again and again, and most of what it costs is to read its
    /// rows: their ids alone are read where the rest is kept.
    async fn page_of_versions(
        &self,
        query: &VersionQuery,
        page: Page<'_>,
    ) -> Result<Vec<Version>, Error> {
        let since = match page.after {
            None => self.cache().since(),
            Some(_) => Since::NEVER,
        };
        if since.is_known() {
            let ids = self.ids_of_page(query, page).await?;
            if let Some(versions) = self.cache().versions(since, &ids) {
                return Ok(versions);
            }
        }
        let sql = self.pool().sql("");
        let sql = matching_versions(sql, query, page, VERSION_COLUMNS);
        self.read_versions(sql, since).await
    }

    /// In one row: the driver takes longer for each row than SQLite does to find it.
    async fn ids_of_page(&self, query: &VersionQuery, page: Page<'_>) -> Result<Vec<i64>, Error> {
        // SQLite keeps the order of a subquery for this function.
        let sql = matching_versions(self.pool().sql(""), query, page, ORDERED_IDS);
        let sql = sql.within("select group_concat(id) from (", ")");
        let rows: Vec<(Option<String>,)> = self.pool().fetch(sql).await?;
        let ids = rows.into_iter().find_map(|row| row.0).unwrap_or_default();
        let ids = ids.split_terminator(',').map(str::parse);
        ids.collect::<Result<_, _>>()
            .map_err(|_| unreadable("the ids of a page"))
    }

    /// Where a list goes on after this version.
    pub fn version_cursor(version: &Version, order: VersionOrder) -> Cursor {
        let mut parts = vec![
            CursorPart::Int(version.created_at_us),
            CursorPart::Int(version.id),
        ];
        if order == VersionOrder::HighestFirst {
            parts.insert(0, CursorPart::Bytes(version.precedence.clone()));
        }
        Cursor(parts)
    }

    /// The commits of versions that a SHA or its beginning fits, of one product or
    /// of all (R14); at most 100, in order.
    pub async fn matching_commits(
        &self,
        product_name: Option<&str>,
        sha: &str,
    ) -> Result<Vec<String>, Error> {
        let sql = self.pool().sql("select distinct v.scm_sha from versions v");
        let sql = Select::new(sql)
            .and_commit("v.scm_sha", Some(sha))
            // Not by the index of the product, which has all of its versions.
            .and_product("+v.product_id", product_name)
            .finish("\norder by v.scm_sha\nlimit ")
            .bind(MAX_COMMITS);
        let shas: Vec<(String,)> = self.pool().fetch(sql).await?;
        Ok(commit::distinct(
            shas.into_iter().map(|row| row.0).collect(),
        ))
    }

    fn all_versions(&self) -> Select {
        let sql = self.pool().sql("select ").push(VERSION_COLUMNS);
        Select::new(versions_from(sql, "versions v"))
    }

    async fn read_versions(&self, sql: Sql, since: Since) -> Result<Vec<Version>, Error> {
        let rows: Vec<VersionRow> = self.pool().fetch(sql).await?;
        let versions: Vec<Version> = rows.into_iter().map(Version::from).collect();
        self.cache().keep(since, &versions);
        Ok(versions)
    }
}

/// The page of the versions that fit, in the query's order.
fn matching_versions(sql: Sql, query: &VersionQuery, page: Page<'_>, columns: &str) -> Sql {
    // What lies behind a cursor needs no second bound: one leads to the place.
    let (from_us, to_us) = match (query.order, page.after) {
        (VersionOrder::NewestFirst, Some(_)) => (query.created_from_us, None),
        (VersionOrder::OldestFirst, Some(_)) => (None, query.created_to_us),
        _ => (query.created_from_us, query.created_to_us),
    };
    let leaves_few =
        query.scm_sha.is_some() || query.invoke_id.is_some() || query.environment_name.is_some();
    // A prefix of the identifier tells more than a span of time.
    let is_by_prefix = query.product_name.is_some() && query.version_prefix.is_some();
    let select = select_matching(sql, query, columns)
        .in_product(leaves_few, "v.product_id", query.product_name.as_deref())
        .and("v.version = ", query.version.as_deref())
        .and_prefix("v.version", query.version_prefix.as_deref())
        .and_status(false, "v.status", &query.statuses)
        .and("v.scm_branch = ", query.scm_branch.as_deref())
        .and("v.scm_repository = ", query.scm_repository.as_deref())
        .and("v.built_by = ", query.built_by.as_deref())
        .and("v.source_system = ", query.source_system.as_deref())
        .and(&beside(is_by_prefix, "v.created_at_us >= "), from_us)
        .and(&beside(is_by_prefix, "v.created_at_us < "), to_us);
    let by_time = ["v.created_at_us", "v.id"];
    match query.order {
        VersionOrder::NewestFirst => select.page(&by_time, Direction::Descending, page),
        VersionOrder::OldestFirst => select.page(&by_time, Direction::Ascending, page),
        VersionOrder::HighestFirst => select.page(
            &["v.precedence", "v.created_at_us", "v.id"],
            Direction::Descending,
            page,
        ),
    }
}

/// Versions, found by the filter that leaves the fewest where another table or
/// a search has to tell; whatever else is asked is looked at in those.
fn select_matching(sql: Sql, query: &VersionQuery, columns: &str) -> Select {
    let with = "with m as materialized (select distinct ";
    let matches = if let Some(sha) = &query.scm_sha {
        let sql = sql.push(with).push("c.id from versions c where ");
        commit_condition(sql, "c.scm_sha", sha)
    } else if let Some(invoke_id) = &query.invoke_id {
        sql.push(with)
            .push("b.version_id as id from builds b where b.invoke_id = ")
            .bind(invoke_id.as_str())
    } else if let Some(environment) = &query.environment_name {
        let sql = sql.push(with).push("d.version_id as id from deployments d");
        let sql = Select::new(sql)
            .holds(CURRENT)
            .and_product("d.product_id", query.product_name.as_deref());
        sql.and_environment("d.environment_id", Some(environment))
            .finish("")
    } else {
        let sql = sql.push("select ").push(columns);
        return Select::new(versions_from(sql, "versions v")).include_pending("v");
    };
    let sql = matches.push(")\nselect ").push(columns);
    let sql = versions_from(sql, "m cross join versions v");
    let mut select = Select::new(sql).holds("v.id = m.id");
    if query.scm_sha.is_some() {
        select = select.and_within(
            "v.id in (select b.version_id from builds b where b.invoke_id = ",
            query.invoke_id.as_deref(),
            ")",
        );
    }
    if query.scm_sha.is_some() || query.invoke_id.is_some() {
        select = select.and_within(
            &format!(
                "v.id in (select d.version_id from deployments d
                          where {CURRENT} and d.environment_id =
                                (select environment_id from environment_names where name = "
            ),
            query.environment_name.as_deref(),
            "))",
        );
    }
    select
}

/// Where versions are read from. Each has a product; but an inner join with it keeps
/// SQLite off the indexes of versions that hold only some of them.
pub(crate) fn versions_from(sql: Sql, from: &str) -> Sql {
    let engine = sql.engine();
    sql.push("\nfrom ")
        .push(from)
        .push(&joined(engine, from, "products", "p", "v.product_id"))
}
