//! Damage to any record: what it held is missing, everything else stands, and it is told.

use std::sync::{Arc, Mutex};

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{META, SegmentLog, SegmentLogOptions, Store};
use bytestow::{ByteStore, ByteStoreExt, ErrorCode, Event, Keys, ManualClock, Observe, Ttl, Value};
use futures_executor::block_on;

use super::driver::{Noise, TUNING};

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        if let Event::Corrupt { key, .. } = event {
            self.0.lock().unwrap().push(key);
        }
    }
}

fn open(database: &SimDatabase, heard: &Arc<Heard>, memory_bytes: u64) -> SegmentLog<SimBackend> {
    let options = SegmentLogOptions {
        memory_bytes,
        clock: Some(ManualClock::at(5)),
        observer: Some(heard.clone()),
        tuning: TUNING,
        ..SegmentLogOptions::default()
    };
    SegmentLog::new(database.tab(1), options)
}

fn value(key: usize) -> Value {
    Value::from((0..20 + key * 7).map(|at| (at * 31 + key) as u8).collect::<Vec<_>>())
}

const KEYS: usize = 30;

/// A database with segments, rows with values in them, and checkpoints.
fn filled(maintained: bool) -> SimDatabase {
    let database = SimDatabase::new();
    let store = open(&database, &Arc::default(), 0);
    block_on(async {
        let set = |keys: std::ops::Range<usize>| keys.map(|key| (format!("k{key}"), value(key))).collect();
        store.set_many(set(0..20), Ttl::Never).await.unwrap();
        for key in 20..KEYS {
            store.set_many(set(key..key + 1), Ttl::Never).await.unwrap();
            if maintained {
                store.maintain().await.unwrap();
            }
        }
    });
    database
}

/// What a new tab finds: which keys are missing. None may have another's bytes.
fn missing(store: &SegmentLog<SimBackend>) -> Vec<usize> {
    let keys: Vec<String> = (0..KEYS).map(|key| format!("k{key}")).collect();
    let found = block_on(store.get_many(Keys::from(keys.as_slice()))).unwrap();
    let mut missing = Vec::new();
    for (key, lookup) in found.iter().enumerate() {
        match &lookup.value {
            Some(found) => assert_eq!(*found, value(key), "k{key} is not what was written"),
            None => missing.push(key),
        }
    }
    missing
}

fn damaged(record: &Value, how: usize) -> Option<Value> {
    let mut bytes = record.to_vec();
    match how {
        0 => bytes[record.len() / 2] ^= 4,
        1 => bytes.truncate(record.len() * 2 / 3),
        2 => bytes.fill(0),
        _ => return None,
    }
    Some(bytes.into())
}

#[test]
fn segment_log_loses_what_stood_in_a_damaged_segment_and_nothing_else() {
    for memory_bytes in [0, 100_000] {
        for how in 0..4 {
            let segments = filled(false).segments();
            assert!(segments.len() > 8);
            for segment in segments {
                let (database, heard) = (filled(false), Arc::<Heard>::default());
                let record = database.record(Store::Segments, segment).unwrap();
                database.damage(Store::Segments, segment, damaged(&record, how));
                let store = open(&database, &heard, memory_bytes);
                let gone = missing(&store);
                assert!((1..8).contains(&gone.len()), "{gone:?} are missing for one segment");
                let told: Vec<String> = gone.iter().map(|key| format!("\"k{key}\"")).collect();
                assert_eq!(*heard.0.lock().unwrap(), told);
                // They can be written again, and what is damaged goes with the next compaction.
                block_on(async {
                    for key in &gone {
                        store.set(&format!("k{key}"), value(*key)).await.unwrap();
                    }
                });
                assert!(missing(&store).is_empty());
            }
        }
    }
}

#[test]
fn segment_log_compaction_drops_what_is_damaged() {
    let (database, heard) = (filled(false), Arc::<Heard>::default());
    let store = open(&database, &heard, 0);
    for segment in database.segments().into_iter().step_by(3) {
        let record = database.record(Store::Segments, segment).unwrap();
        database.damage(Store::Segments, segment, damaged(&record, 0));
    }
    // Most of the rest goes, so that what is left is moved.
    block_on(store.delete_many((0..20).filter(|key| key % 4 != 1).map(|key| format!("k{key}")).collect())).unwrap();
    let before = missing(&store);
    block_on(store.maintain()).unwrap();
    assert_eq!(missing(&store), before);
    assert_eq!(missing(&open(&database, &heard, 0)), before);
    heard.0.lock().unwrap().clear();
    missing(&open(&database, &heard, 0));
    let stored: Vec<u32> = database.segments().iter().map(|key| *key as u32).collect();
    assert_eq!(store.audit().segments, stored);
}

