//! How the server ends: its phases, and the wait for what is still open. Knows no protocol.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until, timeout_at};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long a stream may take to end by itself once it was asked to. It then ends with its own last message.
const STREAM_GRACE: Duration = Duration::from_secs(2);

/// Ends a running server. The phases are cancelled in the order in which they stand.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    /// The other phases follow without a wait.
    hurry: CancellationToken,
    /// There is no delay where no connection is open when the drain begins.
    no_delay_when_idle: CancellationToken,
    /// Health is NOT_SERVING. Calls are still accepted, from clients that have not seen it yet.
    pub(crate) draining: CancellationToken,
    /// No connection is accepted any more, and open ones are asked to end (GOAWAY).
    pub(crate) stopping: CancellationToken,
    /// Streams are asked to end.
    pub(crate) streams_end: CancellationToken,
    /// Streams that did not end are ended.
    pub(crate) streams_cut: CancellationToken,
    /// Connections that are still open are closed.
    pub(crate) cut: CancellationToken,
}

impl Shutdown {
    /// Ends gracefully, as a first signal does. Returns at once.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// Ends gracefully, without the delay where no connection is open: nobody has to notice the end first. Ctrl-C in
    /// a terminal does this. Returns at once.
    pub fn drain_without_delay_when_idle(&self) {
        self.no_delay_when_idle.cancel();
        self.draining.cancel();
    }

    /// Aborts what is open, as a second signal does. Returns at once.
    pub fn now(&self) {
        self.hurry.cancel();
        self.draining.cancel();
    }
}

/// What was still open when the time was over. No caller got an acknowledgement for work that was aborted.
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

/// Waits for the request to end, and ends within `timeout` of it, whatever the peers do.
pub(crate) async fn drain(
    shutdown: &Shutdown,
    delay: Duration,
    timeout: Duration,
    connections: &TaskTracker,
    calls: &TaskTracker,
) -> Drained {
    shutdown.draining.cancelled().await;
    let deadline = Instant::now() + timeout;

    let is_idle = shutdown.no_delay_when_idle.is_cancelled() && connections.is_empty();
    let delay = if is_idle { Duration::ZERO } else { delay };
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
        tracing::warn!(
            connections_cut,
            calls_cut,
            "drained; connections and calls that were still open were aborted"
        );
    }
    drained
}
