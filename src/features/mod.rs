//! What stands on a store: none of it knows a backend.

pub mod embeddings;
