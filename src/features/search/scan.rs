//! A search: a pass over the codes, and then the few rows that can be among the best, scored in 32 bits.

use std::sync::Arc;

use super::bitmap::{Bitmap, Ones, WORD};
use super::kernels;
use super::quantise::Query;
use super::rescore::Rescore;
use super::rows::Rows;
use super::top::Top;

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

/// The least score that can still be among the best, as far as was scanned: the k-th best of the lower bounds.
#[derive(Debug)]
pub(super) struct Floor {
    threshold: f64,
    best: Top,
}

impl Floor {
    fn new(search: &Search) -> Self {
        Self { threshold: search.threshold.unwrap_or(f64::NEG_INFINITY), best: Top::new(search.k) }
    }

    fn at(&self) -> f64 {
        self.best.least().map_or(self.threshold, |least| self.threshold.max(f64::from(least)))
    }
}

/// One of the searches of a pass.
#[derive(Debug)]
struct Lane {
    search: Search,
    floor: Floor,
    /// What `floor` says, at hand.
    least: f64,
    /// Rows whose upper bound reached the floor as it was then.
    rows: Vec<(u32, f32)>,
    /// How many of them there may be before those below the floor are dropped.
    room: usize,
}

/// Candidates at first; four bytes more for each row that is not below the floor.
const ROOM: usize = 4_096;

impl Lane {
    fn new(search: Search) -> Self {
        let floor = Floor::new(&search);
        Self { least: floor.at(), floor, search, rows: Vec::new(), room: ROOM }
    }

    fn mask(&self, live: u64, word: usize) -> u64 {
        self.search.mask.as_ref().map_or(live, |mask| live & mask.word(word))
    }

    fn offer(&mut self, row: u32, dot: i64, scale: f32, residual: f32) {
        let (low, high) = self.search.query.bounds(dot, scale, residual);
        if high < self.least || self.search.k == 0 {
            return;
        }
        self.rows.push((row, up(high)));
        if low > self.least {
            self.floor.best.offer(row, down(low), Default::default);
            self.least = self.floor.at();
        }
        if self.rows.len() > self.room {
            self.prune();
            self.room = ROOM.max(2 * self.rows.len());
        }
    }

    fn prune(&mut self) {
        let least = self.least;
        self.rows.retain(|(_, high)| f64::from(*high) >= least);
    }
}

/// In 32 bits, not below it.
fn up(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) < value { near.next_up() } else { near }
}

/// In 32 bits, not above it.
fn down(value: f64) -> f32 {
    -up(-value)
}

/// Searches that go over the rows together: each row is read once for all of them.
///
/// Between steps rows may be pushed, which this pass does not see, and killed.
#[derive(Debug)]
pub struct Pass {
    lanes: Vec<Lane>,
    /// The next word of rows.
    word: usize,
    /// How many rows there were.
    end: usize,
}

impl Pass {
    /// A pass over all rows there are now.
    pub fn new(rows: &Rows, searches: impl IntoIterator<Item = Search>) -> Self {
        Self { lanes: searches.into_iter().map(Lane::new).collect(), word: 0, end: rows.len() }
    }

    /// Scans about `budget` rows more; whether that was all.
    pub fn step(&mut self, rows: &Rows, budget: usize) -> bool {
        let words = self.end.div_ceil(WORD);
        let stop = words.min(self.word.saturating_add(budget.div_ceil(WORD).max(1)));
        for word in self.word..stop {
            let live = rows.live().word(word) & below(self.end, word);
            for lane in &mut self.lanes {
                for bit in Ones(lane.mask(live, word)) {
                    let row = (word * WORD + bit) as u32;
                    let packed = rows.packed(row);
                    let [dot] = kernels::dot_i8([lane.search.query.codes()], packed.codes);
                    lane.offer(row, dot, packed.scale, packed.residual);
                }
            }
        }
        self.word = stop;
        stop == words
    }

    /// What is left to be scored, search by search. Call it when all rows are scanned.
    pub fn finish(self) -> Vec<Rescore> {
        let rescore = |mut lane: Lane| {
            lane.prune();
            Rescore::new(lane.search, lane.rows, lane.least)
        };
        self.lanes.into_iter().map(rescore).collect()
    }
}

/// The rows of a word that are below `end`.
fn below(end: usize, word: usize) -> u64 {
    match end.saturating_sub(word * WORD) {
        rows @ 0..WORD => (1 << rows) - 1,
        _ => u64::MAX,
    }
}
