//! Sends events through a stream, with a window of unanswered ones, and goes on after a break with the
//! first that has no answer: nothing is lost, the order stays, and the event ids keep what is sent
//! twice from being recorded twice.

use std::{
    collections::VecDeque,
    error::Error as _,
    io::Write,
    time::{Duration, Instant},
};

use tokio::{
    sync::mpsc::{self, Receiver},
    time::{sleep, sleep_until, timeout},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, transport::Endpoint};

use super::{lines::Line, report::Report};
use crate::{
    cli::{
        backoff::{Backoff, is_temporary, retry_delay},
        server::with_causes,
    },
    pb::{self, event_service_client::EventServiceClient, submission_result::Result as Answer},
};

/// How many events may be unanswered; the server stops reading at 1,024.
const WINDOW: usize = 1_000;

/// How long the server may leave an event unanswered before the stream counts as broken.
const SILENCE: Duration = Duration::from_secs(30);

pub(super) struct Sender<'a, 'b, W, N> {
    server: Endpoint,
    lines: Receiver<Result<Line, String>>,
    backoff: Backoff,
    report: &'a mut Report<'b, W, N>,
    /// The lines that are not dealt with yet, in order. The first one is always an event.
    unanswered: VecDeque<Line>,
    /// Why the file could not be read to its end.
    unread: Option<String>,
}

/// Why a stream ended before everything was answered.
enum Broken {
    /// A new stream may help, after a while that the server may have asked for.
    ForNow {
        why: String,
        asked_for: Option<Duration>,
    },
    ForGood(String),
}

impl<'a, 'b, W: Write, N: Write> Sender<'a, 'b, W, N> {
    pub(super) fn new(
        server: Endpoint,
        lines: Receiver<Result<Line, String>>,
        retry_for: Duration,
        report: &'a mut Report<'b, W, N>,
    ) -> Self {
        let server = server
            .connect_timeout(Duration::from_secs(5))
            .http2_keep_alive_interval(Duration::from_secs(10))
            .keep_alive_timeout(Duration::from_secs(10));
        Self {
            server,
            lines,
            backoff: Backoff::new(retry_for),
            report,
            unanswered: VecDeque::new(),
            unread: None,
        }
    }

    /// Sends every line and waits for every answer. The error says why that could not be done.
    pub(super) async fn send_all(mut self) -> Result<(), String> {
        loop {
            while self.unanswered.is_empty() {
                match self.lines.recv().await {
                    Some(line) => self.take(line)?,
                    None => return self.unread.map_or(Ok(()), Err),
                }
            }
            match self.stream().await {
                Ok(()) => {}
                // A stream may end while there is nothing to send.
                Err(Broken::ForNow { .. }) if self.unanswered.is_empty() => {}
                Err(Broken::ForNow { why, asked_for }) => {
                    let Some(pause) = self.backoff.after_failure(Instant::now(), asked_for) else {
                        return Err(self.at_first_unanswered(&why));
                    };
                    self.report.waiting(&why);
                    sleep(pause).await;
                }
                Err(Broken::ForGood(why)) => return Err(self.at_first_unanswered(&why)),
            }
        }
    }

    /// Sends through one stream until it breaks, or until the file has ended, all is answered and
    /// the server has closed the stream.
    async fn stream(&mut self) -> Result<(), Broken> {
        let mut client = EventServiceClient::connect(self.server.clone())
            .await
            .map_err(|error| {
                for_now(format!(
                    "no server at {}: {}",
                    self.server.uri(),
                    with_causes(error.to_string(), error.source())
                ))
            })?;
        // Has room for every unanswered event, so sending never waits.
        let (requests, receiver) = mpsc::channel(WINDOW);
        let mut requests = Some(requests);
        for line in &self.unanswered {
            request(&requests, line);
        }
        let opening = client.submit_events(ReceiverStream::new(receiver));
        let mut answers = timeout(SILENCE, opening)
            .await
            .map_err(|_| silent())?
            .map_err(broken)?
            .into_inner();

        let mut answered = 0;
        let mut heard = tokio::time::Instant::now();
        loop {
            let waiting = !self.unanswered.is_empty() || requests.is_none();
            tokio::select! {
                line = self.lines.recv(), if requests.is_some() && self.unanswered.len() < WINDOW => {
                    if !waiting {
                        heard = tokio::time::Instant::now();
                    }
                    match line {
                        Some(line) => {
                            let before = self.unanswered.len();
                            self.take(line).map_err(Broken::ForGood)?;
                            if let Some(line) = self.unanswered.get(before) {
                                request(&requests, line);
                            }
                        }
                        // Closes the stream from here.
                        None => requests = None,
                    }
                }
                answer = answers.message() => {
                    match answer.map_err(broken)? {
                        Some(answer) => self.settle(answer, answered)?,
                        None if requests.is_none() && self.unanswered.is_empty() => return Ok(()),
                        None => return Err(for_now("the server ended the stream early".to_owned())),
                    }
                    answered += 1;
                    heard = tokio::time::Instant::now();
                    self.backoff.reset();
                }
                () = sleep_until(heard + SILENCE), if waiting => return Err(silent()),
            }
        }
    }

