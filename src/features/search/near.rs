//! The rows whose bits differ least from a query's: all that a search by bits looks at more closely.

use std::ops::Range;
use std::sync::Arc;

use super::bitmap::{Bitmap, Ones, WORD};
use super::bits::Bits;
use super::kernels;
use super::rows::Rows;
use super::scan::{Search, below, first};

/// How many rows are looked at more closely, for `k` that are wanted.
///
/// Measured at 1,536 dimensions, over 100,000 vectors as the bench's hard ones are (1,000 wide clusters in 256 latent
/// dimensions; the nearest at a cosine of 0.59): of 200 searches for ten, the 54 rows of the nearest bits hold 99 % of what
/// is to be found, 250 hold all. Fewer dimensions say less: what is taken grows as they shrink, to 100 times as many as are
/// wanted at 384, which were not measured with this code. Fewer wanted are not found among fewer.
pub fn candidates(k: usize, dimensions: usize) -> usize {
    k.max(10).saturating_mul(20 + 30_000 / dimensions.max(1))
}

/// How many rows may be remembered before those that have too many before them are dropped; from then on twice as many as
/// are left.
const ROOM: usize = 4_096;

/// The `wanted` rows of the least distances, and all that are as near as the last of them: which these are does not hang on
/// the order of rows.
#[derive(Debug)]
struct Nearest {
    wanted: usize,
    /// The distance of the last of them, of the rows so far: who is farther is out.
    last: usize,
    /// How many rows there are of each distance up to that.
    counts: Vec<u32>,
    /// The sum of these.
    within: usize,
    /// These, and some that were among them before: row and distance.
    rows: Vec<(u32, u32)>,
    room: usize,
}

impl Nearest {
    /// None yet, and none will be farther than `most`.
    fn new(wanted: usize, most: usize) -> Self {
        Self { wanted, last: most, counts: vec![0; most + 1], within: 0, rows: Vec::new(), room: ROOM }
    }

    #[inline(always)]
    fn offer(&mut self, row: usize, distance: u32) {
        // This is done for every row: most are out by one comparison.
        if distance as usize <= self.last {
            self.take(row as u32, distance);
        }
    }

    #[inline(never)]
    fn take(&mut self, row: u32, distance: u32) {
        if let Some(count) = self.counts.get_mut(distance as usize) {
            *count += 1;
            self.within += 1;
        }
        self.rows.push((row, distance));
        let farthest = |nearest: &Self| nearest.counts.get(nearest.last).map_or(0, |count| *count as usize);
        while self.within - farthest(self) >= self.wanted && self.last > 0 {
            self.within -= farthest(self);
            self.last -= 1;
        }
        if self.rows.len() > self.room {
            self.prune();
            self.room = ROOM.max(2 * self.rows.len());
        }
    }

    fn prune(&mut self) {
        let last = self.last;
        self.rows.retain(|(_, distance)| *distance as usize <= last);
    }

    fn into_rows(mut self) -> Bitmap {
        self.prune();
        self.rows.iter().map(|(row, _)| *row as usize).collect()
    }
}

#[derive(Debug)]
struct Lane {
    search: Search,
    bits: Vec<u64>,
    nearest: Nearest,
}

impl Lane {
    fn new(bits: &Bits, dimensions: usize, search: Search) -> Self {
        let wanted = candidates(search.k, dimensions);
        let bits = bits.query(search.query.unit());
        let most = bits.len() * u64::BITS as usize;
        Self { search, bits, nearest: Nearest::new(wanted, most) }
    }
}

/// Searches whose queries' bits are compared with the rows'.
#[derive(Debug)]
pub struct Near {
    lanes: Vec<Lane>,
    version: u32,
}

impl Near {
    pub fn new(bits: &Bits, dimensions: usize, searches: impl IntoIterator<Item = Search>) -> Self {
        let lanes = searches.into_iter().map(|search| Lane::new(bits, dimensions, search)).collect();
        Self { lanes, version: bits.version() }
    }

    /// Whether the rows' bits have been made anew, and all is to be compared again.
    pub fn is_outdated(&mut self, rows: &Rows) -> bool {
        let Some(bits) = rows.bits().filter(|bits| bits.version() != self.version) else { return false };
        let searches = std::mem::take(&mut self.lanes).into_iter().map(|lane| lane.search);
        *self = Self::new(bits, rows.dimensions(), searches);
        true
    }

    /// Compares these words of rows, of which there are `end`.
    pub fn compare(&mut self, rows: &Rows, words: Range<usize>, end: usize) {
        let Some(bits) = rows.bits() else { return };
        for word in words {
            let live = rows.live().word(word) & below(end, word);
            let block = bits.block(word);
            for Lane { search, bits, nearest } in &mut self.lanes {
                let mask = search.mask.as_ref().map_or(live, |mask| live & mask.word(word));
                let rows = block.chunks_exact(bits.len());
                // A row that has no bits yet is taken for a near one.
                Ones(mask & !first(rows.len())).for_each(|row| nearest.offer(word * WORD + row, 0));
                // One after the other, whether it is searched or not: to look for the next that is takes longer.
                for (row, of_row) in rows.enumerate().filter(|_| mask > 0) {
                    if mask >> row & 1 == 1 {
                        nearest.offer(word * WORD + row, kernels::hamming(bits, of_row));
                    }
                }
            }
        }
    }

    /// The searches, each among its nearest rows only.
    pub fn nearest(&mut self) -> impl Iterator<Item = Search> + use<> {
        std::mem::take(&mut self.lanes).into_iter().map(|mut lane| {
            lane.search.mask = Some(Arc::new(lane.nearest.into_rows()));
            lane.search
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_are_the_head_of_all_sorted(
            distances in prop::collection::vec(0..40_u32, 0..300), wanted in 1..60_usize, room in 0..40_usize,
        ) {
            let mut nearest = Nearest::new(wanted, 64);
            nearest.room = room;
            distances.iter().enumerate().for_each(|(row, distance)| nearest.offer(row, *distance));
            let mut sorted = distances.clone();
            sorted.sort_unstable();
            let last = sorted.get(wanted - 1).copied().unwrap_or(u32::MAX);
            let expected: Vec<_> = (0..distances.len()).filter(|row| distances[*row] <= last).collect();
            prop_assert_eq!(nearest.into_rows().iter().collect::<Vec<_>>(), expected);
        }
    }
}
