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
//!
//! Reads: all `get`s are issued at once, and the last one is awaited first; results come in order, so that the others
//! are found done and cost no event listener. `commit()` is not called on them: in Chromium a large value's result can
//! then arrive after `complete`.

mod connection;
mod fault;
mod record;
mod transaction;

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::Duration;

use indexed_db_futures::KeyRange;
use js_sys::Date;
use tokio::sync::Mutex;
use wasm_bindgen::JsValue;

use crate::clock::{SharedClock, expires_at};
use crate::error::shown_key;
use crate::event::{Counters, tell};
use crate::store::{ByteStore, Capabilities, Cursor, Lookup, Page, Stat, Ttl, check_clear};
use crate::{BoxFuture, Entries, Error, Event, InMemoryByteStore, Keys, Observer, Result, Stats, SystemClock};

use connection::Line;
use record::Record;
use transaction::{Answer, Call, Issue, Requests};

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
    line: Mutex<Line>,
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
            line: Mutex::default(),
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
        let mut line = self.line.lock().await;
        line.disconnect();
        if connection::forget_fallback(&self.options.name) && self.fallback.borrow_mut().take().is_some() {
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

    /// Runs one transaction, standing in line until its requests are issued. Opens the database if need be; a
    /// connection found lost before anything was issued is opened again, once. `None` when the database cannot be had
    /// and the store in memory serves instead.
    ///
    /// `issue` is dynamic on purpose: one body in the wasm instead of one a call.
    async fn transact(&self, call: Call, issue: &Issue<'_>) -> Result<Option<Answer>> {
        let began = Date::now();
        let mut line = self.line.lock().await;
        let mut reopened = false;
        loop {
            let Some(database) = self.connected(&mut line).await? else { return Ok(None) };
            match transaction::begin(&database, call, self.options.durability) {
                Ok(tx) => {
                    let answer = transaction::run(tx, call, issue, line).await?;
                    self.counters.request();
                    tell(self.options.observer.as_ref(), || Event::Request {
                        operation: call.operation,
                        keys: call.keys,
                        ms: Date::now() - began,
                    });
                    return Ok(Some(answer));
                }
                Err(lost) if !reopened && fault::is_lost(&lost) => {
                    reopened = true;
                    line.disconnect();
                    tell(self.options.observer.as_ref(), || Event::Reopen { reason: fault::describe(&lost) });
                }
                Err(error) => return Err(fault::from_idb(error)),
            }
        }
    }

    /// What is there of `keys`; `None` when the store in memory serves.
    async fn look_up(&self, operation: &'static str, keys: &Keys) -> Result<Option<Vec<Lookup>>> {
        let call = Call::read(operation, keys.len());
        let Some(answer) = self.transact(call, &|stores| stores.gets(keys)).await? else { return Ok(None) };
        let now = self.clock.now_ms();
        let rows = keys.iter().zip(answer.rows);
        Ok(Some(rows.map(|(key, row)| self.lookup(key, row, now)).collect()))
    }

    /// The answer of a row: nothing once it has expired, and for a row that is no record, which is told.
    fn lookup(&self, key: &str, row: Option<JsValue>, now: u64) -> Lookup {
        let Some(row) = row else { return Lookup::default() };
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

    async fn page(&self, prefix: &str, after: Option<String>, limit: u32) -> Result<Option<Page>> {
        let issue = |stores: &transaction::Stores<'_>| {
            let range = match &after {
                Some(key) => KeyRange::LowerBound(JsValue::from(key.as_str()), true),
                None => KeyRange::LowerBound(JsValue::from(prefix), false),
            };
            stores.list(range, limit)
        };
        let Some(answer) = self.transact(Call::read("list", 0), &issue).await? else { return Ok(None) };
        let mut keys = answer.keys;
        let mut next = if keys.len() < limit as usize { None } else { keys.last().cloned() };
        if let Some(end) = keys.iter().position(|key| !key.starts_with(prefix)) {
            keys.truncate(end);
            next = None;
        }
        if answer.expiring {
            // One that is gone by now was deleted meanwhile.
            let found = self.look_up("list", &keys.iter().collect()).await?.unwrap_or_default();
            let mut found = found.iter();
            keys.retain(|_| found.next().is_some_and(|lookup| lookup.value.is_some()));
        }
        Ok(Some(Page { keys, next: next.map(Cursor::after) }))
    }

    /// Writes in one transaction; `false` when the store in memory serves.
    async fn write(&self, operation: &'static str, keys: usize, issue: &Issue<'_>) -> Result<bool> {
        Ok(self.transact(Call::write(operation, keys), issue).await?.is_some())
    }

    /// A TTL for the store in memory, which several handles share: with this handle's default made plain.
    fn own_default(&self, ttl: Ttl) -> Ttl {
        ttl.resolve(self.options.ttl).map_or(Ttl::Never, Ttl::After)
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
            self.check_open()?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let found = match (self.look_up("get", &keys).await?, self.memory()) {
                (None, Some(memory)) => memory.get_many(keys).await?,
                (found, _) => found.unwrap_or_default(),
            };
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if entries.is_empty() {
                return Ok(());
            }
            let bytes = entries.bytes();
            let now = self.clock.now_ms();
            let expires = ttl.resolve(self.options.ttl).map_or(0, |life| expires_at(now, life));
            let issue = |stores: &transaction::Stores<'_>| {
                for (key, value) in entries.iter() {
                    // A request that fails aborts the transaction, which says so at its end: none is awaited.
                    stores.put(key, Record::row(value, expires, now), expires)?;
                }
                Ok(Requests::default())
            };
            if !self.write("set", entries.len(), &issue).await?
                && let Some(memory) = self.memory()
            {
                memory.set_many(entries, self.own_default(ttl)).await?;
            }
            self.counters.wrote(bytes);
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() {
                return Ok(());
            }
            let issue = |stores: &transaction::Stores<'_>| {
                keys.iter().try_for_each(|key| stores.delete(key)).map(|()| Requests::default())
            };
            if !self.write("delete", keys.len(), &issue).await?
                && let Some(memory) = self.memory()
            {
                memory.delete_many(keys).await?;
            }
            Ok(())
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            self.check_open()?;
            let after = cursor.map(Cursor::into_after).transpose()?;
            let limit = u32::try_from(limit).unwrap_or(u32::MAX).max(1);
            match (self.page(&prefix, after.clone(), limit).await?, self.memory()) {
                (None, Some(memory)) => memory.list(prefix, after.map(Cursor::after), limit as usize).await,
                (page, _) => Ok(page.unwrap_or_default()),
            }
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            match (self.look_up("stat", &keys).await?, self.memory()) {
                (None, Some(memory)) => memory.stat(keys).await,
                (found, _) => Ok(found.unwrap_or_default().iter().map(Lookup::stat).collect()),
            }
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            check_clear(self.capabilities(), &prefix, all)?;
            let range = transaction::prefix_range(&prefix);
            let issue = |stores: &transaction::Stores<'_>| stores.delete_range(&range).map(|()| Requests::default());
            if !self.write("clear", 0, &issue).await?
                && let Some(memory) = self.memory()
            {
                memory.clear(prefix, all).await?;
            }
            Ok(())
        })
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            let mut line = self.line.lock().await;
            self.connected(&mut line).await.map(drop)
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.set(true);
            self.line.lock().await.disconnect();
            self.fallback.borrow_mut().take();
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}
