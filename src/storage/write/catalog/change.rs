//! Changes of the catalogue, each with its entry of the log.

use uuid::Uuid;

use super::{
    delete::{delete_environment, delete_product},
    names::{ENVIRONMENTS, PRODUCTS, rename, renamed},
};
use crate::{
    domain::{requirements::Requirements, resource::EntryType},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::to_json,
            sql::{Engine, Sql},
        },
        read::catalog::{
            Change, Changed, EnvironmentChange, ProductChange, Reference, What, environments,
            one_environment, one_product, products,
        },
        write::batch::{Head, lock_head, move_head},
    },
};

/// Carries a change out in the transaction that was begun for it, and ends that.
pub(crate) async fn run(
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
pub(super) struct Log {
    head: Head,
    received_at_us: i64,
}

impl Log {
    pub(super) async fn append(
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
                "insert into event_log (position, event_id, event_type, product_id, environment_id,
                                        occurred_at_us, received_at_us, content_hash,
                                        created_on_demand, content)
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
        renamed(&before.name, &before.aliases, &change.name, &change.aliases)?;
    after.requirements.apply(&change.requirements);
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
        .bind(after.description.as_str());
    let sql = set_requirements(sql, &after.requirements)?
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
        renamed(&before.name, &before.aliases, &change.name, &change.aliases)?;
    after.requirements.apply(&change.requirements);
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
        .push(", environment_type = ")
        .bind(after.kind.code())
        .push(", description = ")
        .bind(after.description.as_str());
    let sql = set_requirements(sql, &after.requirements)?
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

fn set_requirements(sql: Sql, requirements: &Requirements) -> Result<Sql, Error> {
    let limits = requirements.security_limits.as_ref();
    Ok(sql
        .push(", required_checks = ")
        .bind(to_json(&requirements.required_checks)?)
        .push(", security_limits = ")
        .bind(limits.map(to_json).transpose()?))
}
