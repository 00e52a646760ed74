//! A store that fails once, at every place where it can: the index is as before or as after, and so is one that is opened.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestow::features::search::VectorIndex;
use bytestow::{InMemoryByteStore, ManualClock, Result};
use futures_executor::block_on;

use super::index_support::{HOUR, NOW, Trouble, Watched, add, all, index};

const TROUBLES: [Trouble; 3] = [Trouble::Fails, Trouble::AnswerLost, Trouble::Late];

#[derive(Clone, Copy, Debug)]
enum Call {
    FirstAdd,
    Add,
    Remove,
    Clear,
    Maintain,
    Absorb,
}

fn documents(range: std::ops::Range<u64>, version: u64) -> Vec<(String, u64)> {
    range.map(|at| (format!("id{at}"), version)).collect()
}

async fn prepare(call: Call, index: &VectorIndex, clock: &ManualClock, store: &Arc<Watched>) {
    match call {
        Call::FirstAdd => {}
        Call::Add | Call::Remove | Call::Clear => add(index, &documents(0..9, 1)).await.unwrap(),
        Call::Maintain => {
            for at in 0..9 {
                add(index, &documents(at..at + 3, at)).await.unwrap();
                index.remove([format!("id{at}")]).await.unwrap();
            }
        }
        Call::Absorb => {
            let clock_of = Arc::new(ManualClock::default());
            clock_of.advance_ms(NOW);
            for at in 0..6 {
                let other = super::index_support::index(store, &clock_of, 100 + at);
                add(&other, &documents(at..at + 3, at)).await.unwrap();
            }
            clock.advance_ms(2 * HOUR);
            add(index, &documents(20..21, 1)).await.unwrap();
        }
    }
}

async fn perform(call: Call, index: &VectorIndex, clock: &ManualClock) -> Result<()> {
    match call {
        Call::FirstAdd | Call::Add => add(index, &documents(5..15, 2)).await,
        Call::Remove => index.remove(["id1", "id2", "unknown"]).await.map(|_| ()),
        Call::Clear => index.clear().await,
        Call::Maintain => {
            while index.maintain().await? {}
            Ok(())
        }
        Call::Absorb => {
            for _ in 0..3 {
                while index.maintain().await? {}
                clock.advance_ms(2 * HOUR);
            }
            Ok(())
        }
    }
}

type State = BTreeMap<String, Vec<u8>>;

/// Runs a call with trouble at the n-th operation; whether there was any.
fn run(call: Call, trouble: Trouble, n: usize, states: &mut (State, State)) -> bool {
    block_on(async {
        let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let store = Watched::over(inner);
        let current = index(&store, &clock, 1);
        prepare(call, &current, &clock, &store).await;
        let before = all(&current).await.unwrap();
        *store.countdown.lock().unwrap() = Some((n, trouble));
        let answer = perform(call, &current, &clock).await;
        let happened = store.countdown.lock().unwrap().take().is_none();
        let at = format!("{call:?}, {trouble:?} at {n}: {answer:?}");
        // Whatever was late comes meanwhile.
        for _ in 0..2 {
            current.refresh().await.unwrap_or_else(|error| panic!("{at}: {error}"));
        }
        let now = all(&current).await.unwrap_or_else(|error| panic!("{at}: {error}"));
        if !happened {
            answer.unwrap();
            *states = (before, now);
            return false;
        }
        let reopened = all(&index(&store, &clock, 9_999)).await.unwrap_or_else(|error| panic!("{at}: {error}"));
        let (old, new) = &*states;
        assert!(now == *old || now == *new, "{at}: {now:?}");
        assert!(reopened == *old || reopened == *new, "{at}: {reopened:?}");
        if answer.is_ok() {
            assert_eq!(now, *new, "{at}");
        }
        assert_eq!(all(&current).await.unwrap(), reopened, "{at}");
        // It goes on working, and does what could not be done.
        perform(call, &current, &clock).await.unwrap_or_else(|error| panic!("{at}, again: {error}"));
        assert_eq!(all(&current).await.unwrap(), *new, "{at}, again");
        while current.maintain().await.unwrap() {}
        assert_eq!(all(&current).await.unwrap(), *new, "{at}, again");
        assert_eq!(all(&index(&store, &clock, 7_777)).await.unwrap(), *new, "{at}, again");
        true
    })
}

fn try_all(call: Call) {
    let mut states = (State::new(), State::new());
    // Without trouble.
    assert!(!run(call, Trouble::Fails, usize::MAX, &mut states));
    for trouble in TROUBLES {
        let mut n = 0;
        while run(call, trouble, n, &mut states) {
            n += 1;
        }
        assert!(n > 1, "{call:?} asks nothing of the store");
    }
}

#[test]
fn while_the_first_are_added() {
    try_all(Call::FirstAdd);
}

#[test]
fn while_more_are_added() {
    try_all(Call::Add);
}

#[test]
fn while_some_are_deleted() {
    try_all(Call::Remove);
}

#[test]
fn while_all_are_deleted() {
    try_all(Call::Clear);
}

#[test]
fn while_it_is_tidied_up() {
    try_all(Call::Maintain);
}

#[test]
fn while_others_are_absorbed() {
    try_all(Call::Absorb);
}
