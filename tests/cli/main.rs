//! The commands that ask, run as in a terminal against a fake server; and against the real one.

mod fake_server;
mod terminal;

mod fixtures;

mod failures;
mod lists;
mod matrix;
mod polling;
mod readiness;
mod report;
mod service;
mod show;
mod stats;
mod versions;
mod widths;
