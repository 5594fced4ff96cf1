//! Every question to a store with a long history and to a short one, in turns: an index that is missing, or an
//! answer put together row by row, shows as a ratio. And ingest into the big one beside an empty one.

mod questions;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use questions::Question;
use versioner::storage::Engine;

use super::{IN_FLIGHT, Setting, Stores, ingest::with_costs, stores, stores::Store};
use crate::{
    Result,
    client::Client,
    database::name,
    event::Events,
    figure::{Figure, Goal},
    load,
    measure::Rounds,
    process::Process,
};

/// Answers that differ by more than this are not of the same size.
const SAME_SIZE: f64 = 1.25;
/// Calls that are not counted: caches warm up.
const WARM_UP: usize = 3;

pub(crate) async fn measure(setting: &Setting, stores: &mut Stores) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in setting.databases.engines() {
        let small = stores::fill(setting, engine, setting.effort.small_versions).await?;
        let big = stores.big(setting, engine).await?;
        let (small, big) = (Side::new(&small).await?, Side::new(big).await?);
        figures.extend(ask_both(setting, engine, &small, &big).await?);
        figures.push(ingest(setting, engine, &big.server).await?);
    }
    Ok(figures)
}

struct Side {
    server: Process,
    client: Client,
    questions: Vec<Question>,
}

impl Side {
    async fn new(store: &Store) -> Result<Side> {
        let server = Process::server(&store.database).await?;
        let client = Client::connect(server.address, 1).await?;
        let questions = questions::all(&client, store.history).await?;
        Ok(Side {
            server,
            client,
            questions,
        })
    }
}

async fn ask_both(
    setting: &Setting,
    engine: Engine,
    small: &Side,
    big: &Side,
) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for (in_small, in_big) in small.questions.iter().zip(&big.questions) {
        let name = format!("{}: {}", name(engine), in_big.name);
        let (mut small_asked, mut big_asked) = (Asked::default(), Asked::default());
        let begun = Instant::now();
        for nth in 0..setting.effort.question_calls + WARM_UP {
            if nth > WARM_UP && begun.elapsed() > setting.effort.question_time {
                break;
            }
            small_asked.ask(small, in_small, nth).await?;
            big_asked.ask(big, in_big, nth).await?;
        }
        figures.push(figure(name, in_big.is_indexed, &small_asked, &big_asked));
    }
    Ok(figures)
}

/// What came of one question, asked over and over.
#[derive(Default)]
struct Asked {
    took: Vec<f64>,
    bytes: Vec<f64>,
    trouble: Option<String>,
    is_served: bool,
}

impl Asked {
    async fn ask(&mut self, side: &Side, question: &Question, nth: usize) -> Result<()> {
        /// Of `google.rpc.Code`.
        const UNIMPLEMENTED: u32 = 12;
        if self.trouble.is_some() {
            return Ok(());
        }
        let framed = question.framed[nth % question.framed.len()].clone();
        let begun = Instant::now();
        let answer = side.client.call(0, question.path, framed).await?;
        let took_ms = Duration::as_secs_f64(&begun.elapsed()) * 1e3;
        self.is_served = answer.code != UNIMPLEMENTED;
        self.trouble = answer.trouble();
        if nth >= WARM_UP {
            self.took.push(took_ms);
            self.bytes.push(answer.body_bytes() as f64);
        }
        Ok(())
    }
}

fn figure(name: String, is_indexed: bool, small: &Asked, big: &Asked) -> Figure {
    if !big.is_served {
        return Figure::missing(name, "not served");
    }
    if let Some(trouble) = big.trouble.as_ref().or(small.trouble.as_ref()) {
        return Figure::missing(name, trouble.clone());
    }
    // Medians first: one call is too short to be compared with one other.
    let (small_ms, big_ms) = (load::median(&small.took), load::median(&big.took));
    let (small_bytes, big_bytes) = (load::median(&small.bytes), load::median(&big.bytes));
    let figure = Figure::alone(name, "ms", &[big_ms])
        .beside("in the small store", &[big_ms], &[small_ms])
        .detail("calls", big.took.len() as f64)
        .detail("bytes", big_bytes);
    let is_same_size = big_bytes.max(small_bytes) <= SAME_SIZE * big_bytes.min(small_bytes);
    match (is_indexed, is_same_size) {
        (true, true) => figure.goal(Goal::at_most(1.5, 1.1)),
        (false, _) => figure.note("no index is promised for it"),
        (_, false) => figure.note(format!(
            "answers of other sizes: {small_bytes} bytes in the small store"
        )),
    }
}

async fn ingest(setting: &Setting, engine: Engine, big: &Process) -> Result<Figure> {
    let database = setting.databases.fresh(engine).await?;
    let empty = Process::server(&database).await?;
    let (mut into_big, mut into_empty) = (Rounds::default(), Rounds::default());
    let mut sides = [
        (big, &mut into_big, Arc::new(Events::default())),
        (&empty, &mut into_empty, Arc::new(Events::default())),
    ];
    for _ in 0..setting.effort.rounds {
        for (server, rounds, events) in &mut sides {
            let client = Client::for_calls(server.address, IN_FLIGHT).await?;
            let events = events.clone();
            let calls = Arc::new(move || events.next_call());
            rounds
                .add(server, &client, IN_FLIGHT, setting.effort.round, calls)
                .await?;
        }
    }
    let versions = setting.effort.big_versions;
    let name = format!(
        "{}: ingest into {versions} versions, {IN_FLIGHT} in flight",
        name(engine)
    );
    let figure = Figure::alone(name, "/s", &into_big.rates)
        .beside("into an empty store", &into_big.rates, &into_empty.rates)
        .goal(Goal::at_least(0.7, 0.9));
    Ok(with_costs(figure, &into_big))
}
