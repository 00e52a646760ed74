//! Browser and Workers only: the stores that live on JavaScript's side, and what they need of it.
//!
//! This is the only room below the bindings that knows `wasm_bindgen`; `indexed_db` is the only one that knows
//! IndexedDB.

#[cfg(feature = "bare-fetch")]
mod bare_fetch;
mod clock;
mod failure;
mod indexed_db;
#[cfg(feature = "embeddings")]
mod js_embedder;
mod js_store;
mod js_value;
mod timer;
#[cfg(feature = "upstash")]
mod token;
mod wait;

#[cfg(feature = "bare-fetch")]
pub use bare_fetch::BareFetch;
pub use clock::{JsClock, SystemClock};
pub use failure::{failure, object};
pub use indexed_db::{Durability, IndexedDbByteStore, IndexedDbOptions};
#[cfg(feature = "embeddings")]
pub use js_embedder::{JsEmbedder, JsJson, JsWatch};
pub use js_store::JsByteStore;
pub use js_value::{JsBytes, JsCause, strings, to_js};
pub use timer::SystemTimer;
#[cfg(feature = "upstash")]
pub use token::JsToken;
pub use wait::for_promise;
