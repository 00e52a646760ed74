//! A simulated database: transactions as IndexedDB has them, of several tabs, whose requests are done one at a time in
//! whatever order a test likes, and which can be made to fail at any of them.
//!
//! What the engine relies on is what is simulated (see [`Backend`]), and what a browser may do to it: roll any
//! transaction back, run out of room, lose the connection before or after a commit, kill a tab, delete the database. A
//! transaction that its tab leaves idle is a defect of the engine ([`SimDatabase::check_idle`]): a browser would end it.
//!
//! By itself ([`SimDatabase::new`]) it does a request whenever one is awaited; under a test's control
//! ([`SimDatabase::stepped`]) when the test says so.

use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use super::backend::{Answer, Backend, Fault, Guard, Lock, Range, Store, Transaction};
use crate::{BoxFuture, Error, ErrorCode, Value};

/// What goes wrong at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The transaction is rolled back.
    Abort,
    /// The same, for lack of room. Transactions that only read go on.
    Quota,
    /// The tab's connection is lost; its transactions are rolled back.
    Lose,
    /// The same, but a commit takes place first, and nobody hears of it.
    LoseAfter,
}

/// A transaction that added rows and was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What [`SimDatabase::label`] was when it began.
    pub label: u64,
    /// The kinds of the rows that it added, in order.
    pub kinds: Vec<u8>,
}

type Records = BTreeMap<i64, Value>;

#[derive(Clone, Default)]
struct Stores {
    records: [Records; 2],
    numbered: [i64; 2],
}

enum Request {
    Get(Store, Vec<i64>),
    GetAll(Range, u32),
    Segments(Range, u32),
    Add(Store, Vec<Value>),
    Put(i64, Value),
    Delete(Store, Range),
    Commit,
}

enum Reply {
    Records(Vec<Option<Value>>),
    Rows(Vec<(i64, Value)>),
    Keys(Vec<i64>),
    Number(i64),
    Done,
}

#[derive(Default)]
struct Slot(Mutex<(Option<Result<Reply, Fault>>, Option<Waker>)>);

impl Slot {
    fn answer(&self, reply: Result<Reply, Fault>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slot.0.get_or_insert(reply);
        if let Some(waker) = slot.1.take() {
            waker.wake();
        }
    }
}

struct Running {
    id: u64,
    tab: u64,
    label: u64,
    writes: bool,
    started: bool,
    committing: bool,
    requests: VecDeque<(Request, Arc<Slot>)>,
    /// What it reads: a snapshot for one that reads while others may write.
    snapshot: Option<Stores>,
    /// What it is rolled back to.
    before: Option<Stores>,
    kinds: Vec<u8>,
}

struct World {
    stores: Stores,
    running: Vec<Running>,
    next: u64,
    label: u64,
    commits: Vec<Commit>,
    /// Live connections: tab and number.
    connections: Vec<(u64, u64)>,
    stepped: bool,
    /// Whether one that writes may begin while earlier ones still read.
    snapshots: bool,
    locks: bool,
    locked: bool,
    noise: u64,
    requests: u64,
    mishap: Option<(u64, Mishap)>,
}

/// See the module. Clones are the same database.
#[derive(Clone)]
pub struct SimDatabase(Arc<Mutex<World>>);

impl Default for SimDatabase {
    fn default() -> Self {
        Self::new()
    }
}

fn store_number(store: Store) -> usize {
    usize::from(store == Store::Rows)
}

fn within(range: Range) -> RangeInclusive<i64> {
    // A range that ends before it begins is empty, not a panic.
    if range.from <= range.to { range.from..=range.to } else { i64::MIN..=i64::MIN }
}

fn aborted() -> Fault {
    Fault::Failed(Error::new(ErrorCode::Unavailable, "the simulated transaction was aborted"))
}

fn lost() -> Fault {
    Fault::Lost(Error::new(ErrorCode::Unavailable, "the simulated connection is lost"))
}

fn full() -> Fault {
    Fault::Quota(Error::new(ErrorCode::QuotaExceeded, "the simulated disk is full"))
}

