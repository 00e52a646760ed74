//! A model written in JavaScript.

use js_sys::{Array, Float64Array, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::features::embeddings::json::VectorJson;
use crate::features::embeddings::{Embedder, Kind, Progress, Watch};
use crate::{BoxFuture, Error, ErrorCode, Result};

use super::for_promise;
use super::js_value::failed;

/// The function `embed(query, texts)`, which answers with a promise of a `Float64Array` for each text.
pub struct JsEmbedder(Function);

impl JsEmbedder {
    /// By `embed`; see the type.
    pub fn new(embed: Function) -> Self {
        Self(embed)
    }
}

impl Embedder for JsEmbedder {
    fn embed(&self, kind: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>> {
        let asked = Array::new();
        for text in texts {
            asked.push(&text.into());
        }
        let answer = self.0.call2(&JsValue::UNDEFINED, &(kind == Kind::Query).into(), &asked);
        Box::pin(async move {
            let answer = match answer {
                Ok(promise) => for_promise(promise.unchecked_ref::<Promise>()).await,
                Err(thrown) => Err(thrown),
            };
            let rows = answer.map_err(|reason| failed("embed", reason))?;
            let mut vectors = Vec::new();
            for row in rows.unchecked_into::<Array>().iter() {
                vectors.push(row.unchecked_into::<Float64Array>().to_vec());
            }
            Ok(vectors)
        })
    }
}

/// The function `parse(bytes)`, which answers with a `Float64Array` or throws; and JavaScript's own way to write numbers.
pub struct JsJson(Function);

impl JsJson {
    /// By `parse`; see the type.
    pub fn new(parse: Function) -> Self {
        Self(parse)
    }
}

impl VectorJson for JsJson {
    fn read(&self, bytes: &[u8]) -> Result<Vec<f64>> {
        let parsed = self.0.call1(&JsValue::UNDEFINED, &Uint8Array::from(bytes));
        let numbers = parsed.map_err(|_| Error::new(ErrorCode::Corrupt, "an entry is no JSON array of numbers"))?;
        Ok(numbers.unchecked_into::<Float64Array>().to_vec())
    }

    /// Numbers as `JSON.stringify` writes them, but for -0: it would make a 0 of that, and a cold call differ from a warm.
    fn write(&self, numbers: &[f64]) -> Result<Vec<u8>> {
        let written = Array::new();
        for number in numbers {
            let is_negative_zero = *number == 0.0 && number.is_sign_negative();
            written.push(&if is_negative_zero { "-0.0".into() } else { JsValue::from_f64(*number) });
        }
        Ok(["[", &String::from(written.join(",")), "]"].concat().into_bytes())
    }
}

/// The function `onProgress(done, total, hits)`.
pub struct JsWatch(Function);

impl JsWatch {
    /// By `on_progress`; see the type.
    pub fn new(on_progress: Function) -> Self {
        Self(on_progress)
    }
}

impl Watch for JsWatch {
    fn progress(&self, progress: Progress) {
        let number = |count: usize| JsValue::from_f64(count as f64);
        let Progress { done, total, hits } = progress;
        // TypeScript's function does not throw.
        let _ = self.0.call3(&JsValue::UNDEFINED, &number(done), &number(total), &number(hits));
    }
}
