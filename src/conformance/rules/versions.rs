//! Sets on the condition that nothing happened to the key since it was read.

use std::time::Duration;

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, entries, finds, refused, set};
use super::super::harness::Bounds;
use crate::{ByteStore, Condition, ErrorCode, Keys, Ttl, Value, Version};

super::chapter! {
    "S5-unchanged-since" => unchanged_since,
}

/// The version of a read of `key`, hit or miss.
async fn version_of(store: &dyn ByteStore, key: &str) -> Checked<Version> {
    let version = store.get_many(Keys::from([key])).await?.first().and_then(|lookup| lookup.version);
    version.ok_or_else(|| "get_many gives no version, though conditional_set is claimed".to_owned().into())
}

async fn set_since(store: &dyn ByteStore, key: &str, version: Version, value: &Value) -> Checked<bool> {
    let conditions = vec![Condition::UnchangedSince(version)];
    let stored = store.set_if(entries(&[(key, value.clone())]), conditions, Ttl::StoreDefault).await?;
    check!(stored.len() == 1, "set_if of one entry has {} answers", stored.len());
    Ok(stored == [true])
}

/// Looks that a set since `version` is refused and changes nothing.
async fn stale(store: &dyn ByteStore, key: &str, version: Version, there: Option<&Value>, what: &str) -> Checked {
    let stored = set_since(store, key, version, &Value::from("stale")).await?;
    check!(!stored, "a set was stored on the condition that nothing had happened since, though {what}");
    finds(store, &[(key, there)], &format!("after a set was dropped because {what}")).await
}

/// Sets since `version` where the store may have forgotten: its answer must be what happened.
async fn either(store: &dyn ByteStore, key: &str, version: Version, there: Option<&Value>, what: &str) -> Checked {
    let value = Value::from("either");
    let stored = set_since(store, key, version, &value).await?;
    let after = if stored { Some(&value) } else { there };
    finds(store, &[(key, after)], &format!("after a set that says {stored}, {what}")).await
}

async fn unchanged_since(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    let [key, other, _] = &context.three_keys();
    let [old, new, _] = &context.three_values();
    if !claims.conditional_set {
        set(store, &[(key, old.clone())]).await?;
        for version in [0, 1, u64::MAX] {
            let conditions = vec![Condition::UnchangedSince(Version(version)); 2];
            let pairs = entries(&[(key, new.clone()), (other, new.clone())]);
            let end = store.set_if(pairs, conditions, Ttl::StoreDefault).await;
            refused(end, ErrorCode::Unsupported, "set_if where it is not claimed")?;
        }
        return finds(store, &[(key, Some(old)), (other, None)], "after set_if was refused").await;
    }
    for hit in [true, false] {
        nothing_since(context, hit).await?;
        for change in CHANGES {
            something_since(context, hit, *change).await?;
        }
    }
    // Each version of a history is outlived by what came behind it, and by nothing else.
    let mut versions = vec![version_of(store, "history").await?];
    for at in 0..6_u8 {
        set(store, &[("history", Value::from(vec![at]))]).await?;
        versions.push(version_of(store, "history").await?);
    }
    let last = versions.pop();
    for version in versions {
        stale(store, "history", version, Some(&Value::from(vec![5])), "it was written after that read").await?;
    }
    if let Some(last) = last {
        check!(
            set_since(store, "history", last, new).await?,
            "a set since the last read was dropped, though only sets that were dropped too came behind it"
        );
    }
    of_duplicates(context).await?;
    forgetting(context).await?;
    if claims.ttl {
        expired(context).await?;
    }
    evicted(context).await
}

/// A read and nothing of the key's since: the set is stored. What happens to other keys is not its business.
async fn nothing_since(context: &Context<'_>, hit: bool) -> Checked {
    let store = context.store();
    let [key, other, _] = &context.three_keys();
    let [old, new, value] = &context.three_values();
    for round in ["with nothing in between", "after other keys were written, deleted and read"] {
        store.clear(String::new(), true).await?;
        if hit {
            set(store, &[(key, old.clone())]).await?;
        }
        let version = version_of(store, key).await?;
        if round.starts_with("after") {
            let near = format!("{key}x");
            set(store, &[(other, value.clone()), (&near, value.clone())]).await?;
            delete(store, &[other]).await?;
            version_of(store, other).await?;
            store.stat(Keys::from([key])).await?;
            // A set that was not stored is no write.
            let condition = if hit { Condition::Absent } else { Condition::Present };
            store.set_if(entries(&[(key, value.clone())]), vec![condition], Ttl::StoreDefault).await?;
        }
        let read = if hit { "a hit" } else { "a miss" };
        check!(set_since(store, key, version, new).await?, "a set was dropped since {read}, {round}");
        finds(store, &[(key, Some(new))], &format!("after a set since {read}, {round}")).await?;
        stale(store, key, version, Some(new), "the same condition was used up before").await?;
    }
    Ok(())
}

/// What can happen to a key.
#[derive(Clone, Copy, Debug)]
enum Change {
    Set,
    SetSame,
    SetIf,
    Delete,
    DeleteAndSet,
    SetAndDelete,
    Clear,
    ClearPrefix,
}

const CHANGES: &[Change] = &[
    Change::Set,
    Change::SetSame,
    Change::SetIf,
    Change::Delete,
    Change::DeleteAndSet,
    Change::SetAndDelete,
    Change::Clear,
    Change::ClearPrefix,
];

