//! Looks that fail while calls go on without them: what is served meanwhile, who waits, who is told, and that none counts as
//! a look.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytestow::features::search::VectorIndex;
use bytestow::{ErrorCode, Event, InMemoryByteStore, ManualClock, Observe, Result};
use futures_executor::block_on;

use super::data::Random;
use super::index_support::{HOUR, NOW, Trouble, Watched, add, all, document, index, options, run_all};
use super::persist_absorbed::{documents, leave_dead, tidy};
use super::persist_takeover::until;

fn fresh() -> (Arc<InMemoryByteStore>, Arc<ManualClock>) {
    (Arc::new(InMemoryByteStore::new()), ManualClock::at(NOW))
}

/// A handle that goes on without a look, where `stale`; it looks every `refresh` milliseconds.
fn reader(store: &Arc<Watched>, clock: &Arc<ManualClock>, stale: bool, refresh: u64) -> VectorIndex {
    let mut options = options(clock, 1);
    (options.stale_if_error, options.refresh) = (stale, Duration::from_millis(refresh));
    VectorIndex::new(store.clone(), options).unwrap()
}

fn calls(store: &Watched) -> usize {
    store.take_log().calls
}

#[test]
fn a_look_that_failed_is_none_to_publish_by() {
    block_on(async {
        let (inner, clock) = fresh();
        let store = Watched::slow(inner.clone(), 5);
        let sleeper = reader(&store, &clock, true, 0);
        add(&sleeper, &documents(0..2, 1)).await.unwrap();
        leave_dead(&inner, &clock, NOW, 6).await;
        let mut searched = 0;
        // Polled some way into its call, and then not for hours, while others bury it.
        for polls in 1..200 {
            let late = [("late".to_owned(), polls)];
            let mut call = Box::pin(add(&sleeper, &late));
            if until(polls as usize, call.as_mut()).await.is_some() {
                assert!(searched > 4, "{searched} searches while it slept, of {polls}");
                return;
            }
            let other = index(&inner, &clock, 1_000 + polls);
            for _ in 0..3 {
                clock.advance_ms(2 * HOUR);
                add(&other, &documents(50..51, polls)).await.unwrap();
                tidy(&other).await;
            }
            leave_dead(&inner, &clock, NOW, 6).await;
            // It wakes up where there is no network: a search looks, in vain, unless the call that slept is at it.
            *store.countdown.lock().unwrap() = Some((0, Trouble::Fails));
            let mut search = Box::pin(sleeper.get(["id0"]));
            for _ in 0..20 {
                if let Poll::Ready(found) = search.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                    assert_eq!(found.unwrap(), [Some(document("id0", 1))]);
                    searched += 1;
                    break;
                }
            }
            drop(search);
            *store.countdown.lock().unwrap() = None;
            call.await.unwrap();
            for index in [&sleeper, &other, &index(&inner, &clock, 9_000)] {
                assert_eq!(all(index).await.unwrap().get("late"), Some(&document("late", polls)), "{polls} polls");
            }
        }
        panic!("a call has no end");
    });
}

#[test]
fn a_look_that_fails_half_way_leaves_what_all_goes_of() {
    half_way(async |other| {
        other.clear().await.unwrap();
        add(other, &documents(2..5, 2)).await.unwrap();
    });
}

#[test]
fn a_look_that_fails_half_way_finds_no_half_of_a_call() {
    // More rows than are read together.
    half_way(async |other| add(other, &documents(3..20_000, 2)).await.unwrap());
}

