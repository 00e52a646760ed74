//! A row of `records`: `[bytes, expires, written]`.

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::Value;
use crate::store::{Expiry, Lookup};
use crate::web::to_js;

pub struct Record {
    bytes: Uint8Array,
    /// In milliseconds since 1970; 0 for never.
    expires: u64,
    /// In milliseconds since 1970.
    written: u64,
}

impl Record {
    pub fn row(value: &Value, expires: u64, written: u64) -> JsValue {
        Array::of3(&to_js(value), &JsValue::from_f64(expires as f64), &JsValue::from_f64(written as f64)).into()
    }

    /// The record that a row is; `None` if it is none.
    pub fn read(row: &JsValue) -> Option<Self> {
        let row: &Array = row.dyn_ref()?;
        let bytes = row.get(0).dyn_into().ok()?;
        Some(Self { bytes, expires: row.get(1).as_f64()? as u64, written: row.get(2).as_f64()? as u64 })
    }

    pub fn is_forever(&self) -> bool {
        self.expires == 0
    }

    pub fn has_expired(&self, now: u64) -> bool {
        !self.is_forever() && self.expires <= now
    }

    pub fn into_lookup(self, now: u64) -> Lookup {
        let expiry = match self.expires {
            0 => Expiry::Never,
            at => Expiry::In(Duration::from_millis(at.saturating_sub(now))),
        };
        Lookup { value: Some(self.bytes.into()), expiry, written: Some(self.written), version: None }
    }
}
