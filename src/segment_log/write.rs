//! Writes: one transaction that adds a row to the log, and the segments that the row names.

use std::sync::Arc;

use super::SegmentLog;
use super::backend::{Backend, Fault, META, Range, Step, Store, Transaction};
use super::format::{MOST, cut, encode_clear, encode_delete, encode_put};
use super::index::LONGEST;
use crate::sorted::SortedMap;
use crate::store::Condition;
use crate::{Entries, Error, ErrorCode, Keys, Result, Value};

/// What is written. One type for all, and one body for each step of it: of each kind of future the compiler makes a copy.
pub(super) enum Change {
    Put { entries: Entries, conditions: Option<Vec<Condition>>, expires: u64, now: u64 },
    Delete(Keys),
    Clear(String),
}

/// What was written.
pub(super) struct Written {
    /// Of each entry, whether it was stored.
    pub stored: Vec<bool>,
    /// Bytes of values.
    pub bytes: u64,
}

/// When something is written, and when that expires.
pub(super) type Stamp = (u64, u64);

/// What a put stores, each key once.
pub(super) struct Prepared<'e> {
    keys: Vec<&'e str>,
    pub values: Vec<Value>,
    /// The lengths of the segments that the values go to; none where they stand in the row.
    pub segments: Vec<u32>,
    bytes: u64,
}

impl Prepared<'_> {
    /// The values' checksums.
    pub(super) fn sums(&self) -> Vec<u32> {
        let mut sums = Vec::with_capacity(self.values.len());
        self.values.iter().for_each(|value| sums.push(value.checksum()));
        sums
    }

    /// The frame of the row.
    pub(super) fn encode(&self, stamp: Stamp, places: &[(u32, u32)], sums: &[u32]) -> Vec<u8> {
        let values = self.values.iter().zip(sums);
        let items = self.keys.iter().zip(values).map(|(key, (value, sum))| (*key, value.len() as u32, *sum));
        encode_put(stamp, places, items)
    }
}

/// Rows that a transaction adds: their frames, and the values that stand behind those.
#[derive(Default)]
struct NewRows {
    frames: Vec<Vec<u8>>,
    records: Vec<Value>,
}

impl NewRows {
    fn push(&mut self, frame: Vec<u8>, record: Value) {
        self.frames.push(frame);
        self.records.push(record);
    }

    fn push_frame(&mut self, frame: Vec<u8>) {
        let record = Value::from(frame.as_slice());
        self.push(frame, record);
    }
}

/// How a write failed.
enum Failed {
    /// Nothing of it can have been stored.
    Before(Fault),
    /// It was committing: with a lost connection nobody knows.
    Committing(Fault),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Before(fault)
    }
}

/// A record's number as we keep it.
pub(super) fn number(key: i64) -> Step<u32> {
    u32::try_from(key).ok().filter(|number| *number <= MOST).ok_or_else(|| {
        Fault::Failed(Error::new(ErrorCode::Internal, "the database has numbered more records than there can be"))
    })
}

impl<B: Backend> SegmentLog<B> {
    /// Does `change` whole, or not at all.
    pub(super) async fn write(&self, operation: &'static str, change: &Change) -> Result<Written> {
        let began = self.clock.now_ms();
        let keys = self.check(change)?;
        if keys == 0 && !matches!(change, Change::Clear(_)) {
            return Ok(Written { stored: Vec::new(), bytes: 0 });
        }
        if let Some((put, stamp)) = self.is_large(change) {
            self.write_ahead(&put, stamp).await?;
            self.answered(operation, keys, began);
            self.counters.wrote(put.bytes);
            return Ok(Written { stored: Vec::new(), bytes: put.bytes });
        }
        let (mut lost, mut full) = (false, false);
        loop {
            let tx = self.begin(true).await?;
            match self.write_in(tx, change).await {
                Ok(written) => {
                    self.answered(operation, keys, began);
                    self.counters.wrote(written.bytes);
                    return Ok(written);
                }
                Err(Failed::Before(Fault::Lost(error))) if !lost => {
                    lost = true;
                    self.lose(&error);
                }
                // Room is made in a transaction of its own: what is full takes no more, deleted or not, before that ends.
                Err(Failed::Before(Fault::Quota(error)) | Failed::Committing(Fault::Quota(error)))
                    if !full && self.options.max_bytes.is_some() =>
                {
                    full = true;
                    if !self.make_room(change).await? {
                        return Err(error);
                    }
                }
                Err(Failed::Before(fault)) => return Err(fault.into()),
                Err(Failed::Committing(fault)) => {
                    if let Fault::Lost(error) = &fault {
                        self.lose(error);
                    }
                    return Err(fault.into());
                }
            }
        }
    }

