//! The keys of a call, in one string.
//!
//! A batch crosses the WebAssembly boundary once, whatever its length, and moves through the layers without an
//! allocation a key. It is owned, so that a layer can hand its own to the store below and return that store's future.

use std::sync::Arc;

use crate::Value;
use crate::sorted::SortedMap;

/// A batch of keys.
///
/// ```
/// use bytestow::Keys;
/// let keys = Keys::from(["a", "", "é"]);
/// assert_eq!(keys.len(), 3);
/// assert_eq!(keys.iter().collect::<Vec<_>>(), ["a", "", "é"]);
/// assert_eq!(keys.prefixed("ns/").iter().collect::<Vec<_>>(), ["ns/a", "ns/", "ns/é"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    joined: String,
    /// Where each key ends, in bytes.
    ends: Vec<usize>,
}

impl Keys {
    /// The keys that stand one after the other in `joined`; `lengths` are theirs in UTF-16 code units, which is what
    /// JavaScript calls a string's length.
    pub fn from_utf16_lengths(joined: String, lengths: &[u32]) -> Self {
        let ascii = joined.is_ascii();
        let mut chars = joined.chars();
        let mut ends = Vec::with_capacity(lengths.len());
        let mut end = 0;
        for length in lengths {
            let mut units = *length as usize;
            if ascii {
                end += units;
                units = 0;
            }
            while units > 0 {
                let Some(next) = chars.next() else { break };
                units = units.saturating_sub(next.len_utf16());
                end += next.len_utf8();
            }
            ends.push(end);
        }
        Self { joined, ends }
    }

    /// One more key.
    pub fn push(&mut self, key: &str) {
        self.joined.push_str(key);
        self.ends.push(self.joined.len());
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The keys, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        (0..self.ends.len()).map(|at| {
            let begin = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
            let end = self.ends.get(at).copied().unwrap_or(begin);
            self.joined.get(begin..end).unwrap_or_default()
        })
    }

    /// For each key, where it stands for the last time.
    pub fn last_places(&self) -> Vec<usize> {
        let mut last = SortedMap::default();
        for (at, key) in self.iter().enumerate() {
            last.insert(Arc::from(key), at as u64);
        }
        self.iter().map(|key| last.get(key).unwrap_or_default() as usize).collect()
    }

    /// The same keys with `prefix` before each.
    #[must_use]
    pub fn prefixed(&self, prefix: &str) -> Self {
        let mut physical = Self {
            joined: String::with_capacity(self.joined.len() + prefix.len() * self.len()),
            ends: Vec::with_capacity(self.len()),
        };
        for key in self.iter() {
            physical.joined.push_str(prefix);
            physical.push(key);
        }
        physical
    }
}

impl<S: AsRef<str>> FromIterator<S> for Keys {
    fn from_iter<I: IntoIterator<Item = S>>(keys: I) -> Self {
        let mut batch = Self::default();
        keys.into_iter().for_each(|key| batch.push(key.as_ref()));
        batch
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for Keys {
    fn from(keys: [S; N]) -> Self {
        keys.into_iter().collect()
    }
}

impl<S: AsRef<str>> From<&[S]> for Keys {
    fn from(keys: &[S]) -> Self {
        keys.iter().map(AsRef::as_ref).collect()
    }
}

/// A batch of keys and their values.
///
/// ```
/// use bytestow::{Entries, Value};
/// let entries = Entries::from([("a", "1"), ("b", "2")]);
/// assert_eq!(entries.iter().last(), Some(("b", &Value::from("2"))));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    keys: Keys,
    values: Vec<Value>,
}

impl Entries {
    /// `keys` and `values` of one length; what is over of the longer is left out.
    pub fn new(mut keys: Keys, mut values: Vec<Value>) -> Self {
        keys.ends.truncate(values.len());
        values.truncate(keys.len());
        Self { keys, values }
    }

    /// The keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The values.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The bytes of all values.
    pub fn bytes(&self) -> u64 {
        self.values.iter().map(|value| value.len() as u64).sum()
    }

    /// The entries, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &Value)> + ExactSizeIterator {
        self.keys.iter().zip(&self.values)
    }

    /// The same entries with `prefix` before each key.
    #[must_use]
    pub fn prefixed(self, prefix: &str) -> Self {
        Self { keys: self.keys.prefixed(prefix), values: self.values }
    }
}

impl<S: AsRef<str>, V: Into<Value>> FromIterator<(S, V)> for Entries {
    fn from_iter<I: IntoIterator<Item = (S, V)>>(entries: I) -> Self {
        let mut batch = Self::default();
        for (key, value) in entries {
            batch.keys.push(key.as_ref());
            batch.values.push(value.into());
        }
        batch
    }
}

impl<S: AsRef<str>, V: Into<Value>, const N: usize> From<[(S, V); N]> for Entries {
    fn from(entries: [(S, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_come_out_as_they_went_in(keys: Vec<String>, prefix: String) {
            let batch: Keys = keys.iter().collect();
            prop_assert_eq!(batch.iter().collect::<Vec<_>>(), keys.clone());
            prop_assert_eq!(batch.len(), keys.len());
            let physical: Vec<String> = keys.iter().map(|key| format!("{prefix}{key}")).collect();
            let prefixed = batch.prefixed(&prefix);
            prop_assert_eq!(prefixed.iter().collect::<Vec<_>>(), physical);
        }

        #[test]
        fn duplicates_are_found(keys in prop::collection::vec("[ab]{0,2}", 0..12)) {
            let last = |key: &String| keys.iter().rposition(|other| other == key);
            let expected: Vec<usize> = keys.iter().filter_map(last).collect();
            prop_assert_eq!(keys.iter().collect::<Keys>().last_places(), expected);
        }

        #[test]
        fn keys_cross_as_javascript_counts_them(keys: Vec<String>) {
            let lengths: Vec<u32> = keys.iter().map(|key| key.encode_utf16().count() as u32).collect();
            let batch = Keys::from_utf16_lengths(keys.concat(), &lengths);
            prop_assert_eq!(batch.iter().collect::<Vec<_>>(), keys);
        }

        #[test]
        fn wrong_lengths_never_panic(joined: String, lengths: Vec<u32>) {
            let batch = Keys::from_utf16_lengths(joined, &lengths);
            prop_assert_eq!(batch.iter().count(), lengths.len());
        }
    }

    #[test]
    fn entries_of_unequal_length_are_cut() {
        let entries = Entries::new(Keys::from(["a", "b"]), vec!["1".into()]);
        assert_eq!(entries.iter().collect::<Vec<_>>(), [("a", &Value::from("1"))]);
        assert_eq!(Entries::new(Keys::from(["a"]), vec!["1".into(), "2".into()]).len(), 1);
    }
}
