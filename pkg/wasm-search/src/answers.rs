//! What tasks come to, for JavaScript.

use bytestow::Error;
use bytestow::error::Cause;
use bytestow::features::search::{Documents, Found};
use bytestow::web::{self, JsCause, object};
use js_sys::{Array, Float32Array, Float64Array, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::JsValue;

/// The fields of a `BytestowError`. A failure that TypeScript gave goes out as it came in.
pub fn failure(error: &Error) -> JsValue {
    if let Some(Cause::Foreign(foreign)) = error.cause()
        && let Some(JsCause(given)) = foreign.as_any().downcast_ref()
        && Reflect::get(given, &"message".into()).ok().and_then(|message| message.as_string()).as_deref()
            == Some(error.message())
    {
        return given.clone();
    }
    web::failure(error)
}

/// The failure of what was asked with a mask since which rows have come, or were numbered anew: TypeScript makes it again.
pub fn stale() -> JsValue {
    object([
        ("code", "stale".into()),
        ("message", "rows have come, or were numbered anew".into()),
        ("retryable", true.into()),
    ])
}

/// The failure of what TypeScript should not have asked.
pub fn misused(message: &str) -> JsValue {
    object([("code", "internal".into()), ("message", message.into()), ("retryable", false.into())])
}

/// `[ids, scores, documents, places]`: documents side by side with a comma between each two, and of each how many bytes it
/// has; of one whose row is below `at_hand`, which is not among them, -1 - its row.
pub fn found(found: Vec<Found>, at_hand: u32) -> JsValue {
    let ids = Array::new();
    let (mut scores, mut places) = (Vec::with_capacity(found.len()), Vec::with_capacity(found.len()));
    let (mut documents, mut is_next) = (Vec::new(), false);
    for Found { id, score, row, document, .. } in found {
        ids.push(&id.into());
        scores.push(score);
        if row < at_hand {
            places.push(-1.0 - f64::from(row));
        } else {
            // One of no bytes is one, too.
            if std::mem::replace(&mut is_next, true) {
                documents.push(b',');
            }
            places.push(document.len() as f64);
            documents.extend_from_slice(&document);
        }
    }
    let (scores, places) = (Float32Array::from(scores.as_slice()), Float64Array::from(places.as_slice()));
    Array::of4(&ids, &scores, &bytes(&documents), &places).into()
}

/// An array of as many `Uint8Array | undefined`.
pub fn lookups(found: Vec<Option<Vec<u8>>>) -> JsValue {
    let array = Array::new();
    for document in found {
        array.push(&document.as_deref().map_or(JsValue::UNDEFINED, bytes));
    }
    array.into()
}

/// `[live, bytes, lengths]`, for the rows that were looked at: which live, their documents side by side, and how long each is; 0 for what is
/// dead.
pub fn documents(stretch: Documents) -> JsValue {
    let rows = stretch.rows;
    let halves = |word: &u64| [*word as u32, (*word >> 32) as u32];
    let mut live: Vec<u32> = stretch.live.words().iter().flat_map(halves).collect();
    live.resize(rows.div_ceil(u32::BITS as usize), 0);
    let mut lengths = vec![0; rows];
    for (row, document) in stretch.live.iter().zip(&stretch.documents) {
        lengths.iter_mut().skip(row).take(1).for_each(|length| *length = document.len() as u32);
    }
    let all = Uint8Array::new_with_length(lengths.iter().sum());
    let mut at = 0;
    for document in &stretch.documents {
        let end = at + document.len() as u32;
        all.subarray(at, end).copy_from(document);
        at = end;
    }
    let (live, lengths) = (Uint32Array::from(live.as_slice()), Uint32Array::from(lengths.as_slice()));
    Array::of3(&live, &all, &lengths).into()
}

fn bytes(bytes: &[u8]) -> JsValue {
    Uint8Array::from(bytes).into()
}
