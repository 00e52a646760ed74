//! Ids and orders of a segment.

use super::super::names::{SegmentName, WriterId};
use super::MOST_RECORDS;
use super::wire::{Damage, Read, Reader, Writer, kind, small_length};
use crate::features::search::Order;

/// A run: the order of its first record, and how many there are.
type Run = (Order, u32);

/// What a segment's records say. The ids are where they were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records<'a> {
    /// Whose they are.
    pub segment: SegmentName,
    /// The ids of rows, and then of tombstones.
    pub ids: Vec<&'a str>,
    /// The length of each row's document.
    pub lengths: Vec<u32>,
    runs: Vec<Run>,
}

impl<'a> Records<'a> {
    /// What `entry` says.
    ///
    /// # Errors
    /// It is no records.
    pub fn read(entry: &'a [u8]) -> Read<Self> {
        let mut reader = Reader::open(entry, kind::RECORDS)?;
        let segment = SegmentName { writer: WriterId::new(reader.u64()?), number: reader.u32()? };
        let (rows, tombstones) = (reader.small()? as usize, reader.small()? as usize);
        let records = rows.saturating_add(tombstones);
        if records > MOST_RECORDS {
            return Err(Damage::Broken);
        }
        let (mut runs, mut ordered) = (Vec::new(), 0);
        for _ in 0..reader.count()? {
            let (stamp, tie, length) = (reader.u64()?, reader.u64()?, reader.small()?);
            ordered += u64::from(length);
            if length == 0 || tie.checked_add(length.into()).is_none() {
                return Err(Damage::Broken);
            }
            runs.push((Order { stamp, tie }, length));
        }
        if ordered != records as u64 {
            return Err(Damage::Broken);
        }
        let (mut ids, mut lengths) = (Vec::with_capacity(records), Vec::with_capacity(rows));
        for _ in 0..rows {
            lengths.push(reader.small()?);
            ids.push(reader.text()?);
        }
        for _ in 0..tombstones {
            ids.push(reader.text()?);
        }
        reader.end()?;
        Ok(Self { segment, ids, lengths, runs })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.lengths.len()
    }

    /// The order of each record.
    pub fn orders(&self) -> impl Iterator<Item = Order> + '_ {
        let of_run = |(first, length): &Run| {
            let first = *first;
            (0..u64::from(*length)).map(move |at| Order { stamp: first.stamp, tie: first.tie.wrapping_add(at) })
        };
        self.runs.iter().flat_map(of_run)
    }

    /// Each record: its id, its order, and whether it is a row.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Order, bool)> + '_ {
        let rows = self.rows();
        self.ids.iter().zip(self.orders()).enumerate().map(move |(at, (id, order))| (*id, order, at < rows))
    }
}

/// Gathers the records of a segment: rows first, then tombstones.
#[derive(Debug, Default)]
pub struct RecordsWriter {
    rows: u32,
    tombstones: u32,
    runs: Vec<Run>,
    body: Vec<u8>,
}

impl RecordsWriter {
    /// One more row.
    pub fn row(&mut self, id: &str, order: Order, document: u32) {
        self.rows += 1;
        self.push(id, order, Some(document));
    }

    /// One more tombstone. No row may follow.
    pub fn tombstone(&mut self, id: &str, order: Order) {
        self.tombstones += 1;
        self.push(id, order, None);
    }

    fn push(&mut self, id: &str, order: Order, document: Option<u32>) {
        match self.runs.last_mut() {
            Some((first, length))
                if first.stamp == order.stamp && first.tie.checked_add((*length).into()) == Some(order.tie) =>
            {
                *length += 1;
            }
            _ => self.runs.push((order, 1)),
        }
        let numbers = document.into_iter().chain([id.len() as u32]);
        for mut number in numbers {
            for _ in 1..small_length(number) {
                self.body.push(number as u8 | 0x80);
                number >>= 7;
            }
            self.body.push(number as u8);
        }
        self.body.extend_from_slice(id.as_bytes());
    }

    /// How many rows and tombstones there are.
    pub fn counts(&self) -> (u32, u32) {
        (self.rows, self.tombstones)
    }

    /// How many bytes the entry will have, about.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.runs.len() * 18
    }

    /// The entry.
    pub fn end(self, segment: SegmentName) -> Vec<u8> {
        let mut writer = Writer::begin(kind::RECORDS, 40 + self.bytes());
        writer.u64(segment.writer.bits());
        writer.u32(segment.number);
        writer.small(self.rows);
        writer.small(self.tombstones);
        writer.small(self.runs.len() as u32);
        for (order, length) in &self.runs {
            writer.u64(order.stamp);
            writer.u64(order.tie);
            writer.small(*length);
        }
        writer.bytes(&self.body);
        writer.end()
    }
}
