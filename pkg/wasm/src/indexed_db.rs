//! `IndexedDBByteStore`.

use std::sync::Arc;

use bytestow::web::{Durability, IndexedDbByteStore, IndexedDbOptions};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::store::Store;
use crate::task::WaitUntil;

/// When a write counts as done.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum WriteDurability {
    /// When handed to the operating system.
    Relaxed,
    /// When on the disk.
    Strict,
    /// As the browser likes.
    Default,
}

/// Makes a store in IndexedDB. `background` takes the promise of maintenance.
#[wasm_bindgen(js_name = indexedDbStore)]
#[expect(clippy::too_many_arguments, reason = "options cross as arguments: see `options`")]
pub fn indexed_db_store(
    name: String,
    namespace: Option<String>,
    ttl: Option<f64>,
    durability: WriteDurability,
    max_bytes: Option<f64>,
    memory_bytes: Option<f64>,
    recreate: bool,
    fall_back: bool,
    background: Function,
    now: Option<Function>,
    on_event: Option<Function>,
) -> Result<Store, JsValue> {
    let defaults = IndexedDbOptions::default();
    let database = Arc::new(IndexedDbByteStore::new(IndexedDbOptions {
        name,
        ttl: options::life(ttl)?,
        durability: match durability {
            WriteDurability::Relaxed => Durability::Relaxed,
            WriteDurability::Strict => Durability::Strict,
            WriteDurability::Default => Durability::Default,
        },
        max_bytes: max_bytes.map(|bytes| bytes as u64),
        memory_bytes: memory_bytes.map_or(defaults.memory_bytes, |bytes| bytes as u64),
        recreate,
        fall_back,
        spawn: Some(Arc::new(WaitUntil(background))),
        clock: options::clock(now),
        observer: options::observer(on_event),
        ..defaults
    }));
    Store::in_database(database, namespace.as_deref())
}
