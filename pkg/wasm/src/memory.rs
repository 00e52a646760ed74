//! `InMemoryByteStore`.

use std::sync::Arc;

use bytestow::{InMemoryByteStore, MemoryOptions};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::store::Store;

/// Makes a store in memory.
#[wasm_bindgen(js_name = memoryStore)]
pub fn memory_store(
    namespace: Option<String>,
    ttl: Option<f64>,
    max_bytes: Option<f64>,
    max_entries: Option<f64>,
    now: Option<Function>,
    on_event: Option<Function>,
) -> Result<Store, JsValue> {
    let store = InMemoryByteStore::with_options(MemoryOptions {
        ttl: options::life(ttl)?,
        max_bytes: max_bytes.map(|bytes| bytes as u64),
        max_entries: max_entries.map(|entries| entries as usize),
        clock: options::clock(now),
        observer: options::observer(on_event),
    });
    Store::new(Arc::new(store), namespace.as_deref())
}
