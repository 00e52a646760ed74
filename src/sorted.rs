//! A map from strings to numbers, in the order of the strings: blocks of at most 256 sorted entries, in order. And a
//! sort of numbers.
//!
//! The standard library's B-tree would do. It weighs 8.5 kB of wasm where this weighs 1.5 (3 kB gzipped of a package of
//! 60), and finds and inserts no faster at the sizes of a cache: a block is 4 kB to move at most.

use std::sync::Arc;

/// The most entries of a block.
const BLOCK: usize = 256;

/// See the module.
#[derive(Default)]
pub struct SortedMap {
    /// None of them is empty.
    blocks: Vec<Vec<(Arc<str>, u64)>>,
    len: usize,
}

impl SortedMap {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The number of `key`.
    pub fn get(&self, key: &str) -> Option<u64> {
        let (block, at) = self.find(key);
        let (found, number) = self.blocks.get(block)?.get(at)?;
        (&**found == key).then_some(*number)
    }

    /// Sets the number of `key`; gives what it was.
    pub fn insert(&mut self, key: Arc<str>, number: u64) -> Option<u64> {
        let (block, at) = self.find(&key);
        let entry = (key, number);
        // Behind the last key of all: into the last block.
        let block = block.min(self.blocks.len().saturating_sub(1));
        let Some(entries) = self.blocks.get_mut(block) else {
            self.blocks.push(vec![entry]);
            self.len += 1;
            return None;
        };
        let at = at.min(entries.len());
        match entries.get_mut(at) {
            Some(found) if found.0 == entry.0 => return Some(std::mem::replace(&mut found.1, number)),
            _ => entries.insert(at, entry),
        }
        self.len += 1;
        if entries.len() > BLOCK {
            // Keys often come in order: a full last block is left nearly full.
            let half = if at + 1 == entries.len() { BLOCK } else { BLOCK / 2 };
            let rest = entries.split_off(half);
            self.blocks.insert(block + 1, rest);
        }
        None
    }

    /// Removes `key`; gives its number.
    pub fn remove(&mut self, key: &str) -> Option<u64> {
        let (block, at) = self.find(key);
        let entries = self.blocks.get_mut(block)?;
        if entries.get(at).is_none_or(|(found, _)| &**found != key) {
            return None;
        }
        let (_, number) = entries.remove(at);
        if entries.is_empty() {
            self.blocks.remove(block);
        }
        self.len -= 1;
        Some(number)
    }

    /// The entries from `key` on, in order.
    pub fn from(&self, key: &str) -> impl Iterator<Item = (&Arc<str>, u64)> {
        let (block, at) = self.find(key);
        let first = self.blocks.get(block).and_then(|entries| entries.get(at..)).unwrap_or_default();
        let rest = self.blocks.get(block + 1..).unwrap_or_default();
        first.iter().chain(rest.iter().flatten()).map(|(key, number)| (key, *number))
    }

    /// The numbers, in the order of their keys.
    pub fn numbers(&self) -> impl Iterator<Item = u64> {
        self.blocks.iter().flatten().map(|(_, number)| *number)
    }

    /// Removes all.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The place of the first entry whose key is not before `key`: its block, and where in it.
    fn find(&self, key: &str) -> (usize, usize) {
        let block = self.blocks.partition_point(|entries| entries.last().is_some_and(|(last, _)| &**last < key));
        let at =
            self.blocks.get(block).map_or(usize::MAX, |entries| entries.partition_point(|(found, _)| &**found < key));
        (block, at)
    }
}

/// Sorts numbers, which are mostly in order already: runs of two are merged, then of four, and so on. The standard
/// library's sort weighs 3.5 kB of wasm, ten times as much.
pub fn sort(numbers: &mut Vec<u64>) {
    let mut run = 1;
    while run < numbers.len() && !numbers.is_sorted() {
        let mut merged = Vec::with_capacity(numbers.len());
        for two in numbers.chunks(run * 2) {
            let (mut one, mut other) = two.split_at_checked(run).unwrap_or((two, &[]));
            while let (Some((a, more)), Some((b, others))) = (one.split_first(), other.split_first()) {
                if a <= b {
                    merged.push(*a);
                    one = more;
                } else {
                    merged.push(*b);
                    other = others;
                }
            }
            merged.extend_from_slice(one);
            merged.extend_from_slice(other);
        }
        *numbers = merged;
        run *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(String, u64),
        Remove(String),
        From(String),
    }

    fn step() -> impl Strategy<Value = Step> {
        let key = prop_oneof!["[ab]{0,9}", "[a-z]{1,3}", any::<String>()];
        prop_oneof![
            6 => (key.clone(), any::<u64>()).prop_map(|(key, number)| Step::Insert(key, number)),
            3 => key.clone().prop_map(Step::Remove),
            1 => key.prop_map(Step::From),
        ]
    }

    fn check(map: &SortedMap, model: &BTreeMap<String, u64>, key: &str) {
        let listed: Vec<(String, u64)> = map.from(key).map(|(key, number)| (key.to_string(), number)).collect();
        let expected: Vec<(String, u64)> =
            model.range(key.to_owned()..).map(|(key, number)| (key.clone(), *number)).collect();
        assert_eq!(listed, expected);
        assert_eq!(map.get(key), model.get(key).copied());
        assert_eq!(map.len(), model.len());
    }

    proptest! {
        #[test]
        fn it_is_a_sorted_map(steps in prop::collection::vec(step(), 0..1_500)) {
            let (mut map, mut model) = (SortedMap::default(), BTreeMap::new());
            for step in steps {
                match step {
                    Step::Insert(key, number) => {
                        assert_eq!(map.insert(Arc::from(key.as_str()), number), model.insert(key, number));
                    }
                    Step::Remove(key) => assert_eq!(map.remove(&key), model.remove(&key)),
                    Step::From(key) => check(&map, &model, &key),
                }
            }
            check(&map, &model, "");
            assert_eq!(map.numbers().collect::<Vec<_>>(), model.values().copied().collect::<Vec<_>>());
        }
    }

    proptest! {
        #[test]
        fn numbers_are_sorted(numbers in prop::collection::vec(0..50_u64, 0..70)) {
            let (mut numbers, mut expected) = (numbers.clone(), numbers);
            sort(&mut numbers);
            expected.sort_unstable();
            prop_assert_eq!(numbers, expected);
        }
    }

    #[test]
    fn many_blocks_come_and_go() {
        let (mut map, mut model) = (SortedMap::default(), BTreeMap::new());
        for at in 0..5_000_u64 {
            let key = format!("{:04}", at * 7_919 % 5_000);
            map.insert(Arc::from(key.as_str()), at);
            model.insert(key, at);
        }
        check(&map, &model, "2500");
        for at in 0..4_990_u64 {
            let key = format!("{:04}", at * 7_919 % 5_000);
            assert_eq!(map.remove(&key), model.remove(&key));
        }
        check(&map, &model, "");
    }
}
