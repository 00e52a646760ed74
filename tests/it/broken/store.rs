//! A store with one defect.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytestow::store::LiveCursor;
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Condition, Cursor, Entries, Error, Expiry, Keys, Lookup, Page, Result, Stat,
    Stats, Ttl, Value, Version,
};

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub enum Defect {
    None,
    ForgetsAllButLastValue, MissingIsEmpty, EmptyIsMissing, DropsMissing, AnswersSorted, AnswersOnce,
    FirstWins, SetsNothingOld, KeepsTail, RemembersReads, RemembersOwnWrites,
    WritesInHalves, DeletesInHalves, WritesValuesInHalves, SmallFirst,
    DeletesFirstOnly, DeleteOfMissingFails, DeleteTwiceFails, Tombstones, RefusesEmptyLists, CountsEmptyLists,
    ListsTwice, PrefixAnywhere, PrefixIsPattern, PrefixIgnoresCase, PrefixExcludesItself, ForgetsPages, SkipsAtPageEnds,
    IgnoresLimit, CountsPages,
    TrimsKeys, FoldsKeys, CutsKeysAtNul, CutsLongKeys, ClaimsKeyLimit, DropsProto, NumbersInKeys,
    TextValues, TrimsValues, DropsBom, CutsValues,
    ClearsAll, ClearsNothing, ClearRefusesAlways, ClaimsSharedBackend, ClaimsHidden, ClearsBeforeTooLarge,
    IgnoresTtl, LivesOneMsLonger, LivesOneMsLess, NeverIsDefault, AlwaysDefault, ListsExpired, TtlSticks, ClaimsNoTtl,
    RefusesLongTtl,
    OpenAfterClose, ClosedReadsNothing, ClosedEmptyIsFine, CloseTwiceFails, TakesForeignCursors,
    StatKnowsMissing, StatSaysNever, StatLater, CountsNothing, CountsMissesAsHits,
    SetsAlways, SaysStored, ChecksAllFirst, ClaimsNoConditionalSet, ClaimsConditionalSet,
    AlwaysUnchanged, NeverUnchanged, UnchangedIfAbsent, NoVersionOfMisses,
    /// A `:` where the `/` of a namespace of this length should be.
    Prefixed(usize),
}

/// A store that keeps the contract, and a defect before it.
pub struct Broken {
    inner: Arc<dyn ByteStore>,
    defect: Defect,
    closed: AtomicBool,
    requests: AtomicU64,
    /// Values as of some earlier time, or only their keys.
    remembered: Mutex<BTreeMap<String, Option<Value>>>,
    dead: Mutex<BTreeSet<String>>,
}

/// A position in a listing that moves by counting.
struct Offset(usize);

