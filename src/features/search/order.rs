//! In which order equal scores come.

/// What decides between equal scores: the lesser comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// When it was written.
    pub stamp: u64,
    /// Who wrote it, and at which place in the call.
    pub tie: u64,
}

/// The orders of rows. Rows that were written together follow each other: such a run takes 24 bytes, however long it is.
#[derive(Debug, Default)]
pub struct Orders {
    /// First rows of runs, and their orders; within a run the tie grows by 1.
    runs: Vec<(u32, Order)>,
}

impl Orders {
    /// Says that of row `row`, which is behind all before.
    pub fn push(&mut self, row: u32, order: Order) {
        let goes_on = self.runs.last().is_some_and(|last| row > last.0 && at(*last, row) == order);
        if !goes_on {
            self.runs.push((row, order));
        }
    }

    /// The order of `row`.
    pub fn of(&self, row: u32) -> Order {
        let behind = self.runs.partition_point(|(first, _)| *first <= row);
        let run = behind.checked_sub(1).and_then(|at| self.runs.get(at));
        run.map(|run| at(*run, row)).unwrap_or_default()
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.runs.capacity() * size_of::<(u32, Order)>()
    }
}

fn at((first, order): (u32, Order), row: u32) -> Order {
    Order { stamp: order.stamp, tie: order.tie.wrapping_add(u64::from(row - first)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_row_has_its_own(given in prop::collection::vec((0..3_u64, 0..3_u64), 0..200)) {
            let mut orders = Orders::default();
            let mut tie = 0;
            let given: Vec<Order> = given.into_iter().map(|(stamp, jump)| {
                tie += jump;
                Order { stamp, tie }
            }).collect();
            given.iter().enumerate().for_each(|(row, order)| orders.push(row as u32, *order));
            for (row, order) in given.iter().enumerate() {
                prop_assert_eq!(orders.of(row as u32), *order);
            }
        }
    }

    #[test]
    fn a_run_takes_one_place() {
        let mut orders = Orders::default();
        (0..1_000).for_each(|row| orders.push(row, Order { stamp: 7, tie: 100 + u64::from(row) }));
        assert_eq!(orders.runs.len(), 1);
        assert_eq!(orders.of(999), Order { stamp: 7, tie: 1_099 });
    }
}
