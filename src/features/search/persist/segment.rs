//! Writing a segment: rows in, blocks out, never much more in memory than one call takes.

use super::format::{
    Geometry, LONG_RECORDS, Listed, MOST_RECORDS, Place, RecordsWriter, encode_codes, encode_documents, encode_numbers,
};
use super::names::{Names, SegmentName};
use super::port::{CALL, Port};
use crate::Result;
use crate::features::search::vector::padded;
use crate::features::search::{Order, Packed};

/// A row as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its order.
    pub order: Order,
    /// Its codes.
    pub packed: Packed<'a>,
    /// Its numbers, padded or not.
    pub numbers: &'a [f32],
    /// Its document.
    pub document: &'a [u8],
}

/// A segment that was written, and that nobody knows of yet.
#[derive(Debug)]
pub struct Written {
    /// Its name.
    pub name: SegmentName,
    /// What its manifest says of it.
    pub listed: Listed,
    /// Its records, as they were written.
    pub records: Vec<u8>,
    /// The greatest stamp of them.
    pub stamp: u64,
}

/// See the module.
pub struct SegmentWriter<'p> {
    port: &'p Port,
    name: SegmentName,
    geometry: Geometry,
    records: RecordsWriter,
    widths: Vec<[f32; 2]>,
    codes: Vec<i8>,
    numbers: Vec<f32>,
    documents: Vec<u8>,
    /// Rows in the open block of documents.
    open: u32,
    /// Blocks so far: of codes, numbers, documents.
    blocks: [usize; 3],
    entries: Vec<(String, Vec<u8>)>,
    bytes: usize,
    /// The greatest so far.
    stamp: u64,
    /// What was written, or may have been.
    keys: &'p mut Vec<String>,
}

impl<'p> SegmentWriter<'p> {
    /// Begins segment `name`. All keys that it writes are added to `keys`, before it does.
    pub fn new(port: &'p Port, name: SegmentName, dimensions: usize, keys: &'p mut Vec<String>) -> Self {
        Self {
            port,
            name,
            geometry: Geometry { dimensions },
            records: RecordsWriter::default(),
            widths: Vec::new(),
            codes: Vec::new(),
            numbers: Vec::new(),
            documents: Vec::new(),
            open: 0,
            blocks: [0; 3],
            entries: Vec::new(),
            bytes: 0,
            stamp: 0,
            keys,
        }
    }

    /// Whether no record should follow.
    pub fn is_full(&self) -> bool {
        let (rows, tombstones) = self.records.counts();
        (rows + tombstones) as usize >= MOST_RECORDS || self.records.bytes() >= LONG_RECORDS
    }

    /// Whether so many rows more fit.
    pub fn takes(&self, more: usize) -> bool {
        let (rows, _) = self.records.counts();
        rows == 0 || (rows as usize + more <= MOST_RECORDS && !self.is_full())
    }

    /// Whether it has no record.
    pub fn is_empty(&self) -> bool {
        self.records.counts() == (0, 0)
    }

    /// One more tombstone. No row may follow.
    pub fn tombstone(&mut self, id: &str, order: Order) {
        self.stamp = self.stamp.max(order.stamp);
        self.records.tombstone(id, order);
    }

    /// One more row.
    ///
    /// # Errors
    /// What the store says.
    pub async fn row(&mut self, row: Row<'_>) -> Result<()> {
        if self.geometry.begins(self.open, self.documents.len(), row.document.len()) {
            self.end_documents();
        }
        self.stamp = self.stamp.max(row.order.stamp);
        self.records.row(row.id, row.order, row.document.len() as u32);
        self.widths.push([row.packed.scale, row.packed.residual]);
        self.codes.extend_from_slice(row.packed.codes);
        self.numbers.extend(row.numbers.iter().take(self.geometry.dimensions));
        self.documents.extend_from_slice(row.document);
        self.open += 1;
        if self.widths.len() as u32 == self.geometry.codes() {
            self.end_codes();
        }
        if self.numbers.len() == self.geometry.numbers() as usize * self.geometry.dimensions {
            self.end_numbers();
        }
        if self.bytes >= CALL { self.flush().await } else { Ok(()) }
    }

    /// The last `rows` rows.
    fn place(&self, rows: usize) -> Place {
        let (all, rows) = (self.records.counts().0, rows as u32);
        Place { segment: self.name, first: all - rows, rows }
    }

    fn end_codes(&mut self) {
        let (widths, codes) = (std::mem::take(&mut self.widths), std::mem::take(&mut self.codes));
        let block = encode_codes(self.place(widths.len()), padded(self.geometry.dimensions), &widths, &codes);
        self.push('q', 0, block);
    }

    fn end_numbers(&mut self) {
        let numbers = std::mem::take(&mut self.numbers);
        let dimensions = self.geometry.dimensions;
        let block = encode_numbers(self.place(numbers.len() / dimensions.max(1)), dimensions, &numbers);
        self.push('v', 1, block);
    }

    fn end_documents(&mut self) {
        let documents = std::mem::take(&mut self.documents);
        let block = encode_documents(self.place(self.open as usize), &documents);
        self.open = 0;
        self.push('d', 2, block);
    }

    fn push(&mut self, stream: char, of: usize, block: Vec<u8>) {
        let Some(number) = self.blocks.get_mut(of) else { return };
        let key = self.port.names.block(self.name, stream, *number);
        *number += 1;
        self.entry(key, block);
    }

    fn entry(&mut self, key: String, bytes: Vec<u8>) {
        self.bytes += key.len() + bytes.len();
        self.entries.push((key, bytes));
    }

    /// Writes what there is, in calls of bounded size.
    async fn flush(&mut self) -> Result<()> {
        self.bytes = 0;
        let mut entries = std::mem::take(&mut self.entries).into_iter().peekable();
        while entries.peek().is_some() {
            let (mut call, mut bytes) = (Vec::new(), 0);
            while let Some((key, entry)) = entries.next_if(|(key, entry)| {
                bytes += key.len() + entry.len();
                call.is_empty() || bytes <= CALL
            }) {
                self.keys.push(key.clone());
                call.push((key, entry));
            }
            self.port.set(call).await?;
        }
        Ok(())
    }

    /// Writes what is left, the records last.
    ///
    /// # Errors
    /// What the store says.
    pub async fn end(mut self) -> Result<Written> {
        if !self.widths.is_empty() {
            self.end_codes();
        }
        if !self.numbers.is_empty() {
            self.end_numbers();
        }
        if self.open > 0 {
            self.end_documents();
        }
        let (rows, tombstones) = self.records.counts();
        let records = std::mem::take(&mut self.records).end(self.name);
        self.entry(self.port.names.records(self.name), records.clone());
        self.flush().await?;
        let listed = Listed { number: self.name.number, rows, tombstones };
        Ok(Written { name: self.name, listed, records, stamp: self.stamp })
    }
}

/// All keys of a segment whose documents have these lengths.
pub fn keys_of(names: &Names, name: SegmentName, geometry: Geometry, lengths: &[u32]) -> Vec<String> {
    let rows = lengths.len() as u32;
    let counts = [
        ('q', rows.div_ceil(geometry.codes()) as usize),
        ('v', rows.div_ceil(geometry.numbers()) as usize),
        ('d', geometry.documents(lengths).len()),
    ];
    let blocks = counts.into_iter().flat_map(|(stream, count)| (0..count).map(move |at| (stream, at)));
    let mut keys: Vec<String> = blocks.map(|(stream, at)| names.block(name, stream, at)).collect();
    keys.push(names.records(name));
    keys
}
