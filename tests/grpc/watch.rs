//! `WatchEvents`: from where it begins, that nothing is missed or comes twice, and how it ends.

use tonic::{Status as Refusal, Streaming};
use versioner::pb::{self, BuildStatus, watch_events_response::Message};

use crate::{
    facts::{PRODUCT, build},
    refusal::refusal,
    story::{Story, soon},
};

/// A watch, and the position that it would be resumed from.
pub(crate) struct Watch {
    messages: Streaming<pb::WatchEventsResponse>,
    pub(crate) position: i64,
}

impl Watch {
    pub(crate) async fn start(
        story: &Story,
        request: pb::WatchEventsRequest,
    ) -> Result<Watch, Refusal> {
        let messages = story.events().watch_events(request).await?.into_inner();
        let mut watch = Watch {
            messages,
            position: -1,
        };
        match watch.next().await? {
            Message::Heartbeat(first) => watch.position = first.position,
            Message::Event(event) => panic!("an event before the first heartbeat: {event:?}"),
        }
        Ok(watch)
    }

    pub(crate) async fn next(&mut self) -> Result<Message, Refusal> {
        let message = soon(self.messages.message()).await?;
        let message = message.expect("a stream that does not end well");
        let message = message.message.expect("an event or a heartbeat");
        let position = match &message {
            Message::Event(event) => event.position,
            Message::Heartbeat(heartbeat) => heartbeat.position,
        };
        let forward = match &message {
            Message::Event(_) => position > self.position,
            Message::Heartbeat(_) => position >= self.position,
        };
        assert!(forward, "{position} after {}", self.position);
        self.position = position;
        Ok(message)
    }

    /// The next event, past any heartbeats.
    pub(crate) async fn event(&mut self) -> pb::LogEntry {
        let next = async {
            loop {
                if let Message::Event(event) = self.next().await.expect("no end yet") {
                    return event;
                }
            }
        };
        soon(next).await
    }

    pub(crate) async fn events(&mut self, count: usize) -> Vec<pb::LogEntry> {
        let mut events = Vec::new();
        while events.len() < count {
            events.push(self.event().await);
        }
        events
    }
}

pub(crate) fn after(position: i64) -> pb::WatchEventsRequest {
    pb::WatchEventsRequest {
        after: Some(position),
        ..Default::default()
    }
}

/// Builds so many versions, from one number on.
async fn builds(story: &Story, from: usize, count: usize) {
    let events = (from..from + count).map(|i| pb::EventSubmission {
        event: Some(pb::event_submission::Event::VersionEvent(build(
            &format!("1.{i}"),
            BuildStatus::Completed,
        ))),
    });
    let request = pb::BatchSubmitEventsRequest {
        events: events.collect(),
        validate_only: false,
    };
    story.events().batch_submit_events(request).await.unwrap();
}

async fn the_first_heartbeat_tells_from_where(story: Story) {
    builds(&story, 0, 3).await;
    let watch = Watch::start(&story, after(2)).await.unwrap();
    assert_eq!(watch.position, 2);
    let watch = Watch::start(&story, after(0)).await.unwrap();
    assert_eq!(watch.position, 0);

    let mut watch = Watch::start(&story, pb::WatchEventsRequest::default())
        .await
        .unwrap();
    assert_eq!(watch.position, 3);
    builds(&story, 3, 1).await;
    assert_eq!(watch.event().await.position, 4);
}

async fn what_was_before_and_what_comes_meanwhile_comes_once_and_in_order(story: Story) {
    builds(&story, 0, 300).await;
    let mut one = Watch::start(&story, after(0)).await.unwrap();
    let mut other = Watch::start(&story, after(250)).await.unwrap();
    let watching = async {
        let all = one.events(600).await;
        assert!(all.iter().map(|event| event.position).eq(1..=600));
        let rest = other.events(350).await;
        assert_eq!(rest, all[250..]);
        assert_eq!(all, story.log().await);
    };
    let building = async {
        for batch in 0..10 {
            builds(&story, 300 + 30 * batch, 30).await;
        }
    };
    tokio::join!(watching, building);
}

