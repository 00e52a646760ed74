//! `SegmentLog`: a byte store on a database of two object stores, as a log of batches. Pure Rust; the database is a
//! [`Backend`].
//!
//! IndexedDB costs by the record, not by the byte, so a batch is packed into few records ([`mod@format`] says how), and where
//! each value stands is known by a resident index. Every call is one transaction:
//!
//! - A **write** adds a row to the log, and its values as segments before it. The rows' numbers are the order of all
//!   writes of all tabs.
//! - A **read** asks, in one go, for the rows behind those that it knows and for the records where it believes the values
//!   to be. When the rows show that some stand elsewhere by now, only those are asked for again, in the same
//!   transaction. So no tab ever waits for another, or misses what it wrote.
//!
//! **Maintenance** copies what is still needed out of records of which little is, and writes checkpoints, so that the log
//! stays short ([`SegmentLog::maintain`]). It is a few transactions of bounded size like any other; other tabs notice in
//! their next one.
//!
//! Concurrent reads are each a transaction; [`layers::Coalesced`](crate::layers::Coalesced) around the log joins those
//! of one turn.
//!
//! | module | idea |
//! |---|---|
//! | `format` | the bytes on the disk |
//! | `index`, `arena`, `records`, `state` | what a handle knows |
//! | `line` | calls begin in order |
//! | `open`, `read`, `write`, `ahead`, `list`, `evict` | the calls |
//! | `batch` | what calls add |
//! | `maintain`, `compact`, `checkpoint`, `lease` | maintenance |
//! | `cache` | records that were read |
//! | `changes` | what other tabs did |
//! | `backend`, `sim` | the database, and a simulated one |

mod ahead;
mod arena;
mod backend;
mod batch;
mod cache;
mod changes;
mod checkpoint;
mod compact;
mod evict;
pub mod format;
mod index;
mod lease;
mod line;
mod list;
mod maintain;
mod open;
mod options;
mod read;
mod records;
#[cfg(any(test, feature = "testing"))]
pub mod sim;
mod state;
mod store;
mod write;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use backend::{Answer, Backend, Fault, Fetched, Guard, Lock, META, Range, Step, Store, Transaction};
pub use options::{SegmentLogOptions, Tuning};

use cache::Cache;
use line::{Line, Openings};
use state::State;

use crate::clock::SharedClock;
use crate::event::{Counters, tell};
use crate::{Error, Event, Observer, Result};

/// A byte store on a [`Backend`]; see the module.
pub struct SegmentLog<B> {
    backend: B,
    options: SegmentLogOptions,
    clock: SharedClock,
    observer: Option<Observer>,
    line: Line,
    opening: Openings,
    state: Mutex<State>,
    cache: Mutex<Cache>,
    /// Whether there is a connection, as far as is known.
    connected: AtomicBool,
    closed: AtomicBool,
    /// Whether maintenance is to end.
    halted: AtomicBool,
    /// Whether a transaction reads everything anew.
    reloading: AtomicBool,
    /// How many calls are under way.
    calls: AtomicUsize,
    /// How many of them have sent segments ahead that no row names yet.
    ahead: AtomicUsize,
    counters: Counters,
    /// Who this handle is to other tabs, where a lease is needed.
    holder: u64,
}

/// A call under way. While there is one, the handle knows what it knew: a transaction that is open when the handle is
/// closed goes on, and what it deletes must not be decided by a state that was emptied under it.
struct Call<'l, B: Backend>(&'l SegmentLog<B>);

impl<B: Backend> Drop for Call<'_, B> {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::SeqCst);
        self.0.forget();
    }
}

