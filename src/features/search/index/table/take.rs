//! Segments come and go: which record counts of each id.

use std::sync::Arc;

use super::{Holder, Place, Segment, Slot, Table, Winner};
use crate::Result;
use crate::features::search::order::Orders;
use crate::features::search::persist::format::{Geometry, Records};
use crate::features::search::persist::names::SegmentName;
use crate::features::search::room::{lengthen, make_room};
use crate::features::search::{Bitmap, Order, Packed};

/// Records of a segment whose rows are in memory, and count once it is added.
#[derive(Debug, Default)]
pub struct Brought {
    /// The number of each one's id, its order, and what it is: a hidden row, a tombstone, or nothing that is needed.
    records: Vec<(u32, Order, Holder)>,
}

impl Brought {
    /// The row of record `at`, if it has one.
    pub fn row(&self, at: usize) -> Option<u32> {
        match self.records.get(at)?.2 {
            Holder::Row(row) => Some(row),
            _ => None,
        }
    }

    /// How many records were brought.
    pub fn len(&self) -> usize {
        self.records.len()
    }
}

impl Table {
    /// Which rows of `records` would count, so that their codes are needed: as it is, and of the ids that are `leaving`
    /// once the record that counts has gone. Of a copy of that none are needed.
    pub fn needed(&self, records: &Records<'_>, leaving: &Bitmap) -> Vec<u32> {
        // An id that has no number has none that is the last.
        let wins = |id: &str, order: Order| self.may_win(self.ids.get(id).unwrap_or(u32::MAX), order, leaving);
        let rows = records.iter().enumerate().filter(|(_, (id, order, is_row))| *is_row && wins(id, *order));
        rows.map(|(at, _)| at as u32).collect()
    }

