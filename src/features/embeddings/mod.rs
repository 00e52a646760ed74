//! An embeddings cache: texts to vectors, asked of a model once and kept in any store.
//!
//! | module | what it is |
//! |---|---|
//! | [`CachedEmbedder`] | the cache |
//! | [`codec`] | a vector as bytes: the format, byte by byte |
//! | [`json`] | a vector as LangChain writes it |
//! | [`keys`] | where an entry stands: by our digest, or by those of LangChain in JavaScript and Python |

mod cached;
mod call;
pub mod codec;
mod digests;
mod flights;
mod half;
pub mod json;
pub mod keys;

pub use cached::{
    CacheOptions, CacheStats, CachedEmbedder, Embedder, OnProgress, Progress, QueryCache, ValueFormat, Watch,
};
pub use codec::{Precision, Vector};
pub use keys::{KeyEncoder, Kind, Scope};
