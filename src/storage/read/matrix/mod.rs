//! What runs where, now and at a past moment (R11): a page of products, the places
//! that each was deployed to, and what stands at each, all in one statement.

mod deployment_row;
mod slots;
mod version_distance;

use std::collections::BTreeMap;

use sqlx::FromRow;

use super::filter::{Direction, Page, Select};
use crate::{
    domain::{
        environment::EnvironmentType,
        id::Kind,
        matrix::{MatrixCell, MatrixEnvironment, MatrixInstance, MatrixRow},
        query::{ComparisonQuery, MatrixQuery},
        rules::MAX_TIME_US,
    },
    storage::{
        Store,
        engine::{
            error::Error,
            sql::{Column, Rows, Sql},
        },
    },
};

/// A matrix whose names are resolved, to be read page by page.
#[derive(Clone, Debug)]
pub struct Matrix {
    /// In the order of the cells.
    pub environments: Vec<MatrixEnvironment>,
    baseline: Option<MatrixEnvironment>,
    /// The environments are all that there are.
    is_whole: bool,
    product_id: Option<i64>,
    product_name_prefix: Option<String>,
    as_of_us: Option<i64>,
}

#[derive(FromRow)]
struct EnvironmentRow {
    given: String,
    id: i64,
    name: String,
    kind: i64,
}

#[derive(FromRow)]
struct ProductRow {
    id: i64,
    name: String,
}

/// What stands at each place of a product, by environment and instance.
type Places = BTreeMap<(i64, String), MatrixInstance>;

impl Store {
    /// Finds what a matrix is asked for by name.
    pub async fn matrix(&self, query: &MatrixQuery) -> Result<Matrix, Error> {
        let product_id = match &query.product_name {
            Some(name) => Some(self.product_id(name).await?),
            None => None,
        };
        let is_whole = query.environment_names.is_empty();
        let environments = match is_whole {
            true => self.every_environment().await?,
            false => self.environments_named(&query.environment_names).await?,
        };
        for (place, environment) in environments.iter().enumerate() {
            if environments[..place].contains(environment) {
                return Err(Error::invalid(
                    &format!("environment_names[{place}]"),
                    format!("must not repeat {}", environment.name),
                ));
            }
        }
        let baseline = match &query.baseline_environment_name {
            Some(name) => self
                .environments_named(std::slice::from_ref(name))
                .await?
                .pop(),
            None => None,
        };
        Ok(Matrix {
            environments,
            baseline,
            is_whole,
            product_id,
            product_name_prefix: query.product_name_prefix.clone(),
            as_of_us: moment(query.as_of_us),
        })
    }

    /// The matrix of the environment and the baseline, in this order; of one where
    /// they are the same, which is then compared with nothing.
    pub async fn comparison(&self, query: &ComparisonQuery) -> Result<Matrix, Error> {
        let names = [&query.environment_name, &query.baseline_environment_name];
        let mut environments = self.environments_named(&names.map(Clone::clone)).await?;
        environments.dedup();
        Ok(Matrix {
            baseline: environments.last().cloned(),
            environments,
            is_whole: false,
            product_id: None,
            product_name_prefix: query.product_name_prefix.clone(),
            as_of_us: moment(query.as_of_us),
        })
    }

    /// Products that have any deployment in one of the environments, by name, after
    /// the cursor, with what runs where of each.
    pub(crate) async fn list_matrix(
        &self,
        matrix: &Matrix,
        page: Page<'_>,
    ) -> Result<Vec<MatrixRow>, Error> {
        let products = self.deployed_products(matrix, page).await?;
        if products.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = products.iter().map(|product| product.id).collect();
        let mut places = self.places(matrix, &ids).await?;
        let mut between = Vec::new();
        let mut rows = Vec::with_capacity(products.len());
        for product in products {
            let mut cells = Cells::of(places.remove(&product.id).unwrap_or_default());
            let baseline = matrix.baseline.as_ref().map(|b| (b, cells.get(b)));
            let row = matrix.environments.iter().filter_map(|environment| {
                let mut cell = cells.take(environment)?;
                if let Some((baseline, there)) = &baseline
                    && baseline.id != environment.id
                {
                    let (standing, ranks) = cell.stand_to(there.as_ref());
                    let ranks = ranks.map(|two| two.map(Clone::clone));
                    cell.standing = Some(standing);
                    between.extend(ranks.map(|two| (product.id, environment.id, two)));
                }
                Some(cell)
            });
            rows.push(MatrixRow {
                cells: row.collect(),
                product_id: product.id,
                product_name: product.name,
            });
        }
        self.count_between(matrix.as_of_us, between, &mut rows)
            .await?;
        Ok(rows)
    }

