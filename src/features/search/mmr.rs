//! Maximal marginal relevance: rows that are near the query and far from each other.

/// Picks rows, one a step, as LangChain does: the row with the greatest λ · score − (1 − λ) · s, where s is its greatest
/// similarity with a row that was picked, and of equal ones the first.
///
/// LangChain compares every row with every picked one at each pick; here each is compared once, with the last.
#[derive(Clone, Debug)]
pub struct Mmr {
    /// How similar each row is to the query.
    scores: Vec<f32>,
    /// How similar it is to the most similar row that was picked; of a row that was picked itself, nothing.
    nearest: Vec<Option<f32>>,
    picked: Vec<usize>,
    k: usize,
    lambda: f64,
}

impl Mmr {
    /// Of rows with these scores, `k`. λ is 1 for what is near the query alone, 0 for what is far from what was picked.
    pub fn new(scores: Vec<f32>, k: usize, lambda: f64) -> Self {
        let nearest = vec![Some(f32::NEG_INFINITY); scores.len()];
        Self { k: k.min(scores.len()), scores, nearest, picked: Vec::new(), lambda }
    }

    /// Picks one more row; whether all are picked. `similarity` is asked of the row that was picked last, and another.
    pub fn step(&mut self, similarity: impl Fn(usize, usize) -> f32) -> bool {
        if self.picked.len() >= self.k {
            return true;
        }
        if let Some(last) = self.picked.last() {
            for (row, nearest) in self.nearest.iter_mut().enumerate() {
                *nearest = nearest.map(|nearest| nearest.max(similarity(*last, row)));
            }
        }
        let mut best = (f64::NEG_INFINITY, None);
        for (row, (score, nearest)) in self.scores.iter().zip(&self.nearest).enumerate() {
            let Some(nearest) = nearest else { continue };
            // The first is the one that is nearest to the query, whatever λ.
            let worth = if self.picked.is_empty() {
                f64::from(*score)
            } else {
                self.lambda * f64::from(*score) - (1.0 - self.lambda) * f64::from(*nearest)
            };
            if worth > best.0 || best.1.is_none() {
                best = (worth, Some(row));
            }
        }
        if let Some(row) = best.1 {
            self.picked.push(row);
            self.nearest.iter_mut().skip(row).take(1).for_each(|nearest| *nearest = None);
        }
        self.picked.len() >= self.k
    }

    /// The rows that were picked, in the order in which they were.
    pub fn into_picked(self) -> Vec<usize> {
        self.picked
    }
}

#[cfg(test)]
mod tests {
    use super::super::quantise::Query;
    use super::super::vector::{Role, unit};
    use super::*;

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
}
