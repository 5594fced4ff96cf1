//! Clients that leave in the middle of their calls, thousands of times.

use std::{sync::Arc, time::Duration};

use sqlx::{Connection, PgConnection};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{Request, transport::Channel};
use versioner::pb::{self, version_service_client::VersionServiceClient};

use crate::{
    chance::{Chance, times},
    database::Database,
    ledger::Ledger,
    outage::serves_again,
    scan::check_all,
    service::Service,
    writers::{Manner, send, settle},
};

#[tokio::test]
async fn r8_cancelled_calls_leave_no_transaction_open_and_record_whole_events() {
    let mut chance = Chance::seeded("cancelled calls");
    let database = Database::postgres().await;
    let service = Service::start(&database.url(), &[]).await;
    let ledger = Arc::new(Ledger::new());
    let callers = (0..6).map(|_| {
        let (channel, ledger, mut chance) = (service.channel(), ledger.clone(), chance.fork());
        async move {
            for _ in 0..times(300) {
                leave_a_write(&channel, &ledger, &mut chance).await;
            }
        }
    });
    all_of(callers).await;

    // It writes on, and what was recorded of what was left early is there once.
    let event = [ledger.draw(&mut chance)];
    send(Manner::Single, &service.channel(), &ledger, &event)
        .await
        .expect("it writes on");
    settle(&service.channel(), &ledger, &mut chance).await;

    let callers = (0..4).map(|_| {
        let (channel, mut chance) = (service.channel(), chance.fork());
        async move {
            for _ in 0..times(600) {
                leave_a_read(&channel, &mut chance).await;
            }
        }
    });
    tokio::select! {
        () = all_of(callers) => {}
        () = no_transaction_stays_open(&database) => {}
    }
    // Those that were left are still read to their end.
    serves_again(&service.channel(), &ledger, &mut chance).await;
    check_all(&service.channel(), &ledger).await;
}

async fn all_of(callers: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) {
    let mut callers: JoinSet<()> = callers.collect();
    while let Some(ended) = callers.join_next().await {
        ended.expect("no caller panics");
    }
}

/// Looks again and again: one that was left open may be ended by whoever uses the connection next.
async fn no_transaction_stays_open(database: &Database) {
    let mut admin = PgConnection::connect(&database.url())
        .await
        .expect("Postgres is there");
    loop {
        let open: Option<String> = sqlx::query_scalar(
            "select query
             from pg_stat_activity
             where datname = current_database() and application_name = 'versioner'
               and state like 'idle in transaction%' and now() - xact_start > interval '20 ms'",
        )
        .fetch_optional(&mut admin)
        .await
        .expect("activity can be seen");
        assert_eq!(open, None, "a transaction was left open");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits about as long as the call takes at most, so that it is left at every point of its way; whether it was
/// in time does not matter.
async fn leave_a_write(channel: &Channel, ledger: &Ledger, chance: &mut Chance) {
    let wait = chance.duration_below(Duration::from_millis(12));
    let (manner, count) = match chance.below(4) {
        0 | 1 => (Manner::Single, 1),
        2 => (Manner::Batch, 10),
        _ => (Manner::Stream, 10),
    };
    let events: Vec<_> = (0..count).map(|_| ledger.draw(chance)).collect();
    let _ = timeout(wait, send(manner, channel, ledger, &events)).await;
}

/// The same with a read. In every second one the server leaves too, by the deadline that it was told.
async fn leave_a_read(channel: &Channel, chance: &mut Chance) {
    let wait = chance.duration_below(Duration::from_millis(4));
    let mut request = Request::new(pb::ListBuildsRequest::default());
    if chance.below(2) == 0 {
        request.set_timeout(wait);
    }
    let mut client = VersionServiceClient::new(channel.clone());
    let _ = timeout(wait, client.list_builds(request)).await;
}
