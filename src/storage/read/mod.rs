//! What the store answers, one file for each kind of question. Knows the engine; knows nothing of the writer.

pub(crate) mod builds;
pub(crate) mod catalog;
pub(crate) mod checks;
pub(crate) mod deployments;
pub(crate) mod events;
pub(crate) mod filter;
pub(crate) mod latest;
pub(crate) mod list;
pub(crate) mod matrix;
pub(crate) mod readiness;
pub(crate) mod statistics;
pub(crate) mod tail;
pub(crate) mod version_cache;
pub(crate) mod versions;
