//! The two-way stream, beside the driver alone that writes the same rows.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use versioner::storage::Engine;

use super::Setting;
use crate::{
    Result,
    database::{Database, name},
    driver::{Source, Target},
    event::Events,
    figure::{Figure, Goal},
    process::Process,
    stream,
};

/// A server with what it did, and the driver on a database of its own.
struct Side {
    engine: Engine,
    server: Process,
    events: Arc<Events>,
    target: Target,
    rates: Vec<f64>,
    driver_rates: Vec<f64>,
    cpu_us: Vec<f64>,
    /// Kept until the server has ended.
    database: Database,
    _driver_database: Database,
}

impl Side {
    async fn new(setting: &Setting, engine: Engine) -> Result<Side> {
        let database = setting.databases.fresh(engine).await?;
        let driver_database = setting.databases.migrated(engine).await?;
        Ok(Side {
            engine,
            server: Process::server(&database).await?,
            events: Arc::default(),
            target: Target::open(&driver_database).await?,
            rates: Vec::new(),
            driver_rates: Vec::new(),
            cpu_us: Vec::new(),
            database,
            _driver_database: driver_database,
        })
    }

    /// Streams until the time is up.
    async fn load(&mut self, duration: Duration) -> Result<()> {
        let events = self.events.clone();
        let begun = Instant::now();
        let submissions = std::iter::from_fn(move || {
            (begun.elapsed() < duration).then(|| events.next_submission())
        });
        let cpu_before = self.server.cpu_seconds()?;
        let accepted = stream::send(self.server.address, submissions).await? as f64;
        self.rates.push(accepted / begun.elapsed().as_secs_f64());
        self.cpu_us
            .push((self.server.cpu_seconds()? - cpu_before) * 1e6 / accepted);
        Ok(())
    }
}

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let mut sides = Vec::new();
    for engine in setting.databases.engines() {
        sides.push(Side::new(setting, engine).await?);
    }
    // The rows that the server on SQLite wrote are those that both drivers write.
    let sqlite = sides.first().ok_or("no engine")?;
    let mut source = Source::open(&sqlite.database).await?;
    let mut copied = 0;
    for _ in 0..setting.effort.rounds {
        for side in &mut sides {
            side.load(setting.effort.round).await?;
        }
        let last = source.last_position().await?;
        for side in &mut sides {
            let spent = side.target.copy(&mut source, copied + 1..=last).await?;
            side.driver_rates
                .push((last - copied) as f64 / spent.as_secs_f64());
        }
        copied = last;
    }
    sides.iter().map(figure).collect()
}

fn figure(side: &Side) -> Result<Figure> {
    let (alone, goal) = match side.engine {
        Engine::Sqlite => (
            "driver alone, many rows a statement",
            Goal::at_least(0.40, 0.60),
        ),
        Engine::Postgres => (
            "driver alone, one unnest a batch",
            Goal::at_least(0.50, 0.80),
        ),
    };
    let name = format!("{}: durable stream, window 1,024", name(side.engine));
    Ok(Figure::alone(name, "/s", &side.rates)
        .beside(alone, &side.rates, &side.driver_rates)
        .goal(goal)
        .detail("CPU s per 1,000", crate::load::median(&side.cpu_us) / 1e3)
        .detail("peak MB", side.server.peak_memory_mb()?))
}
