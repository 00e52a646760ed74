//! Blocks of numbers that were fetched lately: who searches for the same, or for nearly the same, does not fetch them
//! again.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::features::search::persist::format::Numbers;
use crate::features::search::persist::names::SegmentName;

/// How many bytes of them are kept: what a few searches need.
const MOST: usize = 4 * 1024 * 1024;

/// The number of a block in its segment. What stands there never changes, and no other segment ever has the name.
type Name = (SegmentName, u32);

/// See the module.
#[derive(Debug, Default)]
pub struct Cache {
    /// Those that were used last are last.
    blocks: VecDeque<(Name, Arc<Numbers>)>,
    bytes: usize,
}

impl Cache {
    /// The block, which is the last to go then.
    pub fn get(&mut self, name: Name) -> Option<Arc<Numbers>> {
        let at = self.blocks.iter().position(|(known, _)| *known == name)?;
        let block = self.blocks.remove(at)?;
        let numbers = block.1.clone();
        self.blocks.push_back(block);
        Some(numbers)
    }

    /// Keeps a block; those that were not used for longest go.
    pub fn put(&mut self, name: Name, numbers: Arc<Numbers>) {
        if self.get(name).is_some() {
            return;
        }
        self.bytes += bytes(&numbers);
        self.blocks.push_back((name, numbers));
        while self.bytes > MOST
            && let Some((_, gone)) = self.blocks.pop_front()
        {
            self.bytes -= bytes(&gone);
        }
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.bytes
    }
}

/// With what is beside, so that small ones are not without number.
fn bytes(numbers: &Numbers) -> usize {
    numbers.memory() + 128
}
