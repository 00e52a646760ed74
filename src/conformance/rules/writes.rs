//! What `set_many` leaves, and what others see of it.

use std::sync::Arc;

use super::super::context::{Context, Pairs};
use super::super::expect::{
    Checked, UnderWay, check, delete, entries, finds, holds, keys_of, lacks, lists, refused, set, together,
};
use super::super::harness::Bounds;
use crate::{BoxFuture, ByteStore, ErrorCode, Keys, Lookup, Result, Ttl, Value};

super::chapter! {
    "W1-overwrite-length" => overwrite_length,
    "W2-last-wins" => last_wins,
    "W3-read-your-writes" => read_your_writes,
    "W4-shared-writes" => shared_writes,
    "W6-too-large" => too_large,
    "W7-atomic-batch" => atomic_batch,
    "W8-concurrent-writers" => concurrent_writers,
}

async fn overwrite_length(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, beside, _] = &context.three_keys();
    let still = context.random.bytes(500);
    set(store, &[(beside, still.clone())]).await?;
    for length in [10, 100_000, 7, 300, 0, 65_600, 1] {
        let value = context.random.bytes(length);
        set(store, &[(key, value.clone())]).await?;
        let what = format!("after a value of {length} bytes");
        finds(store, &[(key, Some(&value)), (beside, Some(&still))], &what).await?;
        let stat = store.stat(Keys::from([key])).await?.first().copied().flatten();
        check!(stat.is_some_and(|stat| stat.bytes == length as u64), "stat {what}: {stat:?}");
    }
    Ok(())
}

async fn last_wins(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, beside, third] = &context.three_keys();
    let [a, b, c, d] = [context.value(), context.random.bytes(5_000), context.value(), Value::default()];
    let pairs = [(key, &b), (beside, &a), (key, &a), (third, &c), (key, &c), (third, &d)];
    set(store, &pairs.map(|(key, value)| (key, value.clone()))).await?;
    let expected = [(key.as_str(), Some(&c)), (beside, Some(&a)), (third, Some(&d))];
    finds(store, &expected, "after set_many with duplicates").await?;
    lists(store, "", &[key, beside, third], "after set_many with duplicates").await?;
    set(store, &[(key, a.clone()), (key, b.clone())]).await?;
    finds(store, &[(key, Some(&b))], "after a second set_many with duplicates").await?;
    delete(store, &[key]).await?;
    lacks(store, &[key], "after delete_many of a key that stood twice").await
}

async fn read_your_writes(context: &Context<'_>) -> Checked {
    let store = context.store();
    let keys = context.keys(200, "key");
    let first = context.pairs(&keys);
    set(store, &first).await?;
    holds(store, &first, "right after set_many").await?;
    let second = context.pairs(&keys);
    set(store, &second).await?;
    holds(store, &second, "right after a second set_many").await?;
    lists(store, "", &keys, "right after set_many").await?;
    let (gone, left) = second.split_at(100);
    delete(store, &keys_of(gone)).await?;
    lists(store, "", &keys_of(left), "right after delete_many").await?;
    lacks(store, &keys_of(gone), "right after delete_many").await?;
    holds(store, left, "of the others right after delete_many").await?;
    let stats = store.stat(keys.iter().collect()).await?;
    let there = stats.iter().map(Option::is_some).eq((0..200).map(|at| at >= 100));
    check!(there, "stat right after delete_many of the first 100 of 200 keys does not show it");
    store.clear(String::new(), true).await?;
    lacks(store, &keys, "right after clear").await
}

