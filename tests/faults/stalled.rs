//! Watchers that stop reading: they hold up nobody, and cost a bounded amount of memory.

use std::collections::BTreeMap;

use prost_types::{Struct, Value, value::Kind};
use versioner::pb::{self, event_submission::Event as Submitted};

use crate::{
    PATIENCE,
    chance::Chance,
    database::Database,
    ledger::Ledger,
    scan::read_log,
    service::Service,
    watching::Watch,
    within,
    writers::{Manner, send},
};

const EVENTS: usize = 900;
const METADATA_BYTES: usize = 90_000;
const STALLED: usize = 30;
/// 81 MB of events for each of 30 watchers would be 2.4 GB.
const MAX_GROWTH_BYTES: u64 = 250 * 1024 * 1024;

#[tokio::test]
async fn watchers_that_stop_reading_hold_up_nobody_and_cost_little_memory() {
    let mut chance = Chance::seeded("stalled watchers");
    let database = Database::sqlite();
    let service = Service::start(&database.url(), &[]).await;
    let ledger = Ledger::new();
    let before = service.resident_bytes();

    let mut stalled = Vec::new();
    for _ in 0..STALLED {
        stalled.push(Watch::open(&service.channel(), 0).await.expect("a watch"));
    }
    let mut reading = Watch::open(&service.channel(), 0).await.expect("a watch");
    let read = tokio::spawn(async move { reading.up_to(EVENTS as i64).await });

    let channel = service.channel();
    let mut most = 0;
    for n in (0..EVENTS).step_by(30) {
        let events: Vec<_> = (n..n + 30).map(|n| large_event(n, &mut chance)).collect();
        for event in &events {
            ledger.note(event.clone());
        }
        let ingest = send(Manner::Batch, &channel, &ledger, &events);
        within(PATIENCE, "ingest goes on", ingest)
            .await
            .expect("events are taken");
        most = most.max(service.resident_bytes());
    }
    // Those that begin late catch up from the log, as far as they are read from.
    for _ in 0..STALLED {
        stalled.push(Watch::open(&service.channel(), 0).await.expect("a watch"));
    }
    let log = read_log(&channel, 0).await;
    let seen = within(PATIENCE, "the others see everything", read).await;
    assert_eq!(seen.expect("no panic").expect("the watch goes on"), log);
    ledger.check(&log);

    most = most.max(service.resident_bytes());
    let growth = most - before;
    assert!(growth < MAX_GROWTH_BYTES, "grown by {} MB", growth >> 20);
}

fn large_event(n: usize, chance: &mut Chance) -> pb::EventSubmission {
    let text = char::from(b'a' + chance.below(26) as u8);
    let text = text.to_string().repeat(METADATA_BYTES);
    let value = Value {
        kind: Some(Kind::StringValue(text)),
    };
    let event = pb::VersionEvent {
        event_id: format!("large-{n}"),
        product_name: "large".to_owned(),
        version: n.to_string(),
        status: pb::BuildStatus::Completed.into(),
        extra_metadata: Some(pb::Object::from(Struct {
            fields: BTreeMap::from([("text".to_owned(), value)]),
        })),
        ..pb::VersionEvent::default()
    };
    pb::EventSubmission {
        event: Some(Submitted::VersionEvent(event)),
    }
}
