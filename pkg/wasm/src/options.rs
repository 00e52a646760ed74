//! Options on their way in, and events on their way out.
//!
//! Options cross as plain arguments, which TypeScript has checked: serde's deserialiser, which prints what it did not
//! expect, floats included, would add 9 kB to a package of 60 (gzipped, measured).

use std::sync::Arc;
use std::time::Duration;

use bytestow::web::JsClock;
use bytestow::{Error, Event, Observe, Observer, SharedClock, Ttl};
use js_sys::Function;
use serde::Serialize;
use wasm_bindgen::JsValue;

use crate::outcome::failure;

/// A default TTL in seconds.
pub fn life(seconds: Option<f64>) -> Result<Option<Duration>, JsValue> {
    let ttl = seconds.map(Ttl::after_seconds).transpose().map_err(|error| failure(&error))?;
    Ok(ttl.and_then(|ttl| ttl.resolve(None)))
}

/// The TTL of a call: seconds; NaN for the store's default, infinity for none.
pub fn ttl(seconds: f64) -> Result<Ttl, Error> {
    if seconds.is_nan() {
        Ok(Ttl::StoreDefault)
    } else if seconds.is_infinite() {
        Ok(Ttl::Never)
    } else {
        Ttl::after_seconds(seconds)
    }
}

/// The clock that `now` is, if it is given.
pub fn clock(now: Option<Function>) -> Option<SharedClock> {
    now.map(|now| Arc::new(JsClock::new(now)) as SharedClock)
}

/// The observer that `on_event` is, if it is given. TypeScript passes the event on later: the store is at work.
pub fn observer(on_event: Option<Function>) -> Option<Observer> {
    on_event.map(|on_event| Arc::new(JsObserver(on_event)) as Observer)
}

struct JsObserver(Function);

impl Observe for JsObserver {
    fn event(&self, event: Event) {
        if let Ok(event) = serde_wasm_bindgen::to_value(&EventFields::from(event)) {
            let _ = self.0.call1(&JsValue::UNDEFINED, &event);
        }
    }
}

/// An event as `onEvent` gets it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EventFields {
    Request { operation: &'static str, keys: usize, ms: f64 },
    Evict { keys: usize, bytes: u64 },
    Fallback { to: &'static str, reason: String },
    Reopen { reason: String },
    Recreate { reason: String },
    Corrupt { key: String, reason: String },
    Other,
}

impl From<Event> for EventFields {
    fn from(event: Event) -> Self {
        match event {
            Event::Request { operation, keys, ms } => Self::Request { operation, keys, ms },
            Event::Evict { keys, bytes } => Self::Evict { keys, bytes },
            Event::Fallback { reason } => Self::Fallback { to: "memory", reason },
            Event::Reopen { reason } => Self::Reopen { reason },
            Event::Recreate { reason } => Self::Recreate { reason },
            Event::Corrupt { key, reason } => Self::Corrupt { key, reason },
            _ => Self::Other,
        }
    }
}
