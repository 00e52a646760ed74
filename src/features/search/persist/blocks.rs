//! Reading what is not in memory: numbers of rows, and documents.

use std::sync::Arc;

use super::format::{Numbers, Place, read_documents};
use super::names::SegmentName;
use super::port::{Port, sound};
use crate::features::search::index::{Segment, VectorIndex};
use crate::features::search::vector::padded;
use crate::{Error, Keys, Value};

/// Keys of a call that reads.
const KEYS: usize = 48;

/// Why something could not be read.
#[derive(Debug)]
pub enum Fault {
    /// This key is missing: its segment may have been merged into another meanwhile.
    Missing(String),
    /// Something else.
    Other(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

/// What was tried, with a [`Fault`] that may be nobody's.
pub type Tried<T> = Result<T, Fault>;

/// A row in the store: its segment, and its place there.
pub type Located = (Arc<Segment>, u32);

/// A block that has rows that are wanted.
#[derive(Clone, Debug)]
struct Block {
    segment: Arc<Segment>,
    place: Place,
    key: String,
}

/// The blocks that have any of some rows, and of each the rows that are wanted: which of the wanted, and the place in the
/// block. `block` gives of a row its block's number, first row, and the first row of the next.
fn blocks(
    port: &Port,
    stream: char,
    rows: &[Located],
    block: &mut dyn FnMut(&Segment, u32) -> (u32, u32, u32),
) -> Vec<(Block, Vec<(usize, usize)>)> {
    // In order; rows mostly are, too.
    let mut blocks: Vec<(Block, Vec<(usize, usize)>)> = Vec::new();
    let mut last = 0;
    for (at, (segment, row)) in rows.iter().enumerate() {
        let (number, first, next) = block(segment, *row);
        let is_it = |(block, _): &(Block, _)| (block.place.segment, block.place.first) == (segment.name, first);
        if !blocks.get(last).is_some_and(is_it) {
            let before = |(block, _): &(Block, _)| (block.place.segment, block.place.first) < (segment.name, first);
            last = blocks.partition_point(before);
        }
        if !blocks.get(last).is_some_and(is_it) {
            let place = Place { segment: segment.name, first, rows: next.saturating_sub(first) };
            let key = port.names.block(segment.name, stream, number as usize);
            blocks.insert(last, (Block { segment: segment.clone(), place, key }, Vec::new()));
        }
        if let Some((_, rows)) = blocks.get_mut(last) {
            rows.push((at, (*row).saturating_sub(first) as usize));
        }
    }
    blocks
}

/// Which numbers are kept in memory for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All: they may be wanted again.
    All,
    /// None: each is wanted once.
    None,
}

impl VectorIndex {
    /// The numbers of rows, padded, in their order.
    ///
    /// # Errors
    /// See [`Fault`]; `corrupt` for a block that is none.
    pub(crate) async fn numbers_of(&self, rows: &[Located], keep: Keep) -> Tried<Vec<Vec<f32>>> {
        let geometry = self.geometry();
        let each = geometry.numbers();
        let blocks = blocks(&self.port, 'v', rows, &mut |segment, row| {
            let (number, count) = (row / each, segment.lengths.len() as u32);
            (number, number * each, count.min((number + 1) * each))
        });
        let mut found = vec![Vec::new(); rows.len()];
        let mut take = |numbers: &Numbers, rows: &[(usize, usize)]| {
            for (at, within) in rows {
                let mut row = vec![0.0; padded(geometry.dimensions)];
                let numbers = numbers.row(*within).unwrap_or_default();
                row.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number);
                found.get_mut(*at).into_iter().for_each(|place| *place = std::mem::take(&mut row));
            }
        };
        let name = |block: &Block| (block.place.segment, block.place.first / each);
        let mut missing = Vec::new();
        for (block, rows) in blocks {
            let known = self.state().cache.get(name(&block));
            match known {
                Some(numbers) => take(&numbers, &rows),
                None => missing.push((block, rows)),
            }
        }
        for (at, some) in missing.chunks(KEYS).enumerate() {
            self.pause_behind(at).await;
            let entries = fetch(&self.port, some.iter().map(|(block, _)| block.key.as_str()).collect()).await?;
            for ((block, rows), entry) in some.iter().zip(entries) {
                let numbers = sound(&block.key, Numbers::read(&entry.to_vec(), block.place, geometry.dimensions))?;
                take(&numbers, rows);
                if keep == Keep::All {
                    self.state().cache.put(name(block), Arc::new(numbers));
                }
            }
        }
        Ok(found)
    }

    /// The documents of rows, in their order.
    ///
    /// # Errors
    /// See [`Fault`]; `corrupt` for a block that is none.
    pub(crate) async fn documents_of(&self, rows: &[Located]) -> Tried<Vec<Vec<u8>>> {
        let geometry = self.geometry();
        let mut firsts: Vec<(SegmentName, Vec<u32>)> = Vec::new();
        let blocks = blocks(&self.port, 'd', rows, &mut |segment, row| {
            let known = firsts.binary_search_by_key(&segment.name, |(name, _)| *name).unwrap_or_else(|at| {
                firsts.insert(at, (segment.name, geometry.documents(&segment.lengths)));
                at
            });
            let firsts = firsts.get(known).map(|(_, firsts)| firsts.as_slice()).unwrap_or_default();
            let number = firsts.partition_point(|first| *first <= row).saturating_sub(1);
            let next = firsts.get(number + 1).copied().unwrap_or(segment.lengths.len() as u32);
            (number as u32, firsts.get(number).copied().unwrap_or_default(), next)
        });
        let mut found = vec![Vec::new(); rows.len()];
        for (at, some) in blocks.chunks(KEYS).enumerate() {
            self.pause_behind(at).await;
            let entries = fetch(&self.port, some.iter().map(|(block, _)| block.key.as_str()).collect()).await?;
            for ((block, rows), entry) in some.iter().zip(entries) {
                let (from, to) = (block.place.first as usize, (block.place.first + block.place.rows) as usize);
                let entry = entry.to_vec();
                let lengths = block.segment.lengths.get(from..to).unwrap_or_default();
                let ranges = sound(&block.key, read_documents(&entry, block.place, lengths))?;
                for (at, within) in rows {
                    let document = ranges.get(*within).and_then(|range| entry.get(range.clone())).unwrap_or_default();
                    found.get_mut(*at).into_iter().for_each(|place| *place = document.to_vec());
                }
            }
        }
        Ok(found)
    }

    /// Between calls others may do something: not every store takes its time.
    async fn pause_behind(&self, calls: usize) {
        if calls > 0 {
            self.pause().await;
        }
    }
}

/// The values of `keys`, all of which must be there.
///
/// # Errors
/// The first that is missing.
pub async fn fetch(port: &Port, keys: Keys) -> Tried<Vec<Value>> {
    let found = port.get(keys.clone()).await?;
    let mut values = Vec::with_capacity(found.len());
    for (key, value) in keys.iter().zip(found) {
        values.push(value.ok_or_else(|| Fault::Missing(key.to_owned()))?);
    }
    Ok(values)
}
