//! Reading what readiness hangs on (R17): for many versions at once, in a constant
//! number of statements. What follows from it is the domain's to say.

mod check_merge;

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;

use self::check_merge::Recorded;
use super::catalog::Reference;
use crate::{
    domain::{
        commit,
        query::ReadinessQuery,
        readiness::{CheckState, Evidence, LatestBuild, assess},
        requirements::Requirements,
        resource::{Environment, Version},
        run::Run,
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{REQUIREMENTS_COLUMNS, RUN_COLUMNS, RequirementsRow, RunRow},
            sql::{Column, Rows, Sql},
        },
    },
};

/// Versions that are assessed at once: the evidence of more would pile up.
pub(crate) const MAX_ASSESSED: usize = 100;

impl Store {
    /// The environment that readiness is asked for, where one is named.
    pub async fn readiness_environment(
        &self,
        query: &ReadinessQuery,
    ) -> Result<Option<Environment>, Error> {
        match &query.environment_name {
            Some(name) => {
                let environment = self.environment(&Reference::Name(name.clone())).await?;
                Ok(Some(environment))
            }
            None => Ok(None),
        }
    }

    /// The versions with their readiness, in the same order; one that was deleted in
    /// the meantime is left without.
    pub async fn assess(
        &self,
        versions: Vec<Version>,
        environment: Option<&Environment>,
        now_us: i64,
    ) -> Result<Vec<Version>, Error> {
        let mut assessed = Vec::with_capacity(versions.len());
        let mut versions = versions.into_iter();
        loop {
            let some: Vec<Version> = versions.by_ref().take(MAX_ASSESSED).collect();
            if some.is_empty() {
                return Ok(assessed);
            }
            assessed.extend(self.assess_some(some, environment, now_us).await?);
        }
    }

    async fn assess_some(
        &self,
        versions: Vec<Version>,
        environment: Option<&Environment>,
        now_us: i64,
    ) -> Result<Vec<Version>, Error> {
        let requirements = self.requirements(&versions, environment).await?;
        let mut builds = self.latest_finished(&versions).await?;
        let mut checks = self.counting_checks(&versions, environment).await?;
        let environment_name = environment.map(|e| e.name.as_str());
        let assessed = versions.into_iter().map(|mut version| {
            let Some(requirements) = requirements.get(&version.product_id) else {
                return version;
            };
            let evidence = Evidence {
                build: match (builds.remove(&version.id), version.status) {
                    (Some(run), _) => LatestBuild::Finished(Box::new(run)),
                    (None, Some(_)) => LatestBuild::Unfinished,
                    (None, None) => LatestBuild::None,
                },
                checks: checks.remove(&version.id).unwrap_or_default(),
            };
            version.readiness = Some(assess(&evidence, requirements, environment_name, now_us));
            version
        });
        Ok(assessed.collect())
    }

    /// By product, what its versions need to be ready for the environment.
    async fn requirements(
        &self,
        versions: &[Version],
        environment: Option<&Environment>,
    ) -> Result<HashMap<i64, Requirements>, Error> {
        #[derive(FromRow)]
        struct ProductRequirementsRow {
            id: i64,
            #[sqlx(flatten)]
            requirements: RequirementsRow,
        }
        let ids: BTreeSet<i64> = versions.iter().map(|v| v.product_id).collect();
        let ids = Rows::of(&[Column::Int("id")], ids);
        let sql = Sql::with(self.engine(), "k", ids, "select t.id, ")
            .push(REQUIREMENTS_COLUMNS)
            .push("\nfrom k\ncross join products t\nwhere t.id = k.id");
        let rows: Vec<ProductRequirementsRow> = self.pool().fetch(sql).await?;
        let of_product = rows.into_iter().map(|row| {
            let mut requirements = Requirements::try_from(row.requirements)?;
            if let Some(environment) = environment {
                requirements = requirements.joined(&environment.requirements);
            }
            Ok((row.id, requirements))
        });
        of_product.collect()
    }

