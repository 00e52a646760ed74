//! `InMemoryByteStore`: a bounded or unbounded map with expiry, least-recently-used eviction and versions.
//!
//! One lock around one state; nothing awaits while it is held, so every call is atomic. Names stand in a sorted map, so
//! that a listing can go on behind any key while the map changes [L5-change-while-iterating]; they lead to slots, which
//! form a list in order of use. Expired entries are missing at once, and dropped when there is cause to: before
//! something is evicted, and when the slots have doubled since the last time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{SharedClock, expires_at};
use crate::event::{Counters, Event, tell};
use crate::sorted::SortedMap;
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Expiry, Lookup, Page, Stat, Ttl, Version, check_clear};
use crate::{BoxFuture, Entries, Error, Keys, Observer, Result, Stats, SystemClock, Usage, Value};

/// How many deleted keys a store remembers for [`Condition::UnchangedSince`]. Beyond them it forgets, and answers such
/// conditions on missing keys with no.
const REMEMBERED_DELETES: usize = 4_096;

/// Fewer slots than this are not looked through for expired entries.
const SMALL: usize = 64;

/// No slot: the end of the list of use.
const NONE: usize = usize::MAX;

/// Options of an [`InMemoryByteStore`].
#[derive(Clone, Default)]
pub struct MemoryOptions {
    /// How long entries live unless a call says otherwise; for ever without it.
    pub ttl: Option<Duration>,
    /// The most bytes, keys (UTF-8) and values together; the least recently used entries go first.
    pub max_bytes: Option<u64>,
    /// The most entries; the least recently used go first.
    pub max_entries: Option<usize>,
    /// The clock; the machine's without it.
    pub clock: Option<SharedClock>,
    /// Told of evictions.
    pub observer: Option<Observer>,
}

/// A store in memory. It ends with the object; clones of an `Arc` share it.
///
/// ```
/// use bytestow::{ByteStoreExt, InMemoryByteStore};
/// # futures_executor::block_on(async {
/// let store = InMemoryByteStore::new();
/// store.set("greeting", "hello").await?;
/// assert_eq!(store.get("greeting").await?, Some("hello".into()));
/// # Ok::<(), bytestow::Error>(()) }).unwrap();
/// ```
pub struct InMemoryByteStore {
    state: Mutex<State>,
    closed: AtomicBool,
    ttl: Option<Duration>,
    bounds: Bounds,
    clock: SharedClock,
    observer: Option<Observer>,
    counters: Counters,
}

#[derive(Clone, Copy)]
struct Bounds {
    bytes: u64,
    entries: usize,
}

#[derive(Clone, Copy, Default)]
struct Evicted {
    keys: usize,
    bytes: u64,
}

struct State {
    /// Where the slot of each key is.
    names: SortedMap,
    slots: Vec<Slot>,
    free: Vec<usize>,
    /// The most and the least recently used slot.
    newest: usize,
    oldest: usize,
    bytes: u64,
    /// No entry expires before this time.
    soonest: u64,
    /// How many slots may be in use before expired ones are looked for.
    crowded: usize,
    /// Counts changes; the version of the last one.
    version: u64,
    /// The version at which a key went, for a bounded number of keys ...
    gone: SortedMap,
    /// ... and the version up to which nothing is remembered of the others.
    forgotten: u64,
}

struct Slot {
    key: Arc<str>,
    value: Value,
    /// `u64::MAX` for never.
    expires: u64,
    written: u64,
    version: u64,
    newer: usize,
    older: usize,
}

/// When something is written, and when that expires.
#[derive(Clone, Copy)]
struct Stamp {
    now: u64,
    expires: u64,
}

impl InMemoryByteStore {
    /// An unbounded store whose entries do not expire unless a call says so.
    pub fn new() -> Self {
        Self::with_options(MemoryOptions::default())
    }

    /// A store with `options`.
    pub fn with_options(options: MemoryOptions) -> Self {
        let MemoryOptions { ttl, max_bytes, max_entries, clock, observer } = options;
        Self {
            state: Mutex::new(State::new()),
            closed: AtomicBool::new(false),
            ttl,
            bounds: Bounds { bytes: max_bytes.unwrap_or(u64::MAX), entries: max_entries.unwrap_or(usize::MAX) },
            clock: clock.unwrap_or_else(|| Arc::new(SystemClock)),
            observer,
            counters: Counters::default(),
        }
    }

    /// What is stored, expired entries that were not dropped yet among it.
    ///
    /// # Errors
    /// `closed`.
    pub fn usage(&self) -> Result<Usage> {
        let (state, _) = self.state()?;
        Ok(Usage { keys: state.names.len() as u64, bytes: state.bytes, stored_bytes: state.bytes })
    }

    /// The state, and the time. The clock is asked before the lock is taken: it may be the caller's own code.
    fn state(&self) -> Result<(MutexGuard<'_, State>, u64)> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        let now = self.clock.now_ms();
        Ok((self.state.lock().unwrap_or_else(PoisonError::into_inner), now))
    }

