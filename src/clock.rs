//! The clock by which entries expire.

use std::sync::Arc;
use std::time::Duration;

use crate::Portable;

/// Tells the time, in milliseconds since 1970. Tests give one that they move by hand, so that nothing sleeps.
pub trait Clock: Portable {
    /// Now, in milliseconds since 1970.
    fn now_ms(&self) -> u64;
}

/// A clock shared by those who need it.
pub type SharedClock = Arc<dyn Clock>;

/// When an entry that is written at `now_ms` and lives for `life` expires: on the first whole millisecond not before
/// its end, and never sooner than the next one.
pub fn expires_at(now_ms: u64, life: Duration) -> u64 {
    let whole = life.as_secs().saturating_mul(1_000).saturating_add(life.subsec_millis().into());
    let rest = u64::from(!life.subsec_nanos().is_multiple_of(1_000_000));
    now_ms.saturating_add(whole.saturating_add(rest).max(1))
}

/// The clock of the machine.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(not(target_arch = "wasm32"))]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        use std::time::{SystemTime, UNIX_EPOCH};
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(target_arch = "wasm32")]
pub use crate::web::SystemClock;

/// A clock that stands still until it is moved.
///
/// ```
/// use bytestow::{Clock, ManualClock};
/// let clock = ManualClock::at(1_000);
/// clock.advance_ms(250);
/// assert_eq!(clock.now_ms(), 1_250);
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(std::sync::atomic::AtomicU64);

impl ManualClock {
    /// A clock that stands at `ms` since 1970.
    pub fn at(ms: u64) -> Arc<Self> {
        Arc::new(Self(ms.into()))
    }

    /// Moves the clock forward by `ms`.
    pub fn advance_ms(&self, ms: u64) {
        self.0.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_ends_on_a_whole_millisecond_and_never_at_once() {
        assert_eq!(expires_at(10, Duration::from_millis(5)), 15);
        assert_eq!(expires_at(10, Duration::from_micros(5_001)), 16);
        assert_eq!(expires_at(10, Duration::from_nanos(1)), 11);
        assert_eq!(expires_at(u64::MAX - 1, Duration::from_secs(9)), u64::MAX);
    }
}
