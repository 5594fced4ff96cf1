//! Stories over plain HTTP against the real server. Other stories show over gRPC what the calls do; these show how
//! they look as JSON. On SQLite only: this face does not depend on the engine.

mod story;

mod batch;
mod catalog;
mod description;
mod events;
mod faults;
mod ignored;
mod import;
mod lists;
mod metadata;
mod names;
mod schema;
mod transport;
