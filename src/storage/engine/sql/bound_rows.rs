//! Rows of values that a statement binds as one relation. Knows no text of a statement.

use std::borrow::Cow;

use super::Engine;

/// A value to bind.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Vec<u8>),
    Bool(bool),
}

/// The type of a column of bound rows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Column {
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
pub(crate) struct Rows {
    pub(super) columns: Cow<'static, [Column]>,
    pub(super) rows: Vec<Vec<Value>>,
}

/// A statement of more values than this is not worth a place among SQLite's prepared
/// ones: they take memory for as long as the connection lives.
pub(super) const MAX_PREPARED_VALUES: usize = 4_096;

impl Rows {
    pub(crate) fn new(columns: impl Into<Cow<'static, [Column]>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Rows of one column.
    pub(crate) fn of<T: Into<Value>>(
        columns: &'static [Column; 1],
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut rows = Self::new(columns);
        for value in values {
            rows.add([value.into()]);
        }
        rows
    }

    pub(crate) fn add(&mut self, row: impl Into<Vec<Value>>) {
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
    pub(crate) fn with(mut self, column: Column, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.columns.to_mut().push(column);
        for row in &mut self.rows {
            row.push(value.clone());
        }
        self
    }

    /// The same rows in parts, each for a statement of its own: as many as SQLite keeps
    /// prepared. Postgres takes an array a column.
    pub(crate) fn parts(self, engine: Engine) -> Vec<Self> {
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

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn column_names(&self) -> String {
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
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Int(name) | Self::Text(name) | Self::Bytes(name) | Self::Bool(name) => name,
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
