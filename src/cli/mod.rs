//! The subcommands that are clients of the service. They know the contract and the words of the
//! domain, nothing of the server or the store.

pub mod import;