/// Another handle changes the index; a look of this one's fails at each of its steps.
fn half_way(change: impl AsyncFn(&VectorIndex)) {
    for stale in [true, false] {
        block_on(async {
            let (inner, clock) = fresh();
            let (other, store) = (index(&inner, &clock, 2), Watched::over(inner));
            add(&other, &documents(0..4, 1)).await.unwrap();
            let open = async || {
                let reader = reader(&store, &clock, stale, HOUR);
                let found = all(&reader).await.unwrap();
                (reader, found)
            };
            // One for each call of the store that may fail.
            let mut readers = Vec::new();
            for _ in 0..40 {
                readers.push(open().await);
            }
            change(&other).await;
            let (_, new) = open().await;
            let mut failed = 0;
            for (at, (reader, old)) in readers.into_iter().enumerate() {
                assert_ne!(old, new);
                *store.countdown.lock().unwrap() = Some((at, Trouble::Fails));
                // A search that is due looks, and goes on; where it is not to, whoever looked may search on.
                let looked = if stale { look(&reader, &clock).await } else { reader.refresh().await };
                let has_failed = store.countdown.lock().unwrap().take().is_none();
                assert_eq!(looked.is_err(), has_failed && !stale);
                failed += usize::from(has_failed);
                let found = all(&reader).await.unwrap();
                assert!(found == *if has_failed { &old } else { &new }, "{stale}: call {at}: {} found", found.len());
                reader.refresh().await.unwrap();
                assert!(all(&reader).await.unwrap() == new, "{stale}: call {at}");
            }
            assert!((3..40).contains(&failed), "{failed} calls are a look");
        });
    }
}

/// Looks as a search does, an hour later.
async fn look(reader: &VectorIndex, clock: &ManualClock) -> Result<()> {
    clock.advance_ms(HOUR);
    reader.look_if_old().await
}

#[test]
fn searches_at_once_wait_for_one_look_that_fails() {
    let mut waited = 0;
    for (seed, stale) in (0..8).flat_map(|seed| [(seed, true), (seed, false)]) {
        let (inner, clock) = fresh();
        let store = Watched::slow(inner, seed);
        let reader = reader(&store, &clock, stale, 0);
        block_on(add(&reader, &documents(0..1, 1))).unwrap();
        block_on(reader.get(["id0"])).unwrap();
        clock.advance_ms(1);
        calls(&store);
        *store.outage.lock().unwrap() = Some((clock.clone(), 25_000));
        type Got<'a> = Pin<Box<dyn Future<Output = Result<Vec<Option<Vec<u8>>>>> + 'a>>;
        let mut searches: Vec<Got<'_>> = (0..8).map(|_| Box::pin(reader.get(["id0"])) as Got<'_>).collect();
        let begin = |search: &mut Got<'_>| search.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        // Some stores fail at once.
        if searches.first_mut().is_some_and(begin) {
            continue;
        }
        waited += 1;
        assert!(!searches.iter_mut().skip(1).any(begin), "all wait for the first");
        for found in run_all(searches, &mut Random(1)) {
            match stale {
                true => assert_eq!(found.unwrap(), [Some(document("id0", 1))]),
                false => assert_eq!(found.unwrap_err().code(), ErrorCode::Unavailable),
            }
        }
        assert_eq!(calls(&store), if stale { 1 } else { 8 });
        // Whoever asks for a look has one, and so has who comes later.
        let asking = || Box::pin(reader.refresh()) as Pin<Box<dyn Future<Output = Result<()>> + '_>>;
        assert!(run_all(vec![asking(), asking()], &mut Random(1)).iter().all(Result::is_err));
        assert_eq!(calls(&store), 2);
        clock.advance_ms(HOUR);
        assert_eq!(block_on(reader.get(["id0"])).is_ok(), stale);
        assert_eq!(calls(&store), 1);
    }
    assert!(waited > 4, "{waited} of 16 waited");
}

#[test]
fn what_fails_one_call_fails_no_other_that_would_not_go_on() {
    let mut waited = 0;
    for seed in 0..8 {
        let (inner, clock) = fresh();
        let store = Watched::slow(inner, seed);
        let reader = reader(&store, &clock, false, 0);
        block_on(add(&reader, &documents(0..1, 1))).unwrap();
        block_on(reader.get(["id0"])).unwrap();
        clock.advance_ms(1);
        *store.countdown.lock().unwrap() = Some((0, Trouble::Fails));
        let (mut one, mut other) = (Box::pin(reader.get(["id0"])), Box::pin(reader.get(["id0"])));
        let mut context = Context::from_waker(Waker::noop());
        if one.as_mut().poll(&mut context).is_ready() || other.as_mut().poll(&mut context).is_ready() {
            continue;
        }
        waited += 1;
        assert_eq!(block_on(one).unwrap_err().code(), ErrorCode::Unavailable);
        assert_eq!(block_on(other).unwrap(), [Some(document("id0", 1))]);
    }
    assert!(waited > 2, "{waited} of 8 waited");
}

