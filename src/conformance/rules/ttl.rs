//! Expiry, by a clock that the rules move.

use std::time::Duration;

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, entries, finds, lists, refused};
use crate::store::Expiry;
use crate::{ByteStore, Condition, ErrorCode, Keys, Ttl, Value};

super::chapter! {
    "T1-expires" => expires,
    "T2-default" => default,
    "T3-null-cancels" => null_cancels,
    "T4-hidden-from-list" => hidden_from_list,
    "T5-reset" => reset,
    "T6-no-ttl-refused" => no_ttl_refused,
}

/// The life that entries are given, in milliseconds.
const LIFE: u64 = 10_000;

/// When an entry of that life must still be there, and from when on it must be missing; nothing where the store
/// cannot expire.
fn pace(context: &Context<'_>) -> Option<(u64, u64)> {
    let claims = context.claims();
    if !claims.ttl {
        return None;
    }
    if claims.exact_ttl {
        return Some((LIFE - 1, LIFE));
    }
    context.note("exact_ttl is not claimed: expiry was looked for with two seconds of grace");
    Some((LIFE - 3_000, LIFE + 2_000))
}

fn ms(ms: u64) -> Ttl {
    Ttl::After(Duration::from_millis(ms))
}

/// What is left of each T rule for a store that cannot expire: it refuses, and nothing has happened.
async fn refuses(context: &Context<'_>) -> Checked {
    let store = context.store();
    let [kept, key, _] = &context.three_keys();
    let [old, value, _] = context.three_values();
    store.set_many(entries(&[(kept, old.clone())]), Ttl::StoreDefault).await?;
    let pairs = [(kept, value.clone()), (key, value.clone())];
    for life in [LIFE, 500, 1] {
        let end = store.set_many(entries(&pairs), ms(life)).await;
        let message = refused(end, ErrorCode::InvalidArgument, "set_many with a TTL where none is claimed")?;
        check!(message.to_lowercase().contains("ttl"), "a TTL was refused without naming it: {message}");
    }
    finds(store, &[(kept, Some(&old)), (key, None)], "after set_many with a TTL was refused").await?;
    lists(store, "", &[kept], "after set_many with a TTL was refused").await?;
    let opened = context.with_ttl(Duration::from_secs(10)).await;
    refused(opened, ErrorCode::InvalidArgument, "a store with a default TTL where none is claimed")?;
    // `Never` asks for nothing that the store cannot do.
    store.set_many(entries(&pairs), Ttl::Never).await?;
    finds(store, &[(kept, Some(&value)), (key, Some(&value))], "after set_many with Ttl::Never").await
}

/// Sets keys to one value.
async fn put(store: &dyn ByteStore, keys: &[&str], value: &Value, ttl: Ttl) -> Checked {
    Ok(store.set_many(keys.iter().map(|key| (key, value.clone())).collect(), ttl).await?)
}

/// Looks which keys have the value and which are missing, by `get_many`, `stat` and `list`.
async fn expects(store: &dyn ByteStore, there: &[&str], gone: &[&str], value: &Value, when: &str) -> Checked {
    let keys: Vec<_> = there.iter().map(|key| (*key, Some(value))).chain(gone.iter().map(|key| (*key, None))).collect();
    finds(store, &keys, when).await?;
    for (stat, (key, value)) in store.stat(keys.iter().map(|(key, _)| key).collect()).await?.iter().zip(&keys) {
        check!(stat.is_some() == value.is_some(), "stat {when}: {key} is {stat:?}");
    }
    lists(store, "", there, when).await
}

