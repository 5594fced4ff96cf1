//! The memory of a company's builds: which versions of a product exist, what made them, where they run.

pub mod config;
pub mod server;
pub mod telemetry;
