//! Chance that can be repeated: seeded numbers, and how often a cycle is run.

use std::{env, time::Duration};

use uuid::Uuid;

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to choose a moment.
pub(crate) struct Chance(u64);

impl Chance {
    /// A new seed, printed; or the one that was asked for.
    #[expect(clippy::print_stderr, reason = "who repeats a failure needs the seed")]
    pub(crate) fn seeded(test: &str) -> Self {
        let seed = match env::var("VERSIONER_TEST_FAULT_SEED") {
            Ok(text) => text.parse().expect("VERSIONER_TEST_FAULT_SEED is a number"),
            Err(_) => Uuid::now_v7().as_u64_pair().1,
        };
        eprintln!("{test}: VERSIONER_TEST_FAULT_SEED={seed}");
        Self(seed)
    }

    /// Another sequence, for a task of its own.
    pub(crate) fn fork(&mut self) -> Self {
        Self(self.next())
    }

    /// From 0 to one less than `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub(crate) fn duration_below(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.next() % end.as_micros() as u64)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// How often, where `few` are enough for every change.
pub(crate) fn times(few: usize) -> usize {
    match env::var("VERSIONER_TEST_FAULT_FACTOR") {
        Ok(text) => {
            few * text
                .parse::<usize>()
                .expect("VERSIONER_TEST_FAULT_FACTOR is a number")
        }
        Err(_) => few,
    }
}