async fn expires(context: &Context<'_>) -> Checked {
    let Some((early, late)) = pace(context) else { return refuses(context).await };
    let (store, clock) = (context.store(), &context.clock);
    let value = &context.value();
    put(store, &["forever"], value, Ttl::StoreDefault).await?;
    put(store, &["short", "short too"], value, ms(LIFE)).await?;
    put(store, &["long"], value, ms(LIFE * 100)).await?;
    expects(store, &["forever", "short", "short too", "long"], &[], value, "at once").await?;
    clock.advance_ms(early);
    expects(store, &["forever", "short", "short too", "long"], &[], value, "before its time").await?;
    clock.advance_ms(late - early);
    expects(store, &["forever", "long"], &["short", "short too"], value, "at its time").await?;
    clock.advance_ms(late);
    expects(store, &["forever", "long"], &["short", "short too"], value, "after its time").await?;
    if context.claims().exact_ttl {
        // A life ends on the first whole millisecond not before its end, and never at once.
        let nanos = |nanos| Ttl::After(Duration::from_nanos(nanos));
        for (ttl, whole) in [(nanos(1), 1), (nanos(1_000_000), 1), (nanos(1_000_001), 2), (nanos(250_000_000), 250)] {
            put(store, &["fraction"], value, ttl).await?;
            clock.advance_ms(whole - 1);
            expects(store, &["forever", "long", "fraction"], &[], value, "within a fraction of a second").await?;
            clock.advance_ms(1);
            expects(store, &["forever", "long"], &["fraction"], value, "after a fraction of a second").await?;
        }
    }
    clock.advance_ms(LIFE * 200);
    expects(store, &["forever"], &["long"], value, "when the long life is over").await?;
    // A life beyond what any clock can show is no shorter for it.
    put(store, &["longest"], value, Ttl::After(Duration::MAX)).await?;
    clock.advance_ms(LIFE);
    expects(store, &["forever", "longest"], &[], value, "of the longest life there is").await
}

async fn default(context: &Context<'_>) -> Checked {
    let Some((_, late)) = pace(context) else { return refuses(context).await };
    let store = &*context.with_ttl(Duration::from_millis(LIFE)).await?;
    let (clock, value) = (&context.clock, &context.value());
    put(store, &["default"], value, Ttl::StoreDefault).await?;
    put(store, &["longer"], value, ms(LIFE * 100)).await?;
    put(store, &["shorter"], value, ms(LIFE / 4)).await?;
    expects(store, &["default", "longer", "shorter"], &[], value, "at once").await?;
    clock.advance_ms(late - LIFE + LIFE / 4);
    expects(store, &["default", "longer"], &["shorter"], value, "after a quarter of the default").await?;
    clock.advance_ms(late);
    expects(store, &["longer"], &["shorter", "default"], value, "after the default").await?;
    // Deleting and setting again starts a new life by the default.
    put(store, &["default"], value, Ttl::StoreDefault).await?;
    delete(store, &["default"]).await?;
    put(store, &["default"], value, Ttl::StoreDefault).await?;
    expects(store, &["default", "longer"], &[], value, "set again").await?;
    if context.claims().conditional_set {
        let entry = entries(&[("on condition", value.clone())]);
        store.set_if(entry, vec![Condition::Absent], Ttl::StoreDefault).await?;
        expects(store, &["default", "longer", "on condition"], &[], value, "set on condition").await?;
    }
    clock.advance_ms(late);
    expects(store, &["longer"], &["default", "on condition"], value, "after the default again").await
}

async fn null_cancels(context: &Context<'_>) -> Checked {
    let Some((_, late)) = pace(context) else { return refuses(context).await };
    let store = &*context.with_ttl(Duration::from_millis(LIFE)).await?;
    let value = &context.value();
    put(store, &["default", "both"], value, Ttl::StoreDefault).await?;
    put(store, &["never"], value, Ttl::Never).await?;
    put(store, &["both"], value, Ttl::Never).await?;
    let found = store.get_many(Keys::from(["never"])).await?;
    let said = found.first().map(|lookup| lookup.expiry);
    check!(!matches!(said, Some(Expiry::In(_))), "get_many of an entry set with Ttl::Never says {said:?}");
    let stat = store.stat(Keys::from(["never"])).await?.first().copied().flatten().map(|stat| stat.expiry);
    check!(!matches!(stat, Some(Expiry::In(_))), "stat of an entry set with Ttl::Never says {stat:?}");
    context.clock.advance_ms(late);
    expects(store, &["never", "both"], &["default"], value, "after the default").await?;
    context.clock.advance_ms(1_000_000_000_000);
    expects(store, &["never", "both"], &["default"], value, "after a generation").await
}

