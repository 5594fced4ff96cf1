//! `SubmitEvents`: events go to the writer in their order while earlier ones wait
//! for their answers. The answers have the same order.

use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, Streaming};

use super::{
    error::Problem,
    event::{parse_submission, storage_forgot, submission_result},
};
use crate::{
    domain::{rules::REQUIRED, violation::Violation},
    pb::{self, ErrorReason},
    storage::{Answer, Pending, Store},
};

/// How many events may wait for their answers.
const WINDOW: usize = 1_024;
/// Answers on their way out.
const ANSWERS: usize = 128;

/// The answer to a message, or what it waits for.
enum Waiting {
    Rejected(Problem),
    Submitted(Pending, String),
    /// The stream ends with this.
    End(Status),
}

pub(super) fn start(
    store: Store,
    messages: Streaming<pb::SubmitEventsRequest>,
    streams_end: CancellationToken,
) -> impl Stream<Item = Result<pb::SubmitEventsResponse, Status>> + Send {
    let (waiting, to_answer) = mpsc::channel(WINDOW);
    let (answers, stream) = mpsc::channel(ANSWERS);
    tokio::spawn(read(store, messages, waiting, streams_end));
    tokio::spawn(answer(to_answer, answers));
    ReceiverStream::new(stream)
}

async fn read(
    store: Store,
    mut messages: Streaming<pb::SubmitEventsRequest>,
    waiting: mpsc::Sender<Waiting>,
    streams_end: CancellationToken,
) {
    loop {
        let message = tokio::select! {
            message = messages.message() => message,
            () = streams_end.cancelled() => Err(shutting_down()),
            () = waiting.closed() => return,
        };
        let next = match message {
            Ok(Some(message)) => submit(&store, message).await,
            Ok(None) => return,
            Err(status) => Waiting::End(status),
        };
        let ends = matches!(next, Waiting::End(_));
        if waiting.send(next).await.is_err() || ends {
            return;
        }
    }
}

async fn submit(store: &Store, message: pb::SubmitEventsRequest) -> Waiting {
    let parsed = match message.event {
        Some(submission) => parse_submission(submission, "event"),
        None => Err(Problem::invalid(vec![Violation {
            field: "event".to_owned(),
            description: REQUIRED.to_owned(),
        }])),
    };
    match parsed {
        Ok((event, path)) => {
            Waiting::Submitted(store.enqueue(vec![event], Answer::Receipt).await, path)
        }
        Err(problem) => Waiting::Rejected(problem),
    }
}

async fn answer(
    mut waiting: mpsc::Receiver<Waiting>,
    answers: mpsc::Sender<Result<pb::SubmitEventsResponse, Status>>,
) {
    let mut index = 0;
    while let Some(next) = waiting.recv().await {
        let result = match next {
            Waiting::Rejected(problem) => Err(problem),
            Waiting::Submitted(pending, path) => match pending.outcomes().await.pop() {
                Some(outcome) => outcome.map_err(|error| Problem::from(error).below(&path)),
                None => Err(storage_forgot()),
            },
            Waiting::End(status) => {
                // The client may be gone already.
                let _ = answers.send(Err(status)).await;
                return;
            }
        };
        let response = pb::SubmitEventsResponse {
            index,
            result: Some(submission_result(result)),
        };
        if answers.send(Ok(response)).await.is_err() {
            return;
        }
        index += 1;
    }
}

fn shutting_down() -> Status {
    Problem::new(
        Code::Unavailable,
        ErrorReason::ShuttingDown,
        "this server is shutting down; open the stream again and send the events that were not \
         acknowledged",
    )
    .retry()
    .into()
}
