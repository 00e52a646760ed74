//! What stands on a store: none of it knows a backend.

#[cfg(feature = "embeddings")]
pub mod embeddings;
#[cfg(feature = "search")]
pub mod search;
