//! The transport over real sockets, around a small service of its own.

mod calls;
mod client;
mod connections;
mod drain;
mod errors;
mod gate;
mod health;

use std::{future::Future, net::SocketAddr, time::Duration};

use client::Client;
use gate::Gate;
use tokio::{sync::watch, time::timeout};
use versioner::server::{Contract, Drained, Limits, Running, Server, Shutdown};

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<T>(wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.expect("it comes to pass")
}

/// Asks again and again until the answer is yes.
async fn until<F: Future<Output = bool>>(mut is_so: impl FnMut() -> F) {
    soon(async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

fn limits() -> Limits {
    Limits {
        drain_delay: Duration::ZERO,
        drain_timeout: Duration::from_secs(5),
        ..Limits::default()
    }
}

/// A running server around the gate service, whose store is well until told otherwise.
struct Story {
    address: SocketAddr,
    gate: Gate,
    store: watch::Sender<Result<(), &'static str>>,
    shutdown: Shutdown,
    running: Running,
}

impl Story {
    async fn begin(limits: Limits) -> Story {
        let (store, seen) = watch::channel(Ok(()));
        let probe = move || {
            let answer = *seen.borrow();
            async move { answer }
        };
        let gate = Gate::default();
        let running = start(limits, &gate, probe).await;
        Story {
            address: running.local_addr(),
            gate,
            store,
            shutdown: running.shutdown(),
            running,
        }
    }

    async fn client(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Waits for the end of a drain that has begun.
    async fn ended(self) -> Drained {
        soon(self.running.ended()).await.expect("no bug")
    }
}

async fn start<P, F>(limits: Limits, gate: &Gate, probe: P) -> Running
where
    P: Fn() -> F + Send + 'static,
    F: Future<Output = Result<(), &'static str>> + Send + 'static,
{
    let contract = Contract::read(gate::descriptor_set()).expect("a descriptor set");
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(address, limits).await.expect("a free port");
    let services = |streams_end| gate.routes(streams_end);
    server
        .start(contract, services, gate.http(), probe)
        .await
        .expect("a server")
}
