//! Maximal marginal relevance: rows that are near the query and far from each other.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// Picks rows, a few comparisons a step, as LangChain does: the row with the greatest λ · score − (1 − λ) · s, where s is its
/// greatest similarity with a row that was picked, and of equal ones the first.
///
/// LangChain compares every row with every picked one at each pick. What a row is worth only falls as others are picked: what
/// it was worth before is a bound, and a row whose bound is below another's worth need not be compared any further (the lazy
/// greedy algorithm: Minoux, "Accelerated greedy algorithms for maximizing submodular set functions", 1978).
#[derive(Clone, Debug)]
pub struct Mmr {
    /// How similar each row is to the query.
    scores: Vec<f32>,
    /// Those that are left, by what they are worth at most; none before the first is picked.
    left: BinaryHeap<Candidate>,
    picked: Vec<usize>,
    k: usize,
    lambda: f64,
}

impl Mmr {
    /// Of rows with these scores, `k`. λ is 0 to 1: 1 for what is near the query alone, 0 for what is far from what was picked.
    pub fn new(scores: Vec<f32>, k: usize, lambda: f64) -> Self {
        Self { k: k.min(scores.len()), scores, left: BinaryHeap::new(), picked: Vec::new(), lambda }
    }

    /// Compares about as many times as there are rows, and picks at most one more; whether all are picked. `similarity` is
    /// asked of a row that was picked, and another.
    pub fn step(&mut self, similarity: impl Fn(usize, usize) -> f32) -> bool {
        if self.picked.len() < self.k {
            if self.picked.is_empty() { self.first(similarity) } else { self.next(similarity) }
        }
        self.picked.len() >= self.k
    }

    /// The first is the one that is nearest to the query, whatever λ.
    fn first(&mut self, similarity: impl Fn(usize, usize) -> f32) {
        let rows = self.scores.iter().enumerate();
        let Some((first, _)) = rows.reduce(|best, other| if other.1 > best.1 { other } else { best }) else { return };
        self.picked.push(first);
        if self.k == 1 {
            return;
        }
        let (scores, lambda) = (&self.scores, self.lambda);
        let others = scores.iter().enumerate().filter(|(row, _)| *row != first);
        let left = others.map(|(row, score)| {
            let nearest = similarity(first, row);
            Candidate { worth: worth(*score, nearest, lambda), row, nearest, compared: 1 }
        });
        self.left = left.collect();
    }

    fn next(&mut self, similarity: impl Fn(usize, usize) -> f32) {
        for _ in 0..=self.scores.len() {
            let Some(mut best) = self.left.peek_mut() else { return };
            let Some(other) = self.picked.get(best.compared) else {
                self.picked.push(PeekMut::pop(best).row);
                return;
            };
            best.nearest = best.nearest.max(similarity(*other, best.row));
            best.compared += 1;
            best.worth = worth(self.scores.get(best.row).copied().unwrap_or_default(), best.nearest, self.lambda);
        }
    }

    /// The rows that were picked, in the order in which they were.
    pub fn into_picked(self) -> Vec<usize> {
        self.picked
    }
}

/// What a row is worth whose most similar one of those picked is that similar. -0 is 0.
fn worth(score: f32, nearest: f32, lambda: f64) -> f64 {
    lambda * f64::from(score) - (1.0 - lambda) * f64::from(nearest) + 0.0
}

/// A row that may be picked.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    /// As far as it was compared: at most this.
    worth: f64,
    row: usize,
    /// Its greatest similarity with those that it was compared with.
    nearest: f32,
    /// With how many of those picked, the first ones, it was compared.
    compared: usize,
}

