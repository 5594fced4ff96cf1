//! Times, spans and durations as arguments of the command line.

use jiff::{
    SignedDuration, Span, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use super::moment::duration;

/// A time that is given in one of several forms.
#[derive(Clone, Debug, PartialEq)]
pub enum TimeArg {
    At(Timestamp),
    /// A time of some time zone; a date is its midnight.
    Civil(DateTime),
    /// An age, as a negative span.
    Ago(SpanArg),
}

/// A span of time. Two are equal if they were written alike.
#[derive(Clone, Copy, Debug)]
pub struct SpanArg(pub Span);

impl PartialEq for SpanArg {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl TimeArg {
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
            Ok(span) if text.trim_end().ends_with("ago") => Ok(Self::Ago(SpanArg(span))),
            _ => Err(
                "it takes a time such as 2026-01-31T12:00:00Z, a date such as 2026-01-31, \
                 or an age such as 2h ago"
                    .to_owned(),
            ),
        }
    }

    /// The moment; a time without an offset is one of this time zone.
    pub(super) fn resolve(&self, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, String> {
        match self {
            Self::At(at) => Ok(*at),
            Self::Civil(at) => zone.to_timestamp(*at).map_err(|error| error.to_string()),
            Self::Ago(span) => shift(now, span.0, zone),
        }
    }
}

/// A moment moved by a span in the calendar of a time zone.
pub(super) fn shift(from: Timestamp, span: Span, zone: &TimeZone) -> Result<Timestamp, String> {
    from.to_zoned(zone.clone())
        .checked_add(span)
        .map(|moved| moved.timestamp())
        .map_err(|error| error.to_string())
}

/// Parses a span such as `30d`.
pub(super) fn span(text: &str) -> Result<SpanArg, String> {
    let takes = || "it takes a number and a unit, such as 12h, 30d or 6mo".to_owned();
    let span: Span = text.parse().map_err(|_| takes())?;
    if span.is_positive() {
        Ok(SpanArg(span))
    } else {
        Err(takes())
    }
}

/// Parses a duration from `least` to a day.
pub(super) fn pause(text: &str, least: std::time::Duration) -> Result<std::time::Duration, String> {
    let least_us = i64::try_from(least.as_micros()).unwrap_or(i64::MAX);
    let least_text = duration(least_us);
    let takes =
        || format!("it takes a number and a unit, such as 5s or 30m, from {least_text} to 24h");
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
    fn times_dates_and_ages_are_accepted() {
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
            // The clocks changed in that night.
            ("2d ago", "2026-03-28T12:00:00Z", "2026-03-28T13:00:00Z"),
        ] {
            let time = TimeArg::parse(text).unwrap();
            assert_eq!(time.resolve(&TimeZone::UTC, now), Ok(at(utc)), "{text}");
            assert_eq!(time.resolve(&berlin, now), Ok(at(in_berlin)), "{text}");
        }
        for text in ["", "yesterday", "2h", "2026-13-01", "1767225600"] {
            assert!(TimeArg::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_positive() {
        assert_eq!(span("30d"), Ok(SpanArg(Span::new().days(30))));
        for text in ["-30d", "0d", "30", "", "2h ago"] {
            assert!(span(text).is_err(), "{text}");
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
