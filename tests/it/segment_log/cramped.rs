//! A full disk on which nothing is added before something is deleted, as Chromium's is: records go before a row says so.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Store, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, ErrorCode, Event, Keys, ManualClock, Observe, Ttl, Value};
use futures_executor::block_on;

use super::driver::TUNING;

#[derive(Default)]
struct Heard {
    evicted: AtomicUsize,
    damage: Mutex<Vec<String>>,
}

impl Observe for Heard {
    fn event(&self, event: Event) {
        match event {
            Event::Evict { keys, .. } => _ = self.evicted.fetch_add(keys, Ordering::SeqCst),
            Event::Corrupt { key, reason } => self.damage.lock().unwrap().push(format!("{key}: {reason}")),
            _ => {}
        }
    }
}

struct Cramped {
    database: SimDatabase,
    clock: Arc<ManualClock>,
    heard: Arc<Heard>,
    tuning: Tuning,
}

impl Cramped {
    fn new() -> Self {
        // Nothing is due by itself.
        let tuning = Tuning { fold_rows: 1_000, checkpoint_rows: 1_000, dead_bytes: 1 << 30, ..TUNING };
        Self { database: SimDatabase::new(), clock: ManualClock::at(1_000), heard: Arc::default(), tuning }
    }

    fn open(&self, tab: u64, max_bytes: Option<u64>) -> SegmentLog<SimBackend> {
        let options = SegmentLogOptions {
            max_bytes,
            memory_bytes: 0,
            clock: Some(self.clock.clone()),
            observer: Some(self.heard.clone()),
            tuning: self.tuning,
            ..SegmentLogOptions::default()
        };
        SegmentLog::new(self.database.tab(tab), options)
    }

    fn bounded(&self, tab: u64) -> SegmentLog<SimBackend> {
        self.open(tab, Some(1_000_000))
    }

    fn damage(&self) -> Vec<String> {
        std::mem::take(&mut self.heard.damage.lock().unwrap())
    }
}

fn batch(from: usize) -> Entries {
    (from..from + 10).map(|key| (format!("k{key:03}"), Value::from(vec![key as u8; 100]))).collect()
}

fn set(store: &SegmentLog<SimBackend>, from: usize) -> bytestow::Result<()> {
    block_on(store.set_many(batch(from), Ttl::Never))
}

/// The keys that are listed, and of which of them there is a value; what else says that they are there agrees.
fn there(store: &SegmentLog<SimBackend>) -> (Vec<String>, usize) {
    let keys = block_on(store.keys("")).unwrap();
    let found = block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap();
    let stats = block_on(store.stat(Keys::from(keys.as_slice()))).unwrap();
    assert!(stats.iter().all(Option::is_some));
    assert_eq!(block_on(store.usage()).unwrap().keys, keys.len() as u64);
    let values = found.iter().filter(|lookup| lookup.value.is_some()).count();
    (keys, values)
}

#[test]
fn segment_log_makes_room_on_a_disk_that_only_deletes() {
    let cramped = Cramped::new();
    let (one, two) = (cramped.bounded(1), cramped.bounded(2));
    (0..10).for_each(|at| set(&one, at * 10).unwrap());
    assert_eq!(there(&two).1, 100);
    // More than one of its transactions deletes.
    cramped.database.cramp(1_500);
    set(&one, 100).unwrap();
    let (keys, values) = there(&one);
    let gone = cramped.heard.evicted.load(Ordering::SeqCst);
    assert_eq!((keys.len(), values), (110 - gone, 110 - gone));
    assert!((15..=40).contains(&gone), "{gone} went");
    assert!(!keys.contains(&"k000".to_owned()) && keys.contains(&"k099".to_owned()), "the oldest go first");
    assert_eq!((there(&two).0, there(&cramped.bounded(3)).0), (keys.clone(), keys));
    // What went may come again, on whatever condition.
    block_on(two.set_if(batch(0), vec![bytestow::Condition::Absent; 10], Ttl::Never)).unwrap();
    assert_eq!(there(&one).1, 120 - gone);
    assert_eq!(cramped.damage(), Vec::<String>::new());
}

/// Without a bound nothing is dropped, but what nobody needs goes before a call is refused.
#[test]
fn segment_log_gives_waste_back_before_it_refuses_a_call() {
    let cramped = Cramped::new();
    let one = cramped.open(1, None);
    (0..3).for_each(|_| set(&one, 0).unwrap());
    cramped.database.cramp(1_500);
    set(&one, 10).unwrap();
    assert_eq!(there(&one).1, 20);
    cramped.database.cramp(1_500);
    assert_eq!(set(&one, 20).unwrap_err().code(), ErrorCode::QuotaExceeded);
    assert_eq!(there(&one).1, 20);
    assert_eq!(cramped.heard.evicted.load(Ordering::SeqCst), 0);
    assert_eq!(cramped.damage(), Vec::<String>::new());
}