    /// By version, the latest of its builds that have finished: the one whose first
    /// event is latest.
    async fn latest_finished(&self, versions: &[Version]) -> Result<HashMap<i64, Run>, Error> {
        #[derive(FromRow)]
        struct BuildEvidenceRow {
            version_id: i64,
            #[sqlx(flatten)]
            run: RunRow,
        }
        let built = versions.iter().filter(|v| v.status.is_some());
        let built = Rows::of(&[Column::Int("version_id")], built.map(|v| v.id));
        if built.is_empty() {
            return Ok(HashMap::new());
        }
        let sql = Sql::with(self.engine(), "k", built, "select r.version_id, ")
            .push(RUN_COLUMNS)
            .push(
                "
                 from builds r
                 where r.id in (
                     select (select b.id from builds b
                             where b.version_id = k.version_id and b.status >= 3
                             order by b.first_at_us desc, b.first_rank desc, b.first_event_id desc
                             limit 1)
                     from k)",
            );
        let rows: Vec<BuildEvidenceRow> = self.pool().fetch(sql).await?;
        let builds = rows
            .into_iter()
            .map(|row| Ok((row.version_id, Run::try_from(row.run)?)));
        builds.collect()
    }

    /// By version, the checks that count for it: recorded for it or for its commit
    /// in any of its forms, made for no environment or for this one.
    async fn counting_checks(
        &self,
        versions: &[Version],
        environment: Option<&Environment>,
    ) -> Result<HashMap<i64, Vec<CheckState>>, Error> {
        #[derive(FromRow)]
        struct CheckEvidenceRow {
            of_version_id: i64,
            check_id: i64,
            scm_sha: String,
            check_name: String,
            environment_id: i64,
            #[sqlx(flatten)]
            run: RunRow,
        }
        let mut keys = Rows::new(&[
            Column::Int("version_id"),
            Column::Int("product_id"),
            Column::Text("sha_start"),
        ]);
        for version in versions {
            let sha_start = version.scm_sha.as_deref().map(commit::start);
            keys.add([
                version.id.into(),
                version.product_id.into(),
                sha_start.map(str::to_owned).into(),
            ]);
        }
        let environment_id = environment.map_or(0, |e| e.id);
        let select = |sql: Sql, condition: &str| {
            sql.push(
                "select k.version_id as of_version_id, r.check_id, r.scm_sha, r.check_name,
                        r.environment_id, ",
            )
            .push(RUN_COLUMNS)
            .push(
                "
                 from k
                 cross join check_runs r
                 where r.latest and r.product_id = k.product_id and ",
            )
            .push(condition)
            // Not by an index of the environment, which has the whole product's checks.
            .push(" and +r.environment_id in (0, ")
            .bind(environment_id)
            .push(")")
        };
        let sql = Sql::with(self.engine(), "k", keys, "");
        let sql = select(sql, "r.version_id = k.version_id").push("\nunion all\n");
        let sql = select(
            sql,
            "r.scm_sha <> '' and substr(r.scm_sha, 1, 7) = k.sha_start",
        );
        let rows: Vec<CheckEvidenceRow> = self.pool().fetch(sql).await?;

        let shas: HashMap<i64, &str> = versions
            .iter()
            .filter_map(|v| Some((v.id, v.scm_sha.as_deref()?)))
            .collect();
        let mut recorded = Vec::with_capacity(rows.len());
        for row in rows {
            let is_its_own = row.scm_sha.is_empty();
            let sha = shas.get(&row.of_version_id);
            if is_its_own || sha.is_some_and(|sha| commit::same(sha, &row.scm_sha)) {
                recorded.push(Recorded {
                    version_id: row.of_version_id,
                    check_id: row.check_id,
                    scm_sha: row.scm_sha,
                    name: row.check_name,
                    for_environment: row.environment_id != 0,
                    run: Run::try_from(row.run)?,
                });
            }
        }
        check_merge::states(self.pool(), recorded).await
    }
}
