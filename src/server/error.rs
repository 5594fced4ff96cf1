//! Why the server cannot serve. Errors of calls are not here.

use std::{fmt, io, net::SocketAddr};

use tokio::task::JoinError;

use crate::storage::OpenError;

#[derive(Debug)]
pub enum Error {
    /// The port is in use, or this process may not bind it.
    Listen(SocketAddr, io::Error),
    /// Handlers for signals could not be installed.
    Signals(io::Error),
    /// The store cannot be opened.
    Open(OpenError),
    /// The built-in descriptor set cannot be read.
    Descriptors(prost::DecodeError),
    /// Reflection cannot read the built-in descriptor set.
    Contract(tonic_reflection::server::Error),
    /// The transport itself has panicked.
    Bug(JoinError),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Listen(address, error) => {
                write!(
                    f,
                    "cannot listen on {address} (--listen, VERSIONER_LISTEN): {error}"
                )
            }
            Error::Signals(error) => write!(f, "cannot handle signals: {error}"),
            Error::Open(error) => write!(f, "{error} (--database-url, VERSIONER_DATABASE_URL)"),
            Error::Descriptors(error) => write!(f, "cannot read the contract: {error}"),
            Error::Contract(error) => write!(f, "cannot serve reflection: {error}"),
            Error::Bug(error) => write!(f, "the transport failed: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Listen(_, error) | Error::Signals(error) => Some(error),
            Error::Open(error) => Some(error),
            Error::Descriptors(error) => Some(error),
            Error::Contract(error) => Some(error),
            Error::Bug(error) => Some(error),
        }
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        Error::Open(error)
    }
}
