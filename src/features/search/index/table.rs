//! What an index holds, in memory: of each id the record that counts, and of each row where its document stands.
//!
//! Segments come and go, since writers merge theirs. What counts of an id is a function of those that are there: the
//! record of the greatest order. So that a record can go without all others being read again, each id has a count of its
//! records; where the one that counts goes and others are left, their segments are looked at once more.
//!
//! Rows do not move when their segment is merged into another: a record of the same order is the same record.

use std::sync::Arc;

use super::ids::Ids;
use crate::Result;
use crate::features::search::persist::format::Records;
use crate::features::search::persist::names::SegmentName;
use crate::features::search::{Bitmap, Order, Packed, Rows, RowsOptions};

/// Dead rows that are not worth it to number the others anew.
const FEW: usize = 4_096;

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
}

#[derive(Debug)]
struct Slot {
    segment: Arc<Segment>,
    /// Of rows, and then of tombstones.
    ids: Vec<u32>,
    /// How many of its records count, rows and tombstones.
    rows: u32,
    tombstones: u32,
}

/// What of a segment counts.
#[derive(Clone, Debug)]
pub struct Standing {
    /// It.
    pub segment: Arc<Segment>,
    /// Its records.
    pub records: usize,
    /// Rows that count.
    pub rows: usize,
    /// Tombstones that do.
    pub tombstones: usize,
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
    options: RowsOptions,
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
}

impl Table {
    /// An empty one, of vectors of so many dimensions.
    ///
    /// # Errors
    /// `invalid_argument` for too many.
    pub fn new(dimensions: usize, options: RowsOptions) -> Result<Self> {
        Ok(Self {
            ids: Ids::default(),
            winners: Vec::new(),
            records: Vec::new(),
            slots: Vec::new(),
            by_name: Vec::new(),
            places: Vec::new(),
            rows: Rows::new(dimensions, options)?,
            options,
            live: 0,
            cleared: Order::default(),
            stamp: 0,
            generation: 0,
            pins: 0,
            scans: 0,
            doomed: Vec::new(),
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

    /// What of a segment counts.
    pub fn standing(&self, name: SegmentName) -> Option<Standing> {
        let slot = self.slots.get(self.slot(name)?)?.as_ref()?;
        Some(Standing {
            segment: slot.segment.clone(),
            records: slot.ids.len(),
            rows: slot.rows as usize,
            tombstones: slot.tombstones as usize,
        })
    }

    fn winner(&self, id: u32) -> Winner {
        self.winners.get(id as usize).copied().unwrap_or_default()
    }

    /// Which rows of `records` would count, so that their codes are needed.
    pub fn needed(&self, records: &Records<'_>) -> Vec<u32> {
        let wins = |id: &str, order: Order| {
            let known = self.ids.get(id).map(|id| self.winner(id)).filter(|known| known.holder != Holder::Nothing);
            order > self.cleared && known.is_none_or(|known| order > known.order)
        };
        let rows = records.iter().enumerate().filter(|(_, (id, order, is_row))| *is_row && wins(id, *order));
        rows.map(|(at, _)| at as u32).collect()
    }

    /// Takes in a segment; `packed` gives the rows that [`needed`](Self::needed) named.
    ///
    /// # Errors
    /// `too_large` behind 2³² rows; `corrupt` for a row that is not there.
    pub fn add<'p>(&mut self, records: &Records<'_>, packed: &dyn Fn(u32) -> Option<Packed<'p>>) -> Result<()> {
        if self.has(records.segment) {
            return Ok(());
        }
        let ids: Vec<u32> = records.ids.iter().map(|id| self.ids.intern(id)).collect();
        self.winners.resize(self.ids.len(), Winner::default());
        self.records.resize(self.ids.len(), 0);
        for id in &ids {
            self.count(*id, 1);
        }
        let segment = Arc::new(Segment { name: records.segment, lengths: records.lengths.clone() });
        let slot = self.slots.len() as u32;
        self.slots.push(Some(Box::new(Slot { segment, ids, rows: 0, tombstones: 0 })));
        let at = self.by_name.partition_point(|(name, _)| *name < records.segment);
        self.by_name.insert(at, (records.segment, slot));
        self.apply(slot, records, packed)
    }

    /// Looks once more at a segment that is loaded: records in it may count now.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn look_again<'p>(&mut self, records: &Records<'_>, packed: &dyn Fn(u32) -> Option<Packed<'p>>) -> Result<()> {
        match self.slot(records.segment) {
            Some(slot) => self.apply(slot as u32, records, packed),
            None => Ok(()),
        }
    }

    fn apply<'p>(
        &mut self,
        slot: u32,
        records: &Records<'_>,
        packed: &dyn Fn(u32) -> Option<Packed<'p>>,
    ) -> Result<()> {
        for (at, (id, order, is_row)) in records.iter().enumerate() {
            self.stamp = self.stamp.max(order.stamp);
            let at = at as u32;
            let id = self.ids.intern(id);
            let known = self.winner(id);
            let nothing = known.holder == Holder::Nothing;
            if order <= self.cleared || (!nothing && order < known.order) {
                continue;
            }
            if nothing || order > known.order {
                let holder = if is_row {
                    let missing = || crate::Error::new(crate::ErrorCode::Corrupt, "a row of a segment is missing");
                    let row = self.rows.push_packed(packed(at).ok_or_else(missing)?, order)?;
                    self.places.push(Place { id, slot, at });
                    Holder::Row(row)
                } else {
                    Holder::Tombstone(slot)
                };
                self.retire(id);
                self.win(id, Winner { order, holder });
            } else if let (Holder::Row(row), true) = (known.holder, is_row) {
                self.tally(known.holder, false);
                if let Some(place) = self.places.get_mut(row as usize) {
                    *place = Place { id, slot, at };
                }
                self.tally(known.holder, true);
            } else if let (Holder::Tombstone(_), false) = (known.holder, is_row) {
                self.tally(known.holder, false);
                self.win(id, Winner { order, holder: Holder::Tombstone(slot) });
            }
        }
        Ok(())
    }

