//! Finds what stands at each place of some products: the deployments that can be
//! current, under way or the last failed one.

use std::collections::{BTreeSet, HashMap};

use sqlx::FromRow;

use super::{
    Matrix, Places,
    deployment_row::{Candidate, FoundRow, shown},
};
use crate::{
    domain::{
        event::Event,
        run::{Key, Occurrence, Run},
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::parse,
            sql::{Column, Engine, Rows, Sql},
        },
    },
};

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
            if !matrix.is_asked_for(candidate.environment_id) {
                continue;
            }
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
            .push(&from_found(self.engine(), ""));
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
            .push(&from_found(
                self.engine(),
                "cross join m
                 left join event_log e on r.last_at_us > m.at_us
                     and e.version_id = r.version_id and e.position >= r.id
                     and e.event_type = 2 and e.run_id = r.id and e.occurred_at_us <= m.at_us
                     and e.content is not null",
            ));
        let mut finished = Vec::new();
        let mut open: HashMap<i64, (FoundRow, Vec<Occurrence>)> = HashMap::new();
        for row in self.pool().fetch::<PastRow>(sql).await? {
            if row.found.last_at_us <= at_us {
                finished.push(Candidate::try_from(row.found)?);
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
        finished.extend(open.flatten().collect::<Result<Vec<_>, _>>()?);
        Ok(finished)
    }

    /// Begins a statement with the places that the products in `k` were ever deployed
    /// to, in the environments that are asked for. It goes from place to place through
    /// an index.
    fn each_place(&self, matrix: &Matrix, product_ids: &[i64]) -> Sql {
        let products = Rows::of(&[Column::Int("id")], product_ids.iter().copied());
        let sql = Sql::new(self.engine(), "with recursive ").relation("k", products);
        let sql = if matrix.is_whole {
            sql.push(ALL_PAIRS)
        } else {
            let environments = matrix.environments.iter().chain(&matrix.baseline);
            let ids: BTreeSet<i64> = environments.map(|environment| environment.id).collect();
            sql.push(", ")
                .relation("c", Rows::of(&[Column::Int("id")], ids))
                .push(CHOSEN_PAIRS)
        };
        sql.push(PLACES)
    }
}

/// The columns of [`FoundRow`], from `deployments r` and `versions v`.
fn found_columns(engine: Engine) -> String {
    // The facts hold metadata too, up to 100 KiB: the link alone is fetched. Postgres
    // refuses to read JSON in which some text has a NUL; no link has one.
    let deploy_url = match engine {
        Engine::Sqlite => "json_extract(r.details, '$.details.url')",
        Engine::Postgres => {
            r"cast(replace(r.details, '\u0000', '\u0001') as json) #>> '{details,url}'"
        }
    };
    format!(
        "r.id, r.product_id, r.environment_id, r.instance, r.version_id, v.version, v.precedence,
         v.created_at_us as version_created_at_us, r.status, r.deployment_class, r.started_at_us,
         r.completed_at_us, r.first_at_us, r.first_rank, r.first_event_id, r.last_at_us,
         r.last_event_id, r.deployed_by, {deploy_url} as deploy_url"
    )
}

/// The deployments in `f`, from `m` too. Postgres guesses how many a recursion finds, and
/// far too many: it would read whole tables. Of an array it expects a few.
fn from_found(engine: Engine, and_from: &str) -> String {
    let found = match engine {
        Engine::Sqlite => "in (select id from f)",
        Engine::Postgres => "= any (array(select id from f))",
    };
    format!(
        "
         from deployments r
         join versions v on v.id = r.version_id
         {and_from}
         where r.id {found}"
    )
}

/// The environments that the products in `k` were deployed to.
const ALL_PAIRS: &str = ", pair (product_id, environment_id) as (
    select k.id, (select min(d.environment_id) from deployments d where d.product_id = k.id)
    from k
    union all
    select pair.product_id, (select min(d.environment_id) from deployments d
                             where d.product_id = pair.product_id
                               and d.environment_id > pair.environment_id)
    from pair
    where pair.environment_id is not null)";

/// The products in `k` with the environments in `c`.
const CHOSEN_PAIRS: &str = ", pair (product_id, environment_id) as (
    select k.id, c.id from k cross join c)";

/// Each place of a product and an environment; the last one of each has no instance.
const PLACES: &str = ", place (product_id, environment_id, instance) as (
    select pair.product_id, pair.environment_id,
           (select min(d.instance) from deployments d
            where d.product_id = pair.product_id and d.environment_id = pair.environment_id)
    from pair
    where pair.environment_id is not null
    union all
    select p.product_id, p.environment_id,
           (select min(d.instance) from deployments d
            where d.product_id = p.product_id and d.environment_id = p.environment_id
              and d.instance > p.instance)
    from place p
    where p.instance is not null)";

/// Of each place one deployment, whatever it is; and those that are shown.
const FOUND_NOW: &str = ", f (id) as (
    select (select d.id from deployments d
            where d.product_id = p.product_id and d.environment_id = p.environment_id
              and d.instance = p.instance
            limit 1)
    from place p
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p
    union
    select (select d.id from deployments d
            where d.status in (1, 2) and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
            order by d.first_at_us desc, d.first_rank desc, d.first_event_id desc
            limit 1)
    from place p)
";

/// Of each place, at the moment in `m`: one deployment, whatever it was; and those
/// over that may be shown (a completion may be said to lie after the last event). Of
/// each product, what went on afterwards: it lasts a day at most, or is rare.
const FOUND_THEN: &str = ", f (id) as (
    select (select d.id from deployments d
            where d.product_id = p.product_id and d.environment_id = p.environment_id
              and d.instance = p.instance and d.first_at_us <= m.at_us
            limit 1)
    from place p cross join m
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us <= m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p cross join m
    union
    select (select d.id from deployments d
            where d.status = 3 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us > d.last_at_us and d.completed_at_us > m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p cross join m
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us <= m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p cross join m
    union
    select (select d.id from deployments d
            where d.status = 4 and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.completed_at_us > d.last_at_us and d.completed_at_us > m.at_us
              and d.last_at_us <= m.at_us
            order by d.completed_at_us desc, d.last_at_us desc, d.last_event_id desc
            limit 1)
    from place p cross join m
    union
    select (select d.id from deployments d
            where d.status in (1, 2) and d.product_id = p.product_id
              and d.environment_id = p.environment_id and d.instance = p.instance
              and d.first_at_us <= m.at_us and d.last_at_us <= m.at_us
            order by d.first_at_us desc, d.first_rank desc, d.first_event_id desc
            limit 1)
    from place p cross join m
    union
    select d.id
    from k cross join m cross join deployments d
    where d.product_id = k.id and d.first_at_us >= m.at_us - 86400000000
      and d.first_at_us <= m.at_us and d.last_at_us > m.at_us
    union
    select d.id
    from k cross join m cross join deployments d
    where d.product_id = k.id and d.last_at_us - d.first_at_us > 86400000000
      and d.last_at_us > m.at_us and d.first_at_us <= m.at_us)
";
