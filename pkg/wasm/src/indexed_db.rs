//! `IndexedDBByteStore`.

use std::sync::Arc;

use bytestow::web::{Durability, IndexedDbByteStore, IndexedDbOptions};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::outcome::Outcome;
use crate::store::Store;
use crate::{options, task};

/// A store in IndexedDB, and what only it can do.
#[wasm_bindgen]
pub struct IndexedDb {
    inner: Arc<IndexedDbByteStore>,
    namespace: Option<String>,
}

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
) -> Result<IndexedDb, JsValue> {
    let inner = Arc::new(IndexedDbByteStore::new(IndexedDbOptions {
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
    Ok(IndexedDb { inner, namespace })
}

#[wasm_bindgen]
impl IndexedDb {
    /// The methods that all stores have.
    pub fn store(&self) -> Result<Store, JsValue> {
        Store::new(self.inner.clone(), self.namespace.as_deref())
    }

    /// `destroy`.
    pub fn destroy(&self) -> Result<JsValue, JsValue> {
        let store = self.inner.clone();
        task::run(Box::pin(async move { store.destroy().await.map(|()| Outcome::Nothing) }))
    }
}
