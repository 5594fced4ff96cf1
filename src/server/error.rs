//! Why the server could not serve. Errors of calls are not here.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use tokio::task::JoinError;

#[derive(Debug)]
pub enum Error {
    /// The port is taken, or not this process's to take.
    Listen(SocketAddr, io::Error),
    /// Handlers for signals could not be installed.
    Signals(io::Error),
    /// Reflection cannot read the descriptor set that was built in.
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
            Error::Contract(error) => write!(f, "cannot serve reflection: {error}"),
            Error::Bug(error) => write!(f, "the transport failed: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Listen(_, error) | Error::Signals(error) => Some(error),
            Error::Contract(error) => Some(error),
            Error::Bug(error) => Some(error),
        }
    }
}
