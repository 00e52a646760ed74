//! Getting rid of dead rows where they are, a slice at a time: rows that live move down over those that do not.
//!
//! Nothing is held twice. Between slices all is whole: rows that have moved have their new numbers, the others their old
//! ones, and what lies between is dead.

use super::Rows;
use crate::features::search::bits::Sums;
use crate::features::search::order::Orders;

/// Looking at a dead row costs so much less than moving one that lives.
const DEAD_FASTER: usize = 16;

/// How far that has come.
#[derive(Debug)]
pub(super) struct Compaction {
    /// The next row that is looked at.
    from: usize,
    /// Where the next one that lives goes.
    to: usize,
    /// The orders of those that have moved.
    orders: Orders,
    /// The sums of those, where there are bits.
    sums: Option<Sums>,
}

impl Compaction {
    /// The order of `row`, if it has moved.
    pub fn order(&self, row: u32) -> Option<crate::features::search::Order> {
        ((row as usize) < self.to).then(|| self.orders.of(row))
    }

    pub fn memory(&self) -> usize {
        self.orders.memory()
    }
}

impl Rows {
    /// Gives up to about `budget` rows that live the numbers they have without the dead ones before them, and tells
    /// `moved` each: its old number and the new one, which comes in order. Whether all have theirs then; until they do, rows
    /// may be pushed and killed. Numbers in 32 bits stay in memory as far as there is room.
    pub fn compact(&mut self, budget: usize, mut moved: impl FnMut(u32, u32)) -> bool {
        let mut state = self.compaction.take().unwrap_or_else(|| {
            let sums = self.bits.as_ref().map(|_| Sums::new(self.stride));
            Box::new(Compaction { from: 0, to: 0, orders: Orders::default(), sums })
        });
        let mut left = budget.max(1).saturating_mul(DEAD_FASTER);
        let (mut codes, mut numbers) = (Vec::new(), Vec::new());
        while state.from < self.len && left > 0 {
            let (from, to) = (state.from, state.to);
            let lives = self.live.contains(from);
            if lives {
                let order = self.orders.of(from as u32);
                state.orders.push(to as u32, order);
                if let Some(sums) = &mut state.sums {
                    sums.count(self.packed(from as u32));
                }
                if from != to {
                    self.move_row(from, to, &mut codes, &mut numbers);
                }
                moved(from as u32, to as u32);
                state.to += 1;
            } else {
                self.has_exact.remove(from);
            }
            left = left.saturating_sub(if lives { DEAD_FASTER } else { 1 });
            state.from += 1;
            self.passed(state.from, state.to);
        }
        let done = state.from >= self.len;
        if done {
            self.orders = state.orders;
            if let (Some(bits), Some(sums)) = (&mut self.bits, state.sums) {
                bits.end(state.to, sums);
            }
            self.truncate(state.to);
        } else {
            self.compaction = Some(state);
        }
        done
    }

    fn move_row(&mut self, from: usize, to: usize, codes: &mut Vec<i8>, numbers: &mut Vec<f32>) {
        let packed = self.packed(from as u32);
        let widths = [packed.scale, packed.residual];
        codes.clear();
        codes.extend_from_slice(packed.codes);
        let (chunk, at) = self.place(to);
        if let Some(chunk) = self.codes.get_mut(chunk) {
            chunk.row_mut(at, self.stride).copy_from_slice(codes);
        }
        let within = to & ((1 << self.shift) - 1);
        if let Some(place) = self.widths.get_mut(chunk).and_then(|chunk| chunk.get_mut(within)) {
            *place = widths;
        }
        if let Some(bits) = &mut self.bits {
            bits.moved(from, to);
        }
        if let Some(exact) = self.exact(from as u32) {
            numbers.clear();
            numbers.extend_from_slice(exact);
            self.has_exact.remove(from);
            self.keep_exact(to as u32, numbers);
        }
        self.live.remove(from);
        self.live.insert(to);
    }

    /// Lets go of the numbers of a chunk that nothing of is left in: that makes room for those of others.
    fn passed(&mut self, from: usize, to: usize) {
        let chunk = from >> self.shift;
        if from & ((1 << self.shift) - 1) == 0
            && let Some(last) = chunk.checked_sub(1).filter(|last| to <= last << self.shift)
            && let Some(gone) = self.exact.get_mut(last).and_then(Option::take)
        {
            self.exact_bytes -= gone.memory();
        }
    }

    fn truncate(&mut self, len: usize) {
        (self.len, self.shown) = (len, len);
        let chunks = len.div_ceil(1 << self.shift);
        self.codes.truncate(chunks);
        self.widths.truncate(chunks);
        self.exact.drain(chunks.min(self.exact.len())..).flatten().for_each(|gone| self.exact_bytes -= gone.memory());
        let within = len & ((1 << self.shift) - 1);
        if within > 0 {
            // What is pushed next finds zeros, as it would in a new chunk.
            self.codes.last_mut().into_iter().for_each(|chunk| chunk.truncate(within * self.stride));
            self.widths.last_mut().into_iter().for_each(|chunk| chunk.truncate(within));
        }
        self.codes.shrink_to_fit();
    }
}
