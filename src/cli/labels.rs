//! The words and marks that people see for what the contract has as numbers.

use crate::pb::{self, Words};

use super::style::Style;

/// The word of a number, with spaces; empty where nothing is given.
pub(super) fn label<W: Words>(number: i32) -> String {
    match (W::word(number), number) {
        (Some(word), _) => word.replace('_', " "),
        (None, 0) => String::new(),
        // Of a server that is newer than this program, perhaps.
        (None, number) => format!("number {number}"),
    }
}

/// A build's or deployment's status with its mark.
pub(super) fn status(number: i32, stale: bool) -> String {
    if stale {
        return Style::Open.paint("? stale");
    }
    let (mark, style) = match pb::BuildStatus::try_from(number) {
        Ok(pb::BuildStatus::Completed) => ("✓", Style::Good),
        Ok(pb::BuildStatus::Failed) => ("✗", Style::Bad),
        Ok(pb::BuildStatus::Started) => ("→", Style::Open),
        Ok(pb::BuildStatus::Aborted) => ("–", Style::Faint),
        Ok(pb::BuildStatus::Pending) => ("·", Style::Faint),
        Ok(pb::BuildStatus::Unspecified) | Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::BuildStatus>(number)))
}

/// The status of a version's latest build with its mark.
pub(super) fn version_status(version: &pb::Version) -> String {
    match version.status {
        Some(number) => status(number, version.stale),
        None => Style::Faint.paint("not built"),
    }
}

/// A check's status with its mark.
pub(super) fn check_status(number: i32, stale: bool) -> String {
    if stale {
        return Style::Open.paint("? stale");
    }
    let (mark, style) = match pb::CheckStatus::try_from(number) {
        Ok(pb::CheckStatus::Passed) => ("✓", Style::Good),
        Ok(pb::CheckStatus::Failed) => ("✗", Style::Bad),
        Ok(pb::CheckStatus::Running) => ("→", Style::Open),
        Ok(pb::CheckStatus::Skipped) => ("–", Style::Faint),
        Ok(pb::CheckStatus::Queued) => ("·", Style::Faint),
        Ok(pb::CheckStatus::Unspecified) | Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::CheckStatus>(number)))
}

/// A verdict with its mark.
pub(super) fn readiness(number: i32) -> String {
    let (mark, style) = match pb::Readiness::try_from(number) {
        Ok(pb::Readiness::Ready) => ("✓", Style::Good),
        Ok(pb::Readiness::NotReady) => ("✗", Style::Bad),
        Ok(pb::Readiness::Unknown) => ("?", Style::Open),
        Ok(pb::Readiness::Unspecified) => return String::new(),
        Err(_) => ("?", Style::Plain),
    };
    style.paint(&format!("{mark} {}", label::<pb::Readiness>(number)))
}

/// A commit as far as a list needs it.
pub(super) fn short_sha(sha: &str) -> &str {
    sha.char_indices()
        .nth(SHORT_SHA)
        .map_or(sha, |(end, _)| &sha[..end])
}

/// As many characters of a commit are shown in lists.
const SHORT_SHA: usize = 12;
