//! The resident index: what is stored under each key, in the order of the keys' bytes.
//!
//! 36 bytes an entry, in sorted blocks that grow by a few entries at a time: a hash map that has just doubled takes
//! twice that, and the memory of a WebAssembly instance never shrinks. Sorted by the keys themselves, which stand in the
//! [`Arena`]: so no two keys can be taken for each other, a prefix is a range, and a listing goes on behind any key. A
//! search compares a few bytes a step, since it knows how much of the key its two neighbours share.

use std::cmp::Ordering;

use super::arena::{Arena, KeyRef};
use super::format::Stored;

/// The most entries of a block.
const BLOCK: usize = 128;
/// By how many entries a block grows.
const STEP: usize = 8;
/// In the length: the entry was used since it was last looked at for eviction.
const USED: u32 = 1 << 31;

/// An entry, packed: times of 48 bits, all else of 32.
#[derive(Clone, Copy)]
struct Entry {
    key: KeyRef,
    place: u32,
    offset: u32,
    length: u32,
    sum: u32,
    version: u32,
    times: [u16; 6],
}

impl Entry {
    fn pack(key: KeyRef, stored: &Stored) -> Self {
        let Stored { place, offset, length, sum, version, written, expires } = *stored;
        let part = |time: u64, at: u32| (time >> (16 * at)) as u16;
        let times = [
            part(written, 0),
            part(written, 1),
            part(written, 2),
            part(expires, 0),
            part(expires, 1),
            part(expires, 2),
        ];
        Self { key, place, offset, length, sum, version, times }
    }

    fn unpack(&self) -> Stored {
        let [w0, w1, w2, e0, e1, e2] = self.times.map(u64::from);
        Stored {
            place: self.place,
            offset: self.offset,
            length: self.length & !USED,
            sum: self.sum,
            version: self.version,
            written: w0 | w1 << 16 | w2 << 32,
            expires: e0 | e1 << 16 | e2 << 32,
        }
    }
}

/// See the module.
#[derive(Default)]
pub struct Index {
    /// None of them is empty.
    blocks: Vec<Vec<Entry>>,
    /// The last key of each: a search looks at these first, and they lie together.
    lasts: Vec<KeyRef>,
    arena: Arena,
    len: usize,
}

/// An entry that a scan comes by. Its key is looked up only when asked for.
pub struct Found<'i> {
    arena: &'i Arena,
    entry: &'i Entry,
}

impl Found<'_> {
    /// The key.
    pub fn key(&self) -> &str {
        std::str::from_utf8(self.arena.get(self.entry.key)).unwrap_or_default()
    }

    /// What is stored.
    pub fn stored(&self) -> Stored {
        self.entry.unpack()
    }

    /// Whether it was used since it was last looked at for eviction.
    pub fn is_used(&self) -> bool {
        self.entry.length & USED != 0
    }
}

/// Where an entry is, or would be.
#[derive(Clone, Copy)]
struct Spot {
    block: usize,
    at: usize,
    found: bool,
}

/// How many bytes two keys share, from their beginning.
fn common(one: &[u8], other: &[u8]) -> usize {
    let mut shared = 0;
    // Eight at a time: keys of one namespace share a lot.
    for (a, b) in one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return shared + (differ.trailing_zeros() / 8) as usize;
        }
        shared += 8;
    }
    let (rest, other_rest) = (one.get(shared..).unwrap_or_default(), other.get(shared..).unwrap_or_default());
    shared + rest.iter().zip(other_rest).take_while(|(a, b)| a == b).count()
}

/// The first of `len` sorted keys that is not before `key`, and whether it is `key`.
fn search<'k>(len: usize, key: &[u8], get: impl Fn(usize) -> &'k [u8]) -> (usize, bool) {
    let (mut low, mut high) = (0, len);
    // How many bytes of the key those before `low` and those from `high` on share at least.
    let (mut shared_low, mut shared_high) = (0, 0);
    while low < high {
        let middle = low + (high - low) / 2;
        let other = get(middle);
        let mut shared = shared_low.min(shared_high);
        let rest = key.get(shared..).unwrap_or_default();
        let other_rest = other.get(shared..).unwrap_or_default();
        shared += common(rest, other_rest);
        match other.get(shared).cmp(&key.get(shared)) {
            Ordering::Less => (low, shared_low) = (middle + 1, shared),
            Ordering::Greater => (high, shared_high) = (middle, shared),
            Ordering::Equal => return (middle, true),
        }
    }
    (low, false)
}

impl Index {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    fn spot(&self, key: &[u8]) -> Spot {
        let last = |block: usize| self.lasts.get(block).map(|last| self.arena.get(*last)).unwrap_or_default();
        let (block, found) = search(self.lasts.len(), key, last);
        let entries = self.blocks.get(block).map(Vec::as_slice).unwrap_or_default();
        if found {
            return Spot { block, at: entries.len() - 1, found };
        }
        let nth = |at: usize| entries.get(at).map(|entry| self.arena.get(entry.key)).unwrap_or_default();
        let (at, found) = search(entries.len(), key, nth);
        Spot { block, at, found }
    }