impl LiveCursor for Offset {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

/// Lets others have their turn.
async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut waited, true) {
            return std::task::Poll::Ready(());
        }
        task.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl Broken {
    pub fn new(inner: Arc<dyn ByteStore>, defect: Defect) -> Self {
        Self {
            inner,
            defect,
            closed: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            remembered: Mutex::default(),
            dead: Mutex::default(),
        }
    }

    fn is(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// The key as the store takes it.
    fn key(&self, key: &str) -> String {
        match self.defect {
            Defect::TrimsKeys => key.trim().to_owned(),
            Defect::FoldsKeys => key.to_lowercase(),
            Defect::CutsKeysAtNul => key.split('\0').next().unwrap().to_owned(),
            Defect::CutsLongKeys => key.chars().take(60_000).collect(),
            Defect::NumbersInKeys => key.parse::<f64>().map_or_else(|_| key.to_owned(), |number| number.to_string()),
            Defect::Prefixed(length) => format!("{}:{key}", "n".repeat(length)),
            _ => key.to_owned(),
        }
    }

    fn keys(&self, keys: &Keys) -> Keys {
        keys.iter().map(|key| self.key(key)).collect()
    }

    fn value(&self, value: &Value) -> Value {
        let bytes = value.to_vec();
        let bytes = match self.defect {
            Defect::TextValues => String::from_utf8_lossy(&bytes).into_owned().into_bytes(),
            Defect::TrimsValues => bytes.trim_ascii().to_vec(),
            Defect::DropsBom => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes).to_vec(),
            Defect::CutsValues => bytes.into_iter().take(65_536).collect(),
            _ => return value.clone(),
        };
        bytes.into()
    }

    /// The entries as the store takes them.
    async fn entries(&self, entries: &Entries) -> Result<Entries> {
        let mut pairs: Vec<(String, Value)> =
            entries.iter().map(|(key, value)| (self.key(key), self.value(value))).collect();
        match self.defect {
            Defect::ForgetsAllButLastValue => {
                let last = pairs.last().map(|(_, value)| value.clone()).unwrap_or_default();
                pairs.iter_mut().for_each(|(_, value)| *value = last.clone());
            }
            Defect::FirstWins => pairs.reverse(),
            Defect::DropsProto => pairs.retain(|(key, _)| key != "__proto__"),
            Defect::Tombstones => {
                let dead = self.dead.lock().unwrap();
                pairs.retain(|(key, _)| !dead.contains(key));
            }
            Defect::SetsNothingOld => {
                let found = self.inner.get_many(entries.keys().clone()).await?;
                let mut found = found.iter();
                pairs.retain(|_| found.next().is_some_and(|lookup| lookup.value.is_none()));
            }
            Defect::KeepsTail => {
                let found = self.inner.get_many(entries.keys().clone()).await?;
                for ((_, value), old) in pairs.iter_mut().zip(found) {
                    let old = old.value.map(|old| old.to_vec()).unwrap_or_default();
                    let mut bytes = value.to_vec();
                    bytes.extend(old.get(bytes.len()..).unwrap_or_default());
                    *value = bytes.into();
                }
            }
            _ => {}
        }
        Ok(pairs.into_iter().collect())
    }

    fn ttl(&self, ttl: Ttl) -> Result<Ttl> {
        let moved = |life: Duration| match self.defect {
            Defect::LivesOneMsLonger => life.saturating_add(Duration::from_millis(1)),
            _ => life.saturating_sub(Duration::from_millis(1)),
        };
        Ok(match (self.defect, ttl) {
            (Defect::IgnoresTtl, _) => Ttl::Never,
            (Defect::NeverIsDefault, Ttl::Never) | (Defect::AlwaysDefault, _) => Ttl::StoreDefault,
            (Defect::LivesOneMsLonger | Defect::LivesOneMsLess, Ttl::After(life)) => Ttl::After(moved(life)),
            (Defect::RefusesLongTtl, Ttl::After(life)) if life > Duration::from_secs(100_000) => {
                return Err(Error::invalid_argument("ttl: so long is nobody's life"));
            }
            _ => ttl,
        })
    }

    async fn listed(&self, prefix: &str) -> Result<Vec<String>> {
        let mut keys = self.inner.list(String::new(), None, usize::MAX).await?.keys;
        let prefix = self.key(prefix);
        match self.defect {
            Defect::PrefixAnywhere => keys.retain(|key| key.contains(&prefix)),
            Defect::PrefixIgnoresCase => keys.retain(|key| key.to_lowercase().starts_with(&prefix.to_lowercase())),
            Defect::PrefixExcludesItself => keys.retain(|key| key.starts_with(&prefix) && *key != prefix),
            Defect::PrefixIsPattern => keys.retain(|key| matches_pattern(&prefix, key)),
            Defect::ListsExpired => {
                keys = self.remembered.lock().unwrap().keys().cloned().collect();
                keys.retain(|key| key.starts_with(&prefix));
            }
            Defect::ListsTwice => {
                keys.retain(|key| key.starts_with(&prefix));
                keys.extend(keys.first().cloned());
            }
            _ => keys.retain(|key| key.starts_with(&prefix)),
        }
        if let Defect::Prefixed(length) = self.defect {
            keys.iter_mut().for_each(|key| *key = key.split_off(length + 1));
        }
        Ok(keys)
    }
}

