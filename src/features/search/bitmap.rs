//! A set of rows, one bit each: what lives, and what a filter lets through.

/// Rows in a word.
pub const WORD: usize = u64::BITS as usize;

/// A set of row numbers. What is beyond its words is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
}

impl Bitmap {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set whose bits these words are, the lowest bit of the first for row 0.
    pub fn from_words(words: Vec<u64>) -> Self {
        Self { words }
    }

    /// The same from words of 32 bits.
    pub fn from_words_u32(halves: &[u32]) -> Self {
        let whole = |pair: &[u32]| pair.iter().rev().fold(0, |word, half| word << 32 | u64::from(*half));
        Self { words: halves.chunks(2).map(whole).collect() }
    }

    /// All rows below `len`.
    pub fn full(len: usize) -> Self {
        let mut words = vec![u64::MAX; len / WORD];
        if !len.is_multiple_of(WORD) {
            words.push((1 << (len % WORD)) - 1);
        }
        Self { words }
    }

    /// The rows for which `keep` says so, of those below `len`.
    pub fn of(len: usize, keep: impl FnMut(usize) -> bool) -> Self {
        (0..len)
            .filter({
                let mut keep = keep;
                move |row| keep(*row)
            })
            .collect()
    }

    /// Its words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Its word number `at`: 0 where it has none.
    pub fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or_default()
    }

    /// Whether `row` is in it.
    pub fn contains(&self, row: usize) -> bool {
        self.word(row / WORD) >> (row % WORD) & 1 == 1
    }

    /// Puts `row` in.
    pub fn insert(&mut self, row: usize) {
        if self.words.len() <= row / WORD {
            self.words.resize(row / WORD + 1, 0);
        }
        if let Some(word) = self.words.get_mut(row / WORD) {
            *word |= 1 << (row % WORD);
        }
    }

    /// Takes `row` out; whether it was in.
    pub fn remove(&mut self, row: usize) -> bool {
        let was = self.contains(row);
        if let Some(word) = self.words.get_mut(row / WORD) {
            *word &= !(1 << (row % WORD));
        }
        was
    }

    /// How many rows are in it.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether no row is in it.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Leaves only what is in `other`, too.
    pub fn and(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Puts in what is in `other`.
    pub fn or(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Takes out what is in `other`.
    pub fn and_not(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// Its rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| Ones(*word).map(move |bit| at * WORD + bit))
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

impl FromIterator<usize> for Bitmap {
    fn from_iter<I: IntoIterator<Item = usize>>(rows: I) -> Self {
        let mut bitmap = Self::new();
        rows.into_iter().for_each(|row| bitmap.insert(row));
        bitmap
    }
}

/// The places of a word's bits that are set, the lowest first.
#[derive(Clone, Copy, Debug)]
pub struct Ones(pub u64);

impl Iterator for Ones {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn rows() -> impl Strategy<Value = BTreeSet<usize>> {
        prop::collection::btree_set(0..300_usize, 0..80)
    }

    proptest! {
        #[test]
        fn it_is_a_set(a in rows(), b in rows(), row in 0..400_usize) {
            let [of_a, of_b]: [Bitmap; 2] = [&a, &b].map(|set| set.iter().copied().collect());
            let sets = |set: &Bitmap| set.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(sets(&of_a), a.clone());
            prop_assert_eq!(of_a.count(), a.len());
            prop_assert_eq!(of_a.is_empty(), a.is_empty());
            prop_assert_eq!(of_a.contains(row), a.contains(&row));
            let (mut and, mut or, mut less, mut without) = (of_a.clone(), of_a.clone(), of_a.clone(), of_a.clone());
            and.and(&of_b);
            or.or(&of_b);
            less.and_not(&of_b);
            prop_assert_eq!(sets(&and), &a & &b);
            prop_assert_eq!(sets(&or), &a | &b);
            prop_assert_eq!(sets(&less), &a - &b);
            prop_assert_eq!(without.remove(row), a.contains(&row));
            prop_assert!(!without.contains(row));
            let halves: Vec<u32> = of_a.words().iter().flat_map(|word| [*word as u32, (word >> 32) as u32]).collect();
            prop_assert_eq!(sets(&Bitmap::from_words_u32(&halves)), a);
        }

        #[test]
        fn full_has_all_below(len in 0..300_usize) {
            prop_assert!(Bitmap::full(len).iter().eq(0..len));
            prop_assert!(Bitmap::of(len, |row| row % 3 == 0).iter().eq((0..len).step_by(3)));
        }
    }

    #[test]
    fn half_a_word_is_enough() {
        assert!(Bitmap::from_words_u32(&[0b101]).iter().eq([0, 2]));
    }
}
