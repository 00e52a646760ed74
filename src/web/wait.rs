//! Waiting for JavaScript: for an event of an IndexedDB request, and for a promise.
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
use web_sys::{Event, IdbRequest};

/// A request whose result is waited for.
struct Waiting {
    request: IdbRequest,
    arrived: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

thread_local! {
    static WAITING: RefCell<Vec<Rc<Waiting>>> = const { RefCell::new(Vec::new()) };
    /// One listener for all requests: one each would cost a read a tenth of its time, most of it in the garbage
    /// collector, which has to watch over every callback that wasm hands out.
    static LISTENER: Closure<dyn FnMut(Event)> = Closure::new(|event: Event| arrived(&event));
}

fn arrived(event: &Event) {
    let Some(target) = event.target() else { return };
    let waiting = WAITING.with_borrow_mut(|waiting| {
        let at = waiting.iter().position(|one| target.loose_eq(&one.request))?;
        Some(waiting.swap_remove(at))
    });
    if let Some(waiting) = waiting {
        waiting.arrived.set(true);
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
    }
}

/// Waits until `request` has its result or its error.
pub async fn for_request(request: &IdbRequest) {
    struct Listening(Rc<Waiting>);
    impl Drop for Listening {
        fn drop(&mut self) {
            if !self.0.arrived.get() {
                WAITING.with_borrow_mut(|waiting| waiting.retain(|one| !Rc::ptr_eq(one, &self.0)));
            }
        }
    }
    let waiting = Rc::new(Waiting { request: request.clone(), arrived: Cell::new(false), waker: RefCell::default() });
    WAITING.with_borrow_mut(|all| all.push(waiting.clone()));
    LISTENER.with(|listener| {
        let listener = Some(listener.as_ref().unchecked_ref());
        request.set_onsuccess(listener);
        request.set_onerror(listener);
    });
    let listening = Listening(waiting);
    poll_fn(|cx| {
        if listening.0.arrived.get() {
            return Poll::Ready(());
        }
        listening.0.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    })
    .await;
}

/// What `promise` settles with.
pub async fn for_promise(promise: &Promise) -> Result<JsValue, JsValue> {
    JsFuture::from(promise.clone()).await
}
