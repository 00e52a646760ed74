//! Waiting for JavaScript: for an event of IndexedDB's, and for a promise.
//!
//! An event needs no promise in between. When a trap has replaced the wasm instance, callbacks of the old one do nothing:
//! the build sees to that in wasm-bindgen's glue, where they would throw, and end a Node process.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::Promise;
use js_sys::futures::JsFuture;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget, IdbRequest, IdbRequestReadyState, IdbTransaction};

/// A target of whose next event somebody waits.
struct Waiting {
    target: EventTarget,
    /// What ends the wait as well: a transaction that aborts does not always tell its requests.
    within: Option<EventTarget>,
    /// Whether it was a good one.
    arrived: Cell<Option<bool>>,
    waker: Cell<Option<Waker>>,
}

type Listener = Closure<dyn FnMut(Event)>;

thread_local! {
    /// In the order in which they began to wait, which is mostly the one in which the events come.
    static WAITING: RefCell<Vec<Rc<Waiting>>> = const { RefCell::new(Vec::new()) };
    /// One listener for all targets: one each would cost a read a tenth of its time, most of it in the garbage
    /// collector, which has to watch over every callback that wasm hands out.
    static GOOD: Listener = Closure::new(|event: Event| arrived(&event, true));
    static BAD: Listener = Closure::new(|event: Event| arrived(&event, false));
    /// For requests whose failure is theirs alone.
    static HUSHED: Listener = Closure::new(|event: Event| {
        event.prevent_default();
        arrived(&event, false);
    });
}

fn arrived(event: &Event, good: bool) {
    let Some(target) = event.target() else { return };
    let at = WAITING.with_borrow(|waiting| waiting.iter().position(|one| one.target == target));
    if let Some(at) = at {
        let waiting = WAITING.with_borrow_mut(|waiting| waiting.remove(at));
        waiting.end(good);
    }
    if !good {
        let within = |one: &Rc<Waiting>| one.within.as_ref() == Some(&target);
        let left: Vec<Rc<Waiting>> = WAITING.with_borrow_mut(|waiting| {
            let left = waiting.iter().filter(|one| within(one)).cloned().collect();
            waiting.retain(|one| !within(one));
            left
        });
        left.iter().for_each(|waiting| waiting.end(false));
    }
}

impl Waiting {
    fn end(&self, good: bool) {
        self.arrived.set(Some(good));
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// Waits for an event, from when it is made.
struct Listening(Rc<Waiting>);

impl Listening {
    fn to(target: &EventTarget, within: Option<&EventTarget>) -> Self {
        let (target, within) = (target.clone(), within.cloned());
        let waiting = Rc::new(Waiting { target, within, arrived: Cell::default(), waker: Cell::default() });
        WAITING.with_borrow_mut(|all| all.push(waiting.clone()));
        Self(waiting)
    }

    /// Whether it was a good one.
    async fn arrival(self) -> bool {
        poll_fn(|cx| match self.0.arrived.get() {
            Some(good) => Poll::Ready(good),
            None => {
                self.0.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
        })
        .await
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        if self.0.arrived.get().is_none() {
            WAITING.with_borrow_mut(|waiting| waiting.retain(|one| !Rc::ptr_eq(one, &self.0)));
        }
    }
}

/// Has the failures of all requests of a transaction, and its own, come to those who wait for them. Unless it `goes_on`
/// without them, each failure of a request ends it.
pub fn listen_to_failures(tx: &IdbTransaction, goes_on: bool) {
    let listener = if goes_on { &HUSHED } else { &BAD };
    listener.with(|listener| tx.set_onerror(Some(listener.as_ref().unchecked_ref())));
    BAD.with(|listener| tx.set_onabort(Some(listener.as_ref().unchecked_ref())));
}

/// The failure of `request` is to fail nothing else: its transaction goes on.
pub fn unheard(request: &IdbRequest) {
    HUSHED.with(|listener| request.set_onerror(Some(listener.as_ref().unchecked_ref())));
}

/// Waits until `request`, of a transaction that listens to failures, has its result or its error, or never will.
pub async fn for_request(request: &IdbRequest, tx: &IdbTransaction) {
    for_success(request, Some(tx)).await;
}

/// Waits until `request`, which is of no transaction, has its result or its error.
pub async fn for_opening(request: &IdbRequest) {
    BAD.with(|listener| request.set_onerror(Some(listener.as_ref().unchecked_ref())));
    for_success(request, None).await;
}

async fn for_success(request: &IdbRequest, tx: Option<&IdbTransaction>) {
    // It may have come while something else was waited for.
    if request.ready_state() == IdbRequestReadyState::Done {
        return;
    }
    GOOD.with(|listener| request.set_onsuccess(Some(listener.as_ref().unchecked_ref())));
    Listening::to(request, tx.map(AsRef::as_ref)).arrival().await;
}

/// Waits for the end of a transaction that listens to failures, from this call on: whether all of it is stored.
pub fn for_end(tx: &IdbTransaction) -> impl Future<Output = bool> + 'static {
    GOOD.with(|listener| tx.set_oncomplete(Some(listener.as_ref().unchecked_ref())));
    Listening::to(tx, None).arrival()
}

/// What `promise` settles with.
pub async fn for_promise(promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.clone()).await
}
