//! What the tiered handles on one local store know together: the order of writes, what was written while reads are under
//! way, and which local entries are not to be served.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::coalesced::Coalesced;
use super::order::{Order, Sharing};
use crate::Keys;
use crate::sorted::SortedMap;
use crate::store::ByteStore;
use crate::timer::SharedTimer;

/// What all handles on one local store in this process share.
pub struct Realm {
    /// The order of writes, so that those of one key reach both tiers in one order.
    pub writes: Arc<Order>,
    state: Mutex<Known>,
    /// The remote stores of its handles: their shared reads must not be joined across a write.
    remotes: Mutex<Vec<Weak<Coalesced>>>,
}

#[derive(Default)]
struct Known {
    /// Counts writes.
    writes: u64,
    /// How many reads are under way: while there are any, it is noted ...
    reads: usize,
    /// ... which keys were written, and when,
    written: SortedMap,
    /// and when all were.
    cleared: u64,
    /// Keys whose local entries must not be served ...
    distrusted: SortedMap,
    /// ... or, after a clear that nobody knows the end of, those whose entries alone may be.
    trusted: Option<SortedMap>,
}

/// The realms of this process, each by the name of its local store.
type Realms = Vec<(String, Weak<Realm>)>;

#[cfg(not(target_arch = "wasm32"))]
fn with_realms<T>(work: impl FnOnce(&mut Realms) -> T) -> T {
    static REALMS: Mutex<Realms> = Mutex::new(Vec::new());
    work(&mut REALMS.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(target_arch = "wasm32")]
fn with_realms<T>(work: impl FnOnce(&mut Realms) -> T) -> T {
    thread_local! {
        static REALMS: std::cell::RefCell<Realms> = const { std::cell::RefCell::new(Vec::new()) };
    }
    REALMS.with_borrow_mut(work)
}

impl Realm {
    /// The realm of `local`, which is made if this is its first handle.
    pub fn of(local: &Arc<dyn ByteStore>, sharing: Sharing, timer: &SharedTimer) -> Arc<Self> {
        // While a handle of the realm is alive so is its local store, whose address is then nobody else's.
        let name = local.identity().unwrap_or_else(|| format!("at {:x}", Arc::as_ptr(local).cast::<()>() as usize));
        with_realms(|realms| {
            realms.retain(|(_, realm)| realm.strong_count() > 0);
            if let Some(realm) = realms.iter().find(|(other, _)| *other == name).and_then(|(_, realm)| realm.upgrade())
            {
                return realm;
            }
            let writes = Order::new(sharing, timer.clone());
            let realm = Arc::new(Self { writes, state: Mutex::default(), remotes: Mutex::default() });
            realms.push((name, Arc::downgrade(&realm)));
            realm
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `remote` is the remote store of a handle of this realm.
    pub fn add_remote(&self, remote: &Arc<Coalesced>) {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        remotes.retain(|remote| remote.strong_count() > 0);
        remotes.push(Arc::downgrade(remote));
    }

    /// Notes that `keys`, or all of them, are being written.
    pub fn note(&self, keys: Option<&Keys>) {
        let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        remotes.iter().filter_map(Weak::upgrade).for_each(|remote| remote.shut(keys));
        let mut known = self.known();
        known.writes += 1;
        let now = known.writes;
        match keys {
            None => known.cleared = now,
            Some(_) if known.reads == 0 => {}
            Some(keys) => keys.iter().for_each(|key| {
                known.written.insert(Arc::from(key), now);
            }),
        }
    }

    /// The local entries of `keys`, or of all, must not be served.
    fn distrust(&self, keys: Option<&Keys>) {
        let mut known = self.known();
        let Some(keys) = keys else {
            known.trusted = Some(SortedMap::default());
            return;
        };
        for key in keys.iter() {
            known.distrusted.insert(Arc::from(key), 0);
            if let Some(trusted) = &mut known.trusted {
                trusted.remove(key);
            }
        }
    }

    /// Which of `keys` must not be served locally; `None` where all may be.
    pub fn distrusted(&self, keys: &Keys) -> Option<Vec<bool>> {
        let known = self.known();
        if known.distrusted.len() == 0 && known.trusted.is_none() {
            return None;
        }
        let untrusted = |key| known.trusted.as_ref().is_some_and(|trusted| trusted.get(key).is_none());
        Some(keys.iter().map(|key| known.distrusted.get(key).is_some() || untrusted(key)).collect())
    }

    /// The local entries of `keys`, or of all, may be served: they are new, or gone.
    pub fn trust(&self, keys: Option<&Keys>) {
        let mut known = self.known();
        let Some(keys) = keys else {
            known.trusted = None;
            known.distrusted = SortedMap::default();
            return;
        };
        for key in keys.iter() {
            known.distrusted.remove(key);
            if let Some(trusted) = &mut known.trusted {
                trusted.insert(Arc::from(key), 0);
            }
        }
    }
}

/// A read under way: what is written from now on is noted.
pub struct Reading {
    realm: Arc<Realm>,
    since: u64,
}

impl Reading {
    /// From now on.
    pub fn begin(realm: &Arc<Realm>) -> Self {
        let mut known = realm.known();
        known.reads += 1;
        let since = known.writes;
        drop(known);
        Self { realm: realm.clone(), since }
    }

    /// Whether `key` was neither written nor deleted here since the read began.
    pub fn is_untouched(&self, key: &str) -> bool {
        let known = self.realm.known();
        known.cleared <= self.since && known.written.get(key).is_none_or(|at| at <= self.since)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let mut known = self.realm.known();
        known.reads -= 1;
        if known.reads == 0 {
            known.written = SortedMap::default();
        }
    }
}

/// A write under way: if it is dropped before it is settled, nobody knows what the tiers hold, and the local entries are
/// not to be served.
pub struct Doubt<'w> {
    /// Where.
    pub realm: &'w Realm,
    /// What is being written; `None` for everything.
    pub keys: Option<&'w Keys>,
    /// Whether both tiers are known to agree, or the local one to have nothing.
    pub settled: bool,
}

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        if !self.settled {
            // Reads that are under way may have seen the remote store as it was before.
            self.realm.note(self.keys);
            self.realm.distrust(self.keys);
        }
    }
}
