//! The one place where statements whose filters vary are put together: from fixed
//! pieces, holding only what was asked for, so that each can use its index.

use crate::{
    domain::{
        commit,
        page::{Cursor, CursorPart},
        status::Status,
    },
    storage::engine::{
        deferred_indexing,
        sql::{Engine, Sql, Value},
    },
};

/// Of `deployments d`: they are current. SQLite takes the index of those only where
/// they are compared by their product, too.
pub(crate) const CURRENT: &str = "d.current and d.product_id > 0";

/// Rows of a list, from a cursor on.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The last row that was seen; none: from the beginning.
    pub after: Option<&'a Cursor>,
    /// How many rows at most.
    pub limit: usize,
}

/// A `select` under construction.
#[derive(Clone)]
pub(crate) struct Select {
    sql: Sql,
    conditions: usize,
    /// The table with deferred indexing that it walks through by an index for lists.
    deferred: Option<&'static str>,
}

/// A direction of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Select {
    /// `text` goes up to the `where`, which comes with the first condition.
    pub(crate) fn new(sql: Sql) -> Self {
        Self {
            sql,
            conditions: 0,
            deferred: None,
        }
    }

    /// It walks through this table by an index for lists, which lacks the pending rows:
    /// those are read too.
    pub(crate) fn include_pending(mut self, alias: &'static str) -> Self {
        self.deferred = Some(alias);
        self
    }

    /// A condition without a value.
    pub(crate) fn holds(mut self, condition: &str) -> Self {
        let glue = self.glue();
        self.sql = self.sql.push(glue).push(condition);
        self.conditions += 1;
        self
    }

    /// `condition value`, where there is a value.
    pub(crate) fn and(self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        self.and_within(condition, value, "")
    }

    /// `condition value tail`, where there is a value.
    pub(crate) fn and_within(
        self,
        condition: &str,
        value: Option<impl Into<Value>>,
        tail: &str,
    ) -> Self {
        match value {
            None => self,
            Some(value) => {
                let mut this = self.holds(condition);
                this.sql = this.sql.bind(value).push(tail);
                this
            }
        }
    }

    /// The thing of this name, current or former.
    pub(crate) fn and_product(self, column: &str, name: Option<&str>) -> Self {
        self.and_within(
            &format!("{column} = (select product_id from product_names where name = "),
            name,
            ")",
        )
    }

    /// Rows of the product of this name, or of all products. Indexes without a product
    /// are searched only by statements that say that it is of no matter; where another
    /// condition leaves few rows, by none that knows it.
    pub(crate) fn in_product(self, leaves_few: bool, column: &str, name: Option<&str>) -> Self {
        match name {
            None if leaves_few => self,
            None => self.holds(&format!("{column} <> 0")),
            Some(_) => self.and_product(&beside(leaves_few, column), name),
        }
    }

    pub(crate) fn and_environment(self, column: &str, name: Option<&str>) -> Self {
        self.and_within(
            &format!("{column} = (select environment_id from environment_names where name = "),
            name,
            ")",
        )
    }

    /// Rows with one of these statuses; empty: with any. No index by status is used where other conditions leave
    /// few rows. The index has only rows that are not completed, and SQLite uses it only where the statement
    /// has the condition of the index.
    pub(crate) fn and_status(self, leaves_few: bool, column: &str, statuses: &[Status]) -> Self {
        let codes = statuses.iter().map(|status| status.code());
        let select = self.and_any(&beside(leaves_few, column), codes);
        match statuses.is_empty() || statuses.contains(&Status::Completed) {
            true => select,
            false => select.holds(&format!("{column} <> {}", Status::Completed.code())),
        }
    }

    /// Rows whose column has one of these codes; none: any rows.
    pub(crate) fn and_any(self, column: &str, codes: impl IntoIterator<Item = i64>) -> Self {
        let codes: Vec<i64> = codes.into_iter().collect();
        match codes[..] {
            [] => self,
            [code] => self.and(&format!("{column} = "), Some(code)),
            [first, ref others @ ..] => {
                let mut select = self.and(&format!("{column} in ("), Some(first));
                for code in others {
                    select.sql = select.sql.push(", ").bind(*code);
                }
                select.sql = select.sql.push(")");
                select
            }
        }
    }

    /// Versions with this identifier: of the product of this name, or of any.
    pub(crate) fn and_version(
        self,
        column: &str,
        product: Option<&str>,
        version: Option<&str>,
    ) -> Self {
        let Some(version) = version else {
            return self;
        };
        let Some(product) = product else {
            return self.and_within(
                &format!("{column} in (select v.id from versions v where v.version = "),
                Some(version),
                ")",
            );
        };
        let condition = format!("{column} = (select v.id from versions v where v.version = ");
        let mut this = self.and(&condition, Some(version));
        this.sql = this
            .sql
            .push(" and v.product_id = (select product_id from product_names where name = ")
            .bind(product)
            .push("))");
        this
    }

    /// Texts that begin so.
    pub(crate) fn and_prefix(self, column: &str, prefix: Option<&str>) -> Self {
        let Some(prefix) = prefix else {
            return self;
        };
        self.and(&format!("{column} >= "), Some(prefix))
            .and(&format!("{column} < "), Some(after_prefix(prefix)))
    }

    /// Commits that a SHA or its beginning fits (R14).
    pub(crate) fn and_commit(self, column: &str, sha: Option<&str>) -> Self {
        let Some(sha) = sha else {
            return self;
        };
        let mut this = self.holds("");
        this.sql = commit_condition(this.sql, column, sha);
        this
    }

    /// Rows after the cursor, in order, at most so many. `columns` end with one
    /// that is unique. Rows that wait and rows that don't are each found in this order,
    /// and merged.
    pub(crate) fn page(mut self, columns: &[&str], direction: Direction, page: Page<'_>) -> Sql {
        let (sign, word) = match direction {
            Direction::Ascending => (">", " asc"),
            Direction::Descending => ("<", " desc"),
        };
        if let Some(cursor) = page.after {
            self = self.holds(&format!("({}) {sign} (", columns.join(", ")));
            for (i, part) in cursor.0.iter().enumerate() {
                let separator = if i == 0 { "" } else { ", " };
                self.sql = self.sql.push(separator).bind(value_of(part));
            }
            self.sql = self.sql.push(")");
        }
        let order: Vec<String> = columns.iter().map(|c| format!("{c}{word}")).collect();
        let parts = match self.deferred {
            Some(alias) => deferred_indexing::parts(self.sql.engine(), alias),
            None => Vec::new(),
        };
        let of_parts = parts.iter().map(|part| self.clone().holds(part).sql);
        let sql = of_parts.reduce(Sql::union_all);
        sql.unwrap_or(self.sql)
            .push("\norder by ")
            .push(&order.join(", "))
            .push("\nlimit ")
            .bind(i64::try_from(page.limit).unwrap_or(i64::MAX))
    }

    pub(crate) fn finish(self, tail: &str) -> Sql {
        self.sql.push(tail)
    }

    fn glue(&self) -> &'static str {
        if self.conditions == 0 {
            "\nwhere "
        } else {
            "\nand "
        }
    }
}

