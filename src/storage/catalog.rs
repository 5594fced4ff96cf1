//! The catalogue: products and environments, how they are read and changed (R15).
//! Every change is an entry of the log, in a transaction of its own.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store,
    batch::{Head, lock_head, move_head},
    connection::Connection,
    error::{Conflict, Error},
    filter::{Direction, Page, Select},
    rows::{EnvironmentRow, ProductRow, to_json},
    sql::{Engine, Sql},
    writer::Command,
};
use crate::domain::{
    environment::EnvironmentType,
    id::Kind,
    page::{Cursor, CursorPart},
    query::{EnvironmentQuery, ProductQuery},
    resource::{EntryType, Environment, Product},
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
}

/// What to change of an environment; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct EnvironmentChange {
    pub name: Option<String>,
    pub kind: Option<EnvironmentType>,
    pub description: Option<String>,
    pub aliases: Option<Vec<String>>,
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
pub(super) enum Change {
    UpdateProduct(Reference, ProductChange),
    DeleteProduct(Reference, Force),
    UpdateEnvironment(Reference, EnvironmentChange),
    DeleteEnvironment(Reference, Force),
}

/// Whether something is deleted with all that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Force(bool);

/// What a change came to.
pub(super) struct Changed {
    what: What,
    pub(super) last_position: i64,
}

enum What {
    Product(Product),
    Environment(Environment),
    DeletedProduct(DeletedProduct),
    DeletedEnvironment(DeletedEnvironment),
}

impl Store {
    /// Renames or describes a product, or changes its aliases.
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

