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
    /// How many rows' codes were multiplied.
    multiplied: u64,
}

/// How many rows' bits are compared while the codes of one are multiplied.
const BITS_FASTER: usize = 6;

impl Pass {
    /// A pass over all rows there are now: by their bits first, where they have some.
    pub fn new(rows: &Rows, searches: impl IntoIterator<Item = Search>) -> Self {
        let end = rows.shown();
        match rows.bits() {
            Some(bits) => {
                let near = Near::new(bits, rows.dimensions(), searches);
                Self { stage: Stage::Bits(near), lanes: Vec::new(), word: 0, end, multiplied: 0 }
            }
            None => {
                let lanes = searches.into_iter().map(Lane::new).collect();
                Self { stage: Stage::Codes, lanes, word: 0, end, multiplied: 0 }
            }
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
                self.lanes = near.nearest().map(Lane::new).collect();
                (self.stage, self.word) = (Stage::Codes, 0);
            }
            return false;
        }
        // What a mask leaves out costs next to nothing: it is the rows that count.
        let mut left = (budget * WORD) as u64;
        while self.word < words && left > 0 {
            let live = rows.live().word(self.word) & below(self.end, self.word);
            let multiplied = scan(&mut self.lanes, rows, self.word, live);
            self.multiplied += multiplied;
            left = left.saturating_sub(multiplied.max(1));
            self.word += 1;
        }
        self.word >= words
    }

    /// How many rows' codes were multiplied so far: what a pass takes, and what bits save.
    pub fn multiplied(&self) -> u64 {
        self.multiplied
    }

    /// What is left to be scored, search by search. Call it when all rows are scanned.
    pub fn finish(self) -> Vec<Rescore> {
        self.lanes.into_iter().map(Lane::finish).collect()
    }
}

/// The rows of a word that are below `end`.
pub(super) fn below(end: usize, word: usize) -> u64 {
    first(end.saturating_sub(word * WORD))
}

/// The first `rows` rows of a word.
pub(super) fn first(rows: usize) -> u64 {
    if rows < WORD { (1 << rows) - 1 } else { u64::MAX }
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
        if 8 * each >= 29 * u64::from(any.count_ones())
            && let Some(group) = group.first_chunk_mut()
        {
            four(group, rows, word, live);
        } else {
            group.iter_mut().for_each(|lane| one(lane, rows, word, live));
        }
        lanes = rest;
    }
    count
}

/// Pairs of rows that a kernel takes. The two lie apart: memory is fetched ahead page by page, and two that are read in
/// turns out of one page are not.
struct Pairs(Ones, Ones);

impl Pairs {
    fn new(rows: u64) -> Self {
        const LOWER: u64 = u64::MAX >> (WORD / 2);
        Self(Ones(rows & LOWER), Ones(rows & !LOWER))
    }
}

impl Iterator for Pairs {
    type Item = (usize, Option<usize>);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        match (self.0.next(), self.1.next()) {
            (Some(row), other) => Some((row, other)),
            (None, Some(row)) => Some((row, None)),
            (None, None) => None,
        }
    }
}

/// Multiplies the codes of a query by those of the rows it wants.
fn one(lane: &mut Lane, rows: &Rows, word: usize, live: u64) {
    let query = lane.search().query.clone();
    let block = rows.block(word);
    for (row, other) in Pairs::new(lane.mask(live, word)) {
        let dots = kernels::dots_i8_1(query.codes(), [block.codes(row), block.codes(other.unwrap_or(row))]);
        lane.offer((word * WORD + row) as u32, dots[0], block.widths(row));
        if let Some(other) = other {
            lane.offer((word * WORD + other) as u32, dots[1], block.widths(other));
        }
    }
}

/// Multiplies the codes of four queries by those of the rows that any of them wants.
fn four(lanes: &mut [Lane; 4], rows: &Rows, word: usize, live: u64) {
    let masks = lanes.each_ref().map(|lane| lane.mask(live, word));
    let queries = lanes.each_ref().map(|lane| lane.search().query.clone());
    let codes = queries.each_ref().map(|query| query.codes());
    let block = rows.block(word);
    let [p, q, r, s] = lanes;
    // One after the other, by name: this is done for every row.
    let mut offer = |row: usize, dots: [i64; 4]| {
        let (number, widths) = ((word * WORD + row) as u32, block.widths(row));
        let wants = |mask: u64| mask >> row & 1 == 1;
        if wants(masks[0]) {
            p.offer(number, dots[0], widths);
        }
        if wants(masks[1]) {
            q.offer(number, dots[1], widths);
        }
        if wants(masks[2]) {
            r.offer(number, dots[2], widths);
        }
        if wants(masks[3]) {
            s.offer(number, dots[3], widths);
        }
    };
    for (row, other) in Pairs::new(masks[0] | masks[1] | masks[2] | masks[3]) {
        let dots = kernels::dots_i8_4(codes, [block.codes(row), block.codes(other.unwrap_or(row))]);
        offer(row, dots[0]);
        if let Some(other) = other {
            offer(other, dots[1]);
        }
    }
}
