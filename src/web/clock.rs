//! The time on JavaScript's side.

use wasm_bindgen::JsValue;

use crate::Clock;

/// `Date.now()`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }
}

/// A function of the caller's that tells the time in milliseconds.
#[derive(Clone, Debug)]
pub struct JsClock(js_sys::Function);

impl JsClock {
    /// A clock that asks `now`.
    pub fn new(now: js_sys::Function) -> Self {
        Self(now)
    }
}

impl Clock for JsClock {
    /// What the function says; the machine's time if it throws or gives no number.
    fn now_ms(&self) -> u64 {
        let told = self.0.call0(&JsValue::UNDEFINED).ok().and_then(|now| now.as_f64());
        told.filter(|now| now.is_finite()).map_or_else(|| SystemClock.now_ms(), |now| now as u64)
    }
}
