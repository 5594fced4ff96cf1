//! The one place where statements whose filters vary are put together: from fixed
//! pieces, holding only what was asked for, so that each can use its index.

use super::sql::{Sql, Value};
use crate::domain::{
    commit,
    page::{Cursor, CursorPart},
};

/// Of `deployments d`: they are current. SQLite takes the index of those only where
/// they are compared by their product, too.
pub(super) const CURRENT: &str = "d.current and d.product_id > 0";

/// Rows of a list, from a cursor on.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The last row that was seen; none: from the beginning.
    pub after: Option<&'a Cursor>,
    /// How many rows at most.
    pub limit: usize,
}

/// A `select` under construction.
pub(super) struct Select {
    sql: Sql,
    conditions: usize,
}

/// A direction of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Ascending,
    Descending,
}

impl Select {
    /// `text` goes up to the `where`, which comes with the first condition.
    pub(super) fn new(sql: Sql) -> Self {
        Self { sql, conditions: 0 }
    }

    /// A condition without a value.
    pub(super) fn holds(mut self, condition: &str) -> Self {
        let glue = self.glue();
        self.sql = self.sql.push(glue).push(condition);
        self.conditions += 1;
        self
    }

    /// `condition value`, where there is a value.
    pub(super) fn and(self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        self.and_within(condition, value, "")
    }

    /// `condition value tail`, where there is a value.
    pub(super) fn and_within(
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
    pub(super) fn and_product(self, column: &str, name: Option<&str>) -> Self {
        self.and_within(
            &format!("{column} = (select product_id from product_names where name = "),
            name,
            ")",
        )
    }

    pub(super) fn and_environment(self, column: &str, name: Option<&str>) -> Self {
        self.and_within(
            &format!("{column} = (select environment_id from environment_names where name = "),
            name,
            ")",
        )
    }

    /// Versions with this identifier: of the product of this name, or of any.
    pub(super) fn and_version(
        self,
        column: &str,
        product: Option<&str>,
        version: Option<&str>,
    ) -> Self {
        let Some(version) = version else {
            return self;
        };
        let mut this = self.holds(&format!(
            "{column} in (select v.id from versions v where v.version = "
        ));
        this.sql = this.sql.bind(version);
        if let Some(product) = product {
            this.sql = this
                .sql
                .push(" and v.product_id = (select product_id from product_names where name = ")
                .bind(product)
                .push(")");
        }
        this.sql = this.sql.push(")");
        this
    }

    /// Texts that begin so.
    pub(super) fn and_prefix(self, column: &str, prefix: Option<&str>) -> Self {
        let Some(prefix) = prefix else {
            return self;
        };
        self.and(&format!("{column} >= "), Some(prefix))
            .and(&format!("{column} < "), Some(after_prefix(prefix)))
    }

    /// Commits that a SHA or its beginning fits (R14).
    pub(super) fn and_commit(self, column: &str, sha: Option<&str>) -> Self {
        let Some(sha) = sha else {
            return self;
        };
        let mut this = self.holds("");
        this.sql = commit_condition(this.sql, column, sha);
        this
    }

    /// Rows after the cursor, in order, at most so many. `columns` end with one
    /// that is unique.
    pub(super) fn page(mut self, columns: &[&str], direction: Direction, page: Page<'_>) -> Sql {
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
        self.sql
            .push("\norder by ")
            .push(&order.join(", "))
            .push("\nlimit ")
            .bind(i64::try_from(page.limit).unwrap_or(i64::MAX))
    }

    pub(super) fn finish(self, tail: &str) -> Sql {
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
pub(super) fn commit_condition(sql: Sql, column: &str, sha: &str) -> Sql {
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
pub(super) fn beside(leaves_few: bool, condition: &str) -> String {
    let sign = if leaves_few { "+" } else { "" };
    format!("{sign}{condition}")
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
