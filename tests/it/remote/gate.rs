//! A store whose calls wait where a test says so, and calls that go on only when they are polled: so that a test can force
//! any order of events.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytestow::{
    BoxFuture, ByteStore, Capabilities, Condition, Cursor, Entries, Error, Expiry, Keys, Lookup, Page, Result, Stat,
    Stats, Ttl,
};

/// An operation of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Get,
    Set,
    Delete,
    List,
    Stat,
    Clear,
}

/// Where a call is caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// It has not reached the store.
    Before,
    /// The store has done it, and the caller does not know yet.
    After,
}

struct Trap {
    op: Op,
    when: When,
    caught: Option<u64>,
    open: bool,
}

#[derive(Default)]
struct State {
    traps: Vec<Trap>,
    failing: Vec<(Op, Error)>,
    calls: Vec<Op>,
}

/// See the module.
pub struct Gate {
    inner: Arc<dyn ByteStore>,
    /// What it claims, of what the store behind it does.
    pub claims: Mutex<Capabilities>,
    state: Mutex<State>,
    pub identity: Option<String>,
    /// The default life that it says it has, whatever is behind it.
    pub ttl: Option<std::time::Duration>,
    /// Whether it says with a value how long that still lives.
    pub says_life: bool,
}

impl Gate {
    pub fn new(inner: Arc<dyn ByteStore>) -> Self {
        let claims = Mutex::new(inner.capabilities());
        let ttl = inner.default_ttl();
        Self { inner, claims, state: Mutex::default(), identity: None, ttl, says_life: true }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Catches the next call of `op` that comes by `when`; later ones pass.
    pub fn catch(&self, op: Op, when: When) {
        self.state().traps.push(Trap { op, when, caught: None, open: false });
    }

    /// Lets all go on that were caught.
    pub fn open(&self) {
        self.state().traps.iter_mut().for_each(|trap| trap.open = true);
    }

    /// Whether every trap has caught its call.
    pub fn has_caught(&self) -> bool {
        self.state().traps.iter().all(|trap| trap.caught.is_some())
    }

    /// Lets `op` fail from now on.
    pub fn fail(&self, op: Op, error: Error) {
        self.state().failing.push((op, error));
    }

    pub fn recover(&self) {
        self.state().failing.clear();
    }

    /// The operations that were asked for since the last look.
    pub fn calls(&self) -> Vec<Op> {
        std::mem::take(&mut self.state().calls)
    }

    async fn pass(&self, op: Op, when: When, call: u64) {
        let caught = {
            let mut state = self.state();
            let trap = state.traps.iter_mut().find(|trap| trap.op == op && trap.when == when && trap.caught.is_none());
            trap.map(|trap| trap.caught = Some(call)).is_some()
        };
        if !caught {
            return;
        }
        std::future::poll_fn(|cx| {
            let state = self.state();
            let open = state.traps.iter().any(|trap| trap.caught == Some(call) && trap.when == when && trap.open);
            if open {
                return Poll::Ready(());
            }
            // Polled by hand, or by a timer that must not run on while this one waits.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn through<'a, T: Send + 'a>(&'a self, op: Op, work: BoxFuture<'a, Result<T>>) -> BoxFuture<'a, Result<T>> {
        Box::pin(async move {
            let call = {
                let mut state = self.state();
                state.calls.push(op);
                state.traps.len() as u64 * 1_000_000 + state.calls.len() as u64
            };
            self.pass(op, When::Before, call).await;
            let failing = self.state().failing.iter().find(|(other, _)| *other == op).map(|(_, error)| error.clone());
            if let Some(error) = failing {
                return Err(error);
            }
            let end = work.await;
            self.pass(op, When::After, call).await;
            end
        })
    }
}

impl ByteStore for Gate {
    fn capabilities(&self) -> Capabilities {
        *self.claims.lock().unwrap()
    }
    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        let conditional = self.capabilities().conditional_set;
        let found = self.inner.get_many(keys);
        let found = Box::pin(async move {
            let mut found = found.await?;
            if !conditional {
                found.iter_mut().for_each(|lookup| lookup.version = None);
            }
            if !self.says_life {
                found.iter_mut().for_each(|lookup| lookup.expiry = Expiry::Unknown);
            }
            Ok(found)
        });
        self.through(Op::Get, found)
    }
    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        self.through(Op::Set, self.inner.set_many(entries, ttl))
    }
    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        self.through(Op::Delete, self.inner.delete_many(keys))
    }
    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        self.through(Op::List, self.inner.list(prefix, cursor, limit))
    }
    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        self.through(Op::Stat, self.inner.stat(keys))
    }
    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        self.through(Op::Clear, self.inner.clear(prefix, all))
    }
    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        self.through(Op::Set, self.inner.set_if(entries, conditions, ttl))
    }
    fn default_ttl(&self) -> Option<std::time::Duration> {
        self.ttl
    }
    fn identity(&self) -> Option<String> {
        self.identity.clone()
    }
    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.close()
    }
    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

/// A call that goes on when the test says so.
pub struct Task<T> {
    call: Pin<Box<dyn Future<Output = T> + Send>>,
    end: Option<T>,
}

impl<T> Task<T> {
    /// Makes the call: polls it until it waits for something.
    pub fn new(call: impl Future<Output = T> + Send + 'static) -> Self {
        let mut task = Self { call: Box::pin(call), end: None };
        task.push();
        task
    }

    /// Lets it go on as far as it can while no time goes by. Whether it has ended.
    pub fn push(&mut self) -> bool {
        for _ in 0..40 {
            if self.end.is_none()
                && let Poll::Ready(end) = self.call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
            {
                self.end = Some(end);
            }
        }
        self.end.is_some()
    }

    /// What it has come to.
    ///
    /// # Panics
    /// If it has not ended.
    pub fn end(mut self) -> T {
        self.push();
        self.end.expect("the call has not ended")
    }
}