#[test]
fn segment_log_loses_what_a_damaged_row_said_and_nothing_else() {
    for maintained in [false, true] {
        for how in 0..4 {
            for (key, record) in filled(maintained).rows() {
                let (database, heard) = (filled(maintained), Arc::<Heard>::default());
                database.damage(Store::Rows, key, damaged(&record, how));
                let store = open(&database, &heard, 0);
                if key == META {
                    // Without it nothing is known; nor is it a new database's when it is gone.
                    let before = database.rows();
                    assert_eq!(block_on(store.open()).unwrap_err().code(), ErrorCode::Corrupt);
                    assert_eq!(database.rows(), before);
                    continue;
                }
                let gone = missing(&store);
                if how < 2 && !gone.is_empty() {
                    assert!(!heard.0.lock().unwrap().is_empty(), "nothing was told of {gone:?}");
                }
                block_on(async {
                    for key in &gone {
                        store.set(&format!("k{key}"), value(*key)).await.unwrap();
                    }
                    store.maintain().await.unwrap();
                });
                assert!(missing(&store).is_empty());
                assert!(missing(&open(&database, &heard, 0)).is_empty());
            }
        }
    }
}

/// Its keys are then as they were before it; that their values were moved later is about what it put.
#[test]
fn segment_log_takes_no_move_of_what_a_damaged_row_put() {
    let (database, heard) = (SimDatabase::new(), Arc::<Heard>::default());
    let store = open(&database, &heard, 0);
    let spare: Vec<String> = (0..9).map(|key| format!("f{key}")).collect();
    let mut batch = vec![("k".to_owned(), Value::from("new"))];
    batch.extend(spare.iter().map(|key| (key.clone(), Value::from(vec![1; 60]))));
    // In another row and segment, so that there is enough to be won by a compaction.
    batch.insert(6, ("other".to_owned(), Value::from("one")));
    block_on(async {
        store.set("k", "old").await.unwrap();
        store.set_many(batch.into_iter().collect(), Ttl::Never).await.unwrap();
        store.delete_many(Keys::from(spare.as_slice())).await.unwrap();
        store.maintain().await.unwrap();
        assert_eq!(store.get("k").await.unwrap(), Some("new".into()));
    });
    let kinds: Vec<u8> = database.rows().iter().map(|(_, row)| row.to_vec()[2] & 0x7F).collect();
    assert!(kinds.contains(&4), "nothing was moved: {kinds:?}");
    let record = database.record(Store::Rows, 2).unwrap();
    database.damage(Store::Rows, 2, damaged(&record, 0));
    assert_eq!(block_on(open(&database, &heard, 0).get("k")).unwrap(), Some("old".into()));
    assert_eq!(*heard.0.lock().unwrap(), ["\"\""]);
}

/// More of them than are read at a time: none is read twice.
#[test]
fn segment_log_passes_any_number_of_damaged_rows() {
    let (database, heard) = (filled(false), Arc::<Heard>::default());
    let known = open(&database, &Arc::default(), 0);
    assert!(missing(&known).is_empty());
    let rows = database.rows().len() - 1;
    for key in 0..20 {
        block_on(known.set(&format!("spare {key}"), "s")).unwrap();
    }
    for (key, record) in database.rows().into_iter().filter(|(key, _)| *key != META) {
        database.damage(Store::Rows, key, damaged(&record, 2));
    }
    let store = open(&database, &heard, 0);
    assert_eq!(missing(&store).len(), KEYS);
    assert_eq!(missing(&store).len(), KEYS);
    assert_eq!(heard.0.lock().unwrap().len(), rows + 20, "each is told of once");
}

#[test]
fn segment_log_refuses_a_database_of_a_later_version() {
    let database = filled(false);
    let mut meta = database.record(Store::Rows, META).unwrap().to_vec();
    meta[1] = 2;
    database.damage(Store::Rows, META, Some(meta.into()));
    let error = block_on(open(&database, &Arc::default(), 0).open()).unwrap_err();
    assert_eq!((error.code(), error.is_retryable()), (ErrorCode::Unavailable, false));
    assert!(error.message().contains("later version"), "{error}");
}

/// Whatever is damaged, and however: no value is another's, nothing panics, and all can be written again.
#[test]
fn segment_log_survives_any_damage() {
    for seed in 0..400 {
        let mut noise = Noise(seed);
        let (database, heard) = (filled(true), Arc::<Heard>::default());
        let rows: Vec<i64> = database.rows().into_iter().map(|(key, _)| key).filter(|key| *key != META).collect();
        let segments = database.segments();
        for _ in 0..noise.below(5) + 1 {
            let (store, keys) = if noise.chance(2) { (Store::Rows, &rows) } else { (Store::Segments, &segments) };
            let [one, other] = [0; 2].map(|_| keys[noise.below(keys.len())]);
            let Some(record) = database.record(store, one) else { continue };
            if noise.chance(3) {
                // Two are exchanged.
                let exchanged = database.record(store, other);
                database.damage(store, one, exchanged);
                database.damage(store, other, Some(record));
            } else {
                database.damage(store, one, damaged(&record, noise.below(4)));
            }
        }
        // Left over by a call that did not end.
        database.damage(Store::Segments, 10_000, Some(value(1)));
        let store = open(&database, &heard, if noise.chance(2) { 0 } else { 10_000 });
        let gone = missing(&store);
        block_on(async {
            store.maintain().await.unwrap();
            for key in gone.iter().chain(&[0, 29]) {
                store.set(&format!("k{key}"), value(*key)).await.unwrap();
            }
            store.maintain().await.unwrap();
        });
        assert!(missing(&store).is_empty(), "seed {seed}");
        let again = open(&database, &heard, 0);
        assert!(missing(&again).is_empty(), "seed {seed}");
        block_on(again.maintain()).unwrap();
        assert!(!database.segments().contains(&10_000), "seed {seed}");
    }
}