/// A read, and something of the key's since: the set is dropped, although the key may look as it did.
async fn something_since(context: &Context<'_>, hit: bool, change: Change) -> Checked {
    let store = context.store();
    let [key, ..] = &context.three_keys();
    let [old, new, _] = &context.three_values();
    let before = hit.then_some(old);
    if hit {
        set(store, &[(key, old.clone())]).await?;
    }
    let version = version_of(store, key).await?;
    let after = match change {
        Change::Set | Change::SetSame => {
            let value = if matches!(change, Change::Set) { new } else { old };
            set(store, &[(key, value.clone())]).await?;
            Some(value)
        }
        Change::SetIf => {
            let condition = if hit { Condition::Present } else { Condition::Absent };
            store.set_if(entries(&[(key, new.clone())]), vec![condition], Ttl::StoreDefault).await?;
            Some(new)
        }
        Change::Delete => {
            delete(store, &[key]).await?;
            None
        }
        Change::DeleteAndSet => {
            delete(store, &[key]).await?;
            set(store, &[(key, old.clone())]).await?;
            Some(old)
        }
        Change::SetAndDelete => {
            set(store, &[(key, new.clone())]).await?;
            delete(store, &[key]).await?;
            None
        }
        Change::Clear => {
            store.clear(String::new(), true).await?;
            None
        }
        Change::ClearPrefix => {
            store.clear(key.chars().take(3).collect(), false).await?;
            None
        }
    };
    let what = format!("after a read of {} there was {change:?}", if before.is_some() { "a hit" } else { "a miss" });
    stale(store, key, version, after, &what).await?;
    delete(store, &[key]).await
}

/// Of one key twice in one call, the first is a write that the second must see.
async fn of_duplicates(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [first, second, _] = &context.three_values();
    let version = version_of(store, "twice").await?;
    let pairs = entries(&[("twice", first.clone()), ("twice", second.clone())]);
    let stored = store.set_if(pairs, vec![Condition::UnchangedSince(version); 2], Ttl::StoreDefault).await?;
    check!(stored == [true, false], "set_if of one key twice since the same read: {stored:?}");
    finds(store, &[("twice", Some(first))], "of a key that stood twice in set_if").await
}

/// After thousands of deletes a store may have forgotten, and then says no. It never says a wrong yes.
async fn forgetting(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [hit, miss, gone] = &context.three_keys();
    let [old, value, _] = &context.three_values();
    set(store, &[(hit, old.clone()), (gone, old.clone())]).await?;
    let (of_hit, of_miss) = (version_of(store, hit).await?, version_of(store, miss).await?);
    let of_gone = version_of(store, gone).await?;
    let written = version_of(store, "written and deleted").await?;
    delete(store, &[gone]).await?;
    set(store, &[("written and deleted", value.clone())]).await?;
    delete(store, &["written and deleted"]).await?;
    for batch in context.keys(5_000, "other").chunks(500) {
        delete(store, batch).await?;
    }
    stale(store, gone, of_gone, None, "it was deleted, and 5,000 others behind it").await?;
    stale(store, "written and deleted", written, None, "it came and went, and 5,000 others behind it").await?;
    either(store, miss, of_miss, None, "after 5,000 deletes of other keys").await?;
    either(store, hit, of_hit, Some(old), "after 5,000 deletes of other keys").await
}

/// An end by expiry is no write, so either answer is right; but it hides none.
async fn expired(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [quiet, busy, _] = &context.three_keys();
    let [old, new, _] = &context.three_values();
    let life = Ttl::After(Duration::from_secs(10));
    store.set_many(entries(&[(quiet, old.clone()), (busy, old.clone())]), life).await?;
    let (of_quiet, of_busy) = (version_of(store, quiet).await?, version_of(store, busy).await?);
    store.set_many(entries(&[(busy, new.clone())]), life).await?;
    context.clock.advance_ms(60_000);
    // Enough of them that a store looks for what it can drop.
    for batch in context.keys(600, "crowd").chunks(100) {
        set(store, &context.pairs(batch)).await?;
    }
    stale(store, busy, of_busy, None, "it was written, and expired").await?;
    either(store, quiet, of_quiet, None, "after it expired").await
}

/// Nor does an end by eviction.
async fn evicted(context: &Context<'_>) -> Checked {
    let bounds = Bounds { max_entries: Some(4), ..Bounds::default() };
    let Some(store) = context.bounded(bounds, None).await? else {
        context.note("this kind of store has no bounds: evictions were not looked at");
        return Ok(());
    };
    let store = &*store;
    let [quiet, busy, _] = &context.three_keys();
    let [old, new, _] = &context.three_values();
    set(store, &[(quiet, old.clone()), (busy, old.clone())]).await?;
    let (of_quiet, of_busy) = (version_of(store, quiet).await?, version_of(store, busy).await?);
    set(store, &[(busy, new.clone())]).await?;
    for key in context.keys(9, "crowd") {
        set(store, &[(key, new.clone())]).await?;
    }
    finds(store, &[(quiet, None), (busy, None)], "of entries that had to go").await?;
    stale(store, busy, of_busy, None, "it was written, and evicted").await?;
    either(store, quiet, of_quiet, None, "after it was evicted").await
}
