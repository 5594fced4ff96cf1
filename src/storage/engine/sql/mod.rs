//! Statements for both engines: text put together from fixed pieces, with every
//! value bound. Knows no table.

mod bound_rows;

pub(crate) use bound_rows::{Column, Rows, Value};
use sqlx::{Arguments, AssertSqlSafe, postgres::PgArguments, sqlite::SqliteArguments};

use self::bound_rows::MAX_PREPARED_VALUES;
use super::error::{Cause, Error};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A statement under construction.
#[derive(Clone)]
pub(crate) struct Sql {
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

impl Sql {
    pub(crate) fn new(engine: Engine, text: &str) -> Self {
        Self {
            engine,
            text: text.to_owned(),
            args: Vec::new(),
            persistent: true,
        }
    }

    /// Begins a statement with `with name (columns) as (rows)`; the text goes on
    /// from there.
    pub(crate) fn with(engine: Engine, name: &str, rows: Rows, text: &str) -> Self {
        Self::new(engine, "with ")
            .relation(name, rows)
            .push("\n")
            .push(text)
    }

    /// Adds `name (columns) as (rows)`, a relation of a `with` clause.
    pub(crate) fn relation(self, name: &str, rows: Rows) -> Self {
        let columns = rows.column_names();
        self.push(name)
            .push(" (")
            .push(&columns)
            .push(") as (")
            .rows(rows)
            .push(")")
    }

    /// `insert into table (columns) <rows>`; the text (on conflict …) follows.
    pub(crate) fn insert(engine: Engine, table: &str, rows: Rows, text: &str) -> Self {
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
    pub(crate) fn update(engine: Engine, table: &str, rows: Rows) -> Self {
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
    pub(crate) fn together(statements: Vec<Sql>, last: Option<Sql>) -> Self {
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
    pub(crate) fn within(mut self, before: &str, after: &str) -> Self {
        self.text.insert_str(0, before);
        self.push(after)
    }

    pub(crate) fn push(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.arg(Arg::One(value.into()), "");
        self
    }

    /// `self union all other`. On SQLite, where no value has a number.
    pub(crate) fn union_all(mut self, other: Self) -> Self {
        assert_eq!(self.engine, Engine::Sqlite, "Postgres numbers its values");
        self.text.push_str("\nunion all\n");
        self.text.push_str(&other.text);
        self.args.extend(other.args);
        self.persistent &= other.persistent;
        self
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn persistent(&self) -> bool {
        self.persistent
    }

    pub(crate) fn into_sqlite(self) -> Result<(AssertSqlSafe<String>, SqliteArguments), Error> {
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

    pub(crate) fn into_postgres(self) -> Result<(AssertSqlSafe<String>, PgArguments), Error> {
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

impl Column {
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
}
