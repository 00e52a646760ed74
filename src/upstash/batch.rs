//! How much goes into one command.
//!
//! Limits are per command, in both directions, and counted by the server in a way that is not documented; so batches are
//! planned by encoded bytes, well below the limit, and halved where the server refuses them all the same.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// The size at which a batch is closed, in encoded bytes.
pub const TARGET: usize = 4 << 20;

/// The size that a batch of several never exceeds.
const MOST: usize = 8 << 20;

/// The most that a command may have on Upstash's smaller plans: what is known before a server says otherwise.
pub const FIRST_LIMIT: u64 = 10_485_760;

/// How many keys are read at first, when nothing is known of the values.
const FIRST_READ: usize = 64;

/// Values of more encoded bytes than this are asked for in RESP2 first, where that may be: a reply of 10 MB took a third of
/// the time, most of it the server's.
const LARGE: usize = 64 << 10;

/// The most keys that are read while none of those asked for were there.
const MOST_BLIND: usize = 1_024;

/// The most keys of one command that reads or deletes.
pub const MOST_KEYS: usize = 20_000;

/// How large batches may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// See [`TARGET`].
    pub target: usize,
    /// What a batch of several items never exceeds.
    pub most: usize,
}

impl Room {
    /// Below the limit of a server.
    pub fn below(limit: u64) -> Self {
        // Room for the command's name and its brackets.
        let limit = usize::try_from(limit).unwrap_or(usize::MAX).saturating_sub(64).max(1);
        let most = MOST.min(limit);
        Self { target: TARGET.min(most), most }
    }

    /// Whether a batch that has `size` bytes takes `item` more. An empty one takes anything: what is too large for every
    /// batch has been refused before, or will be by the server.
    pub fn takes(&self, size: usize, item: usize) -> bool {
        size == 0 || size < self.target && size.saturating_add(item) <= self.most
    }

    /// How many of `sizes` the first batch takes.
    pub fn first_batch(&self, sizes: impl Iterator<Item = usize>) -> usize {
        let mut size = 0;
        let mut count = 0;
        for item in sizes {
            if !self.takes(size, item) {
                break;
            }
            size = size.saturating_add(item.max(1));
            count += 1;
        }
        count
    }
}

/// What a handle has learned of its server and of its values.
#[derive(Debug)]
pub struct Learned(Mutex<Facts>);

#[derive(Clone, Copy, Debug)]
struct Facts {
    limit: u64,
    /// The moving average of a value's encoded bytes; none has been seen where it is zero.
    average: usize,
    /// How many keys are read next while nothing is known of the values.
    blind: usize,
}

impl Default for Learned {
    fn default() -> Self {
        Self(Mutex::new(Facts { limit: FIRST_LIMIT, average: 0, blind: FIRST_READ }))
    }
}

impl Learned {
    fn facts(&self) -> std::sync::MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most bytes of a command, as far as is known.
    pub fn limit(&self) -> u64 {
        self.facts().limit
    }

    /// The server has named its limit.
    pub fn limit_is(&self, limit: u64) {
        self.facts().limit = limit.max(1);
    }

    /// Values of these many encoded bytes were read or written.
    pub fn saw(&self, values: usize, bytes: usize) {
        let Some(mean) = bytes.checked_div(values) else { return };
        let mut facts = self.facts();
        // Growing at once, shrinking slowly: a batch too small costs a request, one too large is refused.
        facts.average = if mean > facts.average { mean.max(1) } else { (facts.average + mean).div_ceil(2) };
    }

    /// A read of `keys` has found nothing.
    pub fn saw_nothing(&self, keys: usize) {
        let mut facts = self.facts();
        if keys >= facts.blind {
            facts.blind = (facts.blind * 4).min(MOST_BLIND);
        }
    }

    /// Whether anything is known of the values, be it that a first batch was not there.
    pub fn knows_anything(&self) -> bool {
        let facts = self.facts();
        facts.average > 0 || facts.blind > FIRST_READ
    }

