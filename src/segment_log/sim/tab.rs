//! A simulated database as one tab gets at it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use super::super::backend::{Answer, Backend, Fault, Fetched, Guard, Lock, Range, Store, Transaction};
use super::tables::{Reply, Request, Slot};
use super::{Commit, Running, SimDatabase, aborted, lost};
use crate::{BoxFuture, Error, Portable, Value};

/// The database as one tab gets at it.
pub struct SimBackend {
    database: SimDatabase,
    tab: u64,
    connection: Mutex<Option<u64>>,
}

impl SimBackend {
    pub(super) fn new(database: SimDatabase, tab: u64) -> Self {
        Self { database, tab, connection: Mutex::new(None) }
    }

    /// The database.
    pub fn database(&self) -> &SimDatabase {
        &self.database
    }
}

/// Lets everybody else have a turn.
async fn a_turn() {
    let mut waited = false;
    poll_fn(|task| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

struct SimGuard(SimDatabase);

impl Guard for SimGuard {}

impl Drop for SimGuard {
    fn drop(&mut self) {
        self.0.world().locked = false;
    }
}

impl Backend for SimBackend {
    type Transaction = SimTransaction;

    fn open(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            // As in a browser.
            a_turn().await;
            if self.connection.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return Ok(());
            }
            let mut world = self.database.world();
            world.next += 1;
            let number = world.next;
            world.connections.push((self.tab, number));
            drop(world);
            *self.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(number);
            Ok(())
        })
    }

    fn begin(&self, writes: bool) -> Result<SimTransaction, Fault> {
        let connection = *self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut world = self.database.world();
        let is_live = |number: &u64| world.connections.contains(&(self.tab, *number));
        let connection = connection.filter(is_live).ok_or_else(lost)?;
        world.next += 1;
        let (id, label) = (world.next, world.label);
        world.running.push(Running {
            id,
            tab: self.tab,
            connection,
            writes,
            started: false,
            committing: false,
            requests: VecDeque::new(),
            snapshot: None,
            before: None,
            commit: Commit { label, ..Commit::default() },
            added: 0,
        });
        Ok(SimTransaction { database: self.database.clone(), id, committed: false })
    }

    fn close(&self) {
        let connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.database.world().connections.retain(|(_, number)| Some(*number) != connection);
    }

    fn lock(&self) -> BoxFuture<'_, Lock> {
        Box::pin(async move {
            let mut world = self.database.world();
            if !world.locks {
                return Lock::Unsupported;
            }
            if std::mem::replace(&mut world.locked, true) {
                return Lock::Taken;
            }
            Lock::Held(Box::new(SimGuard(self.database.clone())))
        })
    }

    fn pause(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            a_turn().await;
            let until = {
                let mut world = self.database.world();
                world.turns + if world.stepped { world.draw() % 6 } else { 0 }
            };
            poll_fn(|task| {
                let mut world = self.database.world();
                if until <= world.turns {
                    return Poll::Ready(());
                }
                world.paused.push((until, task.waker().clone()));
                Poll::Pending
            })
            .await;
        })
    }

    fn random(&self) -> u64 {
        self.database.world().draw()
    }
}

/// A transaction of a [`SimBackend`].
pub struct SimTransaction {
    database: SimDatabase,
    id: u64,
    committed: bool,
}

impl SimTransaction {
    fn request(&self, request: Request) -> Answer<Reply> {
        let slot = Arc::new(Slot::default());
        {
            let mut world = self.database.world();
            let is_commit = matches!(request, Request::Commit);
            match world.running.iter_mut().find(|running| running.id == self.id) {
                Some(running) => {
                    running.committing = is_commit;
                    running.requests.push_back((request, slot.clone()));
                }
                None => slot.answer(Err(aborted())),
            }
        }
        let database = self.database.clone();
        Box::pin(poll_fn(move |task| {
            let is_stepped = database.world().stepped;
            let mut reply = slot.take(task.waker());
            if reply.is_none() && !is_stepped {
                // One request; it may be another's.
                database.step(0);
                reply = slot.take(task.waker());
                if reply.is_none() {
                    task.waker().wake_by_ref();
                }
            }
            reply.map_or(Poll::Pending, Poll::Ready)
        }))
    }

    fn answer<T: Portable + 'static>(&self, request: Request, take: fn(Reply) -> Option<T>) -> Answer<T> {
        let reply = self.request(request);
        Box::pin(async move { take(reply.await?).ok_or_else(aborted) })
    }
}

impl Transaction for SimTransaction {
    fn get(&self, store: Store, keys: &[i64]) -> Answer<Vec<Fetched>> {
        self.answer(Request::Get(store, keys.to_vec()), |reply| match reply {
            Reply::Records(records) => Some(records),
            _ => None,
        })
    }

    fn first(&self, range: Range) -> Answer<Option<Value>> {
        self.answer(Request::GetAll(range, 1), |reply| match reply {
            Reply::Rows(mut rows) => Some(rows.pop().map(|(_, row)| row)),
            _ => None,
        })
    }

    fn get_all(&self, range: Range, limit: u32) -> Answer<Vec<(i64, Value)>> {
        self.answer(Request::GetAll(range, limit), |reply| match reply {
            Reply::Rows(rows) => Some(rows),
            _ => None,
        })
    }

    fn segments(&self, range: Range, limit: u32) -> Answer<Vec<i64>> {
        self.answer(Request::Segments(range, limit), |reply| match reply {
            Reply::Keys(keys) => Some(keys),
            _ => None,
        })
    }

    fn add(&self, store: Store, records: Vec<Value>) -> Answer<i64> {
        self.answer(Request::Add(store, records), |reply| match reply {
            Reply::Number(number) => Some(number),
            _ => None,
        })
    }

    fn put(&self, key: i64, row: Value) {
        drop(self.request(Request::Put(key, row)));
    }

    fn delete(&self, store: Store, range: Range) {
        drop(self.request(Request::Delete(store, range)));
    }

    fn commit(mut self) -> Answer<()> {
        self.committed = true;
        self.answer(Request::Commit, |reply| match reply {
            Reply::Done => Some(()),
            _ => None,
        })
    }
}

impl Drop for SimTransaction {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        let mut world = self.database.world();
        if let Some(at) = world.running.iter().position(|running| running.id == self.id) {
            world.end(at, Some(aborted()));
        }
    }
}
