//! An embeddings cache: texts to vectors, asked of a model once and kept in any store.
//!
//! | module | what it is |
//! |---|---|
//! | [`codec`] | a vector as bytes: the format, byte by byte |
//! | [`json`] | a vector as LangChain writes it |
//! | [`keys`] | where an entry stands: by our digest, or by those of LangChain in JavaScript and Python |
//! | [`half`] | numbers of 16 bits |

pub mod codec;
mod half;
pub mod json;
pub mod keys;
mod legacy_sha256;

pub use codec::{Precision, Vector};
pub use keys::{KeyEncoder, Kind, Scope};
