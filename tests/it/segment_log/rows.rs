//! Calls of many or long keys: several rows, which are one to whoever reads them.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Store, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, Keys, Stat, Ttl, Value};
use futures_executor::block_on;

use super::driver::{Noise, TUNING};
use super::end_of;

/// From here on Chromium gives a record a file of its own.
const CLIFF: usize = 64 << 10;

fn open(database: &SimDatabase, tab: u64, tuning: Tuning) -> SegmentLog<SimBackend> {
    SegmentLog::new(database.tab(tab), SegmentLogOptions { tuning, memory_bytes: 0, ..SegmentLogOptions::default() })
}

/// Keys as those of an embeddings cache: a name and a digest.
fn batch(keys: usize, length: impl Fn(usize) -> usize) -> Entries {
    (0..keys)
        .map(|key| (format!("text-embedding-3-small/{key:064x}"), Value::from(vec![key as u8; length(key)])))
        .collect()
}

#[test]
fn segment_log_keeps_records_below_the_cliff() {
    let lengths: [fn(usize) -> usize; 4] = [|_| 1_500, |_| 0, |key| key % 2 * 9_000, |key| key / 990 * 50];
    for length in lengths {
        let database = SimDatabase::new();
        let store = open(&database, 1, Tuning::default());
        let entries = batch(1_000, length);
        let keys = entries.keys().clone();
        block_on(store.set_many(entries.clone(), Ttl::Never)).unwrap();
        assert_eq!(store.audit().rows_behind, 2);
        for store in [&store, &open(&database, 2, Tuning::default())] {
            let found = block_on(store.get_many(keys.clone())).unwrap();
            let values: Vec<_> = found.into_iter().map(|lookup| lookup.value.unwrap()).collect();
            assert_eq!(values, entries.values());
        }
        block_on(store.delete_many(keys)).unwrap();
        assert_eq!(block_on(open(&database, 3, Tuning::default()).keys("")).unwrap().len(), 0);
        let rows = database.rows().into_iter().map(|(_, row)| row.len());
        let segments = database.segments();
        let segments = segments.iter().filter_map(|key| database.record(Store::Segments, *key)).map(|one| one.len());
        let longest = rows.chain(segments).max().unwrap();
        assert!((40_000..CLIFF - 1_000).contains(&longest), "{longest}");
    }
}

/// Few values stand in their row, unless their keys take it.
#[test]
fn segment_log_keeps_long_keys_out_of_one_row() {
    let database = SimDatabase::new();
    let store = open(&database, 1, Tuning::default());
    let entries: Entries = (0..5).map(|key| ("k".repeat(20_000 + key), Value::from(vec![key as u8; 1_000]))).collect();
    block_on(store.set_many(entries.clone(), Ttl::Never)).unwrap();
    let longest = database.rows().iter().map(|(_, row)| row.len()).max().unwrap();
    assert!(longest < CLIFF, "{longest}");
    for store in [&store, &open(&database, 2, Tuning::default())] {
        let found = block_on(store.get_many(entries.keys().clone())).unwrap();
        assert!(found.iter().zip(entries.values()).all(|(lookup, value)| lookup.value.as_ref() == Some(value)));
    }
}

/// However long the keys, a call is no more rows than a reader takes at a time.
#[test]
fn segment_log_cuts_a_call_into_no_more_rows_than_a_page() {
    for row_bytes in [1, 40, 300] {
        let (database, tuning) = (SimDatabase::new(), Tuning { row_bytes, ..TUNING });
        let store = open(&database, 1, tuning);
        block_on(store.set_many(batch(200, |_| 3), Ttl::Never)).unwrap();
        let rows = store.audit().rows_behind;
        assert!((2..=TUNING.page_rows).contains(&rows), "{rows} rows");
        assert_eq!(block_on(open(&database, 2, tuning).keys("")).unwrap().len(), 200);
    }
}

type Calls<'c> = Vec<(u64, Pin<Box<dyn Future<Output = Vec<Option<Stat>>> + 'c>>)>;

/// Between the pages that one call reads, another looks at what the handle knows by then.
#[test]
fn segment_log_shows_no_half_of_a_call() {
    let tuning = Tuning { row_bytes: 30, ..TUNING };
    let keys: Vec<String> = (0..8).map(|key| format!("key {key}")).collect();
    let mut ends = [0; 3];
    for seed in 0..600 {
        // Odd: reads have snapshots, so that one may be behind another.
        let (mut noise, database) = (Noise(seed), SimDatabase::stepped(seed | 1));
        let (writer, reader) = (open(&database, 1, tuning), open(&database, 2, tuning));
        end_of(&database, reader.open()).unwrap();
        for at in 0..noise.below(10) {
            end_of(&database, writer.set(&format!("before {at}"), "b")).unwrap();
        }
        let entries: Entries = keys.iter().map(|key| (key.as_str(), "")).collect();
        let mut writes: Vec<_> = (0..6)
            .map(|at| match at % 2 {
                0 => writer.delete_many(Keys::from(keys.as_slice())),
                _ => writer.set_many(entries.clone(), Ttl::Never),
            })
            .collect();
        let mut write = writes.pop();
        let (mut calls, mut left): (Calls<'_>, u64) = (Vec::new(), 12);
        let mut task = Context::from_waker(Waker::noop());
        while !calls.is_empty() || left > 0 || write.is_some() {
            if left > 0 && calls.len() < 4 && noise.chance(4) {
                left -= 1;
                let asked = Keys::from(keys.as_slice());
                calls.push((left, Box::pin(async { reader.stat(asked).await.unwrap() })));
            }
            if write.as_mut().is_some_and(|write| write.as_mut().poll(&mut task).is_ready()) {
                write = writes.pop();
            }
            calls.retain_mut(|(_, call)| {
                let Poll::Ready(found) = call.as_mut().poll(&mut task) else { return true };
                let there = found.iter().flatten().count();
                assert!(there == 0 || there == keys.len(), "seed {seed}: {there} of {} keys are there", keys.len());
                ends[usize::from(there > 0)] += 1;
                false
            });
            database.step(noise.next());
        }
        ends[2] = ends[2].max(writer.audit().rows_behind);
    }
    assert!(ends[0] > 500 && ends[1] > 500 && ends[2] >= 4, "{ends:?}");
}
