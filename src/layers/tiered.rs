//! A local store before a remote one: read from what is near, write to both.
//!
//! The remote store has the truth; the local one holds what was read or written here. Tiers are for content that does
//! not change under its key, as embeddings do not: what another program writes to the remote store is seen here when the
//! local entry has expired, so where content changes, set a `local_ttl`.
//!
//! | case | what happens |
//! |---|---|
//! | read | local first; what is missing from remote in one batch, and written back to local |
//! | written or deleted while it was being read | the write-back is dropped: by version where the local store has them, else as far as the handles of this process are concerned |
//! | write, delete | remote first, then local |
//! | the remote part fails | the call fails, and the local entries are removed: nobody knows what the remote store holds |
//! | the local part fails | the call succeeds, and the local entries are removed, or marked as not to be served |
//! | remote down | reads and listings go on with what is local (or fail, as told); after a refusal of quota or token it is not asked for a while |

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::coalesced::Coalesced;
use super::order::{About, Order, Sharing};
use super::realm::{Doubt, Reading, Realm};
use crate::breaker::Breaker;
use crate::error::ErrorCode;
use crate::event::{Counters, Event, tell};
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Expiry, LiveCursor, Lookup, Page, Stat, Ttl};
use crate::timer::{SharedTimer, ms};
use crate::{BoxFuture, Entries, Error, Keys, Observer, Portable, Result, Stats, Value};

/// What a failing remote store means to reads and listings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnRemoteError {
    /// The local store is served alone; what it lacks is missing.
    #[default]
    ServeLocal,
    /// They fail.
    Throw,
}

/// Runs what need not be waited for.
pub trait Spawn: Portable {
    /// Runs `work` to its end.
    fn spawn(&self, work: BoxFuture<'static, ()>);
}

/// Options of a [`TieredByteStore`].
#[derive(Clone)]
pub struct TieredOptions {
    /// How long a local entry lives at most; without it as long as the remote one, where that is known.
    pub local_ttl: Option<Duration>,
    /// What a failing remote store means to reads.
    pub on_remote_error: OnRemoteError,
    /// Runs write-backs; without it they are waited for.
    pub spawn: Option<Arc<dyn Spawn>>,
    /// What concurrent calls may share.
    pub sharing: Sharing,
    /// Waits, and tells how long the remote store is left alone.
    pub timer: SharedTimer,
    /// Told when a tier fails.
    pub observer: Option<Observer>,
}

impl TieredOptions {
    /// The defaults, with `timer`.
    pub fn new(timer: SharedTimer) -> Self {
        Self {
            local_ttl: None,
            on_remote_error: OnRemoteError::default(),
            spawn: None,
            sharing: Sharing::default(),
            timer,
            observer: None,
        }
    }
}

/// A local store before a remote one; see the module.
///
/// ```
/// use std::sync::Arc;
/// use bytestow::layers::{TieredByteStore, TieredOptions};
/// use bytestow::{ByteStoreExt, InMemoryByteStore, ManualTimer};
/// let (local, remote) = (Arc::new(InMemoryByteStore::new()), Arc::new(InMemoryByteStore::new()));
/// let timer = ManualTimer::new(1);
/// let store = TieredByteStore::new(local.clone(), remote.clone(), TieredOptions::new(Arc::new(timer.clone())));
/// timer.run(async {
///     remote.set("k", "v").await?;
///     assert_eq!(store.get("k").await?, Some("v".into()));
///     assert_eq!(local.get("k").await?, Some("v".into()), "written back");
///     Ok::<(), bytestow::Error>(())
/// }).unwrap();
/// ```
pub struct TieredByteStore {
    core: Arc<Tiers>,
    /// The order of this handle's calls.
    order: Arc<Order>,
    spawn: Option<Arc<dyn Spawn>>,
    on_remote_error: OnRemoteError,
    breaker: Breaker,
    timer: SharedTimer,
    closed: AtomicBool,
}

/// What a write-back needs, which may outlive the handle.
struct Tiers {
    local: Arc<dyn ByteStore>,
    remote: Arc<Coalesced>,
    /// The remote store as it was given, or what it has the truth from.
    truth: Arc<dyn ByteStore>,
    realm: Arc<Realm>,
    local_ttl: Option<Duration>,
    observer: Option<Observer>,
    counters: Counters,
    timer: SharedTimer,
}

/// What was missing locally and was found remotely, on its way back.
#[derive(Default)]
struct WriteBack {
    /// Those that live equally long, and under which conditions.
    groups: Vec<(Ttl, Keys, Vec<Value>, Vec<Condition>)>,
}

impl WriteBack {
    fn add(&mut self, life: Ttl, key: &str, value: Value, condition: Condition) {
        let at = self.groups.iter().position(|(other, ..)| *other == life).unwrap_or_else(|| {
            self.groups.push((life, Keys::default(), Vec::new(), Vec::new()));
            self.groups.len() - 1
        });
        if let Some((_, keys, values, conditions)) = self.groups.get_mut(at) {
            keys.push(key);
            values.push(value);
            conditions.push(condition);
        }
    }
}

impl Tiers {
    /// How long a local entry lives that lives for `remote` remotely; `None` if it cannot be kept here, since the local
    /// store cannot let it expire.
    fn local_life(&self, remote: Option<Duration>) -> Option<Ttl> {
        let life = match (self.local_ttl, remote) {
            (Some(local), Some(remote)) => Some(local.min(remote)),
            (local, remote) => local.or(remote),
        };
        match life {
            None => Some(Ttl::Never),
            Some(life) => self.local.capabilities().ttl.then_some(Ttl::After(life)),
        }
    }

