//! Keys that some encoding, normal form, path or separator would merge. Each must stay a key of its own.

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, entries, finds, holds, keys_of, lacks, lists, refused, set};
use crate::error::shown_key;
use crate::{ErrorCode, Keys, Ttl};

super::chapter! {
    "K1-any-unicode" => any_unicode,
    "K2-prototype-keys" => prototype_keys,
    "K3-numeric-keys" => numeric_keys,
    "K5-long-keys" => long_keys,
}

#[rustfmt::skip]
const UNICODE: &[&str] = &[
    "", " ", "  ", "a", "a ", " a", "A", "\0", "a\0", "a\0b", "\0a", "\u{1}", "\n", "\r\n", "\r", "\t", "\u{7f}",
    "\u{e9}", "e\u{301}", "\u{212b}", "\u{c5}", "A\u{30a}", "\u{3a9}", "\u{2126}", "\u{fb01}", "fi", "\u{df}", "ss",
    "SS", "i", "I", "\u{131}", "\u{130}", "\u{1e9e}", "\u{ff21}", "\u{ac00}", "\u{1100}\u{1161}", "\u{65e5}\u{672c}",
    "\u{627}\u{644}", "\u{200f}", "\u{1f600}", "\u{1f468}\u{200d}\u{1f469}", "\u{10ffff}", "\u{10000}", "\u{ffff}",
    "\u{fffe}", "\u{ffff}\u{ffff}", "\u{fffd}", "\u{feff}", "\u{feff}a", "\u{2028}", "\u{202e}", "\u{200b}",
    "\u{d7ff}", "\u{e000}", "\u{80}", "\u{7ff}", "\u{800}", "/", "//", "a/b", "a//b", "/a", "a/", ".", "..", "../a",
    "a/../b", "a:b", "a\\b", "%2F", "a%2Fb", "%", "?a=1", "#", "*", "{a}", "'", "\"", "`", "null", "a+b", "a b",
    "a%20b", "a,b", "[1]", "<a>", "&amp;", "&", "=", "\u{ad}", "CON", "a.tmp", ".lock", "~", "-rf", "$HOME", "*/*",
];

#[rustfmt::skip]
const PROTOTYPE: &[&str] = &[
    "__proto__", "constructor", "toString", "length", "prototype", "hasOwnProperty", "valueOf", "then", "toJSON",
    "__defineGetter__", "isPrototypeOf", "name", "size", "get", "set", "has", "delete", "keys", "caller", "arguments",
];

#[rustfmt::skip]
const NUMERIC: &[&str] = &[
    "0", "1", "2", "10", "9", "01", "1.0", "1e3", "1000", "-1", "-0", "+1", "0x10", "16", " 1", "1 ", "NaN", "Infinity",
    "true", "false", "null", "undefined", "4294967295", "4294967296", "9007199254740992", "9007199254740993", "[]",
    "{}",
];

/// Sets, reads, lists and deletes keys that a store may take for something else.
async fn check_keys<S: AsRef<str> + Sync>(context: &Context<'_>, keys: &[S]) -> Checked {
    let store = context.store();
    lacks(store, keys, "on an empty store").await?;
    let mut pairs = context.pairs(keys);
    context.random.shuffle(&mut pairs);
    set(store, &pairs).await?;
    holds(store, &pairs, "of all in one call").await?;
    for (key, value) in &pairs {
        finds(store, &[(key, Some(value))], &format!("of {} alone", shown_key(key))).await?;
    }
    lists(store, "", keys, "of all").await?;
    let (gone, left) = pairs.split_at(pairs.len() / 2);
    delete(store, &keys_of(gone)).await?;
    for (key, value) in left {
        finds(store, &[(key, Some(value))], &format!("of {} after others were deleted", shown_key(key))).await?;
    }
    lacks(store, &keys_of(gone), "after delete_many of half").await?;
    lists(store, "", &keys_of(left), "after delete_many of half").await?;
    delete(store, &keys_of(left)).await?;
    lists(store, "", &[""; 0], "after delete_many of all").await
}

async fn any_unicode(context: &Context<'_>) -> Checked {
    check_keys(context, UNICODE).await
}

async fn prototype_keys(context: &Context<'_>) -> Checked {
    check_keys(context, PROTOTYPE).await
}

async fn numeric_keys(context: &Context<'_>) -> Checked {
    check_keys(context, NUMERIC).await
}

async fn long_keys(context: &Context<'_>) -> Checked {
    let store = context.store();
    let Some(most) = context.claims().max_key_bytes else {
        // Alike but for their last character.
        let mut long: Vec<String> = ["x", "y"].map(|end| "k".repeat(70_000) + end).into();
        long.extend(["\u{e9}\u{1f600}".repeat(9_000), "k".repeat(1_000), "k".repeat(255)]);
        return check_keys(context, &long).await;
    };
    let (most, digits) = (most as usize, most.to_string());
    check!(most > 0, "the store claims that no key may have a byte");
    let wide = "\u{20ac}".repeat(most / 3);
    let rest = "k".repeat(most - wide.len());
    let mut fits: Vec<String> = ["x", "y"].map(|end| "k".repeat(most - 1) + end).into();
    fits.push(wide.clone() + &rest);
    check_keys(context, &fits).await?;
    // The second is short in characters and too long in bytes only.
    for long in ["k".repeat(most + 1), wide + "\u{20ac}"] {
        let what = format!("a key of {} bytes where {digits} are allowed", long.len());
        let set = store.set_many(entries(&[("beside", context.value()), (&long, context.value())]), Ttl::StoreDefault);
        let messages = [
            refused(set.await, ErrorCode::TooLarge, &format!("set_many with {what}"))?,
            refused(store.get_many(Keys::from([&long])).await, ErrorCode::TooLarge, &format!("get_many of {what}"))?,
        ];
        for message in messages {
            check!(message.contains(&digits), "{what} was refused without the limit: {message}");
        }
        lists(store, "", &[""; 0], &format!("after {what} was refused")).await?;
    }
    let inside = context.namespace("ns").await?;
    let room = context.pairs(&["k".repeat(most - 3)]);
    set(&*inside, &room).await?;
    holds(&*inside, &room, "of the longest key in a namespace").await?;
    let long = entries(&[("k".repeat(most - 2), context.value())]);
    let set = inside.set_many(long, Ttl::StoreDefault).await;
    refused(set, ErrorCode::TooLarge, "set_many where the namespace makes the key too long").map(drop)
}
