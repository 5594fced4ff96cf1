//! The database under the store: connections, statements, rows, errors. Knows both engines; knows neither what is written
//! nor what is asked.

pub(crate) mod connection;
pub(crate) mod deferred_indexing;
pub(crate) mod error;
pub(crate) mod open;
pub(crate) mod rows;
pub(crate) mod sql;
pub(crate) mod statement_group;
