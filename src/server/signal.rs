//! The signals that end the process. Knows nothing of what they end.

use std::io::{self, IsTerminal};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT. Both are caught from the moment it is made, also between two waits.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Whether SIGINT comes from a person who waits: Ctrl-C in a terminal.
    has_terminal: bool,
}

/// A signal that was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caught {
    Terminate,
    Interrupt { on_terminal: bool },
}

impl Signals {
    pub fn listen() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            has_terminal: io::stdin().is_terminal(),
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.terminate.recv() => Caught::Terminate,
            _ = self.interrupt.recv() => Caught::Interrupt { on_terminal: self.has_terminal },
        }
    }
}

impl Caught {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Caught::Terminate => "SIGTERM",
            Caught::Interrupt { .. } => "SIGINT",
        }
    }
}
