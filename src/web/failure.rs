//! Errors on their way out.

use js_sys::{Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::JsCause;
use crate::Error;
use crate::error::Cause;

/// A plain object. By hand: serde-wasm-bindgen for the statistics alone would add 1.8 kB to a package of 60 (gzipped,
/// measured).
pub fn object<const N: usize>(fields: [(&str, JsValue); N]) -> JsValue {
    let object = Object::new();
    fields.iter().for_each(|(name, value)| set(&object, name, value));
    object.into()
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes any property.
    let _ = Reflect::set(object, &name.into(), value);
}

/// The fields of a `BytestowError`.
pub fn failure(error: &Error) -> JsValue {
    let fields = object([
        ("code", error.code().as_str().into()),
        ("message", error.message().into()),
        ("retryable", error.is_retryable().into()),
    ]);
    let object: &Object = fields.unchecked_ref();
    match error.cause() {
        Some(Cause::Words(words)) => set(object, "cause", &words.as_str().into()),
        Some(Cause::Foreign(foreign)) => {
            if let Some(JsCause(cause)) = foreign.as_any().downcast_ref() {
                set(object, "cause", cause);
            }
        }
        None => {}
    }
    if let (Some(attempts), Some(elapsed)) = (error.attempts(), error.elapsed()) {
        set(object, "attempts", &attempts.into());
        set(object, "elapsed", &JsValue::from_f64(elapsed.as_secs_f64() * 1_000.0));
    }
    if let Some(details) = error.details() {
        let number = |number: Option<u64>| number.map(|number| JsValue::from_f64(number as f64));
        for (name, value) in [
            ("status", details.status.map(JsValue::from)),
            ("redisError", details.redis_error.as_deref().map(JsValue::from)),
            ("limit", number(details.limit)),
            ("actual", number(details.actual)),
        ] {
            if let Some(value) = value {
                set(object, name, &value);
            }
        }
    }
    fields
}
