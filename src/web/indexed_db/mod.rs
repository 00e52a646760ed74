//! `IndexedDbByteStore`: the segment log ([`crate::segment_log`], where the format is described) in a database of
//! IndexedDB.
//!
//! Each handle has an engine of its own: its own TTL, bound, clock, memory and observer. Handles on one database share
//! nothing but the database, in one tab as in several; so one handle with keys of several prefixes takes less memory than
//! several with a namespace each.
//!
//! | module | idea |
//! |---|---|
//! | `connection` | opening, deleting, giving the connection up |
//! | `backend`, `transaction` | the database as the engine sees it |
//! | `hints` | what one tab tells the others |
//! | `gather` | reads of one turn are one transaction |
//! | `fault` | what IndexedDB's failures mean |

mod backend;
mod connection;
mod fault;
mod gather;
mod hints;
mod transaction;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wasm_bindgen::prelude::Closure;

use crate::clock::SharedClock;
use crate::event::{Counters, tell};
use crate::layers::Spawn;
use crate::segment_log::{Backend, SegmentLog, SegmentLogOptions, Usage};
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Lookup, Page, Stat, Ttl};
use crate::timer::Timer;
use crate::turns::Turns;
use crate::web::SystemTimer;
use crate::{BoxFuture, Entries, Error, Event, InMemoryByteStore, Keys, MemoryOptions, Observer, Result, Stats};

use backend::IdbBackend;
use connection::Opening;
use gather::Gather;
use hints::Hints;

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

impl Durability {
    fn hint(self) -> Option<&'static str> {
        match self {
            Self::Relaxed => Some("relaxed"),
            Self::Strict => Some("strict"),
            Self::Default => None,
        }
    }
}

/// Options of an [`IndexedDbByteStore`].
#[derive(Clone)]
pub struct IndexedDbOptions {
    /// The database's name.
    pub name: String,
    /// How long entries live unless a call says otherwise; for ever without it.
    pub ttl: Option<Duration>,
    /// When a write counts as done.
    pub durability: Durability,
    /// The most bytes, keys (UTF-8) and values together: beyond them, entries that were used least recently go.
    pub max_bytes: Option<u64>,
    /// How many bytes of what was read are remembered; 0 for none.
    pub memory_bytes: u64,
    /// Whether a database that will not open is deleted and made anew: for caches.
    pub recreate: bool,
    /// Whether to go on in memory where the database cannot be had.
    pub fall_back: bool,
    /// How long opening and deleting may take.
    pub open_limit: Duration,
    /// What runs maintenance behind the calls; without it none is done.
    pub spawn: Option<Arc<dyn Spawn>>,
    /// The clock; the machine's without it.
    pub clock: Option<SharedClock>,
    /// Told of requests and of what becomes of the connection.
    pub observer: Option<Observer>,
}

impl Default for IndexedDbOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            ttl: None,
            durability: Durability::default(),
            max_bytes: None,
            memory_bytes: 8 << 20,
            recreate: false,
            fall_back: false,
            open_limit: Duration::from_secs(30),
            spawn: None,
            clock: None,
            observer: None,
        }
    }
}

/// A store in the browser's IndexedDB: persistent, shared by all tabs of an origin.
pub struct IndexedDbByteStore {
    options: IndexedDbOptions,
    log: Arc<SegmentLog<IdbBackend>>,
    /// Reads that have not begun.
    gather: Gather,
    /// Calls stand in line until it is known whether there is a database.
    line: Turns<()>,
    /// Whether that is known.
    settled: Cell<bool>,
    closed: Cell<bool>,
    fallback: RefCell<Option<Arc<InMemoryByteStore>>>,
    hints: Rc<Hints>,
    /// How many calls have ended.
    ended: Rc<Cell<u32>>,
    /// Since which one somebody waits for them to pause.
    waits: Rc<Cell<Option<u32>>>,
    /// Maintenance is under way.
    busy: Rc<Cell<bool>>,
    /// Of what is in memory: that store is several handles'. The log counts for itself.
    counters: Counters,
}

/// Calls pause when none ends for so long ...
const LULL: Duration = Duration::from_millis(20);
/// ... and after so many it is not waited for.
const LONGEST_BURST: u32 = 500;
/// How long the deletion of a database may take that had this tab close its connection.
const DELETING: Duration = Duration::from_millis(200);