    fn win(&mut self, id: u32, winner: Winner) {
        if let Some(place) = self.winners.get_mut(id as usize) {
            *place = winner;
        }
        self.tally(winner.holder, true);
        self.live += usize::from(matches!(winner.holder, Holder::Row(_)));
    }

    /// What counted of `id` does not any more.
    fn retire(&mut self, id: u32) {
        let known = self.winner(id);
        self.tally(known.holder, false);
        if let Holder::Row(row) = known.holder {
            self.live -= 1;
            self.kill(row);
        }
        if let Some(place) = self.winners.get_mut(id as usize) {
            *place = Winner::default();
        }
    }

    fn kill(&mut self, row: u32) {
        if self.scans > 0 {
            self.doomed.push(row);
        } else {
            self.rows.kill(row);
        }
    }

    /// One more, or one less, of a slot's records that count.
    fn tally(&mut self, holder: Holder, more: bool) {
        let (slot, is_row) = match holder {
            Holder::Nothing => return,
            Holder::Row(row) => (self.places.get(row as usize).map_or(u32::MAX, |place| place.slot), true),
            Holder::Tombstone(slot) => (slot, false),
        };
        if let Some(Some(slot)) = self.slots.get_mut(slot as usize) {
            let count = if is_row { &mut slot.rows } else { &mut slot.tombstones };
            *count = if more { *count + 1 } else { count.saturating_sub(1) };
        }
    }

    fn count(&mut self, id: u32, by: i32) {
        if let Some(count) = self.records.get_mut(id as usize) {
            *count = count.saturating_add_signed(by);
        }
    }

    /// Lets go of a segment. Its records that counted are nowhere then, until [`settle`](Self::settle): their ids.
    pub fn remove(&mut self, name: SegmentName) -> Vec<u32> {
        let Some(at) = self.slot(name) else { return Vec::new() };
        let Some(slot) = self.slots.get_mut(at).and_then(Option::take) else { return Vec::new() };
        self.by_name.retain(|(known, _)| *known != name);
        let mut homeless = Vec::new();
        for id in slot.ids {
            self.count(id, -1);
            if self.is_homeless(id) {
                homeless.push(id);
            }
        }
        homeless
    }

