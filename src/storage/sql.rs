//! Statements for both engines: text put together from fixed pieces, with every
//! value bound. Knows no table.

use std::borrow::Cow;

use sqlx::{Arguments, AssertSqlSafe, postgres::PgArguments, sqlite::SqliteArguments};

use super::error::{Cause, Error};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A value to bind.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
    Bool(bool),
}

/// The type of a column of bound rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Column {
    Int(&'static str),
    Text(&'static str),
    Bytes(&'static str),
    Bool(&'static str),
}

/// Rows to bind as one relation: Postgres takes an array a column, SQLite a list of
/// values. That is filled up to a power of two with rows of nulls, which are left out
/// again: so there are few different texts, and they stay prepared. No row has null in
/// its first column.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    columns: Cow<'static, [Column]>,
    rows: Vec<Vec<Value>>,
}

/// A statement under construction.
#[derive(Clone)]
pub(super) struct Sql {
    engine: Engine,
    text: String,
    args: Vec<Arg>,
    persistent: bool,
}

#[derive(Clone)]
enum Arg {
    One(Value),
    Ints(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Blobs(Vec<Vec<u8>>),
    Bools(Vec<bool>),
}

/// A statement of more values than this is not worth a place among SQLite's prepared
/// ones: they take memory for as long as the connection lives.
const MAX_PREPARED_VALUES: usize = 4_096;

impl Sql {
    pub(super) fn new(engine: Engine, text: &str) -> Self {
        Self {
            engine,
            text: text.to_owned(),
            args: Vec::new(),
            persistent: true,
        }
    }

    /// Begins a statement with `with name (columns) as (rows)`; the text goes on
    /// from there.
    pub(super) fn with(engine: Engine, name: &str, rows: Rows, text: &str) -> Self {
        Self::new(engine, "with ")
            .relation(name, rows)
            .push("\n")
            .push(text)
    }

    /// Adds `name (columns) as (rows)`, a relation of a `with` clause.
    pub(super) fn relation(self, name: &str, rows: Rows) -> Self {
        let columns = rows.column_names();
        self.push(name)
            .push(" (")
            .push(&columns)
            .push(") as (")
            .rows(rows)
            .push(")")
    }

    /// `insert into table (columns) <rows>`; the text (on conflict …) follows.
    pub(super) fn insert(engine: Engine, table: &str, rows: Rows, text: &str) -> Self {
        let columns = rows.column_names();
        Self::new(engine, "insert ")
            .or_fail()
            .push("into ")
            .push(table)
            .push(" (")
            .push(&columns)
            .push(")\n")
            .rows(rows)
            .push("\n")
            .push(text)
    }

    /// `update table set column = row's column, …` for the rows' first column, by which
    /// the table's rows are found.
    pub(super) fn update(engine: Engine, table: &str, rows: Rows) -> Self {
        let mut names = rows.columns.iter().map(|column| column.name());
        let key = names.next().unwrap_or_default();
        let set: Vec<String> = names.map(|name| format!("{name} = k.{name}")).collect();
        Self::with(engine, "k", rows, "update ")
            .or_fail()
            .push(&format!(
                "{table} set {}\nfrom k\nwhere {table}.{key} = k.{key}",
                set.join(", ")
            ))
    }

    /// Who writes ends the transaction on every error (the writer does, and it alone
    /// writes), so SQLite need not keep what it takes to undo one statement alone.
    fn or_fail(self) -> Self {
        match self.engine {
            Engine::Sqlite => self.push("or fail "),
            Engine::Postgres => self,
        }
    }

    /// One statement for Postgres that runs all of these, in no order, each on what was
    /// there before; and with them a `select` for what it does.
    pub(super) fn together(statements: Vec<Sql>, last: Option<Sql>) -> Self {
        let mut all = Self::new(Engine::Postgres, "");
        for (nth, statement) in statements.into_iter().enumerate() {
            all.text.push_str(if nth == 0 { "with " } else { ",\n" });
            all.text.push_str(&format!("w{nth} as ("));
            all.append(statement);
            all.text.push(')');
        }
        all.text.push('\n');
        match last {
            Some(last) => all.append(last),
            None => all.text.push_str("select 1"),
        }
        all
    }

    /// Adds another statement's text and values, whose numbers go on from those here.
    fn append(&mut self, other: Self) {
        let mut pieces = other.text.split('$');
        self.text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
            let (number, rest) = piece.split_at(digits);
            let number = number.parse().unwrap_or(0) + self.args.len();
            self.text.push_str(&format!("${number}{rest}"));
        }
        self.args.extend(other.args);
    }

    /// The statement between these texts, which have no values.
    pub(super) fn within(mut self, before: &str, after: &str) -> Self {
        self.text.insert_str(0, before);
        self.push(after)
    }

    pub(super) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.arg(Arg::One(value.into()), "");
        self
    }

    /// `self union all other`. On SQLite, where no value has a number.
    pub(super) fn union_all(mut self, other: Self) -> Self {
        assert_eq!(self.engine, Engine::Sqlite, "Postgres numbers its values");
        self.text.push_str("\nunion all\n");
        self.text.push_str(&other.text);
        self.args.extend(other.args);
        self.persistent &= other.persistent;
        self
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn persistent(&self) -> bool {
        self.persistent
    }

    pub(super) fn into_sqlite(self) -> Result<(AssertSqlSafe<String>, SqliteArguments), Error> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(self.args.len(), 0);
        for arg in self.args {
            match arg {
                Arg::One(Value::Int(value)) => arguments.add(value),
                Arg::One(Value::Text(value)) => arguments.add(value),
                Arg::One(Value::Bytes(value)) => arguments.add(value),
                Arg::One(Value::Bool(value)) => arguments.add(value),
                Arg::Ints(_) | Arg::Texts(_) | Arg::Blobs(_) | Arg::Bools(_) => {
                    return Err(Error::fault("SQLite takes no arrays"));
                }
            }
            .map_err(|e| Error::Fault(Cause::new(e)))?;
        }
        Ok((AssertSqlSafe(self.text), arguments))
    }

    pub(super) fn into_postgres(self) -> Result<(AssertSqlSafe<String>, PgArguments), Error> {
        let mut arguments = PgArguments::default();
        for arg in self.args {
            match arg {
                Arg::One(Value::Int(value)) => arguments.add(value),
                Arg::One(Value::Text(value)) => arguments.add(value),
                Arg::One(Value::Bytes(value)) => arguments.add(value),
                Arg::One(Value::Bool(value)) => arguments.add(value),
                Arg::Ints(values) => arguments.add(values),
                Arg::Texts(values) => arguments.add(values),
                Arg::Blobs(values) => arguments.add(values),
                Arg::Bools(values) => arguments.add(values),
            }
            .map_err(|e| Error::Fault(Cause::new(e)))?;
        }
        Ok((AssertSqlSafe(self.text), arguments))
    }

    fn arg(&mut self, arg: Arg, cast: &str) {
        self.args.push(arg);
        match self.engine {
            Engine::Sqlite => self.text.push('?'),
            Engine::Postgres => {
                self.text.push('$');
                self.text.push_str(&self.args.len().to_string());
                self.text.push_str(cast);
            }
        }
    }

    fn rows(mut self, rows: Rows) -> Self {
        match self.engine {
            Engine::Sqlite => {
                let width = rows.columns.len();
                let count = rows.rows.len();
                let padded = count.next_power_of_two();
                let is_prepared = padded * width <= MAX_PREPARED_VALUES;
                self.persistent &= is_prepared;
                let row = format!("({})", vec!["?"; width].join(","));
                let padding = if is_prepared { padded - count } else { 0 };
                self.text.reserve((row.len() + 1) * padded + 100);
                self.args.reserve(padded * width);
                self.text.push_str("select * from (values ");
                self.text.push_str(&row);
                for _ in 1..count + padding {
                    self.text.push(',');
                    self.text.push_str(&row);
                }
                self.text.push_str(") where column1 is not null");
                let values = rows.rows.into_iter().flatten().map(Arg::One);
                self.args.extend(values);
                let nothing = || Arg::One(Value::Int(None));
                self.args
                    .extend(std::iter::repeat_with(nothing).take(padding * width));
            }
            Engine::Postgres => {
                self.text.push_str("select * from unnest(");
                let mut columns: Vec<Arg> = rows.columns.iter().map(|c| c.array()).collect();
                for row in rows.rows {
                    for (column, value) in columns.iter_mut().zip(row) {
                        column.extend(value);
                    }
                }
                for (i, (column, values)) in rows.columns.iter().zip(columns).enumerate() {
                    if i > 0 {
                        self.text.push(',');
                    }
                    self.arg(values, column.array_cast());
                }
                self.text.push(')');
            }
        }
        self
    }
}

impl Rows {
    pub(super) fn new(columns: impl Into<Cow<'static, [Column]>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Rows of one column.
    pub(super) fn of<T: Into<Value>>(
        columns: &'static [Column; 1],
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut rows = Self::new(columns);
        for value in values {
            rows.add([value.into()]);
        }
        rows
    }

    pub(super) fn add(&mut self, row: impl Into<Vec<Value>>) {
        let row = row.into();
        // SQLite takes a missing value for NULL without a word.
        assert_eq!(
            row.len(),
            self.columns.len(),
            "a row has another width than its columns"
        );
        assert!(!row[0].is_null(), "a row without its first value");
        self.rows.push(row);
    }

    /// The same rows with one more column, in which all have this value.
    pub(super) fn with(mut self, column: Column, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.columns.to_mut().push(column);
        for row in &mut self.rows {
            row.push(value.clone());
        }
        self
    }

    /// The same rows in parts, each for a statement of its own: as many as SQLite keeps
    /// prepared. Postgres takes an array a column.
    pub(super) fn parts(self, engine: Engine) -> Vec<Self> {
        let most = match engine {
            Engine::Sqlite => 1 << (MAX_PREPARED_VALUES / self.columns.len()).ilog2(),
            Engine::Postgres => usize::MAX,
        };
        let mut rows = self.rows.into_iter().peekable();
        let mut parts = Vec::new();
        while rows.peek().is_some() {
            parts.push(Self {
                columns: self.columns.clone(),
                rows: rows.by_ref().take(most).collect(),
            });
        }
        parts
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|c| c.name()).collect();
        names.join(", ")
    }
}

impl Value {
    fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Text(None))
    }
}

