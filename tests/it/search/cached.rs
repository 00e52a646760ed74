//! What was read lately is not read again, and is right.

use std::sync::Arc;
use std::time::Duration;

use bytestow::features::search::{Found, IndexOptions, MmrOptions, SearchOptions, VectorIndex};
use bytestow::{ByteStore as _, ErrorCode, InMemoryByteStore, ManualClock, Ttl};
use futures_executor::block_on;

use super::data::{Random, Shape, vectors};
use super::index_support::{NOW, Watched, index, keys, options};

const ROWS: usize = 2_000;
const DIMENSIONS: usize = 32;

fn document(at: usize) -> Vec<u8> {
    at.to_le_bytes().repeat(128)
}

async fn filled(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>, seed: u64) -> (VectorIndex, Vec<Vec<f64>>) {
    let all = vectors(Shape::Easy, ROWS, DIMENSIONS, &mut Random(6));
    let index = index(store, clock, seed);
    for from in (0..ROWS).step_by(ROWS / 10) {
        let mut stage = index.stage();
        for (at, vector) in all.iter().enumerate().skip(from).take(ROWS / 10) {
            stage.push(&format!("id{at}"), vector, &document(at)).unwrap();
        }
        index.commit(stage).await.unwrap();
    }
    (index, all)
}

fn rarely(clock: &Arc<ManualClock>, cached: usize) -> IndexOptions {
    let mut options = options(clock, 2);
    (options.max_resident_bytes, options.max_cached_bytes) = (0, cached);
    options.refresh = Duration::from_secs(60);
    options
}

async fn search(index: &VectorIndex, vector: &[f64]) -> Vec<Found> {
    let found = index.search(vector, 10, SearchOptions::default()).await.unwrap();
    for found in &found {
        assert_eq!(found.document, document(found.id[2..].parse().unwrap()), "{}", found.id);
    }
    found
}

#[test]
fn who_searches_for_the_same_again_asks_nothing_of_the_store() {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        let (writer, all) = filled(&inner, &clock, 1).await;
        let store = Watched::over(inner.clone());
        let index = VectorIndex::new(store.clone(), rarely(&clock, 8 * 1024 * 1024)).unwrap();
        let found = search(&index, &all[7]).await;
        assert!(!store.take_log().read.is_empty());
        assert_eq!(search(&index, &all[7]).await, found);
        let ids = found.iter().map(|found| &found.id);
        assert!(
            index
                .get(ids)
                .await
                .unwrap()
                .into_iter()
                .zip(&found)
                .all(|(document, found)| { document.as_ref() == Some(&found.document) })
        );
        index
            .mmr(&all[7], MmrOptions { k: 3, fetch: 10, lambda: 0.5 }, SearchOptions::default())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((store.take_log().calls, found.len()), (0, 10));
        // Who reads all documents once does not crowd them out.
        let mask = index.filter(|_| true).await.unwrap();
        assert_eq!(mask.count(), ROWS);
        store.take_log();
        assert_eq!(search(&index, &all[7]).await, found);
        assert_eq!(store.take_log().calls, 0);
        // Segments are merged into another: its blocks have other names.
        let kept = index.memory().cached;
        while writer.maintain().await.unwrap() {}
        index.refresh().await.unwrap();
        assert!(index.memory().cached < kept, "blocks of segments that have gone are not kept");
        store.take_log();
        assert_eq!(search(&index, &all[7]).await, found);
        assert!(store.take_log().calls > 0);
        assert_eq!(search(&index, &all[7]).await, found);
        assert_eq!(store.take_log().calls, 0);
        // All go, and others come under the same ids.
        writer.clear().await.unwrap();
        let mut stage = writer.stage();
        stage.push("id7", &all[7], &document(7)).unwrap();
        writer.commit(stage).await.unwrap();
        index.refresh().await.unwrap();
        assert_eq!(search(&index, &all[7]).await.len(), 1);
    });
}

#[test]
fn no_more_is_kept_than_there_is_room_for() {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        let (_, all) = filled(&inner, &clock, 1).await;
        for room in [0, 300_000] {
            let store = Watched::over(inner.clone());
            let index = VectorIndex::new(store.clone(), rarely(&clock, room)).unwrap();
            index.open().await.unwrap();
            for vector in all.iter().step_by(ROWS / 40) {
                search(&index, vector).await;
                assert!(index.memory().cached <= room);
            }
            assert_eq!(index.memory().cached > room / 2, room > 0);
            store.take_log();
            search(&index, &all[0]).await;
            assert!(store.take_log().calls > 0);
        }
    });
}

#[test]
fn what_is_damaged_is_not_kept() {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        let (_, all) = filled(&inner, &clock, 1).await;
        let index = VectorIndex::new(inner.clone(), rarely(&clock, 8 * 1024 * 1024)).unwrap();
        index.open().await.unwrap();
        for stream in ["/v", "/d"] {
            let of_stream = |key: &&String| key.rfind(stream).is_some_and(|at| !key[at + 1..].contains('/'));
            let blocks: Vec<String> = keys(&inner).iter().filter(of_stream).cloned().collect();
            assert!(blocks.len() > 9);
            let mut whole = Vec::new();
            for key in &blocks {
                let value = inner.get_many([key].into()).await.unwrap().remove(0).value.unwrap();
                let mut bytes = value.to_vec();
                *bytes.last_mut().unwrap() ^= 1;
                inner.set_many([(key, bytes)].into(), Ttl::Never).await.unwrap();
                whole.push(value);
            }
            for _ in 0..2 {
                let error = index.search(&all[3], 10, SearchOptions::default()).await.unwrap_err();
                assert_eq!(error.code(), ErrorCode::Corrupt);
                assert!(error.message().contains(stream), "{error}");
            }
            for (key, value) in blocks.iter().zip(whole) {
                inner.set_many([(key, value)].into(), Ttl::Never).await.unwrap();
            }
        }
        assert_eq!(search(&index, &all[3]).await[0].id, "id3");
    });
}
