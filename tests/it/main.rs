//! The crate's tests from outside: the contract on every native store and on broken ones, random histories against a
//! model, and the shape of the source tree.
#![allow(missing_docs, reason = "tests are read, not used")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics has failed, which is what it is for"
)]

mod broken;
mod embeddings;
mod errors;
mod histories;
mod isolation;
mod kit;
mod remote;
mod search;
mod segment_log;
mod shared;
mod tidy;
