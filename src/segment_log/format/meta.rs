//! The record that says what the database is, and the lease of who compacts.

use super::wire::{Damage, Read, Reader, Writer};
use super::{MOST, kind};

/// A checkpoint among those that `meta` names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The last row it holds.
    pub row: u32,
    /// The last segment it knows.
    pub segment: u32,
    /// Its first page.
    pub page: u32,
    /// How many pages it has.
    pub pages: u32,
    /// How many of these, the first, are its opening.
    pub openings: u32,
    /// How many entries it has.
    pub entries: u32,
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// Drawn when the database was made.
    pub epoch: u64,
    /// Rows up to this one may be gone.
    pub trim: u32,
    /// The next free page.
    pub next_page: u32,
    /// The checkpoints, oldest first.
    pub runs: Vec<Run>,
}

impl Meta {
    /// The record.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::begin(kind::META, 24 + self.runs.len() * 24);
        writer.u64(self.epoch);
        writer.u32(self.trim);
        writer.u32(self.next_page);
        writer.u32(self.runs.len() as u32);
        for run in &self.runs {
            for number in [run.row, run.segment, run.page, run.pages, run.openings, run.entries] {
                writer.u32(number);
            }
        }
        writer.end()
    }

    /// What `frame` says.
    ///
    /// # Errors
    /// The bytes are no meta record.
    pub fn read(frame: &[u8]) -> Read<Self> {
        let (kind::META, mut reader) = Reader::open(frame)? else { return Err(Damage::Broken) };
        let (epoch, trim, next_page) = (reader.u64()?, reader.u32()?, reader.u32()?);
        let mut runs = Vec::new();
        for _ in 0..reader.count()? {
            let (row, segment, page) = (reader.u32()?, reader.u32()?, reader.u32()?);
            let (pages, openings, entries) = (reader.u32()?, reader.u32()?, reader.u32()?);
            let in_range = row <= MOST && segment <= MOST && openings <= pages;
            if !in_range || page.checked_add(pages).is_none_or(|end| end > next_page) {
                return Err(Damage::Broken);
            }
            runs.push(Run { row, segment, page, pages, openings, entries });
        }
        reader.end()?;
        Ok(Self { epoch, trim, next_page, runs })
    }

    /// The last row that a checkpoint holds.
    pub fn covered(&self) -> u32 {
        self.runs.last().map_or(0, |run| run.row)
    }
}

/// Who compacts, where there are no locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// A number drawn by who holds it.
    pub holder: u64,
    /// Until when, in milliseconds since 1970.
    pub until: u64,
}

impl Lease {
    /// The record.
    pub fn encode(self) -> Vec<u8> {
        let mut writer = Writer::begin(kind::LEASE, 16);
        writer.u64(self.holder);
        writer.u64(self.until);
        writer.end()
    }

    /// What `frame` says.
    ///
    /// # Errors
    /// The bytes are no lease.
    pub fn read(frame: &[u8]) -> Read<Self> {
        let (kind::LEASE, mut reader) = Reader::open(frame)? else { return Err(Damage::Broken) };
        let lease = Self { holder: reader.u64()?, until: reader.u64()? };
        reader.end()?;
        Ok(lease)
    }
}
