//! The buckets of a trend by the calendar of a time zone, with its daylight-saving
//! days. Zones come from the database in this program, not from the machine's.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::{TimeZone, TimeZoneDatabase},
};

use super::MAX_BUCKETS;

/// The width of the buckets of a trend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrendBucket {
    /// An hour of the clock. Where clocks are changed, a new one begins.
    Hour,
    /// From midnight, or where there is none from what comes after it.
    #[default]
    Day,
    /// From Monday.
    Week,
    /// From the first day.
    Month,
}

/// A span needs more than [`MAX_BUCKETS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// The time zone of an IANA name, in any case of letters, and its name as it is
/// written. None: there is none.
pub fn time_zone(name: &str) -> Option<(TimeZone, String)> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    let name = zone.iana_name().unwrap_or(name).to_owned();
    Some((zone, name))
}

/// The bounds of the buckets of a span, `from_us` < `to_us`: the first is `from_us`,
/// the last is `to_us`, and each bucket lies between two.
pub fn bounds(
    from_us: i64,
    to_us: i64,
    bucket: TrendBucket,
    zone: &TimeZone,
) -> Result<Vec<i64>, TooMany> {
    let mut bounds = vec![from_us];
    let mut calendar = Calendar {
        zone,
        bucket,
        first_day: first_day(from_us, bucket, zone),
    };
    let mut last_us = from_us;
    while last_us < to_us {
        if bounds.len() > MAX_BUCKETS {
            return Err(TooMany);
        }
        // The calendar ends with the year 9999: what is left is one bucket.
        last_us = calendar.next(last_us).map_or(to_us, |at| at.min(to_us));
        bounds.push(last_us);
    }
    Ok(bounds)
}

struct Calendar<'a> {
    zone: &'a TimeZone,
    bucket: TrendBucket,
    /// The first day of the bucket looked at.
    first_day: Option<Date>,
}

impl Calendar<'_> {
    /// The next moment that a bucket begins at.
    fn next(&mut self, after_us: i64) -> Option<i64> {
        if self.bucket == TrendBucket::Hour {
            return next_hour(after_us, self.zone);
        }
        loop {
            let step = match self.bucket {
                TrendBucket::Hour | TrendBucket::Day => 1.day(),
                TrendBucket::Week => 1.week(),
                TrendBucket::Month => 1.month(),
            };
            let day = self.first_day?.checked_add(step).ok()?;
            self.first_day = Some(day);
            let begins_us = day
                .to_zoned(self.zone.clone())
                .ok()?
                .timestamp()
                .as_microsecond();
            // A zone that crosses the date line leaves a day out.
            if begins_us > after_us {
                return Some(begins_us);
            }
        }
    }
}

fn first_day(at_us: i64, bucket: TrendBucket, zone: &TimeZone) -> Option<Date> {
    let at = Timestamp::from_microsecond(at_us).ok()?;
    let day = zone.to_datetime(at).date();
    match bucket {
        TrendBucket::Hour | TrendBucket::Day => Some(day),
        TrendBucket::Week => {
            let since_monday = day.weekday().since(Weekday::Monday);
            day.checked_sub(i64::from(since_monday).days()).ok()
        }
        TrendBucket::Month => Some(day.first_of_month()),
    }
}

