//! Where the entries of an index stand, and the names of its writers.

use crate::sorted::sort;

/// The characters of a writer's name, five bits each: Crockford's, without those that are easily confused.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters of a writer's name.
const LENGTH: usize = 12;

/// A writer: a random number of 60 bits. No two handles are the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriterId(u64);

impl WriterId {
    /// The writer with these bits, of which the upper four are left out.
    pub fn new(bits: u64) -> Self {
        Self(bits & (u64::MAX >> 4))
    }

    /// Its bits.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// The writers with these bits, each once, in order.
    pub fn sorted(mut bits: Vec<u64>) -> Vec<Self> {
        bits.iter_mut().for_each(|bits| *bits &= u64::MAX >> 4);
        sort(&mut bits);
        bits.dedup();
        bits.into_iter().map(Self).collect()
    }

    /// What stands for it in the order of rows: its lower half.
    pub fn tie(self) -> u32 {
        self.0 as u32
    }

    /// Its name in keys.
    pub fn name(self) -> String {
        let digit = |at: usize| DIGITS.get((self.0 >> (5 * (LENGTH - 1 - at))) as usize & 31).copied();
        (0..LENGTH).map(|at| char::from(digit(at).unwrap_or(b'0'))).collect()
    }

    /// The writer of this name, if it is one.
    pub fn parse(name: &str) -> Option<Self> {
        if name.len() != LENGTH {
            return None;
        }
        let digit = |byte: u8| DIGITS.iter().position(|digit| *digit == byte);
        name.bytes().try_fold(0, |bits, byte| Some(bits << 5 | digit(byte)? as u64)).map(Self)
    }
}

/// A segment, by who wrote it and its number there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    /// Whose it is.
    pub writer: WriterId,
    /// Never used twice by one writer.
    pub number: u32,
}

/// The keys of an index.
#[derive(Clone, Debug)]
pub struct Names(String);

impl Names {
    /// Those under `prefix`.
    pub fn new(prefix: &str) -> Self {
        Self(prefix.to_owned())
    }

    /// Of the directory.
    pub fn directory(&self) -> String {
        format!("{}/m", self.0)
    }

    /// Of all manifests, what they begin with.
    pub fn manifests(&self) -> String {
        format!("{}/m/", self.0)
    }

    /// Of a writer's manifest.
    pub fn manifest(&self, writer: WriterId) -> String {
        format!("{}/m/{}", self.0, writer.name())
    }

    /// Whose manifest stands at `key`.
    pub fn writer(&self, key: &str) -> Option<WriterId> {
        WriterId::parse(key.strip_prefix(self.0.as_str())?.strip_prefix("/m/")?)
    }

    /// Of all that a writer wrote but its manifest, what they begin with.
    pub fn blocks(&self, writer: WriterId) -> String {
        format!("{}/{}/", self.0, writer.name())
    }

    /// Of the records of a segment.
    pub fn records(&self, segment: SegmentName) -> String {
        format!("{}{}/i", self.blocks(segment.writer), segment.number)
    }

    /// Of a block of a segment: `q`, `v` or `d`.
    pub fn block(&self, segment: SegmentName, stream: char, at: usize) -> String {
        format!("{}{}/{stream}{at}", self.blocks(segment.writer), segment.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_are_read_as_they_were_written(bits: u64) {
            let writer = WriterId::new(bits);
            prop_assert_eq!(writer.name().len(), LENGTH);
            prop_assert_eq!(WriterId::parse(&writer.name()), Some(writer));
            let names = Names::new("a/b");
            prop_assert_eq!(names.writer(&names.manifest(writer)), Some(writer));
        }

        #[test]
        fn other_keys_are_no_manifests(key in "(a/b/m/)?[0-9a-z/]{0,14}") {
            if let Some(writer) = Names::new("a/b").writer(&key) {
                prop_assert_eq!(Names::new("a/b").manifest(writer), key);
            }
        }
    }
}
