//! Compaction: what is needed is copied out of records of which little is, and of rows, where it holds up checkpoints.

use super::SegmentLog;
use super::backend::{Backend, Fetched, Range, Step, Store, Transaction};
use super::batch::{Batch, NewRows};
use super::format::{IN_ROW, Item, MOST, Row, Stored};
use super::maintain::Done;
use super::open::frame_of;
use super::options::Tuning;
use super::read::value_of;
use super::state::State;
use crate::sorted::sort;

/// How many records one transaction empties.
const EMPTIED: usize = 512;

impl<B: Backend> SegmentLog<B> {
    /// Moves what is needed out of rows, or out of segments of which more than half is not. The segments are deleted. One
    /// that cannot be read now is left as it is, and alone by this handle.
    pub(super) async fn empty(
        &self,
        tx: &B::Transaction,
        store: Store,
        rows: &mut NewRows,
        done: &mut Done,
    ) -> Step<()> {
        let tuning = &self.options.tuning;
        let (victims, are_short) = self.state().victims(store, tuning);
        if victims.is_empty() {
            return Ok(());
        }
        let now = self.clock.now_ms();
        let keys: Vec<i64> = victims.iter().map(|place| (place & MOST).into()).collect();
        let records = tx.get(store, &keys).await?;
        let is_unreadable = |at: usize| matches!(records.get(at), Some(Fetched::Unreadable));
        let named = if store == Store::Rows { self.state().standing_in_rows(&victims, &records) } else { None };
        let entries = named.unwrap_or_else(|| self.state().standing_in(&victims));
        let mut gone: Vec<&str> = Vec::new();
        let mut kept = Batch::default();
        for (key, stored) in &entries {
            let at = victims.binary_search(&stored.place).unwrap_or(usize::MAX);
            if is_unreadable(at) {
                continue;
            }
            let record = records.get(at).unwrap_or(&Fetched::Absent);
            match value_of(stored, record) {
                Ok(_) if self.options.drop_expired && stored.expires <= now => gone.push(key),
                Ok(value) => {
                    let Stored { length, sum, version, .. } = *stored;
                    kept.push(Item { key, length, sum, version }, value);
                }
                Err(reason) => {
                    if !self.is_evicted(record) {
                        self.tell_corrupt(key, reason);
                    }
                    gone.push(key);
                }
            }
        }
        if !gone.is_empty() {
            rows.delete(&gone, tuning);
        }
        let bytes = kept.bytes;
        if !kept.items.is_empty() {
            kept.lay_out(tuning, false, if are_short { tuning.single_bytes } else { tuning.segment_bytes });
            self.add(tx, &mut kept, None, rows).await?;
        }
        let mut emptied = 0;
        for (at, (place, key)) in victims.iter().zip(&keys).enumerate() {
            if is_unreadable(at) {
                self.state().records(*place).leave(place & MOST);
                continue;
            }
            emptied += 1;
            if store == Store::Segments {
                done.emptied.push(Range { from: *key, to: *key });
            }
        }
        done.worked = true;
        done.compacted = (emptied > 0).then_some((emptied, bytes));
        Ok(())
    }
}

impl State {
    /// The places of records to empty, of as many bytes as may be moved: of rows, all are; of segments those that are worth
    /// it. They are either all short, as is then what they are moved to, or none of them.
    fn victims(&self, store: Store, tuning: &Tuning) -> (Vec<u32>, bool) {
        let (records, flag) = if store == Store::Rows { (&self.rows, IN_ROW) } else { (&self.segments, 0) };
        let mut victims = Vec::new();
        let mut bytes = 0;
        let mut are_short = None;
        for record in records.iter() {
            if !record.is_movable() || flag == 0 && !record.is_wasteful() {
                continue;
            }
            let is_short = flag != 0 || record.length as usize <= tuning.single_bytes;
            if *are_short.get_or_insert(is_short) != is_short {
                continue;
            }
            bytes += u64::from(record.length);
            if bytes > tuning.transaction_bytes && !victims.is_empty() || victims.len() == EMPTIED {
                break;
            }
            victims.push(record.key | flag);
        }
        (victims, are_short == Some(true))
    }

    /// The entries that stand in the records at `places`, as they were written: what came together stays together. By a
    /// look through the whole index.
    pub(super) fn standing_in(&self, places: &[u32]) -> Vec<(String, Stored)> {
        let mut found = Vec::new();
        self.index.scan(&[], false, &mut |entry| {
            let stored = entry.stored();
            if places.binary_search(&stored.place).is_ok() {
                found.push((entry.key().to_owned(), stored));
            }
            true
        });
        in_order(found)
    }

    /// The same of rows, which name their keys; `None` if one of them cannot be read.
    fn standing_in_rows(&self, places: &[u32], rows: &[Fetched]) -> Option<Vec<(String, Stored)>> {
        let mut found = Vec::new();
        for (place, row) in places.iter().zip(rows) {
            let Fetched::There(row) = row else { return None };
            let frame = frame_of(row).ok()?;
            let Ok(Row::Put { mut entries, .. }) = Row::read(&frame) else { return None };
            while let Ok(Some(put)) = entries.next() {
                if let Some(stored) = self.index.get(put.key).filter(|stored| stored.place == *place) {
                    found.push((put.key.to_owned(), stored));
                }
            }
        }
        Some(found)
    }
}

fn position(stored: &Stored) -> u64 {
    u64::from(stored.place) << 32 | u64::from(stored.offset)
}

/// The entries in the order of their positions. Numbers are sorted, not entries: one sort is enough.
fn in_order(entries: Vec<(String, Stored)>) -> Vec<(String, Stored)> {
    let mut positions = Vec::with_capacity(entries.len());
    entries.iter().for_each(|(_, stored)| positions.push(position(stored)));
    sort(&mut positions);
    // Empty values may share a position: how many of each are placed.
    let mut placed = vec![0; entries.len()];
    let mut ordered = vec![<(String, Stored)>::default(); entries.len()];
    for entry in entries {
        let own = position(&entry.1);
        let first = positions.partition_point(|other| *other < own);
        if let Some(count) = placed.get_mut(first) {
            ordered.get_mut(first + *count).into_iter().for_each(|place| place.clone_from(&entry));
            *count += 1;
        }
    }
    ordered
}
