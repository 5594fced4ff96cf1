//! What became of the events: counts, a line for each refusal, the progress bar, the last words.

use std::fmt;
use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

use super::super::server::one_line;
use crate::pb;

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

/// Why not everything was sent, and how far it came.
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

/// Collects what became of the events, in their order.
pub(super) struct Report<'a, W> {
    counts: Counts,
    results: W,
    reader_left: bool,
    bar: &'a ProgressBar,
}

impl<'a, W: Write> Report<'a, W> {
    pub(super) fn new(results: W, bar: &'a ProgressBar) -> Self {
        Self {
            counts: Counts::default(),
            results,
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

    /// Notes that a line was not sent: it is malformed.
    pub(super) fn malformed(&mut self, line: u64, fault: &str) -> Result<(), String> {
        self.refuse(line, "INVALID_FIELD", fault)
    }

    /// Notes what the server has against an event.
    pub(super) fn refused(&mut self, line: u64, error: &pb::SubmissionError) -> Result<(), String> {
        let name = match error.reason() {
            // Of a server that is newer than this program, perhaps.
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
        sent.and(printed)
            .map(|()| counts)
            .map_err(|why| Stopped { counts, why })
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
