//! Databases as they were written once: `tests/fixtures/format-v1/`. They are never changed, only added to.
//!
//! A file is JSON: the records of both stores by their keys, in hexadecimal, the time at which they are looked at, and
//! what is then there. `SEGMENT_LOG_GOLDEN=write` writes those that are missing.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{META, SegmentLog, SegmentLogOptions, Store, Tuning};
use bytestow::{ByteStore, ByteStoreExt, Entries, Keys, ManualClock, Ttl, Value};
use futures_executor::block_on;
use serde_json::{Value as Json, json};

use super::driver::TUNING;

const NOW: u64 = 1_780_000_000_000;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/format-v1").join(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &Json) -> Vec<u8> {
    let text = text.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn open(database: &SimDatabase, tuning: Tuning, now: u64) -> SegmentLog<SimBackend> {
    let clock = ManualClock::at(now);
    SegmentLog::new(database.tab(1), SegmentLogOptions { clock: Some(clock), tuning, ..SegmentLogOptions::default() })
}

fn value(at: usize, length: usize) -> Value {
    (0..length).map(|byte| (byte * 7 + at) as u8).collect::<Vec<_>>().into()
}

fn batch(keys: std::ops::Range<usize>, length: usize) -> Entries {
    keys.map(|at| (format!("docs/{at}"), value(at, length))).collect()
}

/// Rows of every kind but moves: segments of several values and of one, values in rows, an empty one, keys of every
/// kind, lives, deletes, a prefix cleared.
fn rows(store: &SegmentLog<SimBackend>) {
    block_on(async {
        store.set_many(batch(0..30, 40), Ttl::Never).await.unwrap();
        store.set_many(batch(30..32, 900), Ttl::After(Duration::from_secs(60))).await.unwrap();
        let odd = ["", "\u{0}", "é", "\u{ffff}", "\u{1f600}", "__proto__", "a/b"];
        store.set_many(odd.map(|key| (key, Value::from(key))).into(), Ttl::Never).await.unwrap();
        store.set("inline", value(9, 5)).await.unwrap();
        store.set_many([("mortal", "soon")].into(), Ttl::After(Duration::from_millis(1))).await.unwrap();
        store.delete_many(Keys::from(["docs/3", "inline", "never"])).await.unwrap();
        store.set("inline", "again").await.unwrap();
        store.clear("docs/2".to_owned(), false).await.unwrap();
        store.set("docs/2", "after").await.unwrap();
    });
}

/// And moves, checkpoints that stand on each other, rows that are gone, the lease.
fn maintained(store: &SegmentLog<SimBackend>) {
    block_on(store.set_many(batch(100..300, 10), Ttl::Never)).unwrap();
    rows(store);
    block_on(async {
        store.maintain().await.unwrap();
        for at in 0..40 {
            store.set(&format!("docs/{}", at % 15), value(at, 20)).await.unwrap();
            if store.is_due() {
                store.maintain().await.unwrap();
            }
        }
        store.delete_many(Keys::from(["docs/101"])).await.unwrap();
        store.set("last", "one").await.unwrap();
    });
}

fn check(name: &str, tuning: Tuning, fill: fn(&SegmentLog<SimBackend>)) {
    let path = file(name);
    if std::env::var("SEGMENT_LOG_GOLDEN").is_ok_and(|what| what == "write") && !path.exists() {
        let database = SimDatabase::without_locks();
        let store = open(&database, tuning, NOW);
        fill(&store);
        let now = NOW + 2;
        let reader = open(&database, tuning, now);
        let there: BTreeMap<String, String> = block_on(async {
            let keys = reader.keys("").await.unwrap();
            let found = reader.get_many(Keys::from(keys.as_slice())).await.unwrap();
            keys.into_iter().zip(found.iter().map(|lookup| hex(&lookup.value.as_ref().unwrap().to_vec()))).collect()
        });
        let rows = database.rows().into_iter().map(|(key, row)| {
            (if key == META { "meta".to_owned() } else { key.to_string() }, json!(hex(&row.to_vec())))
        });
        let segments = database
            .segments()
            .into_iter()
            .map(|key| (key.to_string(), json!(hex(&database.record(Store::Segments, key).unwrap().to_vec()))));
        let (rows, segments) = (Json::Object(rows.collect()), Json::Object(segments.collect()));
        let golden = json!({ "now": now, "idx": rows, "seg": segments, "there": there });
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&golden).unwrap() + "\n").unwrap();
    }
    let golden: Json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let database = SimDatabase::new();
    for (store, name) in [(Store::Rows, "idx"), (Store::Segments, "seg")] {
        for (key, record) in golden[name].as_object().unwrap() {
            let key = if key == "meta" { META } else { key.parse().unwrap() };
            database.damage(store, key, Some(unhex(record).into()));
        }
    }
    let store = open(&database, tuning, golden["now"].as_u64().unwrap());
    let there = golden["there"].as_object().unwrap();
    for round in 0..3 {
        let keys = block_on(store.keys("")).unwrap();
        assert_eq!(keys.iter().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>(), "round {round}");
        for (lookup, (key, value)) in block_on(store.get_many(keys.iter().collect())).unwrap().iter().zip(there) {
            assert_eq!(lookup.value, Some(unhex(value).into()), "{key}, round {round}");
        }
        // It is gone on with as with any other.
        match round {
            0 => drop(block_on(store.maintain()).unwrap()),
            _ => block_on(store.set_many(there.iter().map(|(key, value)| (key, unhex(value))).collect(), Ttl::Never))
                .unwrap(),
        }
    }
}

#[test]
fn segment_log_reads_rows_of_format_1() {
    check("rows.json", TUNING, rows);
}

/// Calls of several rows, of each kind that they can be.
fn going_on(store: &SegmentLog<SimBackend>) {
    block_on(async {
        store.set_many(batch(0..60, 40), Ttl::Never).await.unwrap();
        store.set_many(batch(5..25, 0), Ttl::After(Duration::from_secs(60))).await.unwrap();
        let gone: Keys = (0..60).filter(|at| at % 3 > 0).map(|at| format!("docs/{at}")).collect();
        store.delete_many(gone).await.unwrap();
        store.maintain().await.unwrap();
        store.set_many(batch(20..30, 70), Ttl::Never).await.unwrap();
    });
}

#[test]
fn segment_log_reads_rows_that_go_on_of_format_1() {
    check("rows-that-go-on.json", Tuning { row_bytes: 40, ..TUNING }, going_on);
    let golden = fs::read_to_string(file("rows-that-go-on.json")).unwrap();
    for start in ["\"b50181", "\"b50182", "\"b50184"] {
        assert!(golden.contains(start), "there is no row that begins with {start}");
    }
}

#[test]
fn segment_log_reads_checkpoints_of_format_1() {
    check("checkpoints.json", TUNING, maintained);
}
