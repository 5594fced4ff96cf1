//! Moments and durations, as the command line takes them and as people read them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};

/// Younger than this, a list tells an age rather than a time.
const AGE_BELOW: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A moment as the command line gives it.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    At(Timestamp),
    /// By the clock of a time zone; a date is its midnight.
    Civil(DateTime),
    /// So long ago, as a negative span.
    Ago(SpanOf),
}

/// A span of time that is compared as it was written.
#[derive(Clone, Copy, Debug)]
pub struct SpanOf(pub Span);

impl PartialEq for SpanOf {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Moment {
    /// Parses a time with an offset, a date with or without a time, or an age.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        if let Ok(at) = text.parse::<DateTime>() {
            return Ok(Self::Civil(at));
        }
        if let Ok(date) = text.parse::<Date>() {
            return Ok(Self::Civil(date.at(0, 0, 0, 0)));
        }
        match text.parse::<Span>() {
            Ok(span) if text.trim_end().ends_with("ago") => Ok(Self::Ago(SpanOf(span))),
            _ => Err(
                "it takes a time such as 2026-01-31T12:00:00Z, a date such as 2026-01-31, \
                 or an age such as 2h ago"
                    .to_owned(),
            ),
        }
    }

    /// The moment, where the clock of this zone says so.
    pub(super) fn resolve(&self, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::At(at) => Ok(*at),
            Self::Civil(at) => zone.to_timestamp(*at).map_err(|error| error.to_string()),
            Self::Ago(span) => shift(now, span.0, zone),
        }
    }
}

/// A moment moved by a span, by the calendar of a zone.
pub(super) fn shift(from: Timestamp, span: Span, zone: &TimeZone) -> Result<Timestamp, String> {
    from.to_zoned(zone.clone())
        .checked_add(span)
        .map(|moved| moved.timestamp())
        .map_err(|error| error.to_string())
}

/// Parses a span such as `30d`.
pub(super) fn span(text: &str) -> Result<SpanOf, String> {
    let takes = || "it takes a number and a unit, such as 12h, 30d or 6mo".to_owned();
    let span: Span = text.parse().map_err(|_| takes())?;
    if span.is_positive() {
        Ok(SpanOf(span))
    } else {
        Err(takes())
    }
}

/// A moment in the contract's form.
pub(super) fn pb_time(at: Timestamp) -> prost_types::Timestamp {
    let (seconds, nanos) = (at.as_second(), at.subsec_nanosecond());
    // Before 1970, jiff's second and nanosecond are both negative; the contract wants nanoseconds from 0.
    if nanos < 0 {
        prost_types::Timestamp {
            seconds: seconds - 1,
            nanos: nanos + 1_000_000_000,
        }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// A moment of the contract, where there is one and it is one.
pub(super) fn jiff_time(at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.seconds, at.nanos).ok()
}

/// A moment in a list: its age while it is young, else date and minute in UTC. Empty: there is none.
pub(super) fn when(at: Option<prost_types::Timestamp>, now: Timestamp) -> String {
    jiff_time(at).map_or_else(String::new, |at| {
        age(at, now).unwrap_or_else(|| at.strftime("%F %H:%MZ").to_string())
    })
}

/// A moment to the second in UTC, with its age while it is young. Empty: there is none.
pub(super) fn exactly(at: Option<prost_types::Timestamp>, now: Timestamp) -> String {
    jiff_time(at).map_or_else(String::new, |at| {
        let time = at.strftime("%F %TZ");
        match age(at, now) {
            Some(age) => format!("{time} ({age})"),
            None => time.to_string(),
        }
    })
}

/// How long ago it was; none where that is long, or to come.
fn age(at: Timestamp, now: Timestamp) -> Option<String> {
    let age = now.duration_since(at);
    if age < SignedDuration::ZERO || age >= AGE_BELOW {
        return None;
    }
    let (hours, minutes) = (age.as_hours(), age.as_mins());
    Some(match (hours / 24, hours, minutes) {
        (0, 0, 0) => format!("{} s ago", age.as_secs()),
        (0, 0, minutes) => format!("{minutes} min ago"),
        (0, hours, _) => format!("{hours} h ago"),
        (1, ..) => "1 day ago".to_owned(),
        (days, ..) => format!("{days} days ago"),
    })
}

/// How long something took, from one moment to another. Empty: one of them is missing.
pub(super) fn took(
    from: Option<prost_types::Timestamp>,
    to: Option<prost_types::Timestamp>,
) -> String {
    match (jiff_time(from), jiff_time(to)) {
        (Some(from), Some(to)) if from <= to => {
            let us = to.duration_since(from).as_micros();
            duration(i64::try_from(us).unwrap_or(i64::MAX))
        }
        _ => String::new(),
    }
}

/// A duration in its two largest units: `850ms`, `12.3s`, `3m 20s`, `1h 4m`, `2d 3h`.
pub(super) fn duration(us: i64) -> String {
    let duration = SignedDuration::from_micros(us);
    let two = |large: i64, large_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit} {small}{small_unit}"),
    };
    let (ms, minutes, hours) = (
        duration.as_millis(),
        duration.as_mins(),
        duration.as_hours(),
    );
    if ms < 1_000 {
        format!("{ms}ms")
    } else if ms < 60_000 {
        match ms % 1_000 / 100 {
            0 => format!("{}s", ms / 1_000),
            tenths => format!("{}.{tenths}s", ms / 1_000),
        }
    } else if minutes < 60 {
        two(minutes, "m", duration.as_secs() % 60, "s")
    } else if hours < 24 {
        two(hours, "h", minutes % 60, "m")
    } else {
        two(hours / 24, "d", hours % 24, "h")
    }
}

