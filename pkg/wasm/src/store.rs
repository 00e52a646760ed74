//! The class `Store`: the trait's methods for JavaScript.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use bytestow::layers::Namespaced;
use bytestow::web::IndexedDbByteStore;
use bytestow::{ByteStore, Condition, Cursor, Entries, Keys};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::outcome::{self, Outcome, failure};
use crate::{options, task};

/// A store of any kind, with or without a namespace.
#[wasm_bindgen]
pub struct Store {
    inner: Arc<dyn ByteStore>,
    /// The database below, which can be deleted as a whole.
    database: Option<Arc<IndexedDbByteStore>>,
}

/// What a call does.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum Operation {
    /// `mget`: an array of `Uint8Array | undefined`.
    Get,
    /// `mset` of arrays that are the store's own from now on.
    Set,
    /// `setIf` absent: an array of booleans.
    SetAbsent,
    /// `setIf` present: an array of booleans.
    SetPresent,
    /// `mdelete`.
    Delete,
    /// `stat`: an array of `[bytes, ttl, written] | undefined`.
    Stat,
    /// `clear`.
    Clear,
    /// `clear({ all: true })`.
    ClearAll,
    /// `close`.
    Close,
    /// `capabilities`, once the store is open; a store that does not open has those that it would have.
    Capabilities,
    /// `destroy`, where there is a database.
    Destroy,
    /// `usage`, where there is a database: `[keys, bytes, storedBytes]`.
    Usage,
}

impl Store {
    /// `store`, in `namespace` if there is one.
    pub fn new(store: Arc<dyn ByteStore>, namespace: Option<&str>) -> Result<Self, JsValue> {
        let inner = match namespace {
            Some(namespace) => Arc::new(Namespaced::new(store, namespace).map_err(|error| failure(&error))?),
            None => store,
        };
        Ok(Self { inner, database: None })
    }

    /// A store in `database`.
    pub fn in_database(database: Arc<IndexedDbByteStore>, namespace: Option<&str>) -> Result<Self, JsValue> {
        Ok(Self { database: Some(database.clone()), ..Self::new(database, namespace)? })
    }

    /// The store, for one that stands on it.
    pub fn inner(&self) -> Arc<dyn ByteStore> {
        self.inner.clone()
    }
}

#[wasm_bindgen]
impl Store {
    /// Starts a call: gives its result if it is there at once, else the id of its task. One export for all calls: one
    /// each would weigh 1 kB apiece, for its glue and its future.
    pub fn call(
        &self,
        operation: Operation,
        keys: String,
        lengths: &[u32],
        values: Option<Array>,
        ttl: f64,
    ) -> Result<JsValue, JsValue> {
        let store = self.inner.clone();
        let database = self.database.clone();
        let keys = Keys::from_utf16_lengths(keys, lengths);
        task::run(Box::pin(async move {
            let count = keys.len();
            Ok(match operation {
                Operation::Get => Outcome::Values(store.get_many(keys).await?),
                Operation::Set => {
                    store.set_many(entries(keys, values), options::ttl(ttl)?).await?;
                    Outcome::Nothing
                }
                Operation::SetAbsent | Operation::SetPresent => {
                    let present = matches!(operation, Operation::SetPresent);
                    let conditions = vec![if present { Condition::Present } else { Condition::Absent }; count];
                    Outcome::Flags(store.set_if(entries(keys, values), conditions, options::ttl(ttl)?).await?)
                }
                Operation::Delete => {
                    store.delete_many(keys).await?;
                    Outcome::Nothing
                }
                Operation::Stat => Outcome::Stats(store.stat(keys).await?),
                Operation::Clear | Operation::ClearAll => {
                    store.clear(String::new(), matches!(operation, Operation::ClearAll)).await?;
                    Outcome::Nothing
                }
                Operation::Close => {
                    store.close().await?;
                    Outcome::Nothing
                }
                Operation::Capabilities => {
                    let _ = store.open().await;
                    Outcome::Capabilities(store.capabilities())
                }
                Operation::Destroy => {
                    if let Some(database) = database {
                        database.destroy().await?;
                    }
                    Outcome::Nothing
                }
                Operation::Usage => match database {
                    Some(database) => Outcome::Usage(database.usage().await?),
                    None => Outcome::Nothing,
                },
            })
        }))
    }

    /// A listing of the keys that begin with `prefix`.
    pub fn list(&self, prefix: String) -> Listing {
        Listing { store: self.inner.clone(), prefix, cursor: Rc::default() }
    }

    /// `stats`.
    pub fn stats(&self) -> JsValue {
        outcome::stats(self.inner.stats())
    }
}

fn entries(keys: Keys, values: Option<Array>) -> Entries {
    let arrays = values.unwrap_or_default();
    Entries::new(keys, arrays.iter().map(|array| array.unchecked_into::<Uint8Array>().into()).collect())
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
    /// The next page: `[joined, lengths, more]`.
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