impl SimDatabase {
    /// A database that does what is awaited.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(World {
            stores: Stores::default(),
            running: Vec::new(),
            next: 0,
            label: 0,
            commits: Vec::new(),
            connections: Vec::new(),
            stepped: false,
            snapshots: false,
            locks: true,
            locked: false,
            noise: 1,
            requests: 0,
            mishap: None,
        })))
    }

    /// A database that does one request each time that it is told to. `seed` decides what numbers it draws, and what
    /// else browsers may do one way or the other.
    pub fn stepped(seed: u64) -> Self {
        let database = Self::new();
        {
            let mut world = database.world();
            (world.stepped, world.noise) = (true, seed.wrapping_mul(2) | 1);
            (world.snapshots, world.locks) = (seed & 1 == 1, seed & 2 == 2);
        }
        database
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database as tab `tab` gets at it.
    pub fn tab(&self, tab: u64) -> SimBackend {
        SimBackend { database: self.clone(), tab, connection: Mutex::new(None) }
    }

    /// What transactions that begin from now on are known by.
    pub fn label(&self, label: u64) {
        self.world().label = label;
    }

    /// What was committed since this was last asked.
    pub fn commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.world().commits)
    }

    /// How many requests were done.
    pub fn requests(&self) -> u64 {
        self.world().requests
    }

    /// At the `after`-th request from now on, something goes wrong.
    pub fn mishap(&self, after: u64, mishap: Mishap) {
        self.world().mishap = Some((after, mishap));
    }

    /// Nothing goes wrong any more. Says whether something was still to.
    pub fn no_mishap(&self) -> bool {
        self.world().mishap.take().is_some()
    }

    /// Does one request of the transactions that can go on; `choice` picks which. Says whether there was one.
    pub fn step(&self, choice: u64) -> bool {
        self.world().step(choice)
    }

    /// The transactions of `tab` that are open without a request under way.
    pub fn check_idle(&self, tab: u64) -> usize {
        let idle = |running: &&Running| running.tab == tab && running.requests.is_empty() && !running.committing;
        self.world().running.iter().filter(idle).count()
    }

    /// The tab is gone. What it was committing is stored if `commits` says so.
    pub fn kill(&self, tab: u64, commits: bool) {
        let mut world = self.world();
        while let Some(at) = world.running.iter().position(|running| running.tab == tab) {
            let is_next = world.can_go_on(at) && commits;
            let all_done = |running: &Running| running.committing && running.requests.len() == 1;
            if is_next && world.running.get(at).is_some_and(all_done) {
                world.advance(at);
            } else {
                world.end(at, Some(aborted()));
            }
        }
        world.connections.retain(|(other, _)| *other != tab);
        world.locked = false;
    }

    /// The database is deleted: connections end, and the next one finds it empty.
    pub fn delete(&self) {
        let mut world = self.world();
        while !world.running.is_empty() {
            world.end(0, Some(lost()));
        }
        world.connections.clear();
        world.stores = Stores::default();
    }

    /// The keys of the segments that are stored.
    pub fn segments(&self) -> Vec<i64> {
        self.world().stores.records[0].keys().copied().collect()
    }

    /// The rows, pages and other records of the log, with their keys.
    pub fn rows(&self) -> Vec<(i64, Value)> {
        self.world().stores.records[1].iter().map(|(key, row)| (*key, row.clone())).collect()
    }

    /// Puts a record in place of another, or none, as damage would.
    pub fn damage(&self, store: Store, key: i64, record: Option<Value>) {
        let mut world = self.world();
        let records = &mut world.stores.records[store_number(store)];
        match record {
            Some(record) => drop(records.insert(key, record)),
            None => drop(records.remove(&key)),
        }
    }

    /// A record.
    pub fn record(&self, store: Store, key: i64) -> Option<Value> {
        self.world().stores.records[store_number(store)].get(&key).cloned()
    }
}

impl World {
    /// Whether the transaction may do a request: earlier ones that write keep it from beginning, and if it writes,
    /// earlier ones that read do too.
    fn can_go_on(&self, at: usize) -> bool {
        let Some(running) = self.running.get(at) else { return false };
        let earlier = self.running.get(..at).unwrap_or_default();
        let in_the_way = |other: &Running| other.writes || (running.writes && !self.snapshots);
        !running.requests.is_empty() && (running.started || !earlier.iter().any(in_the_way))
    }

    fn step(&mut self, choice: u64) -> bool {
        let ready: Vec<usize> = (0..self.running.len()).filter(|at| self.can_go_on(*at)).collect();
        let Some(at) = ready.get((choice % ready.len().max(1) as u64) as usize).copied() else { return false };
        self.requests += 1;
        let mishap = match &mut self.mishap {
            Some((0, mishap)) => Some(*mishap),
            Some((after, _)) => {
                *after -= 1;
                None
            }
            None => None,
        };
        if mishap.is_some() {
            self.mishap = None;
        }
        let Some(running) = self.running.get(at) else { return false };
        let (tab, writes) = (running.tab, running.writes);
        match mishap {
            Some(Mishap::Abort) => self.end(at, Some(aborted())),
            Some(Mishap::Quota) if writes => self.end(at, Some(full())),
            Some(Mishap::Lose) => self.lose(tab),
            Some(Mishap::LoseAfter) => {
                if let Some((Request::Commit, slot)) = self.running.get_mut(at).and_then(|it| it.requests.front_mut()) {
                    slot.answer(Err(lost()));
                    self.advance(at);
                }
                self.lose(tab);
            }
            _ => self.advance(at),
        }
        true
    }

    fn lose(&mut self, tab: u64) {
        self.connections.retain(|(other, _)| *other != tab);
        while let Some(at) = self.running.iter().position(|running| running.tab == tab) {
            self.end(at, Some(lost()));
        }
    }

