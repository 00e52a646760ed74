//! Rows and ids are numbered anew when most of them are dead, a slice at a time.
//!
//! First rows move down over the dead ones, each slice by itself. Then ids are given new numbers beside the old ones, of
//! which they take no more than they are long, and all who know them learn the new ones at once.

use super::{Holder, Place, Slot, Table, Winner};
use crate::features::search::index::ids::Ids;

/// Dead rows that are not worth it to number the others anew.
const FEW: usize = 4_096;

/// Bytes of codes that are moved in a slice.
const SLICE: usize = 2 * 1024 * 1024;

/// Ids that are given new numbers in a slice.
const IDS: usize = 8_192;

/// Stands for what has gone.
const GONE: u32 = u32::MAX;

/// How far it has come.
#[derive(Debug)]
pub enum Compaction {
    /// Rows move.
    Rows,
    /// Ids are numbered: those that are, and for each old number the new one.
    Ids(Ids, Vec<u32>),
}

impl Table {
    /// A slice of numbering rows and ids anew, if most rows are dead; whether there is more to do. All counts as before,
    /// before and after it. While somebody counts on numbers it does nothing.
    pub fn compact(&mut self) -> bool {
        if self.pins > 0 {
            return false;
        }
        match self.compaction.take() {
            None => {
                let dead = self.rows.len() - self.live.min(self.rows.len());
                if dead < FEW || dead < self.live {
                    return false;
                }
                self.compaction = Some(Compaction::Rows);
            }
            Some(Compaction::Rows) => {
                self.compaction = Some(Compaction::Rows);
                if self.move_rows() {
                    let ids = Ids::with_room(self.live);
                    self.compaction = Some(Compaction::Ids(ids, Vec::with_capacity(self.ids.len())));
                }
            }
            Some(Compaction::Ids(mut ids, mut numbers)) => {
                let end = self.ids.len().min(numbers.len() + IDS);
                while numbers.len() < end {
                    let id = numbers.len() as u32;
                    numbers.push(if self.records_of(id) > 0 { ids.intern(self.ids.name(id)) } else { GONE });
                }
                if end < self.ids.len() {
                    self.compaction = Some(Compaction::Ids(ids, numbers));
                } else {
                    self.renumber(ids, numbers);
                    return false;
                }
            }
        }
        true
    }

    fn move_rows(&mut self) -> bool {
        let Self { rows, places, winners, .. } = self;
        let done = rows.compact(SLICE / rows.stride().max(1), |old, new| {
            let Some(place) = places.get(old as usize).copied() else { return };
            if let Some(winner) = winners.get_mut(place.id as usize) {
                winner.holder = Holder::Row(new);
            }
            places.get_mut(new as usize).into_iter().for_each(|to| *to = place);
            if old != new
                && let Some(from) = places.get_mut(old as usize)
            {
                *from = Place { id: GONE, slot: GONE, at: 0 };
            }
        });
        if done {
            places.truncate(rows.len());
            places.shrink_to_fit();
        }
        self.generation += 1;
        done
    }

    /// Gives all ids these numbers, and slots others.
    fn renumber(&mut self, mut ids: Ids, mut numbers: Vec<u32>) {
        for (id, number) in numbers.iter_mut().enumerate() {
            // It has come back meanwhile.
            if *number == GONE && self.records_of(id as u32) > 0 {
                *number = ids.intern(self.ids.name(id as u32));
            }
        }
        let of_id = |id: u32| numbers.get(id as usize).copied().unwrap_or(GONE);
        let mut count = 0..;
        let number = |slot: &Option<Box<Slot>>| slot.as_ref().and_then(|_| count.next()).unwrap_or(GONE);
        let moved: Vec<u32> = self.slots.iter().map(number).collect();
        let of_slot = |slot: u32| moved.get(slot as usize).copied().unwrap_or(GONE);
        let mut winners = vec![Winner::default(); ids.len()];
        let mut records = vec![0; ids.len()];
        for (id, (winner, count)) in self.winners.iter().zip(&self.records).enumerate() {
            let new = of_id(id as u32) as usize;
            if let (Some(to), Some(of)) = (winners.get_mut(new), records.get_mut(new)) {
                (*to, *of) = (*winner, *count);
                if let Holder::Tombstone(slot) = &mut to.holder {
                    *slot = of_slot(*slot);
                }
            }
        }
        for place in &mut self.places {
            (place.id, place.slot) = (of_id(place.id), of_slot(place.slot));
        }
        for (_, slot) in &mut self.by_name {
            *slot = of_slot(*slot);
        }
        self.slots.retain(Option::is_some);
        for id in self.slots.iter_mut().flatten().flat_map(|slot| &mut slot.ids) {
            *id = of_id(*id);
        }
        (self.ids, self.winners, self.records) = (ids, winners, records);
    }
}