    fn get_now(&self, keys: &Keys) -> Result<Vec<Lookup>> {
        let (mut state, now) = self.state()?;
        let found: Vec<Lookup> = keys.iter().map(|key| state.look_up(key, now)).collect();
        drop(state);
        self.counters.read(&found);
        Ok(found)
    }

    /// Stores the entries whose condition holds; without conditions, all.
    fn set_now(&self, entries: &Entries, conditions: Option<&[Condition]>, ttl: Ttl) -> Result<Vec<bool>> {
        let (mut state, now) = self.state()?;
        self.check_fits(entries, conditions.is_some())?;
        let stamp = Stamp { now, expires: ttl.resolve(self.ttl).map_or(u64::MAX, |life| expires_at(now, life)) };
        let mut stored = Vec::with_capacity(entries.len());
        let mut written = 0;
        state.version += 1;
        for (at, (key, value)) in entries.iter().enumerate() {
            let holds = match conditions {
                Some(conditions) => conditions.get(at).is_some_and(|condition| state.holds(key, *condition, now)),
                None => true,
            };
            if holds {
                state.put(key, value, stamp);
                written += value.len() as u64;
            }
            stored.push(holds);
        }
        let evicted = state.make_room(self.bounds, now);
        drop(state);
        self.counters.wrote(written);
        if evicted.keys > 0 {
            self.counters.evicted(evicted.keys);
            tell(self.observer.as_ref(), || Event::Evict { keys: evicted.keys, bytes: evicted.bytes });
        }
        Ok(stored)
    }

    fn list_now(&self, prefix: &str, cursor: Option<Cursor>, limit: usize) -> Result<Page> {
        let (state, now) = self.state()?;
        let after = cursor.map(Cursor::into_after).transpose()?;
        let mut keys: Vec<String> = Vec::new();
        for (key, at) in state.names.from(after.as_deref().unwrap_or(prefix)) {
            if !key.starts_with(prefix) {
                break;
            }
            if after.as_deref() == Some(&**key) {
                continue;
            }
            if keys.len() == limit.max(1) {
                let next = keys.last().map(Cursor::after);
                return Ok(Page { keys, next });
            }
            if state.slots.get(at as usize).is_some_and(|slot| slot.expires > now) {
                keys.push(key.to_string());
            }
        }
        Ok(Page { keys, next: None })
    }

    /// Whether `entries` fit the bounds whole. Of duplicates the last counts; where they are stored on condition, any
    /// of them may be the one that stays, so the largest.
    fn check_fits(&self, entries: &Entries, on_condition: bool) -> Result<()> {
        let Bounds { bytes: most_bytes, entries: most_entries } = self.bounds;
        if most_bytes == u64::MAX && most_entries == usize::MAX {
            return Ok(());
        }
        let mut sizes = SortedMap::default();
        for (key, value) in entries.iter() {
            let most = sizes.get(key).filter(|_| on_condition).unwrap_or(0);
            sizes.insert(Arc::from(key), most.max(size(key, value)));
        }
        let bytes = sizes.numbers().sum();
        if bytes > most_bytes {
            return Err(Error::too_large("the call, its keys and values together,", bytes, most_bytes));
        }
        if sizes.len() > most_entries {
            let count = sizes.len();
            return Err(Error::new(
                crate::ErrorCode::TooLarge,
                format!("the call has {count} entries, and the store holds at most {most_entries}"),
            ));
        }
        Ok(())
    }
}

impl Default for InMemoryByteStore {
    fn default() -> Self {
        Self::new()
    }
}

fn size(key: &str, value: &Value) -> u64 {
    (key.len() + value.len()) as u64
}

