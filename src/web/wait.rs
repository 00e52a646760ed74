//! Waiting for JavaScript: for an event of an IndexedDB request, and for a promise.
//!
//! Not by `wasm_bindgen_futures::JsFuture`: when a trap has replaced the wasm instance, the callbacks of the old one
//! throw, and of a promise's callback that is an unhandled rejection, which ends a Node process. And an event needs no
//! promise in between.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use js_sys::{Array, Function, Promise};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::IdbRequest;

type Callback = Closure<dyn FnMut(JsValue)>;

#[derive(Default)]
struct State {
    settled: Option<Result<JsValue, JsValue>>,
    waker: Option<Waker>,
    /// The callbacks of a promise own the state, and the state owns them, until the promise settles: it may do so after
    /// nobody waits any more.
    callbacks: Option<(Callback, Callback)>,
}

impl State {
    fn settle(state: &RefCell<Self>, result: Result<JsValue, JsValue>) {
        let mut state = state.borrow_mut();
        state.settled = Some(result);
        let (waker, callbacks) = (state.waker.take(), state.callbacks.take());
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        drop(callbacks);
    }

    async fn wait(state: &RefCell<Self>) -> Result<JsValue, JsValue> {
        poll_fn(|cx| {
            let mut state = state.borrow_mut();
            match state.settled.take() {
                Some(result) => Poll::Ready(result),
                None => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Waits until `request` has its result or its error.
pub async fn for_request(request: &IdbRequest) {
    struct Listening<'r>(&'r IdbRequest, Callback);
    impl Drop for Listening<'_> {
        fn drop(&mut self) {
            self.0.set_onsuccess(None);
            self.0.set_onerror(None);
        }
    }
    let state = Rc::new(RefCell::new(State::default()));
    let callback = {
        let state = state.clone();
        Callback::new(move |event| State::settle(&state, Ok(event)))
    };
    let listening = Listening(request, callback);
    let handler: Option<&Function> = Some(listening.1.as_ref().unchecked_ref());
    request.set_onsuccess(handler);
    request.set_onerror(handler);
    let _ = State::wait(&state).await;
}

/// What `promise` settles with.
pub async fn for_promise(promise: &Promise) -> Result<JsValue, JsValue> {
    let state = Rc::new(RefCell::new(State::default()));
    let (fulfilled, rejected) = (state.clone(), state.clone());
    let callbacks = (
        Callback::new(move |value| State::settle(&fulfilled, Ok(value))),
        Callback::new(move |reason| State::settle(&rejected, Err(reason))),
    );
    let chained = promise.then2(&callbacks.0, &callbacks.1);
    // allSettled takes the rejection that it is if a callback of an old instance throws.
    drop(Promise::all_settled(&Array::of1(&chained)));
    state.borrow_mut().callbacks = Some(callbacks);
    State::wait(&state).await
}
