//! What stands at each place of some products: of the deployments that can be
//! current, under way or the last failed one, which are.

use std::{cmp::Reverse, collections::HashMap};

use sqlx::FromRow;

use super::{Matrix, Places};
use crate::{
    domain::{
        deployment::{Completion, DeploymentClass, Rank},
        event::Event,
        matrix::{DeploymentSummary, MatrixInstance},
        run::{Key, Occurrence, Run},
        status::Status,
    },
    storage::{
        Store,
        error::Error,
        rows::{parse, unreadable},
        sql::{Column, Engine, Rows, Sql},
    },
};

/// A deployment, as it is now.
#[derive(FromRow)]
struct FoundRow {
    id: i64,
    product_id: i64,
    environment_id: i64,
    instance: String,
    version_id: i64,
    version: String,
    precedence: Vec<u8>,
    version_created_at_us: i64,
    status: i64,
    class: i64,
    started_at_us: Option<i64>,
    completed_at_us: Option<i64>,
    first_at_us: i64,
    first_rank: i64,
    first_event_id: String,
    last_at_us: i64,
    last_event_id: String,
    deployed_by: Option<String>,
    deploy_url: Option<String>,
}

/// The same, with one of its events where it went on after the moment in question.
#[derive(FromRow)]
struct PastRow {
    #[sqlx(flatten)]
    found: FoundRow,
    position: Option<i64>,
    event_id: Option<String>,
    occurred_at_us: Option<i64>,
    content: Option<String>,
}

/// A deployment that may be shown, and what decides whether it is.
struct Candidate {
    product_id: i64,
    environment_id: i64,
    instance: String,
    first: Key,
    /// Its place among those of its status, where it is finished.
    finish: Option<Completion>,
    summary: DeploymentSummary,
}

impl Store {
    /// What stands at each place of the products in the environments of the matrix
    /// and in its baseline, by product.
    pub(super) async fn places(
        &self,
        matrix: &Matrix,
        product_ids: &[i64],
    ) -> Result<HashMap<i64, Places>, Error> {
        let candidates = match matrix.as_of_us {
            None => self.candidates_now(matrix, product_ids).await?,
            Some(at_us) => self.candidates_at(matrix, product_ids, at_us).await?,
        };
        let mut products: HashMap<i64, HashMap<(i64, String), Vec<Candidate>>> = HashMap::new();
        for candidate in candidates {
            let place = (candidate.environment_id, candidate.instance.clone());
            let product = products.entry(candidate.product_id).or_default();
            product.entry(place).or_default().push(candidate);
        }
        let products = products.into_iter().map(|(product_id, places)| {
            let places = places.into_iter().map(|(place, candidates)| {
                let instance = shown(place.1.clone(), &candidates);
                (place, instance)
            });
            (product_id, places.collect())
        });
        Ok(products.collect())
    }

