//! The store, as far as this side knows it: requests that are put out, and wait for TypeScript's answers.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use bytestow::event::{Event, Observe};
use bytestow::features::search::Pause;
use bytestow::web::{JsCause, strings, to_js};
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Cursor, Entries, Error, ErrorCode, Keys, Lookup, Page, Result, Stat, Stats,
    Ttl, Value,
};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::answers::failure;

/// What stands first in a request: see `Engine::pump`.
mod kind {
    pub const GET: u32 = 2;
    pub const SET: u32 = 3;
    pub const DELETE: u32 = 4;
    pub const LIST: u32 = 5;
    pub const PAUSE: u32 = 6;
    pub const OUTAGE: u32 = 7;
}

/// The number of what is told and not asked: no request has it.
const TOLD: u32 = 0;

struct Waiting {
    id: u32,
    /// Until it is asked for.
    request: Option<(u32, JsValue)>,
    answer: Option<std::result::Result<JsValue, JsValue>>,
    waker: Option<Waker>,
}

/// Requests and their answers.
#[derive(Clone, Default)]
pub struct Mailbox {
    waiting: Rc<RefCell<Vec<Waiting>>>,
    last: Rc<Cell<u32>>,
}

impl Mailbox {
    /// Puts the requests that nobody has seen yet into `outs`, and what is to be told.
    pub fn take(&self, outs: &Array) {
        for waiting in self.waiting.borrow_mut().iter_mut() {
            if let Some((kind, what)) = waiting.request.take() {
                outs.push(&Array::of3(&kind.into(), &waiting.id.into(), &what));
            }
        }
        // Nobody waits for an answer to what was told.
        self.waiting.borrow_mut().retain(|waiting| waiting.id != TOLD);
    }

    /// What was answered. Nobody may wait for it any more.
    pub fn answer(&self, id: u32, answer: std::result::Result<JsValue, JsValue>) {
        let mut waiting = self.waiting.borrow_mut();
        let Some(waiting) = waiting.iter_mut().find(|waiting| waiting.id == id) else { return };
        waiting.answer = Some(answer);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }

    fn ask(&self, kind: u32, what: JsValue) -> Answer<'_> {
        let id = self.last.get().wrapping_add(1).max(TOLD + 1);
        self.last.set(id);
        self.waiting.borrow_mut().push(Waiting { id, request: Some((kind, what)), answer: None, waker: None });
        Answer { mailbox: self, id }
    }
}

/// Waits for an answer. Dropped, it is not waited for.
struct Answer<'a> {
    mailbox: &'a Mailbox,
    id: u32,
}

impl Future for Answer<'_> {
    type Output = Result<JsValue>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut waiting = self.mailbox.waiting.borrow_mut();
        let Some(waiting) = waiting.iter_mut().find(|waiting| waiting.id == self.id) else { return Poll::Pending };
        match waiting.answer.take() {
            Some(answer) => Poll::Ready(answer.map_err(failed)),
            None => {
                waiting.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Answer<'_> {
    fn drop(&mut self) {
        self.mailbox.waiting.borrow_mut().retain(|waiting| waiting.id != self.id);
    }
}

/// The error that a store's failure is, as TypeScript gives it; it goes out again as it came in.
fn failed(failure: JsValue) -> Error {
    let field = |name: &str| Reflect::get(&failure, &name.into()).unwrap_or_default();
    let code = field("code").as_string().as_deref().and_then(ErrorCode::parse).unwrap_or(ErrorCode::Unavailable);
    let retryable = field("retryable").is_truthy();
    let message = field("message").as_string().unwrap_or_default();
    Error::new(code, message).with_retryable(retryable).with_foreign_cause(JsCause(failure))
}

impl Observe for Mailbox {
    fn event(&self, event: Event) {
        if let Event::StoreError { error } = event {
            let request = Some((kind::OUTAGE, failure(&error)));
            self.waiting.borrow_mut().push(Waiting { id: TOLD, request, answer: None, waker: None });
        }
    }
}

impl Pause for Mailbox {
    fn pause(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let _ = self.ask(kind::PAUSE, JsValue::UNDEFINED).await;
        })
    }
}

fn keys_out(keys: &Keys) -> JsValue {
    let array = Array::new();
    keys.iter().for_each(|key| {
        array.push(&key.into());
    });
    array.into()
}

/// Values of JavaScript's, by handle: each is copied into linear memory when it is read, once.
fn lookup(value: JsValue) -> Lookup {
    let value = value.dyn_into::<Uint8Array>().ok().map(Value::from);
    Lookup { value, ..Lookup::default() }
}

impl ByteStore for Mailbox {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: false,
            shared_writes: false,
            ttl: false,
            exact_ttl: false,
            conditional_set: false,
            shared_backend: true,
            persistent: true,
            max_key_bytes: None,
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let found = self.ask(kind::GET, keys_out(&keys)).await?;
            Ok(Array::from(&found).iter().map(lookup).collect())
        })
    }

    fn set_many(&self, entries: Entries, _ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let pairs = Array::new();
            for (key, value) in entries.iter() {
                pairs.push(&Array::of2(&key.into(), &to_js(value)));
            }
            // On JavaScript's side now: once is enough.
            drop(entries);
            self.ask(kind::SET, pairs.into()).await.map(drop)
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.ask(kind::DELETE, keys_out(&keys)).await.map(drop) })
    }

    /// All keys at once, whatever the limit.
    fn list(&self, prefix: String, _cursor: Option<Cursor>, _limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            let keys = self.ask(kind::LIST, prefix.into()).await?;
            Ok(Page { keys: strings(&keys), next: None })
        })
    }

    // The index asks for nothing else.

    fn stat(&self, _keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn clear(&self, _prefix: String, _all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    fn stats(&self) -> Stats {
        Stats::default()
    }
}

fn unsupported() -> Error {
    Error::unsupported("an index asks for no such thing")
}
