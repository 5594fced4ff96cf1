//! Readiness follows the store; liveness does not.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::watch;
use tonic_health::ServingStatus;

use crate::{
    Story,
    client::{Client, health_request, next},
    gate::Gate,
    limits, start, until,
};

const SERVING: Result<i32, tonic::Code> = Ok(ServingStatus::Serving as i32);
const NOT_SERVING: Result<i32, tonic::Code> = Ok(ServingStatus::NotServing as i32);

#[tokio::test]
async fn i8_readiness_follows_the_store_and_liveness_does_not() {
    let story = Story::begin(limits()).await;
    let client = story.client().await;
    let mut watch = client
        .clone()
        .send(health_request(
            "/grpc.health.v1.Health/Watch",
            "gate.v1.Gate",
        ))
        .await
        .unwrap();
    for (store, readiness) in [
        (Ok(()), SERVING),
        (Err("the store is away"), NOT_SERVING),
        (Ok(()), SERVING),
    ] {
        story.store.send(store).expect("the probe listens");
        for name in ["", "gate.v1.Gate"] {
            until(async || client.clone().health(name).await == readiness).await;
        }
        assert_eq!(client.clone().health("liveness").await, SERVING);
    }
    // A watcher hears of it as well.
    assert!(!next(&mut watch).await.is_empty());
}

#[tokio::test]
async fn not_ready_until_the_store_has_answered_and_a_late_probe_is_neither_cut_off_nor_doubled() {
    let (answer, _) = watch::channel(false);
    let asked = Arc::new(AtomicUsize::new(0));
    let probe = {
        let (answer, asked) = (answer.clone(), asked.clone());
        move || {
            asked.fetch_add(1, Ordering::SeqCst);
            let mut answered = answer.subscribe();
            async move {
                answered
                    .wait_for(|answered| *answered)
                    .await
                    .map_err(|_| "no answer")?;
                Ok(())
            }
        }
    };
    let running = start(limits(), &Gate::default(), probe).await;
    let mut client = Client::connect(running.local_addr()).await;
    assert_eq!(client.health("").await, NOT_SERVING);
    assert_eq!(client.health("gate.v1.Gate").await, NOT_SERVING);
    assert_eq!(client.health("liveness").await, SERVING);

    // Beyond the timeout of one probe and the time of the next: it is still the first that is waited for.
    tokio::time::sleep(std::time::Duration::from_millis(3_500)).await;
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(answer.receiver_count(), 1);
    assert_eq!(client.health("").await, NOT_SERVING);

    answer.send_replace(true);
    until(async || client.clone().health("").await == SERVING).await;

    // Later as well: what does not answer in time is not ready, and ready again when it does.
    answer.send_replace(false);
    until(async || client.clone().health("").await == NOT_SERVING).await;
    answer.send_replace(true);
    until(async || client.clone().health("").await == SERVING).await;
}
