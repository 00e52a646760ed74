//! A simulated database: transactions as IndexedDB has them, of several tabs, whose requests are done one at a time in
//! whatever order a test likes, and which can be made to fail at any of them.
//!
//! What the engine relies on is what is simulated (see [`Backend`](super::Backend)), and what a browser may do to it: roll any
//! transaction back, run out of room, lose the connection before or after a commit, kill a tab, delete the database. A
//! transaction that its tab leaves idle is a defect of the engine ([`SimDatabase::check_idle`]): a browser would end it.
//!
//! By itself ([`SimDatabase::new`]) it does a request whenever one is awaited; under a test's control
//! ([`SimDatabase::stepped`]) when the test says so.

mod tab;
mod tables;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

pub use tab::{SimBackend, SimTransaction};

use super::backend::{Fault, Fetched, Store};
use crate::{Error, ErrorCode, Value};
use tables::{Reply, Request, Slot, Stores};

/// What goes wrong at a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// The transaction is rolled back.
    Abort,
    /// The same, for lack of room. Transactions that only read go on.
    Quota,
    /// The tab's connection is lost; its transactions are rolled back.
    Lose,
    /// The transaction alone is lost; the connection would go on.
    LoseTransaction,
    /// The connection looks alive, and whatever is asked by it is lost, until it is given up.
    Break,
    /// The connection is lost, but of a transaction that commits everything takes place first, and nobody hears of it.
    LoseAfter,
    /// The records that are asked for, at this request or the next one that asks for any by their keys, cannot be read.
    Unreadable,
}

/// A transaction that added rows, or did nothing but delete, and was committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// What [`SimDatabase::label`] was when it began.
    pub label: u64,
    /// The kinds of the rows that it added, in order.
    pub kinds: Vec<u8>,
    /// The keys that these delete.
    pub deleted: Vec<String>,
}

struct Running {
    id: u64,
    tab: u64,
    connection: u64,
    writes: bool,
    started: bool,
    committing: bool,
    requests: VecDeque<(Request, Arc<Slot>)>,
    /// What it reads: a snapshot for one that reads while others may write.
    snapshot: Option<Stores>,
    /// What it is rolled back to.
    before: Option<Stores>,
    commit: Commit,
    /// How many bytes it has added.
    added: u64,
}

struct World {
    stores: Stores,
    running: Vec<Running>,
    next: u64,
    label: u64,
    commits: Vec<Commit>,
    /// Live connections: tab and number.
    connections: Vec<(u64, u64)>,
    /// Those that answer nothing any more.
    broken: Vec<u64>,
    stepped: bool,
    /// Whether one that writes may begin while earlier ones still read.
    snapshots: bool,
    locks: bool,
    locked: bool,
    noise: u64,
    requests: u64,
    /// How often it was told to go on, and who waits for that to be a number.
    turns: u64,
    paused: Vec<(u64, Waker)>,
    mishap: Option<(u64, Mishap)>,
    /// The next records that are asked for cannot be read; these never can.
    reads_fail: bool,
    unreadable: Vec<(Store, i64)>,
    /// How many bytes there is room for.
    room: Option<u64>,
    /// How many bytes have to be deleted before anything is added.
    cramped: u64,
    /// What is asked behind the request that a full disk fails is done all the same.
    tears: bool,
}

/// See the module. Clones are the same database.
#[derive(Clone)]
pub struct SimDatabase(Arc<Mutex<World>>);

