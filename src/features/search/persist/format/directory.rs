//! Who has a manifest, as somebody saw it.

use super::super::names::WriterId;
use super::wire::{Read, Reader, Writer, kind};

/// See the module, and [`join`](super::super::join) for what it is worth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Who wrote it.
    pub author: WriterId,
    /// Which time.
    pub attempt: u32,
    /// Those who had a manifest, sorted.
    pub writers: Vec<WriterId>,
}

impl Directory {
    /// The entry.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::begin(kind::DIRECTORY, 16 + self.writers.len() * 8);
        writer.u64(self.author.bits());
        writer.u32(self.attempt);
        writer.small(self.writers.len() as u32);
        self.writers.iter().for_each(|id| writer.u64(id.bits()));
        writer.end()
    }

    /// What `entry` says.
    ///
    /// # Errors
    /// It is no directory.
    pub fn read(entry: &[u8]) -> Read<Self> {
        let mut reader = Reader::open(entry, kind::DIRECTORY)?;
        let (author, attempt) = (WriterId::new(reader.u64()?), reader.u32()?);
        let mut writers = Vec::new();
        for _ in 0..reader.count()? {
            writers.push(reader.u64()?);
        }
        reader.end()?;
        Ok(Self { author, attempt, writers: WriterId::sorted(writers) })
    }
}
