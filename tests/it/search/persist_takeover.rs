//! Several take over what others have left, at once, asleep for hours between any two steps, cancelled, with stores that fail:
//! what was acknowledged stays, and what was deleted stays deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytestow::features::search::VectorIndex;
use bytestow::{InMemoryByteStore, ManualClock, Result};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{HOUR, NOW, Trouble, Watched, add, all, document, index, keys};

/// What should be found of an id: a version, or nothing.
type Known = BTreeMap<String, Option<u64>>;

/// Ids that one actor writes, all others only move.
struct Actor<'a> {
    number: usize,
    inner: &'a Arc<InMemoryByteStore>,
    clock: &'a Arc<ManualClock>,
    random: Random,
    known: Known,
    /// Ids of calls that failed or were cancelled: as before, or as after, until they are written again.
    unsure: BTreeSet<String>,
}

impl Actor<'_> {
    fn handle(&mut self) -> (Arc<Watched>, VectorIndex) {
        let store = Watched::slow(self.inner.clone(), self.random.bits());
        let index = index(&store, self.clock, self.random.bits());
        (store, index)
    }

    async fn act(mut self, steps: u64) -> Self {
        let (mut store, mut index) = self.handle();
        for version in 1..=steps {
            let ids: BTreeSet<String> =
                (0..1 + self.random.below(3)).map(|_| format!("a{}-{}", self.number, self.random.below(8))).collect();
            if self.random.below(8) == 0 {
                let trouble = [Trouble::Fails, Trouble::AnswerLost, Trouble::Late][self.random.below(3)];
                *store.countdown.lock().unwrap() = Some((self.random.below(12), trouble));
            }
            let patience = if self.random.below(6) == 0 { self.random.below(60) } else { usize::MAX };
            match self.random.below(20) {
                0..5 => {
                    let documents: Vec<_> = ids.iter().map(|id| (id.clone(), version)).collect();
                    let done = until(patience, add(&index, &documents)).await;
                    self.note(ids, Some(version), done.is_some_and(|done| done.is_ok()));
                }
                5..8 => {
                    let done = until(patience, index.remove(&ids)).await;
                    self.note(ids, None, done.is_some_and(|done| done.is_ok()));
                }
                8..18 => {
                    // It may fail, and be tried again.
                    for _ in 0..1 + self.random.below(8) {
                        let _ = until(patience, index.maintain()).await;
                    }
                }
                18 => drop(until(patience, index.refresh()).await),
                _ => (store, index) = self.handle(),
            }
            *store.countdown.lock().unwrap() = None;
        }
        self
    }

    fn note(&mut self, ids: BTreeSet<String>, version: Option<u64>, done: bool) {
        for id in ids {
            if done {
                self.unsure.remove(&id);
            } else {
                self.unsure.insert(id.clone());
            }
            self.known.insert(id, version);
        }
    }
}

