//! The class `Store`: the trait's methods for JavaScript.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytestow::layers::Namespaced;
use bytestow::{ByteStore, Capabilities, Condition, Cursor, Entries, Error, Keys, Stats};
use js_sys::{Array, Uint8Array};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::outcome::{Outcome, failure};
use crate::{options, task};

/// A store of any kind, with or without a namespace.
#[wasm_bindgen]
pub struct Store {
    inner: Arc<dyn ByteStore>,
}

impl Store {
    /// `store`, in `namespace` if there is one.
    pub fn new(store: Arc<dyn ByteStore>, namespace: Option<&str>) -> Result<Self, JsValue> {
        let inner = match namespace {
            Some(namespace) => Arc::new(Namespaced::new(store, namespace).map_err(|error| failure(&error))?),
            None => store,
        };
        Ok(Self { inner })
    }
}

#[wasm_bindgen]
impl Store {
    /// `mget`: an array of `Uint8Array | undefined`.
    #[wasm_bindgen(js_name = getMany)]
    pub fn get_many(&self, keys: String, lengths: &[u32]) -> Result<JsValue, JsValue> {
        let keys = Keys::from_utf16_lengths(keys, lengths);
        let store = self.inner.clone();
        task::run(Box::pin(async move { Ok(Outcome::Values(store.get_many(keys).await?)) }))
    }

    /// `mset` of arrays that are the store's own from now on.
    #[wasm_bindgen(js_name = setMany)]
    pub fn set_many(&self, keys: String, lengths: &[u32], values: Array, ttl: f64) -> Result<JsValue, JsValue> {
        let keys = Keys::from_utf16_lengths(keys, lengths);
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            store.set_many(entries(keys, &values), options::ttl(ttl)?).await?;
            Ok(Outcome::Nothing)
        }))
    }

    /// `setIf`: an array of booleans.
    #[wasm_bindgen(js_name = setIf)]
    pub fn set_if(
        &self,
        keys: String,
        lengths: &[u32],
        values: Array,
        present: bool,
        ttl: f64,
    ) -> Result<JsValue, JsValue> {
        let keys = Keys::from_utf16_lengths(keys, lengths);
        let condition = if present { Condition::Present } else { Condition::Absent };
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            let conditions = vec![condition; keys.len()];
            Ok(Outcome::Flags(store.set_if(entries(keys, &values), conditions, options::ttl(ttl)?).await?))
        }))
    }

    /// `mdelete`.
    #[wasm_bindgen(js_name = deleteMany)]
    pub fn delete_many(&self, keys: String, lengths: &[u32]) -> Result<JsValue, JsValue> {
        let keys = Keys::from_utf16_lengths(keys, lengths);
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            store.delete_many(keys).await?;
            Ok(Outcome::Nothing)
        }))
    }

    /// `stat`: an array of `[bytes, ttl, written] | undefined`.
    pub fn stat(&self, keys: String, lengths: &[u32]) -> Result<JsValue, JsValue> {
        let keys = Keys::from_utf16_lengths(keys, lengths);
        let store = self.inner.clone();
        task::run(Box::pin(async move { Ok(Outcome::Stats(store.stat(keys).await?)) }))
    }

    /// A listing of the keys that begin with `prefix`.
    pub fn list(&self, prefix: String) -> Listing {
        Listing { store: self.inner.clone(), prefix, cursor: Rc::default() }
    }

    /// `clear`.
    pub fn clear(&self, all: bool) -> Result<JsValue, JsValue> {
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            store.clear(String::new(), all).await?;
            Ok(Outcome::Nothing)
        }))
    }

    /// `close`.
    pub fn close(&self) -> Result<JsValue, JsValue> {
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            store.close().await?;
            Ok(Outcome::Nothing)
        }))
    }

    /// `capabilities`, once the store is open; a store that does not open has those that it would have.
    pub fn capabilities(&self) -> Result<JsValue, JsValue> {
        let store = self.inner.clone();
        task::run(Box::pin(async move {
            let _ = store.open().await;
            serialize(&CapabilityFields::from(store.capabilities())).map(Outcome::Js)
        }))
    }

    /// `stats`.
    pub fn stats(&self) -> Result<JsValue, JsValue> {
        serialize(&StatsFields::from(self.inner.stats())).map_err(|error| failure(&error))
    }
}

fn entries(keys: Keys, values: &Array) -> Entries {
    Entries::new(keys, values.iter().map(|array| array.unchecked_into::<Uint8Array>().into()).collect())
}

fn serialize(fields: &impl Serialize) -> Result<JsValue, Error> {
    let serializer = serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true);
    fields
        .serialize(&serializer)
        .map_err(|error| Error::new(bytestow::ErrorCode::Internal, error.to_string()))
}

/// A listing under way. Freeing it ends it.
#[wasm_bindgen]
pub struct Listing {
    store: Arc<dyn ByteStore>,
    prefix: String,
    cursor: Rc<RefCell<Option<Cursor>>>,
}

#[wasm_bindgen]
impl Listing {
    /// The next page: `[keys, more]`.
    pub fn next(&self, limit: u32) -> Result<JsValue, JsValue> {
        let (store, prefix, cursor) = (self.store.clone(), self.prefix.clone(), self.cursor.clone());
        let from = cursor.take();
        task::run(Box::pin(async move {
            let page = store.list(prefix, from, limit as usize).await?;
            let more = page.next.is_some();
            cursor.replace(page.next);
            Ok(Outcome::Keys { keys: page.keys, more })
        }))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatsFields {
    hits: u64,
    misses: u64,
    bytes_read: u64,
    bytes_written: u64,
    requests: u64,
    evictions: u64,
}

impl From<Stats> for StatsFields {
    fn from(stats: Stats) -> Self {
        let Stats { hits, misses, bytes_read, bytes_written, requests, evictions } = stats;
        Self { hits, misses, bytes_read, bytes_written, requests, evictions }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CapabilityFields {
    atomic_batch: bool,
    shared_writes: bool,
    ttl: bool,
    exact_ttl: bool,
    conditional_set: bool,
    shared_backend: bool,
    persistent: bool,
    max_key_bytes: Option<u64>,
}

impl From<Capabilities> for CapabilityFields {
    fn from(of: Capabilities) -> Self {
        Self {
            atomic_batch: of.atomic_batch,
            shared_writes: of.shared_writes,
            ttl: of.ttl,
            exact_ttl: of.exact_ttl,
            conditional_set: of.conditional_set,
            shared_backend: of.shared_backend,
            persistent: of.persistent,
            max_key_bytes: of.max_key_bytes,
        }
    }
}
