//! Versioner is the memory of a company's builds: a gRPC service that CI
//! pipelines report to, and that people and programs ask what exists, what made
//! it and where it runs. `ARCHITECTURE.md` shows how the parts fit.

#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod domain;
pub mod grpc;
pub mod json_api;
mod json_input;
pub mod pb;
pub mod server;
pub mod storage;
pub mod telemetry;
