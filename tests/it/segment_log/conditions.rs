//! Conditions on versions, across tabs: what a tab read and another changed since is not overwritten, as a tier in front
//! of a slower store needs it when it writes back what it found there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, ByteStoreExt, Condition, Keys, ManualClock, Ttl, Value, Version};
use futures_executor::block_on;

use super::driver::{Noise, TUNING};

type Log = SegmentLog<SimBackend>;

fn open(database: &SimDatabase, tab: u64) -> Log {
    let clock = ManualClock::at(7);
    let options = SegmentLogOptions { clock: Some(clock), tuning: TUNING, ..SegmentLogOptions::default() };
    SegmentLog::new(database.tab(tab), options)
}

fn set(store: &Log, entries: &[(&str, &str)]) {
    block_on(store.set_many(entries.iter().copied().collect(), Ttl::Never)).unwrap();
}

fn delete(store: &Log, key: &str) {
    block_on(store.delete_many([key].into())).unwrap();
}

fn clear(store: &Log, prefix: &str) {
    block_on(store.clear(prefix.to_owned(), false)).unwrap();
}

fn version(store: &Log, key: &str) -> Version {
    block_on(store.get_many([key].into())).unwrap()[0].version.unwrap()
}

fn set_if(store: &Log, key: &str, value: &str, read: Version) -> bool {
    block_on(store.set_if([(key, value)].into(), vec![Condition::UnchangedSince(read)], Ttl::Never)).unwrap()[0]
}

/// Rows of `b`'s own until it has folded, compacted and written a checkpoint.
fn maintain(b: &Log) {
    for round in 0..TUNING.checkpoint_rows {
        set(b, &[("other", &round.to_string())]);
    }
    assert!(block_on(b.maintain()).unwrap());
}

const MANY: [(&str, &str); 5] = [("k", "theirs"), ("l", "1"), ("m", "2"), ("n", "3"), ("o", "4")];