/// Parses how long to wait or pause: from `least` to a day.
pub(super) fn pause(text: &str, least: std::time::Duration) -> Result<std::time::Duration, String> {
    let takes =
        || format!("it takes a number and a unit, such as 5s or 30m, from {least:?} to 24h");
    let parsed: SignedDuration = text.parse().map_err(|_| takes())?;
    std::time::Duration::try_from(parsed)
        .ok()
        .filter(|pause| *pause >= least && parsed <= SignedDuration::from_hours(24))
        .ok_or_else(takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn moments_are_taken_as_times_dates_and_ages() {
        let now = at("2026-03-30T12:00:00Z");
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        for (text, utc, in_berlin) in [
            (
                "2026-01-31T12:00:00+01:00",
                "2026-01-31T11:00:00Z",
                "2026-01-31T11:00:00Z",
            ),
            ("2026-01-31", "2026-01-31T00:00:00Z", "2026-01-30T23:00:00Z"),
            (
                "2026-01-31T12:30",
                "2026-01-31T12:30:00Z",
                "2026-01-31T11:30:00Z",
            ),
            ("90min ago", "2026-03-30T10:30:00Z", "2026-03-30T10:30:00Z"),
            // Clocks were changed in that night.
            ("2d ago", "2026-03-28T12:00:00Z", "2026-03-28T13:00:00Z"),
        ] {
            let moment = Moment::parse(text).unwrap();
            assert_eq!(moment.resolve(&TimeZone::UTC, now), Ok(at(utc)), "{text}");
            assert_eq!(moment.resolve(&berlin, now), Ok(at(in_berlin)), "{text}");
        }
        for text in ["", "yesterday", "2h", "2026-13-01", "1767225600"] {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_positive() {
        assert_eq!(span("30d"), Ok(SpanOf(Span::new().days(30))));
        for text in ["-30d", "0d", "30", "", "2h ago"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_survive_the_contract() {
        for text in ["1969-12-31T23:59:59.25Z", "2026-01-31T12:00:00.000001Z"] {
            assert_eq!(jiff_time(Some(pb_time(at(text)))), Some(at(text)));
        }
        assert_eq!(pb_time(at("1969-12-31T23:59:59.25Z")).nanos, 250_000_000);
    }

    #[test]
    fn what_is_young_has_an_age() {
        let now = at("2026-03-30T12:00:00Z");
        for (text, shown) in [
            ("2026-03-30T11:59:18Z", "42 s ago"),
            ("2026-03-30T11:58:00Z", "2 min ago"),
            ("2026-03-29T13:00:00Z", "23 h ago"),
            ("2026-03-29T11:00:00Z", "1 day ago"),
            ("2026-03-24T11:00:00Z", "6 days ago"),
            ("2026-03-23T12:00:00Z", "2026-03-23 12:00Z"),
            ("2026-03-30T12:00:01Z", "2026-03-30 12:00Z"),
        ] {
            assert_eq!(when(Some(pb_time(at(text))), now), shown);
        }
        let minute = Some(pb_time(at("2026-03-30T11:58:00Z")));
        assert_eq!(exactly(minute, now), "2026-03-30 11:58:00Z (2 min ago)");
        assert_eq!(when(None, now), "");
    }

    #[test]
    fn durations_have_two_units() {
        for (us, shown) in [
            (0, "0ms"),
            (850_999, "850ms"),
            (1_000_000, "1s"),
            (12_345_000, "12.3s"),
            (59_999_999, "59.9s"),
            (60_000_000, "1m"),
            (200_000_000, "3m 20s"),
            (3_840_000_000, "1h 4m"),
            (183_600_000_000, "2d 3h"),
        ] {
            assert_eq!(duration(us), shown);
        }
    }

    #[test]
    fn pauses_have_limits() {
        let second = std::time::Duration::from_secs(1);
        assert_eq!(pause("1s", second), Ok(second));
        for text in ["999ms", "25h", "-5s", "5", ""] {
            assert!(pause(text, second).is_err(), "{text}");
        }
    }
}
