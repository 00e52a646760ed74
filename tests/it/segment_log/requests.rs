//! What calls cost, counted in requests, and what the index takes in memory.

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions};
use bytestow::{ByteStore, Entries, Keys, Ttl, Value};
use futures_executor::block_on;

fn open(database: &SimDatabase, tab: u64) -> SegmentLog<SimBackend> {
    SegmentLog::new(database.tab(tab), SegmentLogOptions { memory_bytes: 0, ..SegmentLogOptions::default() })
}

fn batch(keys: std::ops::Range<usize>, length: usize) -> Entries {
    keys.map(|key| (format!("documents/{key:064}"), Value::from(vec![key as u8; length]))).collect()
}

#[test]
fn segment_log_costs_few_requests() {
    let database = SimDatabase::new();
    let store = open(&database, 1);
    let cost = |what: &str, most: u64, call: &dyn Fn()| {
        let before = database.requests();
        call();
        let cost = database.requests() - before;
        println!("{what}: {cost} requests");
        assert!(cost <= most, "{what}: {cost} requests, where {most} were enough");
    };
    let set = |entries: Entries| block_on(store.set_many(entries, Ttl::Never)).unwrap();
    let get = |keys: &Keys| block_on(store.get_many(keys.clone())).unwrap();
    block_on(store.open()).unwrap();
    let (small, large) = (batch(0..1_000, 1_500), batch(1_000..2_000, 6_000));
    // The segments are one request of as many records; the keys take two rows, one after the other.
    cost("mset of 1,000 values of 1.5 KB", 4, &|| set(small.clone()));
    cost("mset of 1,000 values of 6 KB", 4, &|| set(large.clone()));
    println!("segments: {}", database.segments().len());
    cost("set of one value", 2, &|| set(batch(2_000..2_001, 6_000)));
    cost("mget of 1,000", 2, &|| drop(get(small.keys())));
    cost("mget of one", 2, &|| drop(get(batch(7..8, 0).keys())));
    cost("mget of one written alone", 2, &|| drop(get(batch(2_000..2_001, 0).keys())));
    cost("mget of 1,000 that are missing", 1, &|| drop(get(batch(5_000..6_000, 0).keys())));
    cost("stat of 1,000", 1, &|| drop(block_on(store.stat(small.keys().clone()))));
    cost("delete of 1,000", 3, &|| block_on(store.delete_many(small.keys().clone())).unwrap());
    cost("list", 1, &|| drop(block_on(store.list("documents".into(), None, 5_000))));
}

#[test]
fn segment_log_index_takes_40_bytes_a_key() {
    let database = SimDatabase::new();
    let store = open(&database, 1);
    for at in 0..100 {
        block_on(store.set_many(batch(at * 1_000..(at + 1) * 1_000, 20), Ttl::Never)).unwrap();
        block_on(store.maintain()).unwrap();
    }
    let again = open(&database, 2);
    block_on(again.open()).unwrap();
    for (which, store) in [("as written", &store), ("as opened", &again)] {
        let audit = store.audit();
        assert_eq!(audit.keys, 100_000);
        let bytes = audit.index_bytes as f64 / audit.keys as f64;
        println!("{which}: {bytes:.1} bytes a key, {} of the key itself", audit.key_bytes / audit.keys);
        assert!(bytes <= 40.0, "{which}: {bytes:.1} bytes a key");
    }
}

/// 10,000 values written one by one, with what maintenance makes of them.
#[test]
fn segment_log_opens_from_few_records() {
    let database = SimDatabase::new();
    let store = open(&database, 1);
    block_on(store.set_many(batch(0..20_000, 50), Ttl::Never)).unwrap();
    for key in 0..10_000 {
        block_on(store.set_many(batch(key..key + 1, 60), Ttl::Never)).unwrap();
        if store.is_due() {
            block_on(store.maintain()).unwrap();
        }
    }
    println!("{:?} rows stored: {}", store.audit().checkpoints, database.rows().len());
    let before = database.requests();
    let again = open(&database, 2);
    block_on(again.open()).unwrap();
    let requests = database.requests() - before;
    println!("opened by {requests} requests");
    assert!(requests < 60, "{requests}");
    assert!(database.rows().len() < 1_500, "{}", database.rows().len());
    assert_eq!(again.audit().keys, 20_000);
}