    /// Renames or describes an environment, sets its type, or changes its aliases.
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
            .and("t.type = ", query.kind.map(|kind| kind.code()))
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

/// Carries a change out in the transaction that was begun for it, and ends that.
pub(super) async fn run(
    connection: &mut Connection,
    change: &Change,
    now_us: i64,
) -> Result<Changed, Error> {
    let head = lock_head(connection).await?;
    let mut log = Log {
        head,
        received_at_us: now_us.max(head.last_received_at_us + 1),
    };
    let what = match change {
        Change::UpdateProduct(which, change) => {
            update_product(connection, &mut log, which, change).await?
        }
        Change::DeleteProduct(which, force) => {
            delete_product(connection, &mut log, which, *force).await?
        }
        Change::UpdateEnvironment(which, change) => {
            update_environment(connection, &mut log, which, change).await?
        }
        Change::DeleteEnvironment(which, force) => {
            delete_environment(connection, &mut log, which, *force).await?
        }
    };
    connection.commit().await?;
    Ok(Changed {
        what,
        last_position: log.head.last_position,
    })
}

/// The end of the log, and the time of what comes next.
struct Log {
    head: Head,
    received_at_us: i64,
}

impl Log {
    async fn append(
        &mut self,
        connection: &mut Connection,
        kind: EntryType,
        id: i64,
        content: String,
    ) -> Result<(), Error> {
        let of_product = matches!(kind, EntryType::ProductUpdated | EntryType::ProductDeleted);
        let position = self.head.last_position + 1;
        let sql = connection
            .sql(
                "insert into events (position, event_id, type, product_id, environment_id,
                                     occurred_at_us, received_at_us, content_hash, created, content)
                 values (",
            )
            .bind(position)
            .push(", ")
            .bind(Uuid::now_v7().to_string())
            .push(", ")
            .bind(kind.code())
            .push(", ")
            .bind(of_product.then_some(id))
            .push(", ")
            .bind((!of_product).then_some(id))
            .push(", ")
            .bind(self.received_at_us)
            .push(", ")
            .bind(self.received_at_us)
            .push(", ")
            .bind(Vec::new())
            .push(", 0, ")
            .bind(content)
            .push(")");
        connection.execute(sql).await?;
        self.head = Head {
            last_position: position,
            last_received_at_us: self.received_at_us,
        };
        move_head(connection, self.head).await?;
        if connection.engine() == Engine::Postgres {
            let notify = connection
                .sql("select pg_notify('versioner_log', ")
                .bind(position.to_string())
                .push(")");
            connection.execute(notify).await?;
        }
        Ok(())
    }
}

async fn update_product(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    change: &ProductChange,
) -> Result<What, Error> {
    let sql = products(connection.sql("select "), which);
    let before = one_product(connection.fetch(sql).await?, which)?;
    let mut after = before.clone();
    if let Some(description) = &change.description {
        after.description.clone_from(description);
    }
    (after.name, after.aliases) =
        renamed(&before.name, &before.aliases, &change.name, &change.aliases);
    if after == before {
        return Ok(What::Product(before));
    }
    after.updated_at_us = log.received_at_us;

    rename(
        connection,
        &PRODUCTS,
        before.id,
        (&before.name, &before.aliases),
        (&after.name, &after.aliases),
    )
    .await?;
    let sql = connection
        .sql("update products set name = ")
        .bind(after.name.as_str())
        .push(", description = ")
        .bind(after.description.as_str())
        .push(", updated_at_us = ")
        .bind(after.updated_at_us)
        .push(" where id = ")
        .bind(after.id);
    connection.execute(sql).await?;
    log.append(
        connection,
        EntryType::ProductUpdated,
        after.id,
        to_json(&after)?,
    )
    .await?;
    Ok(What::Product(after))
}

async fn update_environment(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    change: &EnvironmentChange,
) -> Result<What, Error> {
    let sql = environments(connection.sql("select "), which);
    let before = one_environment(connection.fetch(sql).await?, which)?;
    let mut after = before.clone();
    if let Some(description) = &change.description {
        after.description.clone_from(description);
    }
    if let Some(kind) = change.kind {
        after.kind = kind;
    }
    (after.name, after.aliases) =
        renamed(&before.name, &before.aliases, &change.name, &change.aliases);
    if after == before {
        return Ok(What::Environment(before));
    }
    after.updated_at_us = log.received_at_us;

    rename(
        connection,
        &ENVIRONMENTS,
        before.id,
        (&before.name, &before.aliases),
        (&after.name, &after.aliases),
    )
    .await?;
    let sql = connection
        .sql("update environments set name = ")
        .bind(after.name.as_str())
        .push(", type = ")
        .bind(after.kind.code())
        .push(", description = ")
        .bind(after.description.as_str())
        .push(", updated_at_us = ")
        .bind(after.updated_at_us)
        .push(" where id = ")
        .bind(after.id);
    connection.execute(sql).await?;
    log.append(
        connection,
        EntryType::EnvironmentUpdated,
        after.id,
        to_json(&after)?,
    )
    .await?;
    Ok(What::Environment(after))
}

async fn delete_product(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    force: Force,
) -> Result<What, Error> {
    let sql = products(connection.sql("select "), which);
    let product = one_product(connection.fetch(sql).await?, which)?;
    let id = product.id;
    if !force.0 {
        let sql = connection
            .sql("select case when exists (select 1 from versions where product_id = ")
            .bind(id)
            .push(") then 'versions' when exists (select 1 from check_runs where product_id = ")
            .bind(id)
            .push(") then 'checks' else '' end as uses");
        refuse_use(connection, sql, Kind::Product, &product.name).await?;
    }
    let mut deleted = DeletedProduct::default();
    let sql = connection
        .sql("select count(*) from check_runs where latest and product_id = ")
        .bind(id);
    deleted.checks = count(connection, sql).await?;
    for (table, count) in [
        ("builds", Some(&mut deleted.builds)),
        ("deployments", Some(&mut deleted.deployments)),
        ("check_runs", None),
        ("versions", Some(&mut deleted.versions)),
        ("product_names", None),
    ] {
        let sql = connection
            .sql("delete from ")
            .push(table)
            .push(" where product_id = ")
            .bind(id);
        let rows = connection.execute(sql).await?;
        if let Some(count) = count {
            *count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }
    let sql = connection.sql("delete from products where id = ").bind(id);
    connection.execute(sql).await?;
    deleted.events = clear_events(connection, "product_id", id).await?;
    log.append(
        connection,
        EntryType::ProductDeleted,
        id,
        to_json(&product)?,
    )
    .await?;
    Ok(What::DeletedProduct(deleted))
}

async fn delete_environment(
    connection: &mut Connection,
    log: &mut Log,
    which: &Reference,
    force: Force,
) -> Result<What, Error> {
    let sql = environments(connection.sql("select "), which);
    let environment = one_environment(connection.fetch(sql).await?, which)?;
    let id = environment.id;
    if !force.0 {
        let sql = connection
            .sql(
                "select case when exists (select 1 from deployments where environment_id = ",
            )
            .bind(id)
            .push(") then 'deployments' when exists (select 1 from check_runs where latest and environment_id = ")
            .bind(id)
            .push(") then 'checks' else '' end as uses");
        refuse_use(connection, sql, Kind::Environment, &environment.name).await?;
    }
    let mut deleted = DeletedEnvironment::default();
    let sql = connection
        .sql("select count(*) from check_runs where latest and environment_id = ")
        .bind(id);
    deleted.checks = count(connection, sql).await?;
    for (table, count) in [
        ("deployments", Some(&mut deleted.deployments)),
        ("environment_names", None),
    ] {
        let sql = connection
            .sql("delete from ")
            .push(table)
            .push(" where environment_id = ")
            .bind(id);
        let rows = connection.execute(sql).await?;
        if let Some(count) = count {
            *count = i64::try_from(rows).unwrap_or(i64::MAX);
        }
    }
    let sql = connection
        .sql(
            "delete from check_runs where check_id in (
                 select c.check_id from check_runs c where c.latest and c.environment_id = ",
        )
        .bind(id)
        .push(")");
    connection.execute(sql).await?;
    let sql = connection
        .sql("delete from environments where id = ")
        .bind(id);
    connection.execute(sql).await?;
    deleted.events = clear_events(connection, "environment_id", id).await?;
    log.append(
        connection,
        EntryType::EnvironmentDeleted,
        id,
        to_json(&environment)?,
    )
    .await?;
    Ok(What::DeletedEnvironment(deleted))
}

/// Deletes the content of the events about a thing; their places stay taken.
async fn clear_events(connection: &mut Connection, column: &str, id: i64) -> Result<i64, Error> {
    let sql = connection
        .sql("update events set content = null where content is not null and ")
        .push(column)
        .push(" = ")
        .bind(id);
    let rows = connection.execute(sql).await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

async fn count(connection: &mut Connection, sql: Sql) -> Result<i64, Error> {
    let rows: Vec<(i64,)> = connection.fetch(sql).await?;
    Ok(rows.first().map_or(0, |row| row.0))
}

async fn refuse_use(
    connection: &mut Connection,
    sql: Sql,
    kind: Kind,
    name: &str,
) -> Result<(), Error> {
    let rows: Vec<(String,)> = connection.fetch(sql).await?;
    match rows.into_iter().next() {
        Some((uses,)) if !uses.is_empty() => Err(Error::Conflict(Conflict::InUse {
            kind,
            name: name.to_owned(),
            uses,
        })),
        _ => Ok(()),
    }
}

/// The names after a change: an old name stays as an alias, until the aliases are
/// given without it.
fn renamed(
    name: &str,
    aliases: &[String],
    new_name: &Option<String>,
    new_aliases: &Option<Vec<String>>,
) -> (String, Vec<String>) {
    let name_after = new_name.clone().unwrap_or_else(|| name.to_owned());
    let mut aliases_after = match new_aliases {
        Some(given) => given.clone(),
        None => {
            let mut kept = aliases.to_vec();
            kept.push(name.to_owned());
            kept
        }
    };
    aliases_after.retain(|alias| *alias != name_after);
    aliases_after.sort();
    aliases_after.dedup();
    (name_after, aliases_after)
}

/// A table of names.
struct Names {
    table: &'static str,
    column: &'static str,
    kind: Kind,
}

const PRODUCTS: Names = Names {
    table: "product_names",
    column: "product_id",
    kind: Kind::Product,
};
const ENVIRONMENTS: Names = Names {
    table: "environment_names",
    column: "environment_id",
    kind: Kind::Environment,
};

#[derive(FromRow)]
struct OwnerRow {
    owner: i64,
}

async fn rename(
    connection: &mut Connection,
    names: &Names,
    id: i64,
    before: (&str, &[String]),
    after: (&str, &[String]),
) -> Result<(), Error> {
    let all = |(name, aliases): (&str, &[String])| {
        let mut all = aliases.to_vec();
        all.push(name.to_owned());
        all
    };
    let (before, after) = (all(before), all(after));
    for name in after.iter().filter(|name| !before.contains(name)) {
        let sql = connection
            .sql("select ")
            .push(names.column)
            .push(" as owner from ")
            .push(names.table)
            .push(" where name = ")
            .bind(name.as_str());
        let owners: Vec<OwnerRow> = connection.fetch(sql).await?;
        if owners.iter().any(|row| row.owner != id) {
            return Err(Error::Conflict(Conflict::Name {
                kind: names.kind,
                name: name.clone(),
            }));
        }
        let sql = connection
            .sql("insert into ")
            .push(names.table)
            .push(" (name, ")
            .push(names.column)
            .push(") values (")
            .bind(name.as_str())
            .push(", ")
            .bind(id)
            .push(")");
        connection.execute(sql).await?;
    }
    for name in before.iter().filter(|name| !after.contains(name)) {
        let sql = connection
            .sql("delete from ")
            .push(names.table)
            .push(" where name = ")
            .bind(name.as_str());
        connection.execute(sql).await?;
    }
    Ok(())
}

/// The columns of a product `t`, its names as one JSON array.
fn product_columns(engine: Engine) -> String {
    let names = names_of(engine, "product_names", "product_id");
    format!("t.id, t.name, t.description, t.created_at_us, t.updated_at_us, {names} as aliases")
}

/// The columns of an environment `t`, its names as one JSON array.
fn environment_columns(engine: Engine) -> String {
    let names = names_of(engine, "environment_names", "environment_id");
    format!(
        "t.id, t.name, t.type as kind, t.description, t.created_at_us, t.updated_at_us, {names} as aliases"
    )
}

fn names_of(engine: Engine, table: &str, column: &str) -> String {
    let array = match engine {
        Engine::Sqlite => "json_group_array(n.name)",
        Engine::Postgres => "cast(json_agg(n.name) as text)",
    };
    format!("(select {array} from {table} n where n.{column} = t.id)")
}

fn products(sql: Sql, which: &Reference) -> Sql {
    let columns = product_columns(sql.engine());
    let select = Select::new(sql.push(&columns).push("\nfrom products t"));
    match which {
        Reference::Id(id) => select.and("t.id = ", Some(*id)),
        Reference::Name(name) => select.and_product("t.id", Some(name)),
    }
    .finish("")
}

fn environments(sql: Sql, which: &Reference) -> Sql {
    let columns = environment_columns(sql.engine());
    let select = Select::new(sql.push(&columns).push("\nfrom environments t"));
    match which {
        Reference::Id(id) => select.and("t.id = ", Some(*id)),
        Reference::Name(name) => select.and_environment("t.id", Some(name)),
    }
    .finish("")
}

fn one_product(rows: Vec<ProductRow>, which: &Reference) -> Result<Product, Error> {
    match rows.into_iter().next() {
        Some(row) => Product::try_from(row),
        None => Err(Error::not_found(Kind::Product, which.to_string())),
    }
}

fn one_environment(rows: Vec<EnvironmentRow>, which: &Reference) -> Result<Environment, Error> {
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
