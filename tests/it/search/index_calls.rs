//! What calls refuse, what they find, and what they do beside each other.

use std::sync::Arc;

use bytestow::features::search::{Bitmap, IndexOptions, Mask, MmrOptions, SearchOptions, VectorIndex};
use bytestow::{ByteStore as _, ErrorCode, InMemoryByteStore, ManualClock, Ttl};
use futures_executor::block_on;
use futures_util::future::join_all;

use super::data::Random;
use super::index_support::{DIMENSIONS, NOW, Watched, add, all, index, keys, options, run_all, vector};

fn documents(range: std::ops::Range<u64>) -> Vec<(String, u64)> {
    range.map(|at| (format!("id{at}"), at)).collect()
}

fn fresh() -> (Arc<InMemoryByteStore>, Arc<ManualClock>) {
    (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW))
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[test]
fn futures_may_be_moved_to_other_threads() {
    let (store, clock) = fresh();
    let index = index(&store, &clock, 1);
    let query = vector("query", 0, DIMENSIONS);
    drop(is_send(index.open()));
    drop(is_send(index.refresh()));
    drop(is_send(index.commit(index.stage())));
    drop(is_send(index.remove(["a"])));
    drop(is_send(index.clear()));
    drop(is_send(index.get(["a"])));
    drop(is_send(index.search(&query, 1, SearchOptions::default())));
    drop(is_send(index.mmr(&query, MmrOptions { k: 1, fetch: 1, lambda: 0.5 }, SearchOptions::default())));
    drop(is_send(index.filter(|_| true)));
    drop(is_send(index.documents(0, 9)));
    drop(is_send(index.maintain()));
}

#[test]
fn what_is_no_vector_is_refused_and_nothing_is_written() {
    let (store, clock) = fresh();
    block_on(async {
        let index = index(&store, &clock, 1);
        let mut stage = index.stage();
        stage.push("a", &[1.0, 2.0], b"").unwrap();
        let error = stage.push("b", &[1.0, f64::NAN], b"").unwrap_err();
        assert_eq!(error.message(), "vector 1, dimension 1: NaN is not a finite number");
        let error = stage.push("b", &[1.0, 2.0, 3.0], b"").unwrap_err();
        assert_eq!(error.message(), "vector 1 has 3 dimensions, the index has 2");
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert!(stage.push(&"x".repeat(65_536), &[1.0, 2.0], b"").is_err());
        assert_eq!(keys(&store).len(), 0);
        index.commit(stage).await.unwrap();
        let wrong = index.search(&[1.0, 2.0, 3.0], 1, SearchOptions::default()).await.unwrap_err();
        assert_eq!(wrong.message(), "the query has 3 dimensions, the index has 2");
        let wrong = index.search(&[1.0, f64::INFINITY], 1, SearchOptions::default()).await.unwrap_err();
        assert_eq!(wrong.message(), "the query, dimension 1: inf is not a finite number");
        // A stage that began before the index was known.
        let before = keys(&store);
        let mut stage = bytestow::features::search::Stage::new(None);
        stage.push("c", &[1.0; 3], b"").unwrap();
        assert_eq!(index.commit(stage).await.unwrap_err().code(), ErrorCode::InvalidArgument);
        assert_eq!(keys(&store), before);
        assert_eq!(index.len(), 1);
    });
}

#[test]
fn another_model_is_refused_and_both_are_named() {
    let (store, clock) = fresh();
    block_on(async {
        add(&index(&store, &clock, 1), &documents(0..3)).await.unwrap();
        let open = |model: &str, dimensions| {
            let mut asked = options(&clock, 2);
            (asked.model, asked.dimensions) = (model.to_owned(), dimensions);
            VectorIndex::new(store.clone(), asked).unwrap()
        };
        let error = open("model-b", None).open().await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert!(error.message().contains("\"model-a\" of 5 dimensions"), "{error}");
        assert!(error.message().contains("\"model-b\""), "{error}");
        let error = open("model-a", Some(7)).open().await.unwrap_err();
        assert!(error.message().contains("of 5 dimensions") && error.message().contains("of 7 dimensions"), "{error}");
        open("model-a", Some(5)).open().await.unwrap();
        assert!(IndexOptions::new("").is_err());
        let mut asked = options(&clock, 2);
        asked.dimensions = Some(70_000);
        let error = VectorIndex::new(store.clone(), asked).err().unwrap();
        assert_eq!(error.message(), "dimensions must be 1 to 65536, not 70000");
        for lambda in [-0.1, 1.1, f64::NAN] {
            let pick = MmrOptions { k: 1, fetch: 2, lambda };
            let error = open("model-a", None).mmr(&[1.0; 5], pick, SearchOptions::default()).await.unwrap_err();
            assert_eq!(error.message(), "lambda must be 0 to 1");
        }
    });
}

