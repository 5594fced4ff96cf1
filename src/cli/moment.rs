//! Times and durations as people read them, and as the contract has them.

use jiff::{SignedDuration, Timestamp};

use super::table::Cell;

/// A list shows the age of what is younger than this, and the time of what is older.
const AGE_BELOW: SignedDuration = SignedDuration::from_hours(7 * 24);

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

/// A moment of the contract; none if it is absent or malformed.
pub(super) fn jiff_time(at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    let at = at?;
    Timestamp::new(at.seconds, at.nanos).ok()
}

/// A moment in a list: its age in the first week, then date and minute in UTC. Empty if there is none.
pub(super) fn when(at: Option<prost_types::Timestamp>, now: Timestamp) -> String {
    jiff_time(at).map_or_else(String::new, |at| {
        age(at, now).unwrap_or_else(|| at.strftime("%F %H:%MZ").to_string())
    })
}

/// A moment in a list, as `when` has it, with a shorter form: `3h`, `2026-01-31`.
pub(super) fn when_cell(at: Option<prost_types::Timestamp>, now: Timestamp) -> Cell {
    jiff_time(at).map_or_else(Cell::default, |at| {
        let short = match age_and_unit(at, now) {
            Some((age, unit)) => format!("{age}{}", &unit[..1]),
            None => at.strftime("%F").to_string(),
        };
        Cell::with_short(when(Some(pb_time(at)), now), short)
    })
}

/// A moment to the second in UTC, with its age in the first week. Empty if there is none.
pub(super) fn exactly(at: Option<prost_types::Timestamp>, now: Timestamp) -> String {
    jiff_time(at).map_or_else(String::new, |at| {
        let time = at.strftime("%F %TZ");
        match age(at, now) {
            Some(age) => format!("{time} ({age})"),
            None => time.to_string(),
        }
    })
}

/// How long ago it was; none if that is a week or more, or in the future.
fn age(at: Timestamp, now: Timestamp) -> Option<String> {
    age_and_unit(at, now).map(|(age, unit)| format!("{age} {unit} ago"))
}

fn age_and_unit(at: Timestamp, now: Timestamp) -> Option<(i64, &'static str)> {
    let age = now.duration_since(at);
    if age < SignedDuration::ZERO || age >= AGE_BELOW {
        return None;
    }
    let (hours, minutes) = (age.as_hours(), age.as_mins());
    Some(match (hours / 24, hours, minutes) {
        (0, 0, 0) => (age.as_secs(), "s"),
        (0, 0, minutes) => (minutes, "min"),
        (0, hours, _) => (hours, "h"),
        (1, ..) => (1, "day"),
        (days, ..) => (days, "days"),
    })
}

/// How long something took, from one moment to another. Empty if one of them is missing.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_survive_the_contract() {
        for text in ["1969-12-31T23:59:59.25Z", "2026-01-31T12:00:00.000001Z"] {
            assert_eq!(jiff_time(Some(pb_time(at(text)))), Some(at(text)));
        }
        assert_eq!(pb_time(at("1969-12-31T23:59:59.25Z")).nanos, 250_000_000);
    }

    #[test]
    fn an_age_is_shown_in_the_first_week() {
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
}