async fn hidden_from_list(context: &Context<'_>) -> Checked {
    let Some((_, late)) = pace(context) else { return refuses(context).await };
    let store = context.store();
    let value = &context.value();
    put(store, &["a1", "a2", "b1"], value, ms(LIFE)).await?;
    put(store, &["a3", "b2"], value, Ttl::StoreDefault).await?;
    lists(store, "", &["a1", "a2", "a3", "b1", "b2"], "before their time").await?;
    let begun = store.list(String::new(), None, 1).await?;
    context.clock.advance_ms(late);
    // No get_many in between: a store that drops expired entries when it meets them must not have met them yet.
    lists(store, "a", &["a3"], "at their time").await?;
    lists(store, "", &["a3", "b2"], "at their time").await?;
    if let Some(cursor) = begun.next {
        let page = store.list(String::new(), Some(cursor), 10).await?;
        let expired = page.keys.iter().find(|key| ["a1", "a2", "b1"].contains(&key.as_str()));
        check!(expired.is_none(), "a walk begun before their time shows the expired {expired:?}");
    }
    let stats = store.stat(Keys::from(["a1", "a3", "b1"])).await?;
    let there: Vec<bool> = stats.iter().map(Option::is_some).collect();
    check!(there == [false, true, false], "stat of two expired entries and one between them: {stats:?}");
    expects(store, &["a3", "b2"], &["a1", "a2", "b1"], value, "at their time").await?;
    delete(store, &["a1"]).await?;
    lists(store, "", &["a3", "b2"], "after delete_many of an expired key").await?;
    if context.claims().conditional_set {
        let conditions = vec![Condition::Present, Condition::Absent];
        let pairs = entries(&[("a2", value.clone()), ("b1", value.clone())]);
        let stored = store.set_if(pairs, conditions, Ttl::StoreDefault).await?;
        check!(stored == [false, true], "set_if took an expired entry for one that is there: {stored:?}");
    }
    Ok(())
}

async fn reset(context: &Context<'_>) -> Checked {
    let Some((_, late)) = pace(context) else { return refuses(context).await };
    let (store, clock) = (context.store(), &context.clock);
    let value = &context.value();
    put(store, &["again", "ended", "never", "longer", "shorter"], value, ms(LIFE)).await?;
    put(store, &["begun"], value, Ttl::StoreDefault).await?;
    clock.advance_ms(LIFE * 6 / 10);
    put(store, &["again", "begun"], value, ms(LIFE)).await?;
    put(store, &["ended"], value, Ttl::StoreDefault).await?;
    put(store, &["never"], value, Ttl::Never).await?;
    put(store, &["longer"], value, ms(LIFE * 100)).await?;
    put(store, &["shorter"], value, ms(LIFE / 10)).await?;
    clock.advance_ms(late - LIFE * 6 / 10);
    let long = ["ended", "never", "longer"];
    expects(store, &["ended", "never", "longer", "again", "begun"], &["shorter"], value, "after the first lives")
        .await?;
    clock.advance_ms(LIFE * 6 / 10);
    expects(store, &long, &["again", "begun", "shorter"], value, "after the second lives").await?;
    // What was dead does not come back when the key is written, nor take the new one with it.
    put(store, &["again"], value, Ttl::StoreDefault).await?;
    clock.advance_ms(LIFE * 10);
    expects(store, &["ended", "never", "longer", "again"], &["begun", "shorter"], value, "long after").await
}

async fn no_ttl_refused(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    let value = context.value();
    let entry = || entries(&[("k", value.clone())]);
    if !claims.ttl {
        check!(!claims.exact_ttl, "a store that claims no ttl claims exact_ttl");
        refuses(context).await?;
        if claims.conditional_set {
            let end = store.set_if(entry(), vec![Condition::Absent], ms(LIFE)).await;
            refused(end, ErrorCode::InvalidArgument, "set_if with a TTL where none is claimed")?;
        }
        return Ok(());
    }
    // The claim: no call that is well-formed is refused.
    let lives = [1, 500, 1_000, 86_400_000, 31_536_000_000, 1_000_000_000_000].map(ms);
    for ttl in lives.into_iter().chain([Ttl::Never, Ttl::StoreDefault]) {
        let end = store.set_many(entry(), ttl).await;
        check!(end.is_ok(), "the store claims ttl, but refuses {ttl:?}: {end:?}");
    }
    finds(store, &[("k", Some(&value))], "after set_many with the store's default").await
}
