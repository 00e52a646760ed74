//! A batch on its way into the log: which of its entries stand in which row, and their values in which segment.
//!
//! Rows are kept short like segments, since a long record costs more and is the first to get lost. A call whose keys are
//! too many for one row has several, in one transaction; all but the last say that they are not all, and a reader takes
//! them together.

use super::SegmentLog;
use super::backend::{Backend, META, Range, Step, Store, Transaction};
use super::format::{Item, cut, encode_delete, encode_move, encode_put, go_on};
use super::options::Tuning;
use super::write::number;
use crate::Value;

/// When something is written, and when that expires.
pub(super) type Stamp = (u64, u64);

/// What an entry takes in a row beside its key, at most.
const BESIDE_KEY: usize = 20;

/// How many of these keys stand in each row. Never in more rows than a page of them has: who reads a page can take what
/// belongs together.
fn rows_of(keys: &mut dyn Iterator<Item = usize>, tuning: &Tuning) -> Vec<usize> {
    let lengths: Vec<usize> = keys.collect();
    let all = lengths.iter().sum::<usize>() + lengths.len() * BESIDE_KEY;
    let most = tuning.row_bytes.max(all / (tuning.page_rows as usize / 2).max(1));
    let mut rows = Vec::new();
    let (mut count, mut bytes) = (0, 0);
    for length in lengths {
        if count > 0 && bytes + length + BESIDE_KEY > most {
            rows.push(std::mem::take(&mut count));
            bytes = 0;
        }
        count += 1;
        bytes += length + BESIDE_KEY;
    }
    rows.push(count);
    rows
}

/// Rows that a transaction adds: their frames, and the values that stand behind those.
#[derive(Default)]
pub(super) struct NewRows {
    frames: Vec<Vec<u8>>,
    records: Vec<Value>,
}

impl NewRows {
    fn push(&mut self, frame: Vec<u8>, record: Value) {
        self.frames.push(frame);
        self.records.push(record);
    }

    /// Rows that are one, to whoever reads them.
    pub(super) fn push_all(&mut self, mut frames: Vec<Vec<u8>>) {
        frames.iter_mut().rev().skip(1).for_each(|frame| go_on(frame));
        for frame in frames {
            let record = Value::from(frame.as_slice());
            self.push(frame, record);
        }
    }

    /// A row that is one by itself.
    pub(super) fn push_one(&mut self, frame: Vec<u8>) {
        self.push_all(vec![frame]);
    }

