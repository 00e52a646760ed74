//! A `ByteStore` over any JavaScript object with LangChain's four methods (`mget`, `mset`, `mdelete`, `yieldKeys`).
//!
//! What comes from such a store is not trusted: answers are checked for their shape, bytes are copied (the store may
//! keep the array it hands out), and keys that do not begin with the prefix are left out. It cannot expire entries, so
//! a TTL is refused [T6-no-ttl-refused]; `clear` and `stat` are built on the four methods.

use std::any::Any;
use std::cell::Cell;
use std::sync::Arc;

use js_sys::{Array, Function, Promise, Reflect, Symbol, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::event::Counters;
use crate::sorted::SortedMap;
use crate::store::{ByteStore, Capabilities, Cursor, LiveCursor, Lookup, Page, Stat, Ttl, check_clear};
use crate::{BoxFuture, Entries, Error, ErrorCode, Event, Keys, Observer, Result, Stats};

use super::{JsCause, for_promise, to_js};

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
    /// The store `target`, an object with the four methods. They are looked up at each call.
    pub fn new(target: JsValue, observer: Option<Observer>) -> Self {
        Self { target, observer, closed: Cell::new(false), counters: Counters::default() }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.get() { Err(Error::closed()) } else { Ok(()) }
    }

    fn start(&self, method: &str, argument: &JsValue) -> Result<JsValue> {
        let function = self::method(&self.target, method).ok_or_else(|| corrupt("it lacks a method"))?;
        self.counters.request();
        function.call1(&self.target, argument).map_err(|thrown| failed(method, thrown))
    }

    /// Calls a method, now, and awaits its answer.
    fn call(
        &self,
        method: &'static str,
        operation: &'static str,
        keys: usize,
        argument: &JsValue,
    ) -> BoxFuture<'_, Result<JsValue>> {
        let began = js_sys::Date::now();
        let answer = self.start(method, argument);
        Box::pin(async move {
            let answer = for_promise(&Promise::resolve(&answer?)).await.map_err(|thrown| failed(method, thrown))?;
            let ms = js_sys::Date::now() - began;
            crate::event::tell(self.observer.as_ref(), || Event::Request { operation, keys, ms });
            Ok(answer)
        })
    }

    fn mget(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() {
                return Ok(Vec::new());
            }
            let answer = self.call("mget", "get", keys.len(), &js_keys(&keys)).await?;
            let answer: Array = answer
                .dyn_into()
                .ok()
                .filter(|array: &Array| array.length() as usize == keys.len())
                .ok_or_else(|| corrupt("mget did not answer with an array of as many values as there were keys"))?;
            answer.iter().map(lookup).collect()
        })
    }

    async fn mdelete(&self, keys: &Keys) -> Result<()> {
        self.call("mdelete", "delete", keys.len(), &js_keys(keys)).await.map(drop)
    }

    fn keys_from(&self, prefix: &str) -> Result<Iteration> {
        let iterable = self.start("yieldKeys", &prefix.into())?;
        let iterator = Reflect::get(&iterable, Symbol::async_iterator().as_ref())
            .ok()
            .and_then(|method| method.dyn_into::<Function>().ok())
            .and_then(|method| method.call0(&iterable).ok())
            .ok_or_else(|| corrupt("yieldKeys did not give an async iterator"))?;
        Ok(Iteration { iterator, seen: SortedMap::default(), done: false })
    }

    fn page<'a>(&'a self, prefix: &'a str, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'a, Result<Page>> {
        Box::pin(async move {
            self.check_open()?;
            let mut iteration = match cursor {
                Some(cursor) => cursor.into_live::<Iteration>()?,
                None => Box::new(self.keys_from(prefix)?),
            };
            let mut page = Page::default();
            while page.keys.len() < limit.max(1) {
                let step = for_promise(&iteration.step()?).await;
                let Some(key) = iteration.take(step)? else { return Ok(page) };
                if key.starts_with(prefix) && iteration.seen.insert(Arc::from(key.as_str()), 0).is_none() {
                    page.keys.push(key);
                }
            }
            page.next = Some(Cursor::live(*iteration));
            Ok(page)
        })
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

/// A listing of the wrapped store under way.
struct Iteration {
    iterator: JsValue,
    /// What was given out: stores that repeat a key (a Redis SCAN may) must not make us repeat it.
    seen: SortedMap,
    done: bool,
}

impl Iteration {
    fn step(&self) -> Result<Promise> {
        let next = method(&self.iterator, "next").ok_or_else(|| corrupt("the iterator of yieldKeys has no next()"))?;
        let step = next.call0(&self.iterator).map_err(|thrown| failed("yieldKeys", thrown))?;
        Ok(Promise::resolve(&step))
    }

    /// The key of a step; `None` at the end.
    fn take(&mut self, step: std::result::Result<JsValue, JsValue>) -> Result<Option<String>> {
        let step = step.map_err(|thrown| {
            self.done = true;
            failed("yieldKeys", thrown)
        })?;
        self.done = field(&step, "done").is_truthy();
        if self.done {
            return Ok(None);
        }
        let key = field(&step, "value").as_string();
        key.map(Some).ok_or_else(|| corrupt("yieldKeys gave a key that is not a string"))
    }
}

impl Drop for Iteration {
    /// An iteration left early is told so [L6-break-early].
    fn drop(&mut self) {
        if !self.done
            && let Some(stop) = method(&self.iterator, "return")
            && let Ok(ended) = stop.call0(&self.iterator)
        {
            // Nobody waits for it: allSettled takes its rejection, if it comes to that.
            drop(Promise::all_settled(&Array::of1(&ended)));
        }
    }
}

impl LiveCursor for Iteration {
    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

fn method(object: &JsValue, name: &str) -> Option<Function> {
    field(object, name).dyn_into().ok()
}

fn js_keys(keys: &Keys) -> JsValue {
    let array = Array::new();
    for key in keys.iter() {
        array.push(&key.into());
    }
    array.into()
}

fn lookup(answer: JsValue) -> Result<Lookup> {
    if answer.is_undefined() || answer.is_null() {
        return Ok(Lookup::default());
    }
    let bytes: Uint8Array = answer.dyn_into().map_err(|_| corrupt("mget gave something that is not a Uint8Array"))?;
    // Through the constructor, not `slice`: of a Buffer that would be a view on the same memory.
    Ok(Lookup { value: Some(Uint8Array::new(&bytes).into()), ..Lookup::default() })
}

fn corrupt(message: &str) -> Error {
    Error::new(ErrorCode::Corrupt, format!("the wrapped store broke the contract: {message}"))
}

/// The error that the wrapped store gave: with its own code if it is one of ours, else `unavailable`.
fn failed(method: &str, thrown: JsValue) -> Error {
    let text = |name: &str| field(&thrown, name).as_string();
    let ours = text("name").filter(|name| name == "BytestowError").and_then(|_| text("code"));
    match ours.as_deref().and_then(ErrorCode::parse) {
        Some(code) => {
            let retryable = field(&thrown, "retryable").is_truthy();
            let message = text("message").unwrap_or_default();
            Error::new(code, message).with_retryable(retryable).with_foreign_cause(JsCause(thrown))
        }
        None => Error::new(ErrorCode::Unavailable, format!("{method} of the wrapped store failed: see cause"))
            .with_foreign_cause(JsCause(thrown)),
    }
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
            self.call("mset", "set", entries.len(), &pairs).await?;
            self.counters.wrote(entries.bytes());
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            if keys.is_empty() { Ok(()) } else { self.mdelete(&keys).await }
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.page(&prefix, cursor, limit).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { Ok(self.mget(keys).await?.iter().map(Lookup::stat).collect()) })
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
