//! A search: a pass over the codes, and then the few rows that can be among the best, scored in 32 bits.

use std::sync::Arc;

use super::bitmap::{Bitmap, Ones, WORD};
use super::kernels;
use super::lane::Lane;
use super::near::Near;
use super::quantise::Query;
use super::rescore::Rescore;
use super::rows::Rows;

/// How rows are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// By all codes of 8 bits: exact.
    #[default]
    Int8,
    /// By one bit of each number first, and by the codes of those only that are nearest then: a multiple faster, and
    /// exact among these.
    Binary,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Search {
    /// For what.
    pub query: Arc<Query>,
    /// How many rows are wanted.
    pub k: usize,
    /// Which rows may be found; all that live, if none is given.
    pub mask: Option<Arc<Bitmap>>,
    /// The least score that is wanted.
    pub threshold: Option<f64>,
}

/// Where a pass is.
#[derive(Debug)]
enum Stage {
    /// Bits are compared.
    Bits(Near),
    /// Codes are multiplied.
    Codes,
}

/// Searches that go over the rows together: each row is read once for all of them.
///
/// Between steps rows may be pushed, which this pass does not see, and killed.
#[derive(Debug)]
pub struct Pass {
    stage: Stage,
    lanes: Vec<Lane>,
    /// The next word of rows.
    word: usize,
    /// How many rows there were.
    end: usize,
}

/// How many rows' bits are compared while the codes of one are multiplied.
const BITS_FASTER: usize = 6;

impl Pass {
    /// A pass over all rows there are now: by their bits first, where they have some.
    pub fn new(rows: &Rows, searches: impl IntoIterator<Item = Search>) -> Self {
        let searches: Vec<Search> = searches.into_iter().collect();
        let end = rows.len();
        match rows.bits() {
            Some(bits) => Self { stage: Stage::Bits(Near::new(bits, searches)), lanes: Vec::new(), word: 0, end },
            None => Self { stage: Stage::Codes, lanes: searches.into_iter().map(Lane::new).collect(), word: 0, end },
        }
    }

    /// Scans about `budget` rows more; whether that was all.
    pub fn step(&mut self, rows: &Rows, budget: usize) -> bool {
        let words = self.end.div_ceil(WORD);
        let budget = budget.div_ceil(WORD).max(1);
        if let Stage::Bits(near) = &mut self.stage {
            let stop = words.min(self.word.saturating_add(budget.saturating_mul(BITS_FASTER)));
            if near.is_outdated(rows) {
                self.word = 0;
            }
            near.compare(rows, self.word..stop, self.end);
            self.word = stop;
            if stop == words {
                self.lanes = near.nearest(rows).map(Lane::new).collect();
                (self.stage, self.word) = (Stage::Codes, 0);
            }
            return false;
        }
        // What a mask leaves out costs next to nothing: it is the rows that count.
        let mut left = (budget * WORD) as u64;
        while self.word < words && left > 0 {
            let live = rows.live().word(self.word) & below(self.end, self.word);
            left = left.saturating_sub(scan(&mut self.lanes, rows, self.word, live).max(1));
            self.word += 1;
        }
        self.word >= words
    }

    /// What is left to be scored, search by search. Call it when all rows are scanned.
    pub fn finish(self) -> Vec<Rescore> {
        self.lanes.into_iter().map(Lane::finish).collect()
    }
}

/// The rows of a word that are below `end`.
pub(super) fn below(end: usize, word: usize) -> u64 {
    match end.saturating_sub(word * WORD) {
        rows @ 0..WORD => (1 << rows) - 1,
        _ => u64::MAX,
    }
}

/// Multiplies the codes of a word of rows; gives how many rows that were.
fn scan(mut lanes: &mut [Lane], rows: &Rows, word: usize, live: u64) -> u64 {
    let mut count = 0;
    while !lanes.is_empty() {
        let (group, rest) = lanes.split_at_mut(if lanes.len() < 4 { 1 } else { 4 });
        let masks = group.iter().map(|lane| lane.mask(live, word));
        let (any, each) = masks.fold((0, 0), |(any, each), mask| (any | mask, each + u64::from(mask.count_ones())));
        count += u64::from(any.count_ones());
        // Together they take nearly as long as one by one: it is worth it where they want the same rows.
        if 8 * each >= 29 * u64::from(any.count_ones()) {
            together::<4>(group, rows, word, live);
        } else {
            group.chunks_mut(1).for_each(|lane| together::<1>(lane, rows, word, live));
        }
        lanes = rest;
    }
    count
}

/// Multiplies the codes of `N` queries by those of the rows that any of them wants.
fn together<const N: usize>(lanes: &mut [Lane], rows: &Rows, word: usize, live: u64) {
    let Some(lanes): Option<&mut [Lane; N]> = lanes.first_chunk_mut() else { return };
    let masks = lanes.each_ref().map(|lane| lane.mask(live, word));
    let wanted = masks.iter().fold(0, |all, mask| all | mask);
    let queries = lanes.each_ref().map(|lane| lane.search().query.clone());
    let codes = queries.each_ref().map(|query| query.codes());
    let block = rows.block(word);
    // Two rows at a time share what is loaded of the queries. They lie apart: memory is fetched ahead page by page, and
    // two that are read in turns out of one page are not.
    let (mut first, mut second) = (Ones(wanted & LOWER), Ones(wanted & !LOWER));
    loop {
        let (a, b) = match (first.next(), second.next()) {
            (Some(a), b) => (a, b),
            (None, Some(b)) => (b, None),
            (None, None) => return,
        };
        let dots = kernels::dots_i8(codes, [block.codes(a), block.codes(b.unwrap_or(a))]);
        for (row, dots) in [Some(a), b].into_iter().zip(dots) {
            let Some(row) = row else { continue };
            for ((lane, mask), dot) in lanes.iter_mut().zip(masks).zip(dots) {
                if mask >> row & 1 == 1 {
                    lane.offer((word * WORD + row) as u32, dot, block.widths(row));
                }
            }
        }
    }
}

/// The first half of a word's rows.
const LOWER: u64 = u64::MAX >> (WORD / 2);