/// The commits that a SHA, in lower case, names: those that begin with it, and
/// the shortened forms of it that a version may have been recorded with.
pub(crate) fn commit_condition(sql: Sql, column: &str, sha: &str) -> Sql {
    let begins = |sql: Sql, beginning: &str| {
        sql.push(column)
            .push(" >= ")
            .bind(beginning)
            .push(" and ")
            .push(column)
            .push(" < ")
            .bind(after_prefix(beginning))
    };
    if !commit::names_by_prefix(sha) {
        return begins(sql.push("("), sha).push(")");
    }
    // All forms begin alike: one stretch of the index has them, and little else.
    let sql = begins(sql.push("("), commit::start(sha)).push(" and (");
    begins(sql, sha)
        .push(" or ")
        .push(column)
        .push(" = substr(")
        .bind(sha)
        .push(", 1, length(")
        .push(column)
        .push("))))")
}

/// A condition on a number, by which no index is searched where another condition
/// leaves few rows: SQLite doesn't know that those are few.
pub(crate) fn beside(leaves_few: bool, condition: &str) -> String {
    let sign = if leaves_few { "+" } else { "" };
    format!("{sign}{condition}")
}

/// Joins the row of a table that another one names, where there is one. Where Postgres
/// expects few rows, it would join all of them and sort them then; behind a fence it
/// walks the index that has the order. What leads with the few rows in `m` is sorted.
pub(crate) fn joined(engine: Engine, from: &str, table: &str, alias: &str, id: &str) -> String {
    match engine {
        Engine::Postgres if !from.starts_with("m ") => format!(
            "\nleft join lateral (select * from {table} t where t.id = {id} offset 0) {alias} on true"
        ),
        Engine::Postgres | Engine::Sqlite => {
            format!("\nleft join {table} {alias} on {alias}.id = {id}")
        }
    }
}

/// The end of a span of time, where a list that runs downwards begins with it: what
/// lies behind a cursor lies before it anyway, and one bound leads to the place.
pub(crate) fn upper_bound(to_us: Option<i64>, page: Page<'_>) -> Option<i64> {
    to_us.filter(|_| page.after.is_none())
}

/// Sorts after everything that begins so: nothing sorts after the last character
/// there is, and it is refused in no name that one would search for.
fn after_prefix(prefix: &str) -> String {
    format!("{prefix}\u{10ffff}")
}

fn value_of(part: &CursorPart) -> Value {
    match part {
        CursorPart::Int(number) => (*number).into(),
        CursorPart::Bytes(bytes) => bytes.clone().into(),
        CursorPart::Text(text) => text.as_str().into(),
    }
}
