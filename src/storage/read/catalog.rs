//! The catalogue: products and environments, how they are read and changed (R15).
//! Every change is an entry of the log, in a transaction of its own.

use super::filter::{Direction, Page, Select};
use crate::{
    domain::{
        environment::EnvironmentType,
        id::Kind,
        page::{Cursor, CursorPart},
        query::{EnvironmentQuery, ProductQuery},
        requirements::RequirementsChange,
        resource::{Environment, Product},
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{EnvironmentRow, ProductRow, REQUIREMENTS_COLUMNS},
            sql::{Engine, Sql},
        },
        write::writer::Command,
    },
};

/// Which product or environment: by its id, or by a name, current or former.
#[derive(Clone, Debug)]
pub enum Reference {
    Id(i64),
    Name(String),
}

/// What to change of a product; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub aliases: Option<Vec<String>>,
    pub requirements: RequirementsChange,
}

/// What to change of an environment; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentChange {
    pub name: Option<String>,
    pub kind: Option<EnvironmentType>,
    pub description: Option<String>,
    pub aliases: Option<Vec<String>>,
    pub requirements: RequirementsChange,
}

/// How much went with a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeletedProduct {
    pub versions: i64,
    pub builds: i64,
    pub checks: i64,
    pub deployments: i64,
    pub events: i64,
}

/// How much went with an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeletedEnvironment {
    pub checks: i64,
    pub deployments: i64,
    pub events: i64,
}

/// A change for the writer.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    UpdateProduct(Reference, ProductChange),
    DeleteProduct(Reference, Force),
    UpdateEnvironment(Reference, EnvironmentChange),
    DeleteEnvironment(Reference, Force),
}

/// Whether something is deleted with all that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Force(pub(crate) bool);

/// What a change came to.
pub(crate) struct Changed {
    pub(crate) what: What,
    pub(crate) last_position: i64,
}

pub(crate) enum What {
    Product(Product),
    Environment(Environment),
    DeletedProduct(DeletedProduct),
    DeletedEnvironment(DeletedEnvironment),
}

impl Store {
    /// Renames or describes a product, or changes its aliases or requirements.
    pub async fn update_product(
        &self,
        which: Reference,
        change: ProductChange,
    ) -> Result<Product, Error> {
        match self.change(Change::UpdateProduct(which, change)).await? {
            What::Product(product) => Ok(product),
            _ => Err(Error::fault("another change was answered")),
        }
    }

    /// Deletes a product with all that it has; where it has anything, only with force.
    pub async fn delete_product(
        &self,
        which: Reference,
        force: bool,
    ) -> Result<DeletedProduct, Error> {
        match self
            .change(Change::DeleteProduct(which, Force(force)))
            .await?
        {
            What::DeletedProduct(deleted) => Ok(deleted),
            _ => Err(Error::fault("another change was answered")),
        }
    }

    /// Renames or describes an environment, sets its type, or changes its aliases or
    /// requirements.
    pub async fn update_environment(
        &self,
        which: Reference,
        change: EnvironmentChange,
    ) -> Result<Environment, Error> {
        match self
            .change(Change::UpdateEnvironment(which, change))
            .await?
        {
            What::Environment(environment) => Ok(environment),
            _ => Err(Error::fault("another change was answered")),
        }
    }

    /// Deletes an environment with all that it has; where it has anything, only with force.
    pub async fn delete_environment(
        &self,
        which: Reference,
        force: bool,
    ) -> Result<DeletedEnvironment, Error> {
        match self
            .change(Change::DeleteEnvironment(which, Force(force)))
            .await?
        {
            What::DeletedEnvironment(deleted) => Ok(deleted),
            _ => Err(Error::fault("another change was answered")),
        }
    }

    pub async fn product(&self, which: &Reference) -> Result<Product, Error> {
        let sql = products(self.pool().sql("select "), which);
        let rows: Vec<ProductRow> = self.pool().fetch(sql).await?;
        one_product(rows, which)
    }

    pub async fn environment(&self, which: &Reference) -> Result<Environment, Error> {
        let sql = environments(self.pool().sql("select "), which);
        let rows: Vec<EnvironmentRow> = self.pool().fetch(sql).await?;
        one_environment(rows, which)
    }

