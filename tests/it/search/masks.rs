//! Masks: what they are about, and what is done with those that are about something else.

use std::pin::Pin;
use std::sync::Arc;

use bytestow::features::search::{Mask, MmrOptions, SearchOptions, VectorIndex};
use bytestow::{ErrorCode, InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{DIMENSIONS, NOW, Watched, add, all, index, keys, run_all, vector};

fn documents(range: std::ops::Range<u64>) -> Vec<(String, u64)> {
    range.map(|at| (format!("id{at}"), at)).collect()
}

async fn count(index: &VectorIndex, mask: &Mask) -> Option<usize> {
    let options = SearchOptions { mask: Some(mask.clone()), ..SearchOptions::default() };
    let found = index.search_current(&vector("query", 0, DIMENSIONS), 1_000, options).await.unwrap();
    found.map(|found| found.len())
}

#[test]
fn a_mask_is_about_the_rows_there_were() {
    let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        let index = index(&store, &clock, 1);
        add(&index, &documents(0..30)).await.unwrap();
        let ones = async |index: &VectorIndex| index.filter(|document| document.starts_with(b"id1")).await;
        let mask = ones(&index).await.unwrap();
        assert_eq!(count(&index, &mask).await, Some(11));
        // What is deleted is not found; the others are.
        index.remove(["id1", "id2"]).await.unwrap();
        assert_eq!(count(&index, &mask).await, Some(10));
        // A document that is replaced is another row: it would be missed though it was meant before and after.
        add(&index, &[("id10".to_owned(), 10)]).await.unwrap();
        assert_eq!(count(&index, &mask).await, None);
        let options = SearchOptions { mask: Some(mask.clone()), ..SearchOptions::default() };
        let error = index.search(&vector("query", 0, DIMENSIONS), 3, options).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert_eq!(index.remove_rows(mask).await.unwrap(), None);
        let mask = ones(&index).await.unwrap();
        assert_eq!(count(&index, &mask).await, Some(10));
        // Others' rows come, too.
        add(&super::index_support::index(&store, &clock, 2), &documents(90..91)).await.unwrap();
        assert_eq!(count(&index, &mask).await, None);
        // Another handle has other rows, even where it has as many.
        let [a, b] = [3, 4].map(|seed| super::index_support::index(&store, &clock, seed));
        let mask = ones(&a).await.unwrap();
        b.open().await.unwrap();
        assert_eq!((count(&a, &mask).await, count(&b, &mask).await), (Some(10), None));
        assert_eq!(a.rows().1, b.rows().1);
        assert!([a.rows().0, b.rows().0].iter().all(|generation| *generation < 1 << 52));
    });
}

#[test]
fn documents_that_are_at_hand_are_not_read() {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        // Three segments, of whose documents none are kept that were read.
        let writer = index(&inner, &clock, 1);
        for from in [0, 10, 20] {
            add(&writer, &documents(from..from + 10)).await.unwrap();
        }
        let store = Watched::over(inner);
        let mut options = super::index_support::options(&clock, 2);
        options.max_cached_bytes = 0;
        let index = VectorIndex::new(store.clone(), options).unwrap();
        let read = || -> usize {
            let read = store.take_log().read;
            read.iter().filter(|key| key.rsplit('/').next().is_some_and(|name| name.starts_with('d'))).count()
        };
        let query = vector("query", 0, DIMENSIONS);
        let rows: Vec<Vec<u8>> = index.documents(0, 30).await.unwrap().documents;
        let all = index.search(&query, 30, SearchOptions::default()).await.unwrap();
        let mask = index.filter(|_| true).await.unwrap();
        let pick = MmrOptions { k: 30, fetch: 30, lambda: 1.0 };
        for (at_hand, blocks) in [(0, 3), (10, 2), (12, 2), (20, 1), (30, 0), (u32::MAX, 0)] {
            let options = SearchOptions { mask: Some(mask.clone().at_hand(at_hand)), ..SearchOptions::default() };
            read();
            let mut found = index.search(&query, 30, options.clone()).await.unwrap();
            assert_eq!(read(), blocks, "rows below {at_hand} are at hand");
            let picked = index.mmr(&query, pick, options).await.unwrap().unwrap();
            assert_eq!(read(), blocks, "rows below {at_hand} are at hand");
            assert_eq!(picked, found);
            for found in &mut found {
                assert_eq!(found.document.is_empty(), found.row < at_hand);
                if found.row < at_hand {
                    found.document.clone_from(&rows[found.row as usize]);
                }
            }
            assert_eq!(found, all);
        }
    });
}

#[test]
fn rows_of_a_mask_are_deleted() {
    let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        let index = index(&store, &clock, 1);
        assert_eq!(index.remove_rows(index.filter(|_| true).await.unwrap()).await.unwrap(), Some(0));
        assert_eq!(keys(&store).len(), 0);
        add(&index, &documents(0..30)).await.unwrap();
        let mask = index.filter(|document| document.starts_with(b"id1")).await.unwrap();
        index.remove(["id12"]).await.unwrap();
        assert_eq!(index.remove_rows(mask.clone()).await.unwrap(), Some(10));
        let left = all(&index).await.unwrap();
        assert!(left.len() == 19 && left.keys().all(|id| !id.starts_with("id1")));
        assert_eq!(all(&super::index_support::index(&store, &clock, 2)).await.unwrap(), left);
        // Nothing is written for what is gone, nor for what is stale.
        let before = keys(&store);
        assert_eq!(index.remove_rows(mask.clone()).await.unwrap(), Some(0));
        assert_eq!(keys(&store), before);
        add(&index, &documents(1..2)).await.unwrap();
        let before = keys(&store);
        assert_eq!(index.remove_rows(mask).await.unwrap(), None);
        assert_eq!(keys(&store), before);
    });
}

#[test]
fn what_was_replaced_meanwhile_is_not_deleted() {
    for seed in 0..40 {
        let mut random = Random(seed);
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let index = index(&Watched::slow(store, random.bits()), &clock, random.bits());
        let versions = |version| (0..12).map(|at| (format!("id{at}"), version)).collect::<Vec<_>>();
        block_on(add(&index, &versions(0))).unwrap();
        type Call<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
        let replacing: Call<'_> = Box::pin(async {
            for (id, _) in versions(0) {
                add(&index, &[(id, 7)]).await.unwrap();
            }
        });
        let deleting: Call<'_> = Box::pin(async {
            for _ in 0..3 {
                loop {
                    let old = index.filter(|document| document.ends_with(b" 0")).await.unwrap();
                    if index.remove_rows(old).await.unwrap().is_some() {
                        break;
                    }
                }
            }
        });
        run_all(vec![replacing, deleting], &mut random);
        assert_eq!(block_on(all(&index)).unwrap().len(), 12, "seed {seed}");
    }
}

#[test]
fn a_query_of_zeros_reads_no_numbers() {
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    block_on(async {
        add(&index(&inner, &clock, 1), &documents(0..3_000)).await.unwrap();
        let store = Watched::over(inner);
        let mut options = super::index_support::options(&clock, 2);
        options.max_resident_bytes = 0;
        let index = VectorIndex::new(store.clone(), options).unwrap();
        let found = index.search(&[0.0; DIMENSIONS], 4, SearchOptions::default()).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|found| (found.id, found.score)).collect();
        assert_eq!(found, (0..4).map(|at| (format!("id{at}"), 0.0)).collect::<Vec<_>>());
        let read = store.take_log().read;
        assert!(!read.iter().any(|key| key.rsplit('/').next().is_some_and(|name| name.starts_with('v'))), "{read:?}");
    });
}