impl Default for SimDatabase {
    fn default() -> Self {
        Self::new()
    }
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

fn clash() -> Fault {
    Fault::Clash(Error::new(ErrorCode::Unavailable, "the simulated record is there already"))
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
            broken: Vec::new(),
            stepped: false,
            snapshots: false,
            locks: true,
            locked: false,
            noise: 1,
            requests: 0,
            turns: 0,
            paused: Vec::new(),
            mishap: None,
            reads_fail: false,
            unreadable: Vec::new(),
            room: None,
            cramped: 0,
            tears: false,
        })))
    }

    /// The same in a runtime that has no locks.
    pub fn without_locks() -> Self {
        let database = Self::new();
        database.world().locks = false;
        database
    }

    /// A database that does one request each time that it is told to. `seed` decides what numbers it draws, and what
    /// else browsers may do one way or the other.
    pub fn stepped(seed: u64) -> Self {
        let database = Self::new();
        {
            let mut world = database.world();
            (world.stepped, world.noise) = (true, seed.wrapping_mul(2) | 1);
            (world.snapshots, world.locks) = (seed & 1 == 1, seed & 2 == 2);
            world.tears = seed & 4 == 4;
        }
        database
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The database as tab `tab` gets at it.
    pub fn tab(&self, tab: u64) -> SimBackend {
        SimBackend::new(self.clone(), tab)
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

    /// How many bytes the records take.
    pub fn bytes(&self) -> u64 {
        self.world().stores.bytes()
    }

    /// There is room for `room` bytes, or any number. As in browsers, what a transaction deletes makes room for others
    /// alone.
    pub fn room(&self, room: Option<u64>) {
        self.world().room = room;
    }

    /// A disk that is full as Chromium's is: whatever adds anything is refused, until transactions that do nothing but
    /// delete have given back `bytes`.
    pub fn cramp(&self, bytes: u64) {
        self.world().cramped = bytes;
    }

    /// Whether a full disk is as Firefox's: the transaction is rolled back, and what was asked of it behind the request
    /// that failed is done all the same, each for itself. Numbers that were given out are given out again.
    pub fn tear(&self, tears: bool) {
        self.world().tears = tears;
    }

    /// The same records in a database of its own, which does what is awaited.
    pub fn copy(&self) -> Self {
        let copy = Self::new();
        copy.world().stores = self.world().stores.clone();
        copy
    }

    /// At the `after`-th request from now on, something goes wrong.
    pub fn mishap(&self, after: u64, mishap: Mishap) {
        self.world().mishap = Some((after, mishap));
    }

    /// From now on the record under `key` cannot be read, though it is there; or can again.
    pub fn unreadable(&self, store: Store, key: i64, is_so: bool) {
        let mut world = self.world();
        world.unreadable.retain(|other| *other != (store, key));
        world.unreadable.extend(is_so.then_some((store, key)));
    }

    /// Nothing goes wrong any more. Says whether something was still to.
    pub fn no_mishap(&self) -> bool {
        let mut world = self.world();
        let waits = std::mem::take(&mut world.reads_fail);
        world.mishap.take().is_some() || waits
    }

    /// Does one request of the transactions that can go on; `choice` picks which. Says whether there was one,
    /// or anybody who lets others go first.
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
        self.world().stores.segments.records.keys().copied().collect()
    }

    /// The rows, pages and other records of the log, with their keys.
    pub fn rows(&self) -> Vec<(i64, Value)> {
        self.world().stores.rows.records.iter().map(|(key, row)| (*key, row.clone())).collect()
    }

    /// Puts a record in place of another, or none, as damage would. New ones are numbered behind it.
    pub fn damage(&self, store: Store, key: i64, record: Option<Value>) {
        self.world().stores.table(store).replace(key, record);
    }

    /// A record.
    pub fn record(&self, store: Store, key: i64) -> Option<Value> {
        self.world().stores.table(store).records.get(&key).cloned()
    }
}

impl World {
    fn draw(&mut self) -> u64 {
        self.noise = self.noise.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        self.noise ^ self.noise >> 29
    }

    /// Whether the transaction may do a request: earlier ones that write keep it from beginning, and if it writes,
    /// earlier ones that read do too.
    fn can_go_on(&self, at: usize) -> bool {
        let Some(running) = self.running.get(at) else { return false };
        let earlier = self.running.get(..at).unwrap_or_default();
        let in_the_way = |other: &Running| other.writes || (running.writes && !self.snapshots);
        !running.requests.is_empty() && (running.started || !earlier.iter().any(in_the_way))
    }