    /// Products by name, after the cursor.
    pub async fn list_products(
        &self,
        query: &ProductQuery,
        page: Page<'_>,
    ) -> Result<Vec<Product>, Error> {
        let sql = self.pool().sql("select ");
        let sql = Select::new(
            sql.push(&product_columns(self.engine()))
                .push("\nfrom products t"),
        )
        .and_prefix("t.name", query.name_prefix.as_deref())
        .page(&["t.name"], Direction::Ascending, page);
        let rows: Vec<ProductRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Product::try_from).collect()
    }

    /// Environments by name, after the cursor.
    pub async fn list_environments(
        &self,
        query: &EnvironmentQuery,
        page: Page<'_>,
    ) -> Result<Vec<Environment>, Error> {
        let sql = self.pool().sql("select ");
        let columns = environment_columns(self.engine());
        let sql = Select::new(sql.push(&columns).push("\nfrom environments t"))
            .and_prefix("t.name", query.name_prefix.as_deref())
            .and_any(
                "t.environment_type",
                query.environment_types.iter().map(|t| t.code()),
            )
            .page(&["t.name"], Direction::Ascending, page);
        let rows: Vec<EnvironmentRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Environment::try_from).collect()
    }

    /// Where a list of products or environments goes on after this name.
    pub fn name_cursor(name: &str) -> Cursor {
        Cursor(vec![CursorPart::Text(name.to_owned())])
    }

    /// The id of the product of this name, current or former.
    pub async fn product_id(&self, name: &str) -> Result<i64, Error> {
        let sql = self
            .pool()
            .sql("select product_id from product_names where name = ")
            .bind(name);
        let ids: Vec<(i64,)> = self.pool().fetch(sql).await?;
        let id = ids.first().map(|row| row.0);
        id.ok_or_else(|| Error::not_found(Kind::Product, name))
    }

    /// The id of the environment of this name, current or former.
    pub async fn environment_id(&self, name: &str) -> Result<i64, Error> {
        let sql = self
            .pool()
            .sql("select environment_id from environment_names where name = ")
            .bind(name);
        let ids: Vec<(i64,)> = self.pool().fetch(sql).await?;
        let id = ids.first().map(|row| row.0);
        id.ok_or_else(|| Error::not_found(Kind::Environment, name))
    }

    async fn change(&self, change: Change) -> Result<What, Error> {
        let changed = self
            .command(|reply| Command::Change {
                change: Box::new(change),
                reply,
            })
            .await??;
        Ok(changed.what)
    }
}

/// The columns of a product `t`, its names as one JSON array.
fn product_columns(engine: Engine) -> String {
    let names = names_of(engine, "product_names", "product_id");
    format!(
        "t.id, t.name, t.description, t.created_at_us, t.updated_at_us, {names} as aliases, \
         {REQUIREMENTS_COLUMNS}"
    )
}

/// The columns of an environment `t`, its names as one JSON array.
fn environment_columns(engine: Engine) -> String {
    let names = names_of(engine, "environment_names", "environment_id");
    format!(
        "t.id, t.name, t.environment_type as kind, t.description, t.created_at_us, t.updated_at_us, \
         {names} as aliases, {REQUIREMENTS_COLUMNS}"
    )
}

fn names_of(engine: Engine, table: &str, column: &str) -> String {
    let array = match engine {
        Engine::Sqlite => "json_group_array(n.name)",
        Engine::Postgres => "cast(json_agg(n.name) as text)",
    };
    format!("(select {array} from {table} n where n.{column} = t.id)")
}

pub(crate) fn products(sql: Sql, which: &Reference) -> Sql {
    let columns = product_columns(sql.engine());
    let select = Select::new(sql.push(&columns).push("\nfrom products t"));
    match which {
        Reference::Id(id) => select.and("t.id = ", Some(*id)),
        Reference::Name(name) => select.and_product("t.id", Some(name)),
    }
    .finish("")
}

pub(crate) fn environments(sql: Sql, which: &Reference) -> Sql {
    let columns = environment_columns(sql.engine());
    let select = Select::new(sql.push(&columns).push("\nfrom environments t"));
    match which {
        Reference::Id(id) => select.and("t.id = ", Some(*id)),
        Reference::Name(name) => select.and_environment("t.id", Some(name)),
    }
    .finish("")
}

pub(crate) fn one_product(rows: Vec<ProductRow>, which: &Reference) -> Result<Product, Error> {
    match rows.into_iter().next() {
        Some(row) => Product::try_from(row),
        None => Err(Error::not_found(Kind::Product, which.to_string())),
    }
}

pub(crate) fn one_environment(
    rows: Vec<EnvironmentRow>,
    which: &Reference,
) -> Result<Environment, Error> {
    match rows.into_iter().next() {
        Some(row) => Environment::try_from(row),
        None => Err(Error::not_found(Kind::Environment, which.to_string())),
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(_) => f.write_str("with this id"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
