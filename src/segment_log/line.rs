//! The line in which calls stand until their transactions have begun: first come, first served.
//!
//! From then on the database keeps them in order. The line matters while the database is being opened.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::backend::{Fault, Step};
use crate::Error;

/// See the module.
#[derive(Default)]
pub struct Line(Mutex<Places>);

#[derive(Default)]
struct Places {
    next: u64,
    /// Those in the line, the one whose turn it is first.
    waiting: Vec<(u64, Option<Waker>)>,
}

/// A turn; it ends when dropped.
pub struct Turn<'l> {
    line: &'l Line,
    number: u64,
}

impl Line {
    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line when first polled, and waits for its turn.
    pub async fn take(&self) -> Turn<'_> {
        let number = {
            let mut places = self.places();
            places.next += 1;
            let number = places.next;
            places.waiting.push((number, None));
            number
        };
        let turn = Turn { line: self, number };
        poll_fn(|cx| {
            let mut places = self.places();
            if places.waiting.first().is_some_and(|(first, _)| *first == number) {
                return Poll::Ready(());
            }
            if let Some((_, waker)) = places.waiting.iter_mut().find(|(other, _)| *other == number) {
                *waker = Some(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut places = self.line.places();
        places.waiting.retain(|(other, _)| *other != self.number);
        let next = places.waiting.first_mut().and_then(|(_, waker)| waker.take());
        drop(places);
        if let Some(next) = next {
            next.wake();
        }
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
