//! `TieredByteStore`.

use std::sync::Arc;

use bytestow::layers::{OnRemoteError, Spawn, TieredByteStore, TieredOptions};
use bytestow::web::SystemTimer;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::store::Store;
use crate::task::WaitUntil;
use crate::upstash::sharing;

/// Makes a store of two. `wait_until` takes the promise of what need not be waited for.
#[wasm_bindgen(js_name = tieredStore)]
pub fn tiered_store(
    local: &Store,
    remote: &Store,
    local_ttl: Option<f64>,
    throw: bool,
    wait_until: Option<Function>,
    isolated: bool,
    on_event: Option<Function>,
) -> Result<Store, JsValue> {
    let mut options = TieredOptions::new(Arc::new(SystemTimer));
    options.local_ttl = options::life(local_ttl)?;
    options.on_remote_error = if throw { OnRemoteError::Throw } else { OnRemoteError::ServeLocal };
    options.spawn = wait_until.map(|wait_until| Arc::new(WaitUntil(wait_until)) as Arc<dyn Spawn>);
    options.sharing = sharing(isolated);
    options.observer = options::observer(on_event);
    Store::new(Arc::new(TieredByteStore::new(local.inner(), remote.inner(), options)), None)
}
