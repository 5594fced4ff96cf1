//! Every event that was sent and every receipt that came, and what the event log must be like for them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use tokio::sync::watch;
use versioner::pb::{self, event_submission::Event as Submitted};

use crate::{chance::Chance, within};

pub(crate) struct Ledger {
    records: Mutex<BTreeMap<String, Record>>,
    acknowledged: watch::Sender<usize>,
}

struct Record {
    event: pb::EventSubmission,
    position: Option<i64>,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            records: Mutex::default(),
            acknowledged: watch::Sender::new(0),
        }
    }

    /// A new event, noted as sent. Many are about the same few builds and deployments.
    pub(crate) fn draw(&self, chance: &mut Chance) -> pb::EventSubmission {
        let mut records = self.records();
        let event_id = format!("event-{}", records.len());
        let event = draw(event_id.clone(), chance);
        let record = Record {
            event: event.clone(),
            position: None,
        };
        records.insert(event_id, record);
        event
    }

    /// Notes an event of the test's own as sent.
    pub(crate) fn note(&self, event: pb::EventSubmission) {
        let record = Record {
            position: None,
            event,
        };
        let noted = self.records().insert(event_id(&record.event), record);
        assert!(noted.is_none(), "an event id is drawn once");
    }

    /// Takes a receipt: the position of an event never changes, and only a repeat is a duplicate.
    pub(crate) fn acknowledge(&self, receipt: &pb::EventReceipt) {
        let mut records = self.records();
        let Some(record) = records.get_mut(&receipt.event_id) else {
            panic!("a receipt for what was not sent: {receipt:?}");
        };
        match record.position.replace(receipt.position) {
            None => self.acknowledged.send_modify(|count| *count += 1),
            Some(position) => assert!(
                position == receipt.position && receipt.duplicate,
                "acknowledged at {position}, then {receipt:?}"
            ),
        }
    }

    /// Waits until so many more events are acknowledged.
    pub(crate) async fn grows_by(&self, count: usize, limit: Duration) {
        let mut acknowledged = self.acknowledged.subscribe();
        let aim = *acknowledged.borrow() + count;
        let grown = acknowledged.wait_for(|acknowledged| *acknowledged >= aim);
        within(limit, "events are acknowledged", grown)
            .await
            .expect("the ledger is there");
    }

    pub(crate) fn is_acknowledged(&self, event: &pb::EventSubmission) -> bool {
        self.records()[&event_id(event)].position.is_some()
    }

    pub(crate) fn unacknowledged(&self) -> Vec<pb::EventSubmission> {
        let records = self.records();
        let open = records.values().filter(|record| record.position.is_none());
        open.map(|record| record.event.clone()).collect()
    }

    /// Some of the acknowledged events: the latest ones, and any others.
    pub(crate) fn some_acknowledged(&self, chance: &mut Chance) -> Vec<pb::EventSubmission> {
        let records = self.records();
        let mut settled: Vec<_> = records
            .values()
            .filter_map(|record| Some((record.position?, &record.event)))
            .collect();
        settled.sort_by_key(|(position, _)| -position);
        let any = 1 + settled.len() / 50;
        let mut at = 0;
        settled.retain(|_| {
            at += 1;
            at <= 50 || chance.below(any) == 0
        });
        settled
            .into_iter()
            .map(|(_, event)| event.clone())
            .collect()
    }

    /// The log has positions without gaps, each event once and whole, nothing that was not sent, and what was
    /// acknowledged where the receipt says (I1 to I3).
    pub(crate) fn check(&self, log: &[pb::LogEntry]) {
        let records = self.records();
        let mut found = BTreeMap::new();
        for (expected, entry) in (1..).zip(log) {
            assert_eq!(entry.position, expected, "positions have a gap");
            let Some(record) = records.get(&entry.event_id) else {
                panic!("never sent: {entry:?}");
            };
            assert_eq!(content(entry), record.event.event, "not as it was sent");
            if let Some(before) = found.insert(&entry.event_id, entry.position) {
                panic!("{} is there twice: {before}, {expected}", entry.event_id);
            }
        }
        for (id, record) in records.iter() {
            if let Some(position) = record.position {
                assert_eq!(found.get(id), Some(&position), "{id} was acknowledged");
            }
        }
    }

    fn records(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        self.records.lock().expect("no writer panics")
    }
}

pub(crate) fn event_id(event: &pb::EventSubmission) -> String {
    match &event.event {
        Some(Submitted::VersionEvent(event)) => event.event_id.clone(),
        Some(Submitted::DeploymentEvent(event)) => event.event_id.clone(),
        Some(Submitted::CheckEvent(event)) => event.event_id.clone(),
        None => unreachable!("no empty event is sent here"),
    }
}

fn draw(event_id: String, chance: &mut Chance) -> pb::EventSubmission {
    let product_name = format!("product-{}", chance.below(2));
    let version = format!("1.{}.0", chance.below(12));
    let invoke_id = format!("run-{}", chance.below(6));
    let status = match chance.below(5) {
        0 | 1 => pb::BuildStatus::Started,
        2 | 3 => pb::BuildStatus::Completed,
        _ => pb::BuildStatus::Failed,
    };
    let event = match chance.below(4) {
        0 => Submitted::DeploymentEvent(pb::DeploymentEvent {
            event_id,
            product_name,
            version,
            invoke_id,
            invoke_attempt: 1,
            status: status.into(),
            environment_name: format!("environment-{}", chance.below(2)),
            ..pb::DeploymentEvent::default()
        }),
        _ => Submitted::VersionEvent(pb::VersionEvent {
            event_id,
            product_name,
            version,
            invoke_id,
            invoke_attempt: 1,
            status: status.into(),
            build_number: chance.below(1_000).to_string(),
            ..pb::VersionEvent::default()
        }),
    };
    pb::EventSubmission { event: Some(event) }
}

fn content(entry: &pb::LogEntry) -> Option<Submitted> {
    use pb::log_entry::Content;
    match entry.content.clone()? {
        Content::VersionEvent(event) => Some(Submitted::VersionEvent(event)),
        Content::DeploymentEvent(event) => Some(Submitted::DeploymentEvent(event)),
        Content::CheckEvent(event) => Some(Submitted::CheckEvent(event)),
        Content::Product(_) | Content::Environment(_) => None,
    }
}
