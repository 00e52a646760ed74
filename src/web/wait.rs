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
    /// The event's type.
    arrived: RefCell<Option<String>>,
    waker: Cell<Option<Waker>>,
}

thread_local! {
    static WAITING: RefCell<Vec<Rc<Waiting>>> = const { RefCell::new(Vec::new()) };
    /// One listener for all targets: one each would cost a read a tenth of its time, most of it in the garbage
    /// collector, which has to watch over every callback that wasm hands out.
    static LISTENER: Closure<dyn FnMut(Event)> = Closure::new(|event: Event| arrived(&event));
    /// Likewise for requests whose failure is theirs alone.
    static HUSHED: Closure<dyn FnMut(Event)> = Closure::new(|event: Event| {
        event.prevent_default();
        arrived(&event);
    });
}

fn arrived(event: &Event) {
    let Some(target) = event.target() else { return };
    let waiting = WAITING.with_borrow_mut(|waiting| {
        let at = waiting.iter().position(|one| one.target == target)?;
        Some(waiting.swap_remove(at))
    });
    if let Some(waiting) = waiting {
        waiting.arrived.replace(Some(event.type_()));
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }
}

/// Waits for the next event of `target` that comes to [`arrived`]; gives its type.
async fn event_of(target: &EventTarget) -> String {
    struct Listening(Rc<Waiting>);
    impl Drop for Listening {
        fn drop(&mut self) {
            if self.0.arrived.borrow().is_none() {
                WAITING.with_borrow_mut(|waiting| waiting.retain(|one| !Rc::ptr_eq(one, &self.0)));
            }
        }
    }
    let waiting = Rc::new(Waiting { target: target.clone(), arrived: RefCell::default(), waker: Cell::default() });
    WAITING.with_borrow_mut(|all| all.push(waiting.clone()));
    let listening = Listening(waiting);
    poll_fn(|cx| match listening.0.arrived.borrow().clone() {
        Some(kind) => Poll::Ready(kind),
        None => {
            listening.0.waker.set(Some(cx.waker().clone()));
            Poll::Pending
        }
    })
    .await
}

/// Waits until `request` has its result or its error.
pub async fn for_request(request: &IdbRequest) {
    // It may have come while something else was waited for.
    if request.ready_state() == IdbRequestReadyState::Done {
        return;
    }
    LISTENER.with(|listener| {
        let listener = Some(listener.as_ref().unchecked_ref());
        request.set_onsuccess(listener);
        if request.onerror().is_none() {
            request.set_onerror(listener);
        }
    });
    event_of(request).await;
}

/// The failure of `request` is to fail nothing else: its transaction goes on.
pub fn unheard(request: &IdbRequest) {
    HUSHED.with(|listener| request.set_onerror(Some(listener.as_ref().unchecked_ref())));
}

/// Waits for the end of a transaction: whether all of it is stored.
pub async fn for_end(tx: &IdbTransaction) -> bool {
    LISTENER.with(|listener| {
        let listener = Some(listener.as_ref().unchecked_ref());
        tx.set_oncomplete(listener);
        tx.set_onabort(listener);
    });
    event_of(tx).await == "complete"
}

/// What `promise` settles with.
pub async fn for_promise(promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.clone()).await
}
