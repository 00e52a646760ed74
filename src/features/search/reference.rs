//! The search that all others are held against: every row, in 32 bits.

use super::bitmap::WORD;
use super::rows::Rows;
use super::scan::Search;
use super::top::{Hit, Top};

/// What a bare scan of all rows finds. Rows that are not in memory in 32 bits are not found.
pub fn exact_f32(rows: &Rows, search: &Search) -> Vec<Hit> {
    let mut top = Top::new(search.k);
    for (word, live) in rows.live().words().iter().enumerate() {
        let live = search.mask.as_ref().map_or(*live, |mask| live & mask.word(word));
        for bit in super::bitmap::Ones(live) {
            let row = (word * WORD + bit) as u32;
            let Some(numbers) = rows.exact(row) else { continue };
            let score = search.query.score(numbers);
            if search.threshold.is_none_or(|threshold| f64::from(score) >= threshold) {
                top.offer(row, score, || rows.order(row));
            }
        }
    }
    top.into_hits()
}
