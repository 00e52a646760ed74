//! One search of a pass: the least score that can still be among its best, and the rows that can.

use super::quantise::cut_off;
use super::rescore::Rescore;
use super::scan::Search;
use super::top::Top;

/// How many rows may be remembered before those that fell below the floor are dropped; from then on twice as many as are
/// left. Eight bytes each.
const ROOM: usize = 4_096;

/// See above.
#[derive(Debug)]
pub struct Lane {
    search: Search,
    /// The k best of the lower bounds.
    best: Top,
    /// What a score must reach: the k-th best lower bound, and the threshold.
    floor: f64,
    /// The same for bounds that are not cut off at ±1: what is below is below the floor, too.
    gate: f64,
    /// Rows whose upper bound reached the floor as it was then.
    rows: Vec<(u32, f32)>,
    room: usize,
}

impl Lane {
    pub fn new(search: Search) -> Self {
        // With none wanted, no score is enough.
        let least = if search.k == 0 { f64::INFINITY } else { f64::NEG_INFINITY };
        let floor = search.threshold.unwrap_or(least).max(least);
        Self { best: Top::new(search.k), floor, gate: gate(floor), search, rows: Vec::new(), room: ROOM }
    }

    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Which of these rows of a word it searches.
    pub fn mask(&self, live: u64, word: usize) -> u64 {
        self.search.mask.as_ref().map_or(live, |mask| live & mask.word(word))
    }

    /// Takes note of a row, whose codes have the product `dot` with the query's.
    #[inline(always)]
    pub fn offer(&mut self, row: u32, dot: i64, [scale, residual]: [f32; 2]) {
        let (middle, width) = self.search.query.around(dot, scale, residual);
        // This is done for every row: most are out by one comparison.
        if middle + width >= self.gate {
            self.take(row, middle, width);
        }
    }

    #[inline(never)]
    fn take(&mut self, row: u32, middle: f64, width: f64) {
        let (low, high) = cut_off(middle, width);
        if high < self.floor {
            return;
        }
        self.rows.push((row, up(high)));
        if low > self.floor {
            self.best.offer(row, down(low), Default::default);
            self.floor = self.best.least().map_or(self.floor, |least| self.floor.max(f64::from(least)));
            self.gate = gate(self.floor);
        }
        if self.rows.len() > self.room {
            self.prune();
            self.room = ROOM.max(2 * self.rows.len());
        }
    }

    fn prune(&mut self) {
        let floor = self.floor;
        self.rows.retain(|(_, high)| f64::from(*high) >= floor);
    }

    /// What is left to be scored.
    pub fn finish(mut self) -> Rescore {
        self.prune();
        Rescore::new(self.search, self.rows, self.floor)
    }
}

/// A floor of -1 is reached by all that is cut off there.
fn gate(floor: f64) -> f64 {
    if floor <= -1.0 { f64::NEG_INFINITY } else { floor }
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
