//! Random histories of an `InMemoryByteStore` against a plain model.
//!
//! The model drops expired entries at once, where the store does when it must; that must not show. Of versions it knows
//! only what may not be said: a key that was written or deleted since a read never counts as unchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytestow::{
    ByteStore, ByteStoreExt, Clock, Condition, Entries, ErrorCode, Expiry, InMemoryByteStore, Keys, Lookup,
    ManualClock, MemoryOptions, Stat, Ttl, Value, Version,
};
use futures_executor::block_on;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Set(Vec<(u8, u16)>, Life),
    SetIf(Vec<(u8, u16, If)>, Life),
    Get(Vec<u8>),
    Delete(Vec<u8>),
    Stat(Vec<u8>),
    List(String, usize),
    Clear(String),
    Advance(u64),
}

#[derive(Clone, Copy, Debug)]
enum Life {
    Default,
    Never,
    Ms(u64),
}

#[derive(Clone, Copy, Debug)]
enum If {
    Absent,
    Present,
    /// Since the read that is this long ago among those of the key.
    Unchanged(usize),
}

/// Keys that begin with each other.
fn key(number: u8) -> String {
    let [one, two] = [number % 4, number / 4 % 4].map(|at| ["", "a", "b", "a/"][at as usize]);
    format!("{one}{two}{}", number % 3)
}

fn life() -> impl Strategy<Value = Life> {
    prop_oneof![4 => Just(Life::Default), 1 => Just(Life::Never), 4 => (1_u64..60).prop_map(Life::Ms)]
}

fn step() -> impl Strategy<Value = Step> {
    let some = || prop::collection::vec(any::<u8>(), 0..5);
    let length = || prop_oneof![4 => 0_u16..40, 1 => 0_u16..400];
    let condition = prop_oneof![Just(If::Absent), Just(If::Present), (0_usize..4).prop_map(If::Unchanged)];
    prop_oneof![
        6 => (prop::collection::vec((any::<u8>(), length()), 0..6), life()).prop_map(|(e, l)| Step::Set(e, l)),
        4 => (prop::collection::vec((any::<u8>(), length(), condition), 0..5), life())
            .prop_map(|(e, l)| Step::SetIf(e, l)),
        5 => some().prop_map(Step::Get),
        2 => some().prop_map(Step::Delete),
        2 => some().prop_map(Step::Stat),
        3 => ("[ab/]{0,2}", 0_usize..6).prop_map(|(prefix, limit)| Step::List(prefix, limit)),
        1 => "[ab]{0,2}".prop_map(Step::Clear),
        3 => (0_u64..40).prop_map(Step::Advance),
    ]
}

#[derive(Clone, Debug)]
struct Entry {
    value: Value,
    expires: Option<u64>,
    written: u64,
}

#[derive(Default)]
struct Model {
    entries: BTreeMap<String, Entry>,
    /// The keys, the one used last at the end.
    used: Vec<String>,
    /// When each key was last written or deleted, in steps; and prefixes that were cleared.
    changed: BTreeMap<String, u64>,
    cleared: Vec<(String, u64)>,
    /// When each key was read, in steps, and the version that the store gave.
    reads: BTreeMap<String, Vec<(u64, Version)>>,
    step: u64,
    evicted: u64,
}

impl Model {
    fn use_now(&mut self, key: &str) {
        self.used.retain(|used| used != key);
        self.used.push(key.to_owned());
    }

    fn remove(&mut self, key: &str) {
        self.entries.remove(key);
        self.used.retain(|used| used != key);
    }

    fn expire(&mut self, now: u64) {
        let expired = |entry: &Entry| entry.expires.is_some_and(|at| at <= now);
        let dead: Vec<String> =
            self.entries.iter().filter(|(_, entry)| expired(entry)).map(|(key, _)| key.clone()).collect();
        dead.iter().for_each(|key| self.remove(key));
    }

    fn put(&mut self, key: &str, entry: Entry) {
        self.entries.insert(key.to_owned(), entry);
        self.use_now(key);
        self.changed.insert(key.to_owned(), self.step);
    }

