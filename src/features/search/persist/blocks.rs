//! Reading what is not in memory: numbers of rows, and documents.

use std::sync::Arc;

use super::format::{Geometry, Numbers, Place, read_documents};
use super::names::SegmentName;
use super::port::{Port, sound};
use crate::features::search::index::Segment;
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
    mut block: impl FnMut(&Segment, u32) -> (u32, u32, u32),
) -> Vec<(Block, Vec<(usize, usize)>)> {
    let mut wanted: Vec<_> = Vec::with_capacity(rows.len());
    for (at, (segment, row)) in rows.iter().enumerate() {
        let (number, first, next) = block(segment, *row);
        wanted.push((segment.name, number, at, first, next, (*row).saturating_sub(first) as usize));
    }
    wanted.sort_unstable();
    let mut blocks: Vec<(Block, Vec<(usize, usize)>)> = Vec::new();
    let mut last = None;
    for (name, number, at, first, next, within) in wanted {
        if last != Some((name, number)) {
            let Some((segment, _)) = rows.get(at) else { continue };
            let place = Place { segment: name, first, rows: next.saturating_sub(first) };
            let key = port.names.block(name, stream, number as usize);
            blocks.push((Block { segment: segment.clone(), place, key }, Vec::new()));
            last = Some((name, number));
        }
        if let Some((_, rows)) = blocks.last_mut() {
            rows.push((at, within));
        }
    }
    blocks
}

/// The numbers of rows, padded, in their order.
///
/// # Errors
/// See [`Fault`]; `corrupt` for a block that is none.
pub async fn numbers(port: &Port, geometry: Geometry, rows: &[Located]) -> Tried<Vec<Vec<f32>>> {
    let each = geometry.numbers();
    let blocks = blocks(port, 'v', rows, |segment, row| {
        let (number, count) = (row / each, segment.lengths.len() as u32);
        (number, number * each, count.min((number + 1) * each))
    });
    let mut found = vec![Vec::new(); rows.len()];
    for some in blocks.chunks(KEYS) {
        for ((block, rows), entry) in some.iter().zip(fetch(port, some).await?) {
            let numbers = sound(&block.key, Numbers::read(&entry.to_vec(), block.place, geometry.dimensions))?;
            for (at, within) in rows {
                let mut row = vec![0.0; padded(geometry.dimensions)];
                let numbers = numbers.row(*within).unwrap_or_default();
                row.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number);
                found.get_mut(*at).into_iter().for_each(|place| *place = std::mem::take(&mut row));
            }
        }
    }
    Ok(found)
}

/// The documents of rows, in their order.
///
/// # Errors
/// See [`Fault`]; `corrupt` for a block that is none.
pub async fn documents(port: &Port, geometry: Geometry, rows: &[Located]) -> Tried<Vec<Vec<u8>>> {
    let mut firsts: Vec<(SegmentName, Vec<u32>)> = Vec::new();
    let blocks = blocks(port, 'd', rows, |segment, row| {
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
    for some in blocks.chunks(KEYS) {
        for ((block, rows), entry) in some.iter().zip(fetch(port, some).await?) {
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

async fn fetch(port: &Port, blocks: &[(Block, Vec<(usize, usize)>)]) -> Tried<Vec<Value>> {
    let keys: Keys = blocks.iter().map(|(block, _)| block.key.as_str()).collect();
    present(blocks.iter().map(|(block, _)| block.key.as_str()), port.get(keys).await?)
}

/// The values of `keys`, all of which must be there.
///
/// # Errors
/// The first that is missing.
pub fn present<'k>(keys: impl Iterator<Item = &'k str>, found: Vec<Option<Value>>) -> Tried<Vec<Value>> {
    keys.zip(found).map(|(key, value)| value.ok_or_else(|| Fault::Missing(key.to_owned()))).collect()
}
