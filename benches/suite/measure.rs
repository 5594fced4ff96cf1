//! One load on one server, with what it cost the server; and the rounds of it.

use std::{sync::Arc, time::Duration};

use crate::{
    Result,
    client::Client,
    load::{self, Calls, median},
    process::Process,
};

/// One figure a round of everything that is looked at.
#[derive(Default)]
pub(crate) struct Rounds {
    pub(crate) rates: Vec<f64>,
    pub(crate) p50s_ms: Vec<f64>,
    pub(crate) p99s_ms: Vec<f64>,
    /// The server's own CPU time, in milliseconds for 1,000 calls: microseconds a call.
    pub(crate) cpu_us: Vec<f64>,
}

impl Rounds {
    /// Measures one more round.
    pub(crate) async fn add(
        &mut self,
        process: &Process,
        client: &Client,
        in_flight: usize,
        duration: Duration,
        calls: Arc<impl Calls>,
    ) -> Result<()> {
        let before = process.cpu_seconds()?;
        let sample = load::run(client, in_flight, duration, calls).await?;
        let cpu_seconds = process.cpu_seconds()? - before;
        self.rates.push(sample.rate);
        self.p50s_ms.push(sample.percentile_ms(50));
        self.p99s_ms.push(sample.percentile_ms(99));
        self.cpu_us
            .push(cpu_seconds * 1e6 / sample.count.max(1) as f64);
        Ok(())
    }

    pub(crate) fn p50_ms(&self) -> f64 {
        median(&self.p50s_ms)
    }

    pub(crate) fn p99_ms(&self) -> f64 {
        median(&self.p99s_ms)
    }

    /// CPU seconds of the server for 1,000 calls.
    pub(crate) fn cpu_seconds_a_thousand(&self) -> f64 {
        median(&self.cpu_us) / 1e3
    }
}