impl Ord for Candidate {
    /// The greatest is the next to be looked at: of equal ones the first row.
    fn cmp(&self, other: &Self) -> Ordering {
        self.worth.total_cmp(&other.worth).then(other.row.cmp(&self.row))
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

#[cfg(test)]
mod tests {
    use super::super::quantise::Query;
    use super::super::vector::{Role, unit};
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    fn picked(query: &[f64], rows: &[Vec<f64>], k: usize, lambda: f64) -> Vec<usize> {
        let queries: Vec<Query> =
            rows.iter().map(|row| Query::new(unit(row, row.len(), Role::Query).unwrap())).collect();
        let query = Query::new(unit(query, query.len(), Role::Query).unwrap());
        let scores = queries.iter().map(|row| query.score(row.unit())).collect();
        let mut mmr = Mmr::new(scores, k, lambda);
        while !mmr.step(|a, b| queries[a].score(queries[b].unit())) {}
        mmr.into_picked()
    }

    #[test]
    fn the_cases_of_langchain_in_python() {
        let query = vec![0.3, -1.0, 0.5];
        let rows = [query.clone(), query.clone(), vec![0.0; 3]];
        assert_eq!(picked(&query, &rows, 2, 0.0), [0, 2]);
        assert_eq!(picked(&query, &rows, 2, 1.0), [0, 1]);
        let root = 3.0_f64.sqrt();
        let rows = [vec![root, 1.0], vec![1.0, 1.0], vec![1.0, 2.0 + root]];
        assert_eq!(picked(&[1.0, 0.0], &rows, 2, 25.0 / 71.0), [0, 2]);
        assert_eq!(picked(&[1.0, 0.0], &rows, 2, 27.0 / 71.0), [0, 1]);
    }

    #[test]
    fn no_more_than_there_are_and_none_of_none() {
        let rows = [vec![1.0, 0.0], vec![0.0, 1.0]];
        assert_eq!(picked(&[1.0, 0.0], &rows, 9, 0.5), [0, 1]);
        assert_eq!(picked(&[1.0, 0.0], &rows, 0, 0.5), [0; 0]);
        assert_eq!(picked(&[1.0, 0.0], &[], 3, 0.5), [0; 0]);
    }

    #[test]
    fn the_same_as_comparing_all_with_all() {
        let mut seed = 1_u64;
        let mut number = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) as f64 / 2.0_f64.powi(30) - 1.0
        };
        let rows: Vec<Vec<f64>> = (0..60).map(|_| (0..20).map(|_| number()).collect()).collect();
        let query: Vec<f64> = (0..20).map(|_| number()).collect();
        let cosine = |a: &[f64], b: &[f64]| {
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
        };
        for lambda in [0.0, 0.3, 0.5, 0.9, 1.0] {
            let mut expected: Vec<usize> = Vec::new();
            while expected.len() < 15 {
                let worth = |row: &usize| {
                    let score = cosine(&query, &rows[*row]);
                    let nearest = expected.iter().map(|other| cosine(&rows[*row], &rows[*other]));
                    let nearest = nearest.fold(f64::NEG_INFINITY, f64::max);
                    if expected.is_empty() { score } else { lambda * score - (1.0 - lambda) * nearest }
                };
                let left = (0..60).filter(|row| !expected.contains(row));
                expected.push(left.max_by(|a, b| worth(a).total_cmp(&worth(b))).unwrap());
            }
            assert_eq!(picked(&query, &rows, 15, lambda), expected, "{lambda}");
        }
    }

    /// All with all, one pick after the other.
    fn picked_eagerly(scores: &[f32], similar: &[Vec<f32>], k: usize, lambda: f64) -> Vec<usize> {
        let mut picked: Vec<usize> = Vec::new();
        while picked.len() < k.min(scores.len()) {
            let mut best: Option<(f64, usize)> = None;
            for row in (0..scores.len()).filter(|row| !picked.contains(row)) {
                let nearest = picked.iter().map(|other| similar[*other][row]).fold(f32::NEG_INFINITY, f32::max);
                let worth =
                    if picked.is_empty() { f64::from(scores[row]) } else { worth(scores[row], nearest, lambda) };
                if best.is_none_or(|(most, _)| worth > most) {
                    best = Some((worth, row));
                }
            }
            picked.extend(best.map(|(_, row)| row));
        }
        picked
    }

    proptest! {
        // Few values: most are worth the same as others.
        #[test]
        fn a_bound_leaves_nothing_out(
            rows in 1..14_usize, k in 0..16_usize, lambda in 0..=4_u8,
            values in prop::collection::vec(-3..=3_i8, 14 * 14),
        ) {
            let value = |at: usize| f32::from(values[at]) / 4.0;
            let scores: Vec<f32> = (0..rows).map(value).collect();
            let of = |a: usize| (0..rows).map(|b| value(a.min(b) * 14 + a.max(b))).collect();
            let similar: Vec<Vec<f32>> = (0..rows).map(of).collect();
            let lambda = f64::from(lambda) / 4.0;
            let mut mmr = Mmr::new(scores.clone(), k, lambda);
            while !mmr.step(|a, b| similar[a][b]) {}
            prop_assert_eq!(mmr.into_picked(), picked_eagerly(&scores, &similar, k, lambda));
        }
    }

    #[test]
    fn what_is_out_is_not_compared_and_no_step_compares_more_than_there_are_rows() {
        let random =
            |seed: usize| (seed as u32).wrapping_mul(2_654_435_761).rotate_left(15).wrapping_mul(2_246_822_519) >> 8;
        let scores: Vec<f32> = (0..200).map(|row| 1.0 - row as f32 / 200.0).collect();
        let asked = Cell::new(0);
        let mut mmr = Mmr::new(scores, 100, 0.5);
        let mut all = 0;
        loop {
            asked.set(0);
            let done = mmr.step(|a, b| {
                asked.set(asked.get() + 1);
                random(a.min(b) * 200 + a.max(b)) as f32 / 2.0_f32.powi(24)
            });
            assert!(asked.get() <= 201, "{}", asked.get());
            all += asked.get();
            if done {
                break;
            }
        }
        assert!(all < 100 * 200 / 2, "{all}");
        assert_eq!(mmr.into_picked().len(), 100);
    }
}
