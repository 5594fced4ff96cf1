//! Whether the findings of the security scans are within the limits, each scan by
//! itself (R17).

use super::{CheckState, Condition, ConditionType, Reason};
use crate::domain::{
    requirements::SecurityLimits,
    status::{CheckKind, Status},
};

const KIND: ConditionType = ConditionType::SecurityWithinLimits;
const SCAN: &str = "scan the version for security findings, and report the scan with its counts";

/// What exceeds a limit counts, however the other scans stand; else what is not
/// known about any of them.
pub(super) fn within_limits(
    limits: &SecurityLimits,
    checks: &[CheckState],
    now_us: i64,
) -> Condition {
    let scans: Vec<&CheckState> = checks
        .iter()
        .filter(|check| check.kind == Some(CheckKind::SecurityScan))
        .collect();
    let (told, untold): (Vec<&CheckState>, Vec<&CheckState>) = scans
        .iter()
        .partition(|scan| is_told(scan) && !scan.has_expired(now_us));

    let exceeding: Vec<(&CheckState, String)> = told
        .iter()
        .filter_map(|scan| Some((*scan, excess(limits, scan)?)))
        .collect();
    if let Some((first, _)) = exceeding.first() {
        let messages: Vec<&str> = exceeding.iter().map(|(_, text)| text.as_str()).collect();
        return Condition::new(KIND, Reason::LimitExceeded, messages.join("; "))
            .shown_by(first)
            .remedy("mend the findings and scan again, or deploy another version");
    }
    if scans.is_empty() {
        let message = "there are limits, and no security scan has been reported";
        return Condition::new(KIND, Reason::ScanAbsent, message).remedy(SCAN);
    }
    if let Some(condition) = untold.iter().map(|scan| unknown(scan)).min_by_key(rank) {
        return condition;
    }
    let absent: Vec<&str> = limits
        .by_severity()
        .map(|(severity, _)| severity)
        .filter(|severity| !told.iter().any(|scan| scan.counts.contains_key(*severity)))
        .collect();
    if !absent.is_empty() {
        let message = format!("no security scan tells the count of {}", absent.join(", "));
        let condition = Condition::new(KIND, Reason::CountAbsent, message).remedy(SCAN);
        return match told[..] {
            [only] => condition.shown_by(only),
            _ => condition,
        };
    }
    let within: Vec<String> = told
        .iter()
        .filter_map(|scan| findings(limits, scan))
        .collect();
    let condition = Condition::new(KIND, Reason::WithinLimits, within.join("; "));
    match (&told[..], told.iter().max_by_key(|scan| scan.since_us)) {
        ([only], _) => condition.shown_by(only),
        (_, Some(latest)) => Condition {
            check_name: None,
            ..condition.shown_by(latest)
        },
        (_, None) => condition,
    }
}

/// It has finished, and says what it found.
fn is_told(scan: &CheckState) -> bool {
    matches!(scan.status, Status::Completed | Status::Failed)
}

fn unknown(scan: &CheckState) -> Condition {
    let told = |reason, what: &str| {
        let message = format!("security scan {} {what}", scan.name);
        Condition::new(KIND, reason, message).shown_by(scan)
    };
    match scan.status {
        Status::Pending => told(Reason::ScanRunning, "is queued").remedy("wait for it to finish"),
        Status::Started => told(Reason::ScanRunning, "is running").remedy("wait for it to finish"),
        Status::Aborted => told(Reason::ScanSkipped, "was skipped").remedy("run it"),
        Status::Completed | Status::Failed => told(Reason::ScanExpired, "has expired")
            .since(scan.expires_at_us)
            .remedy("run it again"),
    }
}

/// Of several that are unknown, the one is told that somebody has to do most about.
fn rank(condition: &Condition) -> u8 {
    match condition.reason {
        Reason::ScanExpired => 0,
        Reason::ScanSkipped => 1,
        _ => 2,
    }
}

/// What a scan found that a limit does not allow.
fn excess(limits: &SecurityLimits, scan: &CheckState) -> Option<String> {
    list(scan, limits, |count, limit| count > limit)
}

fn findings(limits: &SecurityLimits, scan: &CheckState) -> Option<String> {
    list(scan, limits, |_, _| true)
}

fn list(
    scan: &CheckState,
    limits: &SecurityLimits,
    wanted: impl Fn(i64, i64) -> bool,
) -> Option<String> {
    let found: Vec<String> = limits
        .by_severity()
        .filter_map(|(severity, limit)| Some((severity, limit, *scan.counts.get(severity)?)))
        .filter(|(_, limit, count)| wanted(*count, *limit))
        .map(|(severity, limit, count)| format!("{count} {severity} (limit {limit})"))
        .collect();
    (!found.is_empty()).then(|| format!("security scan {} found {}", scan.name, found.join(", ")))
}
