//! Many processes that bring one database to their schema at once.

use tokio::task::JoinSet;

use crate::{
    chance::{Chance, times},
    database::Database,
    ledger::Ledger,
    scan::check_all,
    service::{Service, program, run},
    writers::{Manner, send},
};

const AT_ONCE: usize = 8;

#[tokio::test]
async fn eight_migrations_of_one_postgres_at_once_all_succeed() {
    for _ in 0..times(3) {
        let database = Database::postgres().await;
        let mut runs = JoinSet::new();
        for _ in 0..AT_ONCE {
            let mut command = program(&database.url());
            command.arg("migrate");
            runs.spawn(run(command));
        }
        while let Some(ended) = runs.join_next().await {
            let (code, log) = ended.expect("no run panics");
            assert_eq!(code, Some(0), "{log}");
        }
        serves(&Service::start(&database.url(), &[]).await).await;
    }
}

#[tokio::test]
async fn a_sqlite_file_takes_one_server_and_tells_the_others_that_it_is_in_use() {
    for _ in 0..times(3) {
        let database = Database::sqlite();
        let url = database.url();
        let service = Service::start(&url, &[]).await;
        let mut runs = JoinSet::new();
        for n in 0..AT_ONCE {
            let mut command = program(&url);
            match n % 2 {
                0 => command.arg("migrate"),
                _ => command.arg("--listen=127.0.0.1:0"),
            };
            runs.spawn(run(command));
        }
        while let Some(ended) = runs.join_next().await {
            let (code, log) = ended.expect("no run panics");
            assert_eq!(code, Some(1), "{log}");
            assert!(log.contains("is in use"), "{log}");
        }
        serves(&service).await;
    }
}

#[tokio::test]
async fn of_eight_migrations_of_one_sqlite_file_at_once_none_does_damage() {
    for _ in 0..times(3) {
        let database = Database::sqlite();
        let url = database.url();
        let mut runs = JoinSet::new();
        for _ in 0..AT_ONCE {
            let mut command = program(&url);
            command.arg("migrate");
            runs.spawn(run(command));
        }
        let mut migrated = 0;
        while let Some(ended) = runs.join_next().await {
            let (code, log) = ended.expect("no run panics");
            match code {
                Some(0) => migrated += 1,
                _ => assert!(log.contains("is in use"), "{code:?}: {log}"),
            }
        }
        assert!(migrated > 0);
        serves(&Service::start(&url, &[]).await).await;
    }
}

async fn serves(service: &Service) {
    let mut chance = Chance::seeded("migrated");
    let ledger = Ledger::new();
    let events: Vec<_> = (0..20).map(|_| ledger.draw(&mut chance)).collect();
    send(Manner::Batch, &service.channel(), &ledger, &events)
        .await
        .expect("it takes events");
    check_all(&service.channel(), &ledger).await;
}
