//! Whether and when to try again. Pure: time and chance are handed in.

use std::time::Duration;

use crate::timer::micros;

/// The first wait is at most this long; each further one twice that.
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// No wait is longer, whatever the server asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long and how often a request is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// How often it is tried again after the first time.
    pub retries: u32,
    /// How long one attempt may take, from the connection to the last byte of the reply.
    pub timeout: Duration,
    /// How long all attempts and the waits between them may take together.
    pub deadline: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { retries: 5, timeout: Duration::from_secs(10), deadline: Duration::from_secs(25) }
    }
}

impl Patience {
    /// How long the next attempt may take when `elapsed` is gone.
    pub fn attempt(&self, elapsed: Duration) -> Duration {
        self.timeout.min(self.deadline.saturating_sub(elapsed))
    }

    /// How long to wait after `attempts` have failed and `elapsed` is gone; `None` to give up. `asked` is what the server
    /// wants, `chance` a number from 0 to 1: full jitter, so that those who failed together do not come back together.
    pub fn wait(&self, attempts: u32, elapsed: Duration, asked: Option<Duration>, chance: f64) -> Option<Duration> {
        if attempts > self.retries {
            return None;
        }
        let most = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(LONGEST_WAIT);
        // Not `mul_f64`, which makes nanoseconds of any number there is.
        let own = Duration::from_micros((micros(most) as f64 * chance.clamp(0.0, 1.0)) as u64);
        let wait = asked.map_or(own, |asked| asked.min(LONGEST_WAIT).max(own));
        (elapsed + wait < self.deadline).then_some(wait)
    }
}

/// The seconds of a `Retry-After` (RFC 9110 §10.2.3). A date is not honoured: it would need the server's clock.
pub fn retry_after(header: &str) -> Option<Duration> {
    let seconds: u32 = header.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn waits_double_and_end() {
        let patience = Patience::default();
        let longest = |attempts| patience.wait(attempts, Duration::ZERO, None, 1.0).map(|wait| wait.as_millis());
        let all: Vec<_> = (1..=6).map(longest).collect();
        assert_eq!(all, [Some(50), Some(100), Some(200), Some(400), Some(800), None]);
    }

    #[test]
    fn the_server_may_ask_for_more_up_to_a_bound() {
        let patience = Patience::default();
        let asked = |seconds| patience.wait(1, Duration::ZERO, Some(Duration::from_secs(seconds)), 0.5);
        assert_eq!(asked(2), Some(Duration::from_secs(2)));
        assert_eq!(asked(3_600), Some(Duration::from_secs(5)));
        assert_eq!(asked(0), Some(Duration::from_millis(25)));
        assert_eq!(retry_after(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(retry_after("Wed, 21 Oct 2026 07:28:00 GMT"), None);
        assert_eq!(retry_after("-1"), None);
    }

    proptest! {
        /// However attempts and waits turn out, a request ends in time, and after the stated number of attempts.
        #[test]
        fn deadlines_are_kept(
            retries in 0_u32..20,
            timeout in 1_u64..20_000,
            deadline in 1_u64..60_000,
            steps: Vec<(u16, Option<u16>, f64)>,
        ) {
            let patience = Patience {
                retries,
                timeout: Duration::from_millis(timeout),
                deadline: Duration::from_millis(deadline),
            };
            let mut elapsed = Duration::ZERO;
            let mut attempts = 0;
            for (took, asked, chance) in steps {
                attempts += 1;
                elapsed += Duration::from_millis(took.into()).min(patience.attempt(elapsed));
                let asked = asked.map(|seconds| Duration::from_secs(seconds.into()));
                let Some(wait) = patience.wait(attempts, elapsed, asked, chance) else { break };
                elapsed += wait;
            }
            prop_assert!(attempts <= retries + 1);
            prop_assert!(elapsed <= patience.deadline);
        }
    }
}
