//! What calls read, and when they stop so that others may do something.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytestow::features::search::{Kind, MmrOptions, SearchOptions, VectorIndex};
use bytestow::{ErrorCode, InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::{Random, Shape, vectors};
use super::index_support::{NOW, Pauses, Trouble, Watched, add, document, index, options};

fn fresh() -> (Arc<InMemoryByteStore>, Arc<ManualClock>) {
    (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW))
}

async fn add_many(index: &VectorIndex, count: usize, dimensions: usize) -> Vec<Vec<f64>> {
    let all = vectors(Shape::Hard, count, dimensions, &mut Random(4));
    let mut stage = index.stage();
    for (at, vector) in all.iter().enumerate() {
        stage.push(&format!("id{at}"), vector, &at.to_le_bytes()).unwrap();
    }
    index.commit(stage).await.unwrap();
    all
}

#[test]
fn searches_of_one_moment_share_a_pass() {
    let (inner, clock) = fresh();
    let store = Watched::over(inner);
    let pauses = Arc::new(Pauses::default());
    let mut options = options(&clock, 1);
    options.pause = Some(pauses.clone());
    options.max_resident_bytes = 0;
    let index = VectorIndex::new(store.clone(), options).unwrap();
    block_on(async {
        let vectors = add_many(&index, 20_000, 512).await;
        store.take_log();
        pauses.0.store(0, Ordering::SeqCst);
        let alone = index.search(&vectors[3], 5, SearchOptions::default()).await.unwrap();
        assert_eq!(alone[0].id, "id3");
        assert!(pauses.0.load(Ordering::SeqCst) > 3);
        let numbers = store.take_log().calls - 1;
        let queries: Vec<&[f64]> = vectors[..8].iter().map(Vec::as_slice).collect();
        let together = index.search_many(&queries, 5, SearchOptions::default()).await.unwrap();
        // Documents are fetched by each, numbers of rows for all.
        let calls = store.take_log().calls;
        assert!(calls <= 8 + 5 * numbers, "{calls} calls, where one search has {numbers} for numbers");
        assert_eq!(together[3], alone);
        for (at, found) in together.iter().enumerate() {
            assert_eq!(found[0].id, format!("id{at}"));
        }
        // Who leads may leave: the others find theirs.
        let mut leader = Box::pin(index.search(&vectors[0], 5, SearchOptions::default()));
        let mut other = Box::pin(index.search(&vectors[1], 5, SearchOptions::default()));
        for _ in 0..2 {
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            // A pass that nobody stops between slices is over by now: whoever has their answer must not be asked again.
            assert!(leader.as_mut().poll(&mut cx).is_pending(), "the leader has no answer yet");
            assert!(other.as_mut().poll(&mut cx).is_pending(), "the other has no answer yet");
        }
        drop(leader);
        assert_eq!(other.await.unwrap()[0].id, "id1");
    });
}

#[test]
fn numbers_that_are_not_resident_are_fetched_and_answers_are_the_same() {
    let (store, clock) = fresh();
    block_on(async {
        let vectors = add_many(&index(&store, &clock, 1), 3_000, 64).await;
        let open = |bytes, kind| {
            let mut options = options(&clock, 2);
            (options.max_resident_bytes, options.kind) = (bytes, kind);
            VectorIndex::new(store.clone(), options).unwrap()
        };
        let (none, all, binary) = (open(0, Kind::Int8), open(1 << 30, Kind::Int8), open(0, Kind::Binary));
        for query in vectors.iter().step_by(211) {
            let found = none.search(query, 9, SearchOptions::default()).await.unwrap();
            assert_eq!(found, all.search(query, 9, SearchOptions::default()).await.unwrap());
            assert_eq!(found[0], binary.search(query, 1, SearchOptions::default()).await.unwrap()[0]);
            let picked = none
                .mmr(query, MmrOptions { k: 4, fetch: 20, lambda: 0.5 }, SearchOptions::default())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                Some(&picked),
                all.mmr(query, MmrOptions { k: 4, fetch: 20, lambda: 0.5 }, SearchOptions::default())
                    .await
                    .unwrap()
                    .as_ref()
            );
            assert_eq!((picked.len(), &picked[0].id), (4, &found[0].id));
        }
        assert_eq!(none.memory().rows.exact, 0);
        assert!(all.memory().rows.exact > 0);
    });
}

