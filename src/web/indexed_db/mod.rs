//! `IndexedDbByteStore`: one record per key, for the time being.
//!
//! | object store | key | value |
//! |---|---|---|
//! | `records` | the key | `[bytes: Uint8Array, expires: number, written: number]`, times in ms since 1970, `expires` 0 for never |
//! | `expiring` | the key | when it expires; for every record that expires, and perhaps for some that no longer do |
//!
//! `expiring` tells a listing whether it has to look into the records for what has expired. What has expired is missing
//! everywhere, and stays on the disk until its key is set again, deleted or cleared. This layout is not frozen and need
//! not be read by later versions.
//!
//! Every call is one transaction, so atomic. Transactions are made in the order of the calls: a fair lock is held from
//! the call until its requests are issued, across the opening of the database too [O2-call-order].

mod connection;
mod fault;
mod read;
mod record;
mod write;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use js_sys::Date;
use wasm_bindgen::JsValue;

use crate::clock::{SharedClock, expires_at};
use crate::error::shown_key;
use crate::event::{Counters, tell};
use crate::store::{ByteStore, Capabilities, Cursor, Lookup, Page, Stat, Ttl};
use crate::turns::Turns;
use crate::web::js_value::strings;
use crate::{BoxFuture, Entries, Error, Event, InMemoryByteStore, Keys, Observer, Result, Stats, SystemClock};

use connection::Line;
use read::Question;
use record::Record;
use write::Change;

/// How long the browser may hold finished writes back from the disk.
/// See <https://www.w3.org/TR/IndexedDB/#transaction-durability-hint>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Done when handed to the operating system: right for caches, and all but `strict`'s equal short of a power cut.
    #[default]
    Relaxed,
    /// Done when on the disk.
    Strict,
    /// As the browser likes.
    Default,
}

/// Options of an [`IndexedDbByteStore`].
#[derive(Clone, Default)]
pub struct IndexedDbOptions {
    /// The database's name.
    pub name: String,
    /// How long entries live unless a call says otherwise; for ever without it.
    pub ttl: Option<Duration>,
    /// When a write counts as done.
    pub durability: Durability,
    /// Whether a database that will not open is deleted and made anew: for caches.
    pub recreate: bool,
    /// Whether to go on in memory where the database cannot be had.
    pub fall_back: bool,
    /// The clock; the machine's without it.
    pub clock: Option<SharedClock>,
    /// Told of requests and of what becomes of the connection.
    pub observer: Option<Observer>,
}

/// A store in the browser's IndexedDB: persistent, shared by all tabs of an origin.
pub struct IndexedDbByteStore {
    options: IndexedDbOptions,
    clock: SharedClock,
    line: Turns<Line>,
    closed: Cell<bool>,
    fallback: RefCell<Option<Arc<InMemoryByteStore>>>,
    counters: Counters,
}

impl IndexedDbByteStore {
    /// The store in the database `options.name`; nothing is opened before the first call.
    pub fn new(options: IndexedDbOptions) -> Self {
        let clock = options.clock.clone().unwrap_or_else(|| Arc::new(SystemClock));
        Self {
            options,
            clock,
            line: Turns::default(),
            closed: Cell::new(false),
            fallback: RefCell::default(),
            counters: Counters::default(),
        }
    }

