//! How the server ends: its phases, and the wait for what is still open. Knows no protocol.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a stream may take to end by itself once it was told to, with the message that fits it.
const STREAM_GRACE: Duration = Duration::from_secs(2);

/// Ends a running server. The phases are cancelled in the order in which they stand.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// The other phases follow without a wait.
    hurry: CancellationToken,
    /// Health says NOT_SERVING; calls are still taken, for those who have not looked at it yet.
    pub(crate) draining: CancellationToken,
    /// No connection is accepted any more, and those there are told to go away (GOAWAY).
    pub(crate) stopping: CancellationToken,
    /// Streams are asked to end.
    pub(crate) streams_end: CancellationToken,
    /// Streams that have not are ended.
    pub(crate) streams_cut: CancellationToken,
    /// Connections that are left are cut.
    pub(crate) cut: CancellationToken,
}

impl Shutdown {
    /// Ends in good order, as a first signal does. Returns at once.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Cuts off what is open, as a second signal does. Returns at once.
    pub fn now(&self) {
        self.hurry.cancel();
        self.draining.cancel();
    }
}

/// What was still open when the time was up. Work that was cut off has not been acknowledged to anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    pub connections_cut: usize,
    pub calls_cut: usize,
}

impl Drained {
    /// Whether everything ended by itself.
    pub fn finished(&self) -> bool {
        self.connections_cut == 0 && self.calls_cut == 0
    }
}

/// Waits until it is told to end, and ends: within `timeout` of that, whatever the peers do.
pub(crate) async fn drain(
    shutdown: &Shutdown,
    delay: Duration,
    timeout: Duration,
    connections: &TaskTracker,
    calls: &TaskTracker,
) -> Drained {
    shutdown.draining.cancelled().await;
    let deadline = Instant::now() + timeout;

    tokio::select! {
        () = sleep(delay) => {}
        () = shutdown.hurry.cancelled() => {}
    }
    shutdown.stopping.cancel();
    shutdown.streams_end.cancel();
    connections.close();
    calls.close();

    // A call may go on after its connection went away.
    let ended = async {
        connections.wait().await;
        calls.wait().await;
    };
    let cut_streams = async {
        sleep_until(deadline.min(Instant::now() + STREAM_GRACE)).await;
        shutdown.streams_cut.cancel();
        std::future::pending::<()>().await;
    };
    tokio::select! {
        _ = timeout_at(deadline, ended) => {}
        () = shutdown.hurry.cancelled() => {}
        () = cut_streams => {}
    }

    let drained = Drained {
        connections_cut: connections.len(),
        calls_cut: calls.len(),
    };
    shutdown.streams_cut.cancel();
    shutdown.cut.cancel();
    connections.wait().await;
    if drained.finished() {
        tracing::info!("drained");
    } else {
        let Drained {
            connections_cut,
            calls_cut,
        } = drained;
        tracing::warn!(connections_cut, calls_cut, "cut off what was still open");
    }
    drained
}
