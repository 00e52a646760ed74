//! What an index holds, in memory: of each id the record that counts, and of each row where its document stands.
//!
//! Segments come and go, since writers merge theirs. What counts of an id is a function of those that are there: the
//! record of the greatest order. So that a record can go without all others being read again, each id has a count of its
//! records; where the one that counts goes and others are left, their segments are looked at once more.
//!
//! Rows do not move when their segment is merged into another: a record of the same order is the same record.

mod compact;
mod standing;
mod take;

use std::sync::Arc;

use self::compact::Compaction;
pub use self::standing::Kept;
pub use self::take::Brought;
use super::ids::Ids;
use crate::Result;
use crate::features::search::order::Orders;
use crate::features::search::persist::names::SegmentName;
use crate::features::search::{Order, Rows, RowsOptions};

/// What counts of an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Holder {
    /// Nothing.
    #[default]
    Nothing,
    /// A row.
    Row(u32),
    /// It was deleted; the slot whose tombstone says so.
    Tombstone(u32),
}

#[derive(Clone, Copy, Debug, Default)]
struct Winner {
    order: Order,
    holder: Holder,
}

/// Where a row's record stands: the slot of its segment, and its place there.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    id: u32,
    slot: u32,
    at: u32,
}

/// A segment that is loaded, for those who look for a document.
#[derive(Debug, Default)]
pub struct Segment {
    /// Its name.
    pub name: SegmentName,
    /// The lengths of its rows' documents.
    pub lengths: Vec<u32>,
    /// The first rows of its blocks of documents.
    pub firsts: Vec<u32>,
}

#[derive(Debug)]
struct Slot {
    segment: Arc<Segment>,
    /// Of rows, and then of tombstones.
    ids: Vec<u32>,
    /// The order of each record.
    orders: Orders,
    /// How many ids have what counts of them here, rows and tombstones: of copies of a record one is that.
    rows: u32,
    tombstones: u32,
}

/// See the module.
#[derive(Debug)]
pub struct Table {
    ids: Ids,
    /// By id.
    winners: Vec<Winner>,
    /// By id: how many records there are.
    records: Vec<u32>,
    /// Never used twice until rows are numbered anew: dead rows lead to theirs.
    slots: Vec<Option<Box<Slot>>>,
    /// Where they are, sorted.
    by_name: Vec<(SegmentName, u32)>,
    /// By row.
    places: Vec<Place>,
    rows: Rows,
    live: usize,
    cleared: Order,
    /// The greatest stamp of all records.
    stamp: u64,
    /// Grows when rows are numbered anew.
    generation: u64,
    /// Who counts on numbers: of rows, and of ids.
    pins: usize,
    /// Passes under way, which must find a document that is replaced meanwhile as it was: rows die behind them.
    scans: usize,
    /// Rows to be killed then. Passes come one after the other, so none begins while there are any.
    doomed: Vec<u32>,
    compaction: Option<Compaction>,
}

impl Table {
    /// An empty one, of vectors of so many dimensions, whose first numbering of rows is `generation`: a random number, so
    /// that what was made for the rows of another is not taken for what is about these.
    ///
    /// # Errors
    /// `invalid_argument` for too many.
    pub fn new(dimensions: usize, options: RowsOptions, generation: u64) -> Result<Self> {
        Ok(Self {
            ids: Ids::default(),
            winners: Vec::new(),
            records: Vec::new(),
            slots: Vec::new(),
            by_name: Vec::new(),
            places: Vec::new(),
            rows: Rows::new(dimensions, options)?,
            live: 0,
            cleared: Order::default(),
            stamp: 0,
            generation,
            pins: 0,
            scans: 0,
            doomed: Vec::new(),
            compaction: None,
        })
    }

    /// How many documents there are.
    pub fn live(&self) -> usize {
        self.live
    }

    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The rows, to keep their numbers in 32 bits.
    pub fn rows_mut(&mut self) -> &mut Rows {
        &mut self.rows
    }

    /// Which numbering of rows there is, and how many that can be found: what a mask is about.
    pub fn numbering(&self) -> (u64, usize) {
        (self.generation, self.rows.shown())
    }

    /// See the field.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The greatest stamp of all records.
    pub fn stamp(&self) -> u64 {
        self.stamp
    }

    /// The number of the row that counts of `id`.
    pub fn row(&self, id: &str) -> Option<u32> {
        match self.winners.get(self.ids.get(id)? as usize)?.holder {
            Holder::Row(row) => Some(row),
            _ => None,
        }
    }

    /// Whether `row` counts.
    pub fn counts(&self, row: u32) -> bool {
        let place = self.places.get(row as usize);
        place.is_some_and(|place| self.winner(place.id).holder == Holder::Row(row))
    }

    /// The id of a row.
    pub fn id(&self, row: u32) -> &str {
        self.places.get(row as usize).map(|place| self.ids.name(place.id)).unwrap_or_default()
    }

    /// The segment of a row and its place there; `None` if the segment has gone.
    pub fn locate(&self, row: u32) -> Option<(Arc<Segment>, u32)> {
        let place = self.places.get(row as usize)?;
        Some((self.slots.get(place.slot as usize)?.as_ref()?.segment.clone(), place.at))
    }

    /// Whether a segment is loaded.
    pub fn has(&self, name: SegmentName) -> bool {
        self.slot(name).is_some()
    }

    /// The names of all that are loaded.
    pub fn names(&self) -> Vec<SegmentName> {
        self.by_name.iter().map(|(name, _)| *name).collect()
    }

    fn slot(&self, name: SegmentName) -> Option<usize> {
        let at = self.by_name.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        self.by_name.get(at).map(|(_, slot)| *slot as usize)
    }

    fn winner(&self, id: u32) -> Winner {
        self.winners.get(id as usize).copied().unwrap_or_default()
    }

    /// From now on rows and ids keep their numbers.
    pub fn pin(&mut self) {
        self.pins += 1;
    }

    /// The end of that.
    pub fn unpin(&mut self) {
        self.pins = self.pins.saturating_sub(1);
    }

    /// A pass begins: rows that live stay alive for it, and keep their numbers.
    pub fn begin_scan(&mut self) {
        self.pin();
        self.scans += 1;
    }

    /// The end of that.
    pub fn end_scan(&mut self) {
        self.unpin();
        self.scans = self.scans.saturating_sub(1);
        if self.scans == 0 {
            for row in std::mem::take(&mut self.doomed) {
                self.rows.kill(row);
            }
        }
    }

    /// Bytes of memory beside the rows: ids, orders, where documents stand.
    pub fn memory(&self) -> usize {
        let of_slot = |slot: &Slot| {
            let numbers = slot.ids.capacity() + slot.segment.lengths.capacity() + slot.segment.firsts.capacity();
            numbers * 4 + slot.orders.memory()
        };
        let of_slots: usize = self.slots.iter().flatten().map(|slot| of_slot(slot)).sum();
        let by_id = self.winners.capacity() * size_of::<Winner>() + self.records.capacity() * size_of::<u32>();
        self.ids.memory() + by_id + of_slots + self.places.capacity() * size_of::<Place>()
    }
}