#[test]
fn two_that_make_one_index_of_two_models_do_not_both() {
    for seed in 0..200 {
        let mut random = Random(seed);
        let (store, clock) = fresh();
        let indexes = ["a", "b"].map(|model| {
            let mut options = options(&clock, random.bits());
            options.model = model.to_owned();
            VectorIndex::new(Watched::slow(store.clone(), random.bits()), options).unwrap()
        });
        type Adding<'a> = std::pin::Pin<Box<dyn Future<Output = bytestow::Result<()>> + 'a>>;
        let calls: Vec<Adding<'_>> = indexes
            .iter()
            .map(|index| -> Adding<'_> { Box::pin(async { add(index, &documents(0..2)).await }) })
            .collect();
        let answers = run_all(calls, &mut random);
        assert!(answers.iter().filter(|answer| answer.is_ok()).count() < 2, "seed {seed}");
        for error in answers.into_iter().filter_map(Result::err) {
            assert_eq!(error.code(), ErrorCode::InvalidArgument, "{error}");
        }
        // The place is not spoilt.
        block_on(async {
            let one = add(&indexes[0], &documents(0..2)).await;
            let other = add(&indexes[1], &documents(0..2)).await;
            assert!(one.is_ok() != other.is_ok(), "seed {seed}: {one:?}, {other:?}");
        });
    }
}

#[test]
fn what_is_missing_or_damaged_is_named() {
    let (store, clock) = fresh();
    block_on(async {
        add(&index(&store, &clock, 1), &documents(0..40)).await.unwrap();
        for key in keys(&store).into_iter().filter(|key| key.contains("/1/")) {
            let (stream, value) = (key.rsplit('/').next().unwrap(), store.get_many([&key].into()).await.unwrap());
            let value = value[0].value.clone().unwrap();
            for damaged in [None, Some(value.slice(0..value.len() - 1).unwrap()), Some("".into())] {
                store.delete_many([&key].into()).await.unwrap();
                if let Some(value) = damaged {
                    store.set_many([(&key, value)].into(), Ttl::Never).await.unwrap();
                }
                let error = all(&index(&store, &clock, 2)).await.unwrap_err();
                assert_eq!(error.code(), ErrorCode::Corrupt, "{key}");
                assert!(error.message().contains(&format!("/1/{stream}\"")), "{key}: {error}");
            }
            store.set_many([(&key, value)].into(), Ttl::Never).await.unwrap();
        }
        assert_eq!(all(&index(&store, &clock, 2)).await.unwrap().len(), 40);
    });
}

#[test]
fn masks_thresholds_and_numbers_of_rows() {
    let (store, clock) = fresh();
    block_on(async {
        let index = index(&store, &clock, 1);
        let query = vector("query", 0, DIMENSIONS);
        assert_eq!(index.search(&query, 3, SearchOptions::default()).await.unwrap(), []);
        add(&index, &documents(0..50)).await.unwrap();
        let mask = index.filter(|document| document.starts_with(b"id1")).await.unwrap();
        assert_eq!(mask.count(), 11);
        let masked = |mask| SearchOptions { mask: Some(mask), ..SearchOptions::default() };
        let found = index.search(&query, 20, masked(mask.clone())).await.unwrap();
        assert_eq!(found.len(), 11);
        assert!(found.iter().all(|found| found.id.starts_with("id1")));
        let least = f64::from(found[4].score);
        let options = SearchOptions { threshold: Some(least), ..masked(mask.clone()) };
        assert_eq!(index.search(&query, 20, options).await.unwrap(), found[..5]);
        assert_eq!(index.search(&query, 0, SearchOptions::default()).await.unwrap(), []);
        // Rows are numbered anew once most are dead.
        let before = index.rows().0;
        for round in 0..6 {
            let many: Vec<_> = (0..2_000).map(|at| (format!("id{at}"), round)).collect();
            add(&index, &many).await.unwrap();
        }
        index.refresh().await.unwrap();
        let (generation, rows) = index.rows();
        assert!(generation > before && rows < 9_000, "{rows} rows");
        assert!(index.search_current(&query, 3, masked(mask.clone())).await.unwrap().is_none());
        let error = index.search(&query, 3, masked(mask)).await.unwrap_err();
        assert_eq!(error.code(), ErrorCode::InvalidArgument);
        assert_eq!(all(&index).await.unwrap().len(), 2_000);
        let every = index.search(&query, 3, masked(Mask::new(generation, rows, Bitmap::full(rows)))).await.unwrap();
        assert_eq!(every, index.search(&query, 3, SearchOptions::default()).await.unwrap());
        index.clear().await.unwrap();
        assert_eq!((index.len(), all(&index).await.unwrap().len()), (0, 0));
    });
}

#[test]
fn what_is_added_together_is_found_together() {
    let (store, clock) = fresh();
    for seed in 0..30 {
        let mut random = Random(seed);
        let index = index(&Watched::slow(store.clone(), random.bits()), &clock, random.bits());
        block_on(add(&index, &(0..6).map(|at| (format!("id{at}"), 0)).collect::<Vec<_>>())).unwrap();
        type Call<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;
        let writes: Call<'_> = Box::pin(async {
            for version in 1..6 {
                add(&index, &(0..6).map(|at| (format!("id{at}"), version)).collect::<Vec<_>>()).await.unwrap();
                index.maintain().await.unwrap();
            }
        });
        let reads = (0..3).map(|_| -> Call<'_> {
            Box::pin(async {
                for _ in 0..8 {
                    let found = all(&index).await.unwrap();
                    let versions: std::collections::BTreeSet<_> =
                        found.values().map(|document| document.last().copied()).collect();
                    assert_eq!((found.len(), versions.len()), (6, 1), "seed {seed}: {found:?}");
                }
            })
        });
        let calls: Vec<Call<'_>> = std::iter::once(writes).chain(reads).collect();
        run_all(calls, &mut random);
    }
}