    fn is_homeless(&self, id: u32) -> bool {
        let slot = match self.winner(id).holder {
            Holder::Nothing => return false,
            Holder::Row(row) => self.places.get(row as usize).map_or(u32::MAX, |place| place.slot),
            Holder::Tombstone(slot) => slot,
        };
        !matches!(self.slots.get(slot as usize), Some(Some(_)))
    }

    /// The segments that have records of any of these ids.
    pub fn segments_with(&self, ids: &[u32]) -> Vec<SegmentName> {
        let left = ids.iter().filter(|id| self.records.get(**id as usize).is_some_and(|count| *count > 0));
        let left: Bitmap = left.map(|id| *id as usize).collect();
        if left.is_empty() {
            return Vec::new();
        }
        let has = |slot: &Slot| slot.ids.iter().any(|id| left.contains(*id as usize));
        self.slots.iter().flatten().filter(|slot| has(slot)).map(|slot| slot.segment.name).collect()
    }

    /// Of these ids, what is nowhere does not count any more.
    pub fn settle(&mut self, ids: &[u32]) {
        for id in ids {
            if self.is_homeless(*id) {
                self.retire(*id);
            }
        }
    }

    /// Rows and tombstones up to `order` do not count, now and later.
    pub fn clear(&mut self, order: Order) {
        if order <= self.cleared {
            return;
        }
        self.cleared = order;
        self.stamp = self.stamp.max(order.stamp);
        for id in 0..self.winners.len() as u32 {
            let known = self.winner(id);
            if known.holder != Holder::Nothing && known.order <= order {
                self.retire(id);
            }
        }
    }

    /// The records of a segment that count, rows first: place, number of the id, order.
    pub fn standing_records(&self, name: SegmentName) -> (Vec<Kept>, Vec<Kept>) {
        let (mut rows, mut tombstones) = (Vec::new(), Vec::new());
        let Some(at) = self.slot(name) else { return (rows, tombstones) };
        let Some(Some(slot)) = self.slots.get(at) else { return (rows, tombstones) };
        let count = slot.segment.lengths.len();
        for (place, id) in slot.ids.iter().enumerate() {
            let winner = self.winner(*id);
            let kept = Kept { at: place as u32, id: *id, order: winner.order };
            match winner.holder {
                Holder::Row(row) if place < count => {
                    let here = self.places.get(row as usize);
                    if here.is_some_and(|here| here.slot as usize == at && here.at as usize == place) {
                        rows.push(kept);
                    }
                }
                Holder::Tombstone(slot) if place >= count && slot as usize == at => tombstones.push(kept),
                _ => {}
            }
        }
        (rows, tombstones)
    }

    /// The name of an id, and the row of this order that still counts of it.
    pub fn still(&self, kept: Kept) -> Option<(&str, Packed<'_>)> {
        let winner = self.winner(kept.id);
        match winner.holder {
            Holder::Row(row) if winner.order == kept.order => Some((self.ids.name(kept.id), self.rows.packed(row))),
            _ => None,
        }
    }

    /// The numbers of that row, if they are in memory.
    pub fn exact(&self, kept: Kept) -> Option<&[f32]> {
        let winner = self.winner(kept.id);
        match winner.holder {
            Holder::Row(row) if winner.order == kept.order => self.rows.exact(row),
            _ => None,
        }
    }

    /// The name of a tombstone's id, if it still counts.
    pub fn still_dead(&self, kept: Kept) -> Option<&str> {
        let winner = self.winner(kept.id);
        let same = matches!(winner.holder, Holder::Tombstone(_)) && winner.order == kept.order;
        same.then(|| self.ids.name(kept.id))
    }

    /// Bytes of the ids of a segment.
    pub fn id_bytes(&self, name: SegmentName) -> usize {
        let slot = self.slot(name).and_then(|at| self.slots.get(at)?.as_ref());
        slot.map_or(0, |slot| slot.ids.iter().map(|id| self.ids.name(*id).len()).sum())
    }

    /// How many records of `id` are loaded.
    pub fn records_of(&self, id: u32) -> usize {
        self.records.get(id as usize).map_or(0, |count| *count as usize)
    }