thread_local! {
    /// The stores in memory that stand for databases which cannot be had: one a name, so that handles still share, and
    /// for as long as the page lives, so that one made after another was closed finds its data.
    static FALLBACKS: RefCell<Vec<(String, Arc<InMemoryByteStore>)>> = RefCell::default();
}

impl IndexedDbByteStore {
    /// The store in the database `options.name`; nothing is opened before the first call.
    pub fn new(options: IndexedDbOptions) -> Self {
        let opening = Opening {
            durability: options.durability,
            recreate: options.recreate,
            limit: options.open_limit,
            observer: options.observer.clone(),
            hints: Rc::new(Hints::new(&options.name)),
        };
        let hints = opening.hints.clone();
        let backend = IdbBackend::new(options.name.clone(), opening);
        let log = SegmentLog::new(
            backend,
            SegmentLogOptions {
                name: options.name.clone(),
                ttl: options.ttl,
                max_bytes: options.max_bytes,
                memory_bytes: options.memory_bytes,
                drop_expired: options.clock.is_none(),
                clock: options.clock.clone(),
                observer: options.observer.clone(),
                ..SegmentLogOptions::default()
            },
        );
        let log = Arc::new(log);
        if let Some(spawn) = &options.spawn {
            hints.pace();
            if options.observer.is_some() {
                hints.listen(hearing(&log, spawn.clone()));
            }
        }
        Self {
            options,
            log,
            gather: Gather::default(),
            line: Turns::default(),
            settled: Cell::new(false),
            closed: Cell::new(false),
            fallback: RefCell::default(),
            hints,
            ended: Rc::default(),
            waits: Rc::default(),
            busy: Rc::default(),
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
        self.gather.begin().await;
        self.closed.set(true);
        self.log.close().await?;
        if self.fallback.borrow_mut().take().is_some() {
            let name = self.options.name.as_str();
            FALLBACKS.with_borrow_mut(|stores| stores.retain(|(known, _)| known != name));
            return Ok(());
        }
        connection::delete(&self.options.name, self.options.open_limit).await
    }

    /// What is stored in the database, in every namespace.
    ///
    /// # Errors
    /// `closed`, and what IndexedDB says.
    pub async fn usage(&self) -> Result<Usage> {
        match self.in_order().await? {
            Some(memory) => memory.usage(),
            None => self.log.usage().await,
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    /// The store in memory, where the database cannot be had and that is wanted. Calls learn it in their order.
    async fn fallen_back(&self) -> Result<Option<Arc<InMemoryByteStore>>> {
        self.check_open()?;
        if !self.options.fall_back {
            return Ok(None);
        }
        let _turn = self.line.take().await;
        if !self.settled.get() {
            if let Err(error) = self.log.open().await {
                self.check_open()?;
                self.fallback.replace(Some(self.memory()));
                tell(self.options.observer.as_ref(), || Event::Fallback { reason: error.message().to_owned() });
            }
            self.settled.set(true);
        }
        Ok(self.fallback.borrow().clone())
    }

    /// Where a call goes that does not join those gathered: they begin before it.
    fn backing(&self) -> BoxFuture<'_, Result<Arc<dyn ByteStore>>> {
        Box::pin(async move {
            let store: Arc<dyn ByteStore> = match self.in_order().await? {
                Some(memory) => memory,
                None => self.log.clone(),
            };
            Ok(store)
        })
    }

    /// [`fallen_back`](Self::fallen_back), for a call that does not join those gathered: they begin before it.
    async fn in_order(&self) -> Result<Option<Arc<InMemoryByteStore>>> {
        let memory = self.fallen_back().await?;
        self.gather.begin().await;
        Ok(memory)
    }

    fn memory(&self) -> Arc<InMemoryByteStore> {
        let name = self.options.name.as_str();
        FALLBACKS.with_borrow_mut(|stores| {
            if let Some((_, store)) = stores.iter().find(|(known, _)| known == name) {
                return store.clone();
            }
            let Self { options: IndexedDbOptions { max_bytes, clock, .. }, .. } = self;
            let options = MemoryOptions { max_bytes: *max_bytes, clock: clock.clone(), ..MemoryOptions::default() };
            let store = Arc::new(InMemoryByteStore::with_options(options));
            stores.push((name.to_owned(), store.clone()));
            store
        })
    }

    /// Behind the calls, once they pause, others are told of what was written, and maintenance that is due is done: in the
    /// midst of them each would wait for its transactions.
    fn behind(&self) {
        let Some(spawn) = &self.options.spawn else { return };
        let ended = self.ended.get().wrapping_add(1);
        self.ended.set(ended);
        if !(self.hints.waits() || self.log.is_due()) {
            return;
        }
        // Timers are no measure of it: those of a page that is not seen come once a minute.
        let is_long = self.waits.get().is_some_and(|since| ended.wrapping_sub(since) >= LONGEST_BURST);
        if self.waits.get().is_some() && !is_long {
            return;
        }
        self.waits.set(Some(ended));
        let (log, hints) = (self.log.clone(), self.hints.clone());
        let (busy, waits, now) = (self.busy.clone(), self.waits.clone(), self.ended.clone());
        spawn.spawn(Box::pin(async move {
            let mut before = None;
            while !is_long && waits.get() == Some(ended) && (before != Some(now.get()) || log.is_called()) {
                before = Some(now.get());
                SystemTimer.sleep(LULL).await;
            }
            // Another may have taken over.
            if waits.get() != Some(ended) {
                return;
            }
            waits.set(None);
            hints.go_on();
            // Without a connection nothing is due, and none is made for it.
            if log.is_due() && !busy.get() && log.backend().is_alive() {
                busy.set(true);
                // What fails here is tried again behind a later call, and breaks nothing.
                let _ = log.maintain().await;
                busy.set(false);
            }
        }));
    }
}

/// Looks what is new when another tab says that something is; once for all that comes meanwhile.
fn hearing(log: &Arc<SegmentLog<IdbBackend>>, spawn: Arc<dyn Spawn>) -> Closure<dyn FnMut()> {
    let log = Arc::downgrade(log);
    let (looking, again) = (Rc::<Cell<bool>>::default(), Rc::<Cell<bool>>::default());
    Closure::new(move || {
        again.set(true);
        let Some(log) = log.upgrade().filter(|_| !looking.replace(true)) else { return };
        let (looking, again) = (looking.clone(), again.clone());
        spawn.spawn(Box::pin(async move {
            while again.replace(false) {
                let backend = log.backend();
                if !backend.is_alive() {
                    // A database that is deleted is not made anew for this.
                    SystemTimer.sleep(DELETING).await;
                    if !backend.exists().await {
                        continue;
                    }
                }
                // What fails here, a later call sees.
                let _ = log.refresh().await;
            }
            looking.set(false);
        }));
    })
}

impl ByteStore for IndexedDbByteStore {
    fn capabilities(&self) -> Capabilities {
        match self.fallback.borrow().as_ref() {
            // Handles of the same name share the store in memory, within the page.
            Some(memory) => Capabilities { shared_writes: true, ..memory.capabilities() },
            None => self.log.capabilities(),
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let Some(memory) = self.fallen_back().await? else {
                let found = self.gather.get_many(&self.log, keys).await;
                self.behind();
                return found;
            };
            let found = memory.get_many(keys).await?;
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let bytes = entries.bytes();
            let done = self.backing().await?.set_many(entries, self.plain(ttl)).await;
            self.behind();
            done?;
            self.counters.wrote(bytes);
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let done = self.backing().await?.delete_many(keys).await;
            self.behind();
            done
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.backing().await?.list(prefix, cursor, limit).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { self.backing().await?.stat(keys).await })
    }

    fn clear(&self, prefix: String, _all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            // The backend is not a shared one: `all` is not asked for.
            let done = self.backing().await?.clear(prefix, true).await;
            self.behind();
            done
        })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(async move {
            let done = self.backing().await?.set_if(entries, conditions, self.plain(ttl)).await;
            self.behind();
            done
        })
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.backing().await?.open().await })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.options.ttl
    }

    fn identity(&self) -> Option<String> {
        Some(format!("IndexedDB {}", self.options.name))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.gather.begin().await;
            self.closed.set(true);
            self.fallback.borrow_mut().take();
            // A handle that is closed behind each of its calls would do none otherwise.
            if self.waits.take().is_some() && self.log.is_due() && !self.busy.get() {
                let _ = self.log.maintain().await;
            }
            self.log.halt();
            while self.busy.get() {
                self.log.backend().pause().await;
            }
            self.log.close().await
        })
    }

    fn stats(&self) -> Stats {
        if self.fallback.borrow().is_some() { self.counters.snapshot() } else { self.log.stats() }
    }
}

impl IndexedDbByteStore {
    /// A TTL with this handle's default made plain: the store in memory is several handles'.
    fn plain(&self, ttl: Ttl) -> Ttl {
        ttl.resolve(self.options.ttl).map_or(Ttl::Never, Ttl::After)
    }
}
