//! A bounded memory of records that were read.
//!
//! A record never changes under its number, so that what is remembered is never wrong: whether an entry still stands in
//! it is what the index says, after it caught up in the transaction that reads.

use crate::Value;

/// See the module.
#[derive(Default)]
pub struct Cache {
    most: u64,
    bytes: u64,
    /// In the order of their places.
    records: Vec<Hot>,
    /// Where the search for one to forget goes on.
    hand: usize,
}

struct Hot {
    place: u32,
    record: Value,
    used: bool,
}

/// What a record takes beside its bytes.
const OVERHEAD: u64 = 64;
/// To forget more than so many one by one would take longer than to read the others again.
const MANY: usize = 256;

impl Hot {
    fn size(&self) -> u64 {
        self.record.len() as u64 + OVERHEAD
    }
}

impl Cache {
    /// A memory of at most `most` bytes.
    pub fn new(most: u64) -> Self {
        Self { most, ..Self::default() }
    }

    /// The record at `place`.
    pub fn get(&mut self, place: u32) -> Option<Value> {
        let at = self.records.binary_search_by_key(&place, |hot| hot.place).ok()?;
        let hot = self.records.get_mut(at)?;
        hot.used = true;
        Some(hot.record.clone())
    }

    /// Remembers a record, unless it is too large to be one of several.
    pub fn insert(&mut self, place: u32, record: &Value) {
        let size = record.len() as u64 + OVERHEAD;
        if size > self.most / 4 {
            return;
        }
        let Err(at) = self.records.binary_search_by_key(&place, |hot| hot.place) else { return };
        self.records.insert(at, Hot { place, record: record.clone(), used: false });
        self.bytes += size;
        while self.bytes > self.most {
            self.forget_one(place);
        }
    }

    /// Forgets the next one that was not used since the hand last passed it; never the one that just came.
    fn forget_one(&mut self, just_came: u32) {
        loop {
            let Some(hot) = self.records.get_mut(self.hand) else {
                self.hand = 0;
                continue;
            };
            if hot.place != just_came && !std::mem::take(&mut hot.used) {
                self.bytes -= self.records.remove(self.hand).size();
                return;
            }
            self.hand += 1;
        }
    }

    /// Forgets the records at `places`; if they are many, all.
    pub fn forget(&mut self, places: &[u32]) {
        if places.len() > MANY {
            self.clear();
        }
        for place in places {
            if let Ok(at) = self.records.binary_search_by_key(place, |hot| hot.place) {
                self.bytes -= self.records.remove(at).size();
            }
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        *self = Self::new(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_within_its_bounds_and_keeps_what_is_used() {
        let mut cache = Cache::new(10_000);
        for place in 0..1_000 {
            cache.insert(place, &Value::from(vec![place as u8; 900]));
            assert!(cache.get(0).is_some(), "{place}");
            assert!(cache.records.iter().any(|hot| hot.place == place), "{place}");
            assert!(cache.bytes <= 10_000);
        }
        cache.insert(5_000, &Value::from(vec![0; 3_000]));
        assert!(cache.get(5_000).is_none(), "one that is too large stays out");
        cache.clear();
        assert!(cache.get(0).is_none());
        let mut cache = Cache::new(100_000);
        (0..MANY as u32 + 2).for_each(|place| cache.insert(place, &Value::default()));
        cache.forget(&[7, 10_000, 3]);
        assert_eq!((cache.records.len(), cache.bytes), (MANY, MANY as u64 * OVERHEAD));
        assert!(cache.get(3).is_none() && cache.get(4).is_some());
        cache.forget(&[8; MANY + 1]);
        assert_eq!((cache.records.len(), cache.bytes), (0, 0));
        let mut none = Cache::new(0);
        none.insert(1, &Value::default());
        assert!(none.get(1).is_none());
    }
}
