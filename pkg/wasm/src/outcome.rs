//! Results and errors on their way out.

#[cfg(feature = "embeddings")]
use std::sync::Arc;

#[cfg(feature = "embeddings")]
use bytestow::features::embeddings::Vector;
use bytestow::web::to_js;
pub use bytestow::web::{failure, object};
use bytestow::{Capabilities, Error, Expiry, Lookup, Stat, Stats, Usage};
use js_sys::{Array, Uint32Array};
#[cfg(feature = "embeddings")]
use js_sys::{Float32Array, Float64Array};
use wasm_bindgen::JsValue;

/// What a task ends with. Never a number: that is a task's id.
pub enum Outcome {
    Nothing,
    Values(Vec<Lookup>),
    Stats(Vec<Option<Stat>>),
    Flags(Vec<bool>),
    Keys {
        keys: Vec<String>,
        more: bool,
    },
    Capabilities(Capabilities),
    Usage(Usage),
    #[cfg(feature = "embeddings")]
    Vectors(Vec<Arc<Vector>>),
}

/// The value for JavaScript, or a plain object of what the error says.
pub fn into_js(outcome: Result<Outcome, Error>) -> Result<JsValue, JsValue> {
    let outcome = outcome.map_err(|error| failure(&error))?;
    Ok(match outcome {
        Outcome::Nothing => JsValue::UNDEFINED,
        Outcome::Values(found) => array(found.iter().map(|lookup| match &lookup.value {
            Some(value) => to_js(value).into(),
            None => JsValue::UNDEFINED,
        })),
        Outcome::Stats(stats) => array(stats.into_iter().map(stat)),
        #[cfg(feature = "embeddings")]
        Outcome::Vectors(vectors) => {
            let array = Array::new();
            for vector in vectors {
                array.push(&match &*vector {
                    Vector::F32(numbers) => Float32Array::from(numbers.as_slice()).into(),
                    Vector::F64(numbers) => Float64Array::from(numbers.as_slice()).into(),
                });
            }
            array.into()
        }
        Outcome::Flags(flags) => array(flags.into_iter().map(JsValue::from)),
        Outcome::Capabilities(of) => object([
            ("atomicBatch", of.atomic_batch.into()),
            ("sharedWrites", of.shared_writes.into()),
            ("ttl", of.ttl.into()),
            ("exactTtl", of.exact_ttl.into()),
            ("conditionalSet", of.conditional_set.into()),
            ("sharedBackend", of.shared_backend.into()),
            ("persistent", of.persistent.into()),
            ("maxKeyBytes", of.max_key_bytes.map_or(JsValue::NULL, |bytes| JsValue::from_f64(bytes as f64))),
        ]),
        Outcome::Usage(Usage { keys, bytes, stored_bytes }) => {
            array([keys, bytes, stored_bytes].into_iter().map(|count| JsValue::from_f64(count as f64)))
        }
        // As one string, and the length of each in UTF-16 code units: one by one they take three times as long.
        Outcome::Keys { keys, more } => {
            let mut joined = String::new();
            let mut lengths = Vec::with_capacity(keys.len());
            for key in &keys {
                joined.push_str(key);
                lengths.push(utf16_length(key));
            }
            Array::of3(&joined.into(), &Uint32Array::from(lengths.as_slice()), &more.into()).into()
        }
    })
}

/// Two units for what UTF-8 has in four bytes, one for everything else.
fn utf16_length(text: &str) -> u32 {
    if text.is_ascii() {
        return text.len() as u32;
    }
    text.bytes().map(|byte| u32::from(byte & 0xC0 != 0x80) + u32::from(byte >= 0xF0)).sum()
}

fn array(items: impl Iterator<Item = JsValue>) -> JsValue {
    let array = Array::new();
    items.for_each(|item| {
        array.push(&item);
    });
    array.into()
}

/// What a handle has counted.
pub fn stats(stats: Stats) -> JsValue {
    let count = |count: u64| JsValue::from_f64(count as f64);
    object([
        ("hits", count(stats.hits)),
        ("misses", count(stats.misses)),
        ("bytesRead", count(stats.bytes_read)),
        ("bytesWritten", count(stats.bytes_written)),
        ("requests", count(stats.requests)),
        ("evictions", count(stats.evictions)),
    ])
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
