//! Blocks of numbers and of documents that were read lately and found whole: who searches for the same, or for nearly the
//! same, does not read them again.
//!
//! A block goes by its segment and its place there. What stands there never changes, and no other block ever stands there: a
//! writer numbers its segments upwards, whether they are published or not, and no two writers have a name. So nothing here
//! can be outdated; blocks of segments that have gone are let go of because nobody asks for them any more.

use std::sync::Arc;

use crate::features::search::persist::blocks::{Stream, Whole};
use crate::features::search::persist::names::SegmentName;

/// Which block: of which segment, of what, and its number there.
type Name = (SegmentName, Stream, u32);

#[derive(Debug)]
struct Kept {
    name: Name,
    block: Arc<Whole>,
    /// When it was asked for last.
    used: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Cache {
    /// How many bytes there may be.
    most: usize,
    /// By name.
    blocks: Vec<Kept>,
    bytes: usize,
    /// Grows each time that something is asked for.
    now: u64,
}

impl Cache {
    /// Nothing yet, and never more than `most` bytes.
    pub fn new(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    fn find(&self, name: Name) -> Result<usize, usize> {
        self.blocks.binary_search_by_key(&name, |kept| kept.name)
    }

    /// The block, which is the last to go then.
    pub fn get(&mut self, name: Name) -> Option<Arc<Whole>> {
        let at = self.find(name).ok()?;
        self.now += 1;
        let kept = self.blocks.get_mut(at)?;
        kept.used = self.now;
        Some(kept.block.clone())
    }

    /// Keeps a block; those that were not asked for for longest go. One that would take the place of nearly all others is
    /// not kept.
    pub fn put(&mut self, name: Name, block: Arc<Whole>) {
        let Err(at) = self.find(name) else { return };
        if bytes(&block) > self.most / 4 {
            return;
        }
        self.now += 1;
        self.bytes += bytes(&block);
        self.blocks.insert(at, Kept { name, block, used: self.now });
        while self.bytes > self.most {
            let oldest = self.blocks.iter().enumerate().min_by_key(|(_, kept)| kept.used);
            let Some((oldest, _)) = oldest else { return };
            self.bytes -= bytes(&self.blocks.remove(oldest).block);
        }
    }

    /// Lets go of the blocks of a segment.
    pub fn forget(&mut self, segment: SegmentName) {
        let bytes_left = &mut self.bytes;
        self.blocks.retain(|kept| {
            let goes = kept.name.0 == segment;
            *bytes_left -= if goes { bytes(&kept.block) } else { 0 };
            !goes
        });
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.bytes
    }
}

/// With what is beside; of small ones more, so that there are not too many to be looked through.
fn bytes(block: &Whole) -> usize {
    block.memory() + 512
}
