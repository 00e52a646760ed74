//! Namespaces, and what `clear` removes.

use std::sync::Arc;

use super::super::context::{Context, Pairs};
use super::super::expect::{Checked, check, delete, finds, holds, keys_of, lacks, lists, refused, set};
use crate::error::shown_key;
use crate::{ByteStore, ErrorCode};

super::chapter! {
    "N1-layout" => layout,
    "N2-isolation" => isolation,
    "N3-clear-namespace" => clear_namespace,
    "N4-clear-all" => clear_all,
    "N5-malformed" => malformed,
}

/// Namespaces of which each is one of the others, half of one, or a pattern for one, to a careless eye.
const NEIGHBOURS: [&str; 17] =
    ["n", "n1", "n?", "n*", "*", "[n]", "N", "n%", "n_", "n.*", "n\\", "n-1", "1n", "nn", "n:", "\u{f1}", "n "];

async fn layout(context: &Context<'_>) -> Checked {
    let claims = context.claims();
    let namespace = &format!("area {}/in*ner", context.random.word());
    let store = &*context.namespace(namespace).await?;
    let full = |key: &str| format!("{namespace}/{key}");
    let own = full("k");
    let keys = ["k", "", "a/b", "/", "*", "\u{1f600}", "area", namespace, &own];
    let pairs = context.pairs(&keys);
    set(store, &pairs).await?;
    holds(store, &pairs, "in a namespace").await?;
    lists(store, "", &keys, "in a namespace").await?;
    for prefix in ["a", "area", &full(""), "/", "in*ner", "k", "none"] {
        let expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).collect();
        lists(store, prefix, &expected, "in a namespace").await?;
    }

    let Some(physical) = context.other().await? else {
        let hidden = !claims.shared_writes && !claims.shared_backend;
        check!(hidden, "others see the backend, but the harness gives no other handle to look at it");
        context.note("this backend cannot be seen from outside: only what the handle itself shows was checked");
        return Ok(());
    };
    let physical = &*physical;
    let below: Pairs = pairs.iter().map(|(key, value)| (full(key), value.clone())).collect();
    lists(physical, "", &keys_of(&below), "of the backend without a namespace").await?;
    holds(physical, &below, "on the backend without a namespace").await?;
    lacks(physical, &["k", "a/b", "area"], "of the bare keys there").await?;
    // And the other way round: what others have put there is seen.
    let value = context.value();
    let beside = [format!("{namespace}x/k"), namespace.clone()];
    let put = [full("from below"), format!("{namespace}x/k"), namespace.clone()].map(|key| (key, value.clone()));
    set(physical, &put).await?;
    delete(physical, &[full("k")]).await?;
    finds(store, &[("from below", Some(&value)), ("k", None)], "of what was set and deleted below").await?;
    let now: Vec<&str> = keys.into_iter().filter(|key| *key != "k").chain(["from below"]).collect();
    lists(store, "", &now, "after changes below").await?;
    delete(store, &now).await?;
    lists(physical, "", &beside, "of the backend when the namespace has been emptied").await
}

async fn open_all(context: &Context<'_>) -> Checked<Vec<(&'static str, Arc<dyn ByteStore>)>> {
    if context.other().await?.is_none() {
        context.note("each handle has a backend of its own: what is between two of them was checked trivially");
    }
    let mut stores = Vec::new();
    for namespace in NEIGHBOURS {
        stores.push((namespace, context.namespace(namespace).await?));
    }
    Ok(stores)
}

async fn isolation(context: &Context<'_>) -> Checked {
    let keys = ["k", "1/k", "*", "", "n/k"];
    let mut filled = Vec::new();
    for (namespace, store) in open_all(context).await? {
        lacks(&*store, &keys, &format!("in {} before it was written to", shown_key(namespace))).await?;
        let pairs = context.pairs(&keys);
        set(&*store, &pairs).await?;
        filled.push((shown_key(namespace), store, pairs));
    }
    for (namespace, store, pairs) in filled {
        holds(&*store, &pairs, &format!("in {namespace}")).await?;
        lists(&*store, "", &keys, &format!("in {namespace}")).await?;
        lists(&*store, "*", &["*"], &format!("in {namespace}")).await?;
        // What comes later in the list must not notice.
        delete(&*store, &keys).await?;
        lists(&*store, "", &[""; 0], &format!("in {namespace} after delete_many of its keys")).await?;
    }
    Ok(())
}

