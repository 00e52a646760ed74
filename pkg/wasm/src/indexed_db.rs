//! `IndexedDBByteStore`.

use std::sync::Arc;

use bytestow::web::{Durability, IndexedDbByteStore, IndexedDbOptions};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::store::Store;

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

/// Makes a store in IndexedDB.
#[wasm_bindgen(js_name = indexedDbStore)]
#[expect(clippy::too_many_arguments, reason = "options cross as arguments: see `options`")]
pub fn indexed_db_store(
    name: String,
    namespace: Option<String>,
    ttl: Option<f64>,
    durability: WriteDurability,
    recreate: bool,
    fall_back: bool,
    now: Option<Function>,
    on_event: Option<Function>,
) -> Result<Store, JsValue> {
    let database = Arc::new(IndexedDbByteStore::new(IndexedDbOptions {
        name,
        ttl: options::life(ttl)?,
        durability: match durability {
            WriteDurability::Relaxed => Durability::Relaxed,
            WriteDurability::Strict => Durability::Strict,
            WriteDurability::Default => Durability::Default,
        },
        recreate,
        fall_back,
        clock: options::clock(now),
        observer: options::observer(on_event),
    }));
    Store::in_database(database, namespace.as_deref())
}
