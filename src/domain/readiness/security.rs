//! Whether the findings of the security scans are within the limits, each scan by
//! itself (R17).

use super::{CheckState, Condition, ConditionType, Reason};
use crate::domain::{
    requirements::SecurityLimits,
    status::{CheckKind, Status},
};

const KIND: ConditionType = ConditionType::SecurityWithinLimits;
const SCAN: &str = "run a security scan and report it with its counts";

/// A scan that exceeds a limit counts, whatever the other scans say; otherwise the
/// scans whose result is not known.
pub(super) fn within_limits(
    limits: &SecurityLimits,
    checks: &[CheckState],
    now_us: i64,
) -> Condition {
    let scans: Vec<&CheckState> = checks
        .iter()
        .filter(|check| check.kind == Some(CheckKind::SecurityScan))
        .collect();
    let (known, unknown_scans): (Vec<&CheckState>, Vec<&CheckState>) = scans
        .iter()
        .partition(|scan| has_result(scan) && !scan.has_expired(now_us));

    let exceeding: Vec<(&CheckState, String)> = known
        .iter()
        .filter_map(|scan| Some((*scan, excess(limits, scan)?)))
        .collect();
    if let Some((first, _)) = exceeding.first() {
        let messages: Vec<&str> = exceeding.iter().map(|(_, text)| text.as_str()).collect();
        return Condition::new(KIND, Reason::LimitExceeded, messages.join("; "))
            .with_evidence(first)
            .remedy("fix the findings and run the scan again, or deploy another version");
    }
    if scans.is_empty() {
        let message = "there are limits for security findings, but no security scan was reported";
        return Condition::new(KIND, Reason::ScanAbsent, message).remedy(SCAN);
    }
    if let Some(condition) = unknown_scans
        .iter()
        .map(|scan| unknown(scan))
        .min_by_key(rank)
    {
        return condition;
    }
    let absent: Vec<&str> = limits
        .by_severity()
        .map(|(severity, _)| severity)
        .filter(|severity| !known.iter().any(|scan| scan.counts.contains_key(*severity)))
        .collect();
    if !absent.is_empty() {
        let message = format!(
            "no security scan reports the count of {}",
            absent.join(", ")
        );
        let condition = Condition::new(KIND, Reason::CountAbsent, message).remedy(SCAN);
        return match known[..] {
            [only] => condition.with_evidence(only),
            _ => condition,
        };
    }
    let within: Vec<String> = known
        .iter()
        .filter_map(|scan| findings(limits, scan))
        .collect();
    let condition = Condition::new(KIND, Reason::WithinLimits, within.join("; "));
    match (&known[..], known.iter().max_by_key(|scan| scan.since_us)) {
        ([only], _) => condition.with_evidence(only),
        (_, Some(latest)) => Condition {
            check_name: None,
            ..condition.with_evidence(latest)
        },
        (_, None) => condition,
    }
}

/// Whether it has finished with a result.
fn has_result(scan: &CheckState) -> bool {
    matches!(scan.status, Status::Completed | Status::Failed)
}

fn unknown(scan: &CheckState) -> Condition {
    let condition = |reason, what: &str| {
        let message = format!("security scan {} {what}", scan.name);
        Condition::new(KIND, reason, message).with_evidence(scan)
    };
    match scan.status {
        Status::Pending => {
            condition(Reason::ScanRunning, "is queued").remedy("wait for the scan to finish")
        }
        Status::Started => {
            condition(Reason::ScanRunning, "is running").remedy("wait for the scan to finish")
        }
        Status::Aborted => condition(Reason::ScanSkipped, "was skipped").remedy("run the scan"),
        Status::Completed | Status::Failed => condition(Reason::ScanExpired, "has expired")
            .since(scan.expires_at_us)
            .remedy("run the scan again"),
    }
}

/// Of several unknown scans, the one that needs most work is reported.
fn rank(condition: &Condition) -> u8 {
    match condition.reason {
        Reason::ScanExpired => 0,
        Reason::ScanSkipped => 1,
        _ => 2,
    }
}

/// The findings of a scan that exceed a limit.
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
