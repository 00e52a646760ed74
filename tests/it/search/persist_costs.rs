//! What is read and written, counted.

use std::sync::Arc;

use bytestow::features::search::{SearchOptions, VectorIndex};
use bytestow::{InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{NOW, Watched, options};

const DIMENSIONS: usize = 384;
const DOCUMENT: &[u8] = &[b'x'; 700];

fn id(at: usize) -> String {
    format!("0191d8c4-7f3a-7c52-9b1e-{at:012}")
}

async fn add(index: &VectorIndex, ids: std::ops::Range<usize>, random: &mut Random) {
    let mut stage = index.stage();
    for at in ids {
        let vector: Vec<f64> = (0..DIMENSIONS).map(|_| random.part() - 0.5).collect();
        stage.push(&id(at), &vector, DOCUMENT).unwrap();
    }
    index.commit(stage).await.unwrap();
}

/// How many bytes the index writes for 100 documents more, and for one less.
async fn costs(rows: usize, at_once: usize) {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let mut random = Random(1);
    let store = Watched::over(inner);
    let open = |seed| {
        let mut options = options(&clock, seed);
        options.max_resident_bytes = 0;
        VectorIndex::new(store.clone(), options).unwrap()
    };
    let index = open(1);
    for from in (0..rows).step_by(at_once) {
        add(&index, from..(from + at_once).min(rows), &mut random).await;
        while index.maintain().await.unwrap() {}
    }
    store.take_log();

    let reader = open(2);
    reader.open().await.unwrap();
    let log = store.take_log();
    assert_eq!(reader.len(), rows);
    let blocks =
        |stream: &str| log.read.iter().filter(|key| key.rsplit('/').next().unwrap().starts_with(stream)).count();
    assert_eq!((blocks("v"), blocks("d")), (0, 0), "opening reads neither numbers nor documents");
    assert!(blocks("q") > 0);
    assert!(log.calls < 30 + blocks("q"), "{} calls", log.calls);
    let memory = reader.memory();
    assert_eq!(memory.rows.exact, 0);
    let each = (memory.rows.total() + memory.documents + memory.cached) / rows;
    assert!(each < DIMENSIONS + 200, "{each} bytes a row");

    // Whoever wrote last may be somebody else than who writes now.
    for index in [&index, &reader] {
        // The first write of a handle joins, too.
        add(index, rows..rows + 1, &mut random).await;
        store.take_log();
        add(index, rows + 1..rows + 101, &mut random).await;
        let (bytes, own) = (store.take_log().bytes(), 100 * (DIMENSIONS * 4 + DOCUMENT.len() + id(0).len()));
        assert!(bytes <= 2 * own + 64 * 1024, "{bytes} bytes for {own}");
        index.remove([id(7)]).await.unwrap();
        let log = store.take_log();
        assert!(log.bytes() <= 4 * 1024, "{} bytes", log.bytes());
        assert_eq!(log.written.len(), 2);
        index.remove([id(7), "unknown".to_owned()]).await.unwrap();
        assert_eq!(store.take_log().written.len(), 0, "what is not there is not deleted");
        add(index, 7..8, &mut random).await;
    }

    store.take_log();
    let found = reader.search(&[[0.1; 192], [-0.3; 192]].concat(), 10, SearchOptions::default()).await.unwrap();
    assert_eq!(found.len(), 10);
    let log = store.take_log();
    assert!(log.calls < 12 && log.read.len() < 1_000, "{} calls, {} keys", log.calls, log.read.len());
}

#[test]
fn adding_a_hundred_and_deleting_one() {
    block_on(costs(100_000, 10_000));
}

#[test]
fn after_many_small_calls() {
    block_on(costs(10_000, 100));
}
