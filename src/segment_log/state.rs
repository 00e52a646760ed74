//! What a handle knows of the database: the checkpoint and the rows that it has read, in their order.

use std::sync::Arc;

use super::backend::Range;
use super::changes::Changes;
use super::checkpoint::Making;
use super::format::{IN_ROW, MOST, Meta, Opening, Row, Stored};
use super::index::Index;
use super::records::Records;
use crate::sorted::{SortedMap, sort};
use crate::store::Condition;

/// How many deleted keys are remembered for [`Condition::UnchangedSince`] beyond those that a checkpoint needs.
pub const REMEMBERED_DELETES: usize = 4_096;

/// See the module.
#[derive(Default)]
pub struct State {
    /// What is stored, expired entries among it.
    pub index: Index,
    /// Segments.
    pub segments: Records,
    /// Rows that values stand in.
    pub rows: Records,
    /// The last row that was read.
    pub seen: u32,
    /// The last segment that a row named.
    pub last_segment: u32,
    /// What the database is, as last read.
    pub meta: Meta,
    /// The row at which a key went; of all that went since the last checkpoint, and perhaps more.
    pub graves: SortedMap,
    /// The last row of which deletes may be forgotten.
    forgotten: u32,
    /// Prefixes that were cleared since the last checkpoint, and the row that did.
    pub clears: Vec<(String, u32)>,
    /// Bytes of the keys that are there.
    key_bytes: u64,
    /// How many entries were put since the last checkpoint.
    pub changed: u64,
    /// No entry expires before this time.
    pub soonest: u64,
    /// What other tabs did.
    pub changes: Changes,
    /// From which segment on those that no row names were not looked for yet.
    pub orphans: i64,
    /// The places of records that are gone, and that entries may still stand in. Only where there is a bound: elsewhere
    /// nothing may go.
    pub missing: Vec<u32>,
    /// Keys of which what was stored does not read, and the row that put it. Until a row says that they went, nothing may
    /// stand for the rows so far: what these keys were before would be there again.
    pub lost: SortedMap,
    /// Until when nothing is dropped to make room, since it made none.
    pub no_drops_until: u64,
    /// Segments of this handle's calls that failed.
    pub left_over: Vec<Range>,
    /// Until when no maintenance is tried, and how long that is.
    pub rests_until: u64,
    pub rest: u64,
    /// A row was met that a later version wrote: what it says must not be passed over.
    pub is_older: bool,
    /// The checkpoint that this handle makes.
    pub making: Option<Making>,
    /// The places of records that no entry stands in any more, since it was last asked: nobody reads them again.
    pub idle: Vec<u32>,
}

impl State {
    /// Nothing, of a database that is `meta`.
    pub fn new(meta: Meta) -> Self {
        Self { forgotten: meta.covered(), seen: meta.covered(), meta, soonest: u64::MAX, ..Self::default() }
    }

    /// Bytes of keys and values that are there.
    pub fn bytes(&self) -> u64 {
        self.key_bytes + self.segments.live() + self.rows.live()
    }

    /// The records that `place` is one of.
    pub fn records(&mut self, place: u32) -> &mut Records {
        if place & IN_ROW == 0 { &mut self.segments } else { &mut self.rows }
    }

    fn hold(&mut self, stored: &Stored) {
        let end = stored.offset.saturating_add(stored.length);
        self.records(stored.place).hold(stored.place & MOST, stored.length, end);
        self.soonest = self.soonest.min(stored.expires);
    }

    fn release(&mut self, stored: &Stored) {
        if self.records(stored.place).release(stored.place & MOST, stored.length) {
            self.idle.push(stored.place);
        }
    }

    fn put(&mut self, key: &str, stored: &Stored) {
        match self.index.insert(key, stored) {
            Ok(Some(before)) => self.release(&before),
            Ok(None) => self.key_bytes += key.len() as u64,
            // The keys alone are more than the memory of a WebAssembly instance.
            Err(()) => return,
        }
        self.hold(stored);
        self.graves.remove(key);
    }

    fn remove(&mut self, key: &str) {
        if let Some(before) = self.index.remove(key) {
            self.key_bytes -= key.len() as u64;
            self.release(&before);
        }
    }

    /// The record at `place` is gone.
    pub fn miss(&mut self, place: u32) {
        if let Err(at) = self.missing.binary_search(&place) {
            self.missing.insert(at, place);
        }
    }

    /// What is `stored` under `key` does not read: it is missing, to this handle at once, and to others when a row says so.
    pub fn lose(&mut self, key: &str, stored: &Stored) {
        if self.index.get(key).as_ref() == Some(stored) {
            self.remove(key);
            self.lost.insert(Arc::from(key), stored.version.into());
        }
    }