    /// What is put, if it is more than one transaction should write. Not where it must first be known what is there.
    fn is_large<'c>(&self, change: &'c Change) -> Option<(Prepared<'c>, Stamp)> {
        let most = self.options.tuning.call_bytes;
        let Change::Put { entries, conditions: None, expires, now } = change else { return None };
        if self.options.max_bytes.is_some() || entries.bytes() <= most {
            return None;
        }
        let put = self.prepare(entries, &self.choose(entries, None, *now, &mut Vec::new()));
        // Without what stands twice it may be less.
        (put.bytes > most && !put.segments.is_empty()).then_some((put, (*now, *expires)))
    }

    /// Looks at the arguments; gives how many keys there are.
    fn check(&self, change: &Change) -> Result<usize> {
        self.check_open()?;
        match change {
            Change::Put { entries, conditions, .. } => {
                if let Some(long) = entries.values().iter().find(|value| value.len() as u64 > LONGEST.into()) {
                    return Err(Error::too_large("a value", long.len() as u64, LONGEST.into()));
                }
                self.check_fits(entries, conditions.is_some())?;
                Ok(entries.len())
            }
            Change::Delete(keys) => Ok(keys.len()),
            Change::Clear(_) => Ok(0),
        }
    }

    async fn write_in(&self, tx: B::Transaction, change: &Change) -> std::result::Result<Written, Failed> {
        let mut rows = NewRows::default();
        let mut written = Written { stored: Vec::new(), bytes: 0 };
        let mut evicted = None;
        match change {
            Change::Put { entries, conditions, expires, now } => {
                if conditions.is_some() || self.options.max_bytes.is_some() {
                    self.catch_up(&tx).await?;
                }
                let chosen = self.choose(entries, conditions.as_deref(), *now, &mut written.stored);
                if chosen.is_empty() {
                    return Ok(written);
                }
                evicted = self.evict(entries, &chosen);
                if let Some(evicted) = &evicted {
                    rows.push_frame(encode_delete(evicted.keys.iter().map(String::as_str)));
                }
                let put = self.prepare(entries, &chosen);
                written.bytes = put.bytes;
                self.put(&tx, &put, (*now, *expires), &mut rows).await?;
            }
            Change::Delete(keys) => rows.push_frame(encode_delete(keys.iter())),
            Change::Clear(prefix) => {
                if prefix.is_empty() {
                    // Whatever stands there belongs to rows before this one, or to none.
                    tx.delete(Store::Segments, Range { from: 0, to: META });
                }
                rows.push_frame(encode_clear(prefix));
            }
        }
        let epoch = self.state().meta.epoch;
        let first = tx.add(Store::Rows, rows.records);
        let committed = tx.commit();
        // From here on it may be stored although it is not said to be.
        let first = first.await.and_then(number).map_err(Failed::Committing)?;
        committed.await.map_err(Failed::Committing)?;
        let mut state = self.state();
        for (at, frame) in (first..).zip(&rows.frames) {
            state.take_own(epoch, at, frame);
        }
        drop(state);
        if let Some(evicted) = evicted {
            self.tell_evicted(&evicted);
        }
        Ok(written)
    }

    /// Which entries are stored, in their order: of a key that stands twice the last one whose condition holds. Says of
    /// each whether its condition held.
    fn choose(
        &self,
        entries: &Entries,
        conditions: Option<&[Condition]>,
        now: u64,
        stored: &mut Vec<bool>,
    ) -> Vec<u64> {
        let mut last = SortedMap::default();
        let state = self.state();
        for (at, key) in entries.keys().iter().enumerate() {
            let holds = match conditions {
                None => true,
                // What this call has stored already is there, and changed since any read.
                Some(conditions) if last.get(key).is_some() => conditions.get(at) == Some(&Condition::Present),
                Some(conditions) => conditions.get(at).is_some_and(|condition| state.holds(key, *condition, now)),
            };
            stored.push(holds);
            if holds {
                last.insert(Arc::from(key), at as u64);
            }
        }
        let mut chosen = Vec::with_capacity(last.len());
        last.numbers().for_each(|at| chosen.push(at));
        chosen.sort_unstable();
        chosen
    }

    /// The `chosen` entries, and where they go.
    fn prepare<'e>(&self, entries: &'e Entries, chosen: &[u64]) -> Prepared<'e> {
        let mut keys: Vec<&str> = Vec::with_capacity(chosen.len());
        let mut values: Vec<Value> = Vec::with_capacity(chosen.len());
        let mut wanted = chosen.iter().peekable();
        let mut bytes = 0;
        for (at, (key, value)) in entries.iter().enumerate() {
            if wanted.next_if(|next| **next == at as u64).is_some() {
                keys.push(key);
                values.push(value.clone());
                bytes += value.len() as u64;
            }
        }
        let tuning = &self.options.tuning;
        let in_row = values.len() < tuning.inline_values && bytes <= tuning.inline_bytes as u64;
        let segments =
            if in_row || bytes == 0 { Vec::new() } else { cut(values.iter().map(Value::len), tuning.segment_bytes) };
        Prepared { keys, values, segments, bytes }
    }

    /// Adds the segments, if there are any, and their row to `rows`.
    async fn put(&self, tx: &B::Transaction, put: &Prepared<'_>, stamp: Stamp, rows: &mut NewRows) -> Step<()> {
        let segments = self.pack(&put.segments, &mut put.values.as_slice());
        let added = (!segments.is_empty()).then(|| tx.add(Store::Segments, segments));
        // While they are on their way.
        let sums = put.sums();
        let first = match added {
            Some(first) => number(first.await?)?,
            None => 0,
        };
        let places: Vec<(u32, u32)> = (first..).zip(put.segments.iter().copied()).collect();
        let frame = put.encode(stamp, &places, &sums);
        if places.is_empty() && put.bytes > 0 {
            let mut parts = Vec::with_capacity(put.values.len() + 1);
            parts.push(Value::from(frame.as_slice()));
            parts.extend_from_slice(&put.values);
            let record = self.backend.pack(&parts);
            rows.push(frame, record);
        } else {
            rows.push_frame(frame);
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
}
