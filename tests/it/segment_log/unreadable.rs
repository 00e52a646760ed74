//! Records that are there and cannot be read for a while, as long values in Chromium when memory is low: they are missing
//! for as long, and nothing is decided by that.

use std::sync::{Arc, Mutex};

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{META, SegmentLog, SegmentLogOptions, Store, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, ErrorCode, Event, Keys, ManualClock, Observe, Ttl, Value};
use futures_executor::block_on;

use super::driver::TUNING;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        match event {
            Event::Corrupt { key, reason } => self.0.lock().unwrap().push(format!("{key}: {reason}")),
            Event::Evict { keys, .. } => self.0.lock().unwrap().push(format!("{keys} evicted")),
            _ => {}
        }
    }
}

struct Tabs {
    database: SimDatabase,
    heard: Arc<Heard>,
    clock: Arc<ManualClock>,
    tuning: Tuning,
    max_bytes: Option<u64>,
}

impl Tabs {
    fn new(max_bytes: Option<u64>) -> Self {
        let clock = ManualClock::at(5);
        Self { database: SimDatabase::new(), heard: Arc::default(), clock, tuning: TUNING, max_bytes }
    }

    fn open(&self, tab: u64) -> SegmentLog<SimBackend> {
        let options = SegmentLogOptions {
            memory_bytes: 0,
            max_bytes: self.max_bytes,
            clock: Some(self.clock.clone()),
            observer: Some(self.heard.clone()),
            tuning: self.tuning,
            ..SegmentLogOptions::default()
        };
        SegmentLog::new(self.database.tab(tab), options)
    }

    fn heard(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.0.lock().unwrap())
    }

    /// Everything, in segments, cannot be read; or can again.
    fn unreadable(&self, is_so: bool) {
        self.database.segments().into_iter().for_each(|key| self.database.unreadable(Store::Segments, key, is_so));
    }
}

const KEYS: usize = 40;

fn all() -> Entries {
    (0..KEYS).map(|key| (format!("k{key:02}"), Value::from(vec![key as u8; 100]))).collect()
}

fn found(store: &SegmentLog<SimBackend>) -> usize {
    let found = block_on(store.get_many(all().keys().clone())).unwrap();
    let there = found.iter().zip(all().values()).filter(|(lookup, value)| lookup.value.as_ref() == Some(value)).count();
    assert_eq!(there, found.iter().filter(|lookup| lookup.value.is_some()).count());
    there
}

#[test]
fn segment_log_loses_nothing_that_cannot_be_read_for_a_while() {
    for max_bytes in [None, Some(1_000_000)] {
        let tabs = Tabs::new(max_bytes);
        let (one, two) = (tabs.open(1), tabs.open(2));
        block_on(one.set_many(all(), Ttl::Never)).unwrap();
        block_on(one.maintain()).unwrap();
        tabs.unreadable(true);
        let stored = tabs.database.segments();
        assert_eq!(found(&one), 0);
        let told = tabs.heard();
        assert!(told.len() == KEYS && told[0].contains("cannot be read now"), "{told:?}");
        // It is there, all the same.
        assert_eq!(block_on(one.keys("")).unwrap().len(), KEYS);
        assert!(!one.is_due());
        block_on(one.maintain()).unwrap();
        assert_eq!(tabs.database.segments(), stored);
        tabs.unreadable(false);
        for store in [&one, &two, &tabs.open(3)] {
            assert_eq!(found(store), KEYS);
        }
        assert_eq!(tabs.heard(), Vec::<String>::new());
    }
}

/// Once, or twice in a row: nobody notices.
#[test]
fn segment_log_reads_once_more_what_cannot_be_read() {
    let tabs = Tabs::new(None);
    let store = tabs.open(1);
    block_on(store.set_many(all(), Ttl::Never)).unwrap();
    assert_eq!(found(&store), KEYS);
    for after in 0..4 {
        tabs.database.mishap(after, Mishap::Unreadable);
        (0..3).for_each(|_| assert_eq!(found(&store), KEYS));
        assert!(!tabs.database.no_mishap());
    }
    assert_eq!(tabs.heard(), Vec::<String>::new());
}

