//! Pages of checkpoints.

use super::wire::{Damage, Read, Reader, Writer};
use super::{NEVER, kind};

/// An entry of a checkpoint, or of the index: all but its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// The segment, or the row with the top bit set.
    pub place: u32,
    /// Where the value begins in that record.
    pub offset: u32,
    /// Its length.
    pub length: u32,
    /// Its checksum.
    pub sum: u32,
    /// The row that put it.
    pub version: u32,
    /// When.
    pub written: u64,
    /// When it expires.
    pub expires: u64,
}

/// Writes entries, in the order of their keys, until a page is full.
pub struct PageWriter {
    writer: Writer,
    count: u32,
    last: Vec<u8>,
}

impl Default for PageWriter {
    fn default() -> Self {
        Self { writer: Writer::begin(kind::ENTRIES, 4_096), count: 0, last: Vec::new() }
    }
}

impl PageWriter {
    /// How many bytes the page has so far.
    pub fn bytes(&self) -> usize {
        self.writer.position()
    }

    /// How many entries it has.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// One more.
    pub fn push(&mut self, key: &[u8], entry: &Stored) {
        let shared = self.last.iter().zip(key).take_while(|(a, b)| a == b).count();
        let rest = key.get(shared..).unwrap_or_default();
        self.writer.length(shared);
        self.writer.text(rest);
        for number in [entry.place, entry.offset, entry.length, entry.sum, entry.version] {
            self.writer.u32(number);
        }
        self.writer.u48(entry.written.min(NEVER));
        self.writer.u48(entry.expires.min(NEVER));
        self.last.truncate(shared);
        self.last.extend_from_slice(rest);
        self.count += 1;
    }

    /// The page.
    pub fn end(self) -> Vec<u8> {
        self.writer.end()
    }
}

/// Gives each entry of the page `frame` to `each`.
///
/// # Errors
/// The bytes are no page of entries; what came before the damage was given.
pub fn read_entries(frame: &[u8], mut each: impl FnMut(&str, Stored)) -> Read<()> {
    let (kind::ENTRIES, mut reader) = Reader::open(frame)? else { return Err(Damage::Broken) };
    let mut key = Vec::new();
    while !reader.is_empty() {
        let shared = reader.length()?;
        let rest = reader.length()?;
        let rest = reader.bytes(rest)?;
        if shared > key.len() {
            return Err(Damage::Broken);
        }
        key.truncate(shared);
        key.extend_from_slice(rest);
        let entry = Stored {
            place: reader.u32()?,
            offset: reader.u32()?,
            length: reader.u32()?,
            sum: reader.u32()?,
            version: reader.u32()?,
            written: reader.u48()?,
            expires: reader.u48()?,
        };
        each(std::str::from_utf8(&key).map_err(|_| Damage::Broken)?, entry);
    }
    Ok(())
}

/// What a checkpoint begins with, or one page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opening {
    /// Prefixes that were cleared.
    pub clears: Vec<String>,
    /// Keys that were deleted, and the row that did.
    pub graves: Vec<(String, u32)>,
    /// Segments and their lengths.
    pub segments: Vec<(u32, u32)>,
}

/// Writes the pages that a checkpoint begins with, none much longer than it should be.
pub struct OpeningWriter {
    most: usize,
    pages: Vec<Vec<u8>>,
    /// The next one, and how many bytes it has so far.
    page: Opening,
    bytes: usize,
}

impl OpeningWriter {
    /// One whose pages have `most` bytes.
    pub fn new(most: usize) -> Self {
        Self { most, pages: Vec::new(), page: Opening::default(), bytes: 0 }
    }

    /// The page that has room for `bytes` more.
    fn page(&mut self, bytes: usize) -> &mut Opening {
        if self.bytes > 0 && self.bytes + bytes > self.most {
            self.pages.push(encode_opening(&std::mem::take(&mut self.page)));
            self.bytes = 0;
        }
        self.bytes += bytes;
        &mut self.page
    }

    /// A prefix was cleared.
    pub fn clear(&mut self, prefix: &str) {
        self.page(prefix.len() + 4).clears.push(prefix.to_owned());
    }

    /// A key was deleted by `row`.
    pub fn grave(&mut self, key: &str, row: u32) {
        self.page(key.len() + 8).graves.push((key.to_owned(), row));
    }

    /// There is a segment of `length` bytes.
    pub fn segment(&mut self, segment: u32, length: u32) {
        self.page(8).segments.push((segment, length));
    }

    /// The pages; there is one at least.
    pub fn end(mut self) -> Vec<Vec<u8>> {
        self.pages.push(encode_opening(&self.page));
        self.pages
    }
}

/// The page of `opening`.
pub fn encode_opening(opening: &Opening) -> Vec<u8> {
    let mut writer = Writer::begin(kind::OPENING, 256);
    writer.u32(opening.clears.len() as u32);
    opening.clears.iter().for_each(|prefix| writer.text(prefix.as_bytes()));
    writer.u32(opening.graves.len() as u32);
    for (key, row) in &opening.graves {
        writer.text(key.as_bytes());
        writer.u32(*row);
    }
    writer.u32(opening.segments.len() as u32);
    for (segment, length) in &opening.segments {
        writer.u32(*segment);
        writer.u32(*length);
    }
    writer.end()
}

/// What the page `frame` says.
///
/// # Errors
/// The bytes are no opening.
pub fn read_opening(frame: &[u8]) -> Read<Opening> {
    let (kind::OPENING, mut reader) = Reader::open(frame)? else { return Err(Damage::Broken) };
    let mut opening = Opening::default();
    for _ in 0..reader.count()? {
        opening.clears.push(reader.text()?.to_owned());
    }
    for _ in 0..reader.count()? {
        opening.graves.push((reader.text()?.to_owned(), reader.u32()?));
    }
    for _ in 0..reader.count()? {
        opening.segments.push((reader.u32()?, reader.u32()?));
    }
    reader.end()?;
    Ok(opening)
}