    fn bytes(&self) -> u64 {
        self.entries.iter().map(|(key, entry)| (key.len() + entry.value.len()) as u64).sum()
    }

    fn last_change(&self, key: &str) -> u64 {
        let cleared = self.cleared.iter().filter(|(prefix, _)| key.starts_with(prefix)).map(|(_, at)| *at);
        cleared.chain(self.changed.get(key).copied()).max().unwrap_or_default()
    }

    fn make_room(&mut self, max_bytes: u64, max_entries: usize) {
        while self.bytes() > max_bytes || self.entries.len() > max_entries {
            let oldest = self.used[0].clone();
            self.remove(&oldest);
            self.evicted += 1;
        }
    }
}

/// A store and its model, side by side.
struct Pair {
    store: InMemoryByteStore,
    clock: Arc<ManualClock>,
    model: Model,
    ttl: Option<u64>,
    max_bytes: u64,
    max_entries: usize,
    written: u64,
}

impl Pair {
    fn new(ttl: Option<u64>, max_bytes: Option<u64>, max_entries: Option<usize>) -> Self {
        let clock = ManualClock::at(1_000);
        let store = InMemoryByteStore::with_options(MemoryOptions {
            ttl: ttl.map(Duration::from_millis),
            max_bytes,
            max_entries,
            clock: Some(clock.clone()),
            observer: None,
        });
        let (max_bytes, max_entries) = (max_bytes.unwrap_or(u64::MAX), max_entries.unwrap_or(usize::MAX));
        Self { store, clock, model: Model::default(), ttl, max_bytes, max_entries, written: 0 }
    }

    fn entry(&self, life: Life, value: Value) -> (Ttl, Entry) {
        let now = self.clock.now_ms();
        let (ttl, life) = match life {
            Life::Default => (Ttl::StoreDefault, self.ttl),
            Life::Never => (Ttl::Never, None),
            Life::Ms(ms) => (Ttl::After(Duration::from_millis(ms)), Some(ms)),
        };
        (ttl, Entry { value, expires: life.map(|ms| now + ms), written: now })
    }

    /// Whether a call's entries fit whole: of duplicates the last. Where each has a condition any of them may be the
    /// one that stays, so the largest.
    fn fits(&self, entries: &[(String, Value)], conditional: bool) -> bool {
        let mut sizes = BTreeMap::<&str, u64>::new();
        for (key, value) in entries {
            let size = (key.len() + value.len()) as u64;
            let before = sizes.get(key.as_str()).copied().filter(|_| conditional).unwrap_or_default();
            sizes.insert(key, size.max(before));
        }
        sizes.values().sum::<u64>() <= self.max_bytes && sizes.len() <= self.max_entries
    }

    /// A value that tells the writes apart.
    fn value(&self, length: u16) -> Value {
        let stamp = self.model.step.to_le_bytes();
        stamp.into_iter().cycle().take(length.into()).collect::<Vec<u8>>().into()
    }

    async fn set(&mut self, entries: Vec<(u8, u16)>, life: Life) {
        let entries: Vec<_> = entries.into_iter().map(|(at, length)| (key(at), self.value(length))).collect();
        let (ttl, _) = self.entry(life, Value::default());
        let end = self.store.set_many(entries.iter().cloned().collect(), ttl).await;
        if !self.fits(&entries, false) {
            assert_eq!(end.unwrap_err().code(), ErrorCode::TooLarge);
            return;
        }
        end.unwrap();
        for (key, value) in &entries {
            self.written += value.len() as u64;
            let (_, entry) = self.entry(life, value.clone());
            self.model.put(key, entry);
        }
        self.model.make_room(self.max_bytes, self.max_entries);
        for (key, _) in &entries {
            assert!(self.model.entries.contains_key(key), "the model evicted what was just written");
        }
        self.check_listed(entries.iter().map(|(key, _)| key.as_str())).await;
    }

    /// No entry of the last batch is ever evicted for it.
    async fn check_listed(&self, keys: impl Iterator<Item = &str>) {
        let listed: BTreeSet<String> = self.store.keys("").await.unwrap().into_iter().collect();
        for key in keys {
            assert!(listed.contains(key), "{key} was written and is gone");
        }
    }

