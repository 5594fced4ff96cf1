//! A file that can't grow.

use std::process::Command;

use tonic::Code;
use versioner::pb::ErrorReason;

use crate::chance::Chance;
use crate::database::Database;
use crate::health::is_serving;
use crate::ledger::Ledger;
use crate::outage::{read, serves_again};
use crate::scan::check_all;
use crate::service::{Service, program};
use crate::writers::{Manner, send, settle};

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
