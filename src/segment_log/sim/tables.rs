//! The object stores of a simulated database, and what requests do to them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::super::backend::{Fault, Fetched, META, Range, Store};
use super::super::format::{GOES_ON, Row};
use super::Commit;
use crate::Value;

/// An object store.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub(super) records: BTreeMap<i64, Value>,
    numbered: i64,
}

impl Table {
    pub(super) fn replace(&mut self, key: i64, record: Option<Value>) {
        if key != META {
            self.numbered = self.numbered.max(key);
        }
        match record {
            Some(record) => drop(self.records.insert(key, record)),
            None => drop(self.records.remove(&key)),
        }
    }
}

/// Both.
#[derive(Clone, Default)]
pub(super) struct Stores {
    pub(super) segments: Table,
    pub(super) rows: Table,
}

fn within(range: Range) -> RangeInclusive<i64> {
    // A range that ends before it begins is empty, not a panic.
    if range.from <= range.to { range.from..=range.to } else { i64::MIN..=i64::MIN }
}

impl Stores {
    pub(super) fn table(&mut self, store: Store) -> &mut Table {
        match store {
            Store::Segments => &mut self.segments,
            Store::Rows => &mut self.rows,
        }
    }

    /// The last number of each that was given out.
    pub(super) fn numbered(&self) -> [i64; 2] {
        [self.segments.numbered, self.rows.numbered]
    }

    /// The next numbers are those behind these; gives which they were behind before.
    pub(super) fn number_from(&mut self, numbered: [i64; 2]) -> [i64; 2] {
        let before = self.numbered();
        [self.segments.numbered, self.rows.numbered] = numbered;
        before
    }

    /// Whether `request` adds a record where there is one.
    pub(super) fn clashes(&self, request: &Request) -> bool {
        let Request::Add(store, records) = request else { return false };
        let table = if *store == Store::Segments { &self.segments } else { &self.rows };
        let numbers = table.numbered + 1..table.numbered + 1 + records.len() as i64;
        table.records.range(numbers).next().is_some()
    }

    /// What is left of a request behind one of its records, which has failed: `choice` picks which.
    pub(super) fn skip(&mut self, request: Request, choice: u64) -> Request {
        match request {
            Request::Add(store, mut records) => {
                let failed = choice as usize % records.len().max(1) + 1;
                self.table(store).numbered += failed as i64;
                Request::Add(store, records.split_off(failed.min(records.len())))
            }
            Request::Put(..) | Request::Delete(..) => Request::Commit,
            request => request,
        }
    }

    /// How many bytes all records take.
    pub(super) fn bytes(&self) -> u64 {
        let all = self.segments.records.values().chain(self.rows.records.values());
        all.map(|record| record.len() as u64).sum()
    }

    /// Does `request`; what rows it adds goes to `commit`.
    pub(super) fn answer(&mut self, request: Request, commit: &mut Commit) -> Reply {
        match request {
            Request::Get(store, keys) => {
                let records = &self.table(store).records;
                let fetched = |key| records.get(key).cloned().map_or(Fetched::Absent, Fetched::There);
                Reply::Records(keys.iter().map(fetched).collect())
            }
            Request::GetAll(range, limit) => {
                let rows = self.rows.records.range(within(range)).take(limit as usize);
                Reply::Rows(rows.map(|(key, row)| (*key, row.clone())).collect())
            }
            Request::Segments(range, limit) => {
                let segments = self.segments.records.range(within(range)).take(limit as usize);
                Reply::Keys(segments.map(|(key, _)| *key).collect())
            }
            Request::Add(store, records) => {
                let table = self.table(store);
                let first = table.numbered + 1;
                for record in records {
                    table.numbered += 1;
                    if store == Store::Rows {
                        commit.note(&record);
                    }
                    table.records.insert(table.numbered, record);
                }
                Reply::Number(first)
            }
            Request::Put(key, record) => {
                self.rows.records.insert(key, record);
                Reply::Done
            }
            Request::Delete(store, range) => {
                self.table(store).records.retain(|key, _| !within(range).contains(key));
                Reply::Done
            }
            Request::Commit => Reply::Done,
        }
    }
}

/// What a transaction asks for.
#[derive(Clone)]
pub(super) enum Request {
    Get(Store, Vec<i64>),
    GetAll(Range, u32),
    Segments(Range, u32),
    Add(Store, Vec<Value>),
    Put(i64, Value),
    Delete(Store, Range),
    Commit,
}

impl Commit {
    fn note(&mut self, row: &Value) {
        let bytes = row.to_vec();
        self.kinds.extend(bytes.get(2).map(|kind| kind & !GOES_ON));
        if let Ok(Row::Delete(mut keys)) = Row::read(&bytes) {
            while let Ok(Some(key)) = keys.next() {
                self.deleted.push(key.to_owned());
            }
        }
    }
}

impl Request {
    /// How many bytes it adds.
    pub(super) fn adds(&self) -> u64 {
        match self {
            Self::Add(_, records) => records.iter().map(|record| record.len() as u64).sum(),
            Self::Put(_, record) => record.len() as u64,
            _ => 0,
        }
    }
}

/// What it is told.
pub(super) enum Reply {
    Records(Vec<Fetched>),
    Rows(Vec<(i64, Value)>),
    Keys(Vec<i64>),
    Number(i64),
    Done,
}

/// Where the answer to a request goes.
#[derive(Default)]
pub(super) struct Slot(Mutex<Awaited>);

#[derive(Default)]
struct Awaited {
    reply: Option<Result<Reply, Fault>>,
    waker: Option<Waker>,
}

impl Slot {
    fn awaited(&self) -> MutexGuard<'_, Awaited> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, reply: Result<Reply, Fault>) {
        let mut awaited = self.awaited();
        awaited.reply.get_or_insert(reply);
        if let Some(waker) = awaited.waker.take() {
            waker.wake();
        }
    }

    /// The answer, if there is one; else `waker` is woken by it.
    pub(super) fn take(&self, waker: &Waker) -> Option<Result<Reply, Fault>> {
        let mut awaited = self.awaited();
        awaited.waker = Some(waker.clone());
        awaited.reply.take()
    }
}
