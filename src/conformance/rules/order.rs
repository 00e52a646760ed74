//! What is checked first, and in what order calls take effect.

use super::super::context::Context;
use super::super::expect::{Checked, Expected, check, entries, finds, lists, matches, refused, together};
use std::any::Any;
use std::time::Duration;

use crate::store::LiveCursor;
use crate::{BoxFuture, ByteStore, Condition, Cursor, Entries, ErrorCode, Keys, Lookup, Result, Ttl, Value};

super::chapter! {
    "O1-check-order" => check_order,
    "O2-call-order" => call_order,
    "O3-empty-lists" => empty_lists,
}

/// A cursor that no store has made.
struct Foreign;

impl LiveCursor for Foreign {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

async fn check_order(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    let [kept, key, _] = context.three_keys();
    let [old, value, _] = context.three_values();
    store.set_many(entries(&[(&kept, old.clone())]), Ttl::StoreDefault).await?;
    let life = Ttl::After(Duration::from_secs(10));

    let foreign = || store.list(String::new(), Some(Cursor::live(Foreign)), 10);
    refused(foreign().await, ErrorCode::InvalidArgument, "list with a cursor of another store")?;
    if !claims.ttl {
        // Bad arguments come before "nothing to do".
        let nothing = store.set_many(Entries::default(), life).await;
        refused(nothing, ErrorCode::InvalidArgument, "set_many of nothing with a TTL that is not claimed")?;
    }
    finds(store, &[(&kept, Some(&old)), (&key, None)], "after calls that were refused").await?;

    store.close().await?;
    let long = Keys::from(["k".repeat(claims.max_key_bytes.map_or(1, |most| most as usize + 1))]);
    let one = || entries(&[(&key, value.clone())]);
    let longest = || Entries::new(long.clone(), vec![value.clone()]);
    let closed =
        |end: Result<()>, what: &str| refused(end, ErrorCode::Closed, &format!("{what} on a closed store")).map(drop);
    closed(store.get_many(long.clone()).await.map(drop), "get_many of a key that may be too long")?;
    closed(store.set_many(longest(), Ttl::StoreDefault).await, "set_many of a key that may be too long")?;
    closed(store.set_many(one(), life).await, "set_many with a TTL")?;
    closed(store.delete_many(long.clone()).await, "delete_many of a key that may be too long")?;
    closed(store.stat(long.clone()).await.map(drop), "stat of a key that may be too long")?;
    closed(foreign().await.map(drop), "list with a cursor of another store")?;
    closed(store.clear(String::new(), false).await, "clear of everything, unasked,")?;
    closed(store.get_many(Keys::default()).await.map(drop), "get_many of nothing")?;
    closed(store.set_many(Entries::default(), Ttl::StoreDefault).await, "set_many of nothing")?;
    closed(store.delete_many(Keys::default()).await, "delete_many of nothing")?;
    closed(store.stat(Keys::default()).await.map(drop), "stat of nothing")?;
    match store.set_if(one(), vec![Condition::Absent], Ttl::StoreDefault).await {
        // What the trait gives to stores without one cannot know that they are closed.
        Err(error) if !claims.conditional_set && error.code() == ErrorCode::Unsupported => Ok(()),
        end => closed(end.map(drop), "set_if"),
    }
}

/// A call whose answer is looked at, or not, afterwards.
type Call<'a> = BoxFuture<'a, Result<Vec<Lookup>>>;

fn write<'a>(store: &'a dyn ByteStore, pairs: &[(&str, &Value)]) -> Call<'a> {
    let entries: Entries = pairs.iter().map(|(key, value)| (key, (*value).clone())).collect();
    Box::pin(async move { store.set_many(entries, Ttl::StoreDefault).await.map(|()| Vec::new()) })
}

fn remove<'a>(store: &'a dyn ByteStore, key: &str) -> Call<'a> {
    let keys = Keys::from([key]);
    Box::pin(async move { store.delete_many(keys).await.map(|()| Vec::new()) })
}

fn read<'a>(store: &'a dyn ByteStore, keys: &[&str]) -> Call<'a> {
    store.get_many(Keys::from(keys))
}

async fn call_order(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, near, far] = &context.three_keys();
    // The large value would be overtaken where work is merely parallel.
    let [a, b, c] = &[context.value(), context.random.bytes(300_000), context.value()];

    let calls = vec![
        write(store, &[(key, b)]),
        read(store, &[key]),
        write(store, &[(near, b), (key, a)]),
        read(store, &[key]),
        remove(store, key),
        read(store, &[key]),
        write(store, &[(key, c), (far, c)]),
        read(store, &[key, near, far]),
    ];
    let ends = together(calls).await.into_iter().collect::<Result<Vec<_>>>()?;
    let expected: [(usize, &[Expected<'_>], &str); 4] = [
        (1, &[(key, Some(b))], "called behind the first set_many"),
        (3, &[(key, Some(a))], "called behind the second set_many"),
        (5, &[(key, None)], "called behind delete_many"),
        (7, &[(key, Some(c)), (near, Some(b)), (far, Some(c))], "called behind the last set_many"),
    ];
    for (at, expected, what) in expected {
        matches(ends.get(at).map(Vec::as_slice).unwrap_or_default(), expected, what)?;
    }

    // Many writes of one key: the last call wins, not the last to come through.
    let values: Vec<Value> = (0..30).map(|at| context.random.bytes(if at % 3 == 0 { 40_000 } else { 40 })).collect();
    let mut calls: Vec<Call<'_>> = values.iter().map(|value| write(store, &[(key, value)])).collect();
    calls.push(read(store, &[key]));
    calls.push(remove(store, far));
    let ends = together(calls).await.into_iter().collect::<Result<Vec<_>>>()?;
    let last = values.last();
    let seen = ends.get(values.len()).map(Vec::as_slice).unwrap_or_default();
    matches(seen, &[(key, last)], "called behind 30 calls of set_many")?;
    finds(store, &[(key, last), (far, None)], "after 30 calls of set_many").await
}

async fn empty_lists(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, ..] = context.three_keys();
    let value = context.value();
    store.set_many(entries(&[(&key, value.clone())]), Ttl::StoreDefault).await?;
    let before = store.stats();
    check!(store.get_many(Keys::default()).await?.is_empty(), "get_many of nothing gave answers");
    check!(store.stat(Keys::default()).await?.is_empty(), "stat of nothing gave answers");
    store.set_many(Entries::default(), Ttl::StoreDefault).await?;
    store.set_many(Entries::default(), Ttl::Never).await?;
    store.delete_many(Keys::default()).await?;
    if context.claims().conditional_set {
        let stored = store.set_if(Entries::default(), Vec::new(), Ttl::StoreDefault).await?;
        check!(stored.is_empty(), "set_if of nothing gave answers");
    }
    let after = store.stats();
    check!(after == before, "calls with empty lists changed stats from {before:?} to {after:?}");
    finds(store, &[(&key, Some(&value))], "after calls with empty lists").await?;
    lists(store, "", &[&key], "after calls with empty lists").await
}
