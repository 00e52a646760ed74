//! Waiting, and the time by which deadlines are kept: a clock that never goes back, and sleep.
//!
//! Apart from [`Clock`](crate::Clock), which tells the time of day by which entries expire. Tests give a
//! [`ManualTimer`], which skips whatever would be waited for.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use crate::{BoxFuture, Portable};

/// See the module.
pub trait Timer: Portable {
    /// The time since some moment that stays the same while the process lives.
    fn now(&self) -> Duration;
    /// Ends after `time`, at most 2^31 - 1 milliseconds; dropped, it is forgotten.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()>;
    /// A random number from 0 up to, not including, 1: for jitter, not for secrets.
    fn random(&self) -> f64;
}

/// A timer shared by those who need it.
pub type SharedTimer = Arc<dyn Timer>;

/// The whole microseconds of `time`, of half a million years at most. Not `as_micros`, nor a product that is looked at for
/// overflow: both count in 128 bits, whose arithmetic is a library
/// of its own: with the future of `layers::order` by hand, 2.9 kB of the package (gzipped).
pub(crate) fn micros(time: Duration) -> u64 {
    const MOST: u64 = u64::MAX / 1_000_000 - 1;
    time.as_secs().min(MOST) * 1_000_000 + u64::from(time.subsec_micros())
}

/// Milliseconds, as events tell them.
pub(crate) fn ms(time: Duration) -> f64 {
    micros(time) as f64 / 1_000.0
}

/// The longest that JavaScript's timers can wait for.
pub const LONGEST_SLEEP: Duration = Duration::from_millis(0x7FFF_FFFF);

/// The machine's timer. Natively it is Tokio's, and must be used within a Tokio runtime that has its time enabled.
#[cfg(all(not(target_arch = "wasm32"), feature = "reqwest"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTimer;

#[cfg(all(not(target_arch = "wasm32"), feature = "reqwest"))]
impl Timer for SystemTimer {
    fn now(&self) -> Duration {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(time.min(LONGEST_SLEEP)))
    }

    fn random(&self) -> f64 {
        use std::hash::{BuildHasher, RandomState};
        // A fresh RandomState has keys of its own; of what it makes of a number, 53 bits are a fraction.
        (RandomState::new().hash_one(self.now()) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(target_arch = "wasm32")]
pub use crate::web::SystemTimer;

/// Runs both until either ends; the other is dropped.
pub async fn first(a: BoxFuture<'_, ()>, b: BoxFuture<'_, ()>) {
    before(a, b).await;
}

/// Runs `work` until `over` ends; what it has come to by then.
pub(crate) fn before<'a, T>(work: BoxFuture<'a, T>, over: BoxFuture<'a, ()>) -> Before<'a, T> {
    Before { work, over }
}

/// See [`before`]. By hand: of each kind of work there is a copy.
pub(crate) struct Before<'a, T> {
    work: BoxFuture<'a, T>,
    over: BoxFuture<'a, ()>,
}

impl<T> Future for Before<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.work.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => self.over.as_mut().poll(cx).map(|()| None),
        }
    }
}

/// A timer that stands still until everything waits for it, and then goes on to the next moment that is waited for.
///
/// ```
/// use std::time::Duration;
/// use bytestow::{ManualTimer, Timer};
/// let timer = ManualTimer::new(1);
/// timer.run(timer.sleep(Duration::from_secs(3_600)));
/// assert_eq!(timer.now(), Duration::from_secs(3_600));
/// ```
#[derive(Clone)]
pub struct ManualTimer(Arc<Mutex<Manual>>);

struct Manual {
    now: Duration,
    /// Who waits, until when, by the number of the sleep.
    sleepers: Vec<(u64, Duration, Option<Waker>)>,
    next: u64,
    random: u64,
}

impl ManualTimer {
    /// A timer at zero; `seed` is that of its random numbers.
    pub fn new(seed: u64) -> Self {
        // An odd factor spreads small seeds over all bits; xorshift must not begin with zero.
        let random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let manual = Manual { now: Duration::ZERO, sleepers: Vec::new(), next: 0, random };
        Self(Arc::new(Mutex::new(manual)))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on to the next moment that is waited for; `false` if nobody waits.
    pub fn skip(&self) -> bool {
        let mut state = self.state();
        let Some(next) = state.sleepers.iter().map(|(_, until, _)| *until).min() else { return false };
        state.now = state.now.max(next);
        let now = state.now;
        let due: Vec<Waker> =
            state.sleepers.extract_if(.., |(_, until, _)| *until <= now).filter_map(|(_, _, waker)| waker).collect();
        drop(state);
        due.into_iter().for_each(Waker::wake);
        true
    }

    /// Runs `future` to its end, skipping what it waits for.
    ///
    /// # Panics
    /// If it waits for something else than this timer, which then nothing can bring about.
    #[expect(clippy::panic, reason = "a test that would hang is told so")]
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        struct Woken(std::sync::atomic::AtomicBool);
        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, std::sync::atomic::Ordering::SeqCst);
            }
        }
        let woken = Arc::new(Woken(true.into()));
        let waker = Waker::from(woken.clone());
        let mut future = pin!(future);
        loop {
            if woken.0.swap(false, std::sync::atomic::Ordering::SeqCst) {
                if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return result;
                }
            } else if !self.skip() {
                panic!("the future waits for something that never comes");
            }
        }
    }
}

struct Sleep {
    timer: ManualTimer,
    number: u64,
}

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.timer.state().sleepers.iter_mut().find(|(number, ..)| *number == self.number) {
            Some((_, _, waker)) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.timer.state().sleepers.retain(|(number, ..)| *number != self.number);
    }
}

impl Timer for ManualTimer {
    fn now(&self) -> Duration {
        self.state().now
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        let mut state = self.state();
        let (number, until) = (state.next, state.now + time.min(LONGEST_SLEEP));
        state.next += 1;
        state.sleepers.push((number, until, None));
        drop(state);
        Box::pin(Sleep { timer: self.clone(), number })
    }

    fn random(&self) -> f64 {
        let mut state = self.state();
        state.random ^= state.random << 13;
        state.random ^= state.random >> 7;
        state.random ^= state.random << 17;
        (state.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sooner_ends_and_the_other_is_forgotten() {
        let timer = ManualTimer::new(7);
        let (short, long) = (timer.sleep(Duration::from_millis(5)), timer.sleep(Duration::from_millis(9)));
        timer.run(first(long, short));
        assert_eq!(timer.now(), Duration::from_millis(5));
        assert!(!timer.skip(), "nobody waits any more");
    }

    #[test]
    fn random_numbers_are_fractions() {
        let timer = ManualTimer::new(0);
        let all: Vec<f64> = (0..1_000).map(|_| timer.random()).collect();
        assert!(all.iter().all(|number| (0.0..1.0).contains(number)));
        assert!((0.4..0.6).contains(&(all.iter().sum::<f64>() / 1_000.0)));
    }
}