    async fn candidates_now(
        &self,
        matrix: &Matrix,
        product_ids: &[i64],
    ) -> Result<Vec<Candidate>, Error> {
        let sql = self
            .each_place(matrix, product_ids)
            .push(FOUND_NOW)
            .push("select ")
            .push(&found_columns(self.engine()))
            .push(FROM_FOUND)
            .push("where r.id = f.id");
        let rows: Vec<FoundRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Candidate::try_from).collect()
    }

    /// What is finished with by then is as it is now; what goes on after it is folded
    /// from the events that had occurred.
    async fn candidates_at(
        &self,
        matrix: &Matrix,
        product_ids: &[i64],
        at_us: i64,
    ) -> Result<Vec<Candidate>, Error> {
        let moment = Rows::of(&[Column::Int("at_us")], [at_us]);
        let sql = self
            .each_place(matrix, product_ids)
            .push(",\n")
            .relation("m", moment)
            .push(FOUND_THEN)
            .push("select ")
            .push(&found_columns(self.engine()))
            .push(", e.position, e.event_id, e.occurred_at_us, e.content")
            .push(FROM_FOUND)
            .push(
                "cross join m
                 left join events e on r.last_at_us > m.at_us
                     and e.version_id = r.version_id and e.position >= r.id
                     and e.type = 2 and e.run_id = r.id and e.occurred_at_us <= m.at_us
                     and e.content is not null
                 where r.id = f.id",
            );
        let mut settled = Vec::new();
        let mut open: HashMap<i64, (FoundRow, Vec<Occurrence>)> = HashMap::new();
        for row in self.pool().fetch::<PastRow>(sql).await? {
            if row.found.last_at_us <= at_us {
                settled.push(Candidate::try_from(row.found)?);
                continue;
            }
            let occurrence = match (row.position, row.event_id, row.occurred_at_us, row.content) {
                (Some(position), Some(event_id), Some(occurred_at_us), Some(content)) => {
                    let event: Event = parse("an event", &content)?;
                    Occurrence {
                        position,
                        key: Key {
                            occurred_at_us,
                            rank: event.status.rank(),
                            event_id,
                        },
                        event,
                    }
                }
                _ => continue,
            };
            let (_, occurrences) = open
                .entry(row.found.id)
                .or_insert_with(|| (row.found, Vec::new()));
            occurrences.push(occurrence);
        }
        let open = open.into_values().map(|(found, mut occurrences)| {
            occurrences.sort_by(|a, b| a.key.cmp(&b.key));
            let run = Run::replay(&occurrences);
            run.map(|run| Candidate::replayed(found, run))
        });
        settled.extend(open.flatten().collect::<Result<Vec<_>, _>>()?);
        Ok(settled)
    }

    /// Begins a statement with the places that the products were ever deployed to, in
    /// the environments that are asked for: `place (id)` has one deployment of each.
    /// It goes from place to place through an index.
    fn each_place(&self, matrix: &Matrix, product_ids: &[i64]) -> Sql {
        let products = Rows::of(&[Column::Int("id")], product_ids.iter().copied());
        let sql = Sql::new(self.engine(), "with recursive ").relation("k", products);
        if matrix.is_whole {
            return sql.push(PLACES_OF_PRODUCTS);
        }
        let environments = matrix.environments.iter().chain(&matrix.baseline);
        let mut ids: Vec<i64> = environments.map(|environment| environment.id).collect();
        ids.sort_unstable();
        ids.dedup();
        sql.push(", ")
            .relation("c", Rows::of(&[Column::Int("id")], ids))
            .push(PLACES_OF_CELLS)
    }
}

/// What is shown of a place: of the candidates, the current one, the latest one under
/// way, and the last one that failed.
fn shown(instance: String, candidates: &[Candidate]) -> MatrixInstance {
    let last = |status| {
        let finished = candidates.iter().filter(|c| c.summary.status == status);
        finished.max_by(|a, b| a.finish.cmp(&b.finish))
    };
    let unfinished = candidates
        .iter()
        .filter(|c| !c.summary.status.is_finished());
    let under_way = unfinished.min_by_key(|c| Reverse(&c.first));
    let summary = |candidate: Option<&Candidate>| candidate.map(|c| c.summary.clone());
    MatrixInstance {
        instance,
        current: summary(last(Status::Completed)),
        under_way: summary(under_way),
        last_failed: summary(last(Status::Failed)),
    }
}

impl TryFrom<FoundRow> for Candidate {
    type Error = Error;

    fn try_from(row: FoundRow) -> Result<Self, Error> {
        let status =
            Status::from_code(row.status).ok_or_else(|| unreadable("a deployment's status"))?;
        let finish = row.completed_at_us.map(|completed_at_us| Completion {
            completed_at_us,
            last_at_us: row.last_at_us,
            last_event_id: row.last_event_id,
        });
        Ok(Self {
            product_id: row.product_id,
            environment_id: row.environment_id,
            instance: row.instance,
            first: Key {
                occurred_at_us: row.first_at_us,
                rank: row.first_rank,
                event_id: row.first_event_id,
            },
            finish,
            summary: DeploymentSummary {
                id: row.id,
                rank: Rank {
                    version_id: row.version_id,
                    version: row.version,
                    precedence: row.precedence,
                    created_at_us: row.version_created_at_us,
                },
                status,
                class: DeploymentClass::from_code(row.class),
                started_at_us: row.started_at_us,
                completed_at_us: row.completed_at_us,
                created_at_us: row.first_at_us,
                deployed_by: row.deployed_by,
                deploy_url: row.deploy_url,
            },
        })
    }
}

