//! Reading what is not in memory: numbers of rows, and documents.

use std::sync::Arc;

use super::format::{Geometry, Numbers, Place, read_documents};
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
    number: u32,
    place: Place,
    key: String,
}

impl Block {
    fn is(&self, segment: &Segment, number: u32) -> bool {
        self.segment.name == segment.name && self.number == number
    }
}

/// The numbers of rows, padded, in their order.
///
/// # Errors
/// See [`Fault`]; `corrupt` for a block that is none.
pub async fn numbers(port: &Port, geometry: Geometry, rows: &[Located]) -> Tried<Vec<Vec<f32>>> {
    let each = geometry.numbers();
    let mut blocks: Vec<Block> = Vec::new();
    for (segment, at) in rows {
        let number = at / each;
        if !blocks.iter().rev().any(|block| block.is(segment, number)) {
            let first = number * each;
            let rows = (segment.lengths.len() as u32).saturating_sub(first).min(each);
            let place = Place { segment: segment.name, first, rows };
            let key = port.names.block(segment.name, 'v', number as usize);
            blocks.push(Block { segment: segment.clone(), number, place, key });
        }
    }
    let mut read = Vec::with_capacity(blocks.len());
    for some in blocks.chunks(KEYS) {
        for (block, entry) in some.iter().zip(fetch(port, some).await?) {
            read.push(sound(&block.key, Numbers::read(&entry.to_vec(), block.place, geometry.dimensions))?);
        }
    }
    let mut found = Vec::with_capacity(rows.len());
    for (segment, at) in rows {
        let block = blocks.iter().position(|block| block.is(segment, at / each));
        let numbers = block.and_then(|block| read.get(block)?.row((at % each) as usize));
        let mut row = vec![0.0; padded(geometry.dimensions)];
        row.iter_mut().zip(numbers.unwrap_or_default()).for_each(|(to, number)| *to = *number);
        found.push(row);
    }
    Ok(found)
}

/// The documents of rows, in their order.
///
/// # Errors
/// See [`Fault`]; `corrupt` for a block that is none.
pub async fn documents(port: &Port, geometry: Geometry, rows: &[Located]) -> Tried<Vec<Vec<u8>>> {
    let mut firsts: Vec<(Arc<Segment>, Vec<u32>)> = Vec::new();
    let mut blocks: Vec<Block> = Vec::new();
    // Of each row: its block, and its place there.
    let mut wanted: Vec<(usize, usize)> = Vec::with_capacity(rows.len());
    for (segment, at) in rows {
        let known = firsts.iter().rposition(|(known, _)| known.name == segment.name);
        let known = known.unwrap_or_else(|| {
            firsts.push((segment.clone(), geometry.documents(&segment.lengths)));
            firsts.len() - 1
        });
        let firsts = firsts.get(known).map(|(_, firsts)| firsts.as_slice()).unwrap_or_default();
        let number = firsts.partition_point(|first| first <= at).saturating_sub(1);
        let first = firsts.get(number).copied().unwrap_or_default();
        let block = blocks.iter().rposition(|block| block.is(segment, number as u32)).unwrap_or_else(|| {
            let end = firsts.get(number + 1).copied().unwrap_or(segment.lengths.len() as u32);
            let place = Place { segment: segment.name, first, rows: end - first };
            let key = port.names.block(segment.name, 'd', number);
            blocks.push(Block { segment: segment.clone(), number: number as u32, place, key });
            blocks.len() - 1
        });
        wanted.push((block, (at - first) as usize));
    }
    let mut found = vec![Vec::new(); rows.len()];
    for (chunk, some) in blocks.chunks(KEYS).enumerate() {
        for (at, (block, entry)) in some.iter().zip(fetch(port, some).await?).enumerate() {
            let (from, to) = (block.place.first as usize, (block.place.first + block.place.rows) as usize);
            let entry = entry.to_vec();
            let lengths = block.segment.lengths.get(from..to).unwrap_or_default();
            let ranges = sound(&block.key, read_documents(&entry, block.place, lengths))?;
            let here = wanted.iter().zip(&mut found).filter(|((wanted, _), _)| *wanted == chunk * KEYS + at);
            for ((_, within), document) in here {
                let bytes = ranges.get(*within).and_then(|range| entry.get(range.clone()));
                *document = bytes.unwrap_or_default().to_vec();
            }
        }
    }
    Ok(found)
}

async fn fetch(port: &Port, blocks: &[Block]) -> Tried<Vec<Value>> {
    let keys: Keys = blocks.iter().map(|block| block.key.as_str()).collect();
    present(blocks.iter().map(|block| block.key.as_str()), port.get(keys).await?)
}

/// The values of `keys`, all of which must be there.
///
/// # Errors
/// The first that is missing.
pub fn present<'k>(keys: impl Iterator<Item = &'k str>, found: Vec<Option<Value>>) -> Tried<Vec<Value>> {
    keys.zip(found).map(|(key, value)| value.ok_or_else(|| Fault::Missing(key.to_owned()))).collect()
}
