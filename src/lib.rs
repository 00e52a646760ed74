//! A batched byte store with one contract everywhere.
//!
//! | what | where |
//! |---|---|
//! | the contract | [`ByteStore`], its rules in [`RULES`] |
//! | what passes through every room | [`Keys`], [`Value`], [`Error`], [`Clock`], [`Timer`], [`Event`] |
//! | stores | [`InMemoryByteStore`], `upstash::UpstashRedisByteStore` (features `upstash`, `reqwest`); on wasm32 also `web::IndexedDbByteStore` and `web::JsByteStore` |
//! | a store on any database of two object stores, for IndexedDB | [`segment_log`] |
//! | stores made of stores | [`layers`] |
//! | what stands on any store | [`features`]: `embeddings`, a cache; `search`, an index of vectors (features of these names) |
//! | the contract as data, to hold a store of one's own against it | `conformance` (feature `testing`) |
//!
//! # A store and its batches
//!
//! ```
//! use bytestow::{ByteStore, ByteStoreExt, InMemoryByteStore, Ttl};
//! # futures_executor::block_on(async {
//! let store = InMemoryByteStore::new();
//! store.set_many([("a", "1"), ("b", "2")].into(), Ttl::after_seconds(60.0)?).await?;
//! let found = store.get_many(["b", "missing", "a"].into()).await?;
//! assert_eq!(found[0].value, Some("2".into()));
//! assert_eq!(found[1].value, None);
//! assert_eq!(store.keys("").await?, ["a", "b"]);
//! # Ok::<(), bytestow::Error>(()) }).unwrap();
//! ```
//!
//! # A namespace of a shared store
//!
//! ```
//! use std::sync::Arc;
//! use bytestow::{ByteStoreExt, InMemoryByteStore, layers::Namespaced};
//! # futures_executor::block_on(async {
//! let all = Arc::new(InMemoryByteStore::new());
//! let docs = Namespaced::new(all.clone(), "docs")?;
//! docs.set("k", "v").await?;
//! assert_eq!(all.keys("").await?, ["docs/k"]);
//! # Ok::<(), bytestow::Error>(()) }).unwrap();
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod breaker;
mod checksum;
pub mod clock;
#[cfg(feature = "testing")]
pub mod conformance;
pub mod error;
pub mod event;
mod ext;
#[cfg(any(feature = "embeddings", feature = "search"))]
pub mod features;
mod future;
mod keys;
pub mod layers;
mod memory;
mod secret;
pub mod segment_log;
mod sorted;
pub mod store;
pub mod timer;
#[cfg(any(test, target_arch = "wasm32"))]
mod turns;
#[cfg(feature = "upstash")]
pub mod upstash;
mod value;
#[cfg(target_arch = "wasm32")]
pub mod web;

pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use error::{Error, ErrorCode, Result};
pub use event::{Event, Observe, Observer, Stats};
pub use ext::ByteStoreExt;
pub use future::{BoxFuture, Portable};
pub use keys::{Entries, Keys};
pub use memory::{InMemoryByteStore, MemoryOptions};
pub use secret::Secret;
pub use segment_log::Usage;
pub use store::{
    ByteStore, Capabilities, Condition, Cursor, Expiry, Kits, Lookup, Page, RULES, RuleTitle, Stat, Ttl, Version,
};
pub use timer::{ManualTimer, SharedTimer, Timer};
pub use value::{ForeignBytes, Value};
