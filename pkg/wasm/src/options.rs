//! Options on their way in, and events on their way out.
//!
//! Options cross as plain arguments, which TypeScript has checked: serde's deserialiser, which prints what it did not
//! expect, floats included, would add 9 kB to a package of 60 (gzipped, measured).

use std::sync::Arc;
use std::time::Duration;

use bytestow::web::JsClock;
use bytestow::{Error, Event, Observe, Observer, SharedClock, Ttl};
use js_sys::{Array, Function};
use wasm_bindgen::JsValue;

use crate::outcome::{failure, object};

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
        let _ = self.0.call1(&JsValue::UNDEFINED, &fields(event));
    }
}

/// An event as `onEvent` gets it.
fn fields(event: Event) -> JsValue {
    let count = |count: usize| JsValue::from_f64(count as f64);
    match event {
        Event::Request { operation, keys, ms } => object([
            ("type", "request".into()),
            ("operation", operation.into()),
            ("keys", count(keys)),
            ("ms", JsValue::from_f64(ms)),
        ]),
        Event::Evict { keys, bytes } => {
            object([("type", "evict".into()), ("keys", count(keys)), ("bytes", JsValue::from_f64(bytes as f64))])
        }
        Event::Fallback { reason } => {
            object([("type", "fallback".into()), ("to", "memory".into()), ("reason", reason.into())])
        }
        Event::Reopen { reason } => object([("type", "reopen".into()), ("reason", reason.into())]),
        Event::Recreate { reason } => object([("type", "recreate".into()), ("reason", reason.into())]),
        Event::Corrupt { key, reason } => {
            object([("type", "corrupt".into()), ("key", key.into()), ("reason", reason.into())])
        }
        Event::Change { keys, more } => {
            let array = Array::new();
            for key in keys {
                array.push(&key.into());
            }
            object([("type", "change".into()), ("keys", array.into()), ("more", more.into())])
        }
        Event::Compact { records, bytes } => object([
            ("type", "compact".into()),
            ("records", count(records)),
            ("bytes", JsValue::from_f64(bytes as f64)),
        ]),
        Event::Retry { operation, attempt, delay_ms, reason } => object([
            ("type", "retry".into()),
            ("operation", operation.into()),
            ("attempt", attempt.into()),
            ("delay", JsValue::from_f64(delay_ms)),
            ("reason", reason.into()),
        ]),
        Event::Breaker { reason, ms } => {
            object([("type", "breaker".into()), ("reason", reason.into()), ("ms", JsValue::from_f64(ms))])
        }
        Event::RemoteError { error } => failed("remote_error", &error),
        Event::LocalError { error } => failed("local_error", &error),
        Event::StoreError { error } => failed("store_error", &error),
        _ => object([("type", "other".into())]),
    }
}

fn failed(kind: &str, error: &Error) -> JsValue {
    object([("type", kind.into()), ("code", error.code().as_str().into()), ("message", error.message().into())])
}
