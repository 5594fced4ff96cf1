//! The transport from start to end: bind, serve, follow the store's health, drain. Knows neither what the services
//! do nor what the store is.

mod accept;
mod connection;
mod contract;
mod deadline;
mod drain;
mod error;
mod error_details;
mod first_bytes;
mod health;
mod http_names;
mod layers;
mod load;
mod rejection;
mod request_log;
mod signal;
mod stream_end;

use std::{fmt, future::Future, net::SocketAddr, sync::Arc, time::Duration};

pub use contract::Contract;
pub use deadline::Deadline;
pub use drain::{Drained, Shutdown};
pub use error::Error;
pub use request_log::RequestId;
use signal::Caught;
pub use signal::Signals;
use tokio::{
    net::TcpListener,
    task::{JoinError, JoinHandle},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;

use crate::{
    config::{Config, DatabaseUrl},
    grpc::Services,
    json_api, pb,
    storage::{self, Store},
};

/// The limits of the transport. A field that comes from a setting is documented there.
#[derive(Debug, Clone)]
pub struct Limits {
    pub request_timeout: Duration,
    pub drain_delay: Duration,
    pub drain_timeout: Duration,
    pub max_connections: usize,
    pub max_requests: usize,
    /// Streams open at once, those of health and reflection included.
    pub max_streams: usize,
    /// The origins whose web pages may call; `*` is any.
    pub cors_origins: Vec<String>,
    /// How soon a new connection has to send an HTTP/2 preface or the whole head of an HTTP/1 request.
    pub first_bytes_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            request_timeout: Duration::from_secs(30),
            drain_delay: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(20),
            max_connections: 10_000,
            max_requests: 4_096,
            max_streams: 20_000,
            cors_origins: Vec::new(),
            first_bytes_timeout: Duration::from_secs(5),
        }
    }
}

impl From<&Config> for Limits {
    fn from(config: &Config) -> Self {
        Limits {
            request_timeout: config.request_timeout,
            drain_delay: config.drain_delay,
            drain_timeout: config.drain_timeout - store_share(config),
            max_connections: config.max_connections,
            max_requests: config.max_requests,
            cors_origins: config.cors_origins.clone(),
            ..Limits::default()
        }
    }
}

/// Serves from start to end: opens the store, binds, answers, drains at the first signal, and ends at once at
/// the second.
pub async fn serve(config: &Config) -> Result<Drained, Error> {
    let signals = Signals::listen().map_err(Error::Signals)?;
    let store = Store::open(&store_options(
        &config.database_url,
        config.database_connections,
    ))
    .await?;
    tracing::info!(database = %config.database_url, "database opened");
    let server = Server::bind(config.listen, Limits::from(config)).await?;
    let running = server
        .start_service(store.clone(), config.stale_after)
        .await?;
    let drained = running.until_signalled(signals).await;
    // No caller got an acknowledgement for what is not written yet.
    let closing = timeout(store_share(config), store.close()).await;
    if closing.is_err() {
        tracing::warn!(
            "the database did not respond in time; events that were not acknowledged are lost"
        );
    }
    drained
}

/// Brings the database to the schema of this program.
pub async fn migrate(database_url: &DatabaseUrl) -> Result<(), Error> {
    storage::migrate(&store_options(database_url, 1)).await?;
    tracing::info!(database = %database_url, "database migrated");
    Ok(())
}

/// The part of the drain timeout that is reserved for closing the store.
fn store_share(config: &Config) -> Duration {
    const ENOUGH: Duration = Duration::from_secs(3);
    ENOUGH.min((config.drain_timeout - config.drain_delay) / 5)
}

fn store_options(database_url: &DatabaseUrl, connections: u32) -> storage::Options {
    storage::Options {
        database_url: database_url.expose().to_owned(),
        connections,
    }
}

/// A server that has bound its port and does not answer yet.
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    limits: Limits,
}

