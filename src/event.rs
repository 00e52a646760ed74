//! What a store tells while it works: events, as they happen, and counters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Error, Lookup, Portable};

/// Something that happened inside a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A request went to the backend and was answered.
    Request {
        /// What was asked: `get`, `set`, `delete`, `list`, `stat`, `clear`, `usage`, `maintain`.
        operation: &'static str,
        /// How many keys it was about; 0 where it is not about keys.
        keys: usize,
        /// How long it took, in milliseconds.
        ms: f64,
    },
    /// Entries were dropped to make room.
    Evict {
        /// How many.
        keys: usize,
        /// Their bytes, keys and values.
        bytes: u64,
    },
    /// Another handle on the same database, in another tab perhaps, wrote or deleted entries. Told when a call of this
    /// handle reads of it.
    Change {
        /// Their keys, as the store below any namespace has them.
        keys: Vec<String>,
        /// Whether there are more than these: many, or a prefix that was cleared.
        more: bool,
    },
    /// What was still needed was copied out of records of which little was.
    Compact {
        /// How many records went.
        records: usize,
        /// The bytes that were copied.
        bytes: u64,
    },
    /// The backend is not to be had; the store goes on in memory.
    Fallback {
        /// Why.
        reason: String,
    },
    /// A lost connection was opened again.
    Reopen {
        /// Why it was lost.
        reason: String,
    },
    /// A database that would not open was deleted and made anew.
    Recreate {
        /// Why it would not open.
        reason: String,
    },
    /// A request failed for a reason that may pass, and is made again.
    Retry {
        /// What was asked, as in [`Request`](Self::Request).
        operation: &'static str,
        /// How often it was tried so far.
        attempt: u32,
        /// How long is waited first, in milliseconds.
        delay_ms: f64,
        /// The code of the error.
        reason: &'static str,
    },
    /// A server that will not answer for a while is left alone.
    Breaker {
        /// The code of the error with which calls are refused meanwhile.
        reason: &'static str,
        /// For how long, in milliseconds.
        ms: f64,
    },
    /// The store behind a cache or an index failed; what stands on it goes on without it. Told once, until the store works
    /// again.
    StoreError {
        /// What it said.
        error: Error,
    },
    /// The remote tier failed, and the local one goes on alone for this call.
    RemoteError {
        /// What it said.
        error: Error,
    },
    /// The local tier failed; the remote one has what the call was about.
    LocalError {
        /// What it said.
        error: Error,
    },
    /// An entry could not be read and was answered as missing.
    Corrupt {
        /// Its key, cut short.
        key: String,
        /// What was wrong with it.
        reason: String,
    },
}

/// Told of events. It is called while the store works: it must be quick and must not call the store.
pub type Observer = Arc<dyn Observe>;

/// See [`Observer`].
pub trait Observe: Portable {
    /// Something happened.
    fn event(&self, event: Event);
}

/// Tells `event` to the observer, if there is one.
pub fn tell(observer: Option<&Observer>, event: impl FnOnce() -> Event) {
    if let Some(observer) = observer {
        observer.event(event());
    }
}

/// What a handle has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Keys asked for that were there.
    pub hits: u64,
    /// Keys asked for that were missing.
    pub misses: u64,
    /// Bytes of values handed out.
    pub bytes_read: u64,
    /// Bytes of values taken in.
    pub bytes_written: u64,
    /// Requests made of the backend.
    pub requests: u64,
    /// Entries dropped to keep a bounded store within its bounds.
    pub evictions: u64,
}

/// Counts for a handle.
#[derive(Debug, Default)]
pub struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    bytes_read: AtomicU64,
    bytes_written: AtomicU64,
    requests: AtomicU64,
    evictions: AtomicU64,
}

impl Counters {
    /// Counts the answer to a `get_many`.
    pub fn read(&self, found: &[Lookup]) {
        let (mut hits, mut bytes) = (0_u64, 0_u64);
        for value in found.iter().filter_map(|lookup| lookup.value.as_ref()) {
            hits += 1;
            bytes += value.len() as u64;
        }
        self.hits.fetch_add(hits, Ordering::Relaxed);
        self.misses.fetch_add(found.len() as u64 - hits, Ordering::Relaxed);
        self.bytes_read.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes of values that were stored.
    pub fn wrote(&self, bytes: u64) {
        self.bytes_written.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts one request.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts dropped entries.
    pub fn evicted(&self, keys: usize) {
        self.evictions.fetch_add(keys as u64, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn snapshot(&self) -> Stats {
        Stats {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes_read: self.bytes_read.load(Ordering::Relaxed),
            bytes_written: self.bytes_written.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            evictions: self.evictions.load(Ordering::Relaxed),
        }
    }
}
