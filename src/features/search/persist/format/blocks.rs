//! Rows in 8 bits, rows in 32 bits, and documents: blocks of each.

use super::super::names::{SegmentName, WriterId};
use super::MOST_RECORDS;
use super::wire::{Damage, Read, Reader, Writer, kind};
use crate::features::search::Packed;
use crate::features::search::vector::padded;

/// Bytes of a block of codes.
const CODES: usize = 1024 * 1024;
/// Bytes of a block of numbers, and of documents. Chromium keeps values of 64 KiB and more in files of their own.
const SMALL: usize = 56 * 1024;

/// What of a segment a block holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Of which segment.
    pub segment: SegmentName,
    /// The first row.
    pub first: u32,
    /// How many rows.
    pub rows: u32,
}

impl Place {
    fn write(self, writer: &mut Writer) {
        writer.u64(self.segment.writer.bits());
        writer.u32(self.segment.number);
        writer.small(self.first);
        writer.small(self.rows);
    }

    /// Another block at this key is as good as a broken one.
    fn expect(self, reader: &mut Reader<'_>) -> Read<()> {
        let segment = SegmentName { writer: WriterId::new(reader.u64()?), number: reader.u32()? };
        let is = Self { segment, first: reader.small()?, rows: reader.small()? };
        if is == self && self.rows as usize <= MOST_RECORDS { Ok(()) } else { Err(Damage::Broken) }
    }
}

/// How rows of so many dimensions are cut into blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// Numbers in a vector.
    pub dimensions: usize,
}

impl Geometry {
    /// Rows of a block of codes.
    pub fn codes(self) -> u32 {
        (CODES / (padded(self.dimensions) + 8)).max(1) as u32
    }

    /// Rows of a block of numbers.
    pub fn numbers(self) -> u32 {
        (SMALL / (self.dimensions.max(1) * 4)).max(1) as u32
    }

    /// Whether a document of `length` begins a block behind one that has `filled` bytes in `rows` documents.
    pub fn begins(self, rows: u32, filled: usize, length: usize) -> bool {
        rows > 0 && filled.saturating_add(length) > SMALL
    }

    /// The first rows of the blocks of documents of these lengths.
    pub fn documents(self, lengths: &[u32]) -> Vec<u32> {
        let (mut firsts, mut rows, mut filled) = (Vec::new(), 0, 0);
        for (row, length) in lengths.iter().enumerate() {
            if row == 0 || self.begins(rows, filled, *length as usize) {
                firsts.push(row as u32);
                (rows, filled) = (0, 0);
            }
            rows += 1;
            filled += *length as usize;
        }
        firsts
    }
}

/// A block of codes, of rows that are padded.
pub fn encode_codes(place: Place, stride: usize, widths: &[[f32; 2]], codes: &[i8]) -> Vec<u8> {
    let mut writer = Writer::begin(kind::CODES, 32 + widths.len() * 8 + codes.len());
    place.write(&mut writer);
    writer.small(stride as u32);
    widths.iter().flatten().for_each(|width| writer.f32(*width));
    let codes: Vec<u8> = codes.iter().map(|code| code.to_le_bytes()[0]).collect();
    writer.bytes(&codes);
    writer.end()
}

/// A block of numbers: rows in 32 bits, without padding, one after the other.
pub fn encode_numbers(place: Place, dimensions: usize, numbers: &[f32]) -> Vec<u8> {
    let mut writer = Writer::begin(kind::NUMBERS, 32 + numbers.len() * 4);
    place.write(&mut writer);
    writer.small(dimensions as u32);
    numbers.iter().for_each(|number| writer.f32(*number));
    writer.end()
}

/// A block of documents, one after the other.
pub fn encode_documents(place: Place, documents: &[u8]) -> Vec<u8> {
    let mut writer = Writer::begin(kind::DOCUMENTS, 32 + documents.len());
    place.write(&mut writer);
    writer.bytes(documents);
    writer.end()
}

/// A block of codes as it was read.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    stride: usize,
    widths: Vec<[f32; 2]>,
    codes: Vec<i8>,
}

