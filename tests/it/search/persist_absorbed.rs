//! Writers who are gone, who are taken for it, and who come back.

use std::sync::Arc;

use bytestow::features::search::persist::names::{Names, WriterId};
use bytestow::{ByteStoreExt as _, InMemoryByteStore, ManualClock};
use futures_executor::block_on;

use super::index_support::{HOUR, Model, NOW, Trouble, Watched, add, all, expected, index, keys};

fn manifests(store: &InMemoryByteStore) -> usize {
    keys(store).iter().filter(|key| key.starts_with("vectors/m/")).count()
}

pub fn documents(range: std::ops::Range<u64>, version: u64) -> Vec<(String, u64)> {
    range.map(|at| (format!("id{at}"), version)).collect()
}

pub async fn tidy(index: &bytestow::features::search::VectorIndex) {
    let mut steps = 0;
    while index.maintain().await.unwrap() {
        steps += 1;
        assert!(steps < 200, "there is always more to tidy up");
    }
}

#[test]
fn sessions_do_not_pile_up() {
    block_on(async {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let mut model = Model::new();
        let mut most = 0;
        for session in 0..60 {
            let index = index(&store, &clock, session);
            let documents = documents(session * 3..session * 3 + 5, session);
            add(&index, &documents).await.unwrap();
            model.extend(documents);
            index.remove([format!("id{session}")]).await.unwrap();
            model.remove(&format!("id{session}"));
            tidy(&index).await;
            clock.advance_ms(3 * HOUR);
            most = most.max(manifests(&store));
            assert_eq!(all(&index).await.unwrap(), expected(&model), "session {session}");
        }
        assert!(most < 20, "{most} manifests");
        assert_eq!(all(&index(&store, &clock, 1_000)).await.unwrap(), expected(&model));
        // Nothing is left of those who are gone: each key is a known writer's.
        let names = Names::new("vectors");
        let known: Vec<WriterId> = keys(&store).iter().filter_map(|key| names.writer(key)).collect();
        for key in keys(&store) {
            let owned = known.iter().any(|writer| key.starts_with(&names.blocks(*writer)));
            assert!(owned || key == "vectors/m" || names.writer(&key).is_some(), "{key} is nobody's");
        }
    });
}

#[test]
fn what_failed_calls_left_is_deleted() {
    block_on(async {
        let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let store = Watched::over(inner.clone());
        let index = index(&store, &clock, 1);
        add(&index, &documents(0..3, 1)).await.unwrap();
        let before = keys(&inner).len();
        // A look, blocks, the manifest: the blocks are there then, and count for nothing.
        *store.countdown.lock().unwrap() = Some((2, Trouble::Fails));
        add(&index, &documents(3..6, 1)).await.unwrap_err();
        assert_eq!(keys(&inner).len(), before + 4);
        // In doubt: they go with the writer, an hour after it was absorbed.
        add(&index, &documents(3..6, 1)).await.unwrap();
        for session in 0..8 {
            clock.advance_ms(2 * HOUR);
            let other = self::index(&store, &clock, 100 + session);
            add(&other, &documents(6..7, session)).await.unwrap();
            tidy(&other).await;
        }
        let left = keys(&inner).len();
        assert!(left < before + 40, "{left} keys");
        assert_eq!(all(&index).await.unwrap().len(), 7);
    });
}

/// Makes `count` writers, one document each, and lets them be dead.
pub async fn leave_dead(store: &Arc<InMemoryByteStore>, clock: &ManualClock, now: u64, count: u64) {
    let then = ManualClock::at(now);
    for at in 0..count {
        let index = index(store, &then, 500 + at);
        add(&index, &documents(100 + at..101 + at, at)).await.unwrap();
    }
    clock.advance_ms(2 * HOUR);
}

#[test]
fn who_slept_comes_back_and_loses_nothing() {
    block_on(async {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let sleeper = index(&store, &clock, 1);
        add(&sleeper, &documents(0..5, 1)).await.unwrap();
        leave_dead(&store, &clock, NOW, 6).await;
        let other = index(&store, &clock, 2);
        add(&other, &documents(3..6, 2)).await.unwrap();
        for _ in 0..3 {
            tidy(&other).await;
            clock.advance_ms(2 * HOUR);
        }
        assert!(manifests(&store) < 7);
        add(&sleeper, &documents(5..8, 3)).await.unwrap();
        let mut model: Model = documents(0..3, 1).into_iter().collect();
        model.extend(documents(3..6, 2));
        model.extend(documents(5..8, 3));
        model.extend((0..6).map(|at| (format!("id{}", 100 + at), at)));
        for index in [&sleeper, &other, &index(&store, &clock, 3)] {
            assert_eq!(all(index).await.unwrap(), expected(&model));
        }
    });
}

#[test]
fn who_slept_while_publishing_notices() {
    block_on(async {
        let (inner, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let slow = Watched::slow(inner.clone(), 5);
        let sleeper = index(&slow, &clock, 1);
        add(&sleeper, &documents(0..2, 1)).await.unwrap();
        leave_dead(&inner, &clock, NOW, 6).await;
        // Polled some way into its call, and then not for hours, while others bury it.
        for polls in 1..200 {
            let late = [("late".to_owned(), polls)];
            let mut call = Box::pin(add(&sleeper, &late));
            let mut done = false;
            for _ in 0..polls {
                let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
                if let std::task::Poll::Ready(answer) = call.as_mut().poll(&mut cx) {
                    answer.unwrap();
                    done = true;
                    break;
                }
            }
            if done {
                break;
            }
            let other = index(&inner, &clock, 1_000 + polls);
            for _ in 0..3 {
                clock.advance_ms(2 * HOUR);
                add(&other, &documents(50..51, polls)).await.unwrap();
                tidy(&other).await;
            }
            leave_dead(&inner, &clock, NOW, 6).await;
            call.await.unwrap();
            for index in [&sleeper, &other, &index(&inner, &clock, 9_000)] {
                let found = all(index).await.unwrap();
                assert_eq!(found.get("late"), Some(&super::index_support::document("late", polls)), "{polls} polls");
            }
        }
    });
}

#[test]
fn an_index_that_was_deleted_is_empty() {
    block_on(async {
        let (store, clock) = (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW));
        let index = index(&store, &clock, 1);
        add(&index, &documents(0..3, 1)).await.unwrap();
        for key in keys(&store) {
            use bytestow::ByteStore as _;
            store.delete_many([key].into()).await.unwrap();
        }
        assert_eq!(all(&index).await.unwrap().len(), 0);
        add(&index, &documents(1..2, 2)).await.unwrap();
        assert_eq!(all(&index).await.unwrap().len(), 1);
        assert!(store.get("vectors/m").await.unwrap().is_some());
    });
}