/// It passes over nothing that it cannot read, and writes nothing behind it.
#[test]
fn segment_log_refuses_rows_of_a_later_version() {
    let database = filled(false);
    let store = open(&database, &Arc::default(), 0);
    let rows: Vec<i64> = database.rows().into_iter().map(|(key, _)| key).filter(|key| *key != META).collect();
    let last = *rows.last().unwrap();
    let mut row = database.record(Store::Rows, last).unwrap().to_vec();
    row[1] = 2;
    database.damage(Store::Rows, last + 1, Some(row.into()));
    let segments = database.segments();
    block_on(async {
        for _ in 0..2 {
            for error in [store.get("k1").await.unwrap_err(), store.maintain().await.unwrap_err()] {
                assert_eq!((error.code(), error.is_retryable()), (ErrorCode::Unavailable, false));
                assert!(error.message().contains("later version"), "{error}");
            }
            assert!(store.set("k1", "other").await.unwrap_err().message().contains("later version"));
        }
    });
    assert_eq!(database.segments(), segments);
    assert_eq!(database.rows().len(), rows.len() + 2);
}

/// Of what was found damaged, the handle knows: it is listed no more, and can be filled again.
#[test]
fn segment_log_knows_what_it_found_damaged() {
    let (database, heard) = (filled(false), Arc::<Heard>::default());
    let segment = database.segments()[0];
    let record = database.record(Store::Segments, segment).unwrap();
    database.damage(Store::Segments, segment, damaged(&record, 2));
    let store = open(&database, &heard, 0);
    let gone: Vec<String> = missing(&store).iter().map(|key| format!("k{key}")).collect();
    assert!(!gone.is_empty());
    block_on(async {
        let keys = store.keys("").await.unwrap();
        assert!(keys.len() == KEYS - gone.len() && gone.iter().all(|key| !keys.contains(key)));
        assert!(store.stat(Keys::from(gone.as_slice())).await.unwrap().iter().all(Option::is_none));
        let entries = gone.iter().map(|key| (key.clone(), Value::from("new"))).collect();
        let conditions = vec![bytestow::Condition::Absent; gone.len()];
        let stored = store.set_if(entries, conditions, Ttl::Never).await.unwrap();
        assert_eq!(stored, vec![true; gone.len()]);
        assert_eq!(store.get(&gone[0]).await.unwrap(), Some("new".into()));
    });
}

/// Each of these is damaged, then a checkpoint is made by a tab that found it so: what its key was before, in the
/// checkpoint below that one, is not there again. Unless it was written again: then that is.
#[test]
fn segment_log_does_not_bring_back_what_stood_before_something_damaged() {
    for how in 0..4 {
        for (is_deleted, is_rewritten) in [(true, false), (false, false), (false, true)] {
            let (database, heard) = (SimDatabase::new(), Arc::<Heard>::default());
            let store = open(&database, &heard, 0);
            let checkpoint = |of: &SegmentLog<SimBackend>| {
                for at in 0..TUNING.checkpoint_rows {
                    block_on(of.set(&format!("row {at}"), "r")).unwrap();
                }
                assert!(block_on(of.maintain()).unwrap());
                assert!(!of.is_due());
            };
            let all = (0..100).map(|key| (format!("k{key}"), value(1))).collect();
            block_on(store.set_many(all, Ttl::Never)).unwrap();
            checkpoint(&store);
            if is_deleted {
                block_on(store.delete_many(Keys::from(["k7"]))).unwrap();
            }
            block_on(store.set("k7", value(50))).unwrap();
            let last = *database.segments().last().unwrap();
            let record = database.record(Store::Segments, last).unwrap();
            assert_eq!(record, value(50));
            database.damage(Store::Segments, last, damaged(&record, how));
            let finder = open(&database, &heard, 0);
            assert_eq!(block_on(finder.get("k7")).unwrap(), None);
            assert_eq!(*heard.0.lock().unwrap(), ["\"k7\""]);
            if is_rewritten {
                block_on(store.set("k7", value(3))).unwrap();
            }
            checkpoint(&finder);
            assert_eq!(finder.audit().checkpoints, 2, "it took in the one below");
            for again in [&finder, &store, &open(&database, &heard, 0)] {
                let found = block_on(again.get("k7")).unwrap();
                assert_eq!(found, is_rewritten.then(|| value(3)), "damage {how}, deleted: {is_deleted}");
                assert_eq!(block_on(again.get("k8")).unwrap(), Some(value(1)));
            }
            assert_eq!(heard.0.lock().unwrap().len(), 1, "it is told of once");
        }
    }
}
