//! Calls and maintenance that end before they are done: what they leave behind is harmless, and goes.

use std::task::{Context, Waker};

use bytestow::segment_log::sim::{Mishap, SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Tuning};
use bytestow::{ByteStore, Entries, Keys, ManualClock, Ttl, Value};

use super::driver::TUNING;
use super::end_of;

/// All keys are one page.
const LISTED: Tuning = Tuning { scan: 10_000, ..TUNING };

fn open(database: &SimDatabase, tab: u64, tuning: Tuning) -> SegmentLog<SimBackend> {
    let clock = ManualClock::at(9);
    SegmentLog::new(database.tab(tab), SegmentLogOptions { clock: Some(clock), tuning, ..SegmentLogOptions::default() })
}

fn batch(keys: std::ops::Range<usize>, length: usize) -> Entries {
    keys.map(|key| (format!("key {key}"), Value::from(vec![key as u8; length]))).collect()
}

fn known(database: &SimDatabase, store: &SegmentLog<SimBackend>) -> bool {
    let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
    stored == store.audit().segments
}

/// Its first segments are stored by then; this handle has looked for such before, and looks again.
#[test]
fn segment_log_collects_what_a_large_call_left_behind() {
    let mut left = 0;
    for after in 0..40 {
        let database = SimDatabase::stepped(2);
        let store = open(&database, 1, LISTED);
        end_of(&database, store.set_many(batch(0..5, 40), Ttl::Never)).unwrap();
        end_of(&database, store.maintain()).unwrap();
        database.mishap(after, Mishap::Abort);
        let end = end_of(&database, store.set_many(batch(10..60, 60), Ttl::Never));
        database.no_mishap();
        left += usize::from(!known(&database, &store));
        end_of(&database, store.maintain()).unwrap();
        assert!(known(&database, &store), "request {after}: segments of nobody's");
        let there = end_of(&database, store.list(String::new(), None, 100)).unwrap().keys.len();
        assert_eq!(there, if end.is_ok() { 55 } else { 5 }, "request {after}");
    }
    assert!(left > 3, "{left} calls left something behind");
}

/// A checkpoint of many transactions is dropped after any of them; another tab makes one; the first tab goes on.
#[test]
fn segment_log_maintenance_may_stop_anywhere() {
    let tuning = Tuning { transaction_bytes: 300, ..LISTED };
    let mut stopped = 0;
    for steps in 0..90 {
        let database = SimDatabase::stepped(2);
        let (one, two) = (open(&database, 1, tuning), open(&database, 2, tuning));
        for at in 0..TUNING.checkpoint_rows as usize {
            end_of(&database, one.set_many(batch(at * 9..at * 9 + 9, 40), Ttl::Never)).unwrap();
        }
        {
            let mut maintenance = Box::pin(one.maintain());
            let mut task = Context::from_waker(Waker::noop());
            let mut left = steps;
            while left > 0 && maintenance.as_mut().poll(&mut task).is_pending() {
                database.step(0);
                left -= 1;
            }
            stopped += usize::from(left == 0);
        }
        let mut expected = TUNING.checkpoint_rows as usize * 9;
        for round in 0..3 {
            for (store, tab) in [(&two, 2), (&one, 1)] {
                end_of(&database, store.delete_many(batch(round * 2..round * 2 + 1, 0).keys().clone())).unwrap();
                let more = 1_000 * tab + round * 100;
                for at in 0..TUNING.checkpoint_rows as usize {
                    end_of(&database, store.set_many(batch(more + at..more + at + 1, 10), Ttl::Never)).unwrap();
                }
                expected += TUNING.checkpoint_rows as usize;
                end_of(&database, store.maintain()).unwrap();
                let fresh = open(&database, 3, tuning);
                let keys = end_of(&database, fresh.list(String::new(), None, 10_000)).unwrap();
                let again = end_of(&database, store.list(String::new(), None, 10_000)).unwrap();
                assert_eq!(keys.keys, again.keys, "after {steps} steps, round {round}");
            }
            expected -= 1;
        }
        let fresh = open(&database, 4, tuning);
        let keys = end_of(&database, fresh.list(String::new(), None, 10_000)).unwrap().keys;
        assert_eq!(keys.len(), expected, "after {steps} steps");
        let found = end_of(&database, fresh.get_many(Keys::from(keys.as_slice()))).unwrap();
        assert!(found.iter().all(|lookup| lookup.value.is_some()), "after {steps} steps");
        end_of(&database, fresh.maintain()).unwrap();
        assert!(known(&database, &fresh), "after {steps} steps");
    }
    assert!(stopped > 30, "{stopped} were stopped");
}
