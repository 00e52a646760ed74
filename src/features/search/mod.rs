//! Search by vectors: exact, and faster than a scan of the vectors would be.
//!
//! | module | what it is |
//! |---|---|
//! | [`vector`] | vectors as they come, made rows of unit length |
//! | [`quantise`] | rows in 8 bits a number, with what bounds their scores |
//! | [`rows`] | the rows that are searched, in memory |
//! | [`order`](mod@order), [`top`] | which of two rows comes first, and the best so many |
//! | [`bitmap`] | sets of rows: what lives, what a filter lets through |
//! | [`scan`], [`rescore`] | a search: over the codes, then in 32 bits over what may be among the best |
//! | [`mmr`] | of what is found, what is also different |
//! | [`reference`](mod@reference) | what all others are held against: every row, in 32 bits |
//! | [`index`], [`persist`] | the whole: an index in a store, and how it stands there |
//! | [`kernels`] | the loops over numbers, the same bits everywhere |

pub mod bitmap;
mod bits;
mod chunks;
pub mod index;
pub mod kernels;
mod lane;
pub mod mmr;
mod near;
pub mod order;
pub mod persist;
pub mod quantise;
pub mod reference;
pub mod rescore;
mod room;
pub mod rows;
pub mod scan;
pub mod top;
pub mod vector;

pub use bitmap::Bitmap;
pub use index::{
    Documents, Found, IndexMemory, IndexOptions, Mask, MmrOptions, Pause, Random, SearchOptions, SeededRandom, Stage,
    VectorIndex,
};
pub use mmr::Mmr;
pub use order::Order;
pub use quantise::{Packed, Query};
pub use rescore::{Need, Rescore};
pub use rows::{Memory, Rows, RowsOptions};
pub use scan::{Kind, Pass, Search};
pub use top::Hit;