    /// The last entry of block `number` may be another one now.
    fn mark(&mut self, number: usize) {
        let last = self.blocks.get(number).and_then(|entries| entries.last());
        if let (Some(last), Some(marked)) = (last, self.lasts.get_mut(number)) {
            *marked = last.key;
        }
    }

    fn entry(&self, spot: Spot) -> Option<&Entry> {
        self.blocks.get(spot.block)?.get(spot.at).filter(|_| spot.found)
    }

    /// What is stored under `key`.
    pub fn get(&self, key: &str) -> Option<Stored> {
        self.entry(self.spot(key.as_bytes())).map(Entry::unpack)
    }

    /// Marks `key` as used.
    pub fn touch(&mut self, key: &str) {
        let spot = self.spot(key.as_bytes());
        if let Some(entry) = self.blocks.get_mut(spot.block).and_then(|entries| entries.get_mut(spot.at))
            && spot.found
        {
            entry.length |= USED;
        }
    }

    /// Sets what is stored under `key`; gives what was. `Err` when there is no room for the key.
    pub fn insert(&mut self, key: &str, stored: &Stored) -> Result<Option<Stored>, ()> {
        // As a checkpoint is read, each is behind all before it.
        let is_behind = |last: &KeyRef| self.arena.get(*last) < key.as_bytes();
        let spot = match self.lasts.last() {
            Some(last) if is_behind(last) => Spot { block: self.lasts.len(), at: 0, found: false },
            _ => self.spot(key.as_bytes()),
        };
        if let Some(entry) = self.blocks.get_mut(spot.block).and_then(|entries| entries.get_mut(spot.at))
            && spot.found
        {
            let before = std::mem::replace(entry, Entry::pack(entry.key, stored));
            return Ok(Some(before.unpack()));
        }
        let entry = Entry::pack(self.arena.add(key.as_bytes()).ok_or(())?, stored);
        self.len += 1;
        // Behind the last key of all: into the last block.
        let number = spot.block.min(self.blocks.len().saturating_sub(1));
        let Some(block) = self.blocks.get_mut(number) else {
            self.lasts.push(entry.key);
            self.blocks.push(vec![entry]);
            return Ok(None);
        };
        let at = if number == spot.block { spot.at } else { block.len() };
        if block.len() == BLOCK {
            // Keys often come in order: a full last block is left full.
            let half = if at == BLOCK { BLOCK } else { BLOCK / 2 };
            let mut rest = Vec::with_capacity(BLOCK - half + STEP);
            rest.extend_from_slice(block.get(half..).unwrap_or_default());
            block.truncate(half);
            block.shrink_to(half + STEP);
            let (target, at) = if at >= half { (&mut rest, at - half) } else { (block, at) };
            target.insert(at, entry);
            self.blocks.insert(number + 1, rest);
            self.lasts.insert(number + 1, entry.key);
            self.mark(number);
            self.mark(number + 1);
            return Ok(None);
        }
        if block.len() == block.capacity() {
            block.reserve_exact(STEP);
        }
        block.insert(at, entry);
        self.mark(number);
        Ok(None)
    }

    /// Removes `key`; gives what was stored under it.
    pub fn remove(&mut self, key: &str) -> Option<Stored> {
        let spot = self.spot(key.as_bytes());
        let removed = *self.entry(spot)?;
        self.arena.forget(removed.key);
        self.len -= 1;
        let block = self.blocks.get_mut(spot.block)?;
        block.remove(spot.at);
        if block.is_empty() {
            self.blocks.remove(spot.block);
            self.lasts.remove(spot.block);
        } else if block.capacity() > block.len() + 2 * STEP {
            block.shrink_to(block.len() + STEP);
            self.join(spot.block);
        }
        self.mark(spot.block);
        if self.arena.is_wasteful() {
            self.rewrite_keys();
        }
        Some(removed.unpack())
    }

    /// Joins a block with the one behind it when both are small.
    fn join(&mut self, number: usize) {
        let length = |at: usize| self.blocks.get(at).map_or(BLOCK, Vec::len);
        if length(number) + length(number + 1) <= BLOCK / 2 {
            let next = self.blocks.remove(number + 1);
            self.lasts.remove(number + 1);
            if let Some(block) = self.blocks.get_mut(number) {
                block.reserve_exact(next.len() + STEP);
                block.extend_from_slice(&next);
            }
        }
    }

    fn rewrite_keys(&mut self) {
        let mut fresh = Arena::default();
        for entry in self.blocks.iter_mut().flatten() {
            // It had room for these and more.
            entry.key = fresh.add(self.arena.get(entry.key)).unwrap_or(entry.key);
        }
        self.arena = fresh;
        (0..self.blocks.len()).for_each(|number| self.mark(number));
    }