    /// Takes up a line of the file.
    fn take(&mut self, line: Result<Line, String>) -> Result<(), String> {
        match line {
            Ok(line) => {
                self.unanswered.push_back(line);
                self.pass_malformed()
            }
            Err(why) => {
                self.unread = Some(why);
                Ok(())
            }
        }
    }

    /// Deals with the answer to the first unanswered event.
    fn settle(&mut self, answer: pb::SubmitEventsResponse, expected: i64) -> Result<(), Broken> {
        let Some(line) = self.unanswered.front().filter(|_| answer.index == expected) else {
            let why = format!("the server answered event {}, not {expected}", answer.index);
            return Err(Broken::ForGood(why));
        };
        match answer.result.and_then(|result| result.result) {
            Some(Answer::Receipt(receipt)) => self.report.recorded(&receipt),
            Some(Answer::Error(error)) => match error.retry_after {
                Some(after) => {
                    return Err(Broken::ForNow {
                        why: error.message,
                        asked_for: Duration::try_from(after).ok(),
                    });
                }
                None => self
                    .report
                    .refused(line.number, &error)
                    .map_err(Broken::ForGood)?,
            },
            None => return Err(Broken::ForGood("the server's answer is empty".to_owned())),
        }
        self.report.ignored(&line.submission);
        self.report.progress(line.end_bytes);
        self.unanswered.pop_front();
        self.pass_malformed().map_err(Broken::ForGood)
    }

    /// Reports the malformed lines that are next: after what is before them, so that refusals come
    /// in the order of the lines.
    fn pass_malformed(&mut self) -> Result<(), String> {
        while let Some(line) = self.unanswered.front()
            && let Err(fault) = &line.submission.event
        {
            self.report.malformed(line.number, fault)?;
            self.report.ignored(&line.submission);
            self.report.progress(line.end_bytes);
            self.unanswered.pop_front();
        }
        Ok(())
    }

    fn at_first_unanswered(&self, why: &str) -> String {
        match self.unanswered.front() {
            Some(line) => format!(
                "{why}\nThe first event without an answer is that of line {}.",
                line.number
            ),
            None => why.to_owned(),
        }
    }
}

fn request(requests: &Option<mpsc::Sender<pb::SubmitEventsRequest>>, line: &Line) {
    if let (Some(requests), Ok(event)) = (requests, &line.submission.event) {
        let event = Some(event.clone());
        // Fails only where the stream is broken, which its answers tell; the event stays unanswered.
        let _ = requests.try_send(pb::SubmitEventsRequest { event });
    }
}

fn for_now(why: String) -> Broken {
    Broken::ForNow {
        why,
        asked_for: None,
    }
}

fn silent() -> Broken {
    for_now(format!("the server was silent for {} s", SILENCE.as_secs()))
}

fn broken(status: Status) -> Broken {
    let why = match status.message() {
        "" => format!("the stream broke: {}", status.code()),
        message => format!("the stream broke: {message}"),
    };
    let why = with_causes(why, status.source());
    match is_temporary(&status) {
        true => Broken::ForNow {
            why,
            asked_for: retry_delay(&status),
        },
        false => Broken::ForGood(why),
    }
}