    /// Brings up to `most` records of a segment further into memory, where nobody finds them until it is
    /// [added](Self::add); whether that was all of them. `packed` gives the rows that [`needed`](Self::needed) named. Rows
    /// and ids keep their numbers meanwhile ([`pin`](Self::pin)), and one at a time brings something.
    ///
    /// # Errors
    /// `too_large` behind 2³² rows; `corrupt` for a row that is not there.
    pub fn bring<'p>(
        &mut self,
        records: &Records<'_>,
        leaving: &Bitmap,
        packed: &dyn Fn(u32) -> Option<Packed<'p>>,
        brought: &mut Brought,
        most: usize,
    ) -> Result<bool> {
        let from = brought.records.len();
        for (at, (id, order, is_row)) in records.iter().enumerate().skip(from).take(most) {
            let id = self.ids.intern(id);
            let holder = if !is_row {
                Holder::Tombstone(0)
            } else if self.may_win(id, order, leaving) {
                let missing = || crate::Error::new(crate::ErrorCode::Corrupt, "a row of a segment is missing");
                Holder::Row(self.rows.push_hidden(packed(at as u32).ok_or_else(missing)?, order)?)
            } else {
                Holder::Nothing
            };
            brought.records.push((id, order, holder));
        }
        Ok(brought.records.len() == records.ids.len())
    }

    /// Takes in a segment that was brought: all of it counts from now on.
    pub fn add(&mut self, records: &Records<'_>, brought: &Brought) {
        lengthen(&mut self.winners, self.ids.len(), Winner::default());
        lengthen(&mut self.records, self.ids.len(), 0);
        if self.has(records.segment) {
            return;
        }
        let ids: Vec<u32> = brought.records.iter().map(|(id, ..)| *id).collect();
        for id in &ids {
            self.count(*id, 1);
        }
        let lengths = records.lengths.clone();
        let firsts = Geometry { dimensions: self.rows.dimensions() }.documents(&lengths);
        let segment = Arc::new(Segment { name: records.segment, lengths, firsts });
        let mut orders = Orders::default();
        brought.records.iter().enumerate().for_each(|(at, (_, order, _))| orders.push(at as u32, *order));
        let slot = self.slots.len() as u32;
        self.slots.push(Some(Box::new(Slot { segment, ids, orders, rows: 0, tombstones: 0 })));
        let at = self.by_name.partition_point(|(name, _)| *name < records.segment);
        self.by_name.insert(at, (records.segment, slot));
        self.apply(slot, brought);
    }

    /// Looks once more at a segment that is loaded, and was brought again: records in it may count now.
    pub fn look_again(&mut self, records: &Records<'_>, brought: &Brought) {
        if let Some(slot) = self.slot(records.segment) {
            self.apply(slot as u32, brought);
        }
    }

    /// Where a segment that is loaded, and was brought again, has a copy of what counts of an id, it is looked for there from
    /// now on.
    pub fn rehome_all(&mut self, records: &Records<'_>, brought: &Brought) {
        let Some(slot) = self.slot(records.segment) else { return };
        for (at, (id, order, holder)) in brought.records.iter().enumerate() {
            let known = self.winner(*id);
            if *order == known.order {
                self.rehome(*id, known, *holder, Place { id: *id, slot: slot as u32, at: at as u32 });
            }
        }
    }

    /// What was brought and not taken in is not there.
    pub fn abandon(&mut self) {
        if let Some(last) = self.rows.len().checked_sub(1).filter(|_| self.rows.shown() < self.rows.len()) {
            self.rows.show(last as u32, false);
        }
        self.places.resize(self.rows.shown(), Place { id: u32::MAX, slot: u32::MAX, at: 0 });
    }

    fn wins(&self, id: u32, order: Order) -> bool {
        let known = self.winner(id);
        order > self.cleared && (known.holder == Holder::Nothing || order > known.order)
    }

    /// Whether a record wins, or will once what counts of the ids that are `leaving` has gone.
    fn may_win(&self, id: u32, order: Order, leaving: &Bitmap) -> bool {
        let is_left = || order < self.winner(id).order && order > self.cleared && leaving.contains(id as usize);
        self.wins(id, order) || is_left()
    }

    fn apply(&mut self, slot: u32, brought: &Brought) {
        for (at, (id, order, holder)) in brought.records.iter().enumerate() {
            let (at, id, order) = (at as u32, *id, *order);
            self.stamp = self.stamp.max(order.stamp);
            let known = self.winner(id);
            let wins = self.wins(id, order);
            if let Holder::Row(row) = *holder {
                // Others may have been brought before that were not taken in.
                let more = (row as usize + 1).saturating_sub(self.places.len());
                make_room(&mut self.places, more);
                self.places.resize(row as usize, Place { id: u32::MAX, slot: u32::MAX, at: 0 });
                self.places.push(Place { id, slot, at });
                self.rows.show(row, wins);
            }
            if wins {
                let holder = match holder {
                    // It was not needed when it was brought, and whatever counted then has not gone since.
                    Holder::Nothing => continue,
                    Holder::Row(row) => Holder::Row(*row),
                    Holder::Tombstone(_) => Holder::Tombstone(slot),
                };
                self.retire(id);
                self.win(id, Winner { order, holder });
            } else if order == known.order && order > self.cleared {
                self.rehome(id, known, *holder, Place { id, slot, at });
            }
        }
    }

    /// The record that counts of an id stands here, too: this is where it is looked for from now on.
    fn rehome(&mut self, id: u32, known: Winner, holder: Holder, here: Place) {
        match (known.holder, holder) {
            (Holder::Row(row), Holder::Row(_) | Holder::Nothing) => {
                self.tally(known.holder, false);
                if let Some(place) = self.places.get_mut(row as usize) {
                    *place = here;
                }
                self.tally(known.holder, true);
            }
            (Holder::Tombstone(_), Holder::Tombstone(_)) => {
                self.tally(known.holder, false);
                self.win(id, Winner { order: known.order, holder: Holder::Tombstone(here.slot) });
            }
            _ => {}
        }
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

    /// The ids of which what counts is in one of these segments.
    pub fn at_home(&self, names: &[SegmentName]) -> Bitmap {
        let mut here = Bitmap::new();
        for at in names.iter().filter_map(|name| self.slot(*name)) {
            let Some(Some(slot)) = self.slots.get(at) else { continue };
            let is_here = |id: &&u32| self.home(**id) == Some(at as u32);
            slot.ids.iter().filter(is_here).for_each(|id| here.insert(*id as usize));
        }
        here
    }

    /// The slot that has what counts of an id.
    pub(super) fn home(&self, id: u32) -> Option<u32> {
        match self.winner(id).holder {
            Holder::Nothing => None,
            Holder::Row(row) => self.places.get(row as usize).map(|place| place.slot),
            Holder::Tombstone(slot) => Some(slot),
        }
    }

    /// Lets go of segments. Of these ids, what counted there and has not found another place does not count any more.
    pub fn remove(&mut self, names: &[SegmentName], ids: &Bitmap) {
        for name in names {
            let Some(at) = self.slot(*name) else { continue };
            let Some(slot) = self.slots.get_mut(at).and_then(Option::take) else { continue };
            self.by_name.retain(|(known, _)| known != name);
            slot.ids.iter().for_each(|id| self.count(*id, -1));
        }
        for id in ids.iter().map(|id| id as u32) {
            let is_there = |slot: u32| matches!(self.slots.get(slot as usize), Some(Some(_)));
            if self.home(id).is_some_and(|slot| !is_there(slot)) {
                self.retire(id);
            }
        }
    }

    /// The segments that have records of any of these ids, but for those that are `leaving`.
    pub fn segments_with(&self, ids: &Bitmap, leaving: &[SegmentName]) -> Vec<SegmentName> {
        if ids.is_empty() {
            return Vec::new();
        }
        let gone = self.records_in(leaving);
        let has_more = |id: &usize| self.records.get(*id) > gone.get(*id);
        let wanted: Bitmap = ids.iter().filter(has_more).collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let has = |slot: &Slot| slot.ids.iter().any(|id| wanted.contains(*id as usize));
        let slots = self.slots.iter().flatten().filter(|slot| !leaving.contains(&slot.segment.name) && has(slot));
        slots.map(|slot| slot.segment.name).collect()
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
}