    async fn set_if(&mut self, entries: Vec<(u8, u16, If)>, life: Life) {
        let pairs: Vec<_> = entries.iter().map(|(at, length, _)| (key(*at), self.value(*length))).collect();
        let mut conditions = Vec::new();
        let mut reads = Vec::new();
        for ((key, _), (_, _, condition)) in pairs.iter().zip(&entries) {
            let read = match condition {
                If::Unchanged(ago) => {
                    let reads = self.model.reads.get(key).map(Vec::as_slice).unwrap_or_default();
                    Some(reads.iter().rev().nth(*ago).copied().unwrap_or((0, Version(0))))
                }
                _ => None,
            };
            conditions.push(match (condition, read) {
                (If::Absent, _) => Condition::Absent,
                (If::Present, _) => Condition::Present,
                (If::Unchanged(_), read) => Condition::UnchangedSince(read.unwrap().1),
            });
            reads.push(read.map(|(at, _)| at));
        }
        let (ttl, _) = self.entry(life, Value::default());
        let end = self.store.set_if(pairs.iter().cloned().collect(), conditions.clone(), ttl).await;
        if !self.fits(&pairs, true) {
            assert_eq!(end.unwrap_err().code(), ErrorCode::TooLarge);
            return;
        }
        let stored = end.unwrap();
        assert_eq!(stored.len(), pairs.len());
        for (((key, value), stored), (condition, read)) in pairs.iter().zip(&stored).zip(conditions.iter().zip(&reads))
        {
            let there = self.model.entries.contains_key(key);
            match (condition, read) {
                (Condition::Absent, _) => assert_eq!(*stored, !there, "{key}"),
                (Condition::Present, _) => assert_eq!(*stored, there, "{key}"),
                (Condition::UnchangedSince(_), read) => {
                    let unchanged = self.model.last_change(key) <= read.unwrap();
                    assert!(unchanged || !stored, "{key} changed since that read, but counts as unchanged");
                    // What is there is not forgotten: only a miss may be answered with a needless no.
                    assert!(!unchanged || !there || *stored, "{key} is there unchanged, but counts as changed");
                }
            }
            if *stored {
                self.written += value.len() as u64;
                let (_, entry) = self.entry(life, value.clone());
                self.model.put(key, entry);
            }
        }
        self.model.make_room(self.max_bytes, self.max_entries);
        let now_there = pairs.iter().zip(&stored).filter(|(_, stored)| **stored).map(|((key, _), _)| key.as_str());
        self.check_listed(now_there).await;
    }

    fn expiry(&self, entry: &Entry) -> Expiry {
        let now = self.clock.now_ms();
        entry.expires.map_or(Expiry::Never, |at| Expiry::In(Duration::from_millis(at - now)))
    }

    async fn get(&mut self, keys: Vec<u8>) {
        let keys: Vec<String> = keys.into_iter().map(key).collect();
        let before = self.store.stats();
        let found = self.store.get_many(Keys::from(keys.as_slice())).await.unwrap();
        assert_eq!(found.len(), keys.len());
        let (mut hits, mut bytes) = (0, 0);
        for (key, Lookup { value, expiry, written, version }) in keys.iter().zip(found) {
            let entry = self.model.entries.get(key).cloned();
            assert_eq!(value, entry.as_ref().map(|entry| entry.value.clone()), "{key}");
            assert_eq!(written, entry.as_ref().map(|entry| entry.written), "{key}");
            if let Some(entry) = entry {
                assert_eq!(expiry, self.expiry(&entry));
                hits += 1;
                bytes += entry.value.len() as u64;
                self.model.use_now(key);
            }
            let read = (self.model.step, version.expect("every answer has a version"));
            self.model.reads.entry(key.clone()).or_default().push(read);
        }
        let after = self.store.stats();
        let misses = keys.len() as u64 - hits;
        assert_eq!((after.hits - before.hits, after.misses - before.misses), (hits, misses));
        assert_eq!(after.bytes_read - before.bytes_read, bytes);
    }

