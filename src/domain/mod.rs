//! The rules of the product, pure: what events mean for versions, builds,
//! deployments and checks. Knows no protocol, no database, no clock.

pub mod commit;
pub mod deployment;
pub mod environment;
pub mod event;
pub mod id;
pub mod matrix;
pub mod metadata;
pub mod page;
pub mod precedence;
pub mod query;
pub mod readiness;
pub mod requirements;
pub mod resource;
pub mod rules;
pub mod run;
pub mod statistics;
pub mod status;
pub mod violation;
