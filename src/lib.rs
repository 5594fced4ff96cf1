//! Versioner: the memory of a company's builds.

pub mod domain;
