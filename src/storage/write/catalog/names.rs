//! The names that find a product or environment.

use sqlx::FromRow;

use crate::{
    domain::{id::Kind, resource::MAX_ALIASES},
    storage::engine::{
        connection::Connection,
        error::{Conflict, Error},
    },
};

/// The names after a change: an old name stays as an alias, until the aliases are
/// given without it.
pub(super) fn renamed(
    name: &str,
    aliases: &[String],
    new_name: &Option<String>,
    new_aliases: &Option<Vec<String>>,
) -> Result<(String, Vec<String>), Error> {
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
    if aliases_after.len() > MAX_ALIASES {
        return Err(Error::invalid(
            "aliases",
            format!(
                "must have at most {MAX_ALIASES} elements with the former name (has {}); remove some first",
                aliases_after.len()
            ),
        ));
    }
    Ok((name_after, aliases_after))
}

/// A table of names.
pub(super) struct Names {
    table: &'static str,
    column: &'static str,
    kind: Kind,
}

pub(super) const PRODUCTS: Names = Names {
    table: "product_names",
    column: "product_id",
    kind: Kind::Product,
};
pub(super) const ENVIRONMENTS: Names = Names {
    table: "environment_names",
    column: "environment_id",
    kind: Kind::Environment,
};

#[derive(FromRow)]
struct OwnerRow {
    owner: i64,
}

pub(super) async fn rename(
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
