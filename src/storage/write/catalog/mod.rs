//! Changes of the catalog. Every change is an entry of the log, in a transaction of its own.

mod change;
mod delete;
mod names;

pub(super) use change::run;
