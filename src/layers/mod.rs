//! Stores made of stores, one file each. Each keeps the whole contract.

mod coalesced;
mod namespaced;
mod order;
mod realm;
mod tiered;

pub use coalesced::Coalesced;
pub use namespaced::{Namespaced, check_namespace};
pub use order::Sharing;
pub use tiered::{OnRemoteError, Spawn, TieredByteStore, TieredOptions};