    /// Ends a transaction: rolled back if there is a fault.
    fn end(&mut self, at: usize, fault: Option<Fault>) {
        let running = self.running.remove(at);
        match fault {
            Some(fault) => {
                if let Some(before) = running.before {
                    self.stores = before;
                }
                running.requests.iter().for_each(|(_, slot)| slot.answer(Err(fault.clone())));
            }
            None if !running.kinds.is_empty() => {
                self.commits.push(Commit { label: running.label, kinds: running.kinds });
            }
            None => {}
        }
    }

    /// Does the next request of a transaction.
    fn advance(&mut self, at: usize) {
        let Self { stores, running, snapshots, .. } = self;
        // What one that writes has done so far, nobody else sees.
        let uncommitted = running.iter().find_map(|running| running.before.clone());
        let Some(running) = running.get_mut(at) else { return };
        if !running.started {
            running.started = true;
            if running.writes {
                running.before = Some(stores.clone());
            } else if *snapshots {
                running.snapshot = Some(uncommitted.unwrap_or_else(|| stores.clone()));
            }
        }
        let Some((request, slot)) = running.requests.pop_front() else { return };
        if matches!(request, Request::Commit) {
            self.end(at, None);
            slot.answer(Ok(Reply::Done));
            return;
        }
        let stores = running.snapshot.as_mut().unwrap_or(stores);
        let reply = match request {
            Request::Get(store, keys) => {
                let records = &stores.records[store_number(store)];
                Reply::Records(keys.iter().map(|key| records.get(key).cloned()).collect())
            }
            Request::GetAll(range, limit) => {
                let rows = stores.records[1].range(within(range)).take(limit as usize);
                Reply::Rows(rows.map(|(key, row)| (*key, row.clone())).collect())
            }
            Request::Segments(range, limit) => {
                Reply::Keys(stores.records[0].range(within(range)).take(limit as usize).map(|(key, _)| *key).collect())
            }
            Request::Add(store, records) => {
                let number = store_number(store);
                let first = stores.numbered[number] + 1;
                for record in records {
                    stores.numbered[number] += 1;
                    if store == Store::Rows {
                        running.kinds.extend(record.copy(2..3).unwrap_or_default());
                    }
                    stores.records[number].insert(stores.numbered[number], record);
                }
                Reply::Number(first)
            }
            Request::Put(key, record) => {
                stores.records[1].insert(key, record);
                Reply::Done
            }
            Request::Delete(store, range) => {
                stores.records[store_number(store)].retain(|key, _| !within(range).contains(key));
                Reply::Done
            }
            Request::Commit => Reply::Done,
        };
        slot.answer(Ok(reply));
    }
}

/// The database as one tab gets at it.
pub struct SimBackend {
    database: SimDatabase,
    tab: u64,
    connection: Mutex<Option<u64>>,
}

impl SimBackend {
    /// The database.
    pub fn database(&self) -> &SimDatabase {
        &self.database
    }
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
            // Opening takes a turn, as it does in a browser.
            let mut waited = false;
            poll_fn(|task| {
                if std::mem::replace(&mut waited, true) {
                    return Poll::Ready(());
                }
                task.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
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
        let is_live = connection.is_some_and(|number| world.connections.contains(&(self.tab, number)));
        if !is_live {
            return Err(lost());
        }
        world.next += 1;
        let (id, label) = (world.next, world.label);
        world.running.push(Running {
            id,
            tab: self.tab,
            label,
            writes,
            started: false,
            committing: false,
            requests: VecDeque::new(),
            snapshot: None,
            before: None,
            kinds: Vec::new(),
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
        Box::pin(async {})
    }

    fn random(&self) -> u64 {
        let mut world = self.database.world();
        world.noise = world.noise.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        world.noise ^ world.noise >> 29
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
            let is_answered = |slot: &Slot| slot.0.lock().unwrap_or_else(PoisonError::into_inner).0.is_some();
            if !is_answered(&slot) && !database.world().stepped {
                database.step(0);
            }
            let mut inner = slot.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(reply) = inner.0.take() {
                return Poll::Ready(reply);
            }
            if database.world().stepped {
                inner.1 = Some(task.waker().clone());
            } else {
                task.waker().wake_by_ref();
            }
            Poll::Pending
        }))
    }

    fn answer<T: Send + 'static>(&self, request: Request, take: fn(Reply) -> Option<T>) -> Answer<T> {
        let reply = self.request(request);
        Box::pin(async move { take(reply.await?).ok_or_else(aborted) })
    }
}

impl Transaction for SimTransaction {
    fn get(&self, store: Store, keys: &[i64]) -> Answer<Vec<Option<Value>>> {
        self.answer(Request::Get(store, keys.to_vec()), |reply| match reply {
            Reply::Records(records) => Some(records),
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
