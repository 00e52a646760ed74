//! Values and errors that live on JavaScript's side.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;

use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::JsValue;

use crate::checksum::checksum;
use crate::error::ForeignError;
use crate::{Error, ErrorCode, ForeignBytes, Value};

/// Values up to this long are copied to one place for their checksum; it stays.
const LONGEST_IN_SCRATCH: usize = 1 << 16;

/// The bytes of a `Uint8Array`, by handle: they never enter linear memory unless asked for by `to_vec`.
#[derive(Clone, Debug)]
pub struct JsBytes {
    array: Uint8Array,
    len: usize,
}

impl JsBytes {
    /// The bytes of `array`, which nobody else may change from now on.
    pub fn new(array: Uint8Array) -> Self {
        let len = array.length() as usize;
        Self { array, len }
    }

    /// The handle.
    pub fn array(&self) -> &Uint8Array {
        &self.array
    }
}

impl From<Uint8Array> for Value {
    fn from(array: Uint8Array) -> Self {
        Self::foreign(JsBytes::new(array))
    }
}

impl ForeignBytes for JsBytes {
    fn len(&self) -> usize {
        self.len
    }

    fn to_vec(&self) -> Vec<u8> {
        self.array.to_vec()
    }

    fn duplicate(&self) -> Value {
        Value::foreign(Self { array: self.array.slice(0, self.len as u32), len: self.len })
    }

    fn copy(&self, range: Range<usize>) -> Vec<u8> {
        self.array.subarray(range.start as u32, range.end as u32).to_vec()
    }

    fn slice(&self, range: Range<usize>) -> Value {
        let array = self.array.slice(range.start as u32, range.end as u32);
        Value::foreign(Self { array, len: range.len() })
    }

    fn checksum(&self) -> u32 {
        thread_local! {
            /// One for all: memory of their own would cost a thousand values as long again.
            static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        if self.len > LONGEST_IN_SCRATCH {
            return checksum(&self.to_vec());
        }
        SCRATCH.with_borrow_mut(|scratch| {
            if scratch.len() < self.len {
                scratch.resize(self.len, 0);
            }
            let Some(bytes) = scratch.get_mut(..self.len) else { return 0 };
            self.array.copy_to(bytes);
            checksum(bytes)
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The value as a `Uint8Array` that the caller may own: the handle itself where it is one, else one copy out of linear
/// memory. Never a view on linear memory: IndexedDB would store all of it.
pub fn to_js(value: &Value) -> Uint8Array {
    match value.as_foreign::<JsBytes>() {
        Some(bytes) => bytes.array().clone(),
        None => Uint8Array::from(value.to_vec().as_slice()),
    }
}

/// The strings of an array.
pub fn strings(array: &JsValue) -> Vec<String> {
    let mut strings = Vec::new();
    Array::from(array).iter().for_each(|item| strings.extend(item.as_string()));
    strings
}

/// An error object of JavaScript's, kept to be handed back as the cause of an error.
#[derive(Clone, Debug)]
pub struct JsCause(pub JsValue);

impl ForeignError for JsCause {
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A property; undefined where there is none, or where looking throws.
fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// The error that `who` gave: with its own code if it is one of ours, else `unavailable`.
pub(super) fn failed(who: &str, thrown: JsValue) -> Error {
    let text = |name: &str| field(&thrown, name).as_string();
    let ours = text("name").filter(|name| name == "BytestowError").and_then(|_| text("code"));
    match ours.as_deref().and_then(ErrorCode::parse) {
        Some(code) => {
            let retryable = field(&thrown, "retryable").is_truthy();
            let message = text("message").unwrap_or_default();
            Error::new(code, message).with_retryable(retryable).with_foreign_cause(JsCause(thrown))
        }
        None => {
            Error::new(ErrorCode::Unavailable, format!("{who} failed: see cause")).with_foreign_cause(JsCause(thrown))
        }
    }
}
