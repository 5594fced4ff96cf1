//! Two servers on one Postgres, restarted in turn under a client that tries the other where one is away.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::{Code, transport::Channel};
use versioner::pb;

use crate::{
    PATIENCE,
    chance::{Chance, times},
    database::Database,
    health::becomes_ready,
    ledger::Ledger,
    outage::read,
    scan::check_all,
    service::Service,
    trouble::Trouble,
    writers::{Manner, send},
};

const FLAGS: [&str; 2] = ["--drain-delay=300ms", "--drain-timeout=10s"];

/// The servers as a client knows them.
type Servers = Arc<Mutex<[Channel; 2]>>;

#[tokio::test]
async fn r8_no_call_fails_while_replicas_are_restarted_in_turn() {
    let mut chance = Chance::seeded("rolling restart");
    let database = Database::postgres().await;
    let url = database.url();
    let mut services = [
        Some(Service::start(&url, &FLAGS).await),
        Some(Service::start(&url, &FLAGS).await),
    ];
    let channels = services
        .each_ref()
        .map(|s| s.as_ref().expect("it runs").channel());
    for channel in &channels {
        becomes_ready(channel, true, PATIENCE).await;
    }
    let servers: Servers = Arc::new(Mutex::new(channels));
    let ledger = Arc::new(Ledger::new());
    let stop = CancellationToken::new();
    let mut callers = JoinSet::new();
    for _ in 0..6 {
        callers.spawn(call(
            servers.clone(),
            ledger.clone(),
            stop.clone(),
            chance.fork(),
        ));
    }

    for roll in 0..times(4) {
        let at = roll % 2;
        ledger.grows_by(100, PATIENCE).await;
        let leaving = services[at].take().expect("it runs");
        leaving.terminate();
        assert_eq!(leaving.left(Duration::from_secs(10)).await, Some(0));
        let service = Service::start(&url, &FLAGS).await;
        becomes_ready(&service.channel(), true, PATIENCE).await;
        servers.lock().expect("no caller panics")[at] = service.channel();
        services[at] = Some(service);
    }
    ledger.grows_by(100, PATIENCE).await;
    stop.cancel();
    while let Some(ended) = callers.join_next().await {
        ended.expect("no call fails");
    }
    assert_eq!(ledger.unacknowledged(), []);
    let channel = servers.lock().expect("no caller panics")[0].clone();
    check_all(&channel, &ledger).await;
}

/// Writes and reads, at the servers in turn.
async fn call(servers: Servers, ledger: Arc<Ledger>, stop: CancellationToken, mut chance: Chance) {
    let mut turn = 0;
    while !stop.is_cancelled() {
        turn += 1;
        let events: Vec<_> = (0..chance.below(3))
            .map(|_| ledger.draw(&mut chance))
            .collect();
        let [first, second] = {
            let channels = servers.lock().expect("no caller panics").clone();
            [channels[turn % 2].clone(), channels[(turn + 1) % 2].clone()]
        };
        // As any client would: where one server is away, the other is asked.
        let Err(trouble) = write_or_read(&first, &ledger, &events).await else {
            continue;
        };
        assert!(is_away(&trouble), "{trouble:?}");
        if let Err(trouble) = write_or_read(&second, &ledger, &events).await {
            panic!("both servers failed: {trouble:?}");
        }
    }
}

/// The server says that it is not there; or the client itself, of a call that it never sent because its
/// connection was told to go: most clients make those again unasked, tonic calls them cancelled.
fn is_away(trouble: &Trouble) -> bool {
    trouble.code == Code::Unavailable || trouble.code == Code::Cancelled && trouble.reason.is_none()
}

async fn write_or_read(
    channel: &Channel,
    ledger: &Ledger,
    events: &[pb::EventSubmission],
) -> Result<(), Trouble> {
    match events {
        [] => read(channel).await,
        [_] => send(Manner::Single, channel, ledger, events).await,
        _ => send(Manner::Batch, channel, ledger, events).await,
    }
}
