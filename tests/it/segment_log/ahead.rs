//! Large calls, whose segments go ahead, while others look for segments that nobody names.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Store};
use bytestow::{ByteStore, ByteStoreExt, Entries, Keys, Ttl, Value};

use super::driver::TUNING;
use super::end_of;

fn open(database: &SimDatabase, tab: u64) -> SegmentLog<SimBackend> {
    SegmentLog::new(database.tab(tab), SegmentLogOptions { tuning: TUNING, ..SegmentLogOptions::default() })
}

fn large() -> Entries {
    (0..50).map(|key| (format!("key {key}"), Value::from(vec![key; 200]))).collect()
}

fn poll<T>(call: &mut Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

fn is_whole(database: &SimDatabase, store: &SegmentLog<SimBackend>) -> bool {
    let keys = large().keys().clone();
    let found = end_of(database, store.get_many(keys)).unwrap();
    found.iter().zip(large().values()).all(|(lookup, value)| lookup.value.as_ref() == Some(value))
}

/// As when a browser brings back a window: each tab deletes what belongs to nobody yet, at once.
#[test]
fn segment_log_large_calls_outlast_tabs_that_open() {
    for sent in [1, 20, 45] {
        let database = SimDatabase::stepped(3);
        let store = open(&database, 1);
        let mut call = pin!(store.set_many(large(), Ttl::Never));
        for tab in 0..6 {
            // Of this try they are all gone, and so is the try.
            while database.segments().len() < sent {
                assert!(poll(&mut call).is_pending(), "it ended before tab {tab} opened");
                database.step(0);
            }
            end_of(&database, open(&database, 2 + tab).maintain()).unwrap();
            assert_eq!(database.segments().len(), 0);
        }
        end_of(&database, call).unwrap_or_else(|error| panic!("{sent} segments sent: {error}"));
        assert!(is_whole(&database, &open(&database, 90)), "{sent} segments sent");
    }
}

/// However many there are, and also once a large call of one's own has ended.
#[test]
fn segment_log_collects_all_that_is_nobodys() {
    let database = SimDatabase::stepped(3);
    (1..700).for_each(|key| database.damage(Store::Segments, key, Some(Value::from(vec![1; 9]))));
    let store = open(&database, 1);
    end_of(&database, store.set_many(large(), Ttl::Never)).unwrap();
    end_of(&database, store.maintain()).unwrap();
    let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
    assert_eq!(stored, store.audit().segments);
    assert!(is_whole(&database, &store));
}

/// What a killed tab sent ahead is gone when the next one has maintained once, however short its life.
#[test]
fn segment_log_collects_at_once_what_a_killed_tab_left() {
    let mut left = 0;
    for after in 0..40 {
        let database = SimDatabase::stepped(2);
        {
            let store = open(&database, 1);
            let mut call = pin!(store.set_many(large(), Ttl::Never));
            for _ in 0..after {
                if poll(&mut call).is_ready() {
                    break;
                }
                database.step(0);
            }
            database.kill(1, false);
        }
        left += usize::from(!database.segments().is_empty());
        let next = open(&database, 2);
        end_of(&database, next.maintain()).unwrap();
        let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
        assert_eq!(stored, next.audit().segments, "killed after {after} requests");
    }
    assert!(left > 10, "{left} calls left something behind");
}

/// A handle knows of its own calls, and lets them end first.
#[test]
fn segment_log_collects_nothing_of_its_own_large_calls() {
    for after in 0..30 {
        let database = SimDatabase::stepped(2);
        let store = open(&database, 1);
        let mut call = pin!(store.set_many(large(), Ttl::Never));
        let mut end = None;
        for _ in 0..after {
            match poll(&mut call) {
                Poll::Ready(ended) => end = Some(ended),
                Poll::Pending => _ = database.step(0),
            }
            if end.is_some() {
                break;
            }
        }
        let sent = database.segments();
        let mut work = pin!(store.maintain());
        let mut worked = None;
        while end.is_none() || worked.is_none() {
            if worked.is_none()
                && let Poll::Ready(ended) = poll(&mut work)
            {
                worked = Some(ended);
            }
            if end.is_none()
                && let Poll::Ready(ended) = poll(&mut call)
            {
                end = Some(ended);
            }
            database.step(0);
        }
        end.into_iter().chain(worked.map(|ended| ended.map(drop))).for_each(|ended| ended.unwrap());
        let stored = database.segments();
        assert!(sent.iter().all(|key| stored.contains(key)), "after {after} requests: {sent:?}, then {stored:?}");
        end_of(&database, store.maintain()).unwrap();
        assert_eq!(database.segments(), stored);
        assert!(end_of(&database, store.get_many(Keys::from(["key 7"]))).unwrap()[0].value.is_some());
    }
}

/// The connection is lost with the answer to its last transaction. Of what it sent first some is written again, and goes;
/// what stands beside it stays.
#[test]
fn segment_log_keeps_a_large_call_that_was_stored_without_an_answer() {
    let mut stored = 0;
    for after in 0..200 {
        let database = SimDatabase::stepped(3);
        let store = open(&database, 1);
        database.mishap(after, Mishap::LoseAfter);
        let ended = end_of(&database, store.set_many(large(), Ttl::Never));
        database.no_mishap();
        if ended.is_ok() || !is_whole(&database, &open(&database, 2)) {
            continue;
        }
        stored += 1;
        end_of(&database, store.set("key 0", large().values()[0].clone())).unwrap();
        let before = database.segments();
        for _ in 0..3 {
            end_of(&database, store.maintain()).unwrap();
        }
        assert_ne!(database.segments(), before, "the segment of the first key stayed");
        assert!(is_whole(&database, &open(&database, 3)), "request {after}");
    }
    assert!(stored > 0, "no call was stored without an answer");
}
