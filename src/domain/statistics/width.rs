//! The widths of the buckets that statistics are kept in, and how a span of time is put together from them.

const QUARTER_US: i64 = 15 * 60 * 1_000_000;

/// The width of the buckets of roll-ups, counted from 1970 on. Each is a multiple of
/// the one before. Quarters of an hour, for zones have offsets of :30 and :45.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    QuarterHour,
    FourHours,
    SixteenDays,
}

/// Buckets of one width, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub width: Width,
    pub first: i64,
    /// Exclusive.
    pub end: i64,
}

/// What a span of time is put together from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    pub stretches: Vec<Stretch>,
    /// From and to of what is less than a quarter of an hour, at either end.
    pub edges: Vec<(i64, i64)>,
}

impl Width {
    pub const ALL: [Self; 3] = [Self::QuarterHour, Self::FourHours, Self::SixteenDays];
    pub const LONGEST: Self = Self::SixteenDays;

    pub fn us(self) -> i64 {
        match self {
            Self::QuarterHour => QUARTER_US,
            Self::FourHours => 16 * QUARTER_US,
            Self::SixteenDays => 96 * 16 * QUARTER_US,
        }
    }

    /// The number of the bucket that a moment is in.
    pub fn bucket(self, at_us: i64) -> i64 {
        at_us.div_euclid(self.us())
    }

    /// The number that the store knows it by.
    pub fn code(self) -> i64 {
        match self {
            Self::QuarterHour => 1,
            Self::FourHours => 2,
            Self::SixteenDays => 3,
        }
    }
}

/// Covers a span exactly once, with the widest buckets that fit; `from_us` <= `to_us`.
pub fn cover(from_us: i64, to_us: i64) -> Cover {
    let mut cover = Cover::default();
    fill(&mut cover, from_us, to_us, &Width::ALL);
    cover
}

/// Takes the buckets of the widest width that lie inside, and fills what is left on
/// either side with narrower ones.
fn fill(cover: &mut Cover, from_us: i64, to_us: i64, widths: &[Width]) {
    if from_us >= to_us {
        return;
    }
    let Some((&width, narrower)) = widths.split_last() else {
        return cover.edges.push((from_us, to_us));
    };
    let first = width.bucket(from_us.saturating_add(width.us() - 1));
    let end = width.bucket(to_us);
    if first < end {
        fill(cover, from_us, first * width.us(), narrower);
        cover.stretches.push(Stretch { width, first, end });
        fill(cover, end * width.us(), to_us, narrower);
    } else if first == end {
        // A boundary lies inside: no narrower stretch crosses it.
        fill(cover, from_us, first * width.us(), narrower);
        fill(cover, first * width.us(), to_us, narrower);
    } else {
        fill(cover, from_us, to_us, narrower);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(cover: &Cover) -> Vec<(i64, i64)> {
        let stretches = cover.stretches.iter();
        let mut pieces: Vec<(i64, i64)> = stretches
            .map(|s| (s.first * s.width.us(), s.end * s.width.us()))
            .chain(cover.edges.iter().copied())
            .collect();
        pieces.sort_unstable();
        pieces
    }

    #[test]
    fn r16_a_year_is_few_buckets() {
        let year = cover(QUARTER_US * 7 + 1, QUARTER_US * (7 + 365 * 96));
        let buckets: i64 = year.stretches.iter().map(|s| s.end - s.first).sum();
        assert!(buckets < 250, "{buckets}");
        assert_eq!(year.edges.len(), 1);
        assert_eq!(cover(5, 5), Cover::default());
    }

    proptest! {
        #[test]
        fn r16_a_span_is_covered_exactly_once(
            from_us in 0..40 * Width::LONGEST.us(),
            length_us in prop_oneof![1..3 * QUARTER_US, 1..QUARTER_US * 400, 1..40 * Width::LONGEST.us()],
        ) {
            let cover = cover(from_us, from_us + length_us);
            let mut end_us = from_us;
            for (from_us, to_us) in pieces(&cover) {
                prop_assert_eq!(from_us, end_us);
                prop_assert!(from_us < to_us);
                end_us = to_us;
            }
            prop_assert_eq!(end_us, from_us + length_us);
            prop_assert!(cover.edges.len() <= 2);
            for (from_us, to_us) in cover.edges {
                prop_assert_eq!(Width::QuarterHour.bucket(from_us), Width::QuarterHour.bucket(to_us - 1));
            }
            for stretch in cover.stretches.iter().filter(|s| s.width < Width::LONGEST) {
                let of = |bucket| Width::LONGEST.bucket(bucket * stretch.width.us());
                prop_assert_eq!(of(stretch.first), of(stretch.end - 1));
            }
        }
    }
}
