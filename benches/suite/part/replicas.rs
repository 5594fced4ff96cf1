//! Several servers on one Postgres: together they should take as much as one alone.

use std::{iter::zip, sync::Arc};

use tokio::task::JoinSet;
use versioner::storage::Engine;

use super::{IN_FLIGHT, Setting};
use crate::{
    Result,
    client::Client,
    event::Events,
    figure::{Figure, Goal},
    load,
    process::Process,
};

const SERVERS: usize = 4;
/// How many of them take events at once, in each round.
const TOGETHER: [usize; 3] = [1, 2, SERVERS];

pub(crate) async fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    if !setting.databases.engines().contains(&Engine::Postgres) {
        return Ok(vec![Figure::missing(
            "Postgres: several servers together",
            "needs --postgres",
        )]);
    }
    let database = setting.databases.fresh(Engine::Postgres).await?;
    let (mut servers, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..SERVERS {
        let server = Process::server(&database).await?;
        clients.push(Client::for_calls(server.address, IN_FLIGHT).await?);
        servers.push(server);
    }
    let events = Arc::new(Events::default());
    let mut rates = TOGETHER.map(|_| Vec::new());
    // The first round is not counted: statements are prepared, the tables begin to grow.
    for round in 0..=setting.effort.rounds {
        for (count, rates) in zip(TOGETHER, &mut rates) {
            let mut loads = JoinSet::new();
            for client in &clients[..count] {
                let (client, events) = (client.clone(), events.clone());
                let duration = setting.effort.round;
                let calls = Arc::new(move || events.next_call());
                loads.spawn(async move { load::run(&client, IN_FLIGHT, duration, calls).await });
            }
            let mut together = 0.0;
            while let Some(load) = loads.join_next().await {
                together += load??.rate;
            }
            if round > 0 {
                rates.push(together);
            }
        }
    }
    let alone = &rates[0];
    let figures = zip(TOGETHER, &rates).skip(1).map(|(count, together)| {
        let name = format!("Postgres: {count} servers together, {IN_FLIGHT} in flight to each");
        Figure::alone(name, "/s", together)
            .beside("one alone", together, alone)
            .goal(Goal::at_least(0.8, 0.8))
    });
    Ok(figures.collect())
}
