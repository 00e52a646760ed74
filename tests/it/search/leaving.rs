//! Callers that leave, at any moment: whoever is left finds what they would have found alone, and what was being written is
//! there whole or not at all.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytestow::features::search::{SearchOptions, VectorIndex};
use bytestow::{InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::{Random, Shape, vectors};
use super::index_support::{Model, NOW, Pauses, Watched, add, all, expected, index, options, run_all};

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A call that is polled when it was woken, and never again once it is done.
struct Call<'a, T> {
    future: Option<Pin<Box<dyn Future<Output = T> + 'a>>>,
    woken: Arc<Woken>,
    polls: usize,
    answer: Option<T>,
}

impl<'a, T> Call<'a, T> {
    fn new(future: impl Future<Output = T> + 'a) -> Self {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        Self { future: Some(Box::pin(future)), woken, polls: 0, answer: None }
    }

    /// Polls it, if it was woken; whether it was.
    fn poll(&mut self) -> bool {
        let Some(future) = self.future.as_mut().filter(|_| self.woken.0.swap(false, Ordering::SeqCst)) else {
            return false;
        };
        self.polls += 1;
        if let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&Waker::from(self.woken.clone()))) {
            (self.answer, self.future) = (Some(answer), None);
        }
        true
    }
}

/// Runs all calls, of which `leaver` is dropped when it has been polled so often; whether it was not done by then.
fn run_without<T>(calls: &mut [Call<'_, T>], leaver: usize, polls: usize) -> bool {
    let mut left = false;
    while calls.iter().any(|call| call.future.is_some()) {
        let mut woken = false;
        for (at, call) in calls.iter_mut().enumerate() {
            if at == leaver && call.polls == polls && call.future.take().is_some() {
                (left, woken) = (true, true);
            }
            woken |= call.poll();
        }
        assert!(woken, "somebody waits, and nobody will wake them");
    }
    left
}

#[test]
fn whoever_leaves_a_pass_the_others_find_theirs() {
    const SEARCHES: usize = 10;
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let all = vectors(Shape::Easy, 3_000, 1_600, &mut Random(5));
    block_on(async {
        let writer = index(&inner, &clock, 1);
        let mut stage = writer.stage();
        for (at, vector) in all.iter().enumerate() {
            stage.push(&format!("id{at}"), vector, &at.to_le_bytes()).unwrap();
        }
        writer.commit(stage).await.unwrap();
    });
    let mut options = options(&clock, 2);
    (options.max_resident_bytes, options.max_cached_bytes) = (0, 0);
    options.pause = Some(Arc::new(Pauses::default()));
    let index = VectorIndex::new(Watched::slow(inner, 3), options).unwrap();
    block_on(index.open()).unwrap();
    let mut moments = 0;
    for leaver in 0..SEARCHES {
        // More are called together than a pass takes.
        for polls in 0.. {
            let search = |at: usize| index.search(&all[at * 7], 3, SearchOptions::default());
            let mut calls: Vec<Call<'_, _>> = (0..SEARCHES).map(|at| Call::new(search(at))).collect();
            let left = run_without(&mut calls, leaver, polls);
            for (at, call) in calls.into_iter().enumerate().filter(|(at, _)| !left || *at != leaver) {
                let found = call.answer.unwrap().unwrap();
                assert_eq!((found.len(), &found[0].id), (3, &format!("id{}", at * 7)), "{leaver} left after {polls}");
            }
            if !left {
                break;
            }
            // A few moments of each are all moments of some.
            moments += 1;
            if polls > 24 + leaver {
                break;
            }
        }
    }
    assert!(moments > SEARCHES * 10, "{moments} moments");
}

const MANY: usize = 9_000;

fn many(version: u64) -> Vec<(String, u64)> {
    (0..MANY).map(|at| (format!("id{at}"), version)).collect()
}

#[test]
fn what_is_brought_in_slices_is_found_together() {
    for seed in 0..4 {
        let mut random = Random(seed);
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let mut options = options(&clock, seed);
        options.pause = Some(Arc::new(Pauses::default()));
        let writer = VectorIndex::new(Watched::slow(store.clone(), seed), options.clone()).unwrap();
        let reader = VectorIndex::new(Watched::slow(store.clone(), seed + 9), options).unwrap();
        block_on(add(&writer, &many(0))).unwrap();
        type Job<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;
        let writes: Job<'_> = Box::pin(async {
            for version in 1..3 {
                add(&writer, &many(version)).await.unwrap();
            }
        });
        let reads = [&writer, &reader, &writer].map(|index| -> Job<'_> {
            Box::pin(async move {
                for _ in 0..4 {
                    let found = all(index).await.unwrap();
                    let versions: std::collections::BTreeSet<_> =
                        found.values().map(|document| document.last().copied()).collect();
                    assert_eq!((found.len(), versions.len()), (MANY, 1), "seed {seed}: {versions:?}");
                }
            })
        });
        run_all(reads.into_iter().chain([writes]).collect(), &mut random);
    }
}

#[test]
fn whoever_leaves_while_it_is_written_leaves_all_or_nothing() {
    let models: Vec<Model> = (0..3).map(|version| many(version).into_iter().collect()).collect();
    let mut outcomes = [0; 2];
    for polls in 0.. {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let mut options = options(&clock, 1);
        options.pause = Some(Arc::new(Pauses::default()));
        let index = VectorIndex::new(Watched::slow(store.clone(), 8), options).unwrap();
        block_on(add(&index, &many(0))).unwrap();
        let documents = many(1);
        let mut calls = [Call::new(add(&index, &documents))];
        let left = run_without(&mut calls, 0, polls);
        drop(calls);
        let found = block_on(all(&index)).unwrap();
        let is_new = found == expected(&models[1]);
        assert!(is_new || found == expected(&models[0]), "after {polls} polls there are {}", found.len());
        outcomes[usize::from(is_new)] += 1;
        let other = super::index_support::index(&store, &clock, 2);
        assert_eq!(block_on(all(&other)).unwrap(), found);
        // It goes on as with any other.
        block_on(async {
            add(&index, &many(2)).await.unwrap();
            assert_eq!(all(&index).await.unwrap(), expected(&models[2]));
            while index.maintain().await.unwrap() {}
            assert_eq!(all(&index).await.unwrap(), expected(&models[2]));
            assert!(index.rows().1 < 3 * MANY, "dead rows go, those that were abandoned, too: {:?}", index.rows());
        });
        if !left {
            break;
        }
    }
    assert!(outcomes[0] > 1 && outcomes[1] > 1, "{outcomes:?}");
}
