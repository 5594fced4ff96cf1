//! What the service does beside what its transport alone can do, measured in turns
//! in one run: only the ratios mean something. `cargo bench` runs it on SQLite; with
//! `VERSIONER_BENCH_DATABASE_URL` on a database of your own that may be filled.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    error::Error,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use versioner::pb::{
    EventSubmission, GetVersionRequest, Status, SubmitEventsRequest, SubmitVersionEventRequest,
    VersionEvent, event_service_client::EventServiceClient, event_submission,
    version_service_client::VersionServiceClient,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Calls in flight on the one connection.
const IN_FLIGHT: usize = 64;
/// Events of a stream that are not answered yet.
const WINDOW: usize = 1_024;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_secs(2);
/// Every version gets this many events, as a build that starts and ends has.
const EVENTS_PER_VERSION: u64 = 2;

#[tokio::main]
async fn main() -> Result<()> {
    let server = Server::start()?;
    let channel = Channel::from_shared(server.url.clone())?.connect().await?;
    let bench = Bench {
        channel,
        next: Arc::new(AtomicU64::new(0)),
    };
    bench
        .ingest(Instant::now() + Duration::from_millis(500))
        .await?;

    let mut figures = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let noop = rate(async |until| bench.noop(until).await).await?;
        let ingest = rate(async |until| bench.ingest(until).await).await?;
        let stream = rate(async |until| bench.stream(until).await).await?;
        let read = rate(async |until| bench.read(until).await).await?;
        for (figures, figure) in figures.iter_mut().zip([noop, ingest, stream, read]) {
            figures.push(figure);
        }
        println!("round {} of {ROUNDS}", round + 1);
    }

    let [noop, ingest, stream, read] = figures.map(median);
    println!(
        "{:<44} {:>10} {:>10}",
        "median of rounds", "a second", "to no-op"
    );
    for (what, figure) in [
        ("no-op call (health), 64 in flight", noop),
        ("durable event, unary, 64 in flight", ingest),
        ("durable event, stream, window 1,024", stream),
        ("version by name, 64 in flight", read),
    ] {
        println!("{what:<44} {figure:>10.0} {:>10.2}", figure / noop);
    }
    Ok(())
}

/// The real program with its default, durable settings, in a folder of its own.
struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
        command
            .args(["--listen=127.0.0.1:0", "--log=info", "--log-format=json"])
            .current_dir(folder.path())
            .stderr(Stdio::piped());
        if let Ok(url) = std::env::var("VERSIONER_BENCH_DATABASE_URL") {
            command.env("VERSIONER_DATABASE_URL", url);
        }
        let mut child = command.spawn()?;
        let log = child.stderr.take().ok_or("the program has no log")?;
        let mut lines = BufReader::new(log).lines();
        let address = loop {
            let line = lines.next().ok_or("the program ended")??;
            let entry: serde_json::Value = serde_json::from_str(&line)?;
            if let Some(address) = entry["address"].as_str() {
                break address.to_owned();
            }
        };
        // Its log has to be read, or it would wait for that.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            child,
            url: format!("http://{address}"),
            _folder: folder,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Bench {
    channel: Channel,
    next: Arc<AtomicU64>,
}

impl Bench {
    async fn noop(&self, until: Instant) -> Result<u64> {
        let client = HealthClient::new(self.channel.clone());
        in_flight(until, move || {
            let mut client = client.clone();
            async move {
                client.check(HealthCheckRequest::default()).await?;
                Ok(())
            }
        })
        .await
    }

    async fn ingest(&self, until: Instant) -> Result<u64> {
        let client = EventServiceClient::new(self.channel.clone());
        let next = self.next.clone();
        in_flight(until, move || {
            let mut client = client.clone();
            let event = event(next.fetch_add(1, Ordering::Relaxed));
            async move {
                let request = SubmitVersionEventRequest {
                    event: Some(event),
                    validate_only: false,
                };
                client.submit_version_event(request).await?;
                Ok(())
            }
        })
        .await
    }

    async fn stream(&self, until: Instant) -> Result<u64> {
        let mut client = EventServiceClient::new(self.channel.clone());
        let (events, requests) = mpsc::channel(WINDOW);
        let next = self.next.clone();
        tokio::spawn(async move {
            while Instant::now() < until {
                let event = event(next.fetch_add(1, Ordering::Relaxed));
                let request = SubmitEventsRequest {
                    event: Some(EventSubmission {
                        event: Some(event_submission::Event::VersionEvent(event)),
                    }),
                };
                if events.send(request).await.is_err() {
                    return;
                }
            }
        });
        let requests = Request::new(ReceiverStream::new(requests));
        let mut answers = client.submit_events(requests).await?.into_inner();
        let mut count = 0;
        while answers.message().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    async fn read(&self, until: Instant) -> Result<u64> {
        let client = VersionServiceClient::new(self.channel.clone());
        let known = self.next.load(Ordering::Relaxed) / EVENTS_PER_VERSION;
        let next = Arc::new(AtomicU64::new(0));
        in_flight(until, move || {
            let mut client = client.clone();
            // A stride that is prime to most counts visits them all, in no order.
            let version = next.fetch_add(7_919, Ordering::Relaxed) % known.max(1);
            async move {
                let request = GetVersionRequest {
                    product_name: "bench".to_owned(),
                    version: format!("1.0.{version}"),
                    ..GetVersionRequest::default()
                };
                client.get_version(request).await?;
                Ok(())
            }
        })
        .await
    }
}

/// An event of the size that a CI job posts; two for each version.
fn event(number: u64) -> VersionEvent {
    let version = number / EVENTS_PER_VERSION;
    let status = match number % EVENTS_PER_VERSION {
        0 => Status::Started,
        _ => Status::Completed,
    };
    VersionEvent {
        product_name: "bench".to_owned(),
        version: format!("1.0.{version}"),
        status: status.into(),
        event_id: format!("bench-{}-{number}", std::process::id()),
        built_by: "github-actions".to_owned(),
        source_system: "github".to_owned(),
        scm_repository: "github.com/mycompany/my-service".to_owned(),
        scm_sha: format!("{version:040x}"),
        scm_branch: "main".to_owned(),
        build_number: version.to_string(),
        invoke_id: format!("run-{version}"),
        build_url: format!("https://github.com/mycompany/my-service/actions/runs/{version}"),
        ..VersionEvent::default()
    }
}

/// Keeps 64 calls in flight until the time is up; returns how many were answered.
async fn in_flight<F>(until: Instant, call: impl Fn() -> F + Clone + Send + 'static) -> Result<u64>
where
    F: Future<Output = Result<()>> + Send,
{
    let mut tasks = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let call = call.clone();
        tasks.spawn(async move {
            let mut count = 0;
            while Instant::now() < until {
                call().await?;
                count += 1;
            }
            Result::Ok(count)
        });
    }
    let mut total = 0;
    while let Some(count) = tasks.join_next().await {
        total += count??;
    }
    Ok(total)
}

/// How many a second.
async fn rate(work: impl AsyncFnOnce(Instant) -> Result<u64>) -> Result<f64> {
    let begun = Instant::now();
    let count = work(begun + ROUND).await?;
    Ok(count as f64 / begun.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
