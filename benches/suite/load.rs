//! Keeps calls in flight, and sorts out what came of them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use prost::bytes::Bytes;
use tokio::task::JoinSet;

use crate::{Result, client::Client};

/// The next call: its path, and its message as it goes over the wire.
pub(crate) trait Calls: Fn() -> (&'static str, Bytes) + Send + Sync + 'static {}

impl<F: Fn() -> (&'static str, Bytes) + Send + Sync + 'static> Calls for F {}

/// What came of a load.
pub(crate) struct Sample {
    pub(crate) count: usize,
    pub(crate) rate: f64,
    latencies_us: Vec<u32>,
}

/// Keeps so many calls in flight until the time is up. A call that fails ends it.
pub(crate) async fn run(
    client: &Client,
    in_flight: usize,
    duration: Duration,
    calls: Arc<impl Calls>,
) -> Result<Sample> {
    let begun = Instant::now();
    let until = begun + duration;
    let mut workers = JoinSet::new();
    for nth in 0..in_flight {
        let (client, calls) = (client.clone(), calls.clone());
        workers.spawn(async move {
            let mut latencies_us = Vec::new();
            let mut sent = Instant::now();
            while sent < until {
                let (path, framed) = calls();
                let answer = client.call(nth, path, framed).await?;
                if let Some(trouble) = answer.trouble() {
                    return Err(format!("{path}: {trouble}").into());
                }
                let answered = Instant::now();
                latencies_us.push(micros(answered - sent));
                sent = answered;
            }
            Result::Ok(latencies_us)
        });
    }
    let mut latencies_us = Vec::new();
    while let Some(worker) = workers.join_next().await {
        latencies_us.extend(worker??);
    }
    let seconds = begun.elapsed().as_secs_f64();
    latencies_us.sort_unstable();
    Ok(Sample {
        count: latencies_us.len(),
        rate: latencies_us.len() as f64 / seconds,
        latencies_us,
    })
}

impl Sample {
    /// Nearest rank, in milliseconds.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let rank = (self.latencies_us.len() * percent).div_ceil(100).max(1);
        self.latencies_us
            .get(rank - 1)
            .map_or(f64::NAN, |latency| f64::from(*latency) / 1e3)
    }
}

/// NaN of nothing.
pub(crate) fn median(found: &[f64]) -> f64 {
    let mut sorted = found.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

pub(crate) fn micros(duration: Duration) -> u32 {
    u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)
}