    fn step(&mut self, choice: u64) -> bool {
        self.turns += 1;
        let turns = self.turns;
        let waits = !self.paused.is_empty();
        self.paused.extract_if(.., |(until, _)| *until <= turns).for_each(|(_, waker)| waker.wake());
        let ready: Vec<usize> = (0..self.running.len()).filter(|at| self.can_go_on(*at)).collect();
        let Some(at) = ready.get((choice % ready.len().max(1) as u64) as usize).copied() else { return waits };
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
        let (tab, connection, writes) = (running.tab, running.connection, running.writes);
        match mishap {
            Some(Mishap::Abort) => self.end(at, Some(aborted())),
            Some(Mishap::Quota) if writes => self.fill(at),
            Some(Mishap::LoseTransaction) => self.end(at, Some(lost())),
            Some(Mishap::Break) => {
                self.broken.push(connection);
                self.end(at, Some(lost()));
            }
            _ if self.broken.contains(&connection) => self.end(at, Some(lost())),
            Some(Mishap::Lose) => self.lose(tab),
            Some(Mishap::LoseAfter) => {
                if let Some(running) = self.running.get(at).filter(|running| running.committing) {
                    let (id, requests) = (running.id, running.requests.len());
                    // The first answer that a request is given is the one that counts.
                    running.requests.iter().for_each(|(_, slot)| slot.answer(Err(lost())));
                    for _ in 0..requests {
                        let at = self.running.iter().position(|running| running.id == id);
                        at.into_iter().for_each(|at| self.advance(at));
                    }
                }
                self.lose(tab);
            }
            Some(Mishap::Unreadable) => {
                self.reads_fail = true;
                self.advance(at);
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
                // Chromium tells the requests of one that was to commit nothing.
                let told = |request: &Request| !running.committing || matches!(request, Request::Commit);
                let told = running.requests.iter().filter(|(request, _)| told(request));
                told.for_each(|(_, slot)| slot.answer(Err(fault.clone())));
            }
            None if running.before.is_some() && (!running.commit.kinds.is_empty() || running.added == 0) => {
                self.commits.push(running.commit);
            }
            None => {}
        }
    }

    /// A transaction finds the disk full.
    fn fill(&mut self, at: usize) {
        let asked = self.running.get(at).filter(|_| self.tears).map(|running| running.requests.iter());
        let asked: Vec<Request> = asked.into_iter().flatten().map(|(request, _)| request.clone()).collect();
        let reached = self.stores.numbered();
        self.end(at, Some(full()));
        let before = self.stores.number_from(reached);
        let (mut asked, record) = (asked.into_iter(), self.draw());
        let failed = asked.next().map(|request| self.stores.skip(request, record));
        for request in failed.into_iter().chain(asked) {
            if !self.stores.clashes(&request) {
                // Nobody is told.
                drop(self.stores.answer(request, &mut Commit::default()));
            }
        }
        self.stores.number_from(before);
    }

    /// Does the next request of a transaction.
    fn advance(&mut self, at: usize) {
        let Self { stores, running, snapshots, room, cramped, reads_fail, unreadable, .. } = self;
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
        let grows = running.requests.front().map_or(0, |(request, _)| request.adds());
        running.added += grows;
        let before = running.before.as_ref().map_or(0, Stores::bytes);
        if grows > 0 && (*cramped > 0 || room.is_some_and(|room| before + running.added > room)) {
            return self.fill(at);
        }
        if running.requests.front().is_some_and(|(request, _)| stores.clashes(request)) {
            return self.end(at, Some(clash()));
        }
        let Some((request, slot)) = running.requests.pop_front() else { return };
        if matches!(request, Request::Commit) {
            if running.writes && running.added == 0 {
                *cramped = cramped.saturating_sub(before.saturating_sub(stores.bytes()));
            }
            self.end(at, None);
            slot.answer(Ok(Reply::Done));
            return;
        }
        let stores = running.snapshot.as_mut().unwrap_or(stores);
        let asked = if let Request::Get(store, keys) = &request { Some((*store, keys.clone())) } else { None };
        let mut reply = stores.answer(request, &mut running.commit);
        if let (Some((store, keys)), Reply::Records(records)) = (asked, &mut reply) {
            let fails = std::mem::take(reads_fail);
            for (key, record) in keys.iter().zip(records) {
                if fails || unreadable.contains(&(store, *key)) {
                    *record = Fetched::Unreadable;
                }
            }
        }
        slot.answer(Ok(reply));
    }
}
