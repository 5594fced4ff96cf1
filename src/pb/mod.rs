//! The generated contract: messages, services, clients and descriptors of `proto/versioner/v1`; and how its
//! messages are written as JSON.

mod json;
mod object;

pub use contract::*;
pub use json::Words;
pub use object::Object;

#[allow(clippy::all, unreachable_pub, reason = "generated code")]
mod contract {
    use super::json;

    tonic::include_proto!("versioner.v1");
    include!(concat!(env!("OUT_DIR"), "/words.rs"));
}

/// The encoded descriptors of the contract and all that it imports, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
