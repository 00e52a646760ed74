//! The end of a search: rows that may be among the best, scored in 32 bits.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::rows::Rows;
use super::scan::Search;
use super::top::{Hit, Top};

/// What a search needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing: it is done.
    Nothing,
    /// To be called again.
    Time,
    /// The numbers of these rows, which are not in memory: to be given to [`Rescore::score`], and then called again.
    Rows(Vec<u32>),
}

/// The rows that a search has left, from the greatest upper bound down.
#[derive(Debug)]
pub struct Rescore {
    search: Search,
    /// How many there were.
    candidates: usize,
    /// Rows with the upper bounds of their scores, the greatest on top. Sorting all of them would be for nothing: most are
    /// out when the first are scored.
    rows: BinaryHeap<Candidate>,
    /// Rows that were asked for.
    wanted: Vec<u32>,
    least: f64,
    top: Top,
}

impl Rescore {
    pub(super) fn new(search: Search, rows: Vec<(u32, f32)>, least: f64) -> Self {
        let rows: Vec<_> = rows.into_iter().map(|(row, high)| Candidate { high, row }).collect();
        let candidates = rows.len();
        Self { top: Top::new(search.k), search, candidates, rows: rows.into(), wanted: Vec::new(), least }
    }

    /// How many rows can be among the best, by their bounds.
    pub fn candidates(&self) -> usize {
        self.candidates
    }

    /// The next row, if it can still be among the best.
    fn next(&self) -> Option<u32> {
        let Candidate { high, row } = *self.rows.peek()?;
        // A row whose bound is the k-th best score may be equal to it, and come before it.
        let least = self.top.least().map_or(self.least, |least| self.least.max(f64::from(least)));
        (f64::from(high) >= least).then_some(row)
    }

    /// Scores up to `most` rows that are in memory; of those that are not it wants up to `most`.
    pub fn advance(&mut self, rows: &Rows, most: usize) -> Need {
        let (mut done, asked) = (0, !self.wanted.is_empty());
        while let Some(row) = self.next().filter(|_| !asked) {
            if !rows.live().contains(row as usize) {
                self.rows.pop();
                continue;
            }
            // Nothing scores anything with zeros: no numbers are needed for it.
            let at_hand = if self.search.query.is_zero() { Some([].as_slice()) } else { rows.exact(row) };
            match at_hand {
                None if self.wanted.len() < most.max(1) => {
                    self.rows.pop();
                    self.wanted.push(row);
                }
                // While there is room for all that is wanted, nothing that it scores keeps this one out: what it needs is
                // asked for together.
                Some(numbers) if done < most && (self.wanted.is_empty() || self.wanted.len() < self.top.room()) => {
                    self.rows.pop();
                    self.take(rows, row, numbers);
                    done += 1;
                }
                Some(_) if self.wanted.is_empty() => return Need::Time,
                _ => break,
            }
        }
        if self.wanted.is_empty() { Need::Nothing } else { Need::Rows(self.wanted.clone()) }
    }

    /// Gives the numbers of a row that was wanted.
    pub fn score(&mut self, rows: &Rows, row: u32, numbers: &[f32]) {
        let Some(at) = self.wanted.iter().position(|wanted| *wanted == row) else { return };
        self.wanted.swap_remove(at);
        if rows.live().contains(row as usize) {
            self.take(rows, row, numbers);
        }
    }

    fn take(&mut self, rows: &Rows, row: u32, numbers: &[f32]) {
        let score = self.search.query.score(numbers);
        if self.search.threshold.is_none_or(|threshold| f64::from(score) >= threshold) {
            self.top.offer(row, score, || rows.order(row));
        }
    }

    /// The best rows, the very best first; equal scores in the rows' order.
    pub fn into_hits(self) -> Vec<Hit> {
        self.top.into_hits()
    }
}

/// A row with the upper bound of its score.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    high: f32,
    row: u32,
}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        self.high.total_cmp(&other.high).then(Reverse(self.row).cmp(&Reverse(other.row)))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Candidate {}