async fn clear_namespace(context: &Context<'_>) -> Checked {
    let stores = open_all(context).await?;
    let mut keys = context.keys(4, "key");
    keys.extend(["", "n", "n/"].map(str::to_owned));
    let pairs = context.pairs(&keys);
    for (_, store) in &stores {
        set(&**store, &pairs).await?;
    }
    let physical = context.other().await?;
    let beside = context.pairs(&["n", "nx", "nx/k", "x/n/k"]);
    if let Some(physical) = &physical {
        set(&**physical, &beside).await?;
    }
    let (cleared, others): (Vec<_>, Vec<_>) =
        stores.iter().partition(|(namespace, _)| ["n", "n*", "n?", "*"].contains(namespace));
    for (namespace, store) in &cleared {
        let what = format!("in {} after clear", shown_key(namespace));
        store.clear(String::new(), false).await?;
        lists(&**store, "", &[""; 0], &what).await?;
        lacks(&**store, &keys, &what).await?;
        store.clear(String::new(), false).await?;
    }
    for (namespace, store) in others {
        let what = format!("in {} after clear of others", shown_key(namespace));
        holds(&**store, &pairs, &what).await?;
        lists(&**store, "", &keys, &what).await?;
    }
    if let Some(physical) = &physical {
        holds(&**physical, &beside, "of keys beside the namespaces after clear").await?;
    }
    for (_, store) in cleared {
        set(&**store, &pairs).await?;
        holds(&**store, &pairs, "in a namespace that was cleared and filled again").await?;
    }
    Ok(())
}

async fn clear_all(context: &Context<'_>) -> Checked {
    let (store, claims) = (context.store(), context.claims());
    // A prefix clears what begins with it, literally, and nothing else.
    let some = context.pairs(&["a", "ab", "ab/c", "abc", "a*", "b", "", "Ab", "xab", "ab\u{10ffff}"]);
    set(store, &some).await?;
    let mut left = some.clone();
    for prefix in ["a*", "ab", "none", "a?", "b"] {
        store.clear(prefix.to_owned(), false).await?;
        let (gone, still): (Pairs, Pairs) = left.into_iter().partition(|(key, _)| key.starts_with(prefix));
        let what = format!("after clear of {}", shown_key(prefix));
        lacks(store, &keys_of(&gone), &what).await?;
        holds(store, &still, &what).await?;
        lists(store, "", &keys_of(&still), &what).await?;
        left = still;
    }

    let inside = context.namespace("inside").await?;
    let pairs = context.pairs(&context.keys(5, "key"));
    set(store, &pairs).await?;
    set(&*inside, &pairs).await?;
    // `all` means "although there is no namespace"; where there is one, it means nothing.
    inside.clear(String::new(), true).await?;
    lists(&*inside, "", &[""; 0], "in a namespace after its clear of all").await?;
    holds(store, &pairs, "outside after clear of all in a namespace").await?;

    if claims.shared_backend {
        let clear = store.clear(String::new(), false).await;
        let message = refused(clear, ErrorCode::InvalidArgument, "clear of a shared backend, unasked,")?;
        check!(message.contains("all"), "the refusal does not say how to ask for it: {message}");
        holds(store, &pairs, "after clear was refused").await?;
    } else {
        store.clear(String::new(), false).await?;
        lists(store, "", &[""; 0], "after clear").await?;
        set(store, &pairs).await?;
    }
    store.clear(String::new(), true).await?;
    lists(store, "", &[""; 0], "after clear of all").await?;
    lacks(store, &keys_of(&pairs), "after clear of all").await?;
    set(store, &pairs).await?;
    holds(store, &pairs, "of a store that was cleared and filled again").await
}

async fn malformed(context: &Context<'_>) -> Checked {
    for namespace in ["", "/", "//", "/a", "a/", "a/b/", "/a/"] {
        let what = format!("a store with the namespace {}", shown_key(namespace));
        let message = refused(context.namespace(namespace).await, ErrorCode::InvalidArgument, &what)?;
        check!(message.contains("namespace"), "{what} was refused without naming the namespace: {message}");
    }
    for namespace in ["a", "a/b", "a/b/c", "a//b", ".", "*", "\u{1f600}", "\0", " "] {
        let opened = context.namespace(namespace).await;
        check!(opened.is_ok(), "a store with the namespace {} was refused", shown_key(namespace));
    }
    Ok(())
}
