//! Clients that leave in the middle of their calls, thousands of times.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tonic::Request;
use tonic::transport::Channel;
use versioner::pb::{
    self, event_service_client::EventServiceClient, version_service_client::VersionServiceClient,
};

use crate::chance::{Chance, times};
use crate::database::Database;
use crate::ledger::Ledger;
use crate::scan::check_all;
use crate::service::Service;
use crate::writers::{Manner, send, settle};
use crate::{RECOVERY, until};

/// Around the time that a call takes, so that it is left at every point of its way.
const LONGEST_WAIT: Duration = Duration::from_millis(12);

#[tokio::test]
async fn r8_cancelled_calls_leave_no_transaction_open_and_record_whole_events() {
    let mut chance = Chance::seeded("cancelled calls");
    let database = Database::postgres().await;
    let service = Service::start(&database.url(), &[]).await;
    let ledger = Arc::new(Ledger::new());
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let channel = service.channel();
        let (ledger, mut chance) = (ledger.clone(), chance.fork());
        callers.spawn(async move {
            for _ in 0..times(400) {
                leave_early(&channel, &ledger, &mut chance).await;
            }
        });
    }
    while let Some(ended) = callers.join_next().await {
        ended.expect("no caller panics");
    }

    // It writes on, and what was recorded of what was left early is whole, and there once.
    let event = [ledger.draw(&mut chance)];
    send(Manner::Single, &service.channel(), &ledger, &event)
        .await
        .expect("it writes on");
    settle(&service.channel(), &ledger, &mut chance).await;
    check_all(&service.channel(), &ledger).await;

    let mut admin = PgConnection::connect(&database.url())
        .await
        .expect("Postgres is there");
    until(RECOVERY, "no transaction is open", async || {
        let open: i64 = sqlx::query_scalar(
            "select count(*)
             from pg_stat_activity
             where datname = current_database() and application_name = 'versioner'
               and state <> 'idle'",
        )
        .fetch_one(&mut admin)
        .await
        .expect("activity can be seen");
        open == 0
    })
    .await;
}

async fn leave_early(channel: &Channel, ledger: &Ledger, chance: &mut Chance) {
    let wait = chance.duration_below(LONGEST_WAIT);
    let manner = chance.below(6);
    let events: Vec<_> = match manner {
        0 | 1 => vec![ledger.draw(chance)],
        2 | 3 => (0..10).map(|_| ledger.draw(chance)).collect(),
        _ => Vec::new(),
    };
    let mut events_client = EventServiceClient::new(channel.clone());
    let mut versions_client = VersionServiceClient::new(channel.clone());
    let call = async {
        match manner {
            0 | 1 => send(Manner::Single, channel, ledger, &events).await.is_ok(),
            2 => send(Manner::Batch, channel, ledger, &events).await.is_ok(),
            3 => send(Manner::Stream, channel, ledger, &events).await.is_ok(),
            4 => {
                let mut request = Request::new(pb::ListBuildsRequest::default());
                // The server leaves too, a little later.
                request.set_timeout(wait * 2);
                versions_client.list_builds(request).await.is_ok()
            }
            _ => {
                let request = pb::ListEventsRequest::default();
                events_client.list_events(request).await.is_ok()
            }
        }
    };
    // Whether it was in time does not matter here.
    let _ = timeout(wait, call).await;
}
