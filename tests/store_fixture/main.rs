//! Stores that released versions made, opened by the current program: each answer is the recorded one, and the
//! store goes on accepting events. This test stays for ever. `tests/fixtures/stores/` has a folder for each released
//! version. A release adds its own; a folder of a release never changes.

#[path = "../support/mod.rs"]
mod support;

mod answers;
mod json;
mod making;
mod program;
mod questions;
mod store;
mod writing;

use store::Engine::{self, Postgres, Sqlite};

/// What `scripts/make-store-fixture` wants to be recorded, and for which version.
const RECORD: &str = "VERSIONER_TEST_RECORD";
const RECORD_VERSION: &str = "VERSIONER_TEST_RECORD_VERSION";

#[tokio::test]
async fn every_answer_of_an_older_sqlite_store_is_the_recorded_one() {
    check_answers(Sqlite).await;
}

#[tokio::test]
async fn every_answer_of_an_older_postgres_store_is_the_recorded_one() {
    check_answers(Postgres).await;
}

#[tokio::test]
async fn an_older_sqlite_store_accepts_repeated_late_and_new_events() {
    for version in store::versions() {
        writing::go_on(Sqlite, &version).await;
    }
}

#[tokio::test]
async fn an_older_postgres_store_accepts_repeated_late_and_new_events() {
    for version in store::versions() {
        writing::go_on(Postgres, &version).await;
    }
}

async fn check_answers(engine: Engine) {
    let Ok(wanted) = std::env::var(RECORD) else {
        for version in store::versions() {
            answers::check(engine, &version).await;
        }
        return;
    };
    let version = std::env::var(RECORD_VERSION).expect(RECORD_VERSION);
    if wanted == "stores" {
        making::make(engine, &version).await;
    }
    // Both stores have the same answers.
    if engine == Sqlite {
        answers::record(engine, &version).await;
    }
}
