//! Durations: what is kept of many, and the figures that are told of them.

use super::histogram::Histogram;

/// What is kept of durations. All of it adds up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations {
    pub count: i64,
    pub sum_us: i128,
    /// The shortest and the longest.
    pub range_us: Option<(i64, i64)>,
    pub histogram: Histogram,
}

/// What is told of durations.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DurationStatistics {
    pub count: i64,
    /// None of the others is there where `count` is 0.
    pub mean_us: Option<f64>,
    pub min_us: Option<i64>,
    pub max_us: Option<i64>,
    /// The percentiles of `PERCENTS`.
    pub percentiles_us: [Option<i64>; 4],
    pub approximate: bool,
}

/// Which percentiles are told.
const PERCENTS: [i64; 4] = [50, 90, 95, 99];

impl Durations {
    pub fn add(&mut self, duration_us: i64) {
        self.count += 1;
        self.sum_us += i128::from(duration_us);
        self.histogram.add(duration_us, 1);
        self.widen((duration_us, duration_us));
    }

    /// Takes away one that was added. False: it was the shortest or the longest, and
    /// the new range has to be looked up.
    pub fn remove(&mut self, duration_us: i64) -> bool {
        self.count -= 1;
        self.sum_us -= i128::from(duration_us);
        self.histogram.add(duration_us, -1);
        self.range_us
            .is_some_and(|(min_us, max_us)| min_us < duration_us && duration_us < max_us)
    }

    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_us += other.sum_us;
        self.histogram.merge(&other.histogram);
        if let Some(range_us) = other.range_us {
            self.widen(range_us);
        }
    }

    fn widen(&mut self, (min_us, max_us): (i64, i64)) {
        self.range_us = match self.range_us {
            Some((min, max)) => Some((min.min(min_us), max.max(max_us))),
            None => Some((min_us, max_us)),
        };
    }
}

impl DurationStatistics {
    /// Of the durations themselves, which are put in order.
    pub fn exact(durations_us: &mut [i64]) -> Self {
        durations_us.sort_unstable();
        let (Some(min_us), Some(max_us)) = (durations_us.first(), durations_us.last()) else {
            return Self::default();
        };
        let count = durations_us.len() as i64;
        let sum_us = durations_us.iter().copied().map(i128::from).sum();
        Self {
            count,
            mean_us: Some(mean(sum_us, count)),
            min_us: Some(*min_us),
            max_us: Some(*max_us),
            percentiles_us: PERCENTS.map(|percent| {
                let place = usize::try_from(rank(percent, count) - 1).ok()?;
                durations_us.get(place).copied()
            }),
            approximate: false,
        }
    }

    /// Of what is kept of durations: all is exact but percentiles, which are off by 1 %
    /// at most.
    pub fn estimated(durations: &Durations) -> Self {
        let (Some((min_us, max_us)), count @ 1..) = (durations.range_us, durations.count) else {
            return Self::default();
        };
        let mut approximate = false;
        let percentiles_us = PERCENTS.map(|percent| match rank(percent, count) {
            1 => Some(min_us),
            rank if rank == count => Some(max_us),
            rank => {
                let bin = durations.histogram.at_rank(rank)?;
                // Nothing is shorter than the shortest, nor longer than the longest.
                let lowest_us = bin.lowest_us.max(min_us);
                let highest_us = (bin.lowest_us + (bin.width_us - 1)).min(max_us);
                approximate |= lowest_us != highest_us;
                Some(bin.middle_us().clamp(lowest_us, highest_us))
            }
        });
        Self {
            count,
            mean_us: Some(mean(durations.sum_us, count)),
            min_us: Some(min_us),
            max_us: Some(max_us),
            percentiles_us,
            approximate,
        }
    }
}

fn mean(sum_us: i128, count: i64) -> f64 {
    sum_us as f64 / count as f64
}

/// ceil(percent / 100 * count): the nearest rank, from 1.
fn rank(percent: i64, count: i64) -> i64 {
    let rank = (i128::from(percent) * i128::from(count) + 99) / 100;
    i64::try_from(rank).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    #[test]
    fn r16_percentiles_are_nearest_rank() {
        let of = |count: i64| {
            let mut durations: Vec<i64> = (1..=count).rev().collect();
            DurationStatistics::exact(&mut durations).percentiles_us
        };
        assert_eq!(of(1), [Some(1), Some(1), Some(1), Some(1)]);
        assert_eq!(of(2), [Some(1), Some(2), Some(2), Some(2)]);
        assert_eq!(of(10), [Some(5), Some(9), Some(10), Some(10)]);
        assert_eq!(of(100), [Some(50), Some(90), Some(95), Some(99)]);
        assert_eq!(of(101), [Some(51), Some(91), Some(96), Some(100)]);
        assert_eq!(of(0), [None; 4]);
    }

    proptest! {
        #[test]
        fn r16_an_estimate_is_exact_but_for_its_percentiles(
            mut durations in vec(prop_oneof![0..200_i64, 0..10_000_000_000_i64, 0..i64::MAX], 0..120),
        ) {
            let mut kept = Durations::default();
            durations.iter().for_each(|d| kept.add(*d));
            let exact = DurationStatistics::exact(&mut durations);
            let estimated = DurationStatistics::estimated(&kept);
            for (exact, estimated) in exact.percentiles_us.into_iter().zip(estimated.percentiles_us) {
                prop_assert_eq!(exact.is_some(), estimated.is_some());
                let (exact, estimated) = (exact.unwrap_or(0), estimated.unwrap_or(0));
                prop_assert!((exact - estimated).abs() <= exact / 100, "{exact} {estimated}");
            }
            if !estimated.approximate {
                prop_assert_eq!(&estimated, &exact);
            }
            let without = |s: DurationStatistics| DurationStatistics {
                percentiles_us: [None; 4],
                approximate: false,
                ..s
            };
            prop_assert_eq!(without(estimated), without(exact));
        }

        #[test]
        fn r16_parts_add_up_and_what_is_taken_away_leaves_no_trace(
            one in vec(0..1_000_i64, 1..20),
            other in vec(0..1_000_i64, 0..20),
        ) {
            let of = |durations: &[i64]| {
                let mut kept = Durations::default();
                durations.iter().for_each(|d| kept.add(*d));
                kept
            };
            let mut both = of(&one);
            both.merge(&of(&other));
            prop_assert_eq!(both.histogram.to_bytes(), of(&[one.clone(), other.clone()].concat()).histogram.to_bytes());
            let held: Vec<bool> = other.iter().map(|d| both.remove(*d)).collect();
            let expected = of(&one);
            prop_assert_eq!((both.count, both.sum_us), (expected.count, expected.sum_us));
            prop_assert_eq!(both.histogram.to_bytes(), expected.histogram.to_bytes());
            if held.into_iter().all(|held| held) {
                prop_assert_eq!(both.range_us, expected.range_us);
            }
        }
    }
}
