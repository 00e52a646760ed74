//! A breaker: after a refusal that will not pass soon, nothing is asked for a while.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::Error;

/// How long a breaker stays open.
pub const REST: Duration = Duration::from_secs(60);

/// See the module.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<Option<(Duration, Error)>>);

impl Breaker {
    /// Opens it at `now`, for [`REST`], because of `error`.
    pub fn open(&self, now: Duration, error: &Error) {
        *self.state() = Some((now + REST, error.clone()));
    }

    /// The error that opened it, while it is open.
    pub fn refusal(&self, now: Duration) -> Option<Error> {
        let mut state = self.state();
        if state.as_ref().is_some_and(|(until, _)| *until <= now) {
            *state = None;
        }
        state.as_ref().map(|(_, error)| error.clone())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Option<(Duration, Error)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    #[test]
    fn it_answers_with_what_opened_it_and_then_closes() {
        let breaker = Breaker::default();
        let at = Duration::from_secs;
        assert!(breaker.refusal(at(0)).is_none());
        breaker.open(at(10), &Error::new(ErrorCode::QuotaExceeded, "none left"));
        assert_eq!(breaker.refusal(at(69)).map(|error| error.code()), Some(ErrorCode::QuotaExceeded));
        assert!(breaker.refusal(at(70)).is_none());
        breaker.open(at(80), &Error::new(ErrorCode::Unauthorized, "no"));
        assert_eq!(breaker.refusal(at(81)).map(|error| error.code()), Some(ErrorCode::Unauthorized));
    }
}