    /// How many records of each id these segments have.
    pub fn records_in(&self, names: &[SegmentName]) -> Vec<u32> {
        let mut counts = vec![0; self.ids.len()];
        let slots = names.iter().filter_map(|name| self.slots.get(self.slot(*name)?)?.as_ref());
        for id in slots.flat_map(|slot| &slot.ids) {
            if let Some(count) = counts.get_mut(*id as usize) {
                *count += 1;
            }
        }
        counts
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

    /// Numbers rows and ids anew if most of them are dead; whether it did.
    ///
    /// # Errors
    /// None that could be helped.
    pub fn compact(&mut self) -> Result<bool> {
        let dead = self.rows.len() - self.live.min(self.rows.len());
        if self.pins > 0 || dead < FEW || dead < self.live {
            return Ok(false);
        }
        let mut rows = Rows::new(self.rows.dimensions(), self.options)?;
        let mut ids = Ids::default();
        let mut renumbered = vec![None; self.ids.len()];
        for (id, new) in renumbered.iter_mut().enumerate() {
            if self.records.get(id).is_some_and(|count| *count > 0) {
                *new = Some(ids.intern(self.ids.name(id as u32)));
            }
        }
        let new_id = |id: u32| renumbered.get(id as usize).copied().flatten().unwrap_or_default();
        let mut slots = 0..;
        let number = |slot: &Option<Box<Slot>>| slot.as_ref().and_then(|_| slots.next()).unwrap_or(u32::MAX);
        let moved: Vec<u32> = self.slots.iter().map(number).collect();
        let mut winners = vec![Winner::default(); ids.len()];
        let mut records = vec![0; ids.len()];
        let mut places = Vec::with_capacity(self.live);
        for (id, winner) in self.winners.iter().enumerate() {
            if renumbered.get(id).is_none_or(Option::is_none) {
                continue;
            }
            let at = new_id(id as u32) as usize;
            if let (Some(to), Some(count)) = (winners.get_mut(at), records.get_mut(at)) {
                *to = *winner;
                if let Holder::Tombstone(slot) = &mut to.holder {
                    *slot = moved.get(*slot as usize).copied().unwrap_or(u32::MAX);
                }
                *count = self.records.get(id).copied().unwrap_or_default();
            }
        }
        for row in 0..self.rows.len() as u32 {
            let Some(place) = self.places.get(row as usize).filter(|_| self.counts(row)) else { continue };
            let new = rows.push_packed(self.rows.packed(row), self.rows.order(row))?;
            if let Some(numbers) = self.rows.exact(row) {
                rows.keep_exact(new, numbers);
            }
            let id = new_id(place.id);
            let slot = moved.get(place.slot as usize).copied().unwrap_or(u32::MAX);
            places.push(Place { id, slot, at: place.at });
            if let Some(winner) = winners.get_mut(id as usize) {
                winner.holder = Holder::Row(new);
            }
        }
        for (_, slot) in &mut self.by_name {
            *slot = moved.get(*slot as usize).copied().unwrap_or(u32::MAX);
        }
        self.slots.retain(Option::is_some);
        for slot in self.slots.iter_mut().flatten() {
            slot.ids.iter_mut().for_each(|id| *id = new_id(*id));
        }
        (self.ids, self.winners, self.records, self.places, self.rows) = (ids, winners, records, places, rows);
        self.generation += 1;
        Ok(true)
    }

    /// Bytes of memory beside the rows: ids, orders, where documents stand.
    pub fn memory(&self) -> usize {
        let slots = self.slots.iter().flatten();
        let of_slots: usize = slots.map(|slot| (slot.ids.capacity() + slot.segment.lengths.capacity()) * 4).sum();
        let by_id = self.winners.capacity() * size_of::<Winner>() + self.records.capacity() * size_of::<u32>();
        self.ids.memory() + by_id + of_slots + self.places.capacity() * size_of::<Place>()
    }
}

/// A record of a segment that counted when it was looked at.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Its place in the segment.
    pub at: u32,
    /// The number of its id.
    pub id: u32,
    /// Its order.
    pub order: Order,
}