/// The row that says that all is cleared, too, has room only once something was deleted.
#[test]
fn segment_log_clears_a_full_disk() {
    for max_bytes in [None, Some(1_000_000)] {
        let cramped = Cramped::new();
        let (one, two) = (cramped.open(1, max_bytes), cramped.open(2, max_bytes));
        (0..5).for_each(|at| set(&one, at * 10).unwrap());
        assert_eq!(there(&two).1, 50);
        cramped.database.cramp(1_500);
        if max_bytes.is_none() {
            let some = || batch(0).keys().clone();
            for error in [block_on(one.delete_many(some())), block_on(one.clear("k0".to_owned(), false))] {
                let error = error.unwrap_err();
                assert_eq!(error.code(), ErrorCode::QuotaExceeded);
                assert!(error.message().contains("destroy()"), "{error}");
            }
            assert_eq!(there(&one).1, 50);
        }
        block_on(one.clear(String::new(), false)).unwrap();
        for store in [&one, &two, &cramped.open(3, max_bytes)] {
            assert_eq!(there(store), (Vec::new(), 0));
        }
        assert_eq!(cramped.database.segments(), Vec::<i64>::new());
        set(&two, 0).unwrap();
        assert_eq!(there(&one).1, 10);
        assert_eq!(cramped.damage(), Vec::<String>::new());
        // Where nothing helps, it is said, and can be tried again.
        cramped.database.cramp(u64::MAX);
        assert_eq!(block_on(one.clear(String::new(), false)).unwrap_err().code(), ErrorCode::QuotaExceeded);
        cramped.database.cramp(0);
        block_on(one.clear(String::new(), false)).unwrap();
        assert_eq!(there(&two), (Vec::new(), 0));
    }
}

/// Small records stand in files that stay as they are: the store does not eat itself up.
#[test]
fn segment_log_drops_little_where_that_makes_no_room() {
    let cramped = Cramped::new();
    let one = cramped.bounded(1);
    (0..30).for_each(|at| set(&one, at * 10).unwrap());
    let before = cramped.database.segments().len();
    cramped.database.cramp(u64::MAX);
    for _ in 0..20 {
        assert_eq!(set(&one, 900).unwrap_err().code(), ErrorCode::QuotaExceeded);
    }
    let dropped = before - cramped.database.segments().len();
    assert!((1..=20).contains(&dropped), "{dropped} segments of {before} went");
    // Nobody could say so yet, and nobody takes it for damage.
    let (keys, values) = there(&one);
    assert!(keys.len() == 300 && (250..300).contains(&values), "{values} values are there");
    assert!(block_on(one.maintain()).is_err());
    let missing = block_on(one.get("k000")).unwrap();
    assert_eq!(missing, None);
    // An hour later, there is less again, and room for all.
    cramped.clock.advance_ms(3_600_000);
    assert!(set(&one, 900).is_err());
    assert!(cramped.database.segments().len() < before - dropped);
    cramped.database.cramp(0);
    set(&one, 900).unwrap();
    cramped.clock.advance_ms(3_600_000);
    block_on(one.maintain()).unwrap();
    let (keys, values) = there(&one);
    assert_eq!(keys.len(), values);
    assert_eq!(keys.len() + cramped.heard.evicted.load(Ordering::SeqCst), 310);
    assert_eq!(there(&cramped.open(2, None)), (keys, values));
    assert_eq!(cramped.damage(), Vec::<String>::new());
}

