//! Stories over plain HTTP against the real server. What the calls do is told by the stories over gRPC; here it is
//! how they look as JSON. On SQLite: this face knows no engine.

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
mod transport;
