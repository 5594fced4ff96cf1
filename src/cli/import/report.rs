//! The results of the events: counts, a line for each refused event, notices, the progress bar.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Write},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::submission::Submission;
use crate::{cli::server::one_line, json_input::IgnoredField, pb};

/// At most this many fields that were ignored are named.
const MAX_IGNORED_KINDS: usize = 100;

/// As many refusals are printed; the others are only counted.
pub const MAX_PRINTED: u64 = 1_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accepted: u64,
    pub duplicate: u64,
    pub refused: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            accepted,
            duplicate,
            refused,
        } = self;
        write!(
            f,
            "{accepted} accepted, {duplicate} duplicate, {refused} refused"
        )
    }
}

/// Why not all events were sent, and the results so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    pub counts: Counts,
    pub why: String,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "could not send everything: {}\nRunning it again is safe: what was recorded is not recorded twice.",
            self.why
        )
    }
}

impl std::error::Error for Stopped {}

/// Collects the results of the events, in their order.
pub(super) struct Report<'a, W, N> {
    counts: Counts,
    results: W,
    notices: N,
    /// How often each field of each type of event was ignored.
    ignored: BTreeMap<(&'static str, IgnoredField), u64>,
    reader_left: bool,
    bar: &'a ProgressBar,
}

impl<'a, W: Write, N: Write> Report<'a, W, N> {
    pub(super) fn new(results: W, notices: N, bar: &'a ProgressBar) -> Self {
        Self {
            counts: Counts::default(),
            results,
            notices,
            ignored: BTreeMap::new(),
            reader_left: false,
            bar,
        }
    }

    /// Starts the progress bar, of a file of this size where that is known.
    pub(super) fn begin(&self, size_bytes: Option<u64>) {
        let template = match size_bytes {
            Some(_) => "{wide_bar} {percent}% of {total_bytes}, {eta} left: {msg}",
            None => "{spinner} {bytes} read: {msg}",
        };
        // The templates are constant; the plain bar would do as well.
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
        if let Some(size_bytes) = size_bytes {
            self.bar.set_length(size_bytes);
        }
    }

    /// Shows how much of the file is dealt with.
    pub(super) fn progress(&self, end_bytes: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(self.counts.to_string());
            self.bar.set_position(end_bytes);
        }
    }

    /// Shows that the server is waited for.
    pub(super) fn waiting(&self, why: &str) {
        self.bar
            .set_message(format!("trying again: {}", one_line(why)));
    }

    pub(super) fn recorded(&mut self, receipt: &pb::EventReceipt) {
        if receipt.duplicate {
            self.counts.duplicate += 1;
        } else {
            self.counts.accepted += 1;
        }
    }

    /// Notes the fields of a line that were ignored.
    pub(super) fn ignored(&mut self, line: &Submission) {
        for field in line.ignored_fields.iter() {
            let key = (line.event_type, field.clone());
            if self.ignored.len() < MAX_IGNORED_KINDS || self.ignored.contains_key(&key) {
                *self.ignored.entry(key).or_default() += 1;
            }
        }
    }

    /// Notes that a line was not sent: it is malformed.
    pub(super) fn malformed(&mut self, line: u64, fault: &str) -> Result<(), String> {
        self.refuse(line, "INVALID_FIELD", fault)
    }

    /// Notes that the server refused an event.
    pub(super) fn refused(&mut self, line: u64, error: &pb::SubmissionError) -> Result<(), String> {
        let name = match error.reason() {
            // A newer server may have reasons that this program does not know.
            pb::ErrorReason::Unspecified => &format!("reason {}", error.reason),
            reason => reason.as_str_name().trim_start_matches("ERROR_REASON_"),
        };
        let mut message = error.message.clone();
        for violation in &error.field_violations {
            if !message.contains(&violation.description) {
                let pb::FieldViolation { field, description } = violation;
                message.push_str(&format!("; {field} {description}"));
            }
        }
        self.refuse(line, name, &message)
    }

    /// Prints the counts, and returns them with the outcome.
    pub(super) fn end(mut self, sent: Result<(), String>) -> Result<Counts, Stopped> {
        let counts = self.counts;
        let printed = self.print(&counts.to_string());
        self.notice_ignored();
        sent.and(printed)
            .map(|()| counts)
            .map_err(|why| Stopped { counts, why })
    }

    /// Names each ignored field once, with the number of its events.
    fn notice_ignored(&mut self) {
        for ((event_type, ignored), count) in std::mem::take(&mut self.ignored) {
            let field = one_line(&ignored.field);
            let events = if count == 1 { "event" } else { "events" };
            let meant = ignored
                .did_you_mean
                .map_or_else(String::new, |field| format!("; did you mean {field}?"));
            let line =
                format!("ignored in {count} {events}: {event_type} has no field {field}{meant}");
            // If standard error is closed, nobody can read the notice.
            let notices = &mut self.notices;
            let _ = self.bar.suspend(|| writeln!(notices, "{line}"));
        }
    }

    fn refuse(&mut self, line: u64, reason: &str, message: &str) -> Result<(), String> {
        self.counts.refused += 1;
        if self.counts.refused <= MAX_PRINTED {
            self.print(&format!("line {line}: {reason}: {}", one_line(message)))?;
        }
        if self.counts.refused == MAX_PRINTED + 1 {
            self.print("further refusals are only counted")?;
        }
        Ok(())
    }

    /// Prints a line. Where nobody reads any more (`… | head`), nothing is printed, and the import
    /// goes on.
    fn print(&mut self, line: &str) -> Result<(), String> {
        if self.reader_left {
            return Ok(());
        }
        let Self { results, bar, .. } = self;
        let written = bar.suspend(|| writeln!(results, "{line}").and_then(|()| results.flush()));
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.reader_left = true,
            written => written.map_err(|e| format!("could not write the results: {e}"))?,
        }
        Ok(())
    }
}