#[test]
fn behind_a_look_that_failed_none_is_taken_for_as_long_as_it_took() {
    block_on(async {
        let (inner, clock) = fresh();
        let (other, store) = (index(&inner, &clock, 2), Watched::over(inner));
        // How long it takes to fail; then the outage is over, and this later it is known.
        for (at, (refresh, fails, rests)) in
            [(1_000, 25_000, 25_000), (1_000, 10, 1_000), (0, 10, 10), (HOUR, 10, 5_000), (1_000, 200_000, 60_000)]
                .into_iter()
                .enumerate()
        {
            let (reader, version) = (reader(&store, &clock, true, refresh), at as u64 + 2);
            add(&other, &documents(0..1, 1)).await.unwrap();
            assert_eq!(reader.get(["id0"]).await.unwrap(), [Some(document("id0", 1))]);
            add(&other, &documents(0..1, version)).await.unwrap();
            clock.advance_ms(refresh + 1);
            calls(&store);
            *store.outage.lock().unwrap() = Some((clock.clone(), fails));
            for (waits, asked) in [(0, 1), (rests - 1, 0), (1, 1), (rests / 2, 0)] {
                clock.advance_ms(waits);
                assert_eq!(reader.get(["id0"]).await.unwrap(), [Some(document("id0", 1))]);
                assert_eq!(calls(&store), asked, "{fails} ms to fail: {waits} ms later");
            }
            *store.outage.lock().unwrap() = None;
            clock.advance_ms(rests - rests / 2 - 1);
            assert_eq!(reader.get(["id0"]).await.unwrap(), [Some(document("id0", 1))]);
            clock.advance_ms(1);
            assert_eq!(reader.get(["id0"]).await.unwrap(), [Some(document("id0", version))], "{refresh}, {fails}");
        }
    });
}

#[test]
fn what_failed_before_anything_was_known_does_not_rest() {
    block_on(async {
        let (inner, clock) = fresh();
        add(&index(&inner, &clock, 2), &documents(0..1, 1)).await.unwrap();
        let store = Watched::over(inner);
        let reader = reader(&store, &clock, true, HOUR);
        *store.outage.lock().unwrap() = Some((clock.clone(), 25_000));
        assert_eq!(reader.get(["id0"]).await.unwrap_err().code(), ErrorCode::Unavailable);
        *store.outage.lock().unwrap() = None;
        assert_eq!(reader.get(["id0"]).await.unwrap(), [Some(document("id0", 1))]);
    });
}

/// The codes of the errors that were told.
#[derive(Default)]
struct Heard(Mutex<Vec<ErrorCode>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        let Event::StoreError { error } = event else { panic!("{event:?}") };
        self.0.lock().unwrap().push(error.code());
    }
}

#[test]
fn calls_that_go_on_without_a_look_say_so_once_an_outage() {
    block_on(async {
        let (inner, clock) = fresh();
        let (store, heard) = (Watched::over(inner), Arc::new(Heard::default()));
        let mut options = options(&clock, 1);
        options.stale_if_error = true;
        options.observer = Some(heard.clone());
        let reader = VectorIndex::new(store.clone(), options).unwrap();
        let told = || heard.0.lock().unwrap().len();
        add(&reader, &documents(0..1, 1)).await.unwrap();
        reader.get(["id0"]).await.unwrap();
        for outage in 1..4 {
            clock.advance_ms(1);
            *store.outage.lock().unwrap() = Some((clock.clone(), 10));
            // Who is told by an error needs no other word; and whoever searches then goes on without a look at once.
            reader.refresh().await.unwrap_err();
            assert_eq!(told(), outage - 1);
            for _ in 0..3 {
                reader.get(["id0"]).await.unwrap();
                assert_eq!(told(), outage);
                clock.advance_ms(11);
            }
            *store.outage.lock().unwrap() = None;
            reader.get(["id0"]).await.unwrap();
        }
        assert_eq!(*heard.0.lock().unwrap(), [ErrorCode::Unavailable; 3]);
    });
}