/// The tab that dropped them is gone before it could say so. Who opens next, finds it out; who reads, earlier.
#[test]
fn segment_log_finds_out_what_went_unsaid() {
    for reads in [false, true] {
        let cramped = Cramped::new();
        let (one, two) = (cramped.bounded(1), cramped.bounded(2));
        (0..30).for_each(|at| set(&one, at * 10).unwrap());
        block_on(two.maintain()).unwrap();
        assert_eq!(there(&two).1, 300);
        cramped.database.cramp(u64::MAX);
        assert!(set(&one, 900).is_err());
        cramped.database.kill(1, false);
        drop(one);
        cramped.database.cramp(0);
        let finder = if reads { two } else { cramped.bounded(3) };
        if reads {
            assert!(!finder.is_due(), "it has no reason to look");
        }
        let keys: Vec<String> = (0..300).map(|key| format!("k{key:03}")).collect();
        if reads {
            block_on(finder.get_many(Keys::from(keys.as_slice()))).unwrap();
        }
        assert!(block_on(finder.maintain()).unwrap());
        assert!(!finder.is_due(), "there is no end to it");
        let (keys, values) = there(&finder);
        assert!(keys.len() == values && values < 300, "{} keys, {values} values", keys.len());
        assert_eq!(keys.len() + cramped.heard.evicted.load(Ordering::SeqCst), 300);
        assert_eq!(there(&cramped.open(4, None)), (keys, values));
        assert_eq!(cramped.damage(), Vec::<String>::new());
    }
}

/// A row that is gone would show what it replaced.
#[test]
fn segment_log_never_drops_rows_before_it_says_so() {
    let cramped = Cramped::new();
    let one = cramped.bounded(1);
    (0..3).for_each(|at| set(&one, at * 10).unwrap());
    for key in 0..30 {
        let value = Value::from(vec![0xEE; 40]);
        block_on(one.set(&format!("k{key:03}"), value)).unwrap();
    }
    cramped.database.cramp(u64::MAX);
    for _ in 0..5 {
        assert!(set(&one, 900).is_err());
        cramped.clock.advance_ms(3_600_000);
    }
    let again = cramped.bounded(2);
    let (keys, values) = there(&again);
    assert_eq!((keys.len(), values), (30, 30));
    let found = block_on(again.get_many(Keys::from(keys.as_slice()))).unwrap();
    assert!(found.iter().all(|lookup| lookup.value.as_ref().is_some_and(|value| value.len() == 40)));
}

/// Between the drop and the row another tab writes the same keys: these stay.
#[test]
fn segment_log_buries_nothing_that_was_written_since() {
    let cramped = Cramped::new();
    let (one, two) = (cramped.bounded(1), cramped.bounded(2));
    (0..30).for_each(|at| set(&one, at * 10).unwrap());
    cramped.database.cramp(u64::MAX);
    assert!(set(&one, 900).is_err());
    cramped.database.cramp(0);
    set(&two, 0).unwrap();
    cramped.clock.advance_ms(3_600_000);
    block_on(one.maintain()).unwrap();
    let keys = batch(0).keys().clone();
    for store in [&one, &two, &cramped.bounded(3)] {
        let found = block_on(store.get_many(keys.clone())).unwrap();
        assert!(found.iter().all(|lookup| lookup.value.is_some()));
    }
}

/// A record that is missing is damage where nothing may go, and none where it may; one that does not read always is.
#[test]
fn segment_log_tells_what_went_from_what_is_damaged() {
    for (bounded, compacted) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut cramped = Cramped::new();
        cramped.tuning.dead_bytes = 100;
        let store = cramped.open(1, bounded.then_some(1_000_000));
        set(&store, 0).unwrap();
        block_on(store.maintain()).unwrap();
        let first = cramped.database.segments()[0];
        if compacted {
            let of_it = (0..2).map(|key| format!("k{key:03}")).collect::<Vec<_>>();
            block_on(store.delete_many(Keys::from(&of_it[1..]))).unwrap();
            cramped.database.damage(Store::Segments, first, None);
            block_on(store.maintain()).unwrap();
            // Whoever looks later finds neither the entries nor damage.
            let told = cramped.damage();
            let (keys, values) = there(&cramped.open(2, None));
            assert!(keys.len() == values && values < 9, "{values} values of {keys:?}");
            assert_eq!(cramped.damage(), Vec::<String>::new());
            *cramped.heard.damage.lock().unwrap() = told;
        } else {
            cramped.database.damage(Store::Segments, first, None);
            assert_eq!(block_on(store.get("k000")).unwrap(), None);
        }
        assert_eq!(cramped.damage().is_empty(), bounded, "bounded: {bounded}, compacted: {compacted}");
    }
    let cramped = Cramped::new();
    let store = cramped.bounded(1);
    set(&store, 0).unwrap();
    let first = cramped.database.segments()[0];
    cramped.database.damage(Store::Segments, first, Some(Value::from(vec![0xAA; 200])));
    assert_eq!(block_on(store.get("k000")).unwrap(), None);
    assert_eq!(cramped.damage().len(), 1);
}