async fn a_watch_that_is_resumed_again_and_again_misses_nothing_and_sees_nothing_twice(
    story: Story,
) {
    let building = async {
        for batch in 0..10 {
            builds(&story, 20 * batch, 20).await;
        }
    };
    let watching = async {
        let (mut seen, mut position) = (Vec::new(), 0);
        for taken in [1, 2, 30, 1, 64, 65, 37] {
            let mut watch = Watch::start(&story, after(position)).await.unwrap();
            seen.extend(watch.events(taken).await.iter().map(|e| e.position));
            position = watch.position;
        }
        assert!(seen.into_iter().eq(1..=200));
    };
    tokio::join!(building, watching);
}

async fn heartbeats_carry_the_position_past_what_does_not_fit(story: Story) {
    let request = pb::WatchEventsRequest {
        product_name: "nothing-of-it".into(),
        heartbeat_interval: Some(prost_types::Duration {
            seconds: 1,
            nanos: 0,
        }),
        ..after(0)
    };
    let mut watch = Watch::start(&story, request).await.unwrap();
    builds(&story, 0, 5).await;
    let began = std::time::Instant::now();
    while watch.position < 5 {
        let message = watch.next().await.unwrap();
        assert!(matches!(message, Message::Heartbeat(_)), "{message:?}");
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(10));
}

#[tokio::test]
async fn a_server_that_leaves_tells_from_where_to_go_on_with_another() {
    let story = Story::on_sqlite().await;
    builds(&story, 0, 3).await;
    let mut watch = Watch::start(&story, after(1)).await.unwrap();
    watch.events(2).await;
    story.drain();
    assert_told!(refusal(watch.next().await), @"
    Unavailable SHUTTING_DOWN
    message: this server is shutting down; watch again after position 3
    position: 3
    retry after: Some(1s)
    ");

    let request = after(watch.position);
    let other = story
        .another_server(std::time::Duration::from_secs(1))
        .await;
    let mut other = pb::event_service_client::EventServiceClient::new(other);
    let mut messages = other.watch_events(request).await.unwrap().into_inner();
    let first = soon(messages.message()).await.unwrap().unwrap().message;
    assert_eq!(
        first,
        Some(Message::Heartbeat(pb::Heartbeat { position: 3 }))
    );
}

#[tokio::test]
async fn a_watch_begins_between_0_and_the_end_of_the_log() {
    let story = Story::on_sqlite().await;
    builds(&story, 0, 3).await;
    assert_told!(refusal(story.events().watch_events(after(-1)).await), @"
    InvalidArgument INVALID_FIELD
    after must be at least 0 (is -1)
    ");
    assert_told!(refusal(story.events().watch_events(after(4)).await), @"
    OutOfRange POSITION_BEYOND_END
    message: position 4 is greater than the last position of the event log, 3
    last_position: 3
    ");
}

#[tokio::test]
async fn a_heartbeat_comes_every_second_to_every_five_minutes() {
    let story = Story::on_sqlite().await;
    let watch = |seconds, nanos| {
        let request = pb::WatchEventsRequest {
            product_name: PRODUCT.into(),
            heartbeat_interval: Some(prost_types::Duration { seconds, nanos }),
            ..Default::default()
        };
        let mut events = story.events();
        async move { events.watch_events(request).await }
    };
    let refused = "InvalidArgument INVALID_FIELD\n\
        heartbeat_interval must be from 1 to 300 seconds";
    for (seconds, nanos) in [
        (0, 999_999_999),
        (0, 0),
        (-1, 0),
        (300, 1),
        (i64::MAX, 0),
        (1, -1),
    ] {
        assert_eq!(refusal(watch(seconds, nanos).await), refused);
    }
    watch(1, 0).await.unwrap();
    watch(300, 0).await.unwrap();
}

on_both_engines!(
    the_first_heartbeat_tells_from_where,
    what_was_before_and_what_comes_meanwhile_comes_once_and_in_order,
    a_watch_that_is_resumed_again_and_again_misses_nothing_and_sees_nothing_twice,
    heartbeats_carry_the_position_past_what_does_not_fit,
);
