//! What `get_many` answers, and what `delete_many` leaves.

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, entries, finds, holds, lacks, lists, set};
use crate::store::{Expiry, Lookup};
use crate::{Keys, Ttl, Value};

super::chapter! {
    "R1-shape" => shape,
    "R2-duplicate-keys" => duplicate_keys,
    "R3-missing" => missing,
    "R4-empty-value" => empty_value,
    "D1-delete-then-set" => delete_then_set,
    "D2-delete-duplicates" => delete_duplicates,
    "D3-delete-missing" => delete_missing,
}

async fn shape(context: &Context<'_>) -> Checked {
    let store = context.store();
    let mut all: Vec<(String, Option<Value>)> = context
        .keys(60, "key")
        .into_iter()
        .enumerate()
        .map(|(at, key)| (key, (at % 3 != 0).then(|| context.value())))
        .collect();
    let there: Vec<_> = all.iter().filter_map(|(key, value)| Some((key, value.clone()?))).collect();
    store.set_many(entries(&there), Ttl::StoreDefault).await?;
    for order in ["shuffled", "shuffled again", "backwards"] {
        match order {
            "backwards" => all.reverse(),
            _ => context.random.shuffle(&mut all),
        }
        let expected: Vec<_> = all.iter().map(|(key, value)| (key.as_str(), value.as_ref())).collect();
        finds(store, &expected, order).await?;
        let stats = store.stat(expected.iter().map(|(key, _)| key).collect()).await?;
        let lengths: Vec<_> = stats.iter().map(|stat| stat.map(|stat| stat.bytes)).collect();
        let right: Vec<_> = all.iter().map(|(_, value)| value.as_ref().map(|value| value.len() as u64)).collect();
        check!(lengths == right, "stat {order} does not answer with the length and the order of its keys");
    }
    Ok(())
}

async fn duplicate_keys(context: &Context<'_>) -> Checked {
    let [key, other, missing] = &context.three_keys();
    let [value, beside, _] = context.three_values();
    set(context.store(), &[(key, value.clone()), (other, beside.clone())]).await?;
    let (key, other, missing) =
        ((key.as_str(), Some(&value)), (other.as_str(), Some(&beside)), (missing.as_str(), None));
    let asked = [key, missing, key, other, missing, key];
    finds(context.store(), &asked, "of keys that stand twice").await?;
    let stats = context.store().stat(asked.iter().map(|(key, _)| key).collect()).await?;
    let there: Vec<bool> = stats.iter().map(Option::is_some).collect();
    check!(there == [true, false, true, true, false, true], "stat of keys that stand twice gave {there:?}");
    Ok(())
}

async fn missing(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, gone, never] = &context.three_keys();
    let [value, old, _] = context.three_values();
    lacks(store, &[key, gone, never], "on a new store").await?;
    set(store, &[(key, value.clone()), (gone, old)]).await?;
    delete(store, &[gone]).await?;
    // A neighbour of a key that is there is no less missing.
    let longer = format!("{key}x");
    let shorter: String = key.chars().take(key.len() - 1).collect();
    let expected = [(never, None), (key, Some(&value)), (gone, None), (&longer, None), (&shorter, None)];
    let expected = expected.map(|(key, value)| (key.as_str(), value));
    finds(store, &expected, "of missing keys among one that is there").await?;
    lacks(store, &[""], "of the empty key").await?;
    for Lookup { expiry, written, .. } in store.get_many(Keys::from([gone, never])).await? {
        let nothing = !matches!(expiry, Expiry::In(_)) && written.is_none();
        check!(nothing, "a missing key is said to expire or to have been written: {expiry:?}, {written:?}");
    }
    Ok(())
}

async fn empty_value(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [empty, full, missing] = &context.three_keys();
    let (nothing, value) = (Value::default(), context.value());
    set(store, &[(empty, nothing.clone()), (full, value.clone())]).await?;
    let expected = [(empty.as_str(), Some(&nothing)), (missing, None), (full, Some(&value))];
    finds(store, &expected, "of an empty value and a missing one").await?;
    lists(store, "", &[empty, full], "with an empty value").await?;
    let stat = store.stat(Keys::from([empty])).await?;
    check!(stat.first().copied().flatten().is_some_and(|stat| stat.bytes == 0), "stat of an empty value: {stat:?}");
    set(store, &[(full, nothing.clone()), (empty, value.clone())]).await?;
    finds(store, &[(full, Some(&nothing)), (empty, Some(&value))], "after empty and full changed places").await
}

async fn delete_then_set(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [key, beside, _] = &context.three_keys();
    let still = context.value();
    set(store, &[(beside, still.clone())]).await?;
    for _ in 0..3 {
        let value = context.value();
        set(store, &[(key, value.clone())]).await?;
        finds(store, &[(key, Some(&value)), (beside, Some(&still))], "after set_many").await?;
        delete(store, &[key]).await?;
        finds(store, &[(key, None), (beside, Some(&still))], "after delete_many").await?;
        lists(store, "", &[beside], "after delete_many").await?;
    }
    Ok(())
}

async fn delete_duplicates(context: &Context<'_>) -> Checked {
    let store = context.store();
    let pairs = context.pairs(&context.keys(6, "key"));
    set(store, &pairs).await?;
    let (twice, still) = pairs.split_at(2);
    let doomed: Vec<&str> = twice.iter().chain(twice).chain(twice.first()).map(|(key, _)| key.as_str()).collect();
    delete(store, &doomed).await?;
    lacks(store, &doomed, "after delete_many with duplicates").await?;
    holds(store, still, "of the others").await?;
    delete(store, &doomed).await?;
    holds(store, still, "of the others after it was called again").await
}

async fn delete_missing(context: &Context<'_>) -> Checked {
    let store = context.store();
    let pairs = context.pairs(&context.keys(9, "key"));
    set(store, &pairs).await?;
    let (there, still) = pairs.split_at(4);
    let missing = context.keys(5, "missing");
    let mut doomed: Vec<&str> = there.iter().map(|(key, _)| key).chain(&missing).map(String::as_str).collect();
    context.random.shuffle(&mut doomed);
    doomed.insert(0, "missing before all");
    delete(store, &doomed).await?;
    lacks(store, &doomed, "after delete_many of missing keys among present ones").await?;
    holds(store, still, "of the others").await?;
    let left: Vec<&str> = still.iter().map(|(key, _)| key.as_str()).collect();
    lists(store, "", &left, "after delete_many of missing keys among present ones").await
}