impl Column {
    fn name(&self) -> &'static str {
        match self {
            Self::Int(name) | Self::Text(name) | Self::Bytes(name) | Self::Bool(name) => name,
        }
    }

    fn array(&self) -> Arg {
        match self {
            Self::Int(_) => Arg::Ints(Vec::new()),
            Self::Text(_) => Arg::Texts(Vec::new()),
            Self::Bytes(_) => Arg::Blobs(Vec::new()),
            Self::Bool(_) => Arg::Bools(Vec::new()),
        }
    }

    fn array_cast(&self) -> &'static str {
        match self {
            Self::Int(_) => "::bigint[]",
            Self::Text(_) => "::text[]",
            Self::Bytes(_) => "::bytea[]",
            Self::Bool(_) => "::boolean[]",
        }
    }
}

impl Arg {
    fn extend(&mut self, value: Value) {
        match (self, value) {
            (Self::Ints(values), Value::Int(value)) => values.push(value),
            (Self::Texts(values), Value::Text(value)) => values.push(value),
            (Self::Blobs(values), Value::Bytes(value)) => values.push(value),
            (Self::Bools(values), Value::Bool(value)) => values.push(value),
            (_, value) => unreachable!("a value of another type than its column: {value:?}"),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_together_number_their_values_through() {
        let sql = |text: &str| Sql::new(Engine::Postgres, text);
        let one = sql("update a set x = ")
            .bind(1)
            .push(" where y = ")
            .bind("$1");
        let two = sql("delete from b where z = ").bind(true);
        let last = sql("select f(").bind(2).push(")");
        let together = Sql::together(vec![one, two], Some(last));
        assert_eq!(
            together.text(),
            "with w0 as (update a set x = $1 where y = $2),\n\
             w1 as (delete from b where z = $3)\n\
             select f($4)"
        );
        assert_eq!(together.args.len(), 4);
    }

    #[test]
    fn rows_come_in_parts_that_the_engine_keeps_prepared() {
        let mut rows = Rows::new(&[Column::Int("id"), Column::Int("at"), Column::Int("by")]);
        for id in 0..2_500_i64 {
            rows.add([id.into(), 1.into(), 2.into()]);
        }
        let sizes = |engine| -> Vec<usize> {
            let parts = rows.clone().parts(engine);
            parts.iter().map(|part| part.rows.len()).collect()
        };
        assert_eq!(sizes(Engine::Sqlite), [1_024, 1_024, 452]);
        assert_eq!(sizes(Engine::Postgres), [2_500]);
        assert!(
            Rows::new(&[Column::Int("id")])
                .parts(Engine::Sqlite)
                .is_empty()
        );
    }
}
