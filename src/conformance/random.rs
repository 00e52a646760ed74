//! Noise from a seed.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Value;

/// The step of splitmix64: 2^64 over the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// The seed of one rule of a run: no rule's noise depends on which ran before it.
pub(super) fn seed_of(seed: u64, rule: &str) -> u64 {
    rule.bytes().fold(mix(seed), |seed, byte| mix(seed ^ u64::from(byte)))
}

fn mix(z: u64) -> u64 {
    let z = z.wrapping_add(STEP);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Splitmix64, to be shared by reference.
pub(super) struct Random(AtomicU64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.into())
    }

    pub(super) fn next(&self) -> u64 {
        mix(self.0.fetch_add(STEP, Ordering::Relaxed))
    }

    pub(super) fn below(&self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or_default()
    }

    /// Six letters.
    pub(super) fn word(&self) -> String {
        let mut noise = self.next();
        let letter = |_| {
            let letter = char::from(b'a' + (noise % 26) as u8);
            noise /= 26;
            letter
        };
        (0..6).map(letter).collect()
    }

    /// `length` bytes.
    pub(super) fn bytes(&self, length: usize) -> Value {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes.into()
    }

    pub(super) fn shuffle<T>(&self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}
