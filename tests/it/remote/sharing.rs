//! What concurrent calls share, and what they do not.

use std::time::Duration;

use bytestow::layers::Sharing;
use bytestow::upstash::{UpstashOptions, UpstashRedisByteStore};
use bytestow::{ByteStore, ByteStoreExt, Keys, Lookup, Result, Timer, Value};
use futures_util::future::{join, join_all};

use super::faults::Fault;
use super::server::Mode;
use super::{options, store};

fn values(found: Result<Vec<Lookup>>) -> Vec<Option<Value>> {
    found.unwrap().into_iter().map(|lookup| lookup.value).collect()
}

#[test]
fn reads_of_one_turn_are_one_request() {
    let (store, server, timer) = store(Mode::FULL);
    timer.run(async {
        store.set_many([("a", "1"), ("b", "2"), ("c", "3")].into(), bytestow::Ttl::Never).await.unwrap();
        let reads = [["a", "b"], ["b", "missing"], ["c", "a"]].map(|keys| store.get_many(Keys::from(keys)));
        let found: Vec<_> = join_all(reads).await.into_iter().map(values).collect();
        let some = |text: &str| Some(Value::from(text));
        assert_eq!(found, [vec![some("1"), some("2")], vec![some("2"), None], vec![some("3"), some("1")]]);
    });
    assert_eq!(server.said(), ["MSET", "MGET"]);
    assert_eq!(server.state().seen[1].arguments, [4], "each key once");
    let stats = store.stats();
    assert_eq!((stats.hits, stats.misses, stats.requests), (5, 1, 2));
}

#[test]
fn a_key_under_way_is_asked_once() {
    let (store, server, timer) = store(Mode::FULL);
    server.with("db", |database, _| database.put_raw("k", Some(b"v")));
    server.plan([Fault::Late(Duration::from_secs(3))]);
    timer.run(async {
        let later = async {
            timer.sleep(Duration::from_secs(1)).await;
            store.get_many(Keys::from(["k", "other"])).await
        };
        let (first, second) = join(store.get_many(Keys::from(["k"])), later).await;
        assert_eq!(values(first), [Some("v".into())]);
        assert_eq!(values(second), [Some("v".into()), None]);
    });
    let arguments: Vec<_> = server.state().seen.iter().map(|seen| seen.arguments.clone()).collect();
    assert_eq!(arguments, [[1], [1]], "the second asked for the other key alone");
    let at = server.state().seen[1].at;
    assert!(at < Duration::from_millis(1_100), "it was asked for at {at:?}, not beside the first");
}

#[test]
fn a_write_in_between_is_seen() {
    let (store, server, timer) = store(Mode::FULL);
    server.with("db", |database, _| database.put_raw("k", Some(b"old")));
    server.plan([Fault::Late(Duration::from_secs(5))]);
    timer.run(async {
        let before = store.get("k");
        let between = async {
            timer.sleep(Duration::from_millis(100)).await;
            let (wrote, after) = join(store.set("k", "new"), store.get("k")).await;
            wrote.unwrap();
            after
        };
        let (before, after) = join(before, between).await;
        assert!([Some("old".into()), Some("new".into())].contains(&before.unwrap()));
        assert_eq!(after.unwrap(), Some("new".into()));
    });
    assert_eq!(server.said().iter().filter(|said| *said == "MGET").count(), 2);
}

/// One who waits leaves; the others have their answer all the same.
#[test]
fn an_abort_is_one_waiters() {
    for leaves in [0, 1] {
        let (store, server, timer) = store(Mode::FULL);
        server.with("db", |database, _| database.put_raw("k", Some(b"v")));
        server.plan([Fault::Late(Duration::from_secs(2))]);
        timer.run(async {
            let mut reads = [store.get("k"), store.get("k")];
            let at = &mut reads;
            // Both are under way.
            let pause = Box::pin(async { timer.sleep(Duration::from_secs(1)).await });
            let polled = Box::pin(async {
                join_all(at.iter_mut()).await;
            });
            bytestow::timer::first(polled, pause).await;
            assert_eq!(server.state().under_way, 1);
            let [first, second] = reads;
            let stays = if leaves == 0 {
                drop(first);
                second
            } else {
                drop(second);
                first
            };
            assert_eq!(stays.await.unwrap(), Some("v".into()));
        });
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn when_all_leave_the_request_ends() {
    let (store, server, timer) = store(Mode::FULL);
    server.plan([Fault::Silent]);
    timer.run(async {
        let reads = Box::pin(async {
            let (first, second) = join(store.get("k"), store.get("k")).await;
            panic!("an answer came: {first:?}, {second:?}");
        });
        bytestow::timer::first(reads, timer.sleep(Duration::from_secs(1))).await;
    });
    assert_eq!((server.requests(), server.state().under_way), (1, 0), "its socket is free");
    // And it holds up nobody.
    timer.run(store.set("k", "v")).unwrap();
    assert!(timer.now() < Duration::from_millis(1_100), "{:?}", timer.now());
}

#[test]
fn where_nothing_is_shared_each_asks() {
    let (_, server, timer) = store(Mode::FULL);
    let options = UpstashOptions { sharing: Sharing::Nothing, ..options(&server, "db") };
    let store = UpstashRedisByteStore::new(options).unwrap();
    server.with("db", |database, _| database.put_raw("k", Some(b"v")));
    timer.run(async {
        for found in join_all((0..3).map(|_| store.get("k"))).await {
            assert_eq!(found.unwrap(), Some("v".into()));
        }
    });
    assert_eq!(server.said(), ["MGET", "MGET", "MGET"]);
}
