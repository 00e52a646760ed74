//! A handle that is closed, or a call that is dropped, at each request of a maintenance run: nothing that is needed goes.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, ByteStoreExt, Clock, ErrorCode, Keys, ManualClock, Ttl, Value};

use super::driver::TUNING;
use super::end_of;

type Map = BTreeMap<String, Value>;

fn open(database: &SimDatabase, tab: u64, clock: &std::sync::Arc<ManualClock>) -> SegmentLog<SimBackend> {
    let options = SegmentLogOptions { tuning: TUNING, clock: Some(clock.clone()), ..SegmentLogOptions::default() };
    SegmentLog::new(database.tab(tab), options)
}

fn poll<T>(call: &mut Pin<Box<impl Future<Output = T> + ?Sized>>) -> Option<T> {
    match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(end) => Some(end),
        Poll::Pending => None,
    }
}

/// Of everything that maintenance looks after there is some; gives what should be found.
fn fill(database: &SimDatabase, store: &SegmentLog<SimBackend>, clock: &ManualClock) -> Map {
    let mut map = Map::new();
    for round in 0..3_u8 {
        let batch: Map = (0..40).map(|key| (format!("{round} {key}"), Value::from(vec![key + round; 90]))).collect();
        end_of(database, store.set_many(batch.clone().into_iter().collect(), Ttl::Never)).unwrap();
        let soon = Ttl::After(std::time::Duration::from_millis(1));
        end_of(database, store.set_many([(format!("soon {round}"), "gone")].into(), soon)).unwrap();
        map.extend(batch);
        let gone: Vec<String> = (0..40).filter(|key| key % 5 > 1).map(|key| format!("{round} {key}")).collect();
        end_of(database, store.delete_many(Keys::from(gone.as_slice()))).unwrap();
        gone.iter().for_each(|key| drop(map.remove(key)));
        for key in 0..9 {
            let (key, value) = (format!("alone {round} {key}"), Value::from(vec![key; 30]));
            end_of(database, store.set_many([(key.clone(), value.clone())].into(), Ttl::Never)).unwrap();
            map.insert(key, value);
        }
        if round < 2 {
            end_of(database, store.maintain()).unwrap();
        }
    }
    clock.advance_ms(100_000);
    map
}

fn check(database: &SimDatabase, store: &SegmentLog<SimBackend>, map: &Map, after: u64) {
    let keys: Vec<&str> = map.keys().map(String::as_str).collect();
    let found = end_of(database, store.get_many(Keys::from(keys.as_slice()))).unwrap();
    for (lookup, (key, value)) in found.iter().zip(map) {
        assert_eq!(lookup.value.as_ref(), Some(value), "{key}, after {after} requests");
    }
    let listed = end_of(database, store.keys("")).unwrap();
    assert_eq!(listed, keys);
}

/// What happens in the midst of maintenance.
#[derive(Clone, Copy, PartialEq)]
enum Midst {
    Closed,
    Dropped,
    DroppedAndClosed,
}

fn at_each_request(midst: Midst) {
    let mut after = 0;
    loop {
        // The seed decides whether there are locks, and how reads and writes go together.
        let (database, clock) = (SimDatabase::stepped(after % 4), ManualClock::at(1_000));
        let store = open(&database, 1, &clock);
        let map = fill(&database, &store, &clock);
        let mut work = Some(Box::pin(store.maintain()));
        let mut is_over = false;
        for _ in 0..after {
            is_over |= work.as_mut().is_some_and(|work| poll(work).is_some());
            if is_over {
                break;
            }
            database.step(0);
        }
        if is_over {
            assert!(after > 20, "{after} requests are few");
            break;
        }
        if midst != Midst::Closed {
            work = None;
        }
        if midst == Midst::Dropped {
            check(&database, &store, &map, after);
        } else {
            let mut close = Some(store.close());
            while work.is_some() || close.is_some() {
                if let Some(end) = work.as_mut().and_then(poll) {
                    work = None;
                    assert!(end.is_ok() || end.unwrap_err().code() == ErrorCode::Closed);
                }
                if let Some(end) = close.as_mut().and_then(poll) {
                    end.unwrap();
                    close = None;
                }
                database.step(0);
            }
            assert_eq!(store.audit().keys, 0, "a closed handle holds nothing");
            let error = end_of(&database, store.get_many(Keys::from(["0 0"]))).unwrap_err();
            assert_eq!(error.code(), ErrorCode::Closed);
        }
        // The lease runs out, where there is one.
        clock.advance_ms(60_000);
        let next = open(&database, 2, &clock);
        check(&database, &next, &map, after);
        end_of(&database, next.maintain()).unwrap();
        check(&database, &open(&database, 3, &clock), &map, after);
        let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
        assert_eq!(next.audit().segments, stored, "at {} after {after} requests", clock.now_ms());
        after += 1;
    }
}

#[test]
fn segment_log_may_be_closed_while_it_maintains() {
    at_each_request(Midst::Closed);
}

#[test]
fn segment_log_may_be_stopped_while_it_maintains() {
    at_each_request(Midst::Dropped);
    at_each_request(Midst::DroppedAndClosed);
}
