//! `versioner import` while the server that takes the events is killed.

use std::{
    fmt::Write,
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;
use tonic::transport::Channel;
use versioner::pb::{self, event_service_client::EventServiceClient};

use crate::{
    PATIENCE,
    chance::{Chance, times},
    database::Database,
    front::Front,
    scan::read_log,
    service::Service,
    until, within,
};

/// In the file; each is another event.
const LINES: usize = 6_000;

#[tokio::test]
async fn r7_an_import_through_crashes_on_sqlite_records_each_line_once() {
    let chance = Chance::seeded("import on SQLite");
    import_through_crashes(Database::sqlite(), chance).await;
}

#[tokio::test]
async fn r7_an_import_through_crashes_on_postgres_records_each_line_once() {
    let chance = Chance::seeded("import on Postgres");
    import_through_crashes(Database::postgres().await, chance).await;
}

async fn import_through_crashes(database: Database, mut chance: Chance) {
    let url = database.url();
    let file = event_file();
    let mut service = Service::start(&url, &[]).await;
    let front = Front::start(service.address()).await;

    // One that gives up at once: it says so, and that it is to be run again.
    let import = start_import(&file, &front, "0s");
    has_recorded(&service.channel(), 1 + chance.below(LINES / 4)).await;
    service.kill();
    let (code, _) = import.ended().await;
    assert_eq!(code, Some(2));

    // One that goes on.
    service = Service::start(&url, &[]).await;
    front.lead_to(service.address());
    let import = start_import(&file, &front, "20s");
    for _ in 0..times(2) {
        let recorded = recorded(&service.channel()).await;
        let left = LINES - recorded;
        has_recorded(&service.channel(), recorded + 1 + chance.below(left / 3)).await;
        service.kill();
        service = Service::start(&url, &[]).await;
        front.lead_to(service.address());
    }
    let (code, counts) = import.ended().await;
    assert_eq!(code, Some(0));
    assert_eq!(
        (counts.accepted + counts.duplicate, counts.refused),
        (LINES, 0)
    );

    // Once more: everything is there.
    let (code, counts) = start_import(&file, &front, "20s").ended().await;
    assert_eq!(code, Some(0));
    assert_eq!((counts.accepted, counts.duplicate), (0, LINES));
    assert_eq!(recorded(&service.channel()).await, LINES);
    let log = read_log(&service.channel(), 0).await;
    for (expected, entry) in (1..).zip(&log) {
        assert_eq!(entry.position, expected);
    }
    let mut ids: Vec<_> = log.iter().map(|entry| &entry.event_id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), LINES);
}

fn event_file() -> NamedTempFile {
    let mut lines = String::new();
    for line in 0..LINES {
        let (product, version) = (line % 7, line / 20);
        let status = ["started", "completed"][line % 2];
        writeln!(
            lines,
            r#"{{"type":"version_event","body":{{"product_name":"p-{product}","version":"{version}","status":"{status}","build_number":"{line}","invoke_id":"run-{line}"}}}}"#
        )
        .expect("a string takes all");
    }
    let file = NamedTempFile::new().expect("a file for events");
    std::fs::write(file.path(), lines).expect("the file takes them");
    file
}

/// How many events the server has.
async fn recorded(channel: &Channel) -> usize {
    let request = pb::ListEventsRequest {
        page_size: 1,
        product_name: "p-none".to_owned(),
        ..pb::ListEventsRequest::default()
    };
    let mut client = EventServiceClient::new(channel.clone());
    let page = client.list_events(request).await.expect("it serves");
    page.into_inner().position as usize
}

async fn has_recorded(channel: &Channel, count: usize) {
    until(PATIENCE, "events are imported", async || {
        recorded(channel).await >= count
    })
    .await;
}

struct Import(tokio::task::JoinHandle<std::process::Output>);

#[derive(Debug, PartialEq)]
struct Counts {
    accepted: usize,
    duplicate: usize,
    refused: usize,
}

fn start_import(file: &NamedTempFile, front: &Front, retry_for: &str) -> Import {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command
        .env_clear()
        .arg("import")
        .arg(file.path())
        .arg(format!("--server=http://{}", front.address()))
        .arg(format!("--retry-for={retry_for}"))
        .stdin(Stdio::null());
    // It ends by itself, since its patience does.
    Import(spawn_blocking(move || {
        command.output().expect("the program can be run")
    }))
}

impl Import {
    /// Its exit code and what it counted.
    async fn ended(self) -> (Option<i32>, Counts) {
        let ended = within(Duration::from_secs(60), "the import ends", self.0).await;
        let output = ended.expect("it was waited for");
        let text = String::from_utf8(output.stdout).expect("text");
        let counts = text.lines().last().unwrap_or_default();
        let mut numbers = counts
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|digits| digits.parse().ok());
        let mut number = || numbers.next().expect(counts);
        let counts = Counts {
            accepted: number(),
            duplicate: number(),
            refused: number(),
        };
        (output.status.code(), counts)
    }
}