/// Polls a call so often; `None` if it was given up.
pub async fn until<T>(polls: usize, call: impl Future<Output = T>) -> Option<T> {
    let mut call = Box::pin(call);
    let mut left = polls;
    std::future::poll_fn(move |cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        call.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Writers who are gone: small segments, some of whose rows are replaced or deleted.
async fn leave(store: &Arc<InMemoryByteStore>, clock: &Arc<ManualClock>, random: &mut Random, known: &mut Known) {
    for writer in 0..6 + random.below(3) {
        let index = index(store, clock, random.bits());
        for version in 0..1 + random.below(3) as u64 {
            let documents: Vec<_> =
                (0..4).map(|_| (format!("old{}", random.below(16)), version + writer as u64 * 10)).collect();
            add(&index, &documents).await.unwrap();
            known.extend(documents.into_iter().map(|(id, version)| (id, Some(version))));
            let id = format!("old{}", random.below(16));
            if random.below(2) == 0 && index.remove([&id]).await.unwrap() > 0 {
                known.insert(id, None);
            }
        }
    }
}

fn history(seed: u64, actors: usize, steps: u64) {
    let mut random = Random(seed);
    let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
    let (mut known, mut unsure) = (Known::new(), BTreeSet::new());
    block_on(leave(&inner, &clock, &mut random, &mut known));
    clock.advance_ms(HOUR + random.below(HOUR as usize) as u64);
    let acting = (0..actors).map(|number| -> Pin<Box<dyn Future<Output = Actor<'_>> + '_>> {
        let random = Random(random.bits());
        let actor =
            Actor { number, inner: &inner, clock: &clock, random, known: Known::new(), unsure: BTreeSet::new() };
        Box::pin(actor.act(steps))
    });
    let mut acting: Vec<_> = acting.map(Some).collect();
    // Who sleeps, for how many turns of others.
    let mut asleep = vec![0; actors];
    while acting.iter().any(Option::is_some) {
        let at = random.below(actors);
        match random.below(600) {
            0 => clock.advance_ms(random.below(3 * HOUR as usize) as u64),
            1 => clock.advance_ms(random.below(400_000) as u64),
            2..5 => asleep[at] = random.below(4_000),
            _ => {}
        }
        asleep.iter_mut().for_each(|turns| *turns = usize::saturating_sub(*turns, 1));
        if asleep[at] > 0 {
            continue;
        }
        if let Some(actor) = &mut acting[at]
            && let Poll::Ready(actor) = actor.as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            acting[at] = None;
            known.extend(actor.known);
            unsure.extend(actor.unsure);
        }
    }
    drop(acting);
    block_on(settled(seed, &inner, &clock, &known, &unsure));
}

async fn settled(
    seed: u64,
    inner: &Arc<InMemoryByteStore>,
    clock: &Arc<ManualClock>,
    known: &Known,
    unsure: &BTreeSet<String>,
) {
    let last = index(inner, clock, seed + 1_000_000);
    for round in 0..4 {
        if round > 0 {
            add(&last, &[("last".to_owned(), round)]).await.unwrap();
            while last.maintain().await.unwrap() {}
            clock.advance_ms(2 * HOUR);
        }
        let opened = index(inner, clock, seed + 2_000_000 + round);
        let found = all(&opened).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(found, all(&last).await.unwrap(), "seed {seed}: they differ");
        for (id, version) in known.iter().filter(|(id, _)| !unsure.contains(*id)) {
            let expected = version.map(|version| document(id, version));
            assert_eq!(found.get(id), expected.as_ref(), "seed {seed}, round {round}: {id}");
        }
    }
    let left = keys(inner).iter().filter(|key| key.starts_with("vectors/m/")).count();
    assert!(left < 16, "seed {seed}: {left} manifests");
}

#[test]
fn two_take_over() {
    (0..200).for_each(|seed| history(seed, 2, 12));
}

#[test]
fn three_take_over() {
    (1_000..1_200).for_each(|seed| history(seed, 3, 12));
}

#[test]
fn four_take_over() {
    (2_000..2_100).for_each(|seed| history(seed, 4, 10));
}

/// A handle whose look fails, or is given up, at any step knows what it knew, and what it should once a look succeeds.
#[test]
fn a_look_that_fails_forgets_nothing() {
    for (fails, n) in (0..60).flat_map(|n| [(true, n), (false, n)]) {
        block_on(async {
            let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
            let mut known = Known::new();
            leave(&inner, &clock, &mut Random(7), &mut known).await;
            let store = Watched::slow(inner.clone(), n as u64);
            let reader = index(&store, &clock, 1);
            let before = all(&reader).await.unwrap();
            clock.advance_ms(2 * HOUR);
            // Two copies of all, of which the reader knows one by the other's writer.
            let tidy: [VectorIndex; 2] = [2, 3].map(|seed| index(&inner, &clock, seed));
            for (at, tidy) in tidy.iter().enumerate() {
                add(tidy, &[("new".to_owned(), at as u64)]).await.unwrap();
            }
            let mut more = true;
            while more {
                more = false;
                for tidy in &tidy {
                    more |= tidy.maintain().await.unwrap();
                }
                let trouble = Some((n, Trouble::Fails)).filter(|_| fails);
                *store.countdown.lock().unwrap() = trouble;
                let _: Option<Result<()>> = until(if fails { usize::MAX } else { 3 * n }, reader.refresh()).await;
                *store.countdown.lock().unwrap() = None;
            }
            let mut found = all(&reader).await.unwrap();
            assert_eq!(found, all(&index(&inner, &clock, 4)).await.unwrap(), "{fails}, {n}");
            found.remove("new");
            assert_eq!(found, before, "{fails}, {n}");
        });
    }
}