impl State {
    fn new() -> Self {
        Self {
            names: SortedMap::default(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
            bytes: 0,
            soonest: u64::MAX,
            crowded: SMALL,
            version: 0,
            gone: SortedMap::default(),
            forgotten: 0,
        }
    }

    fn slot_of(&self, key: &str) -> Option<&Slot> {
        self.slots.get(self.names.get(key)? as usize)
    }

    fn look_up(&mut self, key: &str, now: u64) -> Lookup {
        let version = Some(Version(self.version));
        let at = self.names.get(key).map_or(NONE, |at| at as usize);
        let Some(slot) = self.slots.get(at).filter(|slot| slot.expires > now) else {
            return Lookup { version, ..Lookup::default() };
        };
        let value = Some(slot.value.duplicate());
        let (expiry, written) = (slot.expiry(now), Some(slot.written));
        self.unlink(at);
        self.link_newest(at);
        Lookup { value, expiry, written, version }
    }

    fn put(&mut self, key: &str, value: &Value, stamp: Stamp) {
        let key = self.remove(key).unwrap_or_else(|| Arc::from(key));
        self.gone.remove(&key);
        self.bytes += size(&key, value);
        self.soonest = self.soonest.min(stamp.expires);
        let slot = Slot {
            key: key.clone(),
            value: value.clone(),
            expires: stamp.expires,
            written: stamp.now,
            version: self.version,
            newer: NONE,
            older: NONE,
        };
        let at = self.free.pop().unwrap_or(self.slots.len());
        match self.slots.get_mut(at) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        self.names.insert(key, at as u64);
        self.link_newest(at);
    }

    /// Removes `key`; gives its shared string, which a new slot can use again.
    fn remove(&mut self, key: &str) -> Option<Arc<str>> {
        let at = self.names.remove(key)? as usize;
        self.unlink(at);
        self.free.push(at);
        let slot = self.slots.get_mut(at)?;
        self.bytes -= size(&slot.key, &slot.value);
        slot.value = Value::default();
        Some(slot.key.clone())
    }

    /// Removes `key` and remembers that it went at `version`.
    fn forget(&mut self, key: &str, version: u64) {
        let key = self.remove(key).unwrap_or_else(|| Arc::from(key));
        if self.gone.len() >= REMEMBERED_DELETES {
            self.forgotten = self.gone.numbers().fold(self.forgotten, u64::max);
            self.gone.clear();
        }
        self.gone.insert(key, version);
    }

    fn unlink(&mut self, at: usize) {
        let Some((newer, older)) = self.slots.get(at).map(|slot| (slot.newer, slot.older)) else { return };
        match self.slots.get_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slots.get_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    fn link_newest(&mut self, at: usize) {
        let before = std::mem::replace(&mut self.newest, at);
        if let Some(slot) = self.slots.get_mut(at) {
            (slot.newer, slot.older) = (NONE, before);
        }
        match self.slots.get_mut(before) {
            Some(slot) => slot.newer = at,
            None => self.oldest = at,
        }
    }

    /// Drops what has expired if there is cause to, then the least recently used until the rest fits. What was just
    /// stored was used last and fits by itself, so that it stays.
    fn make_room(&mut self, bounds: Bounds, now: u64) -> Evicted {
        let over = |state: &Self| state.bytes > bounds.bytes || state.names.len() > bounds.entries;
        if self.soonest <= now && (over(self) || self.names.len() >= self.crowded) {
            self.drop_expired(now);
        }
        let mut evicted = Evicted::default();
        while over(self) {
            let Some((key, version)) = self.slots.get(self.oldest).map(|slot| (slot.key.clone(), slot.version)) else {
                break;
            };
            let before = self.bytes;
            self.forget(&key, version);
            evicted = Evicted { keys: evicted.keys + 1, bytes: evicted.bytes + before - self.bytes };
        }
        evicted
    }

    fn drop_expired(&mut self, now: u64) {
        self.soonest = u64::MAX;
        let mut next = self.newest;
        while let Some(slot) = self.slots.get(next) {
            next = slot.older;
            if slot.expires <= now {
                let (key, version) = (slot.key.clone(), slot.version);
                self.forget(&key, version);
            } else {
                self.soonest = self.soonest.min(slot.expires);
            }
        }
        self.crowded = SMALL.max(self.names.len() * 2);
    }

    fn holds(&self, key: &str, condition: Condition, now: u64) -> bool {
        let slot = self.slot_of(key);
        let live = slot.is_some_and(|slot| slot.expires > now);
        match condition {
            Condition::Absent => !live,
            Condition::Present => live,
            Condition::UnchangedSince(Version(read)) => {
                let went = || self.gone.get(key).unwrap_or(self.forgotten);
                slot.map_or_else(went, |slot| slot.version) <= read
            }
        }
    }

    fn clear(&mut self, prefix: &str) {
        self.version += 1;
        let mut doomed: Vec<Arc<str>> = Vec::new();
        for (key, _) in self.names.from(prefix) {
            if !key.starts_with(prefix) {
                break;
            }
            doomed.push(key.clone());
        }
        for key in &doomed {
            self.remove(key);
        }
        // Cheaper than remembering each, and right for the keys that were missing too.
        self.gone.clear();
        self.forgotten = self.version;
    }
}

impl Slot {
    fn expiry(&self, now: u64) -> Expiry {
        match self.expires {
            u64::MAX => Expiry::Never,
            at => Expiry::In(Duration::from_millis(at.saturating_sub(now))),
        }
    }
}

impl ByteStore for InMemoryByteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: true,
            shared_writes: false,
            ttl: true,
            exact_ttl: true,
            conditional_set: true,
            shared_backend: false,
            persistent: false,
            max_key_bytes: None,
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move { self.get_now(&keys) })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.set_now(&entries, None, ttl).map(drop) })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let (mut state, _) = self.state()?;
            state.version += 1;
            let version = state.version;
            // A delete of a missing key is a change too: a read that missed before it must not be written back.
            keys.iter().for_each(|key| state.forget(key, version));
            Ok(())
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.list_now(&prefix, cursor, limit) })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            let (state, now) = self.state()?;
            let stat = |key| {
                let slot = state.slot_of(key).filter(|slot| slot.expires > now)?;
                Some(Stat { bytes: slot.value.len() as u64, expiry: slot.expiry(now), written: Some(slot.written) })
            };
            Ok(keys.iter().map(stat).collect())
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let (mut state, _) = self.state()?;
            check_clear(self.capabilities(), &prefix, all)?;
            state.clear(&prefix);
            Ok(())
        })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(async move { self.set_now(&entries, Some(&conditions), ttl) })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::SeqCst);
            *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::new();
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}
