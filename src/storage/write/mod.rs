//! What changes the store: the writer, its batches of events, the roll-ups, the changes of the catalog. Knows the engine.

pub(crate) mod batch;
pub(crate) mod catalog;
pub(crate) mod rollups;
pub(crate) mod writer;
mod writer_cache;