    async fn stat(&self, keys: &[String]) -> Vec<Option<Stat>> {
        let stats = self.store.stat(Keys::from(keys)).await.unwrap();
        let expected = |key: &String| {
            let entry = self.model.entries.get(key)?;
            let bytes = entry.value.len() as u64;
            Some(Stat { bytes, expiry: self.expiry(entry), written: Some(entry.written) })
        };
        assert_eq!(stats, keys.iter().map(expected).collect::<Vec<_>>());
        stats
    }

    async fn list(&self, prefix: &str, limit: usize) {
        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.store.list(prefix.to_owned(), cursor, limit).await.unwrap();
            assert!(page.keys.len() <= limit.max(1));
            listed.extend(page.keys);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let expected: Vec<String> = self.model.entries.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        listed.sort_unstable();
        assert_eq!(listed, expected);
    }

    async fn step(&mut self, step: Step) {
        self.model.step += 1;
        self.model.expire(self.clock.now_ms());
        match step {
            Step::Set(entries, life) => self.set(entries, life).await,
            Step::SetIf(entries, life) => self.set_if(entries, life).await,
            Step::Get(keys) => self.get(keys).await,
            Step::Delete(keys) => {
                let keys: Vec<String> = keys.into_iter().map(key).collect();
                self.store.delete_many(Keys::from(keys.as_slice())).await.unwrap();
                for key in keys {
                    self.model.remove(&key);
                    self.model.changed.insert(key, self.model.step);
                }
            }
            Step::Stat(keys) => drop(self.stat(&keys.into_iter().map(key).collect::<Vec<_>>()).await),
            Step::List(prefix, limit) => self.list(&prefix, limit).await,
            Step::Clear(prefix) => {
                self.store.clear(prefix.clone(), false).await.unwrap();
                let gone: Vec<String> =
                    self.model.entries.keys().filter(|key| key.starts_with(&prefix)).cloned().collect();
                gone.iter().for_each(|key| self.model.remove(key));
                self.model.cleared.push((prefix, self.model.step));
            }
            Step::Advance(ms) => self.clock.advance_ms(ms),
        }
        self.check().await;
    }

    /// What must hold at any time: the keys, the bytes to the last, and the bounds.
    async fn check(&mut self) {
        self.model.expire(self.clock.now_ms());
        self.list("", 3).await;
        let keys = self.store.keys("").await.unwrap();
        let stats = self.stat(&keys).await;
        let bytes: u64 = keys.iter().zip(&stats).map(|(key, stat)| key.len() as u64 + stat.unwrap().bytes).sum();
        assert_eq!(bytes, self.model.bytes());
        assert!(bytes <= self.max_bytes, "{bytes} bytes where {} are allowed", self.max_bytes);
        assert!(keys.len() <= self.max_entries, "{} entries where {} are allowed", keys.len(), self.max_entries);
        let stats = self.store.stats();
        assert_eq!((stats.evictions, stats.bytes_written), (self.model.evicted, self.written));
    }
}

