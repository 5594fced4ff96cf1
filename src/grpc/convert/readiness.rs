//! Readiness as the contract shows it.

use super::{View, timestamp};
use crate::{
    domain::{
        id::Kind,
        readiness::{Condition, ConditionStatus, ConditionType, EvidenceId, Readiness, Reason},
        requirements::SecurityLimits,
    },
    pb,
};

impl View {
    pub(in crate::grpc) fn condition(&self, c: &Condition) -> pb::Condition {
        pb::Condition {
            condition_type: condition_type(c.kind).into(),
            status: condition_status(c.reason.status()).into(),
            reason: condition_reason(c.reason).into(),
            message: c.message.clone(),
            since: c.since_us.map(timestamp),
            evidence_id: match c.evidence {
                Some(EvidenceId::Build(id)) => self.ids.format(Kind::Build, id),
                Some(EvidenceId::Check(id)) => self.ids.format(Kind::Check, id),
                None => String::new(),
            },
            evidence_url: c.evidence_url.clone().unwrap_or_default(),
            remedy: c.remedy.to_owned(),
            check_name: c.check_name.clone().unwrap_or_default(),
        }
    }
}

pub(in crate::grpc) fn readiness(readiness: Readiness) -> i32 {
    match readiness {
        Readiness::Ready => pb::Readiness::Ready,
        Readiness::NotReady => pb::Readiness::NotReady,
        Readiness::Unknown => pb::Readiness::Unknown,
    }
    .into()
}

pub(super) fn security_limits(limits: SecurityLimits) -> pb::SecurityLimits {
    pb::SecurityLimits {
        critical: limits.critical,
        high: limits.high,
        medium: limits.medium,
        low: limits.low,
    }
}

fn condition_type(kind: ConditionType) -> pb::ConditionType {
    match kind {
        ConditionType::BuildCompleted => pb::ConditionType::BuildCompleted,
        ConditionType::NoCheckFailed => pb::ConditionType::NoCheckFailed,
        ConditionType::RequiredCheckPassed => pb::ConditionType::RequiredCheckPassed,
        ConditionType::SecurityWithinLimits => pb::ConditionType::SecurityWithinLimits,
    }
}

fn condition_status(status: ConditionStatus) -> pb::ConditionStatus {
    match status {
        ConditionStatus::True => pb::ConditionStatus::True,
        ConditionStatus::False => pb::ConditionStatus::False,
        ConditionStatus::Unknown => pb::ConditionStatus::Unknown,
    }
}

fn condition_reason(reason: Reason) -> pb::ConditionReason {
    match reason {
        Reason::BuildCompleted => pb::ConditionReason::BuildCompleted,
        Reason::BuildFailed => pb::ConditionReason::BuildFailed,
        Reason::BuildAborted => pb::ConditionReason::BuildAborted,
        Reason::BuildUnfinished => pb::ConditionReason::BuildUnfinished,
        Reason::NoBuild => pb::ConditionReason::NoBuild,
        Reason::NoCheckFailed => pb::ConditionReason::NoCheckFailed,
        Reason::CheckFailed => pb::ConditionReason::CheckFailed,
        Reason::CheckPassed => pb::ConditionReason::CheckPassed,
        Reason::CheckAbsent => pb::ConditionReason::CheckAbsent,
        Reason::CheckRunning => pb::ConditionReason::CheckRunning,
        Reason::CheckExpired => pb::ConditionReason::CheckExpired,
        Reason::CheckSkipped => pb::ConditionReason::CheckSkipped,
        Reason::WithinLimits => pb::ConditionReason::WithinLimits,
        Reason::LimitExceeded => pb::ConditionReason::LimitExceeded,
        Reason::ScanAbsent => pb::ConditionReason::ScanAbsent,
        Reason::ScanRunning => pb::ConditionReason::ScanRunning,
        Reason::ScanExpired => pb::ConditionReason::ScanExpired,
        Reason::ScanSkipped => pb::ConditionReason::ScanSkipped,
        Reason::CountAbsent => pb::ConditionReason::CountAbsent,
    }
}
