//! How long to wait before the next attempt, and when to give up. Reads no clock.

use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Lasts for a limit of time from the first failure after any progress.
pub(super) struct Patience {
    limit: Duration,
    failing_since: Option<Instant>,
    pause: Duration,
}

impl Patience {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            failing_since: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Starts afresh: there was progress.
    pub(super) fn restore(&mut self) {
        *self = Self::new(self.limit);
    }

    /// How long to wait after a failure; the server may have asked for a while. None: give up. The
    /// last wait ends with the limit, so that the last attempt is made then.
    pub(super) fn after_failure(
        &mut self,
        now: Instant,
        asked_for: Option<Duration>,
    ) -> Option<Duration> {
        let since = *self.failing_since.get_or_insert(now);
        let left = self.limit.saturating_sub(now - since);
        if left.is_zero() {
            return None;
        }
        let pause = self.pause.max(asked_for.unwrap_or_default()).min(left);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn pauses_double_up_to_five_seconds_and_end_with_the_limit() {
        let mut now = Instant::now();
        let mut patience = Patience::new(ms(17_000));
        let mut pauses = Vec::new();
        while let Some(pause) = patience.after_failure(now, None) {
            pauses.push(pause);
            now += pause;
        }
        let expected = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 800];
        assert_eq!(pauses, expected.map(ms));
    }

    #[test]
    fn progress_starts_it_afresh() {
        let now = Instant::now();
        let mut patience = Patience::new(ms(1_000));
        patience.after_failure(now, None);
        assert_eq!(patience.after_failure(now, None), Some(ms(400)));
        assert_eq!(patience.after_failure(now + ms(1_000), None), None);
        patience.restore();
        assert_eq!(patience.after_failure(now + ms(1_000), None), Some(ms(200)));
    }

    #[test]
    fn a_server_that_asks_for_a_while_gets_it_within_the_limit() {
        let now = Instant::now();
        let mut patience = Patience::new(ms(9_000));
        assert_eq!(
            patience.after_failure(now, Some(ms(7_000))),
            Some(ms(7_000))
        );
        assert_eq!(patience.after_failure(now, Some(ms(10))), Some(ms(400)));
        assert_eq!(
            patience.after_failure(now, Some(ms(60_000))),
            Some(ms(9_000))
        );
        assert_eq!(Patience::new(Duration::ZERO).after_failure(now, None), None);
    }
}
