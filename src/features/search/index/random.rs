//! Where a writer's name comes from.

use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Portable;
use crate::checksum::checksum;

/// A source of random numbers. Two handles that draw the same number would write over each other.
pub trait Random: Portable {
    /// Any 64 bits.
    fn next_u64(&self) -> u64;
}

/// Random numbers from a seed: as good as the seed is.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl SeededRandom {
    /// From a number.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// From bytes, 8 or more of which should be random.
    pub fn from_bytes(seed: &[u8]) -> Self {
        let (words, rest) = seed.as_chunks::<8>();
        let folded = words.iter().fold(checksum(rest).into(), |folded, word| mix(folded) ^ u64::from_le_bytes(*word));
        Self::new(mix(folded))
    }

    /// From what the standard library seeds its hash maps with: the system's randomness. There is none of it on
    /// wasm32-unknown-unknown, where every instance would draw the same: give a seed there.
    pub fn from_system() -> Self {
        Self::new(std::collections::hash_map::RandomState::new().build_hasher().finish())
    }
}

impl Random for SeededRandom {
    fn next_u64(&self) -> u64 {
        mix(self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed))
    }
}

/// SplitMix64's.
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
