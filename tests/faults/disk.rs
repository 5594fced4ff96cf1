//! A file that can't grow, and files that are not ours.

use std::{path::Path, process::Command};

use sqlx::{Connection, Executor, SqliteConnection};
use tonic::Code;
use versioner::pb::ErrorReason;

use crate::{
    chance::Chance,
    database::Database,
    health::is_serving,
    ledger::Ledger,
    outage::{read, serves_again},
    scan::check_all,
    service::{Service, program, run},
    writers::{Manner, send, settle},
};

#[tokio::test]
async fn r8_where_files_cannot_grow_writes_are_refused_and_reads_go_on() {
    let mut chance = Chance::seeded("files that cannot grow");
    let database = Database::sqlite();
    let url = database.url();
    // In units of 512 bytes: 2 MiB.
    let mut command = Command::new("sh");
    command
        .env_clear()
        .env("VERSIONER_DATABASE_URL", &url)
        .args(["-c", r#"ulimit -S -f 4096 && exec "$0" "$@""#])
        .arg(program(&url).get_program());
    let mut service = Service::start_as(command, &[]).await;
    service.expect_errors(&["the disk is full"]);
    let channel = service.channel();
    let ledger = Ledger::new();

    let mut refused = 0;
    for _ in 0..10_000 {
        let events: Vec<_> = (0..20).map(|_| ledger.draw(&mut chance)).collect();
        if let Err(trouble) = send(Manner::Batch, &channel, &ledger, &events).await {
            let is_full = trouble.is(Code::ResourceExhausted, ErrorReason::StorageFull);
            // SQLite tells a full disk, but not a limit of the file's size, from other faults of the disk.
            assert!(
                is_full && trouble.may_retry || trouble.is_store_unavailable(),
                "{trouble:?}"
            );
            refused += 1;
            read(&channel).await.expect("reading goes on");
            if refused == 5 {
                break;
            }
        }
    }
    assert_eq!(refused, 5, "the limit was never reached");
    assert!(is_serving(&channel, "").await);

    let limit = Command::new("prlimit")
        .args(["--fsize=unlimited:", "--pid", &service.id().to_string()])
        .status();
    assert!(limit.expect("prlimit is of util-linux").success());
    serves_again(&channel, &ledger, &mut chance).await;
    settle(&channel, &ledger, &mut chance).await;
    check_all(&channel, &ledger).await;
    service.kill();

    let service = Service::start(&url, &[]).await;
    check_all(&service.channel(), &ledger).await;
}

#[tokio::test]
async fn the_file_of_another_application_is_refused_and_left_untouched() {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = folder.path().join("theirs.db");
    let options = format!("sqlite:{}?mode=rwc", theirs.display());
    let mut connection = SqliteConnection::connect(&options)
        .await
        .expect("a database");
    connection
        .execute("create table notes (text); insert into notes values ('keep me')")
        .await
        .expect("a table");
    connection.close().await.expect("it is closed");
    refuses_and_leaves(&theirs).await;

    let text = folder.path().join("letter.txt");
    std::fs::write(&text, "Dear all,\n".repeat(1_000)).expect("a letter");
    refuses_and_leaves(&text).await;
}

async fn refuses_and_leaves(file: &Path) {
    let before = std::fs::read(file).expect("the file is there");
    for subcommand in ["serve", "migrate"] {
        let mut command = program(&format!("sqlite:{}", file.display()));
        command.arg(subcommand);
        if subcommand == "serve" {
            command.arg("--listen=127.0.0.1:0");
        }
        let (code, log) = run(command).await;
        assert_eq!(code, Some(1), "{log}");
        assert!(log.contains("is not a Versioner database"), "{log}");
        let after = std::fs::read(file).expect("the file is there");
        assert!(before == after, "{} was changed", file.display());
    }
    let beside =
        ["-wal", "-shm", "-journal", "-lock"].map(|end| format!("{}{end}", file.display()));
    for file in beside {
        assert!(!Path::new(&file).exists(), "{file} is left");
    }
}
