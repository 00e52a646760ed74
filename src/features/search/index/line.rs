//! A line in which calls stand: first come, first served. As [`turns`](crate::turns), but for threads.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// See the module.
#[derive(Debug, Default)]
pub struct Line(Mutex<Tickets>);

#[derive(Debug, Default)]
struct Tickets {
    /// The ticket that the next call draws.
    next: u64,
    /// The ticket whose turn it is.
    serving: u64,
    /// Those who wait, and those who left before their turn, who have no waker.
    waiting: Vec<(u64, Option<Waker>)>,
}

impl Tickets {
    /// Takes out of the line whom ticket `number` belongs to, if that one waits.
    fn take_out(&mut self, number: u64) -> Option<Option<Waker>> {
        let at = self.waiting.iter().position(|(other, _)| *other == number)?;
        Some(self.waiting.swap_remove(at).1)
    }
}

/// A turn, which lasts until it is dropped.
#[derive(Debug)]
pub struct Turn<'l> {
    line: &'l Line,
    number: u64,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Tickets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a ticket when first polled, and waits for its turn.
    pub async fn take(&self) -> Turn<'_> {
        let turn = {
            let mut tickets = self.lock();
            let number = tickets.next;
            tickets.next += 1;
            Turn { line: self, number }
        };
        poll_fn(|cx| {
            let mut tickets = self.lock();
            if tickets.serving == turn.number {
                return Poll::Ready(());
            }
            tickets.take_out(turn.number);
            tickets.waiting.push((turn.number, Some(cx.waker().clone())));
            Poll::Pending
        })
        .await;
        turn
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut tickets = self.line.lock();
        tickets.take_out(self.number);
        if tickets.serving != self.number {
            tickets.waiting.push((self.number, None));
            return;
        }
        let mut now = self.number + 1;
        let mut woken = None;
        while let Some(waker) = tickets.take_out(now) {
            if waker.is_some() {
                woken = waker;
                break;
            }
            now += 1;
        }
        tickets.serving = now;
        drop(tickets);
        // Outside of the lock: the woken may come at once.
        woken.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::Context;

    type Waiting<'l> = Pin<Box<dyn Future<Output = Turn<'l>> + 'l>>;

    fn poll<'l>(waiting: &mut Waiting<'l>) -> Option<Turn<'l>> {
        match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    proptest! {
        /// Whoever leaves the line, before or in their turn, the others come in the order in which they drew.
        #[test]
        fn turns_come_in_order(leaves in prop::collection::vec(any::<bool>(), 1..30)) {
            let line = Line::default();
            let mut first: Waiting<'_> = Box::pin(line.take());
            let holder = poll(&mut first);
            prop_assert!(holder.is_some());
            let mut waiting: Vec<Option<Waiting<'_>>> = leaves.iter().map(|_| -> Option<Waiting<'_>> {
                let mut waiting: Waiting<'_> = Box::pin(line.take());
                assert!(poll(&mut waiting).is_none());
                Some(waiting)
            }).collect();
            for (at, leaves) in leaves.iter().enumerate() {
                if *leaves {
                    waiting[at] = None;
                }
            }
            drop(holder);
            for waiting in waiting.iter_mut().flatten() {
                prop_assert!(poll(waiting).is_some(), "it waits though it is its turn");
            }
            let mut last: Waiting<'_> = Box::pin(line.take());
            prop_assert!(poll(&mut last).is_some());
        }
    }
}
