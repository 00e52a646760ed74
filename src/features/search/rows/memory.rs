//! What rows take in memory.

use super::Rows;
use crate::features::search::bits::Bits;
use crate::features::search::chunks::Chunk;

/// What rows take, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The codes of 8 bits.
    pub codes: usize,
    /// Scales, residuals, orders and what lives.
    pub beside: usize,
    /// The bits, with their centre.
    pub bits: usize,
    /// The rows in 32 bits.
    pub exact: usize,
}

impl Memory {
    /// All of it.
    pub fn total(&self) -> usize {
        self.codes + self.beside + self.bits + self.exact
    }
}

impl Rows {
    /// What all this takes in memory.
    pub fn memory(&self) -> Memory {
        let moved = self.compaction.as_ref().map_or(0, |compaction| compaction.memory());
        let widths: usize = self.widths.iter().map(|chunk| chunk.capacity() * size_of::<[f32; 2]>()).sum();
        Memory {
            codes: self.codes.iter().map(Chunk::memory).sum(),
            beside: widths + moved + self.orders.memory() + self.live.memory() + self.has_exact.memory(),
            bits: self.bits.as_ref().map_or(0, Bits::memory),
            exact: self.exact_bytes,
        }
    }
}
