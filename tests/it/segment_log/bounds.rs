//! Eviction, and a disk that is full.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, ErrorCode, Event, Keys, ManualClock, Observe, Ttl, Value};
use futures_executor::block_on;

use super::driver::{Noise, TUNING};
use super::end_of;

#[derive(Default)]
struct Evicted {
    keys: AtomicU64,
    bytes: AtomicU64,
}

impl Observe for Evicted {
    fn event(&self, event: Event) {
        match event {
            Event::Evict { keys, bytes } => {
                self.keys.fetch_add(keys as u64, Ordering::SeqCst);
                self.bytes.fetch_add(bytes, Ordering::SeqCst);
            }
            Event::Corrupt { key, reason } => panic!("{key}: {reason}"),
            _ => {}
        }
    }
}

struct Bounded {
    database: SimDatabase,
    store: SegmentLog<SimBackend>,
    clock: Arc<ManualClock>,
    evicted: Arc<Evicted>,
}

fn bounded(database: SimDatabase, max_bytes: u64) -> Bounded {
    bounded_by(database, max_bytes, TUNING)
}

fn bounded_by(database: SimDatabase, max_bytes: u64, tuning: Tuning) -> Bounded {
    let (clock, evicted) = (ManualClock::at(1_000), Arc::<Evicted>::default());
    let options = SegmentLogOptions {
        max_bytes: Some(max_bytes),
        clock: Some(clock.clone()),
        observer: Some(evicted.clone()),
        tuning,
        ..SegmentLogOptions::default()
    };
    Bounded { store: SegmentLog::new(database.tab(1), options), database, clock, evicted }
}

const MOST: u64 = 4_000;

fn history(seed: u64) {
    let mut noise = Noise(seed);
    let Bounded { database, store, clock, evicted } = bounded(SimDatabase::new(), MOST);
    let mut model = BTreeMap::<String, (Value, u64)>::new();
    let mut gone = 0;
    for step in 0..150_u64 {
        let key = |noise: &mut Noise| format!("key {}", noise.below(60));
        match noise.below(10) {
            0..6 => {
                let life = if noise.chance(4) { Some(5) } else { None };
                let entries: Vec<(String, Value)> = (0..noise.below(9) + 1)
                    .map(|_| (key(&mut noise), Value::from(vec![step as u8; noise.below(300)])))
                    .collect();
                let expires = life.map_or(u64::MAX, |life| bytestow::Clock::now_ms(&*clock) + life);
                let ttl = life.map_or(Ttl::Never, |life| Ttl::After(Duration::from_millis(life)));
                block_on(store.set_many(entries.iter().cloned().collect(), ttl)).unwrap();
                let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
                model.extend(entries.iter().cloned().map(|(key, value)| (key, (value, expires))));
                for (lookup, key) in block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap().iter().zip(&keys) {
                    assert!(lookup.value.is_some(), "{key} was just written, and is gone");
                }
            }
            6 => {
                let keys = [key(&mut noise), key(&mut noise)];
                block_on(store.delete_many(Keys::from(keys.as_slice()))).unwrap();
                keys.iter().for_each(|key| drop(model.remove(key)));
            }
            7 => drop(block_on(store.maintain()).unwrap()),
            8 => clock.advance_ms(noise.next() % 4),
            _ => drop(block_on(store.get_many([key(&mut noise)].into())).unwrap()),
        }
        let now = bytestow::Clock::now_ms(&*clock);
        model.retain(|_, (_, expires)| *expires > now);
        let keys: Vec<&str> = model.keys().map(String::as_str).collect();
        let found = block_on(store.stat(Keys::from(keys.as_slice()))).unwrap();
        let mut bytes = 0;
        let mut missing = Vec::new();
        for (key, stat) in keys.iter().zip(found) {
            match stat {
                Some(stat) => {
                    assert_eq!(stat.bytes, model[*key].0.len() as u64);
                    bytes += key.len() as u64 + stat.bytes;
                }
                None => missing.push((*key).to_owned()),
            }
        }
        assert!(bytes <= MOST && block_on(store.usage()).unwrap().bytes <= MOST, "{bytes} bytes are stored");
        gone += missing.len() as u64;
        missing.iter().for_each(|key| drop(model.remove(key)));
    }
    // Expired ones may be among those that were told of.
    let told = evicted.keys.load(Ordering::SeqCst);
    assert!(gone > 10 && gone <= told && store.stats().evictions == told, "{gone} went, {told} were told of");
    block_on(store.maintain()).unwrap();
    let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
    assert_eq!(stored, store.audit().segments);
}

#[test]
fn segment_log_stays_within_its_bound() {
    (0..60).for_each(history);
}

#[test]
fn segment_log_evicts_what_is_not_used() {
    let Bounded { store, evicted, .. } = bounded(SimDatabase::new(), 10_000);
    block_on(async {
        for round in 0..20 {
            for key in 0..5 {
                let (key, value) = (format!("{round} {key}"), Value::from(vec![1; 500]));
                store.set(&key, value).await.unwrap();
                store.get("0 0").await.unwrap();
                store.get("3 4").await.unwrap();
            }
        }
        assert!(store.get("0 0").await.unwrap().is_some() && store.get("3 4").await.unwrap().is_some());
        assert!(store.get("0 1").await.unwrap().is_none() && store.get("19 4").await.unwrap().is_some());
        let kept = store.keys("").await.unwrap();
        assert!(kept.len() >= 18 && kept.len() < 20, "{} keys stay", kept.len());
    });
    assert_eq!(evicted.bytes.load(Ordering::SeqCst) / 503, evicted.keys.load(Ordering::SeqCst));
}