fn live(pair: Pair, steps: Vec<Step>) {
    let mut pair = pair;
    block_on(async {
        for step in steps {
            pair.step(step).await;
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_bounds(steps in prop::collection::vec(step(), 1..60), ttl in prop::option::of(1_u64..80)) {
        live(Pair::new(ttl, None, None), steps);
    }

    #[test]
    fn with_bounds(
        steps in prop::collection::vec(step(), 1..60),
        ttl in prop::option::of(1_u64..80),
        max_bytes in prop::option::of(0_u64..300),
        max_entries in prop::option::of(0_usize..9),
    ) {
        live(Pair::new(ttl, max_bytes, max_entries), steps);
    }

    /// Keys that are there throughout a walk come exactly once, whatever happens between its pages.
    #[test]
    fn walks_while_the_store_changes(
        there in prop::collection::btree_set("[ab]{0,4}", 1..40),
        changes in prop::collection::vec(prop::collection::vec(("[ab]{0,4}", any::<bool>()), 0..5), 1..30),
        prefix in "[ab]{0,1}",
        limit in 0_usize..5,
    ) {
        block_on(async {
            let store = InMemoryByteStore::new();
            store.set_many(there.iter().map(|key| (key, "v")).collect::<Entries>(), Ttl::Never).await.unwrap();
            let mut throughout = there.clone();
            let mut ever = there.clone();
            let mut seen = Vec::new();
            let mut cursor = None;
            let mut changes = changes.into_iter();
            loop {
                let page = store.list(prefix.clone(), cursor, limit).await.unwrap();
                seen.extend(page.keys);
                cursor = page.next;
                if cursor.is_none() {
                    break;
                }
                for (key, set) in changes.next().unwrap_or_default() {
                    if set {
                        store.set(&key, "w").await.unwrap();
                        ever.insert(key);
                    } else {
                        store.delete_many(Keys::from([&key])).await.unwrap();
                        throughout.remove(&key);
                    }
                }
            }
            let once: BTreeSet<&String> = seen.iter().collect();
            assert_eq!(once.len(), seen.len(), "a key came twice: {seen:?}");
            for key in throughout.iter().filter(|key| key.starts_with(&prefix)) {
                assert!(once.contains(key), "{key:?} did not come: {seen:?}");
            }
            assert!(seen.iter().all(|key| ever.contains(key) && key.starts_with(&prefix)));
        });
    }
}

/// Of a key that stood twice in a `set_if`, only the last was counted against the bounds, though the first may be the
/// one whose condition holds. It was reported as stored and evicted in the same call.
#[test]
fn a_set_on_condition_that_may_not_fit_is_refused() {
    let store = InMemoryByteStore::with_options(MemoryOptions { max_bytes: Some(10), ..MemoryOptions::default() });
    block_on(async {
        let twice = Entries::from([("k", "longer than ten bytes"), ("k", "")]);
        let end = store.set_if(twice, vec![Condition::Absent, Condition::Absent], Ttl::Never).await;
        assert_eq!(end.map_err(|error| error.code()), Err(ErrorCode::TooLarge));
        assert_eq!(store.keys("").await.unwrap(), [""; 0]);
        // Without conditions the last wins, so it alone must fit.
        store.set_many([("k", "longer than ten bytes"), ("k", "")].into(), Ttl::Never).await.unwrap();
        assert_eq!(store.get("k").await.unwrap(), Some(Value::default()));
    });
}

/// Keys that came in order overflowed a number when the last block of the sorted map was full. It was a panic in debug
/// builds, and halved blocks in the others.
#[test]
fn keys_in_order_fill_block_after_block() {
    let store = InMemoryByteStore::new();
    let keys: Vec<String> = (0..2_000).map(|at| format!("{at:05}")).collect();
    block_on(async {
        for key in &keys {
            store.set(key, "v").await.unwrap();
        }
        assert_eq!(store.keys("").await.unwrap(), keys);
    });
}

/// Threads on one store: each batch whole, each value whole, and the bounds kept.
#[test]
fn threads_see_whole_batches() {
    const KEYS: [&str; 5] = ["a", "b", "c", "d", "e"];
    let store = InMemoryByteStore::with_options(MemoryOptions { max_entries: Some(9), ..MemoryOptions::default() });
    std::thread::scope(|scope| {
        for writer in 0..3_u8 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..200_u8 {
                    let value = vec![writer, round];
                    let batch: Entries = KEYS.iter().map(|key| (key, value.clone())).collect();
                    block_on(store.set_many(batch, Ttl::Never)).unwrap();
                    block_on(store.set(&format!("own {writer} {round}"), "v")).unwrap();
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..400 {
                    let found = block_on(store.get_many(Keys::from(KEYS))).unwrap();
                    let values: BTreeSet<Option<Vec<u8>>> =
                        found.iter().map(|lookup| lookup.value.as_ref().map(Value::to_vec)).collect();
                    assert_eq!(values.len(), 1, "half of a batch: {values:?}");
                    assert!(block_on(store.keys("")).unwrap().len() <= 9);
                }
            });
        }
    });
}
