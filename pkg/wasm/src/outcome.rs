//! Results and errors on their way out.

use bytestow::error::Cause;
use bytestow::web::{JsCause, to_js};
use bytestow::{Error, Expiry, Lookup, Stat};
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::JsValue;

/// What a task ends with. Never a number: that is a task's id.
pub enum Outcome {
    Nothing,
    Js(JsValue),
    Values(Vec<Lookup>),
    Stats(Vec<Option<Stat>>),
    Flags(Vec<bool>),
    Keys { keys: Vec<String>, more: bool },
}

/// The value for JavaScript, or a plain object of what the error says.
pub fn into_js(outcome: Result<Outcome, Error>) -> Result<JsValue, JsValue> {
    let outcome = outcome.map_err(|error| failure(&error))?;
    Ok(match outcome {
        Outcome::Nothing => JsValue::UNDEFINED,
        Outcome::Js(value) => value,
        Outcome::Values(found) => array(found.iter().map(|lookup| match &lookup.value {
            Some(value) => to_js(value).into(),
            None => JsValue::UNDEFINED,
        })),
        Outcome::Stats(stats) => array(stats.into_iter().map(stat)),
        Outcome::Flags(flags) => array(flags.into_iter().map(JsValue::from)),
        Outcome::Keys { keys, more } => {
            Array::of2(&array(keys.into_iter().map(JsValue::from)), &more.into()).into()
        }
    })
}

fn array(items: impl Iterator<Item = JsValue>) -> JsValue {
    let array = Array::new();
    items.for_each(|item| {
        array.push(&item);
    });
    array.into()
}

/// `[bytes, ttl, written]`, ttl in seconds, `null` for never.
fn stat(stat: Option<Stat>) -> JsValue {
    let Some(stat) = stat else { return JsValue::UNDEFINED };
    let ttl = match stat.expiry {
        Expiry::Unknown => JsValue::UNDEFINED,
        Expiry::Never => JsValue::NULL,
        Expiry::In(life) => life.as_secs_f64().into(),
    };
    let written = stat.written.map_or(JsValue::UNDEFINED, |ms| JsValue::from_f64(ms as f64));
    Array::of3(&JsValue::from_f64(stat.bytes as f64), &ttl, &written).into()
}

/// The fields of a `BytestowError`.
pub fn failure(error: &Error) -> JsValue {
    let object = Object::new();
    let set = |name: &str, value: JsValue| {
        // A plain object takes any property.
        let _ = Reflect::set(&object, &name.into(), &value);
    };
    set("code", error.code().as_str().into());
    set("message", error.message().into());
    set("retryable", error.is_retryable().into());
    match error.cause() {
        Some(Cause::Words(words)) => set("cause", words.as_str().into()),
        Some(Cause::Foreign(foreign)) => {
            if let Some(JsCause(cause)) = foreign.as_any().downcast_ref() {
                set("cause", cause.clone());
            }
        }
        None => {}
    }
    if let (Some(attempts), Some(elapsed)) = (error.attempts(), error.elapsed()) {
        set("attempts", attempts.into());
        set("elapsed", JsValue::from_f64(elapsed.as_secs_f64() * 1_000.0));
    }
    object.into()
}
