//! Which failures are worth another attempt, how long to wait before it, and when to give up. Reads no clock.

use std::time::{Duration, Instant};

use tonic::{Code, Status};
use tonic_types::StatusExt;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Whether another attempt may succeed. A connection that breaks shows as any of these codes.
pub(super) fn is_temporary(status: &Status) -> bool {
    retry_delay(status).is_some()
        || matches!(
            status.code(),
            Code::Unavailable
                | Code::DeadlineExceeded
                | Code::Aborted
                | Code::Cancelled
                | Code::Internal
                | Code::Unknown
        )
}

/// The pause that the server asks for before another attempt.
pub(super) fn retry_delay(status: &Status) -> Option<Duration> {
    let info = status.get_details_retry_info();
    info.and_then(|info| info.retry_delay)
}

/// Ends after a limit of time from the first failure after any progress.
pub(super) struct Backoff {
    limit: Duration,
    failing_since: Option<Instant>,
    pause: Duration,
}

impl Backoff {
    pub(super) fn new(limit: Duration) -> Self {
        Self {
            limit,
            failing_since: None,
            pause: FIRST_PAUSE,
        }
    }

    /// Starts again from the shortest pause, because there was progress.
    pub(super) fn reset(&mut self) {
        *self = Self::new(self.limit);
    }

    /// How long to wait after a failure; `asked_for` is the pause that the server asks for. None: give up. The
    /// last pause ends with the limit, so that the last attempt is made then.
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
        let mut backoff = Backoff::new(ms(17_000));
        let mut pauses = Vec::new();
        while let Some(pause) = backoff.after_failure(now, None) {
            pauses.push(pause);
            now += pause;
        }
        let expected = [200, 400, 800, 1_600, 3_200, 5_000, 5_000, 800];
        assert_eq!(pauses, expected.map(ms));
    }

    #[test]
    fn progress_resets_it() {
        let now = Instant::now();
        let mut backoff = Backoff::new(ms(1_000));
        backoff.after_failure(now, None);
        assert_eq!(backoff.after_failure(now, None), Some(ms(400)));
        assert_eq!(backoff.after_failure(now + ms(1_000), None), None);
        backoff.reset();
        assert_eq!(backoff.after_failure(now + ms(1_000), None), Some(ms(200)));
    }

    #[test]
    fn a_pause_that_the_server_asks_for_is_kept_within_the_limit() {
        let now = Instant::now();
        let mut backoff = Backoff::new(ms(9_000));
        assert_eq!(backoff.after_failure(now, Some(ms(7_000))), Some(ms(7_000)));
        assert_eq!(backoff.after_failure(now, Some(ms(10))), Some(ms(400)));
        assert_eq!(
            backoff.after_failure(now, Some(ms(60_000))),
            Some(ms(9_000))
        );
        assert_eq!(Backoff::new(Duration::ZERO).after_failure(now, None), None);
    }
}