    /// Deletes the database, every namespace in it, and closes the handle. Other handles on it, in this tab or others,
    /// find it empty.
    ///
    /// # Errors
    /// `closed`; `unavailable` where there is no IndexedDB.
    pub async fn destroy(&self) -> Result<()> {
        self.check_open()?;
        self.closed.set(true);
        let mut line = self.line.take().await;
        let in_memory = self.options.fall_back && self.connected(&mut line).await?.is_none();
        line.disconnect();
        if in_memory {
            self.fallback.take();
            connection::forget_fallback(&self.options.name);
            return Ok(());
        }
        connection::delete(&self.options.name).await
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    fn memory(&self) -> Option<Arc<InMemoryByteStore>> {
        self.fallback.borrow().clone()
    }

    /// Reads in one transaction; `None` when the store in memory serves.
    fn read<'a>(
        &'a self,
        operation: &'static str,
        keys: usize,
        question: &'a Question,
    ) -> BoxFuture<'a, Result<Option<Vec<JsValue>>>> {
        Box::pin(async move {
            let began = Date::now();
            let reading = {
                let mut line = self.line.take().await;
                let Some(mut database) = self.connected(&mut line).await? else { return Ok(None) };
                match read::begin(&database, question) {
                    Err(lost) if fault::is_lost(&lost) => {
                        self.lose(&mut line, &lost);
                        let Some(again) = self.connected(&mut line).await? else { return Ok(None) };
                        database = again;
                        read::begin(&database, question)
                    }
                    begun => begun,
                }
            };
            let results = reading.map_err(fault::from_idb)?.results().await?;
            self.answered(operation, keys, began);
            Ok(Some(results))
        })
    }

    /// Writes in one transaction; the store in memory does if it serves.
    async fn write(&self, operation: &'static str, change: Change) -> Result<()> {
        self.check_open()?;
        let (keys, bytes) = match &change {
            Change::Set { entries, .. } => (entries.len(), entries.bytes()),
            Change::Delete(keys) => (keys.len(), 0),
            Change::Clear(_) => (0, 0),
        };
        if keys == 0 && !matches!(change, Change::Clear(_)) {
            return Ok(());
        }
        let began = Date::now();
        let mut line = self.line.take().await;
        let mut reopened = false;
        loop {
            let Some(database) = self.connected(&mut line).await? else { break };
            match write::begin(&database, self.options.durability) {
                Err(lost) if !reopened && fault::is_lost(&lost) => {
                    reopened = true;
                    self.lose(&mut line, &lost);
                }
                begun => {
                    let tx = begun.map_err(fault::from_idb)?;
                    write::issue(&tx, &change).map_err(fault::from_idb)?;
                    drop(line);
                    write::commit(tx).await?;
                    self.answered(operation, keys, began);
                    self.counters.wrote(bytes);
                    return Ok(());
                }
            }
        }
        let Some(memory) = self.memory() else { return Ok(()) };
        match change {
            Change::Set { entries, ttl, .. } => memory.set_many(entries, ttl).await?,
            Change::Delete(keys) => memory.delete_many(keys).await?,
            Change::Clear(prefix) => memory.clear(prefix, true).await?,
        }
        self.counters.wrote(bytes);
        Ok(())
    }

    /// A connection was found lost before anything was issued: it is opened again, once.
    fn lose(&self, line: &mut Line, lost: &indexed_db_futures::error::Error) {
        line.disconnect();
        tell(self.options.observer.as_ref(), || Event::Reopen { reason: fault::describe(lost) });
    }

    fn answered(&self, operation: &'static str, keys: usize, began: f64) {
        self.counters.request();
        tell(self.options.observer.as_ref(), || Event::Request { operation, keys, ms: Date::now() - began });
    }

    /// What is there of `keys`.
    fn look_up(&self, operation: &'static str, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let question = Question::Get(keys);
            let Question::Get(keys) = &question else { return Ok(Vec::new()) };
            match (self.read(operation, keys.len(), &question).await?, self.memory()) {
                (None, Some(memory)) => memory.get_many(keys.clone()).await,
                (rows, _) => {
                    let now = self.clock.now_ms();
                    let mut found = Vec::with_capacity(keys.len());
                    for (key, row) in keys.iter().zip(rows.unwrap_or_default()) {
                        found.push(self.lookup(key, row, now));
                    }
                    Ok(found)
                }
            }
        })
    }

    /// The answer of a row: nothing once it has expired, and for a row that is no record, which is told.
    fn lookup(&self, key: &str, row: JsValue, now: u64) -> Lookup {
        if row.is_undefined() {
            return Lookup::default();
        }
        match Record::read(&row) {
            Some(record) if record.has_expired(now) => Lookup::default(),
            Some(record) => record.into_lookup(now),
            None => {
                tell(self.options.observer.as_ref(), || Event::Corrupt {
                    key: shown_key(key),
                    reason: "the record is not of this layout".to_owned(),
                });
                Lookup::default()
            }
        }
    }

    async fn page(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> Result<Page> {
        self.check_open()?;
        let after = cursor.map(Cursor::into_after).transpose()?;
        let limit = u32::try_from(limit).unwrap_or(u32::MAX).max(1);
        let question = Question::List { prefix: prefix.clone(), after: after.clone(), limit };
        let results = match (self.read("list", 0, &question).await?, self.memory()) {
            (None, Some(memory)) => return memory.list(prefix, after.map(Cursor::after), limit as usize).await,
            (results, _) => results.unwrap_or_default(),
        };
        let [expiring, keys] = results.as_slice() else { return Ok(Page::default()) };
        let mut keys = strings(keys);
        let mut next = if keys.len() < limit as usize { None } else { keys.last().cloned() };
        if let Some(end) = keys.iter().position(|key| !key.starts_with(&prefix)) {
            keys.truncate(end);
            next = None;
        }
        if !expiring.is_undefined() {
            // One that is gone by now was deleted meanwhile.
            let found = self.look_up("list", keys.iter().collect()).await?;
            let mut found = found.iter();
            keys.retain(|_| found.next().is_some_and(|lookup| lookup.value.is_some()));
        }
        Ok(Page { keys, next: next.map(Cursor::after) })
    }
}

impl ByteStore for IndexedDbByteStore {
    fn capabilities(&self) -> Capabilities {
        match self.fallback.borrow().as_ref() {
            // Handles of the same name share the store in memory, within the page.
            Some(memory) => Capabilities { conditional_set: false, shared_writes: true, ..memory.capabilities() },
            None => Capabilities {
                atomic_batch: true,
                shared_writes: true,
                ttl: true,
                exact_ttl: true,
                conditional_set: false,
                shared_backend: false,
                persistent: true,
                max_key_bytes: None,
            },
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let found = self.look_up("get", keys).await?;
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        let life = ttl.resolve(self.options.ttl);
        let now = self.clock.now_ms();
        let expires = life.map_or(0, |life| expires_at(now, life));
        // For the store in memory, which several handles share: with this handle's default made plain.
        let ttl = life.map_or(Ttl::Never, Ttl::After);
        Box::pin(self.write("set", Change::Set { entries, ttl, expires, now }))
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write("delete", Change::Delete(keys)))
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(self.page(prefix, cursor, limit))
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { Ok(Lookup::stats(&self.look_up("stat", keys).await?)) })
    }

    /// The backend is not a shared one: `all` is not asked for.
    fn clear(&self, prefix: String, _all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.write("clear", Change::Clear(prefix)))
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            let mut line = self.line.take().await;
            self.connected(&mut line).await.map(drop)
        })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.options.ttl
    }

    fn identity(&self) -> Option<String> {
        Some(format!("IndexedDB {}", self.options.name))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.set(true);
            self.line.take().await.disconnect();
            self.fallback.borrow_mut().take();
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}
