//! Exports that trap on purpose, in a build for tests only.
#![expect(clippy::panic, reason = "that is what it is for")]

use bytestow::web::for_promise;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use crate::outcome::Outcome;
use crate::task;

/// Panics in the call.
#[wasm_bindgen(js_name = trapNow)]
pub fn trap_now() {
    panic!("a deliberate panic");
}

/// Panics in a task, after `promise` has settled.
#[wasm_bindgen(js_name = trapLater)]
pub fn trap_later(promise: Promise) -> Result<JsValue, JsValue> {
    task::run(Box::pin(async move {
        match for_promise(&promise).await {
            Ok(value) => panic!("a deliberate panic in a task: {value:?}"),
            Err(_) => Ok(Outcome::Nothing),
        }
    }))
}

/// Overflows the stack.
#[wasm_bindgen(js_name = trapDeep)]
pub fn trap_deep(depth: u32) -> u32 {
    let mut frame = [depth; 64];
    if depth > 0 {
        std::hint::black_box(&mut frame);
        return trap_deep(depth - 1).wrapping_add(frame.iter().sum());
    }
    0
}

/// Overflows the stack in a task, after `promise` has settled.
#[wasm_bindgen(js_name = trapDeepLater)]
pub fn trap_deep_later(promise: Promise, depth: u32) -> Result<JsValue, JsValue> {
    task::run(Box::pin(async move {
        let _ = for_promise(&promise).await;
        std::hint::black_box(trap_deep(depth));
        Ok(Outcome::Nothing)
    }))
}