    /// Counts and tells a call of the remote store.
    fn asked(&self, operation: &'static str, keys: usize, began: Duration) {
        self.counters.request();
        let ms = ms(self.timer.now().saturating_sub(began));
        tell(self.observer.as_ref(), || Event::Request { operation, keys, ms });
    }

    fn local_failed(&self, error: Error) {
        tell(self.observer.as_ref(), || Event::LocalError { error });
    }

    /// Makes the local entries of `keys` unservable, one way or the other. `true` if they are gone.
    async fn drop_local(&self, keys: &Keys) -> bool {
        match self.local.delete_many(keys.clone()).await {
            Ok(()) => true,
            Err(error) => {
                self.local_failed(error);
                false
            }
        }
    }

    /// Runs the write of `keys` on the remote store, and then brings the local one up to it.
    fn write<'a>(
        &'a self,
        operation: &'static str,
        keys: &'a Keys,
        remote: BoxFuture<'a, Result<()>>,
        local: BoxFuture<'a, Result<()>>,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let mut doubt = Doubt { realm: &self.realm, keys: Some(keys), settled: false };
            self.realm.note(Some(keys));
            let began = self.timer.now();
            let written = remote.await;
            self.asked(operation, keys.len(), began);
            // Again: a read that has begun meanwhile may have seen the remote store as it was before.
            self.realm.note(Some(keys));
            doubt.settled = match &written {
                Err(_) => self.drop_local(keys).await,
                Ok(()) => match local.await {
                    Ok(()) => true,
                    Err(error) => {
                        self.local_failed(error);
                        self.drop_local(keys).await
                    }
                },
            };
            if doubt.settled {
                self.realm.trust(Some(keys));
            }
            written
        })
    }

    async fn write_back(&self, reading: Reading, back: WriteBack) {
        let conditional = self.local.capabilities().conditional_set;
        for (life, keys, values, conditions) in back.groups {
            let (mut kept, mut kept_values, mut kept_conditions) = (Keys::default(), Vec::new(), Vec::new());
            for ((key, value), condition) in keys.iter().zip(values).zip(conditions) {
                if reading.is_untouched(key) {
                    kept.push(key);
                    kept_values.push(value);
                    kept_conditions.push(condition);
                }
            }
            if kept.is_empty() {
                continue;
            }
            let entries = Entries::new(kept.clone(), kept_values);
            let written = if conditional {
                self.local.set_if(entries, kept_conditions, life).await.map(drop)
            } else {
                self.local.set_many(entries, life).await
            };
            match written {
                // Those that were written meanwhile are newer still.
                Ok(()) => self.realm.trust(Some(&kept)),
                Err(error) => self.local_failed(error),
            }
        }
    }
}

impl TieredByteStore {
    /// `local` before `remote`.
    pub fn new(local: Arc<dyn ByteStore>, remote: Arc<dyn ByteStore>, options: TieredOptions) -> Self {
        let realm = Realm::of(&local, options.sharing, &options.timer);
        let truth = remote.truth().unwrap_or_else(|| remote.clone());
        let remote = Arc::new(Coalesced::new(remote, options.sharing, options.timer.clone()));
        realm.add_remote(&remote);
        let TieredOptions { local_ttl, on_remote_error, spawn, sharing, timer, observer } = options;
        Self {
            core: Arc::new(Tiers {
                local,
                remote,
                truth,
                realm,
                local_ttl,
                observer,
                counters: Counters::default(),
                timer: timer.clone(),
            }),
            order: Order::new(sharing, timer.clone()),
            spawn,
            on_remote_error,
            breaker: Breaker::default(),
            timer,
            closed: AtomicBool::new(false),
        }
    }

