//! The keys of the index, one after the other in chunks: four bytes lead to a key, and there is no allocation a key.

use super::format::{Reader, push_length};

/// How long a chunk is. A key that is longer has a chunk of its own.
const CHUNK: usize = 1 << 16;

/// See the module.
#[derive(Default)]
pub struct Arena {
    chunks: Vec<Vec<u8>>,
    used: usize,
    dead: usize,
}

/// Where a key stands: the chunk, and 16 bits of offset.
pub type KeyRef = u32;

impl Arena {
    /// Keeps `key`; `None` when there is no room left, at 4 GB.
    pub fn add(&mut self, key: &[u8]) -> Option<KeyRef> {
        let most = key.len() + 5;
        if self.chunks.last().is_none_or(|chunk| chunk.len() + most > CHUNK) {
            if self.chunks.len() >= CHUNK {
                return None;
            }
            // The first chunk of a small store is small.
            let capacity = if self.chunks.is_empty() { most.max(1_024) } else { most.max(CHUNK) };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let number = self.chunks.len() - 1;
        let chunk = self.chunks.last_mut()?;
        let offset = chunk.len();
        push_length(chunk, key.len());
        chunk.extend_from_slice(key);
        self.used += chunk.len() - offset;
        Some((number << 16 | offset) as u32)
    }

    /// The key at `at`.
    pub fn get(&self, at: KeyRef) -> &[u8] {
        let chunk = self.chunks.get((at >> 16) as usize).map(Vec::as_slice).unwrap_or_default();
        let stands = chunk.get((at & 0xFFFF) as usize..).unwrap_or_default();
        // Nearly all: a search comes by a dozen.
        if let [length @ ..0x80, key @ ..] = stands {
            return key.get(..usize::from(*length)).unwrap_or_default();
        }
        let mut reader = Reader::new(stands);
        let length = reader.length().unwrap_or_default();
        reader.bytes(length).unwrap_or_default()
    }

    /// The key at `at` is not needed any more.
    pub fn forget(&mut self, at: KeyRef) {
        self.dead += self.get(at).len() + 1;
    }

    /// Whether more than half of it is keys that are not needed any more.
    pub fn is_wasteful(&self) -> bool {
        self.dead > CHUNK && self.dead * 2 > self.used
    }

    /// What it takes in memory.
    pub fn memory(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.capacity() + size_of::<Vec<u8>>()).sum()
    }
}