    /// Gives each entry whose key begins with `prefix`, from `from` on (or behind it), in order, to `each`, until that
    /// says no.
    pub fn walk(&self, prefix: &str, from: Option<&str>, each: &mut dyn FnMut(&str, &Found<'_>) -> bool) {
        let start = from.filter(|from| *from >= prefix).unwrap_or(prefix);
        self.scan(start.as_bytes(), from == Some(start), &mut |found| {
            let key = found.key();
            key.starts_with(prefix) && each(key, found)
        });
    }

    /// Gives each entry from `from` on, or `behind` it, in order, to `each`, until that says no. One body for all who look
    /// through the index.
    pub fn scan(&self, from: &[u8], behind: bool, each: &mut dyn FnMut(&Found<'_>) -> bool) {
        let spot = self.spot(from);
        let mut at = spot.at + usize::from(spot.found && behind);
        for block in self.blocks.get(spot.block..).unwrap_or_default() {
            for entry in block.get(at..).unwrap_or_default() {
                if !each(&Found { arena: &self.arena, entry }) {
                    return;
                }
            }
            at = 0;
        }
    }

    /// Forgets which entries were used.
    pub fn age(&mut self) {
        self.blocks.iter_mut().flatten().for_each(|entry| entry.length &= !USED);
    }

    /// What it takes in memory: beyond the keys, and the keys.
    pub fn memory(&self) -> (usize, usize) {
        let blocks: usize = self.blocks.iter().map(|block| block.capacity() * size_of::<Entry>()).sum();
        let heads = self.blocks.capacity() * size_of::<Vec<Entry>>() + self.lasts.capacity() * size_of::<KeyRef>();
        (blocks + heads, self.arena.memory())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn stored(number: u32) -> Stored {
        let time = u64::from(number) << 15 | 0x7;
        Stored {
            place: number,
            offset: number ^ 7,
            length: number & !USED,
            sum: !number,
            version: number / 3,
            written: time & 0xFFFF_FFFF_FFFF,
            expires: (time << 1) & 0xFFFF_FFFF_FFFF,
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(String, u32),
        Remove(String),
        Walk(String, Option<String>),
        Touch(String),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = prop_oneof!["[ab]{0,9}", "namespace/[a-z]{1,3}", any::<String>()];
        prop_oneof![
            8 => (key.clone(), any::<u32>()).prop_map(|(key, number)| Step::Insert(key, number)),
            4 => key.clone().prop_map(Step::Remove),
            1 => ("[ab]{0,3}", prop::option::of(key.clone())).prop_map(|(prefix, from)| Step::Walk(prefix, from)),
            1 => key.prop_map(Step::Touch),
        ]
    }

    fn walked(index: &Index, prefix: &str, from: Option<&str>) -> Vec<(String, Stored)> {
        let mut all = Vec::new();
        index.walk(prefix, from, &mut |key, found| {
            all.push((key.to_owned(), found.stored()));
            true
        });
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_is_a_sorted_map(steps in prop::collection::vec(step(), 0..1_500)) {
            let (mut index, mut model) = (Index::default(), BTreeMap::<String, Stored>::new());
            for step in steps {
                match step {
                    Step::Insert(key, number) => {
                        assert_eq!(index.insert(&key, &stored(number)), Ok(model.insert(key, stored(number))));
                    }
                    Step::Remove(key) => assert_eq!(index.remove(&key), model.remove(&key)),
                    Step::Touch(key) => index.touch(&key),
                    Step::Walk(prefix, from) => {
                        let behind = |key: &str| from.as_deref().is_none_or(|from| key > from);
                        let expected: Vec<_> = model
                            .iter()
                            .filter(|(key, _)| key.starts_with(&prefix) && behind(key))
                            .map(|(key, stored)| (key.clone(), *stored))
                            .collect();
                        assert_eq!(walked(&index, &prefix, from.as_deref()), expected);
                    }
                }
                assert_eq!(index.len(), model.len());
            }
            assert_eq!(walked(&index, "", None), model.clone().into_iter().collect::<Vec<_>>());
            for key in model.keys() {
                assert_eq!(index.get(key), model.get(key).copied());
            }
        }
    }

    fn beyond_keys(index: &Index) -> f64 {
        index.memory().0 as f64 / index.len() as f64
    }

    /// At 100,000 keys, in whatever order they came.
    #[test]
    fn it_takes_40_bytes_a_key() {
        let key = |at: u64| format!("documents/{:016x}", at.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut random, mut ordered) = (Index::default(), Index::default());
        for at in 0..100_000_u32 {
            random.insert(&key(at.into()), &stored(at)).unwrap();
            ordered.insert(&format!("documents/{at:08}"), &stored(at)).unwrap();
        }
        for (order, index) in [("random", &random), ("ordered", &ordered)] {
            let bytes = beyond_keys(index);
            println!("{order}: {bytes:.1} bytes a key beyond the keys; keys {}", index.memory().1 / index.len());
            assert!(bytes <= 40.0, "{order}: {bytes:.1}");
        }
        // And after most have gone again, no more than a few blocks' worth.
        for at in 0..99_000_u64 {
            random.remove(&key(at));
        }
        assert!(random.memory().0 < 120_000, "{}", random.memory().0);
        assert!(random.memory().1 < 400_000, "{}", random.memory().1);
        assert_eq!(random.get(&key(99_500)), Some(stored(99_500)));
    }
}
