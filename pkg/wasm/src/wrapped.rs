//! `WrappedByteStore`: any JavaScript store.

use std::sync::Arc;

use bytestow::web::JsByteStore;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::store::Store;

/// Wraps `target`, an object with LangChain's four methods.
#[wasm_bindgen(js_name = wrappedStore)]
pub fn wrapped_store(target: JsValue, namespace: Option<String>, on_event: Option<Function>) -> Result<Store, JsValue> {
    Store::new(Arc::new(JsByteStore::new(target, options::observer(on_event))), namespace.as_deref())
}
