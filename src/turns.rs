//! A line in which calls stand: first come, first served, and what they stand for.
//!
//! `tokio::sync::Mutex` would do. It brings a semaphore that counts and grows into the wasm, 0.8 kB gzipped of a package of
//! 60, where one number for the ticket being served is enough.

use std::cell::{Cell, RefCell, RefMut};
use std::future::poll_fn;
use std::ops::{Deref, DerefMut};
use std::task::{Poll, Waker};

/// See the module.
#[derive(Default)]
pub struct Turns<T> {
    value: RefCell<T>,
    /// The ticket that the next call draws.
    next: Cell<u64>,
    /// The ticket whose turn it is.
    serving: Cell<u64>,
    /// Those who wait, and those who left before their turn, who have no waker.
    waiting: RefCell<Vec<(u64, Option<Waker>)>>,
}

/// A turn: what the line is for belongs to its holder until it is dropped.
pub struct Turn<'t, T> {
    value: RefMut<'t, T>,
    _ticket: Ticket<'t, T>,
}

struct Ticket<'t, T> {
    turns: &'t Turns<T>,
    number: u64,
}

impl<T> Turns<T> {
    /// Draws a ticket when first polled, and waits for its turn.
    pub async fn take(&self) -> Turn<'_, T> {
        let number = self.next.replace(self.next.get() + 1);
        let ticket = Ticket { turns: self, number };
        poll_fn(|cx| {
            if self.serving.get() == number {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|(other, _)| *other != number);
            waiting.push((number, Some(cx.waker().clone())));
            Poll::Pending
        })
        .await;
        Turn { value: self.value.borrow_mut(), _ticket: ticket }
    }

    /// Takes out of the line whom ticket `number` belongs to, if that one waits.
    fn take_out(&self, number: u64) -> Option<Option<Waker>> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|(other, _)| *other == number)?;
        Some(waiting.swap_remove(at).1)
    }
}

impl<T> Drop for Ticket<'_, T> {
    fn drop(&mut self) {
        self.turns.take_out(self.number);
        if self.turns.serving.get() != self.number {
            self.turns.waiting.borrow_mut().push((self.number, None));
            return;
        }
        let mut now = self.number + 1;
        while let Some(waker) = self.turns.take_out(now) {
            if let Some(waker) = waker {
                self.turns.serving.set(now);
                return waker.wake();
            }
            now += 1;
        }
        self.turns.serving.set(now);
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::Context;

    type Waiting<'t> = Pin<Box<dyn Future<Output = Turn<'t, Vec<usize>>> + 't>>;

    fn poll<'t>(waiting: &mut Waiting<'t>) -> Option<Turn<'t, Vec<usize>>> {
        match waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    proptest! {
        /// Whoever leaves the line, before or in their turn, the others come in the order in which they drew.
        #[test]
        fn turns_come_in_order(leaves in prop::collection::vec(any::<bool>(), 1..30)) {
            let turns = Turns::<Vec<usize>>::default();
            let mut first: Waiting<'_> = Box::pin(turns.take());
            let holder = poll(&mut first);
            prop_assert!(holder.is_some());
            let mut line: Vec<Option<Waiting<'_>>> = Vec::new();
            for _ in &leaves {
                let mut waiting: Waiting<'_> = Box::pin(turns.take());
                prop_assert!(poll(&mut waiting).is_none());
                line.push(Some(waiting));
            }
            for (at, leaves) in leaves.iter().enumerate() {
                if *leaves {
                    line[at] = None;
                }
            }
            drop(holder);
            for (at, mut waiting) in line.into_iter().enumerate().filter_map(|(at, waiting)| Some((at, waiting?))) {
                let turn = poll(&mut waiting);
                prop_assert!(turn.is_some(), "number {at} waits though it is its turn");
                turn.into_iter().for_each(|mut turn| turn.push(at));
            }
            let mut last: Waiting<'_> = Box::pin(turns.take());
            let turn = poll(&mut last);
            let came: Vec<usize> = (0..leaves.len()).filter(|at| !leaves[*at]).collect();
            prop_assert_eq!(turn.map(|turn| turn.clone()), Some(came));
        }
    }

    #[test]
    fn who_waits_is_woken() {
        let turns = Turns::<Vec<usize>>::default();
        let mut first: Waiting<'_> = Box::pin(turns.take());
        let mut held = poll(&mut first);
        let mut second: Waiting<'_> = Box::pin(turns.take());
        let mut polls = 0;
        // The second is polled again only because the first, dropped after the first poll, wakes it.
        let turn = futures_executor::block_on(poll_fn(|cx| {
            polls += 1;
            let polled = second.as_mut().poll(cx);
            drop(held.take());
            polled
        }));
        assert!(turn.is_empty());
        assert_eq!(polls, 2);
    }
}