    /// That `keys` are gone.
    pub(super) fn delete(&mut self, keys: &[&str], tuning: &Tuning) {
        let mut frames = Vec::new();
        let mut rest = keys;
        for count in rows_of(&mut keys.iter().map(|key| key.len()), tuning) {
            let (some, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            frames.push(encode_delete(some));
            rest = others;
        }
        self.push_all(frames);
    }

    /// The same.
    pub(super) fn delete_all(&mut self, keys: &[String], tuning: &Tuning) {
        let mut lent: Vec<&str> = Vec::with_capacity(keys.len());
        keys.iter().for_each(|key| lent.push(key));
        self.delete(&lent, tuning);
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Batch<'e> {
    pub items: Vec<Item<'e>>,
    pub values: Vec<Value>,
    /// Bytes of values.
    pub bytes: u64,
    /// The lengths of the segments that the values go to; none where they stand in the row.
    pub segments: Vec<u32>,
    /// How many of the items, and of the segments, are each row's.
    rows: Vec<(usize, usize)>,
}

impl<'e> Batch<'e> {
    /// One more.
    pub(super) fn push(&mut self, item: Item<'e>, value: Value) {
        self.bytes += u64::from(item.length);
        self.items.push(item);
        self.values.push(value);
    }

    /// Decides what stands where, in segments of at most `most` bytes. What is moved goes to segments, however small.
    pub(super) fn lay_out(&mut self, tuning: &Tuning, is_put: bool, most: usize) {
        let rows = rows_of(&mut self.items.iter().map(|item| item.key.len()), tuning);
        let is_small = self.items.len() < tuning.inline_values && self.bytes <= tuning.inline_bytes as u64;
        let in_row = is_put && (self.bytes == 0 || is_small && rows.len() == 1);
        let mut rest = self.values.as_slice();
        for items in rows {
            let (some, others) = rest.split_at_checked(items).unwrap_or((rest, &[]));
            let lengths = some.iter().map(Value::len);
            let mut segments = if in_row { Vec::new() } else { cut(lengths, most) };
            self.rows.push((items, segments.len()));
            self.segments.append(&mut segments);
            rest = others;
        }
    }

    /// Computes the checksums.
    pub(super) fn seal(&mut self) {
        for (item, value) in self.items.iter_mut().zip(&self.values) {
            item.sum = value.checksum();
        }
    }

    /// The frames of its rows: puts that are written and expire as `stamp` says, or moves.
    pub(super) fn frames(&self, places: &[(u32, u32)], stamp: Option<Stamp>) -> Vec<Vec<u8>> {
        let mut frames = Vec::with_capacity(self.rows.len());
        let (mut items, mut places) = (self.items.as_slice(), places);
        for (entries, segments) in &self.rows {
            let (some, others) = items.split_at_checked(*entries).unwrap_or((items, &[]));
            let (theirs, further) = places.split_at_checked(*segments).unwrap_or((places, &[]));
            frames.push(match stamp {
                Some(stamp) => encode_put(stamp, theirs, some),
                None => encode_move(theirs, some),
            });
            (items, places) = (others, further);
        }
        frames
    }
}

impl<B: Backend> SegmentLog<B> {
    /// Adds the segments of `batch`, if there are any, and its rows to `rows`. Without a stamp its values are moved, and
    /// their checksums known.
    pub(super) async fn add(
        &self,
        tx: &B::Transaction,
        batch: &mut Batch<'_>,
        stamp: Option<Stamp>,
        rows: &mut NewRows,
    ) -> Step<()> {
        let segments = self.pack(&batch.segments, &mut batch.values.as_slice());
        let added = (!segments.is_empty()).then(|| tx.add(Store::Segments, segments));
        if stamp.is_some() {
            // While they are on their way.
            batch.seal();
        }
        let first = match added {
            Some(first) => number(first.await?)?,
            None => 0,
        };
        let places: Vec<(u32, u32)> = (first..).zip(batch.segments.iter().copied()).collect();
        let mut frames = batch.frames(&places, stamp);
        if places.is_empty()
            && batch.bytes > 0
            && let Some(frame) = frames.pop()
        {
            let mut parts = Vec::with_capacity(batch.values.len() + 1);
            parts.push(Value::from(frame.as_slice()));
            parts.extend_from_slice(&batch.values);
            let record = self.backend.pack(&parts);
            rows.push(frame, record);
        } else {
            rows.push_all(frames);
        }
        Ok(())
    }

    /// Segments of these lengths, filled with the first of `values`, which are then the rest.
    pub(super) fn pack(&self, lengths: &[u32], values: &mut &[Value]) -> Vec<Value> {
        let mut segments = Vec::with_capacity(lengths.len());
        for length in lengths {
            let (mut bytes, mut count) = (0, 0);
            for value in *values {
                if bytes + value.len() > *length as usize {
                    break;
                }
                bytes += value.len();
                count += 1;
            }
            let (parts, rest) = values.split_at_checked(count).unwrap_or((values, &[]));
            segments.push(self.backend.pack(parts));
            *values = rest;
        }
        segments
    }

    /// Adds `rows`, deletes, and commits. From then on it may be stored although it is not said that it is.
    ///
    /// One after the other, and nothing behind the last: when Firefox's disk is full it takes back what a transaction did
    /// before, and stores each request that was made since. Deletes alone, on which nothing depends (unless the
    /// transaction `wrote` already), need no such care.
    pub(super) async fn commit(
        &self,
        tx: B::Transaction,
        rows: NewRows,
        deletes: &[(Store, Range)],
        wrote: bool,
    ) -> Step<()> {
        let epoch = self.state().meta.epoch;
        let careful = wrote || !rows.records.is_empty();
        let count = rows.records.len();
        let (mut first, mut last) = (None, None);
        for (at, record) in rows.records.into_iter().enumerate() {
            let added = tx.add(Store::Rows, vec![record]);
            if at + 1 < count || !deletes.is_empty() {
                let number = number(added.await?)?;
                first = first.or(Some(number));
            } else {
                last = Some(added);
            }
        }
        for (at, (store, range)) in deletes.iter().enumerate() {
            if careful && at > 0 {
                settled(&tx).await?;
            }
            tx.delete(*store, *range);
        }
        // Its end comes first: Chromium, when the disk is full, may abort it and tell its requests nothing.
        tx.commit().await?;
        if let Some(last) = last {
            let last = number(last.await?)?;
            first = first.or(Some(last));
        }
        let mut state = self.state();
        for (at, frame) in (first.unwrap_or_default()..).zip(&rows.frames) {
            state.take_own(epoch, at, frame);
        }
        Ok(())
    }
}

/// Waits until all that the transaction was asked for so far is done.
pub(super) async fn settled<T: Transaction>(tx: &T) -> Step<()> {
    tx.get(Store::Rows, &[META]).await.map(drop)
}