impl Codes {
    /// The block of `place` that `entry` is.
    ///
    /// # Errors
    /// It is none, or another.
    pub fn read(entry: &[u8], place: Place, dimensions: usize) -> Read<Self> {
        let mut reader = Reader::open(entry, kind::CODES)?;
        place.expect(&mut reader)?;
        let (stride, rows) = (padded(dimensions), place.rows as usize);
        if reader.small()? as usize != stride {
            return Err(Damage::Broken);
        }
        let (widths, _) = reader.bytes(rows.saturating_mul(8))?.as_chunks::<4>();
        let widths: Vec<f32> = widths.iter().map(|width| f32::from_le_bytes(*width)).collect();
        let sane = |width: &f32| width.is_finite() && *width >= 0.0;
        let codes = reader.bytes(rows.saturating_mul(stride))?;
        reader.end()?;
        // Codes of -128 would break what the kernels are proven by.
        if !widths.iter().all(sane) || codes.contains(&0x80) {
            return Err(Damage::Broken);
        }
        let (widths, _) = widths.as_chunks::<2>();
        Ok(Self {
            stride,
            widths: widths.to_vec(),
            codes: codes.iter().map(|code| i8::from_le_bytes([*code])).collect(),
        })
    }

    /// Row `at` of the block.
    pub fn row(&self, at: usize) -> Option<Packed<'_>> {
        let [scale, residual] = *self.widths.get(at)?;
        let codes = self.codes.get(at * self.stride..(at + 1) * self.stride)?;
        Some(Packed { codes, scale, residual })
    }
}

/// A block of numbers as it was read. What of it is a number is seen when a row is asked for: few are, of a block.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    entry: Vec<u8>,
    dimensions: usize,
    rows: usize,
}

impl Numbers {
    /// The block of `place` that `entry` is.
    ///
    /// # Errors
    /// It is none, or another.
    pub fn read(entry: Vec<u8>, place: Place, dimensions: usize) -> Read<Self> {
        let mut reader = Reader::open(&entry, kind::NUMBERS)?;
        place.expect(&mut reader)?;
        if reader.small()? as usize != dimensions {
            return Err(Damage::Broken);
        }
        let rows = place.rows as usize;
        reader.bytes(rows.saturating_mul(dimensions).saturating_mul(4))?;
        reader.end()?;
        Ok(Self { entry, dimensions, rows })
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.entry.capacity()
    }

    /// Row `at` of the block, padded.
    ///
    /// # Errors
    /// There is none, or not all of it is finite.
    pub fn row(&self, at: usize) -> Read<Vec<f32>> {
        let each = self.dimensions * 4;
        let first = self.entry.len().saturating_sub(self.rows * each) + at * each;
        let bytes = self.entry.get(first..first + each).ok_or(Damage::Broken)?;
        let mut row = Vec::with_capacity(padded(self.dimensions));
        row.extend(bytes.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)));
        if !row.iter().all(|number| number.is_finite()) {
            return Err(Damage::Broken);
        }
        row.resize(padded(self.dimensions), 0.0);
        Ok(row)
    }
}

/// A block of documents as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    entry: Vec<u8>,
    /// Where each ends, as far from where the first begins.
    ends: Vec<u32>,
}

impl Documents {
    /// The block of `place` that `entry` is, of documents of these lengths.
    ///
    /// # Errors
    /// It is none, or another.
    pub fn read(entry: Vec<u8>, place: Place, lengths: &[u32]) -> Read<Self> {
        let mut reader = Reader::open(&entry, kind::DOCUMENTS)?;
        place.expect(&mut reader)?;
        let mut total = 0_u32;
        let mut ends = Vec::with_capacity(lengths.len());
        for length in lengths {
            total = total.checked_add(*length).ok_or(Damage::Broken)?;
            ends.push(total);
        }
        reader.bytes(total as usize)?;
        reader.end()?;
        Ok(Self { entry, ends })
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.entry.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Document `at` of the block.
    pub fn document(&self, at: usize) -> Option<&[u8]> {
        let begin = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        let first = self.entry.len().checked_sub(*self.ends.last()? as usize)?;
        self.entry.get(first + begin as usize..first + *self.ends.get(at)? as usize)
    }
}
