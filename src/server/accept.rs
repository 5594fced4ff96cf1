//! The accept loop: accepts connections up to a number, and survives a shortage of descriptors.
//! Knows no protocol.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{Instant, sleep},
};
use tokio_util::task::TaskTracker;

use super::{connection::Connection, drain::Shutdown};

/// While descriptors or memory are short, accepting fails at once and would spin.
const BACK_OFF: Duration = Duration::from_millis(100);

pub(crate) struct Acceptor {
    pub(crate) listener: TcpListener,
    pub(crate) connections: TaskTracker,
    pub(crate) max_connections: usize,
    pub(crate) connection: Arc<Connection>,
    pub(crate) shutdown: Shutdown,
}

impl Acceptor {
    /// Accepts until the server stops; the port is free then.
    pub(crate) async fn run(self) {
        let slots = Arc::new(Semaphore::new(self.max_connections));
        let mut complaint = Complaint::default();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.shutdown.stopping.cancelled() => return,
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) if is_of_one_connection(&error) => continue,
                Err(error) => {
                    complaint.log(|count| {
                        tracing::error!(%error, count, "cannot accept connections");
                    });
                    sleep(BACK_OFF).await;
                    continue;
                }
            };
            let Ok(slot) = slots.clone().try_acquire_owned() else {
                let max_connections = self.max_connections;
                complaint.log(|count| {
                    tracing::warn!(
                        max_connections,
                        count,
                        "connection closed: too many connections are open"
                    );
                });
                continue;
            };
            let connection = self.connection.clone();
            self.connections.spawn(async move {
                connection.serve(stream, peer).await;
                drop(slot);
            });
        }
    }
}

/// Whether the peer closed its connection before it was accepted. The next connection is not affected.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

/// Logs at most once in ten seconds, with the number of times since the last line: many connections must not
/// cause as many lines.
#[derive(Default)]
struct Complaint {
    last: Option<Instant>,
    count: u64,
}

impl Complaint {
    fn log(&mut self, line: impl FnOnce(u64)) {
        self.count += 1;
        if self
            .last
            .is_none_or(|last| last.elapsed() >= Duration::from_secs(10))
        {
            line(self.count);
            *self = Complaint {
                last: Some(Instant::now()),
                count: 0,
            };
        }
    }
}
