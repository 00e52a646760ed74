//! Waiting for JavaScript: for an event of IndexedDB's, and for a promise.
//!
//! An event needs no promise in between. When a trap has replaced the wasm instance, callbacks of the old one do nothing:
//! the build sees to that in wasm-bindgen's glue, where they would throw, and end a Node process.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
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
    let waiting = WAITING.with_borrow_mut(|waiting| {
        let at = waiting.iter().position(|one| one.target == target)?;
        Some(waiting.remove(at))
    });
    if let Some(waiting) = waiting {
        waiting.arrived.set(Some(good));
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }
}

/// Waits for the next event of `target` that comes to [`arrived`]; gives whether it was a good one.
async fn event_of(target: &EventTarget) -> bool {
    struct Listening(Rc<Waiting>);
    impl Drop for Listening {
        fn drop(&mut self) {
            if self.0.arrived.get().is_none() {
                WAITING.with_borrow_mut(|waiting| waiting.retain(|one| !Rc::ptr_eq(one, &self.0)));
            }
        }
    }
    let waiting = Rc::new(Waiting { target: target.clone(), arrived: Cell::default(), waker: Cell::default() });
    WAITING.with_borrow_mut(|all| all.push(waiting.clone()));
    let listening = Listening(waiting);
    poll_fn(|cx| match listening.0.arrived.get() {
        Some(good) => Poll::Ready(good),
        None => {
            listening.0.waker.set(Some(cx.waker().clone()));
            Poll::Pending
        }
    })
    .await
}

/// Has the failures of all requests of a transaction come to those who wait for them. Unless it `goes_on` without them,
/// each of them ends it.
pub fn listen_to_errors(tx: &IdbTransaction, goes_on: bool) {
    let listener = if goes_on { &HUSHED } else { &BAD };
    listener.with(|listener| tx.set_onerror(Some(listener.as_ref().unchecked_ref())));
}

/// The failure of `request` is to fail nothing else: its transaction goes on.
pub fn unheard(request: &IdbRequest) {
    HUSHED.with(|listener| request.set_onerror(Some(listener.as_ref().unchecked_ref())));
}

/// Waits until `request`, whose transaction listens to errors, has its result or its error.
pub async fn for_request(request: &IdbRequest) {
    // It may have come while something else was waited for.
    if request.ready_state() == IdbRequestReadyState::Done {
        return;
    }
    GOOD.with(|listener| request.set_onsuccess(Some(listener.as_ref().unchecked_ref())));
    event_of(request).await;
}

/// Waits until `request`, which is of no transaction, has its result or its error.
pub async fn for_opening(request: &IdbRequest) {
    BAD.with(|listener| request.set_onerror(Some(listener.as_ref().unchecked_ref())));
    for_request(request).await;
}

/// Waits for the end of a transaction: whether all of it is stored.
pub async fn for_end(tx: &IdbTransaction) -> bool {
    GOOD.with(|listener| tx.set_oncomplete(Some(listener.as_ref().unchecked_ref())));
    BAD.with(|listener| tx.set_onabort(Some(listener.as_ref().unchecked_ref())));
    event_of(tx).await
}

/// What `promise` settles with.
pub async fn for_promise(promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.clone()).await
}