/// Whether `key` begins with what a `*` in the pattern leaves open.
fn matches_pattern(pattern: &str, key: &str) -> bool {
    match pattern.split_once('*') {
        None => key.starts_with(pattern),
        Some((before, after)) => key.strip_prefix(before).is_some_and(|rest| rest.contains(after)),
    }
}

impl ByteStore for Broken {
    fn capabilities(&self) -> Capabilities {
        super::claims(self.inner.capabilities(), self.defect)
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let closed = self.closed.load(Ordering::SeqCst);
            match self.defect {
                Defect::ClosedReadsNothing if closed => return Ok(vec![Lookup::default(); keys.len()]),
                Defect::ClosedEmptyIsFine if keys.is_empty() => return Ok(Vec::new()),
                Defect::RefusesEmptyLists if keys.is_empty() => return Err(Error::invalid_argument("keys: none")),
                Defect::CountsEmptyLists => drop(self.requests.fetch_add(1, Ordering::SeqCst)),
                _ => {}
            }
            let asked: Vec<String> = self.keys(&keys).iter().map(str::to_owned).collect();
            let mut found = self.inner.get_many(asked.iter().collect()).await?;
            match self.defect {
                Defect::MissingIsEmpty => found.iter_mut().for_each(|lookup| {
                    lookup.value.get_or_insert_default();
                }),
                Defect::EmptyIsMissing => found.iter_mut().for_each(|lookup| {
                    lookup.value.take_if(|value| value.is_empty());
                }),
                Defect::DropsMissing => found.retain(|lookup| lookup.value.is_some()),
                Defect::AnswersSorted => {
                    let mut pairs: Vec<_> = asked.iter().zip(found).collect();
                    pairs.sort_by_key(|(key, _)| (*key).clone());
                    return Ok(pairs.into_iter().map(|(_, lookup)| lookup).collect());
                }
                Defect::AnswersOnce => {
                    let mut seen = BTreeSet::new();
                    for (key, lookup) in asked.iter().zip(&mut found) {
                        if !seen.insert(key) {
                            lookup.value = None;
                        }
                    }
                }
                Defect::RemembersReads => {
                    let mut remembered = self.remembered.lock().unwrap();
                    for (key, lookup) in asked.iter().zip(&mut found) {
                        lookup.value = remembered.entry(key.clone()).or_insert_with(|| lookup.value.clone()).clone();
                    }
                }
                Defect::RemembersOwnWrites => {
                    let remembered = self.remembered.lock().unwrap();
                    for (key, lookup) in asked.iter().zip(&mut found) {
                        if let Some(own) = remembered.get(key) {
                            lookup.value = own.clone();
                        }
                    }
                }
                Defect::NoVersionOfMisses => {
                    found.iter_mut().filter(|lookup| lookup.value.is_none()).for_each(|lookup| lookup.version = None);
                }
                _ => {}
            }
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.is(Defect::ClosedEmptyIsFine) && entries.is_empty() {
                return Ok(());
            }
            let entries = self.entries(&entries).await?;
            let ttl = self.ttl(ttl)?;
            let pairs = || entries.iter().map(|(key, value)| (key.to_owned(), value.clone()));
            match self.defect {
                Defect::WritesInHalves => {
                    let half = entries.len() / 2;
                    self.inner.set_many(pairs().take(half).collect(), ttl).await?;
                    turn().await;
                    return self.inner.set_many(pairs().skip(half).collect(), ttl).await;
                }
                Defect::WritesValuesInHalves => {
                    let half = |value: Value| value.to_vec()[..value.len() / 2].to_vec();
                    let halves = pairs().map(|(key, value)| (key, half(value))).collect();
                    self.inner.set_many(halves, ttl).await?;
                    turn().await;
                }
                Defect::SmallFirst if entries.bytes() > 10_000 => turn().await,
                Defect::RemembersOwnWrites | Defect::ListsExpired => {
                    self.remembered.lock().unwrap().extend(pairs().map(|(key, value)| (key, Some(value))));
                }
                Defect::TtlSticks => {
                    // One after the other: each keeps the life it has.
                    for (key, value) in pairs() {
                        let left = self.inner.stat(Keys::from([&key])).await?[0].map(|stat| stat.expiry);
                        let ttl = if let Some(Expiry::In(left)) = left { Ttl::After(left) } else { ttl };
                        self.inner.set_many([(key, value)].into(), ttl).await?;
                    }
                    return Ok(());
                }
                Defect::ClearsBeforeTooLarge => {
                    let end = self.inner.set_many(entries.clone(), ttl).await;
                    if end.is_err() {
                        self.inner.clear(String::new(), true).await?;
                    }
                    return end;
                }
                _ => {}
            }
            self.inner.set_many(entries, ttl).await
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.is(Defect::ClosedEmptyIsFine) && keys.is_empty() {
                return Ok(());
            }
            let keys = self.keys(&keys);
            match self.defect {
                Defect::DeletesFirstOnly => return self.inner.delete_many(keys.iter().take(1).collect()).await,
                Defect::DeletesInHalves => {
                    let half = keys.len() / 2;
                    self.inner.delete_many(keys.iter().take(half).collect()).await?;
                    turn().await;
                    return self.inner.delete_many(keys.iter().skip(half).collect()).await;
                }
                Defect::DeleteOfMissingFails => {
                    let found = self.inner.stat(keys.clone()).await?;
                    if found.iter().any(Option::is_none) {
                        return Err(Error::invalid_argument("keys: one is missing"));
                    }
                }
                Defect::DeleteTwiceFails if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() => {
                    return Err(Error::invalid_argument("keys: one stands twice"));
                }
                Defect::Tombstones => self.dead.lock().unwrap().extend(keys.iter().map(str::to_owned)),
                Defect::RemembersOwnWrites => {
                    let gone = keys.iter().map(|key| (key.to_owned(), None));
                    self.remembered.lock().unwrap().extend(gone);
                }
                Defect::ListsExpired => {
                    let mut remembered = self.remembered.lock().unwrap();
                    keys.iter().for_each(|key| drop(remembered.remove(key)));
                }
                _ => {}
            }
            self.inner.delete_many(keys).await
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            match self.defect {
                Defect::IgnoresLimit => return self.inner.list(prefix, cursor, limit.max(4)).await,
                Defect::ForgetsPages => {
                    let page = self.inner.list(prefix, cursor, limit).await?;
                    return Ok(Page { next: None, ..page });
                }
                Defect::SkipsAtPageEnds => {
                    let mut page = self.inner.list(prefix, cursor, limit).await?;
                    if page.next.is_some() && page.keys.len() > 1 {
                        page.keys.pop();
                    }
                    return Ok(page);
                }
                Defect::TakesForeignCursors => {
                    // Any cursor that is not its own means the beginning.
                    let after = cursor.and_then(|cursor| cursor.into_after().ok());
                    return self.inner.list(prefix, after.map(Cursor::after), limit).await;
                }
                Defect::CountsPages
                | Defect::ListsTwice
                | Defect::PrefixAnywhere
                | Defect::PrefixIgnoresCase
                | Defect::PrefixExcludesItself
                | Defect::PrefixIsPattern
                | Defect::ListsExpired
                | Defect::Prefixed(_) => {}
                _ => return self.inner.list(self.key(&prefix), cursor, limit).await,
            }
            // By counting: what is written and deleted meanwhile moves it.
            let from = match cursor {
                Some(cursor) => cursor.into_live::<Offset>()?.0,
                None => 0,
            };
            let limit = limit.max(1);
            let keys = self.listed(&prefix).await?;
            let to = from.saturating_add(limit);
            let next = (to < keys.len()).then(|| Cursor::live(Offset(to)));
            Ok(Page { keys: keys.into_iter().skip(from).take(limit).collect(), next })
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            if self.is(Defect::ClosedEmptyIsFine) && keys.is_empty() {
                return Ok(Vec::new());
            }
            let mut stats = self.inner.stat(self.keys(&keys)).await?;
            match self.defect {
                Defect::StatKnowsMissing => stats.iter_mut().for_each(|stat| {
                    stat.get_or_insert(Stat { bytes: 0, expiry: Expiry::Never, written: None });
                }),
                Defect::StatSaysNever => stats.iter_mut().flatten().for_each(|stat| stat.expiry = Expiry::Never),
                Defect::StatLater => {
                    stats.iter_mut().flatten().for_each(|stat| stat.written = stat.written.map(|at| at + 1));
                }
                _ => {}
            }
            Ok(stats)
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.remembered.lock().unwrap().clear();
            self.dead.lock().unwrap().clear();
            match self.defect {
                Defect::ClearsAll => self.inner.clear(String::new(), true).await,
                // Closed is said all the same.
                Defect::ClearsNothing => self.inner.delete_many(Keys::default()).await,
                Defect::ClearRefusesAlways if !all => Err(Error::invalid_argument("clear: ask for all")),
                _ => self.inner.clear(self.key(&prefix), all).await,
            }
        })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(async move {
            let entries = self.entries(&entries).await?;
            let ttl = self.ttl(ttl)?;
            let mut conditions = conditions;
            match self.defect {
                Defect::ClaimsConditionalSet => return Err(Error::unsupported("no conditional set here")),
                Defect::SetsAlways => {
                    let stored = vec![true; entries.len()];
                    return self.inner.set_many(entries, ttl).await.map(|()| stored);
                }
                Defect::SaysStored => {
                    let stored = vec![true; entries.len()];
                    return self.inner.set_if(entries, conditions, ttl).await.map(|_| stored);
                }
                Defect::ChecksAllFirst => {
                    let there = self.inner.stat(entries.keys().clone()).await?;
                    let holds = |(at, stat): (usize, &Option<Stat>)| match conditions.get(at) {
                        Some(Condition::Absent) => stat.is_none(),
                        Some(Condition::Present) => stat.is_some(),
                        other => other.is_some(),
                    };
                    let stored: Vec<bool> = there.iter().enumerate().map(holds).collect();
                    let pairs = entries.iter().zip(&stored).filter(|(_, stored)| **stored);
                    let pairs = pairs.map(|((key, value), _)| (key, value.clone())).collect();
                    return self.inner.set_many(pairs, ttl).await.map(|()| stored);
                }
                _ => {}
            }
            for condition in &mut conditions {
                *condition = match (self.defect, *condition) {
                    (Defect::AlwaysUnchanged, Condition::UnchangedSince(_)) => {
                        Condition::UnchangedSince(Version(u64::MAX))
                    }
                    (Defect::NeverUnchanged, Condition::UnchangedSince(_)) => Condition::UnchangedSince(Version(0)),
                    // Right for a key that never was, wrong for one that came and went.
                    (Defect::UnchangedIfAbsent, Condition::UnchangedSince(_)) => Condition::Absent,
                    (_, condition) => condition,
                };
            }
            self.inner.set_if(entries, conditions, ttl).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let again = self.closed.swap(true, Ordering::SeqCst);
            match self.defect {
                Defect::OpenAfterClose => Ok(()),
                Defect::CloseTwiceFails if again => Err(Error::closed()),
                _ => self.inner.close().await,
            }
        })
    }

    fn stats(&self) -> Stats {
        let stats = self.inner.stats();
        match self.defect {
            Defect::CountsNothing => Stats::default(),
            Defect::CountsMissesAsHits => Stats { hits: stats.hits + stats.misses, misses: 0, ..stats },
            Defect::CountsEmptyLists => Stats { requests: self.requests.load(Ordering::SeqCst), ..stats },
            _ => stats,
        }
    }
}
