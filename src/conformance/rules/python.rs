//! The eleven cases of `langchain_tests.integration_tests.base_store` (Python), with its keys. Nothing is added to what
//! they assert, so that passing P means passing there; what they do not see is the business of the other rules.
#![expect(clippy::disallowed_names, reason = "foo and bar are that suite's keys")]

use super::super::context::Context;
use super::super::expect::{Checked, check, delete, finds, holds, lacks, lists, set};
use crate::Value;

super::chapter! {
    "P01-three-values" => three_values,
    "P02-store-is-empty" => store_is_empty,
    "P03-set-and-get" => set_and_get,
    "P04-still-empty" => still_empty,
    "P05-delete-values" => delete_values,
    "P06-delete-bulk" => delete_bulk,
    "P07-delete-missing" => delete_missing,
    "P08-set-is-idempotent" => set_is_idempotent,
    "P09-get-same-value" => get_same_value,
    "P10-overwrite" => overwrite,
    "P11-yield-keys" => yield_keys,
}

async fn set_foo_bar(context: &Context<'_>) -> Checked<[Value; 3]> {
    let [foo, bar, buzz] = context.three_values();
    set(context.store(), &[("foo", foo.clone()), ("bar", bar.clone())]).await?;
    Ok([foo, bar, buzz])
}

/// Python asserts the fixture alone. Three values that the store cannot keep apart would be no fixture for it.
async fn three_values(context: &Context<'_>) -> Checked {
    let [foo, bar, buz] = context.three_values();
    check!(foo != bar && bar != buz && foo != buz, "the kit's own three values are not distinct");
    let pairs = [("foo", foo), ("bar", bar), ("buz", buz)].map(|(key, value)| (key.to_owned(), value));
    set(context.store(), &pairs).await?;
    holds(context.store(), &pairs, "of three values").await
}

async fn store_is_empty(context: &Context<'_>) -> Checked {
    lacks(context.store(), &["foo", "bar", "buzz"], "on a new store").await
}

async fn set_and_get(context: &Context<'_>) -> Checked {
    let [foo, bar, _] = set_foo_bar(context).await?;
    finds(context.store(), &[("foo", Some(&foo)), ("bar", Some(&bar))], "after set_many").await
}

async fn still_empty(context: &Context<'_>) -> Checked {
    set_foo_bar(context).await?;
    let fresh = context.open_elsewhere().await?;
    lacks(&*fresh, &["foo"], "on a store made for another test").await
}

async fn delete_values(context: &Context<'_>) -> Checked {
    let [_, bar, _] = set_foo_bar(context).await?;
    delete(context.store(), &["foo"]).await?;
    finds(context.store(), &[("foo", None), ("bar", Some(&bar))], "after delete_many of foo").await
}

async fn delete_bulk(context: &Context<'_>) -> Checked {
    let [foo, bar, buz] = context.three_values();
    set(context.store(), &[("foo", foo), ("bar", bar.clone()), ("buz", buz)]).await?;
    delete(context.store(), &["foo", "buz"]).await?;
    finds(context.store(), &[("foo", None), ("bar", Some(&bar)), ("buz", None)], "after delete_many of two").await
}

async fn delete_missing(context: &Context<'_>) -> Checked {
    delete(context.store(), &["foo"]).await?;
    delete(context.store(), &["foo", "bar", "baz"]).await
}

async fn set_is_idempotent(context: &Context<'_>) -> Checked {
    let [foo, bar, _] = context.three_values();
    for _ in 0..2 {
        set(context.store(), &[("foo", foo.clone()), ("bar", bar.clone())]).await?;
    }
    finds(context.store(), &[("foo", Some(&foo)), ("bar", Some(&bar))], "after the same set_many twice").await?;
    lists(context.store(), "", &["bar", "foo"], "after the same set_many twice").await
}

async fn get_same_value(context: &Context<'_>) -> Checked {
    let [foo, bar, _] = set_foo_bar(context).await?;
    let (foo, bar) = (("foo", Some(&foo)), ("bar", Some(&bar)));
    finds(context.store(), &[foo, bar, foo, bar], "of two keys twice").await
}

async fn overwrite(context: &Context<'_>) -> Checked {
    let [_, bar, buzz] = set_foo_bar(context).await?;
    set(context.store(), &[("foo", buzz.clone())]).await?;
    finds(context.store(), &[("foo", Some(&buzz)), ("bar", Some(&bar))], "after foo was set again").await
}

async fn yield_keys(context: &Context<'_>) -> Checked {
    set_foo_bar(context).await?;
    lists(context.store(), "", &["bar", "foo"], "of two keys").await?;
    lists(context.store(), "foo", &["foo"], "of two keys").await
}
