//! Lives, the breaker, listings and random orders of events in the tiers.

use std::sync::Arc;
use std::time::Duration;

use bytestow::layers::{OnRemoteError, TieredByteStore};
use bytestow::{
    ByteStore, ByteStoreExt, Clock, Entries, Error, ErrorCode, Expiry, InMemoryByteStore, Keys, MemoryOptions, Ttl,
};
use futures_util::future::join_all;

use super::gate::{Gate, Op, Task, When};
use super::server::TimerClock;
use super::tiers::{Two, delete, down, get, set, some};
use super::{Dice, seeds};

fn life(two: &Two) -> Expiry {
    two.timer.run(two.local.stat(Keys::from(["k"]))).unwrap()[0].unwrap().expiry
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A local entry lives as long as the remote one, where that is known, and at most `local_ttl`.
#[test]
fn lives() {
    for (remote, default, local, expected) in [
        (Some(9_000), None, None, Expiry::In(ms(9_000))),
        (Some(9_000), None, Some(2_000), Expiry::In(ms(2_000))),
        (Some(2_000), None, Some(9_000), Expiry::In(ms(2_000))),
        (None, None, None, Expiry::Never),
        (None, None, Some(3_000), Expiry::In(ms(3_000))),
        (None, Some(5_000), None, Expiry::In(ms(5_000))),
        (None, Some(5_000), Some(3_000), Expiry::In(ms(3_000))),
    ] {
        for writes in [true, false] {
            let two = Two::with(|_, far| far.ttl = default.map(ms), |options| options.local_ttl = local.map(ms));
            let entries = || Entries::from([("k", "v")]);
            // What is behind the gate knows of no default: it is given its life.
            let given = remote.or(default).map_or(Ttl::Never, |life| Ttl::After(ms(life)));
            if writes {
                let store = two.a.clone();
                let ttl = remote.map_or(Ttl::StoreDefault, |life| Ttl::After(ms(life)));
                Task::new(async move { store.set_many(entries(), ttl).await }).end().unwrap();
            } else {
                two.timer.run(two.remote.set_many(entries(), given)).unwrap();
                assert_eq!(get(&two.a).end().unwrap(), some("v"));
            }
            assert_eq!(life(&two), expected, "{remote:?} {default:?} {local:?}, written: {writes}");
        }
    }
}

/// A remote store that does not say how long a value still lives, as Redis does not with its values.
#[test]
fn an_unknown_life_is_the_stores_own() {
    for (local, expected) in [(None, Expiry::In(ms(5_000))), (Some(2_000), Expiry::In(ms(2_000)))] {
        let two = Two::with(
            |_, far| {
                far.ttl = Some(ms(5_000));
                far.says_life = false;
            },
            |options| options.local_ttl = local.map(ms),
        );
        two.remotely("v");
        assert_eq!(get(&two.a).end().unwrap(), some("v"));
        assert_eq!(life(&two), expected);
    }
}

#[test]
fn an_entry_that_expires_is_read_again() {
    let two = Two::with(|_, _| {}, |options| options.local_ttl = Some(ms(2_000)));
    set(&two.a, "old").end().unwrap();
    two.remotely("new");
    assert_eq!(get(&two.a).end().unwrap(), some("old"), "tiers are for what does not change");
    two.pass(2_000);
    assert_eq!(get(&two.a).end().unwrap(), some("new"));
}

/// What cannot expire locally is not kept there, and what was there before goes.
#[test]
fn a_local_store_that_cannot_expire_keeps_nothing_that_must() {
    let two = Two::with(|near, _| near.claims.get_mut().unwrap().ttl = false, |_| {});
    set(&two.a, "for ever").end().unwrap();
    assert_eq!(two.held().0, some("for ever"));
    let store = two.a.clone();
    let life = Ttl::After(ms(1_000));
    Task::new(async move { store.set_many([("k", "a while")].into(), life).await }).end().unwrap();
    assert_eq!(two.held(), (None, some("a while")));
    assert_eq!(get(&two.b).end().unwrap(), some("a while"));
    assert_eq!(two.held().0, None, "nor is it written back");
    two.pass(1_000);
    assert_eq!(get(&two.a).end().unwrap(), None);
}

#[test]
fn a_refusal_for_good_opens_a_breaker() {
    for code in [ErrorCode::QuotaExceeded, ErrorCode::Unauthorized] {
        for throws in [false, true] {
            let two = Two::with(
                |_, _| {},
                |options| {
                    if throws {
                        options.on_remote_error = OnRemoteError::Throw;
                    }
                },
            );
            two.remotely("v");
            [Op::Get, Op::List, Op::Stat].into_iter().for_each(|op| two.far.fail(op, Error::new(code, "no")));
            let expected = if throws { Err(code) } else { Ok(None) };
            assert_eq!(get(&two.a).end().map_err(|error| error.code()), expected);
            assert_eq!(two.far.calls(), [Op::Get]);
            two.far.recover();
            two.pass(59_900);
            assert_eq!(get(&two.a).end().map_err(|error| error.code()), expected, "it answers again, unasked");
            let store = two.a.clone();
            let others = Task::new(async move {
                (store.keys("").await.map_err(|e| e.code()), store.stat(Keys::from(["k"])).await.map_err(|e| e.code()))
            });
            let others = others.end();
            assert_eq!(others, if throws { (Err(code), Err(code)) } else { (Ok(vec![]), Ok(vec![None])) });
            assert_eq!(two.far.calls(), [], "it is left alone");
            two.pass(101);
            assert_eq!(get(&two.a).end().unwrap(), some("v"));
            assert_eq!(two.far.calls(), [Op::Get]);
        }
    }
}

#[test]
fn a_failure_that_may_pass_opens_none() {
    let two = Two::new();
    two.remotely("v");
    two.far.fail(Op::Get, down());
    assert_eq!(get(&two.a).end().unwrap(), None);
    two.far.recover();
    assert_eq!(get(&two.a).end().unwrap(), some("v"));
}

/// A listing that has begun with the remote store goes on with it, or fails: of two stores it would be neither's.
#[test]
fn a_listing_falls_back_at_its_first_page_only() {
    let two = Two::new();
    let store = two.a.clone();
    let pairs: Entries = (0..6).map(|at| (format!("{at}"), "v")).collect();
    Task::new(async move { store.set_many(pairs, Ttl::Never).await }).end().unwrap();
    two.timer.run(two.local.delete_many(Keys::from(["1", "4"]))).unwrap();
    two.timer.run(async {
        let first = two.a.list(String::new(), None, 2).await.unwrap();
        assert_eq!(first.keys, ["0", "1"]);
        two.far.fail(Op::List, down());
        let next = two.a.list(String::new(), first.next, 2).await;
        assert_eq!(next.map_err(|error| error.code()).err(), Some(ErrorCode::Unavailable));
        // One that begins now is the local store's to its end, whatever comes back meanwhile.
        let first = two.a.list(String::new(), None, 2).await.unwrap();
        two.far.recover();
        let rest = two.a.list(String::new(), first.next, 9).await.unwrap();
        assert_eq!([first.keys, rest.keys].concat(), ["0", "2", "3", "5"]);
        assert!(rest.next.is_none());
        assert_eq!(two.a.keys("").await.unwrap().len(), 6);
    });
}

#[test]
fn stat_is_the_remote_stores() {
    let two = Two::new();
    two.remotely("remote only");
    let store = two.a.clone();
    let stats = Task::new(async move { store.stat(Keys::from(["k"])).await }).end().unwrap();
    assert_eq!(stats[0].map(|stat| stat.bytes), Some(11));
    assert_eq!(two.held().0, None, "a stat brings nothing nearer");
}

#[test]
fn reads_of_one_key_ask_once_and_one_may_leave() {
    for leaves in [0, 1] {
        let two = Two::new();
        two.remotely("v");
        two.far.catch(Op::Get, When::After);
        let mut reads = vec![get(&two.a), get(&two.a)];
        assert!(two.far.has_caught() && !reads.iter_mut().any(Task::push));
        drop(reads.remove(leaves));
        two.far.open();
        assert_eq!(reads.remove(0).end().unwrap(), some("v"));
        assert_eq!(two.far.calls(), [Op::Get]);
        assert_eq!(two.held().0, some("v"));
    }
}

#[test]
fn what_one_handle_writes_the_other_sees() {
    let two = Two::new();
    set(&two.a, "1").end().unwrap();
    assert_eq!(get(&two.b).end().unwrap(), some("1"));
    set(&two.b, "2").end().unwrap();
    assert_eq!(get(&two.a).end().unwrap(), some("2"));
    delete(&two.a).end().unwrap();
    assert_eq!(get(&two.b).end().unwrap(), None);
    two.timer.run(two.a.close()).unwrap();
    assert_eq!(get(&two.a).end().map_err(|error| error.code()), Err(ErrorCode::Closed));
    set(&two.b, "3").end().unwrap();
    assert_eq!(two.held(), (some("3"), some("3")), "the tiers are not closed with a handle");
}

/// A remote store with a life of its own for entries, in memory.
#[test]
fn the_remote_stores_default_life_holds_in_both() {
    let two = Two::new();
    let clock = TimerClock(two.timer.clone());
    let begun = clock.now_ms();
    let options = MemoryOptions { ttl: Some(ms(4_000)), clock: Some(Arc::new(clock)), ..MemoryOptions::default() };
    let remote = Arc::new(InMemoryByteStore::with_options(options));
    let options = bytestow::layers::TieredOptions::new(Arc::new(two.timer.clone()));
    let store = Arc::new(TieredByteStore::new(two.local.clone(), remote, options));
    set(&store, "v").end().unwrap();
    two.pass(3_999);
    assert_eq!(get(&store).end().unwrap(), some("v"));
    two.pass(1);
    assert_eq!(get(&store).end().unwrap(), None, "{} ms later", TimerClock(two.timer.clone()).now_ms() - begun);
}

/// Calls that nobody waits for, in any order of events: when all have ended, both tiers hold the same, and what the last
/// write left.
#[test]
fn unawaited_calls_leave_both_tiers_equal() {
    for seed in seeds(1..=60) {
        let mut dice = Dice::new(seed);
        let conditional = dice.one_in(2);
        let two = Two::with(|near, _| near.claims.get_mut().unwrap().conditional_set = conditional, |_| {});
        let gates: [&Arc<Gate>; 2] = [&two.near, &two.far];
        let mut last = None;
        let mut tasks: Vec<Task<()>> = Vec::new();
        for call in 0..30 {
            if dice.one_in(3) {
                let op = [Op::Get, Op::Set, Op::Delete][dice.below(3)];
                // The local store is in memory, and does what it is asked at once.
                let (gate, when) =
                    [(gates[1], When::Before), (gates[1], When::After), (gates[0], When::After)][dice.below(3)];
                gate.catch(op, when);
            }
            let store = if dice.one_in(2) { two.a.clone() } else { two.b.clone() };
            tasks.push(match dice.below(5) {
                0 | 1 => {
                    let value = format!("value {call}");
                    last = Some(value.clone());
                    Task::new(async move { store.set("k", value.as_str()).await.unwrap() })
                }
                2 => {
                    last = None;
                    Task::new(async move { store.delete_many(Keys::from(["k"])).await.unwrap() })
                }
                _ => Task::new(async move { drop(store.get("k").await.unwrap()) }),
            });
            for _ in 0..dice.below(4) {
                let at = dice.below(tasks.len());
                tasks[at].push();
            }
            if dice.one_in(6) {
                gates[dice.below(2)].open();
            }
        }
        gates.iter().for_each(|gate| gate.open());
        // Writes wait a second for reads that nobody polls, in each layer.
        for _ in 0..200 {
            let ended = tasks.iter_mut().map(Task::push).filter(|ended| *ended).count();
            if ended == tasks.len() {
                break;
            }
            two.pass(1_001);
        }
        assert!(tasks.iter_mut().all(Task::push), "seed={seed}: some call never ends");
        let (local, remote) = two.held();
        assert_eq!(remote, last, "seed={seed}: the last call wins");
        assert!(local.is_none() || local == remote, "seed={seed}: {local:?} before {remote:?}");
        for store in [&two.a, &two.b] {
            assert_eq!(get(store).end().unwrap(), last, "seed={seed}");
        }
    }
}

/// The same, all at once and awaited together.
#[test]
fn calls_at_once_take_effect_in_call_order() {
    for seed in seeds(1..=20) {
        let mut dice = Dice::new(seed);
        let two = Two::new();
        let mut last = None;
        let calls: Vec<_> = (0..20)
            .map(|call| {
                let store = [&two.a, &two.b][dice.below(2)];
                let value = dice.below(3).gt(&0).then(|| format!("value {call}"));
                last.clone_from(&value);
                async move {
                    match value {
                        Some(value) => store.set("k", value.as_str()).await,
                        None => store.delete_many(Keys::from(["k"])).await,
                    }
                }
            })
            .collect();
        two.timer.run(join_all(calls)).into_iter().for_each(|end| end.unwrap());
        assert_eq!(two.held(), (last.clone(), last), "seed={seed}");
    }
}
