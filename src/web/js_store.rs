//! A `ByteStore` over a store written in JavaScript.
//!
//! The object that it stands on answers with promises and has these methods, all of which may be asked again at once:
//!
//! | method | answers |
//! |---|---|
//! | `mget(keys)` | as many `Uint8Array \| undefined`, each the caller's own |
//! | `mset(pairs)` | nothing |
//! | `mdelete(keys)` | nothing |
//! | `list(prefix)` | at once: an object whose `next(limit)` answers `[keys, more]`, and whose `end()` leaves early |
//!
//! `WrappedByteStore` of the npm package makes such an object of any LangChain.js `BaseStore<string, Uint8Array>`, and
//! checks there what comes of it: on JavaScript's side what is wrong is an exception, and on this side it would be a
//! trap. A store in JavaScript cannot expire entries, so a TTL is refused [T6-no-ttl-refused]; `clear` and `stat` are
//! built on the methods above.

use std::any::Any;
use std::cell::Cell;

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::event::Counters;
use crate::store::{ByteStore, Capabilities, Cursor, LiveCursor, Lookup, Page, Stat, Ttl, check_clear};
use crate::{BoxFuture, Entries, Error, Event, Keys, Observer, Result, Stats};

use super::js_value::{failed, strings};
use super::{for_promise, to_js};

/// How many keys `clear` deletes at a time.
const CLEAR_BATCH: usize = 1_000;

/// A store written in JavaScript.
pub struct JsByteStore {
    target: JsValue,
    observer: Option<Observer>,
    closed: Cell<bool>,
    counters: Counters,
}

impl JsByteStore {
    /// The store `target`, an object as the module describes it.
    pub fn new(target: JsValue, observer: Option<Observer>) -> Self {
        Self { target, observer, closed: Cell::new(false), counters: Counters::default() }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    /// Calls a method, now, and awaits its answer.
    fn call(
        &self,
        target: &JsValue,
        method: &'static str,
        operation: &'static str,
        keys: usize,
        argument: &JsValue,
    ) -> BoxFuture<'_, Result<JsValue>> {
        self.counters.request();
        let began = js_sys::Date::now();
        let answer = invoke(target, method, argument);
        Box::pin(async move {
            let answer = match answer {
                Ok(promise) => for_promise(&promise.unchecked_into::<Promise>()).await,
                thrown => thrown,
            };
            let answer = answer.map_err(|thrown| failed(&format!("{method} of the wrapped store"), thrown))?;
            let ms = js_sys::Date::now() - began;
            crate::event::tell(self.observer.as_ref(), || Event::Request { operation, keys, ms });
            Ok(answer)
        })
    }

    async fn mget(&self, keys: Keys) -> Result<Vec<Lookup>> {
        self.check_open()?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let answer = self.call(&self.target, "mget", "get", keys.len(), &js_keys(&keys)).await?;
        Ok(Array::from(&answer).iter().map(lookup).collect())
    }

    fn mdelete(&self, keys: &Keys) -> BoxFuture<'_, Result<JsValue>> {
        self.call(&self.target, "mdelete", "delete", keys.len(), &js_keys(keys))
    }

    async fn page(&self, prefix: &str, cursor: Option<Cursor>, limit: usize) -> Result<Page> {
        self.check_open()?;
        let listing = match cursor {
            Some(cursor) => cursor.into_live::<Listing>()?,
            None => Box::new(Listing(
                invoke(&self.target, "list", &prefix.into())
                    .map_err(|thrown| failed("yieldKeys of the wrapped store", thrown))?,
            )),
        };
        let limit = JsValue::from_f64(limit.max(1) as f64);
        let answer: Array = self.call(&listing.0, "next", "list", 0, &limit).await?.unchecked_into();
        let keys = strings(&answer.get(0));
        let next = answer.get(1).is_truthy().then(|| Cursor::live(*listing));
        Ok(Page { keys, next })
    }

    async fn clear_all(&self, prefix: &str) -> Result<()> {
        // All keys first, then the deletes: nothing is known of what the store does to a listing under way.
        let mut doomed = Vec::new();
        let mut cursor = None;
        loop {
            let page = self.page(prefix, cursor, CLEAR_BATCH).await?;
            doomed.push(page.keys);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        for batch in doomed {
            self.mdelete(&batch.iter().collect()).await?;
        }
        Ok(())
    }
}

/// A listing of the store under way.
struct Listing(JsValue);

impl Drop for Listing {
    /// A listing left early is told so [L6-break-early]; one that has ended does not mind.
    fn drop(&mut self) {
        drop(invoke(&self.0, "end", &JsValue::UNDEFINED));
    }
}

impl LiveCursor for Listing {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn invoke(object: &JsValue, method: &str, argument: &JsValue) -> std::result::Result<JsValue, JsValue> {
    Reflect::get(object, &method.into())?.dyn_into::<Function>()?.call1(object, argument)
}

fn js_keys(keys: &Keys) -> JsValue {
    let array = Array::new();
    for key in keys.iter() {
        array.push(&key.into());
    }
    array.into()
}

fn lookup(answer: JsValue) -> Lookup {
    let value = (!answer.is_undefined()).then(|| answer.unchecked_into::<Uint8Array>().into());
    Lookup { value, ..Lookup::default() }
}

impl ByteStore for JsByteStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: false,
            shared_writes: false,
            ttl: false,
            exact_ttl: false,
            conditional_set: false,
            shared_backend: true,
            persistent: false,
            max_key_bytes: None,
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let found = self.mget(keys).await?;
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if matches!(ttl, Ttl::After(_)) {
                return Err(Error::invalid_argument("ttl: the wrapped store cannot expire entries"));
            }
            if entries.is_empty() {
                return Ok(());
            }
            let pairs = Array::new();
            for (key, value) in entries.iter() {
                pairs.push(&Array::of2(&key.into(), &to_js(value)));
            }
            self.call(&self.target, "mset", "set", entries.len(), &pairs).await?;
            self.counters.wrote(entries.bytes());
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() { Ok(()) } else { self.mdelete(&keys).await.map(drop) }
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.page(&prefix, cursor, limit).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { Ok(Lookup::stats(&self.mget(keys).await?)) })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            check_clear(self.capabilities(), &prefix, all)?;
            self.clear_all(&prefix).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.set(true);
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}
