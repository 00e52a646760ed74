//! A handle's end, what it tells, and conditional sets on presence.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::super::context::Context;
use super::super::expect::{Checked, UnderWay, check, delete, entries, finds, lacks, refused, set, together, walk};
use super::super::harness::Bounds;
use crate::store::Expiry;
use crate::{ByteStore, Condition, Cursor, Entries, ErrorCode, Event, Keys, Observe, Result, Stat, Stats, Ttl, Value};

super::chapter! {
    "S1-close" => close,
    "S2-stat" => stat,
    "S3-stats" => stats,
    "S4-conditional-set" => conditional_set,
}

async fn all_closed(store: &dyn ByteStore, key: &str, cursor: Option<Cursor>, conditional: bool) -> Checked {
    let closed =
        |end: Result<()>, what: &str| refused(end, ErrorCode::Closed, &format!("{what} after close")).map(drop);
    let entry = || entries(&[(key, Value::from("v"))]);
    closed(store.get_many(Keys::from([key])).await.map(drop), "get_many")?;
    closed(store.set_many(entry(), Ttl::StoreDefault).await, "set_many")?;
    closed(store.delete_many(Keys::from([key])).await, "delete_many")?;
    closed(store.list(String::new(), None, 10).await.map(drop), "list")?;
    if cursor.is_some() {
        closed(store.list(String::new(), cursor, 10).await.map(drop), "list of a walk begun before,")?;
    }
    closed(store.stat(Keys::from([key])).await.map(drop), "stat")?;
    closed(store.clear(String::new(), true).await, "clear")?;
    closed(store.clear(key.to_owned(), false).await, "clear of a prefix")?;
    if conditional {
        closed(store.set_if(entry(), vec![Condition::Absent], Ttl::StoreDefault).await.map(drop), "set_if")?;
    }
    Ok(())
}

async fn close(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    let beside = context.other().await?;
    let [key, second, last] = &context.three_keys();
    let value = &context.value();
    store.open().await?;
    store.open().await?;
    check!(store.capabilities() == claims, "capabilities changed when the store was opened");
    set(store, &[(key, value.clone()), (second, value.clone())]).await?;
    let begun = store.list(String::new(), None, 1).await?.next;
    let counted = store.stats();

    // A call under way ends: done or closed, but it ends.
    let mut under_way = UnderWay::new(store.set_many(entries(&[(last, value.clone())]), Ttl::StoreDefault));
    under_way.push().await;
    for end in under_way.beside(Box::pin(together(vec![store.close(), store.close()]))).await {
        end?;
    }
    if let Err(error) = under_way.end().await {
        let code = error.code();
        check!(code == ErrorCode::Closed, "set_many under way when the store was closed ended in {error}");
    }
    store.close().await?;

    all_closed(store, key, begun, claims.conditional_set).await?;
    let after = store.stats();
    check!(after.bytes_written >= counted.bytes_written, "stats went from {counted:?} to {after:?} by close");
    if let Err(error) = store.open().await {
        check!(error.code() == ErrorCode::Closed, "open after close was refused as {error}");
    }
    all_closed(store, key, None, claims.conditional_set).await?;

    if let Some(beside) = &beside {
        finds(&**beside, &[(key, Some(value))], "of another handle after this one was closed").await?;
        set(&**beside, &[(key, value.clone())]).await?;
    }
    let again = context.open().await?;
    let seen = again.get_many(Keys::from([key])).await?.pop().and_then(|lookup| lookup.value);
    if claims.persistent {
        check!(seen.as_ref() == Some(value), "a store that claims to persist does not show its data again");
    } else {
        check!(seen.is_none_or(|seen| seen == *value), "a store opened anew shows a value that was not written");
    }
    set(&*again, &[(key, value.clone())]).await?;
    finds(&*again, &[(key, Some(value))], "of a store opened anew").await
}