async fn shared_writes(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    let [key, second, _] = &context.three_keys();
    let [a, b] = &[context.value(), context.random.bytes(3_000)];
    let other = context.other().await?;
    if claims.shared_writes {
        let Some(other) = other else {
            return Err("the store claims shared_writes, but the harness gives no other handle to see them with"
                .to_owned()
                .into());
        };
        // The other handle looks before each write: an answer that it remembers would show.
        lacks(&*other, &[key], "of the other handle before anything").await?;
        for (from, to, who) in [(store, &*other, "the other handle"), (&*other, store, "this handle")] {
            for value in [a, b, a] {
                set(from, &[(key, value.clone())]).await?;
                let what = format!("of {who} after set_many");
                finds(to, &[(key, Some(value)), (second, None)], &what).await?;
                lists(to, "", &[key], &what).await?;
            }
            delete(from, &[key]).await?;
            lacks(to, &[key], &format!("of {who} after delete_many")).await?;
            lists(to, "", &[""; 0], &format!("of {who} after delete_many")).await?;
        }
        return Ok(());
    }
    let other = match other {
        Some(other) => other,
        None => context.open().await?,
    };
    set(store, &[(key, a.clone())]).await?;
    let seen = other.get_many(Keys::from([key])).await?.pop().and_then(|lookup| lookup.value);
    if claims.shared_backend {
        // What lies below is not this store's to promise: it may show the write or not, but not half of it.
        context.note("shared_writes is not claimed and the backend is shared: another handle may see a write or not");
        check!(seen.is_none_or(|seen| seen == *a), "another handle sees neither nothing nor the value written");
        return Ok(());
    }
    check!(seen.is_none(), "the store claims that other handles do not see its writes, but one does");
    set(&*other, &[(second, b.clone())]).await?;
    finds(store, &[(key, Some(a)), (second, None)], "after another handle wrote").await?;
    lists(store, "", &[key], "after another handle wrote").await
}

async fn too_large(context: &Context<'_>) -> Checked {
    let few = context.bounded(Bounds { max_entries: Some(4), ..Bounds::default() }, None).await?;
    let small = context.bounded(Bounds { max_bytes: Some(10_000), ..Bounds::default() }, None).await?;
    let (Some(few), Some(small)) = (few, small) else {
        context.note("this kind of store has no bounds: only a batch of 1 MiB was checked");
        let pairs = context.pairs_of(&context.keys(64, "key"), 16_384);
        set(context.store(), &pairs).await?;
        return holds(context.store(), &pairs, "after set_many of 1 MiB").await;
    };
    let [kept, ..] = &context.three_keys();
    let old = context.random.bytes(200);
    let keys = context.keys(5, "key");
    let mut uneven = context.pairs_of(&["a"], 10);
    uneven.push(("b".to_owned(), context.random.bytes(10_001)));
    let too_large: [(&str, &Arc<dyn ByteStore>, Pairs, &str); 5] = [
        ("5 entries", &few, context.pairs(&keys), "4"),
        ("20,000 bytes in 5 values", &small, context.pairs_of(&keys, 4_000), "10000"),
        ("one value of 10,001 bytes", &small, context.pairs_of(&["k"], 10_001), "10000"),
        // Keys are stored too.
        ("a key of 9,000 bytes and a value of 1,001", &small, context.pairs_of(&["k".repeat(9_000)], 1_001), "10000"),
        // The first alone would fit, and would be seen if entries went in one by one.
        ("a small value and a large one", &small, uneven, "10000"),
    ];
    for (what, store, pairs, limit) in too_large {
        set(&**store, &[(kept, old.clone())]).await?;
        let set = store.set_many(entries(&pairs), Ttl::StoreDefault).await;
        let message = refused(set, ErrorCode::TooLarge, &format!("set_many of {what}"))?;
        check!(message.contains(limit), "set_many of {what} was refused without the limit {limit}: {message}");
        // Not even room was made for it.
        finds(&**store, &[(kept, Some(&old))], &format!("after {what} were refused")).await?;
        lacks(&**store, &keys_of(&pairs), &format!("after {what} were refused")).await?;
        lists(&**store, "", &[kept], &format!("after {what} were refused")).await?;
    }
    // What fits goes in: here five pairs, but four entries. Then just as many bytes as there may be.
    let mut fits = context.pairs(&keys);
    fits.truncate(4);
    let mut five = fits.clone();
    five.insert(0, (fits.first().map(|(key, _)| key.clone()).unwrap_or_default(), old.clone()));
    set(&*few, &five).await?;
    holds(&*few, &fits, "after a set_many that just fits").await?;
    let all = context.pairs_of(&["12345"], 9_995);
    set(&*small, &all).await?;
    holds(&*small, &all, "after a set_many of just the bound").await?;
    lists(&*small, "", &["12345"], "after a set_many of just the bound").await
}

/// One generation of values: each key's is its own.
fn generation(context: &Context<'_>, keys: &[String], length: usize) -> Pairs {
    context.pairs_of(keys, length)
}

/// Which generation an answer is: `None` where it is missing.
fn generation_of(generations: &[Pairs], at: usize, lookup: &Lookup) -> Checked<Option<usize>> {
    let Some(value) = &lookup.value else { return Ok(None) };
    let written = |pairs: &Pairs| pairs.get(at).is_some_and(|(_, written)| written == value);
    match generations.iter().position(written) {
        Some(generation) => Ok(Some(generation)),
        None => Err(format!("a value of {} bytes was read under a key that nobody wrote there", value.len()).into()),
    }
}