    fn remove_prefix(&mut self, prefix: &str) {
        if prefix.is_empty() {
            // The segments went with the row, and the memory goes with them.
            (self.index, self.key_bytes) = (Index::default(), 0);
            self.idle.extend(self.segments.iter().map(|record| record.key));
            self.idle.extend(self.rows.iter().map(|record| IN_ROW | record.key));
            (self.segments, self.rows) = (Records::default(), Records::default());
            return;
        }
        let mut doomed = Vec::new();
        self.index.walk(prefix, None, &mut |key, _| {
            doomed.push(key.to_owned());
            true
        });
        // From the end: blocks that are empty go, and those behind them move.
        doomed.iter().rev().for_each(|key| self.remove(key));
    }

    fn add_segments(&mut self, segments: &[(u32, u32)]) {
        for (segment, length) in segments {
            self.segments.add(*segment, *length);
            self.last_segment = self.last_segment.max(*segment);
        }
    }

    /// Row `number`, whose frame has `frame` bytes, comes next.
    pub fn apply(&mut self, number: u32, row: Row<'_>, frame: usize) {
        self.seen = number;
        match row {
            Row::Put { written, expires, mut entries } => {
                self.add_segments(entries.segments());
                self.changed += entries.len() as u64;
                while let Ok(Some(put)) = entries.next() {
                    let in_row = put.place & IN_ROW != 0;
                    let place = if in_row { IN_ROW | number } else { put.place };
                    let offset = if in_row { put.offset.saturating_add(frame as u32) } else { put.offset };
                    let (length, sum) = (put.length, put.sum);
                    self.put(put.key, &Stored { place, offset, length, sum, version: number, written, expires });
                }
            }
            Row::Delete(mut keys) => {
                while let Ok(Some(key)) = keys.next() {
                    self.remove(key);
                    self.graves.insert(Arc::from(key), number.into());
                }
            }
            Row::Clear(prefix) => {
                self.remove_prefix(prefix);
                self.clears.push((prefix.to_owned(), number));
                self.forgotten = number;
            }
            Row::Move(mut entries) => {
                self.add_segments(entries.segments());
                let mut left: Vec<u64> = Vec::new();
                while let Ok(Some(put)) = entries.next() {
                    let Some(stored) = self.index.get(put.key) else { continue };
                    if stored.version == put.version {
                        let moved = Stored { place: put.place, offset: put.offset, ..stored };
                        self.put(put.key, &moved);
                        if left.last() != Some(&stored.place.into()) {
                            left.push(stored.place.into());
                        }
                    }
                }
                // Who moves the last entry out of a segment deletes it.
                sort(&mut left);
                self.segments.drop_empty(&|key| left.binary_search(&key.into()).is_ok());
            }
        }
    }

    /// The opening of the next checkpoint, or a page of it.
    pub fn load_opening(&mut self, opening: &Opening) {
        opening.clears.iter().for_each(|prefix| self.remove_prefix(prefix));
        opening.graves.iter().for_each(|(key, _)| self.remove(key));
        for (segment, length) in &opening.segments {
            self.segments.add(*segment, *length);
        }
    }

    /// An entry of a checkpoint.
    pub fn load(&mut self, key: &str, stored: &Stored) {
        self.put(key, stored);
    }

    /// All checkpoints are read.
    pub fn loaded(&mut self) {
        self.last_segment = self.meta.runs.last().map_or(0, |run| run.segment);
        self.segments.drop_empty(&|_| true);
        self.idle = Vec::new();
    }

    /// What the database is, as just read; it has a new checkpoint perhaps.
    pub fn adopt(&mut self, meta: Meta) {
        let covered = meta.covered();
        self.rows.drop_empty(&|_| true);
        if covered > self.meta.covered() {
            self.clears.retain(|(_, row)| *row > covered);
            self.changed = 0;
            if self.graves.len() > REMEMBERED_DELETES {
                let mut kept = SortedMap::default();
                for (key, row) in self.graves.from("").filter(|(_, row)| *row > covered.into()) {
                    kept.insert(key.clone(), row);
                }
                self.graves = kept;
                self.forgotten = self.forgotten.max(covered);
            }
        }
        self.meta = meta;
    }

    /// What is there under `key` at the time `now`.
    pub fn live(&self, key: &str, now: u64) -> Option<Stored> {
        self.index.get(key).filter(|stored| stored.expires > now)
    }

    /// The point in history up to which the database was read: the epoch goes into it, so that none of another database
    /// is taken for one of this.
    pub fn version(&self) -> u64 {
        self.version_at(self.seen)
    }

    /// The same of the time when `row` was the last one.
    pub fn version_at(&self, row: u32) -> u64 {
        self.meta.epoch << 32 | u64::from(row)
    }

    /// Whether `condition` holds for `key`.
    pub fn holds(&self, key: &str, condition: Condition, now: u64) -> bool {
        let stored = self.index.get(key);
        let is_there = stored.is_some_and(|stored| stored.expires > now);
        match condition {
            Condition::Absent => !is_there,
            Condition::Present => is_there,
            Condition::UnchangedSince(read) => {
                let went = || self.graves.get(key).unwrap_or(0).max(self.forgotten.into());
                let changed = stored.map_or_else(went, |stored| stored.version.into());
                read.0 >> 32 == self.version() >> 32 && changed <= read.0 & 0xFFFF_FFFF
            }
        }
    }
}
