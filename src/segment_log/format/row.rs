//! Rows of the log: as they are written, and walked through when they are read.

use super::wire::{Damage, Read, Reader, Writer};
use super::{GOES_ON, IN_ROW, MOST, NEVER, kind};

/// The lengths of segments of at most `target` bytes for values of these lengths; a longer value has one of its own.
pub fn cut(lengths: impl Iterator<Item = usize>, target: usize) -> Vec<u32> {
    let mut segments: Vec<u32> = Vec::new();
    for length in lengths {
        let length = length as u32;
        match segments.last_mut() {
            Some(last) if *last == 0 || length == 0 || (*last as usize) + (length as usize) <= target => {
                *last += length
            }
            _ => segments.push(length),
        }
    }
    segments
}

/// A walk along the values of a row: which segment each stands in, and where.
#[derive(Clone)]
struct Walk {
    /// The segments and their lengths.
    segments: Vec<(u32, u32)>,
    at: usize,
    offset: u32,
}

impl Walk {
    /// The place and the offset of the next value, which has `length` bytes.
    fn next(&mut self, length: u32) -> Read<(u32, u32)> {
        if self.segments.is_empty() {
            let offset = self.offset;
            self.offset = offset.checked_add(length).ok_or(Damage::Broken)?;
            return Ok((IN_ROW, offset));
        }
        // The segment is full when the next value ends behind it; an empty one takes what it was made for.
        loop {
            let (segment, whole) = *self.segments.get(self.at).ok_or(Damage::Broken)?;
            let end = self.offset.checked_add(length).ok_or(Damage::Broken)?;
            if end <= whole {
                let offset = std::mem::replace(&mut self.offset, end);
                return Ok((segment, offset));
            }
            (self.at, self.offset) = (self.at + 1, 0);
        }
    }
}

/// An entry of a put or a move, as it stands in the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put<'a> {
    /// The key.
    pub key: &'a str,
    /// The segment; [`IN_ROW`] alone where the value stands in this row.
    pub place: u32,
    /// Where the value begins: in the segment, or behind the row's frame.
    pub offset: u32,
    /// Its length.
    pub length: u32,
    /// Its checksum.
    pub sum: u32,
    /// Of a move: the row that put it.
    pub version: u32,
}

/// A row, its entries still to be walked through.
#[derive(Clone)]
pub enum Row<'a> {
    /// Entries were put.
    Put {
        /// When.
        written: u64,
        /// When they expire.
        expires: u64,
        /// They, and their segments.
        entries: Entries<'a>,
    },
    /// Keys were deleted.
    Delete(Keys<'a>),
    /// All keys of a prefix were deleted.
    Clear(&'a str),
    /// Values were moved.
    Move(Entries<'a>),
}

/// The entries of a row.
#[derive(Clone)]
pub struct Entries<'a> {
    reader: Reader<'a>,
    left: u32,
    walk: Walk,
    versions: bool,
}

/// The keys of a row.
#[derive(Clone)]
pub struct Keys<'a> {
    reader: Reader<'a>,
    left: u32,
}

impl<'a> Row<'a> {
    /// The row that `frame` is. Its entries were looked at: walking through them finds no damage.
    ///
    /// # Errors
    /// The bytes are no row.
    pub fn read(frame: &'a [u8]) -> Read<Self> {
        let row = Self::open(frame)?;
        match row.clone() {
            Self::Put { mut entries, .. } | Self::Move(mut entries) => while entries.next()?.is_some() {},
            Self::Delete(mut keys) => while keys.next()?.is_some() {},
            Self::Clear(_) => {}
        }
        Ok(row)
    }

    fn open(frame: &'a [u8]) -> Read<Self> {
        let (what, mut reader) = Reader::open(frame)?;
        match what & !GOES_ON {
            kind::PUT => {
                let (written, expires) = (reader.u48()?, reader.u48()?);
                Ok(Self::Put { written, expires, entries: Entries::open(reader, false)? })
            }
            kind::DELETE => Ok(Self::Delete(Keys { left: reader.count()?, reader })),
            kind::CLEAR => {
                let prefix = reader.text()?;
                reader.end()?;
                Ok(Self::Clear(prefix))
            }
            kind::MOVE => Ok(Self::Move(Entries::open(reader, true)?)),
            _ => Err(Damage::Broken),
        }
    }
}

