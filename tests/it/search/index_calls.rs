//! What calls refuse, what they find, and what they do beside each other.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytestow::features::search::{Bitmap, IndexOptions, Kind, Mask, SearchOptions, VectorIndex};
use bytestow::{ByteStore as _, ErrorCode, InMemoryByteStore, ManualClock, Ttl};
use futures_executor::block_on;
use futures_util::future::join_all;

use super::data::{Random, Shape, vectors};
use super::index_support::{DIMENSIONS, NOW, Pauses, Watched, add, all, index, keys, options, run_all, vector};

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
    drop(is_send(index.mmr(&query, 1, (1, 0.5), SearchOptions::default())));
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
            let picked = none.mmr(query, 4, (20, 0.5), SearchOptions::default()).await.unwrap().unwrap();
            assert_eq!(Some(&picked), all.mmr(query, 4, (20, 0.5), SearchOptions::default()).await.unwrap().as_ref());
            assert_eq!((picked.len(), &picked[0].id), (4, &found[0].id));
        }
        assert_eq!(none.memory().0.exact, 0);
        assert!(all.memory().0.exact > 0);
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
        let beside = index.memory().1;
        let blocks = |store: &Watched| -> Vec<String> {
            let read = store.take_log().read;
            read.into_iter().filter(|key| key.rsplit('/').next().unwrap().starts_with('v')).collect()
        };
        blocks(&store);
        let found = index.search(&vectors[5], 10, SearchOptions::default()).await.unwrap();
        let fetched = blocks(&store);
        assert!(fetched.len() > 1);
        assert_eq!(index.search(&vectors[5], 10, SearchOptions::default()).await.unwrap(), found);
        index.mmr(&vectors[5], 3, (10, 0.5), SearchOptions::default()).await.unwrap().unwrap();
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
            assert!(index.memory().1 - beside <= 4 * 1024 * 1024);
        }
        assert!(all > 80, "{all} blocks of 110");
        assert!(index.memory().1 - beside > 3 * 1024 * 1024);
        assert_eq!(index.memory().0.exact, 0);
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
