//! What a writer has published.

use super::super::names::{SegmentName, WriterId};
use super::MOST_RECORDS;
use super::wire::{Damage, Read, Reader, Writer, kind};
use crate::features::search::Order;
use crate::features::search::vector::MAX_DIMENSIONS;

/// A segment as its writer's manifest names it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Its number.
    pub number: u32,
    /// How many rows it has.
    pub rows: u32,
    /// How many tombstones.
    pub tombstones: u32,
}

/// Segments of another writer whose records were copied: they are not looked at any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Whose.
    pub writer: WriterId,
    /// Their numbers, sorted. What is not named counts, whatever its number is: a merge may have been under way.
    pub numbers: Vec<u32>,
    /// Since when that this writer is absorbed can be seen, at the latest, in milliseconds since 1970; 0 until that is known.
    /// See [`absorb`](super::super::absorb).
    pub at: u64,
    /// Whether nothing of that writer counts any more, whatever its manifest says.
    pub buried: bool,
}

impl Absorbed {
    /// Whether a segment is among them.
    pub fn holds(&self, number: u32) -> bool {
        self.buried || self.numbers.binary_search(&number).is_ok()
    }

    /// One more.
    pub fn add(&mut self, number: u32) {
        if let Err(at) = self.numbers.binary_search(&number) {
            self.numbers.insert(at, number);
        }
    }

    /// Nothing of the writer counts from now on.
    pub fn bury(&mut self, at: u64) {
        (self.buried, self.at) = (true, at);
        self.numbers.clear();
    }

    /// These and those: what two have said of one writer.
    pub fn join(&mut self, other: &Self) {
        other.numbers.iter().for_each(|number| self.add(*number));
        self.at = self.at.max(other.at);
        if self.buried || other.buried {
            self.bury(self.at);
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Whose it is.
    pub writer: WriterId,
    /// How often it was written.
    pub generation: u64,
    /// When it was, in milliseconds since 1970.
    pub written: u64,
    /// Which time its writer wrote a directory that held; see [`join`](super::super::join).
    pub joined: u32,
    /// The number of the next segment.
    pub next: u32,
    /// The greatest stamp that its writer had seen.
    pub stamp: u64,
    /// Rows up to this order are gone, whoever wrote them.
    pub cleared: Order,
    /// Numbers in a vector; 0 where that is not known yet.
    pub dimensions: u32,
    /// The model that made the vectors.
    pub model: String,
    /// What counts, sorted by number.
    pub segments: Vec<Listed>,
    /// What of others does not, sorted by writer.
    pub absorbed: Vec<Absorbed>,
}

impl Manifest {
    /// The entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::begin(kind::MANIFEST, 80 + self.model.len() + self.segments.len() * 8);
        writer.u64(self.writer.bits());
        writer.u64(self.generation);
        writer.u64(self.written);
        writer.u32(self.joined);
        writer.small(self.next);
        writer.u64(self.stamp);
        writer.u64(self.cleared.stamp);
        writer.u64(self.cleared.tie);
        writer.small(self.dimensions);
        writer.text(&self.model);
        writer.small(self.segments.len() as u32);
        for segment in &self.segments {
            [segment.number, segment.rows, segment.tombstones].into_iter().for_each(|number| writer.small(number));
        }
        writer.small(self.absorbed.len() as u32);
        for absorbed in &self.absorbed {
            writer.u64(absorbed.writer.bits());
            writer.small(absorbed.numbers.len() as u32);
            absorbed.numbers.iter().for_each(|number| writer.small(*number));
            writer.u64(absorbed.at);
            writer.u8(absorbed.buried.into());
        }
        writer.end()
    }

    /// What `entry` says.
    ///
    /// # Errors
    /// It is no manifest.
    pub fn read(entry: &[u8]) -> Read<Self> {
        let mut reader = Reader::open(entry, kind::MANIFEST)?;
        let mut manifest = Self {
            writer: WriterId::new(reader.u64()?),
            generation: reader.u64()?,
            written: reader.u64()?,
            joined: reader.u32()?,
            next: reader.small()?,
            stamp: reader.u64()?,
            cleared: Order { stamp: reader.u64()?, tie: reader.u64()? },
            dimensions: reader.small()?,
            model: reader.text()?.to_owned(),
            ..Self::default()
        };
        if manifest.dimensions as usize > MAX_DIMENSIONS {
            return Err(Damage::Broken);
        }
        for _ in 0..reader.count()? {
            let listed = Listed { number: reader.small()?, rows: reader.small()?, tombstones: reader.small()? };
            let behind = manifest.segments.last().is_none_or(|last| last.number < listed.number);
            let records = u64::from(listed.rows) + u64::from(listed.tombstones);
            if !behind || listed.number >= manifest.next || records > MOST_RECORDS as u64 {
                return Err(Damage::Broken);
            }
            manifest.segments.push(listed);
        }
        for _ in 0..reader.count()? {
            let writer = WriterId::new(reader.u64()?);
            let mut numbers = Vec::new();
            for _ in 0..reader.count()? {
                numbers.push(reader.small()?);
            }
            let (at, buried) = (reader.u64()?, reader.u8()?);
            let behind = manifest.absorbed.last().is_none_or(|last| last.writer < writer);
            if !behind || buried > 1 || !numbers.is_sorted_by(|a, b| a < b) {
                return Err(Damage::Broken);
            }
            manifest.absorbed.push(Absorbed { writer, numbers, at, buried: buried == 1 });
        }
        reader.end()?;
        Ok(manifest)
    }

    /// What it says of `writer`.
    pub fn absorbs(&self, writer: WriterId) -> Option<&Absorbed> {
        let at = self.absorbed.binary_search_by_key(&writer, |absorbed| absorbed.writer).ok()?;
        self.absorbed.get(at)
    }

    /// What it says of `writer`, to be changed.
    pub fn absorbed_mut(&mut self, writer: WriterId) -> Option<&mut Absorbed> {
        let at = self.absorbed.binary_search_by_key(&writer, |absorbed| absorbed.writer);
        let at = at.unwrap_or_else(|at| {
            self.absorbed.insert(at, Absorbed { writer, ..Absorbed::default() });
            at
        });
        self.absorbed.get_mut(at)
    }

    /// The names of its segments.
    pub fn names(&self) -> impl Iterator<Item = (SegmentName, Listed)> + '_ {
        self.segments.iter().map(|listed| (SegmentName { writer: self.writer, number: listed.number }, *listed))
    }
}
