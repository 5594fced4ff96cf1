//! Stores that hold a history, put in through the real server's stream.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use versioner::storage::Engine;

use super::Setting;
use crate::{
    Result,
    database::{Database, name},
    history::History,
    process::Process,
    stream,
};

/// A database with the history that is in it.
pub(crate) struct Store {
    pub(crate) database: Database,
    pub(crate) history: History,
}

/// The big stores, which take long to fill and serve several parts.
#[derive(Default)]
pub(crate) struct Stores(Vec<Store>);

impl Stores {
    pub(crate) async fn big(&mut self, setting: &Setting, engine: Engine) -> Result<&Store> {
        let at = match self
            .0
            .iter()
            .position(|store| store.database.engine == engine)
        {
            Some(at) => at,
            None => {
                self.0
                    .push(fill(setting, engine, setting.effort.big_versions).await?);
                self.0.len() - 1
            }
        };
        Ok(&self.0[at])
    }
}

/// A store with the history of so many versions; its server has ended in good order.
pub(crate) async fn fill(setting: &Setting, engine: Engine, versions: u64) -> Result<Store> {
    let database = setting.databases.fresh(engine).await?;
    let history = History::new(
        versions,
        SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64,
    );
    let server = Process::server(&database).await?;
    let begun = Instant::now();
    let events = stream::send(server.address, history.events()).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let engine = name(engine);
    eprintln!(
        "  {versions} versions put into {engine} by {events} events: {:.0} a second, at most {:.0} MB of memory",
        events as f64 / seconds,
        server.peak_memory_mb()?
    );
    server.stop().await?;
    database.settle().await?;
    Ok(Store { database, history })
}
