//! What the health service answers: readiness follows the store, liveness does not. Knows of the store only
//! whether it answers.

use std::{fmt, future::Future, time::Duration};

use tokio::{
    task::JoinHandle,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic_health::{ServingStatus, server::HealthReporter};

const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The process runs, whatever the state of the store: a restart does not help a store that is unavailable.
const LIVENESS: &str = "liveness";

/// Sets what the health service answers. `""` and the full name of each service stand for readiness.
pub(crate) struct Monitor {
    pub(crate) reporter: HealthReporter,
    pub(crate) services: Vec<String>,
}

impl Monitor {
    /// A monitor whose services are all not ready.
    pub(crate) async fn new(reporter: HealthReporter, services: &[String]) -> Monitor {
        let monitor = Monitor {
            reporter,
            services: services.to_vec(),
        };
        monitor.set(ServingStatus::NotServing).await;
        monitor
            .reporter
            .set_service_status(LIVENESS, ServingStatus::Serving)
            .await;
        monitor
    }

    /// Calls the probe every second until the server drains, and sets NOT_SERVING then.
    pub(crate) async fn run<P, F, E>(self, probe: P, draining: CancellationToken)
    where
        P: Fn() -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        draining.run_until_cancelled(self.follow(probe)).await;
        self.set(ServingStatus::NotServing).await;
    }

    async fn follow<P, F, E>(&self, probe: P)
    where
        P: Fn() -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: fmt::Display + Send + 'static,
    {
        let mut ticks = interval(PROBE_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut was_ready = None;
        let mut running: Option<JoinHandle<Result<(), E>>> = None;
        loop {
            ticks.tick().await;
            // A late probe goes on: its query must not be aborted, and a second one must not join it.
            let mut asked = running.take().unwrap_or_else(|| tokio::spawn(probe()));
            let trouble = match timeout(PROBE_TIMEOUT, &mut asked).await {
                Ok(Ok(Ok(()))) => None,
                Ok(Ok(Err(error))) => Some(error.to_string()),
                Ok(Err(panic)) => Some(panic.to_string()),
                Err(_elapsed) => {
                    running = Some(asked);
                    Some(format!(
                        "the database did not respond within {PROBE_TIMEOUT:?}"
                    ))
                }
            };
            let is_ready = trouble.is_none();
            if was_ready == Some(is_ready) {
                continue;
            }
            was_ready = Some(is_ready);
            match trouble {
                None => {
                    tracing::info!("ready");
                    self.set(ServingStatus::Serving).await;
                }
                Some(trouble) => {
                    tracing::warn!(error = trouble, "not ready");
                    self.set(ServingStatus::NotServing).await;
                }
            }
        }
    }

    async fn set(&self, status: ServingStatus) {
        self.reporter.set_service_status("", status).await;
        for service in &self.services {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