/// Writes a generation; where there is none left, deletes all.
fn change<'a>(store: &'a dyn ByteStore, keys: &[String], pairs: Option<&Pairs>) -> BoxFuture<'a, Result<()>> {
    match pairs {
        Some(pairs) => store.set_many(entries(pairs), Ttl::StoreDefault),
        None => store.delete_many(Keys::from(keys)),
    }
}

async fn look(reader: &dyn ByteStore, keys: &[String], generations: &[Pairs], atomic: bool, who: &str) -> Checked {
    let found = reader.get_many(Keys::from(keys)).await?;
    check!(found.len() == keys.len(), "{} keys have {} answers", keys.len(), found.len());
    let mut seen = Vec::new();
    for (at, lookup) in found.iter().enumerate() {
        let generation = generation_of(generations, at, lookup)?;
        if !seen.contains(&generation) {
            seen.push(generation);
        }
    }
    check!(!atomic || seen.len() <= 1, "{who} saw half of a batch: generations {seen:?} in one answer");
    Ok(())
}

async fn atomic_batch(context: &Context<'_>) -> Checked {
    const LOOKS: usize = 40;
    let (store, claims) = (context.store(), context.claims());
    let other = if claims.shared_writes { context.other().await? } else { None };
    let mut readers = vec![(store, "a reader of the same handle")];
    readers.extend(other.as_deref().map(|other| (other, "a reader of another handle")));
    if !claims.atomic_batch {
        context.note("atomic_batch is not claimed: only that each value is whole was checked");
    }
    let keys = &context.keys(50, "batch");
    let generations: Vec<Pairs> =
        (0..8).map(|at| generation(context, keys, if at % 2 == 0 { 24 } else { 900 })).collect();
    for (reader, who) in readers {
        for written in 0..=generations.len() {
            let mut call = UnderWay::new(change(store, keys, generations.get(written)));
            call.push().await;
            for _ in 0..LOOKS {
                if call.is_done() {
                    break;
                }
                call.beside(Box::pin(look(reader, keys, &generations, claims.atomic_batch, who))).await?;
                call.push().await;
            }
            call.end().await?;
            look(reader, keys, &generations, claims.atomic_batch, who).await?;
        }
    }
    // A call that is dropped under way is done whole or not at all.
    for written in 0..=generations.len() {
        let mut call = UnderWay::new(change(store, keys, generations.get(written)));
        call.push().await;
        drop(call);
        look(store, keys, &generations, claims.atomic_batch, "a reader after a call was dropped").await?;
    }
    let Some(last) = generations.first() else { return Ok(()) };
    set(store, last).await?;
    holds(store, last, "of a batch set after others were dropped").await
}

async fn concurrent_writers(context: &Context<'_>) -> Checked {
    let store = context.store();
    let other = if context.claims().shared_writes { context.other().await? } else { None };
    let other = other.as_deref().unwrap_or(store);
    let [key, ..] = &context.three_keys();
    for _ in 0..3 {
        let values: Vec<Value> =
            (0..16).map(|at| context.random.bytes(if at % 2 == 0 { 20 } else { 50_000 })).collect();
        let mut calls = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let writer = if at % 4 < 2 { store } else { other };
            calls.push(writer.set_many(entries(&[(key, value.clone())]), Ttl::StoreDefault));
        }
        let mut calls = UnderWay::new(Box::pin(together(calls)));
        let mut seen = Vec::new();
        for at in 0..20 {
            let reader = if at % 2 == 0 { store } else { other };
            seen.extend(calls.beside(reader.get_many(Keys::from([key]))).await?);
            calls.push().await;
        }
        for end in calls.end().await {
            end?;
        }
        let last = store.get_many(Keys::from([key])).await?;
        for value in seen.iter().chain(&last).filter_map(|lookup| lookup.value.as_ref()) {
            let bytes = value.len();
            check!(values.contains(value), "a reader saw a value of {bytes} bytes that no writer wrote");
        }
        let last = last.first().and_then(|lookup| lookup.value.as_ref());
        check!(last.is_some(), "16 concurrent writers left no value");
        finds(other, &[(key, last)], "of the other handle when all is over").await?;
        lists(store, "", &[key], "when all is over").await?;
        delete(store, &[key]).await?;
    }
    Ok(())
}