impl Candidate {
    /// A deployment as its events had made it by then.
    fn replayed(found: FoundRow, run: Run) -> Result<Self, Error> {
        let mut candidate = Self::try_from(found)?;
        let finish = run.completed_at_us.map(|completed_at_us| Completion {
            completed_at_us,
            last_at_us: run.last.occurred_at_us,
            last_event_id: run.last.event_id.clone(),
        });
        let summary = &mut candidate.summary;
        summary.status = run.status;
        summary.started_at_us = run.started_at_us();
        summary.completed_at_us = run.completed_at_us;
        summary.deployed_by = run.facts.details.by;
        summary.deploy_url = run.facts.details.url;
        if run.status != Status::Completed {
            summary.class = None;
        }
        candidate.finish = finish;
        Ok(candidate)
    }
}

/// The columns of [`FoundRow`], from `deployments r` and `versions v`.
fn found_columns(engine: Engine) -> String {
    // The facts hold metadata too, up to 100 KiB: the link alone is fetched.
    let deploy_url = match engine {
        Engine::Sqlite => "json_extract(r.facts, '$.details.url')",
        Engine::Postgres => "cast(r.facts as json) #>> '{details,url}'",
    };
    format!(
        "r.id, r.product_id, r.environment_id, r.instance, r.version_id, v.version, v.precedence,
         v.created_at_us as version_created_at_us, r.status, r.class, r.started_at_us,
         r.completed_at_us, r.first_at_us, r.first_rank, r.first_event_id, r.last_at_us,
         r.last_event_id, r.deployed_by, {deploy_url} as deploy_url"
    )
}

const FROM_FOUND: &str = "
from f
cross join deployments r
join versions v on v.id = r.version_id
";

/// Each place of the products in `k`.
const PLACES_OF_PRODUCTS: &str = ", place (id) as (
    select (select d.id from deployments d
            where d.product_id = k.id
            order by d.environment_id, d.instance
            limit 1)
    from k
    union all
    select (select d.id from deployments d
            where d.product_id = p.product_id
              and (d.environment_id, d.instance) > (p.environment_id, p.instance)
            order by d.environment_id, d.instance
            limit 1)
    from place cross join deployments p
    where p.id = place.id)";

/// Each place of the products in `k` in the environments in `c`.
const PLACES_OF_CELLS: &str = ", place (id) as (
    select (select d.id from deployments d
            where d.product_id = k.id and d.environment_id = c.id
            order by d.instance
            limit 1)
    from k cross join c
    union all
    select (select d.id from deployments d
            where d.product_id = p.product_id and d.environment_id = p.environment_id
              and d.instance > p.instance
            order by d.instance
            limit 1)
    from place cross join deployments p
    where p.id = place.id)";

/// Of each place one deployment, whatever it is; and those that are shown.
const FOUND_NOW: &str = ", f (id) as (
    select id from place where id is not null
    union
    select (select d.id from deployments d
            where d.current and d.environment_id = p.environment_id
              and d.product_id = p.product_id and d.instance = p.instance
            limit 1)
    from place cross join deployments p
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status in (1, 2) and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
            order by d.first_at_us desc, d.first_rank desc, d.first_event_id desc
            limit 1)
    from place cross join deployments p
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place cross join deployments p
    where p.id = place.id)
";

/// Of each place, at the moment in `m`: one deployment that was over; those over
/// that may be shown (a completion may be said to lie after the last event); and all
/// that went on afterwards, which last a day or are rare.
const FOUND_THEN: &str = ", f (id) as (
    select (select d.id from deployments d
            where d.product_id = p.product_id and d.environment_id = p.environment_id
              and d.instance = p.instance and d.last_at_us <= m.at_us
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us <= m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us > d.last_at_us and d.completed_at_us > m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us <= m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us > d.last_at_us and d.completed_at_us > m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select (select d.id from deployments d
            where d.status in (1, 2) and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.first_at_us <= m.at_us and d.last_at_us <= m.at_us
            order by d.first_at_us desc, d.first_rank desc, d.first_event_id desc
            limit 1)
    from place cross join deployments p cross join m
    where p.id = place.id
    union
    select d.id
    from place cross join deployments p cross join m cross join deployments d
    where p.id = place.id and d.product_id = p.product_id
      and d.environment_id = p.environment_id and d.instance = p.instance
      and d.last_at_us > m.at_us and d.last_at_us <= m.at_us + 86400000000
      and d.first_at_us <= m.at_us
    union
    select d.id
    from place cross join deployments p cross join m cross join deployments d
    where p.id = place.id and d.product_id = p.product_id
      and d.environment_id = p.environment_id and d.instance = p.instance
      and d.last_at_us - d.first_at_us > 86400000000
      and d.last_at_us > m.at_us and d.first_at_us <= m.at_us)
";