impl Server {
    /// Binds the port. Connections wait in the kernel until [`Server::start`].
    pub async fn bind(listen: SocketAddr, limits: Limits) -> Result<Server, Error> {
        let failed = |error| Error::Listen(listen, error);
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        tracing::info!(address = %local_addr, "listening for gRPC and HTTP");
        Ok(Server {
            listener,
            local_addr,
            limits,
        })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Begins to answer from a store.
    pub async fn start_service(
        self,
        store: Store,
        stale_after: Duration,
    ) -> Result<Running, Error> {
        let contract = Contract::read(pb::DESCRIPTORS)
            .map_err(Error::Descriptors)?
            .with_http_paths(json_api::paths());
        let probed = store.clone();
        // The JSON face has no streams that would have to end.
        let services = Services::new(store.clone(), stale_after, CancellationToken::new());
        let http = json_api::router(&services, &self.limits.cors_origins);
        let services = |streams_end| Services::new(store, stale_after, streams_end).routes();
        let probe = move || {
            let store = probed.clone();
            async move { store.probe().await }
        };
        self.start(contract, services, http, probe).await
    }

    /// Begins to answer: the services of the contract, health, reflection, and `http` for all that is not gRPC.
    ///
    /// `services` gets the token that is cancelled when streams have to end: they then have two seconds to
    /// end by themselves, with UNAVAILABLE and their position. `probe` asks the store whether calls can be
    /// answered. It is called every second, never twice at the same time, and its future is never dropped before
    /// its end. An error is a descriptor set that reflection cannot read.
    pub async fn start<P, F, E>(
        self,
        contract: Contract,
        services: impl FnOnce(CancellationToken) -> Routes,
        http: axum::Router,
        probe: P,
    ) -> Result<Running, Error>
    where
        P: Fn() -> F + Send + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let shutdown = Shutdown::default();
        let connections = TaskTracker::new();
        let calls = TaskTracker::new();

        let (reporter, health) = tonic_health::server::health_reporter();
        let monitor = health::Monitor::new(reporter, contract.services()).await;
        let grpc = services(shutdown.streams_end.clone()).add_service(health);
        let grpc = contract.add_reflection(grpc).map_err(Error::Contract)?;

        let contract = Arc::new(contract);
        let stack = layers::stack(grpc, http, contract, &self.limits, &shutdown, &calls);
        let acceptor = accept::Acceptor {
            listener: self.listener,
            connections: connections.clone(),
            max_connections: self.limits.max_connections,
            connection: Arc::new(connection::Connection::new(
                stack,
                shutdown.clone(),
                self.limits.first_bytes_timeout,
            )),
            shutdown: shutdown.clone(),
        };

        let (delay, timeout) = (self.limits.drain_delay, self.limits.drain_timeout);
        let ending = shutdown.clone();
        let task = tokio::spawn(async move {
            let monitor = tokio::spawn(monitor.run(probe, ending.draining.clone()));
            let accepting = tokio::spawn(acceptor.run());
            let drained = drain::drain(&ending, delay, timeout, &connections, &calls).await;
            // Both have ended by themselves when the drain began and when accepting stopped.
            for task in [monitor, accepting] {
                task.await?;
            }
            Ok(drained)
        });
        Ok(Running {
            local_addr: self.local_addr,
            shutdown,
            task,
        })
    }
}

/// A server that answers until it is asked to end and has drained.
pub struct Running {
    local_addr: SocketAddr,
    shutdown: Shutdown,
    task: JoinHandle<Result<Drained, JoinError>>,
}

impl Running {
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The means to end it, to be kept apart from it.
    pub fn shutdown(&self) -> Shutdown {
        self.shutdown.clone()
    }

    /// Waits until it has ended. An error is a panic in the transport itself.
    pub async fn ended(self) -> Result<Drained, Error> {
        self.task.await.flatten().map_err(Error::Bug)
    }

    /// Serves until a signal asks it to end, and drains. A second signal ends it at once.
    pub async fn until_signalled(self, mut signals: Signals) -> Result<Drained, Error> {
        let shutdown = self.shutdown();
        let mut ended = std::pin::pin!(self.ended());
        tokio::select! {
            drained = &mut ended => return drained,
            signal = signals.next() => {
                tracing::info!(signal = signal.name(), "draining; a second signal ends at once");
                match signal {
                    Caught::Interrupt { on_terminal: true } => shutdown.drain_without_delay_when_idle(),
                    _ => shutdown.drain(),
                }
            }
        }
        tokio::select! {
            drained = &mut ended => drained,
            signal = signals.next() => {
                tracing::warn!(signal = signal.name(), "ending at once");
                shutdown.now();
                ended.await
            }
        }
    }
}
