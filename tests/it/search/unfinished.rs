//! Writes that did not end, and answers that are not whole: what is left of them does no harm.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytestow::features::search::VectorIndex;
use bytestow::{ByteStore as _, ErrorCode, InMemoryByteStore, ManualClock, Ttl};
use futures_executor::block_on;

use super::index_support::{HOUR, NOW, Trouble, Watched, add, all, document, index, keys, vector};
use super::persist_absorbed::{documents, tidy};
use super::persist_takeover::until;

fn fresh() -> (Arc<InMemoryByteStore>, Arc<ManualClock>) {
    (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW))
}

/// Adds one document whose vector has so many dimensions.
async fn add_of(index: &VectorIndex, dimensions: usize) -> bytestow::Result<()> {
    let mut stage = index.stage();
    stage.push("a", &vector("a", 1, dimensions), b"a document").unwrap();
    index.commit(stage).await
}

#[test]
fn who_has_published_nothing_may_begin_anew_with_other_dimensions() {
    block_on(async {
        let (inner, clock) = fresh();
        let store = Watched::over(inner);
        add_of(&index(&store, &clock, 1), 5).await.unwrap();
        // The last is the manifest, and before it come the blocks: it was known as a writer of five dimensions by then.
        let blocks = store.operations.load(Ordering::SeqCst) - 2;
        let (inner, clock) = fresh();
        let store = Watched::over(inner.clone());
        let begun = index(&store, &clock, 1);
        *store.countdown.lock().unwrap() = Some((blocks, Trouble::Fails));
        assert_eq!(add_of(&begun, 5).await.unwrap_err().code(), ErrorCode::Unavailable);
        assert!(keys(&inner).iter().any(|key| key.starts_with("vectors/m/")));
        add_of(&begun, 7).await.unwrap();
        for index in [&begun, &index(&inner, &clock, 2)] {
            assert_eq!(index.get(["a"]).await.unwrap(), [Some(b"a document".to_vec())]);
            assert_eq!(index.dimensions(), Some(7));
            let found = index.search(&vector("a", 1, 7), 1, Default::default()).await.unwrap();
            assert_eq!(found[0].id, "a");
        }
    });
}

#[test]
fn what_was_written_behind_a_write_that_comes_late_is_newer() {
    for seed in 0..12 {
        block_on(async {
            let (inner, clock) = fresh();
            let store = Watched::over(inner.clone());
            let index = index(&store, &clock, seed);
            add(&index, &documents(0..2, 1)).await.unwrap();
            // A look, blocks, and the manifest, of which nobody knows what has become.
            *store.countdown.lock().unwrap() = Some((2, Trouble::Late));
            add(&index, &documents(0..2, 2)).await.unwrap_err();
            let (_, late) = store.late.lock().unwrap().take().unwrap();
            add(&index, &documents(0..2, 3)).await.unwrap();
            inner.set_many(late, Ttl::Never).await.unwrap();
            for index in [&index, &super::index_support::index(&inner, &clock, seed + 100)] {
                let found = all(index).await.unwrap();
                assert_eq!(found.get("id0"), Some(&document("id0", 3)), "seed {seed}");
                assert_eq!(found.get("id1"), Some(&document("id1", 3)), "seed {seed}");
            }
        });
    }
}

#[test]
fn blocks_of_a_call_that_was_cancelled_are_deleted() {
    let mut left = 0;
    for polls in 1.. {
        let is_over = block_on(async {
            let (inner, clock) = fresh();
            let store = Watched::slow(inner.clone(), 4);
            let index = index(&store, &clock, 1);
            add(&index, &documents(0..2, 1)).await.unwrap();
            let before = keys(&inner).len();
            store.take_log();
            if until(polls, add(&index, &documents(2..4, 1))).await.is_some() {
                return true;
            }
            // Once its manifest may be written, its blocks stay.
            if store.take_log().written.iter().any(|(key, _)| key.starts_with("vectors/m/")) {
                return false;
            }
            left += keys(&inner).len() - before;
            add(&index, &documents(4..6, 1)).await.unwrap();
            tidy(&index).await;
            // Two segments of four entries, the manifest, the directory.
            assert_eq!(keys(&inner).len(), 10, "{polls} polls: {:?}", keys(&inner));
            assert_eq!(all(&index).await.unwrap().len(), 4);
            false
        });
        if is_over {
            break;
        }
    }
    assert!(left > 3, "{left} entries were left");
}

#[test]
fn an_answer_of_too_few_values_is_an_error_and_not_an_index_of_less() {
    block_on(async {
        let (inner, clock) = fresh();
        add(&index(&inner, &clock, 1), &documents(0..3, 1)).await.unwrap();
        let store = Watched::over(inner.clone());
        let [opened, unopened] = [2, 3].map(|seed| index(&store, &clock, seed));
        assert_eq!(all(&opened).await.unwrap().len(), 3);
        clock.advance_ms(HOUR);
        store.short.store(true, Ordering::SeqCst);
        for index in [&opened, &unopened] {
            let error = all(index).await.unwrap_err();
            assert_eq!(error.code(), ErrorCode::Unavailable, "{error}");
            assert!(error.message().starts_with("the store was asked for "), "{error}");
        }
        store.short.store(false, Ordering::SeqCst);
        for index in [&opened, &unopened] {
            assert_eq!(all(index).await.unwrap().len(), 3);
        }
    });
}