#[test]
fn segment_log_overwrites_nothing_that_another_tab_changed() {
    type Change = (&'static str, fn(&Log));
    let changes: [Change; 8] = [
        ("a set", |b| set(b, &[("k", "theirs")])),
        ("a batch", |b| set(b, &MANY)),
        ("the same value again", |b| set(b, &[("k", "old")])),
        ("a delete", |b| delete(b, "k")),
        ("a set and a delete", |b| {
            set(b, &[("k", "theirs")]);
            delete(b, "k");
        }),
        ("a prefix cleared", |b| clear(b, "k")),
        ("all cleared", |b| clear(b, "")),
        ("all cleared, and a set", |b| {
            clear(b, "");
            set(b, &[("k", "old")]);
        }),
    ];
    for there_before in [false, true] {
        for maintained in [false, true] {
            for (name, change) in changes {
                let database = SimDatabase::new();
                let (a, b) = (open(&database, 1), open(&database, 2));
                if there_before {
                    set(&a, &[("k", "old"), ("other", "o")]);
                }
                let read = version(&a, "k");
                change(&b);
                if maintained {
                    maintain(&b);
                }
                let theirs = block_on(b.get("k")).unwrap();
                let what = format!("{name}, there before: {there_before}, maintained: {maintained}");
                // Clearing or deleting what is not there changes it too: so it is decided, the safe way.
                assert!(!set_if(&a, "k", "mine", read), "{what}: it counts as unchanged");
                assert!(!set_if(&open(&database, 3), "k", "mine", read), "{what}: to a new tab it is unchanged");
                for store in [&a, &b] {
                    assert_eq!(block_on(store.get("k")).unwrap(), theirs, "{what}");
                }
                // Who reads again may write.
                assert!(set_if(&a, "k", "mine", version(&a, "k")), "{what}");
                assert_eq!(block_on(b.get("k")).unwrap(), Some("mine".into()), "{what}");
            }
        }
    }
}

#[test]
fn segment_log_takes_no_move_for_a_change() {
    let database = SimDatabase::new();
    let (a, b) = (open(&database, 1), open(&database, 2));
    set(&a, &[("k", "inline")]);
    set(&a, &[("packed", "p"), ("1", "x"), ("2", "x"), ("3", "x")]);
    let (of_row, of_segment) = (version(&a, "k"), version(&a, "packed"));
    let missing = version(&a, "missing");
    set(&b, &[("1", "y"), ("2", "y"), ("3", "y"), ("4", "y")]);
    for key in ["1", "2", "3", "4"] {
        delete(&b, key);
    }
    maintain(&b);
    assert!(set_if(&a, "missing", "backfilled", missing));
    assert!(set_if(&a, "k", "mine", of_row) && set_if(&a, "packed", "mine", of_segment));
    assert!(!set_if(&b, "k", "theirs", of_row), "A wrote it since");
}

/// Versions count rows, and a database made anew counts from one again.
#[test]
fn segment_log_takes_no_version_of_a_database_that_was_deleted() {
    for is_there in [false, true] {
        let database = SimDatabase::new();
        let a = open(&database, 1);
        for round in 0..5 {
            set(&a, &[("k", &round.to_string())]);
        }
        let read = version(&a, "k");
        database.delete();
        let b = open(&database, 2);
        set(&b, &[(if is_there { "k" } else { "l" }, "theirs")]);
        assert!(!set_if(&a, "k", "mine", read) && !set_if(&b, "k", "mine", read));
        assert_eq!(block_on(a.get("k")).unwrap(), is_there.then(|| "theirs".into()));
    }
}

fn count(value: Option<&Value>) -> u64 {
    value.map_or(0, |value| u64::from_le_bytes(value.to_vec().try_into().unwrap()))
}

const COUNTERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// Reads some of the counters and adds one to each, if nobody has changed it since.
async fn add(store: &Log, keys: &[&str], landed: &[AtomicUsize]) {
    let found = store.get_many(Keys::from(keys)).await.unwrap();
    let next = keys
        .iter()
        .zip(&found)
        .map(|(key, lookup)| (*key, Value::from((count(lookup.value.as_ref()) + 1).to_le_bytes().as_slice())));
    let conditions = found.iter().map(|lookup| Condition::UnchangedSince(lookup.version.unwrap())).collect();
    let stored = store.set_if(next.collect(), conditions, Ttl::Never).await.unwrap();
    for (key, _) in keys.iter().zip(&stored).filter(|(_, stored)| **stored) {
        let at = COUNTERS.iter().position(|counter| counter == key).unwrap();
        landed[at].fetch_add(1, Ordering::SeqCst);
    }
}

/// Tabs that add to the same counters at once: each addition that is said to have landed counts.
#[test]
fn segment_log_loses_no_addition_of_several_tabs() {
    let (mut landed_in_all, mut refused_in_all) = (0, 0);
    for seed in 0..120 {
        let (mut noise, database) = (Noise(seed), SimDatabase::stepped(seed));
        let tabs: Vec<Arc<Log>> = (0..3).map(|tab| Arc::new(open(&database, tab + 1))).collect();
        let landed: Arc<[AtomicUsize]> = COUNTERS.iter().map(|_| AtomicUsize::new(0)).collect();
        let (mut tried, mut left) = (0, 40);
        let mut calls: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        while left > 0 || !calls.is_empty() {
            if left > 0 && calls.len() < 5 {
                left -= 1;
                let (store, landed) = (tabs[noise.below(3)].clone(), landed.clone());
                if noise.chance(6) {
                    calls.push(Box::pin(async move { _ = store.maintain().await.unwrap() }));
                } else {
                    let (from, length) = (noise.below(COUNTERS.len()), noise.below(4) + 1);
                    let keys: Vec<&str> = COUNTERS.into_iter().skip(from).take(length).collect();
                    tried += keys.len();
                    calls.push(Box::pin(async move { add(&store, &keys, &landed).await }));
                }
            }
            let mut task = Context::from_waker(Waker::noop());
            calls.retain_mut(|call| call.as_mut().poll(&mut task).is_pending());
            database.step(noise.next());
        }
        let last = open(&database, 9);
        let found = super::end_of(&database, last.get_many(Keys::from(COUNTERS.as_slice()))).unwrap();
        let counted: Vec<u64> = found.iter().map(|lookup| count(lookup.value.as_ref())).collect();
        let landed: Vec<u64> = landed.iter().map(|landed| landed.load(Ordering::SeqCst) as u64).collect();
        assert_eq!(counted, landed, "seed {seed}");
        landed_in_all += landed.iter().sum::<u64>() as usize;
        refused_in_all += tried - landed.iter().sum::<u64>() as usize;
    }
    assert!(landed_in_all > 2_000 && refused_in_all > 500, "{landed_in_all} landed, {refused_in_all} were refused");
}

/// Not every delete is remembered for ever; what is forgotten counts as one.
#[test]
fn segment_log_takes_what_it_forgot_for_changed() {
    let database = SimDatabase::new();
    let (a, b) = (open(&database, 1), open(&database, 2));
    set(&a, &[("k", "ours")]);
    let read = version(&a, "k");
    delete(&a, "k");
    for from in 0..5 {
        let keys: Vec<String> = (from * 1_000..from * 1_000 + 1_000).map(|key| format!("other {key}")).collect();
        block_on(a.delete_many(Keys::from(keys.as_slice()))).unwrap();
    }
    assert!(!set_if(&a, "k", "again", read));
    maintain(&a);
    maintain(&a);
    assert!(!set_if(&a, "k", "again", read) && !set_if(&b, "k", "again", read));
    assert!(set_if(&a, "k", "again", version(&a, "k")));
}