async fn stat(context: &Context<'_>) -> Checked {
    let (store, claims, clock) = (context.store(), context.claims(), &context.clock);
    let [a, mortal, empty] = &context.three_keys();
    let value = context.random.bytes(1_234);
    let life = Duration::from_secs(100);
    let now = crate::Clock::now_ms(&**clock);
    set(store, &[(a, value.clone()), (empty, Value::default())]).await?;
    let ttl = if claims.ttl { Ttl::After(life) } else { Ttl::StoreDefault };
    store.set_many(entries(&[(mortal, value.clone())]), ttl).await?;
    clock.advance_ms(4_000);

    let before = store.stats();
    let asked = ["missing", a, mortal, empty, a];
    let stats = store.stat(Keys::from(asked)).await?;
    let sizes: Vec<_> = stats.iter().map(|stat| stat.map(|stat| stat.bytes)).collect();
    check!(sizes == [None, Some(1_234), Some(1_234), Some(0), Some(1_234)], "stat gives the sizes {sizes:?}");
    let found = store.get_many(Keys::from(asked)).await?;
    let lookups: Vec<Option<Stat>> = found.iter().map(crate::Lookup::stat).collect();
    for (from, stats) in [("stat", &stats), ("get_many", &lookups)] {
        for (key, stat) in asked.iter().zip(stats) {
            let Some(Stat { expiry, written, .. }) = stat else { continue };
            let right = match expiry {
                Expiry::Unknown => true,
                Expiry::Never => key != mortal || !claims.ttl,
                // What does not go by the clock to the millisecond may be off by a second.
                Expiry::In(left) => {
                    let off = left.abs_diff(life - Duration::from_secs(4));
                    let grace = if claims.exact_ttl { 0 } else { 1_000 };
                    key == mortal && claims.ttl && off <= Duration::from_millis(grace)
                }
            };
            check!(right, "{from} says {expiry:?} of {key}; 4 s before, one of three entries was given 100 s");
            check!(written.is_none_or(|at| at == now), "{from} says of {key} that it was written at {written:?}");
        }
    }
    let counted = store.stats();
    check!(counted.bytes_read >= before.bytes_read, "stats went from {before:?} to {counted:?}");
    set(store, &[(a, context.random.bytes(5))]).await?;
    delete(store, &[empty]).await?;
    let later = store.stat(Keys::from([a, empty])).await?;
    let sizes: Vec<_> = later.iter().map(|stat| stat.map(|stat| stat.bytes)).collect();
    check!(sizes == [Some(5), None], "stat after one was replaced and one deleted gives the sizes {sizes:?}");
    let written = later.first().copied().flatten().and_then(|stat| stat.written);
    check!(written.is_none_or(|at| at == now + 4_000), "stat of a key written again says {written:?}");
    Ok(())
}

