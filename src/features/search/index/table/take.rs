//! Segments come and go: which record counts of each id.

use std::sync::Arc;

use super::{Holder, Place, Segment, Slot, Table, Winner};
use crate::Result;
use crate::features::search::persist::format::Records;
use crate::features::search::persist::names::SegmentName;
use crate::features::search::{Bitmap, Order, Packed};

impl Table {
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
}
