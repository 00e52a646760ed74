//! The loops over numbers.
//!
//! All of them give the same bits whatever runs them. Sums of whole numbers are exact; those of 32-bit floating point
//! are added in one fixed order: 16 lanes, each the running sum of every sixteenth product (a rounded multiplication, then
//! a rounded addition: never a fused one), and then the lanes by a fixed tree ([`scalar::tree`]).

pub mod scalar;
#[cfg(target_feature = "simd128")]
pub mod simd128;

pub use scalar::hamming;
#[cfg(not(target_feature = "simd128"))]
pub use scalar::{dot, dots_i8_1, dots_i8_4};
#[cfg(target_feature = "simd128")]
pub use simd128::{dot, dots_i8_1, dots_i8_4};

/// How many products of codes (of a row, at most 127, and a query, at most 2,047) fit into 32 bits.
pub const CHUNK: usize = 8_192;