    /// Whether values are so large that the form of replies matters more than anything else.
    pub fn large(&self) -> bool {
        self.facts().average > LARGE
    }

    /// How many of `keys` (their lengths) to read next: so many that the reply is likely to have the target's size, and
    /// as many in each of the batches to come.
    pub fn next_read(&self, lengths: &[usize]) -> usize {
        let Facts { limit, average, blind } = *self.facts();
        let room = Room::below(limit);
        let asked = room.first_batch(lengths.iter().map(|length| length + 3)).min(MOST_KEYS);
        let answered = if average == 0 {
            blind
        } else {
            let batches = lengths.len().saturating_mul(average).div_ceil(room.target).max(1);
            lengths.len().div_ceil(batches)
        };
        asked.min(answered).max(1)
    }
}

/// Two halves of `range`, which has more than one item.
pub fn halves(range: Range<usize>) -> (Range<usize>, Range<usize>) {
    let middle = range.start + range.len() / 2;
    (range.start..middle, middle..range.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(sizes: &[usize], room: Room) -> Vec<Range<usize>> {
        let mut batches = Vec::new();
        let mut begin = 0;
        while begin < sizes.len() {
            let end = begin + room.first_batch(sizes[begin..].iter().copied());
            batches.push(begin..end);
            begin = end;
        }
        batches
    }

    proptest! {
        /// No batch is over the limit (but one item alone), none is empty, and the order is kept.
        #[test]
        fn batches(sizes in prop::collection::vec(0_usize..5_000, 0..200), limit in 100_u64..20_000) {
            let room = Room::below(limit);
            let batches = cut(&sizes, room);
            let flat: Vec<usize> = batches.iter().cloned().flatten().collect();
            prop_assert_eq!(flat, (0..sizes.len()).collect::<Vec<_>>());
            for batch in &batches {
                prop_assert!(!batch.is_empty());
                let size: usize = sizes[batch.clone()].iter().sum();
                prop_assert!(batch.len() == 1 || size as u64 <= limit, "{size} of {limit}");
            }
        }

        /// As many requests as the bytes need at the target, and no more, where the items are small.
        #[test]
        fn as_few_as_can_be(sizes in prop::collection::vec(1_usize..100_000, 1..500)) {
            let room = Room::below(FIRST_LIMIT);
            let needed = sizes.iter().sum::<usize>().div_ceil(TARGET);
            prop_assert!(cut(&sizes, room).len() <= needed);
        }

        /// Whatever is read, a next step is at least one key and at most all of them.
        #[test]
        fn reads_advance(
            lengths in prop::collection::vec(0_usize..40_000, 1..300),
            seen: Vec<(u16, u32)>,
            limit in 1_u64..20_000_000,
        ) {
            let learned = Learned::default();
            learned.limit_is(limit);
            for (values, bytes) in seen {
                learned.saw(values.into(), bytes as usize);
                learned.saw_nothing(values.into());
                let next = learned.next_read(&lengths);
                prop_assert!((1..=lengths.len()).contains(&next));
            }
        }
    }

    #[test]
    fn reads_begin_small_and_then_go_by_what_they_saw() {
        let learned = Learned::default();
        let keys = vec![10; 1_000];
        assert_eq!(learned.next_read(&keys), 64);
        learned.saw(64, 64 * 8_205);
        assert_eq!(learned.next_read(&keys[..936]), 468, "7.7 MB are two batches, of one size");
        learned.saw(468, 468 * 100);
        assert!(learned.next_read(&keys) > 468);
        assert_eq!(halves(3..8), (3..5, 5..8));
    }

    #[test]
    fn where_nothing_is_found_reads_grow() {
        let learned = Learned::default();
        let mut counts = Vec::new();
        for _ in 0..4 {
            let count = learned.next_read(&[10; 5_000]);
            counts.push(count);
            learned.saw_nothing(count);
        }
        assert_eq!(counts, [64, 256, 1_024, 1_024]);
    }
}
