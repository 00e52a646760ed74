//! The order of a handle's calls: of two that share a key, the later one begins when the earlier one, if it writes, has
//! ended, and if it reads, has begun. So a write that is made again is not made behind a later one, and whoever writes a
//! lot at once keeps nobody waiting but those who want the same keys.
//!
//! And one at a time begins its transaction, since that may take a connection that is to be made first.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::backend::{Fault, Step};
use crate::checksum::checksum;
use crate::{Error, Keys};

/// What keys a call is about: a bit each, which others may have too. Then one waits without need, and that is all.
pub type Shares = u128;

/// Of a call that waits for nobody.
pub const NONE: Shares = 0;
/// Of a call about all keys.
pub const ALL: Shares = Shares::MAX;
/// Calls of more keys than this count as being about all.
const TOLD_APART: usize = 64;

/// What `keys` share.
pub fn shares(keys: &Keys) -> Shares {
    if keys.len() > TOLD_APART {
        return ALL;
    }
    keys.iter().fold(NONE, |all, key| all | 1 << (checksum(key.as_bytes()) % Shares::BITS))
}

/// See the module.
#[derive(Default)]
pub struct Line(Mutex<Calls>);

#[derive(Default)]
struct Calls {
    next: u64,
    /// Whether one has its turn.
    is_taken: bool,
    /// In their order.
    all: Vec<Call>,
}

struct Call {
    number: u64,
    shares: Shares,
    waker: Option<Waker>,
}

impl Calls {
    /// Whether it is the turn of call `number`.
    fn has_turn(&self, number: u64) -> bool {
        let mut earlier = NONE;
        for call in &self.all {
            if call.number == number {
                return !self.is_taken && call.shares & earlier == NONE;
            }
            earlier |= call.shares;
        }
        false
    }

    /// Who waits for the turn, and has it next.
    fn next(&mut self) -> Option<Waker> {
        let mut earlier = NONE;
        for call in self.all.iter_mut().filter(|_| !self.is_taken) {
            if call.shares & earlier == NONE && call.waker.is_some() {
                return call.waker.take();
            }
            earlier |= call.shares;
        }
        None
    }
}

/// A call's place in the order; given up when dropped.
pub struct Place<'l> {
    line: &'l Line,
    number: u64,
}

/// A turn; it ends when dropped.
pub struct Turn<'l>(&'l Line);

impl Line {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place behind all others.
    pub fn join(&self, shares: Shares) -> Place<'_> {
        let mut calls = self.calls();
        calls.next += 1;
        let number = calls.next;
        calls.all.push(Call { number, shares, waker: None });
        Place { line: self, number }
    }

    fn wake(&self) {
        let next = self.calls().next();
        if let Some(next) = next {
            next.wake();
        }
    }
}

impl<'l> Place<'l> {
    /// Waits for its turn; as often as it takes.
    pub async fn turn(&self) -> Turn<'l> {
        poll_fn(|cx| {
            let mut calls = self.line.calls();
            if calls.has_turn(self.number) {
                calls.is_taken = true;
                return Poll::Ready(());
            }
            if let Some(call) = calls.all.iter_mut().find(|call| call.number == self.number) {
                call.waker = Some(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
        Turn(self.line)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.calls().is_taken = false;
        self.0.wake();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.line.calls().all.retain(|call| call.number != self.number);
        self.line.wake();
    }
}

/// The openings of the database that failed, so that those in line behind one fail with it: each would wait as long again.
#[derive(Default)]
pub struct Openings(Mutex<(u64, Option<Error>)>);

impl Openings {
    fn failures(&self) -> MutexGuard<'_, (u64, Option<Error>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many have failed.
    pub fn count(&self) -> u64 {
        self.failures().0
    }

    /// One more has.
    pub fn failed(&self, error: Error) -> Fault {
        let mut failures = self.failures();
        *failures = (failures.0 + 1, Some(error.clone()));
        Fault::Failed(error)
    }

    /// Fails as the last one did, if there were any since there were `before`.
    pub fn since(&self, before: u64) -> Step<()> {
        let failures = self.failures();
        match &failures.1 {
            Some(error) if failures.0 != before => Err(Fault::Failed(error.clone())),
            _ => Ok(()),
        }
    }
}