#[test]
fn calls_of_one_handle_take_effect_in_their_order() {
    let (store, clock) = fresh();
    block_on(async {
        let index = index(&store, &clock, 1);
        let calls = (0..20).map(|version| {
            let index = &index;
            async move { add(index, &[("same".to_owned(), version)]).await }
        });
        join_all(calls).await.into_iter().for_each(|answer| answer.unwrap());
        assert_eq!(index.get(["same", "other"]).await.unwrap(), [Some(b"same as of 19".to_vec()), None]);
    });
}

#[test]
fn what_was_deleted_is_not_found_while_it_is_tidied_up() {
    for seed in 0..60 {
        let (inner, clock) = fresh();
        let mut random = Random(seed);
        let index = index(&Watched::slow(inner, random.bits()), &clock, random.bits());
        block_on(async {
            for at in 0..9 {
                add(&index, &documents(at * 3..at * 3 + 3)).await.unwrap();
            }
        });
        type Call<'a> = std::pin::Pin<Box<dyn Future<Output = ()> + 'a>>;
        let tidying: Call<'_> = Box::pin(async {
            assert!(index.maintain().await.unwrap(), "there is something to be merged");
            while index.maintain().await.unwrap() {}
        });
        let deleting: Call<'_> = Box::pin(async {
            for at in 0..20 {
                index.remove([format!("id{at}")]).await.unwrap();
                let found = all(&index).await.unwrap();
                assert_eq!(found.len(), 26 - at, "seed {seed}");
                assert!(!found.contains_key(&format!("id{at}")), "seed {seed}");
            }
        });
        run_all(vec![tidying, deleting], &mut random);
        assert_eq!(block_on(all(&index)).unwrap().len(), 7);
    }
}
