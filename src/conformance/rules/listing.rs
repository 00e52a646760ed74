//! Walking the keys.

use std::collections::BTreeSet;

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, lists, same_keys, set, walk};
use crate::error::shown_key;

super::chapter! {
    "L2-prefix-literal" => prefix_literal,
    "L3-prefix-many" => prefix_many,
    "L4-exactly-once" => exactly_once,
    "L5-change-while-iterating" => change_while_iterating,
}

/// Patterns of Redis, SQL, CQL, regular expressions, shells and paths.
const PATTERNS: [&str; 31] = [
    "a*b", "a**", "a?b*", "[ab]", "[^a]", "a[a-z]", "a\\*", "\\", "a\\", "^a", "a$", ".*", "a.b", "(a|b)", "a|",
    "a{1}", "%a", "a_", "a%b%", "{a,b}", "a/../b", "./a", "../", "//", "~/", "user:*", "a'b", "a\"b", "a;b", "a\0b",
    "*",
];

/// Sets the keys and looks what each prefix finds, by pages large and small.
async fn check_prefixes(context: &Context<'_>, keys: &BTreeSet<String>, prefixes: &[String]) -> Checked {
    let store = context.store();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    set(store, &context.pairs_of(&keys, 8)).await?;
    for prefix in prefixes {
        let expected: Vec<&str> = keys.iter().copied().filter(|key| key.starts_with(prefix.as_str())).collect();
        lists(store, prefix, &expected, "by large pages").await?;
        let small = walk(store, prefix, 3).await?;
        same_keys(&small, &expected, &format!("list({}) by pages of 3", shown_key(prefix)))?;
    }
    Ok(())
}

async fn prefix_literal(context: &Context<'_>) -> Checked {
    let plain = ["", "a", "ab", "aab", "abb", "aXb", "a1", "b", "A", "user:1", "user:", "axxb", "e\u{301}", "ac"];
    let mut special: Vec<char> = (' '..='~').filter(|c| !c.is_ascii_alphanumeric()).collect();
    special.extend(['\n', '\t', '\0', '\u{7f}', '\u{a0}', '\u{2028}', 'é', '\u{1f600}']);
    let mut keys: BTreeSet<String> = plain.map(str::to_owned).into();
    for pattern in PATTERNS {
        keys.extend([pattern.to_owned(), format!("{pattern}x")]);
    }
    for c in &special {
        keys.extend([c.to_string(), format!("a{c}"), format!("a{c}b"), format!("a\\{c}"), format!("{c}{c}")]);
    }
    let mut prefixes: Vec<String> = special.iter().map(|c| format!("a{c}")).collect();
    prefixes.extend(PATTERNS.map(str::to_owned));
    prefixes.extend(["*", "?", "\\", "%", "_", ".", "[", "^", "A", "e"].map(str::to_owned));
    check_prefixes(context, &keys, &prefixes).await
}

async fn prefix_many(context: &Context<'_>) -> Checked {
    let mut keys: BTreeSet<String> = context.keys(40, "many/of-them").into_iter().collect();
    // Behind the last character there is no next one: a range up to it ends too soon or never.
    let top = ["ab\u{ffff}", "ab\u{ffff}\u{ffff}", "ab\u{ffff}z", "ab\u{10ffff}", "ab\u{10ffff}\u{10ffff}"];
    let near =
        ["ab", "abc", "abcd", "abd", "ac", "a", "b", "aB", "AB", "aa", "ab\0", "ba", "xab", " ab", "ab\u{1f600}"];
    keys.extend(top.into_iter().chain(near).chain(["many", "many/", "\u{10ffff}", "\u{10ffff}a"]).map(str::to_owned));
    let prefixes =
        ["", "a", "ab", "abc", "abcd", "abcde", "ab\u{ffff}", "ab\u{10ffff}", "ab\u{1f600}", "ac", "ad", "B"];
    let more = ["many/of-them", "many/", "many/of-themz", "z", "\u{10ffff}", "\u{ffff}"];
    let prefixes: Vec<String> = prefixes.into_iter().chain(more).map(str::to_owned).collect();
    check_prefixes(context, &keys, &prefixes).await?;
    let beyond = format!("{}x", keys.iter().next_back().map_or("", String::as_str));
    lists(context.store(), &beyond, &[""; 0], "of a prefix longer than any key").await
}

async fn exactly_once(context: &Context<'_>) -> Checked {
    let store = context.store();
    let keys = context.keys(10_001, "key");
    for batch in keys.chunks(1_000) {
        set(store, &context.pairs_of(batch, 8)).await?;
    }
    lists(store, "", &keys, "of 10,001 keys").await?;
    let some: Vec<&String> = keys.iter().filter(|key| key.starts_with("key-7")).collect();
    for limit in [0, 1, 17, some.len(), usize::MAX] {
        let listed = walk(store, "key-7", limit).await?;
        same_keys(&listed, &some, &format!("list(\"key-7\") by pages of {limit}"))?;
    }
    // A walk left early is in nobody's way.
    drop(store.list(String::new(), None, 5).await?.next);
    lists(store, "", &keys, "of 10,001 keys again").await
}

async fn change_while_iterating(context: &Context<'_>) -> Checked {
    let store = context.store();
    let keys = context.keys(1_200, "key");
    let (mut doomed, mut steady) = (Vec::new(), Vec::new());
    for (at, key) in keys.into_iter().enumerate() {
        if at % 6 == 0 { doomed.push(key) } else { steady.push(key) }
    }
    let mut fresh = context.keys(150, "key-new");
    let known: BTreeSet<String> = doomed.iter().chain(&steady).chain(&fresh).cloned().collect();
    let mut all: Vec<&String> = doomed.iter().chain(&steady).collect();
    context.random.shuffle(&mut all);
    set(store, &context.pairs_of(&all, 8)).await?;

    let mut seen = BTreeSet::new();
    let mut cursor = None;
    for _ in 0..2_000 {
        let page = store.list("key-".to_owned(), cursor, 25).await?;
        for key in page.keys {
            check!(known.contains(&key), "{} was never written", shown_key(&key));
            let shown = shown_key(&key);
            check!(seen.insert(key), "{shown} came more than once");
        }
        cursor = page.next;
        if cursor.is_none() {
            let missed: Vec<_> = steady.iter().filter(|key| !seen.contains(*key)).collect();
            let (count, of) = (missed.len(), steady.len());
            check!(missed.is_empty(), "of {of} keys that existed throughout, {count} did not come: {missed:?}");
            return Ok(());
        }
        // Overwriting must not make a key come again, nor deleting make its neighbours be skipped.
        let mut written: Vec<String> = fresh.split_off(fresh.len().saturating_sub(4));
        written.extend((0..5).filter_map(|_| steady.get(context.random.below(steady.len())).cloned()));
        // The key where the walk stands goes too, where it is one of those.
        let mut gone = doomed.split_off(doomed.len().saturating_sub(3));
        if let Some(at) = doomed.iter().rposition(|key| seen.contains(key)) {
            gone.push(doomed.swap_remove(at));
        }
        set(store, &context.pairs(&written)).await?;
        delete(store, &gone).await?;
    }
    Err("a walk while the store changes seems never to end".to_owned().into())
}