/// Collects what it is told.
#[derive(Default)]
struct Heard(Mutex<Vec<Event>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

async fn stats(context: &Context<'_>) -> Checked {
    let store = context.store();
    let fresh = |stats: Stats| (stats.hits, stats.misses, stats.bytes_read, stats.bytes_written) == (0, 0, 0, 0);
    let unused = store.stats();
    check!(fresh(unused), "stats of an unused store: {unused:?}");
    let keys = context.keys(5, "key");
    let pairs: Vec<_> =
        keys.iter().zip([10, 0, 3_000, 77, 1]).map(|(key, length)| (key, context.random.bytes(length))).collect();
    set(store, &pairs).await?;
    let asked = keys.iter().map(String::as_str).chain(["missing", "missing too"]);
    store.get_many(asked.collect()).await?;
    store.get_many(keys.iter().skip(2).take(1).map(String::as_str).chain(["missing"]).collect()).await?;
    let Stats { hits, misses, bytes_read, bytes_written, evictions, .. } = store.stats();
    let counted = (hits, misses, bytes_read, bytes_written, evictions);
    let right = (6, 3, 6_088, 3_088, 0);
    check!(counted == right, "hits, misses, bytes read and written, evictions are {counted:?}, not {right:?}");
    let other = context.open().await?.stats();
    check!(fresh(other), "stats of another handle: {other:?}");

    let heard = Arc::new(Heard::default());
    let bounds = Bounds { max_entries: Some(2), ..Bounds::default() };
    let Some(bounded) = context.bounded(bounds, Some(heard.clone())).await? else {
        context.note("this kind of store has no bounds: evictions were not looked at");
        return Ok(());
    };
    for key in ["a", "b", "c"] {
        set(&*bounded, &[(key, context.random.bytes(20))]).await?;
    }
    let evictions = bounded.stats().evictions;
    check!(evictions == 1, "{evictions} evictions after three entries where two are allowed");
    let left = walk(&*bounded, "", 100).await?.len();
    check!(left == 2, "{left} keys are left where two are allowed");
    lacks(&*bounded, &["a"], "of the entry that was used least recently").await?;
    let heard = heard.0.lock().unwrap_or_else(PoisonError::into_inner);
    let dropped: Vec<_> = heard.iter().filter(|event| matches!(event, Event::Evict { .. })).collect();
    check!(matches!(dropped.as_slice(), [Event::Evict { keys: 1, bytes: 21 }]), "the observer was told {dropped:?}");
    Ok(())
}

async fn conditional_set(context: &Context<'_>) -> Checked {
    use Condition::{Absent, Present};
    let (store, claims) = (context.store(), context.claims());
    let [a, b, c] = &context.three_keys();
    let [v, w, x] = &[context.value(), context.random.bytes(900), context.value()];
    if !claims.conditional_set {
        set(store, &[(a, v.clone())]).await?;
        for condition in [Absent, Present] {
            let pairs = entries(&[(a, w.clone()), (b, w.clone())]);
            let end = store.set_if(pairs, vec![condition, condition], Ttl::StoreDefault).await;
            refused(end, ErrorCode::Unsupported, "set_if where it is not claimed")?;
        }
        return finds(store, &[(a, Some(v)), (b, None)], "after set_if was refused").await;
    }
    let empty = &Value::default();
    // What is set, on what condition, whether it is stored; and what is there afterwards.
    type Step<'a> = (&'a [(&'a String, &'a Value, Condition, bool)], [Option<&'a Value>; 3]);
    let steps: [Step<'_>; 7] = [
        (&[(a, v, Present, false), (b, v, Present, false)], [None, None, None]),
        (&[(a, v, Absent, true)], [Some(v), None, None]),
        (&[(b, w, Absent, true), (a, w, Absent, false), (c, x, Absent, true)], [Some(v), Some(w), Some(x)]),
        (&[(a, w, Present, true), (c, w, Absent, false), (b, empty, Present, true)], [Some(w), Some(empty), Some(x)]),
        // An empty value is there.
        (&[(b, v, Absent, false), (b, w, Present, true)], [Some(w), Some(w), Some(x)]),
        (&[(c, v, Present, true), (c, w, Present, true), (c, x, Absent, false)], [Some(w), Some(w), Some(w)]),
        (&[], [Some(w), Some(w), Some(w)]),
    ];
    for (at, (step, after)) in steps.iter().enumerate() {
        let pairs: Entries = step.iter().map(|(key, value, ..)| (key, (*value).clone())).collect();
        let conditions = step.iter().map(|(_, _, condition, _)| *condition).collect();
        let stored = store.set_if(pairs, conditions, Ttl::StoreDefault).await?;
        let expected: Vec<bool> = step.iter().map(|(.., stored)| *stored).collect();
        check!(stored == expected, "set_if, step {at}: stored {stored:?}, not {expected:?}");
        let [at_a, at_b, at_c] = *after;
        finds(store, &[(a, at_a), (b, at_b), (c, at_c)], &format!("after set_if, step {at}")).await?;
    }
    // Of duplicates each sees what the one before it did.
    delete(store, &[a, c]).await?;
    let twice = entries(&[(c, v.clone()), (c, w.clone()), (c, x.clone())]);
    let stored = store.set_if(twice, vec![Absent, Absent, Present], Ttl::StoreDefault).await?;
    check!(stored == [true, false, true], "set_if of a missing key three times: {stored:?}");
    finds(store, &[(c, Some(x))], "of a key that stood three times").await?;
    // An entry without a condition is not stored.
    let pairs = entries(&[(c, v.clone()), (a, v.clone())]);
    let stored = store.set_if(pairs, vec![Present], Ttl::StoreDefault).await?;
    check!(stored == [true, false], "set_if with one condition for two entries: {stored:?}");
    finds(store, &[(c, Some(v)), (a, None)], "after set_if with one condition for two entries").await?;

    // Of writers that all want a missing key, one gets it, and its value stays.
    let values: Vec<Value> = (0..12).map(|at| context.random.bytes(if at % 2 == 0 { 30 } else { 20_000 })).collect();
    let race = |value: &Value| store.set_if(entries(&[("race", value.clone())]), vec![Absent], Ttl::StoreDefault);
    let ends = together(values.iter().map(race).collect()).await.into_iter().collect::<Result<Vec<_>>>()?;
    let winners: Vec<_> = values.iter().zip(&ends).filter(|(_, end)| **end == [true]).map(|(value, _)| value).collect();
    check!(winners.len() == 1, "12 concurrent set_if of a missing key have {} winners", winners.len());
    finds(store, &[("race", winners.first().copied())], "after the race").await?;
    if claims.ttl {
        let mortal =
            |value: &Value, condition, ttl| store.set_if(entries(&[("m", value.clone())]), vec![condition], ttl);
        let life = Ttl::After(Duration::from_secs(10));
        check!(mortal(v, Absent, life).await? == [true], "set_if of a missing key with a TTL was not stored");
        context.clock.advance_ms(60_000);
        check!(mortal(w, Present, life).await? == [false], "set_if took an expired entry for one that is there");
        check!(
            mortal(x, Absent, Ttl::StoreDefault).await? == [true],
            "set_if did not take an expired entry for missing"
        );
        context.clock.advance_ms(60_000);
        finds(store, &[("m", Some(x))], "of a key set on condition again, without a TTL").await?;
    }
    Ok(())
}