fn next_hour(after_us: i64, zone: &TimeZone) -> Option<i64> {
    const HOUR_US: i64 = 3_600 * 1_000_000;
    let after = Timestamp::from_microsecond(after_us).ok()?;
    let offset = zone.to_offset(after);
    let offset_us = i64::from(offset.seconds()) * 1_000_000;
    let local_us = after_us + offset_us;
    let next_us = (local_us.div_euclid(HOUR_US) + 1) * HOUR_US - offset_us;
    let change_us = zone
        .following(after)
        .map(|change| (change.timestamp().as_microsecond(), change.offset()))
        .take_while(|(at_us, _)| *at_us < next_us)
        .find(|(_, changed)| *changed != offset)
        .map(|(at_us, _)| at_us);
    Some(change_us.unwrap_or(next_us))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    const HOUR_US: i64 = 3_600 * 1_000_000;

    fn us(time: &str) -> i64 {
        time.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn hours(from: &str, to: &str, bucket: TrendBucket, zone: &str) -> Vec<f64> {
        let zone = time_zone(zone).unwrap().0;
        let bounds = bounds(us(from), us(to), bucket, &zone).unwrap();
        let widths = bounds.windows(2).map(|b| b[1] - b[0]);
        widths.map(|us| us as f64 / HOUR_US as f64).collect()
    }

    #[test]
    fn r16_a_day_has_23_to_25_hours_where_clocks_are_changed() {
        let day = TrendBucket::Day;
        let spring = hours(
            "2026-03-27T23:00:00Z",
            "2026-03-30T22:00:00Z",
            day,
            "Europe/Berlin",
        );
        assert_eq!(spring, [24.0, 23.0, 24.0]);
        let autumn = hours(
            "2026-10-23T22:00:00Z",
            "2026-10-26T23:00:00Z",
            day,
            "Europe/Berlin",
        );
        assert_eq!(autumn, [24.0, 25.0, 24.0]);
        let half = hours(
            "2026-04-03T13:00:00Z",
            "2026-04-05T13:30:00Z",
            day,
            "Australia/Lord_Howe",
        );
        assert_eq!(half, [24.0, 24.5]);
    }

    #[test]
    fn r16_a_day_without_a_midnight_begins_after_it_and_a_day_left_out_has_no_bucket() {
        let day = TrendBucket::Day;
        // 4 November 2018 began at 1:00, three hours behind UTC before and two after.
        let brazil = hours(
            "2018-11-03T03:00:00Z",
            "2018-11-05T02:00:00Z",
            day,
            "America/Sao_Paulo",
        );
        assert_eq!(brazil, [24.0, 23.0]);
        // Samoa had no 30 December 2011.
        let samoa = hours(
            "2011-12-29T10:00:00Z",
            "2011-12-31T10:00:00Z",
            day,
            "Pacific/Apia",
        );
        assert_eq!(samoa, [24.0, 24.0]);
    }

    #[test]
    fn r16_hours_are_those_of_the_clock() {
        let hour = TrendBucket::Hour;
        let nepal = hours(
            "2026-01-01T00:00:00Z",
            "2026-01-01T03:00:00Z",
            hour,
            "Asia/Kathmandu",
        );
        assert_eq!(nepal, [0.25, 1.0, 1.0, 0.75]);
        let autumn = hours(
            "2026-10-24T23:00:00Z",
            "2026-10-25T03:00:00Z",
            hour,
            "Europe/Berlin",
        );
        assert_eq!(autumn, [1.0; 4]);
        // At 2:00 the clocks of Lord Howe Island go back to 1:30.
        let back = hours(
            "2026-04-04T14:00:00Z",
            "2026-04-04T16:30:00Z",
            hour,
            "Australia/Lord_Howe",
        );
        assert_eq!(back, [1.0, 0.5, 1.0]);
    }

    #[test]
    fn r16_weeks_begin_on_monday_and_months_on_their_first_day() {
        let week = hours(
            "2026-01-01T00:00:00Z",
            "2026-01-13T00:00:00Z",
            TrendBucket::Week,
            "UTC",
        );
        assert_eq!(week, [96.0, 168.0, 24.0]);
        let month = hours(
            "2026-01-31T12:00:00Z",
            "2026-04-01T00:00:00Z",
            TrendBucket::Month,
            "UTC",
        );
        assert_eq!(month, [12.0, 28.0 * 24.0, 31.0 * 24.0]);
    }

    #[test]
    fn r16_a_span_of_too_many_buckets_is_told() {
        let (zone, name) = time_zone("europe/BERLIN").unwrap();
        assert_eq!(name, "Europe/Berlin");
        assert_eq!(time_zone("Europe/Nowhere"), None);
        let hours = |count| bounds(0, count * HOUR_US, TrendBucket::Hour, &zone);
        assert_eq!(hours(2_000).unwrap().len(), 2_001);
        assert_eq!(hours(2_001), Err(TooMany));
        let ages = bounds(0, 253_402_300_799_999_999, TrendBucket::Month, &zone);
        assert_eq!(ages, Err(TooMany));
    }

    proptest! {
        #[test]
        fn r16_each_moment_is_in_one_bucket_and_days_are_those_of_the_calendar(
            from_s in 0..2_000_000_000_i64,
            length_s in 1..40_000_000_i64,
            name in select(vec![
                "UTC", "Europe/Berlin", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe",
                "America/St_Johns", "America/Sao_Paulo", "Pacific/Chatham", "Africa/Monrovia",
            ]),
            bucket in select(vec![TrendBucket::Day, TrendBucket::Week, TrendBucket::Month]),
        ) {
            let zone = time_zone(name).unwrap().0;
            let (from_us, to_us) = (from_s * 1_000_000, (from_s + length_s) * 1_000_000);
            let bounds = bounds(from_us, to_us, bucket, &zone).unwrap();
            prop_assert_eq!((bounds[0], bounds[bounds.len() - 1]), (from_us, to_us));
            for pair in bounds.windows(2) {
                prop_assert!(pair[0] < pair[1]);
            }
            for begin_us in &bounds[1..bounds.len() - 1] {
                let at = |us| zone.to_datetime(Timestamp::from_microsecond(us).unwrap());
                let (before, begin) = (at(begin_us - 1), at(*begin_us));
                prop_assert!(before.date() < begin.date(), "{before} {begin}");
                match bucket {
                    TrendBucket::Week => prop_assert_eq!(begin.weekday(), Weekday::Monday),
                    TrendBucket::Month => prop_assert_eq!(begin.day(), 1),
                    _ => {}
                }
            }
        }
    }
}
