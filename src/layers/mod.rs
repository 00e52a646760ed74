//! Stores made of stores, one file each. Each keeps the whole contract.

mod namespaced;

pub use namespaced::{Namespaced, check_namespace};