    fn check(&self, keys: &Keys) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        let Some(most) = self.capabilities().max_key_bytes else { return Ok(()) };
        match keys.iter().find(|key| key.len() as u64 > most) {
            Some(long) => Err(Error::too_large("a key", long.len() as u64, most)),
            None => Ok(()),
        }
    }

    /// Asks the remote store, unless it is being left alone. `None` if it failed and what is local is to be served.
    async fn ask_remote<T>(
        &self,
        operation: &'static str,
        keys: usize,
        asking: BoxFuture<'_, Result<T>>,
    ) -> Result<Option<T>> {
        let answer = match self.breaker.refusal(self.timer.now()) {
            Some(refusal) => Err(refusal),
            None => {
                let began = self.timer.now();
                let answer = asking.await;
                self.core.asked(operation, keys, began);
                answer.map_err(|error| self.after(error))
            }
        };
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => self.go_on_without(error).map(|()| None),
        }
    }

    /// Leaves the remote store alone for a while if `error` says that this will not pass soon.
    fn after(&self, error: Error) -> Error {
        if matches!(error.code(), ErrorCode::QuotaExceeded | ErrorCode::Unauthorized) {
            self.breaker.open(self.timer.now(), &error);
            tell(self.core.observer.as_ref(), || Event::Breaker {
                reason: error.code().as_str(),
                ms: ms(crate::breaker::REST),
            });
        }
        error
    }

    /// Whether what is local is to be served instead.
    fn go_on_without(&self, error: Error) -> Result<()> {
        // These are the caller's doing, not the server's.
        let own = matches!(error.code(), ErrorCode::Closed | ErrorCode::InvalidArgument);
        if own || self.on_remote_error == OnRemoteError::Throw {
            return Err(error);
        }
        tell(self.core.observer.as_ref(), || Event::RemoteError { error });
        Ok(())
    }

    async fn read(&self, keys: Keys) -> Result<Vec<Lookup>> {
        let core = &self.core;
        let ticket = self.order.draw(About::reading(&keys));
        let (found, back) = ticket
            .run(Box::pin(async {
                let reading = Reading::begin(&core.realm);
                let mut found = self.read_local(&keys).await?;
                let mut missing = Keys::default();
                let mut places = Vec::new();
                for (at, (key, lookup)) in keys.iter().zip(&found).enumerate() {
                    if lookup.value.is_none() {
                        missing.push(key);
                        places.push(at);
                    }
                }
                let mut back = WriteBack::default();
                if !missing.is_empty()
                    && let Some(answers) =
                        self.ask_remote("get", missing.len(), core.remote.get_many(missing.clone())).await?
                {
                    for ((at, key), answer) in places.into_iter().zip(missing.iter()).zip(answers) {
                        let Some(slot) = found.get_mut(at) else { continue };
                        let condition = slot.version.map_or(Condition::Absent, Condition::UnchangedSince);
                        *slot = Lookup { version: None, ..answer };
                        if let Some(value) = &slot.value
                            && let Some(life) = core.local_life(self.life_of(slot.expiry))
                        {
                            // The caller may change what it is given.
                            back.add(life, key, value.duplicate(), condition);
                        }
                    }
                }
                Ok::<_, Error>((found, (reading, back)))
            }))
            .await?;
        let (reading, back) = back;
        if !back.groups.is_empty() {
            let core = self.core.clone();
            let work = async move {
                ticket.run(Box::pin(core.write_back(reading, back))).await;
                drop(ticket);
            };
            match &self.spawn {
                Some(spawn) => spawn.spawn(Box::pin(work)),
                None => work.await,
            }
        }
        Ok(found)
    }

    fn life_of(&self, remote: Expiry) -> Option<Duration> {
        match remote {
            Expiry::In(life) => Some(life),
            Expiry::Never => None,
            Expiry::Unknown => self.core.remote.default_ttl(),
        }
    }

    /// What is local of `keys`, as far as it may be served.
    async fn read_local(&self, keys: &Keys) -> Result<Vec<Lookup>> {
        let mut found = match self.core.local.get_many(keys.clone()).await {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::Closed => return Err(error),
            Err(error) => {
                self.core.local_failed(error);
                vec![Lookup::default(); keys.len()]
            }
        };
        for (lookup, distrusted) in found.iter_mut().zip(self.core.realm.distrusted(keys).unwrap_or_default()) {
            if distrusted {
                *lookup = Lookup { version: lookup.version, ..Lookup::default() };
            }
        }
        Ok(found)
    }

    /// Runs a write in its turn: behind this handle's earlier calls, and behind other handles' writes.
    async fn in_turn(&self, about: About, work: BoxFuture<'_, Result<()>>) -> Result<()> {
        let (own, of_all) = (self.order.draw(about.clone()), self.core.realm.writes.draw(about));
        own.run(Box::pin(of_all.run(work))).await
    }
}

/// A listing under way: of which store it is.
struct Listing {
    local: bool,
    cursor: Option<Cursor>,
}

impl LiveCursor for Listing {
    fn into_any(self: Box<Self>) -> Box<dyn std::any::Any> {
        self
    }
}

