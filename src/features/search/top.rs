//! The k best.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::order::Order;

/// A row and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The row's number.
    pub row: u32,
    /// The cosine of the angle between query and row, -1 to 1.
    pub score: f32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hit: Hit,
    order: Order,
}

impl Entry {
    /// By score, the highest first, and then by order: `Less` is better.
    fn compare(&self, other: &Self) -> Ordering {
        other.hit.score.total_cmp(&self.hit.score).then(self.order.cmp(&other.order))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

/// Keeps the k best of what it is offered: by score, and equal ones by their order.
#[derive(Clone, Debug)]
pub struct Top {
    k: usize,
    /// The worst on top.
    heap: BinaryHeap<Entry>,
}

impl Top {
    /// Of `k`, which may be more than there will be, and none.
    pub fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// Takes a row if it is one of the best so far. `order` is asked where scores are equal, and of what is taken.
    pub fn offer(&mut self, row: u32, score: f32, order: impl FnOnce() -> Order) {
        if score.is_nan() || self.k == 0 {
            return;
        }
        // -0 is 0.
        let hit = Hit { row, score: score + 0.0 };
        if self.heap.len() < self.k {
            self.heap.push(Entry { hit, order: order() });
        } else if let Some(mut worst) = self.heap.peek_mut()
            && hit.score >= worst.hit.score
        {
            let entry = Entry { hit, order: order() };
            if entry < *worst {
                *worst = entry;
            }
        }
    }

    /// What a score has to reach: that of the k-th best. None while there are fewer.
    pub fn least(&self) -> Option<f32> {
        if self.k == 0 {
            return Some(f32::INFINITY);
        }
        self.heap.peek().filter(|_| self.heap.len() >= self.k).map(|worst| worst.hit.score)
    }

    /// How many more it takes, whatever they score.
    pub fn room(&self) -> usize {
        self.k - self.heap.len()
    }

    /// The best, the very best first.
    pub fn into_hits(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(|entry| entry.hit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_head_of_all_sorted(scores in prop::collection::vec(-3_i32..3, 0..60), k in 0..70_usize) {
            let mut top = Top::new(k);
            // Ties go by an order that is not the rows'.
            let order = |row: u32| Order { stamp: u64::from(row % 3), tie: 99 - u64::from(row) };
            for (row, score) in scores.iter().enumerate() {
                top.offer(row as u32, *score as f32 / 4.0, || order(row as u32));
            }
            let mut all: Vec<_> = scores.iter().enumerate().map(|(row, score)| (-score, order(row as u32), row)).collect();
            all.sort_unstable();
            all.truncate(k);
            let full = k <= scores.len();
            let least = all.last().filter(|_| full).map(|(score, ..)| -*score as f32 / 4.0);
            prop_assert_eq!(top.room(), k.saturating_sub(scores.len()));
            prop_assert_eq!(top.least(), if k == 0 { Some(f32::INFINITY) } else { least });
            let rows: Vec<_> = top.into_hits().into_iter().map(|hit| hit.row as usize).collect();
            prop_assert_eq!(rows, all.into_iter().map(|(.., row)| row).collect::<Vec<_>>());
        }
    }

    #[test]
    fn no_number_is_not_best() {
        let mut top = Top::new(2);
        top.offer(0, f32::NAN, Order::default);
        top.offer(1, -1.0, Order::default);
        assert_eq!(top.into_hits(), [Hit { row: 1, score: -1.0 }]);
    }
}