#[test]
fn numbers_that_were_fetched_are_not_fetched_again() {
    let (inner, clock) = fresh();
    let store = Watched::over(inner.clone());
    block_on(async {
        let vectors = add_many(&index(&inner, &clock, 1), 6_000, 256).await;
        let mut options = options(&clock, 2);
        (options.max_resident_bytes, options.max_cached_bytes) = (0, 4 * 1024 * 1024);
        let index = VectorIndex::new(store.clone(), options).unwrap();
        index.open().await.unwrap();
        let blocks = |store: &Watched| -> Vec<String> {
            let read = store.take_log().read;
            read.into_iter().filter(|key| key.rsplit('/').next().unwrap().starts_with('v')).collect()
        };
        blocks(&store);
        let found = index.search(&vectors[5], 10, SearchOptions::default()).await.unwrap();
        let fetched = blocks(&store);
        assert!(fetched.len() > 1);
        assert_eq!(index.search(&vectors[5], 10, SearchOptions::default()).await.unwrap(), found);
        index
            .mmr(&vectors[5], MmrOptions { k: 3, fetch: 10, lambda: 0.5 }, SearchOptions::default())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(blocks(&store), [""; 0], "what was fetched is at hand");
        // Another search fetches what the first did not, and nothing is kept for ever: the numbers are 6 MB.
        let mut all = fetched.len();
        for vector in vectors.iter().step_by(300) {
            index.search(vector, 10, SearchOptions::default()).await.unwrap();
            let fetched = blocks(&store);
            let mut different = fetched.clone();
            different.sort_unstable();
            different.dedup();
            assert_eq!(different.len(), fetched.len(), "a search reads no block twice");
            all += fetched.len();
            assert!(index.memory().cached <= 4 * 1024 * 1024);
        }
        assert!(all > 80, "{all} blocks of 110");
        assert!(index.memory().cached > 3 * 1024 * 1024);
        assert_eq!(index.memory().rows.exact, 0);
        assert_eq!(index.search(&vectors[5], 10, SearchOptions::default()).await.unwrap(), found);
    });
}

#[test]
fn a_call_that_adds_much_stops_now_and_then() {
    let (store, clock) = fresh();
    let pauses = Arc::new(Pauses::default());
    let mut options = options(&clock, 1);
    options.pause = Some(pauses.clone());
    let index = VectorIndex::new(store, options).unwrap();
    block_on(async {
        add_many(&index, 10_000, 384).await;
        // 15 MB of rows are written down, a mebibyte at a time, and 19 MB are brought into memory, two at a time.
        let stops = pauses.0.swap(0, Ordering::SeqCst);
        assert!(stops >= 14 + 9, "{stops} pauses");
        assert_eq!(index.rows().1, 10_000);
    });
}

#[test]
fn reads_go_on_with_what_is_known_where_that_is_asked_for() {
    for stale_if_error in [true, false] {
        let (inner, clock) = fresh();
        let store = Watched::over(inner.clone());
        let mut options = options(&clock, 1);
        options.stale_if_error = stale_if_error;
        let (other, index) = (index(&inner, &clock, 2), VectorIndex::new(store.clone(), options).unwrap());
        block_on(async {
            let fails = || *store.countdown.lock().unwrap() = Some((0, Trouble::Fails));
            // What nobody has read is not known.
            fails();
            assert_eq!(index.get(["a"]).await.unwrap_err().code(), ErrorCode::Unavailable);
            add(&index, &[("a".to_owned(), 1)]).await.unwrap();
            assert_eq!(index.len(), 1);
            add(&other, &[("b".to_owned(), 1)]).await.unwrap();
            clock.advance_ms(1);
            fails();
            let got = index.get(["a", "b"]).await;
            match stale_if_error {
                true => assert_eq!(got.unwrap(), [Some(document("a", 1)), None]),
                false => assert_eq!(got.unwrap_err().code(), ErrorCode::Unavailable),
            }
            // Whoever asks for a look is told, and who writes.
            fails();
            assert_eq!(index.refresh().await.unwrap_err().code(), ErrorCode::Unavailable);
            fails();
            assert_eq!(index.remove(["a"]).await.unwrap_err().code(), ErrorCode::Unavailable);
            clock.advance_ms(1);
            assert_eq!(index.get(["a", "b"]).await.unwrap(), [Some(document("a", 1)), Some(document("b", 1))]);
        });
    }
}
