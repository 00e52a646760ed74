//! The end of a search: rows that may be among the best, scored in 32 bits.

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
    /// Rows with the upper bounds of their scores.
    rows: Vec<(u32, f32)>,
    /// The next of them.
    at: usize,
    least: f64,
    top: Top,
}

impl Rescore {
    pub(super) fn new(search: Search, mut rows: Vec<(u32, f32)>, least: f64) -> Self {
        rows.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        Self { top: Top::new(search.k), search, rows, at: 0, least }
    }

    /// How many rows can be among the best, by their bounds.
    pub fn candidates(&self) -> usize {
        self.rows.len()
    }

    /// The next row, if it can still be among the best.
    fn next(&self) -> Option<u32> {
        let (row, high) = *self.rows.get(self.at)?;
        // A row whose bound is the k-th best score may be equal to it, and come before it.
        let least = self.top.least().map_or(self.least, |least| self.least.max(f64::from(least)));
        (f64::from(high) >= least).then_some(row)
    }

    /// Scores up to `most` rows that are in memory; of those that are not it wants up to `most`.
    pub fn advance(&mut self, rows: &Rows, most: usize) -> Need {
        let mut done = 0;
        while let Some(row) = self.next() {
            if !rows.live().contains(row as usize) {
                self.at += 1;
                continue;
            }
            if done == most {
                return Need::Time;
            }
            let Some(numbers) = rows.exact(row) else { return Need::Rows(self.missing(rows, most.max(1))) };
            self.at += 1;
            self.take(rows, row, numbers);
            done += 1;
        }
        Need::Nothing
    }

    /// The next rows that are not in memory.
    fn missing(&self, rows: &Rows, most: usize) -> Vec<u32> {
        let left = self.rows.get(self.at..).unwrap_or_default().iter().map(|(row, _)| *row);
        left.take_while(|row| rows.exact(*row).is_none()).take(most).collect()
    }

    /// Gives the numbers of a row that was wanted. In the order in which they were.
    pub fn score(&mut self, rows: &Rows, row: u32, numbers: &[f32]) {
        if self.rows.get(self.at).is_some_and(|next| next.0 == row) {
            self.at += 1;
            if rows.live().contains(row as usize) {
                self.take(rows, row, numbers);
            }
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
