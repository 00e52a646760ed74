//! What of segments counts, for those who copy it into another.

use std::sync::Arc;

use super::{Holder, Segment, Table};
use crate::features::search::persist::names::{SegmentName, WriterId};
use crate::features::search::{Order, Packed};

/// What of a segment counts.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its records.
    pub records: usize,
    /// Rows that count.
    pub rows: usize,
    /// Tombstones that do.
    pub tombstones: usize,
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

impl Table {
    /// A segment that is loaded.
    pub fn segment(&self, name: SegmentName) -> Option<&Arc<Segment>> {
        Some(&self.slots.get(self.slot(name)?)?.as_ref()?.segment)
    }

    /// What of a segment counts, as [`standing_records`](Self::standing_records) says. Where about half of it and more is known to, what
    /// is copied elsewhere is not counted.
    pub fn standing(&self, name: SegmentName, own: WriterId) -> Option<Standing> {
        let slot = self.slots.get(self.slot(name)?)?.as_ref()?;
        let (records, mut rows, mut tombstones) = (slot.ids.len(), slot.rows as usize, slot.tombstones as usize);
        if (rows + tombstones) * 2 < records {
            let (all_rows, all_tombstones) = self.standing_records(name, own);
            (rows, tombstones) = (all_rows.len(), all_tombstones.len());
        }
        Some(Standing { records, rows, tombstones })
    }

    /// The records of a segment that count, rows first: place, number of the id, order. Those are the ones whose order is
    /// that of what counts of their id, wherever this handle has it from: of copies of a record each counts, since another handle
    /// may have it from any of them, and each believe that the other is needed. Only of copies that this writer, `own`,
    /// publishes itself one is enough.
    pub fn standing_records(&self, name: SegmentName, own: WriterId) -> (Vec<Kept>, Vec<Kept>) {
        let (mut rows, mut tombstones) = (Vec::new(), Vec::new());
        let Some(at) = self.slot(name) else { return (rows, tombstones) };
        let Some(Some(slot)) = self.slots.get(at) else { return (rows, tombstones) };
        let count = slot.segment.lengths.len();
        for (place, id) in slot.ids.iter().enumerate() {
            let winner = self.winner(*id);
            let is_row = match winner.holder {
                Holder::Nothing => continue,
                Holder::Row(_) => true,
                Holder::Tombstone(_) => false,
            };
            let same = is_row == (place < count) && winner.order == slot.orders.of(place as u32);
            if same && !self.is_home_of(own, *id, at as u32) {
                let kept = Kept { at: place as u32, id: *id, order: winner.order };
                if is_row { rows.push(kept) } else { tombstones.push(kept) }
            }
        }
        (rows, tombstones)
    }

    /// Whether what counts of an id is in another segment of `writer`'s than this.
    fn is_home_of(&self, writer: WriterId, id: u32, but: u32) -> bool {
        let Some(home) = self.home(id).filter(|home| *home != but) else { return false };
        matches!(self.slots.get(home as usize), Some(Some(slot)) if slot.segment.name.writer == writer)
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
}