impl<'a> Entries<'a> {
    fn open(mut reader: Reader<'a>, versions: bool) -> Read<Self> {
        let count = reader.count()?;
        let mut segments = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let (segment, length) = (reader.u32()?, reader.u32()?);
            if segment == 0 || segment > MOST {
                return Err(Damage::Broken);
            }
            segments.push((segment, length));
        }
        if versions && segments.is_empty() {
            return Err(Damage::Broken);
        }
        let left = reader.count()?;
        Ok(Self { reader, left, walk: Walk { segments, at: 0, offset: 0 }, versions })
    }

    /// The segments and their lengths.
    pub fn segments(&self) -> &[(u32, u32)] {
        &self.walk.segments
    }

    /// How many entries are left.
    pub fn len(&self) -> usize {
        self.left as usize
    }

    /// The next entry; `None` behind the last.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn next(&mut self) -> Read<Option<Put<'a>>> {
        let Some(left) = self.left.checked_sub(1) else {
            self.reader.end()?;
            return Ok(None);
        };
        self.left = left;
        let key = self.reader.text()?;
        let (length, sum) = (self.reader.u32()?, self.reader.u32()?);
        let version = if self.versions { self.reader.u32()? } else { 0 };
        let (place, offset) = self.walk.next(length)?;
        Ok(Some(Put { key, place, offset, length, sum, version }))
    }
}

impl<'a> Keys<'a> {
    /// The next key; `None` behind the last.
    ///
    /// # Errors
    /// The bytes are damaged.
    pub fn next(&mut self) -> Read<Option<&'a str>> {
        let Some(left) = self.left.checked_sub(1) else {
            self.reader.end()?;
            return Ok(None);
        };
        self.left = left;
        self.reader.text().map(Some)
    }
}

/// What an entry of a put or a move is to say.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    /// The key.
    pub key: &'a str,
    /// The length of its value.
    pub length: u32,
    /// Its checksum.
    pub sum: u32,
    /// Of a move: the row that put it.
    pub version: u32,
}

fn write_entries(mut writer: Writer, places: &[(u32, u32)], items: &[Item<'_>], versions: bool) -> Vec<u8> {
    writer.u32(places.len() as u32);
    for (segment, length) in places {
        writer.u32(*segment);
        writer.u32(*length);
    }
    writer.u32(items.len() as u32);
    for item in items {
        writer.text(item.key.as_bytes());
        writer.u32(item.length);
        writer.u32(item.sum);
        if versions {
            writer.u32(item.version);
        }
    }
    writer.end()
}

/// The frame of a put: when it is written and expires; its segments and their lengths; its entries.
pub fn encode_put((written, expires): (u64, u64), places: &[(u32, u32)], items: &[Item<'_>]) -> Vec<u8> {
    let mut writer = Writer::begin(kind::PUT, 64 + items.len() * 48);
    writer.u48(written.min(NEVER));
    writer.u48(expires.min(NEVER));
    write_entries(writer, places, items, false)
}

/// The frame of a move.
pub fn encode_move(places: &[(u32, u32)], items: &[Item<'_>]) -> Vec<u8> {
    write_entries(Writer::begin(kind::MOVE, 64 + items.len() * 48), places, items, true)
}

/// The frame of a delete.
pub fn encode_delete(keys: &[&str]) -> Vec<u8> {
    let mut writer = Writer::begin(kind::DELETE, 8 + keys.len() * 32);
    writer.u32(keys.len() as u32);
    keys.iter().for_each(|key| writer.text(key.as_bytes()));
    writer.end()
}

/// The frame of a clear.
pub fn encode_clear(prefix: &str) -> Vec<u8> {
    let mut writer = Writer::begin(kind::CLEAR, prefix.len() + 8);
    writer.text(prefix.as_bytes());
    writer.end()
}

/// Marks a row as one that the next row belongs to.
pub fn go_on(frame: &mut [u8]) {
    frame.get_mut(2).into_iter().for_each(|kind| *kind |= GOES_ON);
}

/// Whether the next row belongs to the one that begins with these bytes.
pub fn goes_on(start: &[u8]) -> bool {
    start.get(2).is_some_and(|kind| kind & GOES_ON != 0)
}
