//! kill -9 under several writers, again and again, also while it starts.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use crate::{
    PATIENCE,
    chance::{Chance, times},
    database::Database,
    ledger::Ledger,
    scan::check_all,
    service::{Service, start_and_kill},
    writers::{OnError, Writers, settle},
};

#[tokio::test]
async fn r8_a_killed_server_on_sqlite_loses_and_doubles_nothing() {
    let chance = Chance::seeded("killed on SQLite");
    lose_nothing(Database::sqlite(), chance).await;
}

#[tokio::test]
async fn r8_a_killed_server_on_postgres_loses_and_doubles_nothing() {
    let chance = Chance::seeded("killed on Postgres");
    lose_nothing(Database::postgres().await, chance).await;
}

async fn lose_nothing(database: Database, mut chance: Chance) {
    let url = database.url();
    let ledger = Arc::new(Ledger::new());
    for _ in 0..times(15) {
        if chance.below(4) == 0 {
            let after = chance.duration_below(Duration::from_millis(60));
            start_and_kill(&url, after).await;
        }
        let service = Service::start(&url, &[]).await;
        settle(&service.channel(), &ledger, &mut chance).await;

        let connections = [service.channel(), service.channel()];
        let writers = Writers::start(connections, &ledger, OnError::Stop, &mut chance);
        ledger.grows_by(1 + chance.below(300), PATIENCE).await;
        // At the very moment of an answer, or in the midst of anything.
        if chance.below(2) == 0 {
            sleep(chance.duration_below(Duration::from_millis(20))).await;
        }
        service.kill();
        writers.stop().await;
    }

    let service = Service::start(&url, &[]).await;
    settle(&service.channel(), &ledger, &mut chance).await;
    check_all(&service.channel(), &ledger).await;
}
