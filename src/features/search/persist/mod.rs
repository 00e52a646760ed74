//! How an index stands in a store.

pub mod absorb;
pub(crate) mod blocks;
pub mod format;
pub mod join;
pub(crate) mod load;
pub(crate) mod look;
pub mod merge;
pub(crate) mod names;
mod port;
pub mod publish;
pub(crate) mod segment;

pub(crate) use port::Port;