#[test]
fn segment_log_on_a_full_disk_refuses_or_makes_room() {
    for max_bytes in [None, Some(1_000_000)] {
        let database = SimDatabase::stepped(3);
        let options = SegmentLogOptions { max_bytes, tuning: TUNING, ..SegmentLogOptions::default() };
        let store = SegmentLog::new(database.tab(1), options);
        let batch = |from: usize| -> Entries {
            (from..from + 10).map(|key| (format!("k{key}"), Value::from(vec![key as u8; 100]))).collect()
        };
        for from in 0..5 {
            end_of(&database, store.set_many(batch(from * 10), Ttl::Never)).unwrap();
        }
        let segments = database.segments().len();
        database.mishap(1, Mishap::Quota);
        let end = end_of(&database, store.set_many(batch(50), Ttl::Never));
        let keys: Vec<String> = (0..60).map(|key| format!("k{key}")).collect();
        let found = end_of(&database, store.get_many(Keys::from(keys.as_slice()))).unwrap();
        let there: Vec<bool> = found.iter().map(|lookup| lookup.value.is_some()).collect();
        if max_bytes.is_none() {
            assert_eq!(end.unwrap_err().code(), ErrorCode::QuotaExceeded);
            assert!(there[..50].iter().all(|there| *there) && !there[50..].contains(&true));
            assert_eq!(database.segments().len(), segments);
        } else {
            end.unwrap();
            assert!(there[50..].iter().all(|there| *there), "the call was not made again");
            assert!(!there[0] && there[49], "the oldest do not go first: {there:?}");
            assert!(store.stats().evictions >= 10);
        }
    }
}

/// A full disk, and values that were written alone, or of which some were read: there is no record that nobody needs.
#[test]
fn segment_log_makes_room_by_records() {
    let tuning = Tuning {
        segment_bytes: 8_000,
        row_bytes: 4_000,
        inline_bytes: 4_000,
        call_bytes: 100_000,
        transaction_bytes: 50_000,
        dead_bytes: 20_000,
        ..TUNING
    };
    for (batch, folded) in [(40, true), (1, true), (1, false)] {
        let Bounded { database, store, evicted, .. } = bounded_by(SimDatabase::new(), 1_000_000, tuning);
        let entry = |key: usize| (format!("k{key}"), Value::from(vec![key as u8; 1_000]));
        let set = |keys: std::ops::Range<usize>| block_on(store.set_many(keys.map(entry).collect(), Ttl::Never));
        let count = if folded { 400 } else { 40 };
        for from in (0..count).step_by(batch) {
            set(from..from + batch).unwrap();
            if folded {
                block_on(store.maintain()).unwrap();
            }
        }
        let used: Vec<String> =
            (0..count).filter(|key| key % 10 == 3 || *key > count / 2).map(|key| format!("k{key}")).collect();
        block_on(store.get_many(Keys::from(used.as_slice()))).unwrap();
        let full = database.bytes() + 5_000;
        database.room(Some(full));
        for round in 0..30 {
            let keys = 1_000 + round * 10..1_010 + round * 10;
            let before = evicted.keys.load(Ordering::SeqCst);
            set(keys.clone()).unwrap_or_else(|error| panic!("batches of {batch}, round {round}: {error}"));
            let gone = evicted.keys.load(Ordering::SeqCst) - before;
            assert!(gone <= 30 + count as u64 / 4, "batches of {batch}: {gone} went at once");
            assert!(database.bytes() <= full);
            let keys: Vec<String> = keys.map(|key| format!("k{key}")).collect();
            let found = block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap();
            assert!(found.iter().all(|lookup| lookup.value.is_some()));
            // It may want room itself.
            let _ = block_on(store.maintain());
            let used = block_on(store.get(&format!("k{}", count - 1))).unwrap();
            assert!(round > 0 || used.is_some(), "what is used goes first");
        }
        let keys = block_on(store.keys("")).unwrap();
        let found = block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap();
        assert!(found.iter().all(|lookup| lookup.value.is_some()));
        assert!(keys.len() > count / 4, "{} keys of {count} stay", keys.len());
        let again = SegmentLog::new(database.tab(2), SegmentLogOptions { tuning, ..SegmentLogOptions::default() });
        assert_eq!(block_on(again.keys("")).unwrap(), keys);
        let again = block_on(again.get_many(Keys::from(keys.as_slice()))).unwrap();
        assert!(again.iter().zip(&found).all(|(again, found)| again.value == found.value));
    }
}

#[test]
fn segment_log_refuses_what_no_browser_takes() {
    let store = SegmentLog::new(SimDatabase::new().tab(1), SegmentLogOptions::default());
    let error = block_on(store.set("key", Value::from(vec![0; (126 << 20) + 1]))).unwrap_err();
    assert_eq!(error.code(), ErrorCode::TooLarge);
    assert!(error.message().contains("132120576"), "{error}");
}