impl ByteStore for TieredByteStore {
    /// Those of both tiers; handles on the same two stores see each other's writes where the remote store says so.
    fn capabilities(&self) -> Capabilities {
        let (local, remote) = (self.core.local.capabilities(), self.core.remote.capabilities());
        Capabilities {
            atomic_batch: false,
            shared_writes: remote.shared_writes,
            ttl: remote.ttl,
            exact_ttl: remote.ttl && remote.exact_ttl && (local.exact_ttl || !local.ttl),
            conditional_set: false,
            shared_backend: local.shared_backend || remote.shared_backend,
            persistent: remote.persistent,
            max_key_bytes: match (local.max_key_bytes, remote.max_key_bytes) {
                (Some(local), Some(remote)) => Some(local.min(remote)),
                (local, remote) => local.or(remote),
            },
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check(&keys)?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let found = self.read(keys).await?;
            self.core.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(entries.keys())?;
            let core = &self.core;
            if matches!(ttl, Ttl::After(_)) && !core.remote.capabilities().ttl {
                return Err(Error::invalid_argument("ttl: the remote store cannot expire entries"));
            }
            if entries.is_empty() {
                return Ok(());
            }
            let keys = entries.keys().clone();
            let bytes = entries.bytes();
            let life = core.local_life(ttl.resolve(core.remote.default_ttl()));
            let remote = core.remote.set_many(entries.clone(), ttl);
            let local = match life {
                Some(life) => core.local.set_many(entries, life),
                None => core.local.delete_many(keys.clone()),
            };
            let work = core.write("set", &keys, remote, local);
            self.in_turn(About::writing(&keys), work).await?;
            core.counters.wrote(bytes);
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(&keys)?;
            if keys.is_empty() {
                return Ok(());
            }
            let core = &self.core;
            let work = core.write(
                "delete",
                &keys,
                core.remote.delete_many(keys.clone()),
                core.local.delete_many(keys.clone()),
            );
            self.in_turn(About::writing(&keys), work).await
        })
    }

    /// The remote store's keys; the local one's where that fails at its first page and what is local is to be served.
    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            self.check(&Keys::default())?;
            let core = &self.core;
            let under_way = cursor.map(Cursor::into_live::<Listing>).transpose()?;
            let ticket = self.order.draw(About::reading_all());
            let (local, page) = ticket
                .run(Box::pin(async {
                    let Listing { local, cursor } = match under_way {
                        Some(listing) => *listing,
                        None => {
                            let first = core.remote.list(prefix.clone(), None, limit);
                            if let Some(page) = self.ask_remote("list", 0, first).await? {
                                return Ok((false, page));
                            }
                            Listing { local: true, cursor: None }
                        }
                    };
                    let store: &dyn ByteStore = if local { &*core.local } else { &*core.remote };
                    Ok::<_, Error>((local, store.list(prefix, cursor, limit).await?))
                }))
                .await?;
            let next = page.next.map(|cursor| Cursor::live(Listing { local, cursor: Some(cursor) }));
            Ok(Page { keys: page.keys, next })
        })
    }

    /// What the remote store knows; what the local one does where that fails and it is to be served.
    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.check(&keys)?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let core = &self.core;
            let ticket = self.order.draw(About::reading(&keys));
            ticket
                .run(Box::pin(async {
                    match self.ask_remote("stat", keys.len(), core.remote.stat(keys.clone())).await? {
                        Some(stats) => Ok(stats),
                        None => Ok(Lookup::stats(&self.read_local(&keys).await?)),
                    }
                }))
                .await
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(&Keys::default())?;
            let core = &self.core;
            // Both are asked before either is touched.
            self.check_clear(&prefix, all)?;
            let work = async {
                let mut doubt = Doubt { realm: &core.realm, keys: None, settled: false };
                core.realm.note(None);
                let began = core.timer.now();
                let remote = core.remote.clear(prefix.clone(), all).await;
                core.asked("clear", 0, began);
                core.realm.note(None);
                let local = core.local.clear(prefix, all).await;
                doubt.settled = local.is_ok();
                if doubt.settled {
                    core.realm.trust(None);
                }
                remote.and(local)
            };
            self.in_turn(About::writing_all(), Box::pin(work)).await
        })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.core.remote.default_ttl()
    }

    fn check_clear(&self, prefix: &str, all: bool) -> Result<()> {
        self.core.local.check_clear(prefix, all)?;
        self.core.remote.check_clear(prefix, all)
    }

    /// The remote store.
    fn truth(&self) -> Option<Arc<dyn ByteStore>> {
        Some(self.core.truth.clone())
    }

    /// The handle's end, not the tiers'.
    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    /// What this handle was asked; `requests` are calls of the remote store. Each tier counts its own as well.
    fn stats(&self) -> Stats {
        self.core.counters.snapshot()
    }
}
