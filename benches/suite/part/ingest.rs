//! Single calls that are durable when they are answered, beside what the stack, the disk and the naive design do.

use std::sync::Arc;

use versioner::storage::Engine;

use super::{IN_FLIGHT, Setting};
use crate::{
    Result,
    arguments::CeilingKind,
    ceiling::SUBMITTED,
    client::Client,
    database::{Database, name},
    event::Events,
    figure::{Figure, Goal},
    load,
    measure::Rounds,
    process::Process,
};

const MANY_IN_FLIGHT: usize = 1_024;

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in setting.databases.engines() {
        let database = setting.databases.fresh(engine).await?;
        let server = Process::server(&database).await?;
        figures.extend(beside_ceilings(setting, &server, &database).await?);
        figures.push(over_time(setting, &server, engine).await?);
        let peak_mb = server.peak_memory_mb()?;
        let name = format!("{}: peak memory after all that", self::name(engine));
        figures.push(Figure::alone(name, "MB", &[peak_mb]));
    }
    Ok(figures)
}

/// A server with its load.
struct Target {
    process: Process,
    few: Client,
    many: Client,
    events: Arc<Events>,
    at_few: Rounds,
    at_many: Rounds,
}

impl Target {
    async fn new(process: Process) -> Result<Target> {
        Ok(Target {
            few: Client::for_calls(process.address, IN_FLIGHT).await?,
            many: Client::for_calls(process.address, MANY_IN_FLIGHT).await?,
            process,
            events: Arc::default(),
            at_few: Rounds::default(),
            at_many: Rounds::default(),
        })
    }
}

async fn beside_ceilings(
    setting: &Setting,
    server: &Process,
    database: &Database,
) -> Result<Vec<Figure>> {
    let client = Client::for_calls(server.address, IN_FLIGHT).await?;
    let many = Client::for_calls(server.address, MANY_IN_FLIGHT).await?;
    let events = Arc::new(Events::default());
    // What the service answers is what the ceilings answer with.
    let (path, framed) = events.next_call();
    let submitted = client.call(0, path, framed).await?.ok()?;
    let answers = [(SUBMITTED, &submitted[..])];

    let mut noop = Target::new(Process::ceiling(CeilingKind::Noop, &answers, None).await?).await?;
    let mut append =
        Target::new(Process::ceiling(CeilingKind::Append, &answers, None).await?).await?;
    let naive_database = setting.databases.fresh(database.engine).await?;
    let naive = Process::ceiling(CeilingKind::Naive, &answers, Some(&naive_database));
    let mut naive = Target::new(naive.await?).await?;
    let (mut service, mut service_many) = (Rounds::default(), Rounds::default());

    let duration = setting.effort.round;
    let calls = |events: &Arc<Events>| {
        let events = events.clone();
        Arc::new(move || events.next_call())
    };
    // Not counted: files grow and statements are prepared.
    load::run(&client, IN_FLIGHT, duration / 2, calls(&events)).await?;
    for target in [&noop, &append, &naive] {
        load::run(&target.few, IN_FLIGHT, duration / 2, calls(&target.events)).await?;
    }
    for _ in 0..setting.effort.rounds {
        service
            .add(server, &client, IN_FLIGHT, duration, calls(&events))
            .await?;
        for target in [&mut noop, &mut append, &mut naive] {
            let (process, few) = (&target.process, &target.few);
            target
                .at_few
                .add(process, few, IN_FLIGHT, duration, calls(&target.events))
                .await?;
        }
        service_many
            .add(server, &many, MANY_IN_FLIGHT, duration, calls(&events))
            .await?;
        let (process, many) = (&append.process, &append.many);
        append
            .at_many
            .add(
                process,
                many,
                MANY_IN_FLIGHT,
                duration,
                calls(&append.events),
            )
            .await?;
    }

    let engine = name(database.engine);
    let (few_goal, many_goal) = match database.engine {
        Engine::Sqlite => (Goal::at_least(0.50, 0.70), Goal::at_least(0.45, 0.65)),
        Engine::Postgres => (Goal::at_least(0.45, 0.65), Goal::at_least(0.45, 0.65)),
    };
    let (noop, naive) = (noop.at_few, naive.at_few);
    let cpu = Figure::alone(
        format!("{engine}: the server's own CPU time for it"),
        "µs",
        &service.cpu_us,
    )
    .beside("no-op call", &service.cpu_us, &noop.cpu_us);
    Ok(vec![
        with_costs(
            rate(
                format!("{engine}: durable call, {IN_FLIGHT} in flight"),
                &service,
            ),
            &service,
        )
        .beside("durable append", &service.rates, &append.at_few.rates)
        .goal(few_goal),
        with_costs(
            rate(
                format!("{engine}: durable call, {MANY_IN_FLIGHT} in flight"),
                &service_many,
            ),
            &service_many,
        )
        .beside("durable append", &service_many.rates, &append.at_many.rates)
        .goal(many_goal),
        match database.engine {
            Engine::Sqlite => cpu.goal(Goal::at_most(4.5, 3.0)),
            Engine::Postgres => cpu,
        },
        rate(
            format!("{engine}: durable call, {IN_FLIGHT} in flight"),
            &service,
        )
        .beside("naive design", &service.rates, &naive.rates)
        .goal(Goal::at_least(4.0, 7.0)),
        with_costs(
            rate(
                format!("{engine} run: no-op call, {IN_FLIGHT} in flight"),
                &noop,
            ),
            &noop,
        ),
        with_costs(
            rate(
                format!("{engine} run: durable append, {IN_FLIGHT} in flight"),
                &append.at_few,
            ),
            &append.at_few,
        ),
        with_costs(
            rate(
                format!("{engine}: naive design, {IN_FLIGHT} in flight"),
                &naive,
            ),
            &naive,
        ),
    ])
}

/// The worst latencies show over minutes only: checkpoints, vacuum, growth.
async fn over_time(setting: &Setting, server: &Process, engine: Engine) -> Result<Figure> {
    let client = Client::for_calls(server.address, IN_FLIGHT).await?;
    // Their numbers begin anew: other ids, or all of it would be duplicates.
    let events = Arc::new(Events::after(1 << 40));
    let calls = Arc::new(move || events.next_call());
    let sample = load::run(&client, IN_FLIGHT, setting.effort.long, calls).await?;
    let (p50, p99) = (sample.percentile_ms(50), sample.percentile_ms(99));
    let seconds = setting.effort.long.as_secs_f64();
    let name = format!("{}: p99 of a durable call over {seconds} s", name(engine));
    Ok(Figure::alone(name, "ms", &[p99])
        .beside("its p50", &[p99], &[p50])
        .goal(Goal::at_most(4.0, 2.5))
        .detail("calls/s", sample.rate)
        .detail("slowest ms", sample.percentile_ms(100)))
}

fn rate(name: String, rounds: &Rounds) -> Figure {
    Figure::alone(name, "/s", &rounds.rates)
}

pub(super) fn with_costs(figure: Figure, rounds: &Rounds) -> Figure {
    figure
        .detail("p50 ms", rounds.p50_ms())
        .detail("p99 ms", rounds.p99_ms())
        .detail("CPU s per 1,000", rounds.cpu_seconds_a_thousand())
}