    /// By type and name.
    async fn every_environment(&self) -> Result<Vec<MatrixEnvironment>, Error> {
        let sql = self.pool().sql(
            "select t.name as given, t.id, t.name, t.environment_type as kind
             from environments t
             order by t.environment_type, t.name",
        );
        let rows: Vec<EnvironmentRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(MatrixEnvironment::try_from).collect()
    }

    /// Each by a name, current or former, in the order of the names.
    async fn environments_named(&self, names: &[String]) -> Result<Vec<MatrixEnvironment>, Error> {
        let keys = Rows::of(&[Column::Text("name")], names.iter().map(String::as_str));
        let sql = Sql::with(
            self.engine(),
            "k",
            keys,
            "select k.name as given, t.id, t.name, t.environment_type as kind
             from k
             cross join environment_names n
             join environments t on t.id = n.environment_id
             where n.name = k.name",
        );
        let mut found = BTreeMap::new();
        for row in self.pool().fetch::<EnvironmentRow>(sql).await? {
            found.insert(row.given.clone(), MatrixEnvironment::try_from(row)?);
        }
        let environments = names.iter().map(|name| {
            let environment = found.get(name).cloned();
            environment.ok_or_else(|| Error::not_found(Kind::Environment, name))
        });
        environments.collect()
    }

    async fn deployed_products(
        &self,
        matrix: &Matrix,
        page: Page<'_>,
    ) -> Result<Vec<ProductRow>, Error> {
        const PRODUCTS: &str = "select p.id, p.name from products p";
        if matrix.environments.is_empty() {
            return Ok(Vec::new());
        }
        let (sql, deployed) = if matrix.is_whole {
            (
                self.pool().sql(PRODUCTS),
                "exists (select 1 from deployments d where d.product_id = p.id",
            )
        } else {
            let ids = matrix.environments.iter().map(|e| e.id);
            let ids = Rows::of(&[Column::Int("id")], ids);
            (
                Sql::with(self.engine(), "c", ids, PRODUCTS),
                "exists (select 1 from c cross join deployments d
                         where d.product_id = p.id and d.environment_id = c.id",
            )
        };
        let select = Select::new(sql)
            .and("p.id = ", matrix.product_id)
            .and_prefix("p.name", matrix.product_name_prefix.as_deref());
        let select = match matrix.as_of_us {
            None => select.holds(&format!("{deployed})")),
            Some(at_us) => select.and_within(
                &format!("{deployed} and d.first_at_us <= "),
                Some(at_us),
                ")",
            ),
        };
        let sql = select.page(&["p.name"], Direction::Ascending, page);
        self.pool().fetch(sql).await
    }
}

impl Matrix {
    fn is_asked_for(&self, environment_id: i64) -> bool {
        let mut asked_for = self.environments.iter().chain(&self.baseline);
        asked_for.any(|environment| environment.id == environment_id)
    }
}

/// Nothing occurs before 1970 or after the last moment that is taken, and a day
/// before that can still be told in microseconds.
fn moment(as_of_us: Option<i64>) -> Option<i64> {
    as_of_us.map(|at_us| at_us.clamp(-1, MAX_TIME_US))
}

/// A product's cells, by environment.
struct Cells(BTreeMap<i64, Vec<MatrixInstance>>);

impl Cells {
    fn of(places: Places) -> Self {
        let mut cells: BTreeMap<i64, Vec<MatrixInstance>> = BTreeMap::new();
        for ((environment_id, _), instance) in places {
            cells.entry(environment_id).or_default().push(instance);
        }
        Self(cells)
    }

    fn get(&self, environment: &MatrixEnvironment) -> Option<MatrixCell> {
        let instances = self.0.get(&environment.id)?.clone();
        Some(cell(environment, instances))
    }

    fn take(&mut self, environment: &MatrixEnvironment) -> Option<MatrixCell> {
        let instances = self.0.remove(&environment.id)?;
        Some(cell(environment, instances))
    }
}

fn cell(environment: &MatrixEnvironment, instances: Vec<MatrixInstance>) -> MatrixCell {
    MatrixCell {
        environment_id: environment.id,
        environment_name: environment.name.clone(),
        instances,
        standing: None,
        versions_between: 0,
    }
}

impl TryFrom<EnvironmentRow> for MatrixEnvironment {
    type Error = Error;

    fn try_from(row: EnvironmentRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            name: row.name,
            kind: EnvironmentType::from_code(row.kind)
                .ok_or_else(|| crate::storage::engine::rows::unreadable("an environment's type"))?,
        })
    }
}
