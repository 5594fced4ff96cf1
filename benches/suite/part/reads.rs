//! Single versions and lists of them, beside the same messages answered from memory, at rest and during ingest.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use prost::{Message, bytes::Bytes};
use tokio::{runtime::Builder, task::spawn_blocking};
use versioner::{
    pb::{GetVersionRequest, GetVersionResponse, ListVersionsRequest},
    storage::Engine,
};

use super::{IN_FLIGHT, Setting, ingest::with_costs, stores};
use crate::{
    Result,
    arguments::CeilingKind,
    ceiling::{VERSION, VERSIONS},
    client::{Client, frame},
    database::name,
    event::Events,
    figure::{Figure, Goal},
    history::{GET_VERSION, History, LIST_VERSIONS, MAIN_PRODUCT, scatter},
    load::{self, Calls},
    measure::Rounds,
    process::Process,
};

/// How many different versions are asked for, in turn.
const KEYS: u64 = 1_000;

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in setting.databases.engines() {
        let store = stores::fill(setting, engine, setting.effort.read_versions).await?;
        let server = Process::server(&store.database).await?;
        let questions = Questions::new(server.address, store.history.versions).await?;
        figures.extend(beside_memory(setting, engine, &server, &questions).await?);
        figures.push(during_ingest(setting, engine, &server, &questions).await?);
    }
    Ok(figures)
}

/// Calls that go round and round.
struct Round {
    path: &'static str,
    framed: Vec<Bytes>,
}

struct Questions {
    by_id: Round,
    by_name: Round,
    list: Round,
    /// What the service answers to one of each.
    version: Bytes,
    versions: Bytes,
}

impl Questions {
    async fn new(address: SocketAddr, stored: u64) -> Result<Questions> {
        let client = Client::connect(address, 1).await?;
        let (mut by_id, mut by_name, mut version) = (Vec::new(), Vec::new(), Bytes::new());
        for key in 0..KEYS.min(stored) {
            let nth = scatter(key) % stored;
            let question = frame(&GetVersionRequest {
                product_name: History::product(nth),
                version: History::version(nth),
                ..GetVersionRequest::default()
            });
            version = client.call(0, GET_VERSION, question.clone()).await?.ok()?;
            let found = GetVersionResponse::decode(version.clone())?.version;
            by_name.push(question);
            by_id.push(frame(&GetVersionRequest {
                id: found.ok_or("an answer without a version")?.id,
                ..GetVersionRequest::default()
            }));
        }
        let list = frame(&ListVersionsRequest {
            product_name: MAIN_PRODUCT.to_owned(),
            page_size: 50,
            ..ListVersionsRequest::default()
        });
        let versions = client.call(0, LIST_VERSIONS, list.clone()).await?.ok()?;
        let round = |path, framed| Round { path, framed };
        Ok(Questions {
            by_id: round(GET_VERSION, by_id),
            by_name: round(GET_VERSION, by_name),
            list: round(LIST_VERSIONS, vec![list]),
            version,
            versions,
        })
    }
}

impl Round {
    fn calls(&self) -> Arc<impl Calls + use<>> {
        let (path, framed, next) = (self.path, self.framed.clone(), AtomicU64::new(0));
        Arc::new(move || {
            let nth = next.fetch_add(1, Ordering::Relaxed) as usize % framed.len();
            (path, framed[nth].clone())
        })
    }
}

async fn beside_memory(
    setting: &Setting,
    engine: Engine,
    server: &Process,
    questions: &Questions,
) -> Result<Vec<Figure>> {
    let answers = [
        (VERSION, &questions.version[..]),
        (VERSIONS, &questions.versions[..]),
    ];
    let memory = Process::ceiling(CeilingKind::Noop, &answers, None).await?;
    let client = Client::for_calls(server.address, IN_FLIGHT).await?;
    let memory_client = Client::for_calls(memory.address, IN_FLIGHT).await?;
    let point_goal = match engine {
        Engine::Sqlite => Goal::at_least(0.55, 0.80),
        Engine::Postgres => Goal::at_least(0.22, 0.35),
    };
    let asked = [
        ("version by id", &questions.by_id, "no-op call", point_goal),
        (
            "version by product and identifier",
            &questions.by_name,
            "no-op call",
            point_goal,
        ),
        (
            "list of 50 versions",
            &questions.list,
            "the same from memory",
            Goal::at_least(0.30, 0.60),
        ),
    ];
    let mut found: Vec<(Rounds, Rounds)> = asked.iter().map(|_| Default::default()).collect();
    let duration = setting.effort.round;
    for (_, question, _, _) in &asked {
        load::run(&client, IN_FLIGHT, duration / 2, question.calls()).await?;
        load::run(&memory_client, IN_FLIGHT, duration / 2, question.calls()).await?;
    }
    for _ in 0..setting.effort.rounds {
        for ((service, ceiling), (_, question, _, _)) in found.iter_mut().zip(&asked) {
            service
                .add(server, &client, IN_FLIGHT, duration, question.calls())
                .await?;
            ceiling
                .add(
                    &memory,
                    &memory_client,
                    IN_FLIGHT,
                    duration,
                    question.calls(),
                )
                .await?;
        }
    }
    let engine = name(engine);
    let figures = found
        .iter()
        .zip(asked)
        .map(|((service, ceiling), (what, _, beside, goal))| {
            let figure = Figure::alone(
                format!("{engine}: {what}, {IN_FLIGHT} in flight"),
                "/s",
                &service.rates,
            )
            .beside(beside, &service.rates, &ceiling.rates)
            .goal(goal);
            with_costs(figure, service)
        });
    Ok(figures.collect())
}

/// One reader, with and without 64 writers beside it.
async fn during_ingest(
    setting: &Setting,
    engine: Engine,
    server: &Process,
    questions: &Questions,
) -> Result<Figure> {
    let writers = Client::for_calls(server.address, IN_FLIGHT).await?;
    let events = Arc::new(Events::default());
    let (mut during, mut at_rest, mut ingest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setting.effort.rounds {
        let duration = setting.effort.round;
        let calls = || questions.by_name.calls();
        at_rest.push(lone_reader_p99_ms(server.address, duration, calls()).await?);
        let events = events.clone();
        let submitted = Arc::new(move || events.next_call());
        // The writers begin before the reader and end after it.
        let load = load::run(
            &writers,
            IN_FLIGHT,
            duration + Duration::from_millis(200),
            submitted,
        );
        let read = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            lone_reader_p99_ms(server.address, duration, calls()).await
        };
        let (load, read) = tokio::join!(load, read);
        ingest.push(load?.rate);
        during.push(read?);
    }
    let name = format!(
        "{}: p99 of a version by name during ingest, 1 in flight",
        name(engine)
    );
    Ok(Figure::alone(name, "ms", &during)
        .beside("without ingest", &during, &at_rest)
        .goal(Goal::at_most(3.0, 1.5))
        .detail("ingest/s", load::median(&ingest)))
}

/// On a thread of its own, so that it does not wait for the writers' turn.
async fn lone_reader_p99_ms(
    address: SocketAddr,
    duration: Duration,
    calls: Arc<impl Calls>,
) -> Result<f64> {
    let reading = spawn_blocking(move || {
        Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(async {
                let client = Client::connect(address, 1).await?;
                let sample = load::run(&client, 1, duration, calls).await?;
                Result::Ok(sample.percentile_ms(99))
            })
    });
    reading.await?
}