/// What a handle holds, for tests and curious people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// The segments that the handle knows of, in order.
    pub segments: Vec<u32>,
    /// How many keys it knows.
    pub keys: usize,
    /// What the index takes in memory, beyond the keys.
    pub index_bytes: usize,
    /// What the keys take in memory.
    pub key_bytes: usize,
    /// The rows that values stand in.
    pub inline_rows: usize,
    /// Rows behind the last checkpoint.
    pub rows_behind: u32,
    /// Rows up to this one may be gone.
    pub trim: u32,
    /// How many checkpoints are named.
    pub checkpoints: usize,
}

/// What is stored, as far as a handle knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many keys there are, expired ones that were not dropped yet among them.
    pub keys: u64,
    /// Bytes of keys and values that are there.
    pub bytes: u64,
    /// Bytes of values on the disk, with those that compaction will drop.
    pub stored_bytes: u64,
}

impl<B: Backend> SegmentLog<B> {
    /// A store on `backend`, to which nothing connects before the first call.
    pub fn new(backend: B, options: SegmentLogOptions) -> Self {
        Self {
            clock: options.clock(),
            observer: options.observer.clone(),
            cache: Mutex::new(Cache::new(options.memory_bytes)),
            holder: backend.random(),
            backend,
            options,
            line: Line::default(),
            opening: Openings::default(),
            state: Mutex::default(),
            connected: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            halted: AtomicBool::new(false),
            reloading: AtomicBool::new(false),
            calls: AtomicUsize::new(0),
            ahead: AtomicUsize::new(0),
            counters: Counters::default(),
        }
    }

    /// The database.
    pub fn backend(&self) -> &B {
        &self.backend
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(()) }
    }

    /// A call begins.
    fn enter(&self) -> Result<Call<'_, B>> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let call = Call(self);
        self.check_open()?;
        let idle = std::mem::take(&mut self.state().idle);
        self.cache().forget(&idle);
        Ok(call)
    }

    /// Has maintenance end with the transaction that it is at, and give the lease back if it has one: who closes the handle
    /// under it leaves the lease to run out.
    pub fn halt(&self) {
        self.halted.store(true, Ordering::SeqCst);
    }

    /// Whether a call is under way.
    pub fn is_called(&self) -> bool {
        self.calls.load(Ordering::SeqCst) > 0
    }

    /// Lets go of what is known, once the handle is closed and nobody decides anything by it.
    fn forget(&self) {
        if self.closed.load(Ordering::SeqCst) && self.calls.load(Ordering::SeqCst) == 0 {
            *self.state() = State::default();
            self.cache().clear();
        }
    }

    fn tell_corrupt(&self, key: &str, reason: &str) {
        tell(self.observer.as_ref(), || Event::Corrupt {
            key: crate::error::shown_key(key),
            reason: reason.to_owned(),
        });
    }

    /// A call's transaction was answered.
    fn answered(&self, operation: &'static str, keys: usize, began: u64) {
        self.counters.request();
        tell(self.observer.as_ref(), || {
            let ms = self.clock.now_ms().saturating_sub(began) as f64;
            Event::Request { operation, keys, ms }
        });
    }

    /// What is stored, in the database as it is now.
    ///
    /// # Errors
    /// `closed`, and what the backend says.
    pub async fn usage(&self) -> Result<Usage> {
        let _call = self.enter()?;
        self.look("usage", 0, line::ALL).await?;
        let state = self.state();
        let stored_bytes = state.segments.length() + state.rows.length();
        Ok(Usage { keys: state.index.len() as u64, bytes: state.bytes(), stored_bytes })
    }

    /// What the handle holds at the moment.
    pub fn audit(&self) -> Audit {
        let state = self.state();
        let (index_bytes, key_bytes) = state.index.memory();
        Audit {
            segments: state.segments.iter().map(|record| record.key).collect(),
            keys: state.index.len(),
            index_bytes,
            key_bytes,
            inline_rows: state.rows.iter().filter(|record| record.entries > 0).count(),
            rows_behind: state.seen.saturating_sub(state.meta.covered()),
            trim: state.meta.trim,
            checkpoints: state.meta.runs.len(),
        }
    }
}
