//! Several writers on one index, on a store that does nothing at one moment and promises nothing but its four methods.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use bytestow::features::search::VectorIndex;
use bytestow::{InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{HOUR, Model, NOW, Watched, add, all, expected, index, run_all};

/// What a writer is sure of: ids that only it writes.
type Sure = Model;

async fn write(index: &VectorIndex, writer: usize, clock: &ManualClock, mut random: Random, steps: u64) -> Sure {
    let mut sure = Model::new();
    for version in 0..steps {
        match random.below(10) {
            0..5 => {
                let mut documents: Vec<_> =
                    (0..1 + random.below(4)).map(|_| (format!("w{writer}-{}", random.below(9)), version)).collect();
                documents.sort();
                documents.dedup();
                // And one that all write.
                let shared = (format!("shared{}", random.below(3)), version * 10 + writer as u64);
                add(index, &[documents.as_slice(), &[shared]].concat()).await.unwrap();
                sure.extend(documents);
            }
            5..7 => {
                let id = format!("w{writer}-{}", random.below(9));
                index.remove([&id]).await.unwrap();
                sure.remove(&id);
            }
            7 => drop(index.maintain().await.unwrap()),
            8 => index.refresh().await.unwrap(),
            _ if random.below(4) == 0 => clock.advance_ms(random.below(HOUR as usize) as u64),
            _ => clock.advance_ms(random.below(5_000) as u64),
        }
        // What one has written oneself one sees.
        let found = all(index).await.unwrap();
        for (id, document) in expected(&sure) {
            assert_eq!(found.get(&id), Some(&document), "writer {writer} lost {id} at {version}");
        }
        let own = found.keys().filter(|id| id.starts_with(&format!("w{writer}-"))).count();
        assert_eq!(own, sure.len(), "writer {writer} finds what it deleted, at {version}");
    }
    sure
}

fn history(seed: u64, writers: usize, steps: u64) {
    let mut random = Random(seed);
    let inner = Arc::new(InMemoryByteStore::new());
    // One clock is late by a minute, one is early.
    let clocks: Vec<_> = (0..writers as u64).map(|at| ManualClock::at(NOW + at * 60_000)).collect();
    let stores: Vec<_> = (0..writers).map(|_| Watched::slow(inner.clone(), random.bits())).collect();
    let indexes: Vec<VectorIndex> =
        stores.iter().zip(&clocks).map(|(store, clock)| index(store, clock, random.bits())).collect();
    type Writing<'a> = Pin<Box<dyn Future<Output = Sure> + 'a>>;
    let futures = indexes
        .iter()
        .enumerate()
        .map(|(at, index)| -> Writing<'_> { Box::pin(write(index, at, &clocks[at], Random(random.bits()), steps)) });
    let futures: Vec<Writing<'_>> = futures.collect();
    let sure: Vec<Sure> = run_all(futures, &mut random);
    block_on(async {
        let mut states: Vec<BTreeMap<String, Vec<u8>>> = Vec::new();
        for index in &indexes {
            index.refresh().await.unwrap();
            states.push(all(index).await.unwrap());
        }
        for (at, clock) in clocks.iter().enumerate() {
            states.push(all(&index(&stores[at], clock, random.bits())).await.unwrap());
        }
        assert!(states.windows(2).all(|two| two[0] == two[1]), "seed {seed}: they differ: {states:?}");
        let mut own = states.pop().unwrap();
        own.retain(|id, _| !id.starts_with("shared"));
        assert_eq!(own, expected(&sure.into_iter().flatten().collect()), "seed {seed}");
        // Tidied up, it is the same.
        for (at, index) in indexes.iter().enumerate() {
            clocks[at].advance_ms(3 * HOUR);
            while index.maintain().await.unwrap() {}
        }
        let mut tidy = all(&indexes[0]).await.unwrap();
        tidy.retain(|id, _| !id.starts_with("shared"));
        assert_eq!(tidy, own, "seed {seed}");
    });
}

#[test]
fn two_lose_nothing() {
    (0..60).for_each(|seed| history(seed, 2, 25));
}

#[test]
fn three_lose_nothing() {
    (100..140).for_each(|seed| history(seed, 3, 20));
}

/// Polls a call some times; whether it is done.
fn polled<T>(call: &mut Pin<Box<dyn Future<Output = T> + '_>>, times: usize) -> bool {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    (0..times).any(|_| call.as_mut().poll(&mut cx).is_ready())
}

/// A writer that joins sleeps, at any moment, and another joins and writes meanwhile; the first wakes, and sleeps again, for
/// ever. It may have written a directory that it made up before it slept.
#[test]
fn whoever_opens_finds_what_was_written_while_others_slept() {
    for seed in 0..4_000 {
        let mut random = Random(seed);
        let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let [sleepy, other] =
            [(); 2].map(|()| index(&Watched::slow(inner.clone(), random.bits()), &clock, random.bits()));
        let documents = ["a", "b"].map(|id| [(id.to_owned(), 1)]);
        let mut sleeping: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(add(&sleepy, &documents[0]));
        if polled(&mut sleeping, random.below(60)) {
            continue;
        }
        block_on(add(&other, &documents[1])).unwrap();
        polled(&mut sleeping, random.below(30));
        let found = block_on(all(&index(&inner, &clock, random.bits()))).unwrap();
        assert!(found.contains_key("b"), "seed {seed}");
        // It never wakes; the directory is made good by who tidies up.
        drop(sleeping);
        while block_on(other.maintain()).unwrap() {}
        let store = Watched::over(inner);
        assert!(block_on(all(&index(&store, &clock, random.bits()))).unwrap().contains_key("b"), "seed {seed}");
        assert_eq!(store.take_log().listed, 0, "seed {seed}: the directory is trusted again");
    }
}

#[test]
fn many_join_at_once() {
    (200..300).for_each(|seed| history(seed, 4, 2));
}

/// Two devices, each with a tier of its own that keeps what it read for ever: each sees what the other writes, tidies up, and
/// takes nobody for dead who is alive.
#[test]
fn tiers_hide_nothing() {
    use bytestow::layers::{Namespaced, TieredByteStore, TieredOptions};
    let remote = Arc::new(InMemoryByteStore::new());
    let clock = ManualClock::at(NOW);
    let timer = Arc::new(bytestow::ManualTimer::new(1));
    let device = |seed| {
        let local = Arc::new(InMemoryByteStore::new());
        let tiers = Arc::new(TieredByteStore::new(local, remote.clone(), TieredOptions::new(timer.clone())));
        index(&Arc::new(Namespaced::new(tiers, "app").unwrap()), &clock, seed)
    };
    let devices = [device(1), device(2)];
    let mut model = Model::new();
    block_on(async {
        for version in 0..60 {
            let own = &devices[version as usize % 2];
            let documents: Vec<_> = (version..version + 4).map(|at| (format!("id{at}"), version)).collect();
            add(own, &documents).await.unwrap();
            model.extend(documents);
            own.remove([format!("id{version}")]).await.unwrap();
            model.remove(&format!("id{version}"));
            while own.maintain().await.unwrap() {}
            for index in &devices {
                assert_eq!(all(index).await.unwrap(), expected(&model), "at {version}");
            }
            clock.advance_ms(HOUR);
        }
        assert_eq!(all(&device(3)).await.unwrap(), expected(&model));
    });
}
