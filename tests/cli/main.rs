//! The commands that ask, run as in a terminal against a fake server; and against the real one.

mod fake_server;
mod terminal;

mod facts;

mod failures;
mod matrix;
mod readiness;
mod service;
mod show;
mod stats;
mod versions;
mod waiting;
