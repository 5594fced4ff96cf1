//! The latest version of a product (R13), of those that are ready where only such
//! are wanted (R17).

use super::{
    filter::{Direction, Page, Select},
    readiness::MAX_ASSESSED,
    versions::versions_from,
};
use crate::{
    domain::{
        id::Kind,
        page::Cursor,
        query::{LatestBasis, LatestQuery, VersionOrder},
        readiness::Readiness,
        resource::{Environment, Version},
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{VERSION_COLUMNS, VersionRow},
        },
    },
};

/// Candidates that are looked at first: the latest versions mostly are ready.
const FIRST_LOOK: usize = 5;

/// The latest version, and what it is the latest by.
#[derive(Clone, Debug)]
pub struct Latest {
    pub version: Version,
    pub basis: LatestBasis,
}

/// Which of the versions that fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Among {
    All,
    Releases,
    Prereleases,
    /// Those that have no order but time.
    Unordered,
}

/// What is asked, with the names in it resolved.
struct Asked<'a> {
    query: &'a LatestQuery,
    product_id: i64,
    environment_id: Option<i64>,
    ready: Option<Ready>,
}

struct Ready {
    environment: Option<Environment>,
    now_us: i64,
}

impl Store {
    /// The latest version of a product that fits.
    pub async fn latest_version(&self, query: &LatestQuery) -> Result<Latest, Error> {
        let asked = Asked {
            query,
            product_id: self.product_id(&query.product_name).await?,
            environment_id: match &query.environment_name {
                Some(name) => Some(self.environment_id(name).await?),
                None => None,
            },
            ready: match &query.ready {
                Some(ready) => Some(Ready {
                    environment: self.readiness_environment(ready).await?,
                    now_us: ready.now_us,
                }),
                None => None,
            },
        };
        // One that has no order but time makes all go by time: it has to fit, too.
        let newest = VersionOrder::NewestFirst;
        let unordered = self.first_of(&asked, Among::Unordered, newest).await?;
        let (basis, order) = match unordered {
            None => (LatestBasis::Precedence, VersionOrder::HighestFirst),
            Some(_) => (LatestBasis::Time, newest),
        };
        let among = match query.include_prereleases {
            true => Among::All,
            false => Among::Releases,
        };
        if let Some(version) = self.first_of(&asked, among, order).await? {
            return Ok(Latest { version, basis });
        }
        let only_prereleases = !query.include_prereleases
            && self
                .first_of(&asked, Among::Prereleases, newest)
                .await?
                .is_some();
        Err(match only_prereleases {
            true => Error::OnlyPrereleases {
                product_name: query.product_name.clone(),
            },
            false => {
                let wanted = match query.ready {
                    Some(_) => "that matches and is ready",
                    None => "that matches",
                };
                Error::not_found(Kind::Version, format!("of {} {wanted}", query.product_name))
            }
        })
    }

    /// The first version that fits, in order; where only ready ones fit, looked for
    /// in chunks.
    async fn first_of(
        &self,
        asked: &Asked<'_>,
        among: Among,
        order: VersionOrder,
    ) -> Result<Option<Version>, Error> {
        let Some(ready) = &asked.ready else {
            let candidates = self.candidates(asked, among, order, None, 1).await?;
            return Ok(candidates.into_iter().next());
        };
        let mut after: Option<Cursor> = None;
        let mut limit = FIRST_LOOK;
        loop {
            let candidates = self
                .candidates(asked, among, order, after.as_ref(), limit)
                .await?;
            let is_last = candidates.len() < limit;
            after = candidates.last().map(|v| Self::version_cursor(v, order));
            let environment = ready.environment.as_ref();
            let assessed = self.assess(candidates, environment, ready.now_us).await?;
            let found = assessed.into_iter().find(|version| {
                let assessment = version.readiness.as_ref();
                assessment.is_some_and(|a| a.readiness == Readiness::Ready)
            });
            if found.is_some() || is_last {
                return Ok(found);
            }
            limit = MAX_ASSESSED;
        }
    }

    async fn candidates(
        &self,
        asked: &Asked<'_>,
        among: Among,
        order: VersionOrder,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Vec<Version>, Error> {
        let query = asked.query;
        // Those in an environment are few, and lead to the rest.
        let select = match asked.environment_id {
            None => {
                let sql = self.pool().sql("select ").push(VERSION_COLUMNS);
                Select::new(versions_from(sql, "versions v")).include_pending("v")
            }
            Some(environment_id) => {
                let sql = self
                    .pool()
                    .sql(
                        "with m as materialized (select distinct d.version_id as id from deployments d
                                    where d.current and d.product_id = ",
                    )
                    .bind(asked.product_id)
                    .push(" and d.environment_id = ")
                    .bind(environment_id)
                    .push(")\nselect ")
                    .push(VERSION_COLUMNS);
                Select::new(versions_from(sql, "m cross join versions v")).holds("v.id = m.id")
            }
        };
        let mut select = select
            .and("v.product_id = ", Some(asked.product_id))
            .and("v.scm_branch = ", query.scm_branch.as_deref())
            .and_status(false, "v.status", &query.statuses);
        select = match among {
            Among::All => select,
            Among::Releases => select.holds("not v.prerelease"),
            Among::Prereleases => select.holds("v.prerelease"),
            Among::Unordered => select.and("v.precedence = ", Some(Vec::new())),
        };
        let page = Page { after, limit };
        let sql = match order {
            VersionOrder::HighestFirst => select.page(
                &["v.precedence", "v.created_at_us", "v.id"],
                Direction::Descending,
                page,
            ),
            VersionOrder::NewestFirst | VersionOrder::OldestFirst => {
                select.page(&["v.created_at_us", "v.id"], Direction::Descending, page)
            }
        };
        let rows: Vec<VersionRow> = self.pool().fetch(sql).await?;
        Ok(rows.into_iter().map(Version::from).collect())
    }
}