/// What Firefox keeps of a transaction of maintenance that met the full disk is in the way of the next one.
#[test]
fn segment_log_maintains_again_after_a_torn_transaction() {
    let mut strays = 0;
    for after in 0..12 {
        let mut cramped = Cramped::new();
        cramped.tuning.fold_rows = 6;
        cramped.database.tear(true);
        let store = cramped.open(1, None);
        block_on(store.set("first", Value::from(vec![1; 10]))).unwrap();
        block_on(store.maintain()).unwrap();
        for key in 0..8 {
            block_on(store.set(&format!("k{key}"), Value::from(vec![key; 190]))).unwrap();
        }
        cramped.database.mishap(after, Mishap::Quota);
        _ = block_on(store.maintain());
        cramped.database.no_mishap();
        let stored: Vec<u32> = cramped.database.segments().iter().map(|key| *key as u32).collect();
        strays += usize::from(stored != store.audit().segments);
        for _ in 0..3 {
            _ = block_on(store.maintain());
            cramped.clock.advance_ms(3_600_000);
        }
        block_on(store.maintain()).unwrap();
        assert!(store.audit().inline_rows < 6, "request {after}");
        let stored: Vec<u32> = cramped.database.segments().iter().map(|key| *key as u32).collect();
        assert_eq!(stored, store.audit().segments, "request {after}");
    }
    assert!(strays > 0, "no transaction was torn");
}

/// It looks at them a page at a time, and those of the next page are none that are gone.
#[test]
fn segment_log_misses_nothing_that_is_there() {
    let cramped = Cramped::new();
    let one = cramped.bounded(1);
    (0..80).for_each(|at| set(&one, at * 10).unwrap());
    assert!(cramped.database.segments().len() > 300);
    let two = cramped.bounded(2);
    block_on(two.maintain()).unwrap();
    assert_eq!((there(&two).1, cramped.heard.evicted.load(Ordering::SeqCst)), (800, 0));
}

/// What Firefox keeps of a call that met the full disk is in no later call's way, and goes.
#[test]
fn segment_log_writes_on_after_a_torn_call() {
    for max_bytes in [None, Some(1_000_000)] {
        let mut strays = 0;
        for after in 0..4 {
            let mut cramped = Cramped::new();
            cramped.tuning.call_bytes = 100_000;
            cramped.database.tear(true);
            let store = cramped.open(1, max_bytes);
            (0..10).for_each(|at| set(&store, at * 10).unwrap());
            block_on(store.maintain()).unwrap();
            cramped.database.mishap(after, Mishap::Quota);
            let many = (200..290).map(|key| (format!("k{key}"), Value::from(vec![key as u8; 100]))).collect();
            let end = block_on(store.set_many(many, Ttl::Never));
            cramped.database.no_mishap();
            let stored: Vec<u32> = cramped.database.segments().iter().map(|key| *key as u32).collect();
            strays += usize::from(stored != store.audit().segments);
            if end.is_err() {
                (30..50).for_each(|at| set(&store, at * 10).unwrap());
            }
            block_on(store.maintain()).unwrap();
            let stored: Vec<u32> = cramped.database.segments().iter().map(|key| *key as u32).collect();
            assert_eq!(stored, store.audit().segments, "request {after}");
            let (keys, values) = there(&store);
            assert_eq!((keys.len(), cramped.damage()), (values, Vec::new()));
        }
        // A call that is made again collects them itself.
        assert!(strays > 0 || max_bytes.is_some(), "no call was torn");
    }
}

/// A checkpoint that the full disk undid has deleted nothing that it was to stand for.
#[test]
fn segment_log_loses_nothing_by_a_torn_checkpoint() {
    let mut torn = 0;
    for after in 0..60 {
        let mut cramped = Cramped::new();
        cramped.tuning = TUNING;
        cramped.database.tear(true);
        let store = cramped.open(1, None);
        let round = |from: usize| {
            for key in from..from + 10 {
                block_on(store.set(&format!("k{key}"), Value::from(vec![key as u8; 100]))).unwrap();
            }
        };
        for from in [0, 10, 20] {
            round(from);
            block_on(store.maintain()).unwrap();
        }
        round(30);
        assert!(store.audit().trim > 0);
        cramped.database.mishap(after, Mishap::Quota);
        torn += usize::from(block_on(store.maintain()).is_err());
        cramped.database.no_mishap();
        for other in [&store, &cramped.open(2, None)] {
            let (keys, values) = there(other);
            assert_eq!((keys.len(), values), (40, 40), "request {after}");
        }
        assert_eq!(cramped.damage(), Vec::<String>::new());
    }
    assert!(torn > 5, "{torn} were torn");
}
