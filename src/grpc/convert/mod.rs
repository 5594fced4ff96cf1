//! Between the messages of the contract and the domain.

mod event;
mod matrix;
mod metadata;
mod readiness;
mod view;

pub(super) use matrix::differs;
use prost_types::Timestamp;
pub(super) use readiness::readiness;
pub(super) use view::{View, receipt};

use crate::{
    domain::{
        deployment::DeploymentClass,
        environment::EnvironmentType,
        event::Given,
        query::VersionOrder,
        resource::EntryType,
        rules::YEARS,
        statistics::{Grouping, TrendBucket},
        status::{CheckKind, Status},
    },
    pb,
};

/// Microseconds of a timestamp. Finer parts are dropped.
pub(super) fn micros(at: Timestamp) -> Result<i64, String> {
    if !(0..1_000_000_000).contains(&at.nanos) {
        return Err(format!(
            "must have nanos from 0 to 999999999 (has {})",
            at.nanos
        ));
    }
    at.seconds
        .checked_mul(1_000_000)
        .and_then(|us| us.checked_add(i64::from(at.nanos) / 1_000))
        .ok_or_else(|| YEARS.to_owned())
}

pub(super) fn timestamp(at_us: i64) -> Timestamp {
    Timestamp {
        seconds: at_us.div_euclid(1_000_000),
        nanos: (at_us.rem_euclid(1_000_000) * 1_000) as i32,
    }
}

/// The value of an enum's number. 0 is not set; an unknown number is an error that says what is allowed.
fn known<T>(number: i32, parsed: Option<T>, allowed: &str) -> Given<T> {
    match (number, parsed) {
        (0, _) => None,
        (_, Some(value)) => Some(Ok(value)),
        (_, None) => Some(Err(format!("must be {allowed} (is {number})"))),
    }
}

/// The status of a build. The states of builds and of deployments have the same numbers.
pub(super) fn build_status(number: i32) -> Given<Status> {
    known(
        number,
        Status::from_code(number.into()),
        "1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted)",
    )
}

pub(super) fn deployment_status(number: i32) -> Given<Status> {
    build_status(number)
}

pub(super) fn deployment_class(number: i32) -> Given<DeploymentClass> {
    known(
        number,
        DeploymentClass::from_code(number.into()),
        "1 (first), 2 (upgrade), 3 (downgrade), 4 (redeploy) or 5 (rollback)",
    )
}

pub(super) fn check_status(number: i32) -> Given<Status> {
    known(
        number,
        Status::from_code(number.into()),
        "1 (queued), 2 (running), 3 (passed), 4 (failed) or 5 (skipped)",
    )
}

pub(super) fn check_kind(number: i32) -> Given<CheckKind> {
    known(
        number,
        CheckKind::from_code(number.into()),
        "1 (test), 2 (security scan), 3 (approval) or 4 (custom)",
    )
}

pub(super) fn environment_type(number: i32) -> Given<EnvironmentType> {
    known(
        number,
        EnvironmentType::from_code(number.into()),
        "1 (dev), 2 (test), 3 (staging), 4 (production) or 5 (other)",
    )
}

pub(super) fn entry_type(number: i32) -> Given<EntryType> {
    known(
        number,
        EntryType::from_code(number.into()),
        "1 (version event), 2 (deployment event), 3 (check event), 4 (product updated), \
         5 (product deleted), 6 (environment updated) or 7 (environment deleted)",
    )
}

pub(super) fn version_order(number: i32) -> Given<VersionOrder> {
    let order = match pb::VersionOrder::try_from(number) {
        Ok(pb::VersionOrder::NewestFirst) => Some(VersionOrder::NewestFirst),
        Ok(pb::VersionOrder::OldestFirst) => Some(VersionOrder::OldestFirst),
        Ok(pb::VersionOrder::HighestFirst) => Some(VersionOrder::HighestFirst),
        Ok(pb::VersionOrder::Unspecified) | Err(_) => None,
    };
    known(
        number,
        order,
        "1 (newest first), 2 (oldest first) or 3 (highest first)",
    )
}

/// The status of a finished build, which alone may have a duration.
pub(super) fn finished_status(number: i32) -> Given<Status> {
    known(
        number,
        Status::from_code(number.into()).filter(|status| status.is_finished()),
        "3 (completed), 4 (failed) or 5 (aborted)",
    )
}

pub(super) fn grouping(number: i32) -> Given<Grouping> {
    let grouping = match pb::BuildGrouping::try_from(number) {
        Ok(pb::BuildGrouping::Product) => Some(Grouping::Product),
        Ok(pb::BuildGrouping::Branch) => Some(Grouping::Branch),
        Ok(pb::BuildGrouping::SourceSystem) => Some(Grouping::SourceSystem),
        Ok(pb::BuildGrouping::Unspecified) | Err(_) => None,
    };
    known(
        number,
        grouping,
        "1 (product), 2 (branch) or 3 (source system)",
    )
}

pub(super) fn trend_bucket(number: i32) -> Given<TrendBucket> {
    let bucket = match pb::TrendBucket::try_from(number) {
        Ok(pb::TrendBucket::Hour) => Some(TrendBucket::Hour),
        Ok(pb::TrendBucket::Day) => Some(TrendBucket::Day),
        Ok(pb::TrendBucket::Week) => Some(TrendBucket::Week),
        Ok(pb::TrendBucket::Month) => Some(TrendBucket::Month),
        Ok(pb::TrendBucket::Unspecified) | Err(_) => None,
    };
    known(number, bucket, "1 (hour), 2 (day), 3 (week) or 4 (month)")
}

fn given_attempt(attempt: i32) -> Given<i64> {
    (attempt != 0).then(|| Ok(attempt.into()))
}

fn attempt(attempt: Option<i64>) -> i32 {
    attempt.and_then(|n| n.try_into().ok()).unwrap_or(0)
}

fn code(status: Status) -> i32 {
    status.code() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r9_times_keep_microseconds() {
        let at = Timestamp {
            seconds: 1_700_000_000,
            nanos: 123_456_789,
        };
        let us = micros(at).unwrap();
        assert_eq!(us, 1_700_000_000_123_456);
        assert_eq!(timestamp(us).nanos, 123_456_000);
        assert_eq!(timestamp(-1).seconds, -1);
        let absurd = |seconds, nanos| micros(Timestamp { seconds, nanos });
        assert!(absurd(i64::MAX, 0).is_err() && absurd(0, -1).is_err());
    }
}
