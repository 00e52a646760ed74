//! A read whose transaction is of an earlier moment than what its tab knows, since another of its calls was faster.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::SimDatabase;
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, ByteStoreExt, Event, Observe, Ttl, Value};

use super::driver::TUNING;
use super::end_of;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        if let Event::Corrupt { key, .. } = event {
            self.0.lock().unwrap().push(key);
        }
    }
}

/// The end of `call`, which goes on before the read that was begun first.
fn overtaking<T>(database: &SimDatabase, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    loop {
        if let Poll::Ready(end) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return end;
        }
        database.step(1);
    }
}

#[test]
fn segment_log_finds_what_moves_under_a_read_again_and_again() {
    // Odd: reads have snapshots, and writes need not wait for them.
    let (database, heard) = (SimDatabase::stepped(1), Arc::<Heard>::default());
    let options = SegmentLogOptions { tuning: TUNING, memory_bytes: 0, ..SegmentLogOptions::default() };
    let reader =
        SegmentLog::new(database.tab(1), SegmentLogOptions { observer: Some(heard.clone()), ..options.clone() });
    let writer = SegmentLog::new(database.tab(2), options);
    let batch = |round: u8| (0..5).map(|key| (format!("k{key}"), Value::from(vec![round; 60]))).collect();
    end_of(&database, writer.set_many(batch(0), Ttl::Never)).unwrap();
    end_of(&database, reader.keys("")).unwrap();
    let mut read = pin!(reader.get("k3"));
    let mut poll = || read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    for round in 1..5 {
        // Its snapshot is taken ...
        assert!(poll().is_pending(), "round {round}");
        database.step(0);
        // ... before the value is replaced, which the reader learns at once by another call.
        overtaking(&database, writer.set_many(batch(round), Ttl::Never)).unwrap();
        overtaking(&database, reader.keys("")).unwrap();
        // It asks for the record that it believed in, and for the one that it knows of by now, which it cannot see.
        for _ in 0..2 {
            assert!(poll().is_pending(), "round {round}");
            database.step(0);
        }
    }
    let found = loop {
        if let Poll::Ready(found) = poll() {
            break found.unwrap();
        }
        database.step(0);
    };
    assert_eq!(*heard.0.lock().unwrap(), Vec::<String>::new());
    assert_eq!(found, Some(vec![4; 60].into()));
}
