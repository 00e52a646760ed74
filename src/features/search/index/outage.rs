//! Looks that fail: who goes on without one, for how long none is taken, and who is told.

use super::{State, VectorIndex};
use crate::event::{Event, tell};
use crate::features::search::persist::look::Due;
use crate::{Error, ErrorCode, Result};

/// A look that failed at once is taken again behind so many milliseconds, or behind
/// [`refresh`](super::IndexOptions::refresh) if that is less: what was a moment's trouble hides nothing for long.
const SOON: u64 = 5_000;

/// The longest that none is taken, in milliseconds.
const LONGEST: u64 = 60_000;

/// The last look, if it failed. It is no look: what is said by when somebody has looked does not go by it.
#[derive(Debug)]
pub struct Failed {
    /// Of its error what others are told who share it: to copy all of one weighs more than the rest of this.
    code: ErrorCode,
    message: String,
    retryable: bool,
    /// When it had failed, and for how many milliseconds behind that whoever can go on without a look does.
    at: u64,
    rest: u64,
    /// Whether somebody was told of this outage.
    told: bool,
}

impl Failed {
    fn error(&self) -> Error {
        Error::new(self.code, self.message.clone()).with_retryable(self.retryable)
    }
}

impl State {
    /// A look that began at `began` has failed.
    pub fn fails(&mut self, error: &Error, began: u64, now: u64, refresh: u64) {
        // As long as it took: who searches during an outage waits for it half of the time at most.
        let rest = now.saturating_sub(began).max(refresh.min(SOON)).min(LONGEST);
        let told = self.failed.take().is_some_and(|failed| failed.told);
        self.failures += 1;
        let (code, message, retryable) = (error.code(), error.message().to_owned(), error.is_retryable());
        self.failed = Some(Failed { code, message, retryable, at: now, rest, told });
    }

    /// What the last look has failed with, if more have failed than `failures`.
    pub fn failed_since(&self, failures: u64) -> Option<Error> {
        self.failed.as_ref().filter(|_| self.failures > failures).map(Failed::error)
    }

    /// What the last look has failed with, if that was lately and something is known without it.
    fn rests(&self, now: u64) -> Option<Error> {
        let is_lately = |failed: &&Failed| now >= failed.at && now - failed.at < failed.rest;
        let failed = self.failed.as_ref().filter(is_lately).filter(|_| self.looked.is_some())?;
        is_out_of_reach(failed.code).then(|| failed.error())
    }
}

impl VectorIndex {
    /// Sees what others have written, if the last look is older than [`refresh`](super::IndexOptions::refresh), as all
    /// calls do that read.
    ///
    /// # Errors
    /// As [`open`](Self::open), but for [`stale_if_error`](super::IndexOptions::stale_if_error).
    pub async fn look_if_old(&self) -> Result<()> {
        let due = Due::Older { life: self.refresh_ms(), now: self.now() };
        let rests = {
            let state = self.state();
            if !due.is(state.looked) {
                return Ok(());
            }
            state.rests(self.now()).filter(|_| self.options.stale_if_error)
        };
        let looked = match rests {
            Some(error) => Err(error),
            None => self.refresh_if(due).await,
        };
        match looked {
            Err(error) if self.options.stale_if_error && is_out_of_reach(error.code()) => self.goes_on(error),
            looked => looked,
        }
    }

    /// How old the last look may be, in milliseconds.
    pub(crate) fn refresh_ms(&self) -> u64 {
        u64::try_from(self.options.refresh.as_millis()).unwrap_or(u64::MAX)
    }

    /// With what is known, if anything is. Once an outage that is told.
    fn goes_on(&self, error: Error) -> Result<()> {
        let is_news = {
            let mut state = self.state();
            if state.looked.is_none() {
                return Err(error);
            }
            state.failed.as_mut().is_some_and(|failed| !std::mem::replace(&mut failed.told, true))
        };
        if is_news {
            tell(self.options.observer.as_ref(), || Event::StoreError { error });
        }
        Ok(())
    }
}

/// Whether it is the store that cannot be asked, and not the index that is wrong.
fn is_out_of_reach(code: ErrorCode) -> bool {
    use ErrorCode::{QuotaExceeded, Timeout, Unauthorized, Unavailable};
    matches!(code, Unavailable | Timeout | Unauthorized | QuotaExceeded)
}
