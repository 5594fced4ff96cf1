//! The generated contract: messages, services, clients and descriptors of `proto/versioner/v1`.

#![allow(clippy::all, unreachable_pub, reason = "generated code")]

tonic::include_proto!("versioner.v1");

/// The encoded descriptors of the contract and all that it imports, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));
