//! A histogram of durations whose bins grow with them, as HDR histograms' do: 64 to
//! each doubling, so that a bin is at most 1/64 as wide as what is in it.

const SUB_BITS: u32 = 6;
const SUBS: i64 = 1 << SUB_BITS;

/// How many durations are in each bin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The bin of the first of `counts`.
    first: usize,
    counts: Vec<i64>,
}

/// Durations that are not told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bin {
    pub(super) lowest_us: i64,
    /// Its lowest and its highest duration are so far apart, plus one.
    pub(super) width_us: i64,
}

impl Bin {
    /// At most 1/128 off any duration of the bin.
    pub(super) fn middle_us(self) -> i64 {
        self.lowest_us + self.width_us / 2
    }
}

/// The bin of a duration that is not negative. Below 64, each number has its own.
fn index(duration_us: i64) -> usize {
    let exponent = 63 - (duration_us | SUBS).leading_zeros();
    let shift = exponent - SUB_BITS;
    let index = (i64::from(shift) << SUB_BITS) + (duration_us >> shift);
    usize::try_from(index).unwrap_or(0)
}

fn bin(index: usize) -> Bin {
    let index = index as i64;
    if index < SUBS {
        return Bin {
            lowest_us: index,
            width_us: 1,
        };
    }
    let shift = (index >> SUB_BITS) - 1;
    Bin {
        lowest_us: (SUBS + (index & (SUBS - 1))) << shift,
        width_us: 1 << shift,
    }
}

impl Histogram {
    pub(super) fn add(&mut self, duration_us: i64, count: i64) {
        self.add_to(index(duration_us), count);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (index, count) in other.bins() {
            self.add_to(index, count);
        }
    }

    /// The bin of the duration at a rank, from 1; none: there are not so many.
    pub(super) fn at_rank(&self, rank: i64) -> Option<Bin> {
        let mut below = 0;
        self.bins()
            .find(|(_, count)| {
                below += count;
                below >= rank
            })
            .map(|(index, _)| bin(index))
    }

    /// As the store keeps it: for each bin that is not empty how many empty ones are
    /// before it, and its count, as LEB128.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut next = 0;
        for (index, count) in self.bins() {
            push(&mut bytes, (index - next) as u64);
            push(&mut bytes, count.unsigned_abs());
            next = index + 1;
        }
        bytes
    }

    /// None: the bytes are no histogram.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut histogram = Self::default();
        let mut next = 0_u64;
        while !bytes.is_empty() {
            let at = next.checked_add(pull(&mut bytes)?)?;
            let count = i64::try_from(pull(&mut bytes)?).ok()?;
            if at > index(i64::MAX) as u64 {
                return None;
            }
            histogram.add_to(at as usize, count);
            next = at + 1;
        }
        Some(histogram)
    }

    fn add_to(&mut self, index: usize, count: i64) {
        if self.counts.is_empty() {
            self.first = index;
        }
        if index < self.first {
            let missing = std::iter::repeat_n(0, self.first - index);
            self.counts.splice(..0, missing);
            self.first = index;
        }
        let place = index - self.first;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        self.counts[place] += count;
    }

    fn bins(&self) -> impl Iterator<Item = (usize, i64)> {
        let counts = self.counts.iter().copied().enumerate();
        counts
            .filter(|(_, count)| *count > 0)
            .map(|(place, count)| (self.first + place, count))
    }
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn durations() -> impl Strategy<Value = i64> {
        (0..63_u32).prop_flat_map(|bits| 0..=(1_i64 << bits))
    }

    #[test]
    fn r16_the_longest_duration_has_a_bin() {
        let last = bin(index(i64::MAX));
        assert_eq!(last.lowest_us - 1 + last.width_us, i64::MAX);
    }

    #[test]
    fn what_is_no_histogram_is_told() {
        assert_eq!(Histogram::from_bytes(&[]), Some(Histogram::default()));
        for bytes in [&[1][..], &[0x80], &[0xff, 0xff, 0x7f, 1], &[0xff; 20]] {
            assert_eq!(Histogram::from_bytes(bytes), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn r16_a_bin_is_within_one_percent_of_what_is_in_it(duration_us in durations()) {
            let bin = bin(index(duration_us));
            prop_assert!(bin.lowest_us <= duration_us);
            prop_assert!(duration_us - bin.lowest_us < bin.width_us);
            let off_us = (bin.middle_us() - duration_us).abs();
            prop_assert!(off_us <= duration_us / 100, "{off_us} of {duration_us}");
            let next = index(bin.lowest_us.saturating_add(bin.width_us));
            prop_assert!(next == index(duration_us) + 1 || duration_us >= i64::MAX - bin.width_us);
        }

        #[test]
        fn r16_a_histogram_is_kept_whole_and_parts_add_up(
            one in vec(durations(), 0..40),
            other in vec(durations(), 0..40),
        ) {
            let of = |durations: &[i64]| {
                let mut histogram = Histogram::default();
                durations.iter().for_each(|d| histogram.add(*d, 1));
                histogram
            };
            let mut merged = of(&one);
            merged.merge(&of(&other));
            let both = of(&[one.clone(), other.clone()].concat());
            prop_assert_eq!(merged.to_bytes(), both.to_bytes());
            let kept = Histogram::from_bytes(&both.to_bytes()).unwrap();
            prop_assert_eq!(kept.to_bytes(), both.to_bytes());
            let mut less = both;
            other.iter().for_each(|d| less.add(*d, -1));
            prop_assert_eq!(less.to_bytes(), of(&one).to_bytes());

            let mut sorted = one.clone();
            sorted.sort_unstable();
            for (duration_us, rank) in sorted.iter().zip(1..) {
                prop_assert_eq!(less.at_rank(rank), Some(bin(index(*duration_us))));
            }
            prop_assert_eq!(less.at_rank(one.len() as i64 + 1), None);
        }
    }
}
