//! A client that watches the whole event log, and insists on every entry once and in order.

use tonic::{Status, Streaming, transport::Channel};
use versioner::pb::{
    self, event_service_client::EventServiceClient, watch_events_response::Message,
};

pub(crate) struct Watch {
    stream: Streaming<pb::WatchEventsResponse>,
    position: i64,
}

impl Watch {
    /// Watches from a position; the first heartbeat has come.
    pub(crate) async fn open(channel: &Channel, after: i64) -> Result<Self, Status> {
        let request = pb::WatchEventsRequest {
            after: Some(after),
            heartbeat_interval: Some(prost_types::Duration {
                seconds: 1,
                nanos: 0,
            }),
            ..pb::WatchEventsRequest::default()
        };
        let mut client = EventServiceClient::new(channel.clone());
        let mut stream = client.watch_events(request).await?.into_inner();
        let first = stream.message().await?.and_then(|first| first.message);
        let expected = pb::Heartbeat { position: after };
        assert_eq!(first, Some(Message::Heartbeat(expected)));
        Ok(Self {
            stream,
            position: after,
        })
    }

    /// The position of the last entry.
    pub(crate) fn position(&self) -> i64 {
        self.position
    }

    /// The next entry. An error is the end of the stream.
    pub(crate) async fn next(&mut self) -> Result<pb::LogEntry, Status> {
        loop {
            let response = self.stream.message().await?;
            let message = response.and_then(|response| response.message);
            match message.expect("a watch ends with a status, and no message is empty") {
                Message::Event(event) => {
                    assert_eq!(event.position, self.position + 1, "the next one");
                    self.position = event.position;
                    return Ok(event);
                }
                Message::Heartbeat(heartbeat) => {
                    assert_eq!(heartbeat.position, self.position, "nothing is passed over");
                }
            }
        }
    }

    /// The entries up to a position.
    pub(crate) async fn up_to(&mut self, end: i64) -> Result<Vec<pb::LogEntry>, Status> {
        let mut events = Vec::new();
        while self.position < end {
            events.push(self.next().await?);
        }
        Ok(events)
    }
}
