//! What of segments counts, for those who copy it into another.

use std::sync::Arc;

use super::{Holder, Segment, Table};
use crate::features::search::persist::names::SegmentName;
use crate::features::search::{Order, Packed};

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
}
