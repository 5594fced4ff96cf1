//! Memory at rest and under watchers, and the time to start on a store that is big already.

use std::time::Duration;

use tokio::time::sleep;
use versioner::{pb::WatchEventsRequest, storage::Engine};

use super::{Setting, Stores};
use crate::{
    Result,
    client::{Client, frame},
    database::name,
    figure::{Figure, Goal},
    process::Process,
};

const WATCH: &str = "/versioner.v1.EventService/WatchEvents";
/// After this a server that has nothing to do has come to rest.
const REST: Duration = Duration::from_secs(2);
/// The longest that a watcher may ask for.
const LONGEST_SILENCE: prost_types::Duration = prost_types::Duration {
    seconds: 300,
    nanos: 0,
};

pub(crate) async fn measure(setting: &Setting, stores: &mut Stores) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for engine in setting.databases.engines() {
        figures.push(idle(setting, engine).await?);
        figures.push(watchers(setting, engine).await?);
        figures.push(start(setting, engine, stores).await?);
    }
    Ok(figures)
}

async fn idle(setting: &Setting, engine: Engine) -> Result<Figure> {
    let mut memory_mb = Vec::new();
    for _ in 0..setting.effort.starts {
        let database = setting.databases.fresh(engine).await?;
        let server = Process::server(&database).await?;
        sleep(REST).await;
        memory_mb.push(server.memory_mb()?);
    }
    let name = format!("{}: idle memory", name(engine));
    Ok(Figure::alone(name, "MB", &memory_mb).goal(Goal::at_most(30.0, 15.0)))
}

async fn watchers(setting: &Setting, engine: Engine) -> Result<Figure> {
    let database = setting.databases.fresh(engine).await?;
    let server = Process::server(&database).await?;
    sleep(REST).await;
    let before_mb = server.memory_mb()?;
    let count = setting.effort.watchers;
    let client = Client::for_calls(server.address, count).await?;
    let request = frame(&WatchEventsRequest {
        heartbeat_interval: Some(LONGEST_SILENCE),
        ..WatchEventsRequest::default()
    });
    let mut held = Vec::new();
    for nth in 0..count {
        held.push(client.hold(nth, WATCH, request.clone()).await?);
    }
    sleep(REST).await;
    let grown_mb = server.memory_mb()? - before_mb;
    let name = format!("{}: memory of {count} idle watchers", name(engine));
    Ok(Figure::alone(name, "MB", &[grown_mb]).detail("kB each", grown_mb * 1e3 / count as f64))
}

async fn start(setting: &Setting, engine: Engine, stores: &mut Stores) -> Result<Figure> {
    let store = stores.big(setting, engine).await?;
    let mut starts_s = Vec::new();
    for _ in 0..setting.effort.starts {
        let server = Process::server(&store.database).await?;
        starts_s.push(server.start.as_secs_f64());
        server.stop().await?;
    }
    let versions = store.history.versions;
    let name = format!("{}: start to healthy at {versions} versions", name(engine));
    Ok(Figure::alone(name, "s", &starts_s).goal(Goal::at_most(1.0, 0.1)))
}
