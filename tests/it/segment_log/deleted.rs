//! A database that was deleted: what a tab knew of it says nothing of the next one, which counts from one again.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, Entries, Keys, Ttl, Value};
use futures_executor::block_on;

use super::driver::TUNING;
use super::end_of;

fn open(database: &SimDatabase, tab: u64) -> SegmentLog<SimBackend> {
    SegmentLog::new(database.tab(tab), SegmentLogOptions { tuning: TUNING, ..SegmentLogOptions::default() })
}

fn batch(byte: u8) -> Entries {
    (0..10).map(|key| (format!("key {key}"), Value::from(vec![byte; 60]))).collect()
}

fn values(store: &SegmentLog<SimBackend>) -> Vec<Option<Value>> {
    let keys: Vec<String> = (0..10).map(|key| format!("key {key}")).collect();
    block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap().into_iter().map(|lookup| lookup.value).collect()
}

/// The records that it remembers have the same numbers as other records of the next.
#[test]
fn segment_log_remembers_no_records_of_a_database_that_was_deleted() {
    let database = SimDatabase::new();
    let (one, two) = (open(&database, 1), open(&database, 2));
    block_on(one.set_many(batch(1), Ttl::Never)).unwrap();
    assert_eq!(values(&one), vec![Some(Value::from(vec![1; 60])); 10]);
    let before = database.segments();
    database.delete();
    block_on(two.set_many(batch(2), Ttl::Never)).unwrap();
    assert_eq!(database.segments(), before);
    assert_eq!(values(&one), vec![Some(Value::from(vec![2; 60])); 10]);
}

/// A tab found no database, and before it makes one another does, and has trimmed its log: it is that one's then.
#[test]
fn segment_log_makes_no_database_anew_that_another_tab_made_first() {
    let database = SimDatabase::stepped(3);
    let (one, two) = (open(&database, 1), open(&database, 2));
    let mut late = pin!(two.set_many(batch(2), Ttl::Never));
    while database.requests() == 0 {
        assert!(late.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        database.step(0);
    }
    for key in 0..30 {
        end_of(&database, one.set_many([(format!("first {key}"), "value")].into(), Ttl::Never)).unwrap();
        end_of(&database, one.maintain()).unwrap();
    }
    assert!(one.audit().trim > 0);
    end_of(&database, late).unwrap();
    for store in [&one, &two, &open(&database, 3)] {
        assert_eq!(end_of(&database, store.list(String::new(), None, 9_999)).unwrap().keys.len(), 10);
        let keys: Vec<String> = (0..30).map(|key| format!("first {key}")).collect();
        let found = end_of(&database, store.get_many(Keys::from(keys.as_slice()))).unwrap();
        assert!(found.iter().all(|lookup| lookup.value.is_some()));
    }
}