/// Compaction has to do without them, and so has everything behind it; there is an end to it.
#[test]
fn segment_log_compacts_around_what_cannot_be_read() {
    for max_bytes in [None, Some(1_000_000)] {
        let mut tabs = Tabs::new(max_bytes);
        tabs.tuning.dead_bytes = 100;
        let store = tabs.open(1);
        block_on(store.set_many(all(), Ttl::Never)).unwrap();
        let segments = tabs.database.segments();
        let stays: Vec<i64> = segments.iter().copied().step_by(3).collect();
        stays.iter().for_each(|key| tabs.database.unreadable(Store::Segments, *key, true));
        let odd: Keys = (0..KEYS).filter(|key| key % 2 > 0).map(|key| format!("k{key:02}")).collect();
        block_on(store.delete_many(odd)).unwrap();
        // A few values in rows, of which one cannot be read either.
        for at in 0..TUNING.checkpoint_rows {
            block_on(store.set(&format!("row {at}"), "r")).unwrap();
        }
        let row = tabs.database.rows().iter().map(|(key, _)| *key).filter(|key| *key != META).max().unwrap();
        tabs.database.unreadable(Store::Rows, row, true);
        block_on(store.maintain()).unwrap();
        assert!(!store.is_due(), "there is no end to it");
        assert_eq!(store.audit().checkpoints, 1);
        let left = tabs.database.segments();
        assert!(stays.iter().all(|key| left.contains(key)), "one that cannot be read is gone");
        assert!(segments.iter().any(|key| !left.contains(key)), "nothing was compacted");
        stays.iter().for_each(|key| tabs.database.unreadable(Store::Segments, *key, false));
        tabs.database.unreadable(Store::Rows, row, false);
        for store in [&store, &tabs.open(2)] {
            assert_eq!(found(store), KEYS / 2);
            let rows: Keys = (0..TUNING.checkpoint_rows).map(|at| format!("row {at}")).collect();
            assert!(block_on(store.get_many(rows)).unwrap().iter().all(|lookup| lookup.value.is_some()));
        }
        assert_eq!(tabs.heard(), Vec::<String>::new());
        // Whoever comes next compacts them too.
        let next = tabs.open(3);
        block_on(next.maintain()).unwrap();
        assert_eq!(found(&next), KEYS / 2);
    }
}

/// The database's own records: without them it does not open, for as long, and nobody takes it for an empty one.
#[test]
fn segment_log_waits_for_records_of_its_own() {
    let tabs = Tabs::new(None);
    let store = tabs.open(1);
    block_on(store.set_many(all(), Ttl::Never)).unwrap();
    for at in 0..TUNING.checkpoint_rows {
        block_on(store.set(&format!("row {at}"), "r")).unwrap();
    }
    block_on(store.maintain()).unwrap();
    let own: Vec<i64> =
        tabs.database.rows().iter().map(|(key, _)| *key).filter(|key| *key < -1 || *key == META).collect();
    assert!(own.len() > 2, "{own:?}");
    for key in own {
        let before = tabs.database.rows();
        tabs.database.unreadable(Store::Rows, key, true);
        let fresh = tabs.open(2);
        for _ in 0..2 {
            let error = block_on(fresh.get("k01")).unwrap_err();
            assert_eq!((error.code(), error.is_retryable()), (ErrorCode::Unavailable, true), "{error}");
        }
        assert_eq!(tabs.database.rows(), before);
        tabs.database.unreadable(Store::Rows, key, false);
        assert_eq!(found(&fresh), KEYS);
        assert_eq!(block_on(fresh.keys("")).unwrap().len(), KEYS + TUNING.checkpoint_rows as usize);
    }
    assert_eq!(tabs.heard(), Vec::<String>::new());
}
