//! Ids and the numbers that stand for them: each is kept once, one after the other in one string.

use crate::checksum::checksum;
use crate::features::search::room::{make_room, make_room_for_text};

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
    /// Numbers by hash, 1 added; 0 is free. Never more than three quarters taken.
    table: Vec<u32>,
}

impl Ids {
    /// None yet, with room for `count`.
    pub fn with_room(count: usize) -> Self {
        let table = vec![0; count + count / 3 + 16];
        Self { all: String::new(), ends: Vec::with_capacity(count), table }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The id of this number.
    pub fn name(&self, number: u32) -> &str {
        let at = number as usize;
        let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(at).copied().unwrap_or(begin);
        self.all.get(begin..end).unwrap_or_default()
    }

    /// The number of `id`, if it has one.
    pub fn get(&self, id: &str) -> Option<u32> {
        self.find(id).ok()
    }

    /// The number of `id`, which is given one if it has none.
    pub fn intern(&mut self, id: &str) -> u32 {
        if (self.ends.len() + 1) * 4 > self.table.len() * 3 {
            self.grow();
        }
        match self.find(id) {
            Ok(number) => number,
            Err(place) => {
                let number = self.ends.len() as u32;
                make_room_for_text(&mut self.all, id.len());
                self.all.push_str(id);
                make_room(&mut self.ends, 1);
                self.ends.push(self.all.len());
                if let Some(free) = self.table.get_mut(place) {
                    *free = number + 1;
                }
                number
            }
        }
    }

    /// The number of `id`, or the place in the table that is free for it.
    fn find(&self, id: &str) -> Result<u32, usize> {
        let mut place = place_of(id, self.table.len());
        loop {
            match self.table.get(place) {
                Some(0) | None => return Err(place),
                Some(number) if self.name(number - 1) == id => return Ok(number - 1),
                Some(_) => place = behind(place, self.table.len()),
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.table.len() + self.table.len() / 2).max(16);
        self.table = vec![0; size];
        for number in 0..self.ends.len() as u32 {
            let mut place = place_of(self.name(number), size);
            while self.table.get(place).is_some_and(|taken| *taken != 0) {
                place = behind(place, size);
            }
            if let Some(free) = self.table.get_mut(place) {
                *free = number + 1;
            }
        }
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.all.capacity() + self.ends.capacity() * size_of::<usize>() + self.table.capacity() * size_of::<u32>()
    }
}

/// Where `id` stands in a table of this size if nothing else is there.
fn place_of(id: &str, size: usize) -> usize {
    ((u64::from(checksum(id.as_bytes())) * size as u64) >> u32::BITS) as usize
}

/// The place after `place`, which is the first one after the last.
fn behind(place: usize, size: usize) -> usize {
    if place + 1 < size { place + 1 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn each_has_one_number(given in prop::collection::vec("[ab]{0,6}|[a-zé]{0,9}", 0..200)) {
            let (mut ids, mut model) = (Ids::default(), HashMap::new());
            for id in &given {
                prop_assert_eq!(ids.get(id), model.get(id).copied());
                let next = model.len() as u32;
                let number = *model.entry(id.clone()).or_insert(next);
                prop_assert_eq!(ids.intern(id), number);
                prop_assert_eq!(ids.name(number), id.as_str());
            }
            prop_assert_eq!(ids.len(), model.len());
        }
    }
}
