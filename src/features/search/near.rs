//! The rows whose bits differ least from a query's: all that a search by bits looks at more closely.

use std::ops::Range;
use std::sync::Arc;

use super::bitmap::{Bitmap, Ones, WORD};
use super::bits::Bits;
use super::kernels;
use super::rows::Rows;
use super::scan::{Search, below};

/// Stands for a row that is not searched.
const NONE: u16 = u16::MAX;

/// How many rows are looked at more closely, for `k` that are wanted.
///
/// Measured at 1,536 dimensions, over 100,000 vectors as the bench's hard ones are (1,000 wide clusters in 256 latent
/// dimensions; the nearest at a cosine of 0.59): of 200 searches for ten, the 54 rows of the nearest bits hold 99 % of what
/// is to be found, 250 hold all. Fewer dimensions say less: what is taken grows as they shrink, to 100 times as many as are
/// wanted at 384, which were not measured with this code. Fewer wanted are not found among fewer.
pub fn candidates(k: usize, dimensions: usize) -> usize {
    k.max(10).saturating_mul(20 + 30_000 / dimensions.max(1))
}

#[derive(Debug)]
struct Lane {
    search: Search,
    bits: Vec<u64>,
    /// In how many bits each row differs.
    distances: Vec<u16>,
}

/// Searches whose queries' bits are compared with the rows'.
#[derive(Debug)]
pub struct Near {
    lanes: Vec<Lane>,
    version: u32,
}

impl Near {
    pub fn new(bits: &Bits, searches: Vec<Search>) -> Self {
        let lane = |search: Search| Lane { bits: bits.query(search.query.unit()), search, distances: Vec::new() };
        Self { lanes: searches.into_iter().map(lane).collect(), version: bits.version() }
    }

    /// Whether the rows' bits have been made anew, and all is to be compared again.
    pub fn is_outdated(&mut self, rows: &Rows) -> bool {
        let Some(bits) = rows.bits().filter(|bits| bits.version() != self.version) else { return false };
        for lane in &mut self.lanes {
            lane.bits = bits.query(lane.search.query.unit());
            lane.distances.clear();
        }
        self.version = bits.version();
        true
    }

    /// Compares these words of rows, of which there are `end`.
    pub fn compare(&mut self, rows: &Rows, words: Range<usize>, end: usize) {
        let Some(bits) = rows.bits() else { return };
        for word in words {
            let live = rows.live().word(word) & below(end, word);
            for lane in &mut self.lanes {
                let mask = lane.search.mask.as_ref().map_or(live, |mask| live & mask.word(word));
                let mut distances = [NONE; WORD];
                for row in Ones(mask) {
                    // A row that has no bits yet is taken for a near one.
                    let distance = bits.row(word * WORD + row).map_or(0, |row| kernels::hamming(&lane.bits, row));
                    if let Some(to) = distances.get_mut(row) {
                        *to = distance.min(u32::from(NONE - 1)) as u16;
                    }
                }
                lane.distances.extend_from_slice(&distances);
            }
        }
    }

    /// The searches, each among its nearest rows only.
    pub fn nearest(&mut self, rows: &Rows) -> impl Iterator<Item = Search> + use<> {
        let dimensions = rows.dimensions();
        std::mem::take(&mut self.lanes).into_iter().map(move |mut lane| {
            let mask = nearest(&lane.distances, candidates(lane.search.k, dimensions));
            lane.search.mask = Some(Arc::new(mask));
            lane.search
        })
    }
}

/// The `wanted` nearest rows, and all that are as near as the last of them: which these are does not hang on the order of
/// rows.
fn nearest(distances: &[u16], wanted: usize) -> Bitmap {
    let mut counts: Vec<usize> = Vec::new();
    for distance in distances.iter().filter(|distance| **distance != NONE) {
        let distance = usize::from(*distance);
        if counts.len() <= distance {
            counts.resize(distance + 1, 0);
        }
        counts.iter_mut().skip(distance).take(1).for_each(|count| *count += 1);
    }
    let mut left = wanted;
    let reached = |count: &usize| {
        left = left.saturating_sub(*count);
        left == 0
    };
    let last = counts.iter().position(reached).unwrap_or(counts.len());
    let near = |distance: &u16| *distance != NONE && usize::from(*distance) <= last;
    let word = |distances: &[u16]| {
        distances.iter().enumerate().fold(0, |word, (at, distance)| word | u64::from(near(distance)) << at)
    };
    Bitmap::from_words(distances.chunks(WORD).map(word).collect())
}
