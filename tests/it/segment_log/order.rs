//! Calls on the same key take effect in their order, whatever becomes of them; those on others wait for none of it.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, ByteStoreExt, Entries, ManualClock, Ttl, Value};

use super::driver::TUNING;
use super::end_of;

fn open(database: &SimDatabase, clock: &std::sync::Arc<ManualClock>, tab: u64) -> SegmentLog<SimBackend> {
    let options = SegmentLogOptions { tuning: TUNING, clock: Some(clock.clone()), ..SegmentLogOptions::default() };
    SegmentLog::new(database.tab(tab), options)
}

fn is_pending<T>(call: std::pin::Pin<&mut (impl Future<Output = T> + ?Sized)>) -> bool {
    call.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn segment_log_makes_no_write_again_behind_a_later_one() {
    let mut made_again = 0;
    for mishap in [Mishap::Lose, Mishap::LoseTransaction, Mishap::Break] {
        for after in 0..3 {
            let (database, clock) = (SimDatabase::stepped(2), ManualClock::at(1));
            let store = open(&database, &clock, 1);
            end_of(&database, store.open()).unwrap();
            // So many that they go to a segment: until the row is added, they may be made again.
            let batch = |value: &str| {
                ["k", "l", "m", "n"].map(|key| (key, Value::from(value.repeat(20).as_str()))).into_iter().collect()
            };
            let mut first = store.set_many(batch("first"), Ttl::Never);
            let mut second = store.set_many(batch("second"), Ttl::Never);
            database.mishap(after, mishap);
            let mut task = Context::from_waker(Waker::noop());
            let (mut one, mut other) = (Poll::Pending, Poll::Pending);
            while one.is_pending() || other.is_pending() {
                if one.is_pending() {
                    one = first.as_mut().poll(&mut task);
                }
                if other.is_pending() {
                    other = second.as_mut().poll(&mut task);
                }
                database.step(0);
            }
            // Lost while it was committing, nobody makes it again.
            let expected = if matches!(other, Poll::Ready(Ok(()))) { "second" } else { "first" };
            made_again += usize::from(matches!((&one, &other), (Poll::Ready(Ok(())), Poll::Ready(Ok(())))));
            let found = end_of(&database, store.get("k")).unwrap();
            assert_eq!(found, Some(expected.repeat(20).as_str().into()), "{mishap:?} after {after}");
        }
    }
    assert!(made_again >= 3, "{made_again} were");
}

/// A call that is written in many transactions keeps the readers of its own keys waiting, and nobody else.
#[test]
fn segment_log_reads_while_a_large_call_is_under_way() {
    let (database, clock) = (SimDatabase::stepped(2), ManualClock::at(1));
    let store = open(&database, &clock, 1);
    end_of(&database, store.set("other", "there")).unwrap();
    let entries = (0..20).map(|key| (format!("k{key}"), Value::from(vec![1; 250]))).collect();
    let mut large = store.set_many(entries, Ttl::Never);
    assert!(is_pending(large.as_mut()));
    let mut same = pin!(store.get("k1"));
    for _ in 0..4 {
        assert!(is_pending(large.as_mut()) && is_pending(same.as_mut()));
        database.step(0);
    }
    // It ends although nobody lets the large call go on.
    assert_eq!(end_of(&database, store.get("other")).unwrap(), Some("there".into()));
    let mut is_there = false;
    while is_pending(same.as_mut()) {
        is_there = is_there || !is_pending(large.as_mut());
        database.step(0);
    }
    assert!(is_there, "it was read before it was there");
    assert_eq!(end_of(&database, store.get("k1")).unwrap(), Some(vec![1; 250].into()));
}

/// What came to nothing is not tried again at once.
#[test]
fn segment_log_rests_when_its_maintenance_came_to_nothing() {
    let (database, clock) = (SimDatabase::new(), ManualClock::at(1));
    let store = open(&database, &clock, 1);
    let set = |key: usize| futures_executor::block_on(store.set(&format!("k{key}"), Value::from(vec![1; 90])));
    (0..30).for_each(|key| set(key).unwrap());
    database.room(Some(database.bytes()));
    for rest in [1_000, 2_000, 4_000] {
        assert!(store.is_due());
        futures_executor::block_on(store.maintain()).unwrap_err();
        assert!(!store.is_due());
        clock.advance_ms(rest - 1);
        assert!(!store.is_due(), "it rests for {rest} ms");
        clock.advance_ms(1);
    }
    database.room(None);
    futures_executor::block_on(store.maintain()).unwrap();
    (30..60).for_each(|key| set(key).unwrap());
    assert!(store.is_due(), "what went well needs no rest");
}

/// Its database is deleted while its segments go ahead, and in the next one their numbers are others'.
#[test]
fn segment_log_names_no_segments_of_another_database() {
    for after in 2..20 {
        let (database, clock) = (SimDatabase::stepped(2), ManualClock::at(1));
        let (store, other) = (open(&database, &clock, 1), open(&database, &clock, 2));
        let batch = |name: &str, byte: u8| -> Entries {
            (0..20).map(|key| (format!("{name}{key}"), Value::from(vec![byte; 250]))).collect()
        };
        end_of(&database, store.open()).unwrap();
        let mut large = store.set_many(batch("k", 1), Ttl::Never);
        for _ in 0..after {
            assert!(is_pending(large.as_mut()));
            database.step(0);
        }
        database.delete();
        for _ in 0..2 {
            end_of(&database, other.set_many(batch("other", 2), Ttl::Never)).unwrap();
        }
        // It may have been committing.
        let stored = end_of(&database, large);
        let found = end_of(&database, store.get("k0")).unwrap();
        assert_eq!(found, stored.is_ok().then(|| vec![1; 250].into()), "after {after} requests");
        assert_eq!(end_of(&database, store.get("other7")).unwrap(), Some(vec![2; 250].into()));
    }
}
