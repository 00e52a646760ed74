//! Reading what is not in memory: numbers of rows, and documents.

use std::sync::Arc;

use super::format::{Documents, Geometry, Numbers, Place, Read};
use super::port::{Port, sound};
use crate::features::search::index::{Segment, VectorIndex};
use crate::{Error, Keys, Value};

/// Keys of a call that reads.
const KEYS: usize = 48;

/// Blocks that are looked through before others may do something.
const SLICE: usize = 16;

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

/// Which blocks that are read are kept in memory for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// All: they may be wanted again.
    All,
    /// None: each is wanted once.
    None,
}

/// What blocks hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stream {
    /// Numbers of rows.
    Numbers,
    /// Documents.
    Documents,
}

/// A block that was found whole.
#[derive(Debug)]
pub enum Whole {
    /// Of numbers.
    Numbers(Numbers),
    /// Of documents.
    Documents(Documents),
}

impl Whole {
    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.memory(),
            Self::Documents(documents) => documents.memory(),
        }
    }
}

/// A block that has rows that are wanted: which of the wanted, and their places in the block.
#[derive(Clone, Debug)]
struct Block {
    segment: Arc<Segment>,
    place: Place,
    number: u32,
    wanted: Vec<(usize, usize)>,
}

impl Stream {
    /// Of the block that has a row of `segment`: its number, its first row, and the first row of the next.
    fn place(self, segment: &Segment, row: u32, geometry: Geometry) -> (u32, u32, u32) {
        let count = segment.lengths.len() as u32;
        match self {
            Self::Numbers => {
                let each = geometry.numbers();
                let number = row / each;
                (number, number * each, count.min((number + 1) * each))
            }
            Self::Documents => {
                let number = segment.firsts.partition_point(|first| *first <= row).saturating_sub(1);
                let first = |at: usize| segment.firsts.get(at).copied();
                (number as u32, first(number).unwrap_or_default(), first(number + 1).unwrap_or(count))
            }
        }
    }

    fn letter(self) -> char {
        match self {
            Self::Numbers => 'v',
            Self::Documents => 'd',
        }
    }

    /// The blocks that have any of some rows, in order.
    fn blocks(self, rows: &[Located], geometry: Geometry) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut last = 0;
        for (at, (segment, row)) in rows.iter().enumerate() {
            let (number, first, next) = self.place(segment, *row, geometry);
            let name = (segment.name, first);
            let of = |block: &Block| (block.place.segment, block.place.first);
            // Rows mostly are in order, too.
            if blocks.get(last).map(of) != Some(name) {
                last = blocks.partition_point(|block| of(block) < name);
            }
            if blocks.get(last).map(of) != Some(name) {
                let place = Place { segment: segment.name, first, rows: next.saturating_sub(first) };
                blocks.insert(last, Block { segment: segment.clone(), place, number, wanted: Vec::new() });
            }
            if let Some(block) = blocks.get_mut(last) {
                block.wanted.push((at, (*row).saturating_sub(first) as usize));
            }
        }
        blocks
    }

    fn read(self, entry: Vec<u8>, block: &Block, geometry: Geometry) -> Read<Whole> {
        match self {
            Self::Numbers => Numbers::read(entry, block.place, geometry.dimensions).map(Whole::Numbers),
            Self::Documents => {
                let (from, to) = (block.place.first as usize, (block.place.first + block.place.rows) as usize);
                let lengths = block.segment.lengths.get(from..to).unwrap_or_default();
                Documents::read(entry, block.place, lengths).map(Whole::Documents)
            }
        }
    }
}

/// Takes a block, with the rows that are wanted of it; fails where one of them is none.
type Take<'t> = dyn FnMut(&Whole, &[(usize, usize)]) -> Read<()> + Send + 't;

impl VectorIndex {
    /// The numbers of rows, padded, in their order.
    ///
    /// # Errors
    /// See [`Fault`]; `corrupt` for a block that is none.
    pub(crate) async fn numbers_of(&self, rows: &[Located], keep: Keep) -> Tried<Vec<Vec<f32>>> {
        let mut found = vec![Vec::new(); rows.len()];
        let mut take = |block: &Whole, wanted: &[(usize, usize)]| {
            let Whole::Numbers(numbers) = block else { return Ok(()) };
            for (at, within) in wanted {
                if let Some(row) = found.get_mut(*at) {
                    *row = numbers.row(*within)?;
                }
            }
            Ok(())
        };
        self.read(Stream::Numbers, rows, keep, &mut take).await?;
        Ok(found)
    }

    /// The documents of rows, in their order.
    ///
    /// # Errors
    /// See [`Fault`]; `corrupt` for a block that is none.
    pub(crate) async fn documents_of(&self, rows: &[Located], keep: Keep) -> Tried<Vec<Vec<u8>>> {
        let mut found = vec![Vec::new(); rows.len()];
        let mut take = |block: &Whole, wanted: &[(usize, usize)]| {
            let Whole::Documents(documents) = block else { return Ok(()) };
            for (at, within) in wanted {
                if let Some(document) = found.get_mut(*at) {
                    document.extend_from_slice(documents.document(*within).unwrap_or_default());
                }
            }
            Ok(())
        };
        self.read(Stream::Documents, rows, keep, &mut take).await?;
        Ok(found)
    }

    /// Gives each block that has any of `rows` to `take`: those that are at hand first, and what is fetched once it was
    /// found whole.
    async fn read(&self, stream: Stream, rows: &[Located], keep: Keep, take: &mut Take<'_>) -> Tried<()> {
        let geometry = self.geometry();
        let name = |block: &Block| self.port.names.block(block.place.segment, stream.letter(), block.number as usize);
        let mut missing = Vec::new();
        for (at, block) in stream.blocks(rows, geometry).into_iter().enumerate() {
            self.pause_behind(at).await;
            let known = self.state().cache.get((block.place.segment, stream, block.number));
            match known {
                Some(known) => take(&known, &block.wanted).or_else(|damage| sound(&name(&block), Err(damage)))?,
                None => missing.push(block),
            }
        }
        for some in missing.chunks(KEYS) {
            let keys: Vec<String> = some.iter().map(name).collect();
            let entries = fetch(&self.port, keys.as_slice().into()).await?;
            for (at, ((block, key), entry)) in some.iter().zip(&keys).zip(entries).enumerate() {
                self.pause_behind(at).await;
                let whole = Arc::new(sound(key, stream.read(entry.to_vec(), block, geometry))?);
                sound(key, take(&whole, &block.wanted))?;
                if keep == Keep::All {
                    self.state().cache.put((block.place.segment, stream, block.number), whole);
                }
            }
        }
        Ok(())
    }

    /// After some blocks others may do something: not every store takes its time.
    async fn pause_behind(&self, blocks: usize) {
        if blocks % SLICE == SLICE - 1 {
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
