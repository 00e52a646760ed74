//! The rows that are searched, in memory.

mod block;
mod compact;
mod memory;

pub(super) use self::block::Block;
use self::compact::Compaction;
pub use self::memory::Memory;
use super::bitmap::{Bitmap, WORD};
use super::bits::Bits;
use super::chunks::{Chunk, rows_in_chunk};
use super::order::{Order, Orders};
use super::quantise::{self, Packed};
use super::vector::{Role, check_dimensions, padded};
use crate::{Error, Result};

/// How rows are kept.
#[derive(Clone, Copy, Debug)]
pub struct RowsOptions {
    /// How many bytes of memory the rows in 32 bits may take. Those beyond are for the caller to fetch.
    pub max_exact_bytes: usize,
    /// Whether a bit of each number is kept, too: searches are then [`Kind::Binary`](super::scan::Kind).
    pub bits: bool,
}

impl Default for RowsOptions {
    fn default() -> Self {
        Self { max_exact_bytes: 64 * 1024 * 1024, bits: false }
    }
}

/// Rows, numbered as they were pushed.
///
/// A row is 8-bit codes with a scale and a residual, what decides ties, a bit that says whether it lives, and, up to
/// [`RowsOptions::max_exact_bytes`], the row itself. Dead rows keep their numbers until they are
/// [compacted](Rows::compact).
#[derive(Debug)]
pub struct Rows {
    dimensions: usize,
    stride: usize,
    shift: u32,
    options: RowsOptions,
    len: usize,
    /// How many can be found, dead ones included: those that were pushed but are not shown yet stand behind them.
    shown: usize,
    codes: Vec<Chunk<i8>>,
    /// Scale and residual of each row.
    widths: Vec<Vec<[f32; 2]>>,
    exact: Vec<Option<Chunk<f32>>>,
    exact_bytes: usize,
    has_exact: Bitmap,
    orders: Orders,
    live: Bitmap,
    bits: Option<Bits>,
    compaction: Option<Box<Compaction>>,
}

impl Rows {
    /// No rows yet, of so many dimensions.
    ///
    /// # Errors
    /// `invalid_argument` for none, and for too many.
    pub fn new(dimensions: usize, options: RowsOptions) -> Result<Self> {
        check_dimensions(dimensions, Role::Vector(0))?;
        let stride = padded(dimensions);
        let shift = rows_in_chunk(stride).ilog2();
        Ok(Self {
            dimensions,
            stride,
            shift,
            options,
            len: 0,
            shown: 0,
            codes: Vec::new(),
            widths: Vec::new(),
            exact: Vec::new(),
            exact_bytes: 0,
            has_exact: Bitmap::new(),
            orders: Orders::default(),
            live: Bitmap::new(),
            bits: options.bits.then(|| Bits::new(stride, shift)),
            compaction: None,
        })
    }

    /// Numbers in a vector.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Numbers in a row, with what it is padded by.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// How many there are that can be found, dead ones included.
    pub fn shown(&self) -> usize {
        self.shown
    }

    /// How many there are, dead and hidden ones included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none, not even a dead one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Those that live.
    pub fn live(&self) -> &Bitmap {
        &self.live
    }

    /// Adds a row, packed here; gives its number. `row` is what [`unit`](super::vector::unit) gives, padded or not.
    ///
    /// # Errors
    /// `invalid_argument` for another length; `too_large` behind 2³² rows.
    pub fn push(&mut self, row: &[f32], order: Order) -> Result<u32> {
        self.check(row.len())?;
        let (scale, residual) = quantise::pack(row, self.room());
        let number = self.pushed([scale, residual], order);
        self.keep_exact(number, row);
        self.show(number, true);
        Ok(number)
    }

    /// Adds a row as it was packed before, to the byte; gives its number. Its numbers in 32 bits are for
    /// [`keep_exact`](Self::keep_exact), whenever they come.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_packed(&mut self, packed: Packed<'_>, order: Order) -> Result<u32> {
        let row = self.push_hidden(packed, order)?;
        self.show(row, true);
        Ok(row)
    }

    /// The same, of a row that is not there for anybody until it is [shown](Self::show): so many come slice by slice, and
    /// all at once. Until all are shown, dead rows stay where they are.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_hidden(&mut self, packed: Packed<'_>, order: Order) -> Result<u32> {
        self.check(packed.codes.len())?;
        // All at once: number by number takes longer than all else that is done to bring a row.
        if let Some(place) = self.room().get_mut(..packed.codes.len()) {
            place.copy_from_slice(packed.codes);
        }
        Ok(self.pushed([packed.scale, packed.residual], order))
    }

    fn check(&self, len: usize) -> Result<()> {
        if len != self.stride && len != self.dimensions {
            return Err(Error::invalid_argument(format!(
                "a row of {len} numbers, where they have {}",
                self.dimensions
            )));
        }
        if self.len >= u32::MAX as usize {
            return Err(Error::too_large("the index", self.len as u64 + 1, u64::from(u32::MAX)));
        }
        Ok(())
    }

    /// The chunk of a row, and where in it the row begins.
    fn place(&self, row: usize) -> (usize, usize) {
        let within = row & ((1 << self.shift) - 1);
        (row >> self.shift, within * self.stride)
    }

    /// Where the codes of the next row go.
    fn room(&mut self) -> &mut [i8] {
        let (chunk, at) = self.place(self.len);
        let (stride, numbers) = (self.stride, self.stride << self.shift);
        if self.codes.len() == chunk {
            self.codes.push(Chunk::new(numbers));
            self.widths.push(Vec::with_capacity(1 << self.shift));
            self.exact.push(None);
        }
        self.codes.last_mut().map(|chunk| chunk.row_mut(at, stride)).unwrap_or_default()
    }

    fn pushed(&mut self, widths: [f32; 2], order: Order) -> u32 {
        let row = self.len as u32;
        if let Some(of_chunk) = self.widths.last_mut() {
            of_chunk.push(widths);
        }
        self.orders.push(row, order);
        self.len += 1;
        if let Some(mut bits) = self.bits.take() {
            bits.count(self.packed(row));
            self.bits = Some(bits);
        }
        row
    }

    /// Shows hidden rows up to this one, which lives or does not; those before it that were hidden are dead.
    pub fn show(&mut self, row: u32, lives: bool) {
        let row = row as usize;
        self.shown = self.shown.max(self.len.min(row + 1));
        if lives && row < self.len {
            self.live.insert(row);
        }
    }

    /// Keeps the numbers of `row` in memory, if there is room; whether there was.
    pub fn keep_exact(&mut self, row: u32, numbers: &[f32]) -> bool {
        let (chunk, at) = self.place(row as usize);
        let (stride, room) = (self.stride, self.stride << self.shift);
        let Some(place) = self.exact.get_mut(chunk).filter(|_| (row as usize) < self.len) else { return false };
        if place.is_none() {
            if self.exact_bytes + room * size_of::<f32>() > self.options.max_exact_bytes {
                return false;
            }
            let new = Chunk::new(room);
            self.exact_bytes += new.memory();
            *place = Some(new);
        }
        if let Some(chunk) = place {
            let place = chunk.row_mut(at, stride);
            // Others may have been there before.
            place.fill(0.0);
            let numbers = numbers.get(..stride).unwrap_or(numbers);
            if let Some(place) = place.get_mut(..numbers.len()) {
                place.copy_from_slice(numbers);
            }
            self.has_exact.insert(row as usize);
        }
        true
    }

    /// Whether all rows there are would fit into memory in 32 bits, too. Where they would not, chunks for a row here and
    /// another there would fill it with nothing.
    pub fn has_room_for_exact(&self) -> bool {
        let chunk = (self.stride << self.shift) * size_of::<f32>();
        self.codes.len().saturating_mul(chunk) <= self.options.max_exact_bytes
    }

    /// The numbers of `row` in 32 bits, padded, if they are in memory.
    pub fn exact(&self, row: u32) -> Option<&[f32]> {
        if !self.has_exact.contains(row as usize) {
            return None;
        }
        let (chunk, at) = self.place(row as usize);
        self.exact.get(chunk)?.as_ref().map(|chunk| chunk.row(at, self.stride))
    }

    /// A row as it is scanned. Of a row that is not there, nothing.
    pub fn packed(&self, row: u32) -> Packed<'_> {
        let (chunk, at) = self.place(row as usize);
        let codes = self.codes.get(chunk).map(|chunk| chunk.row(at, self.stride)).unwrap_or_default();
        let within = row as usize & ((1 << self.shift) - 1);
        let [scale, residual] = self.widths.get(chunk).and_then(|chunk| chunk.get(within)).copied().unwrap_or_default();
        Packed { codes, scale, residual }
    }

    /// The rows of a word of a bitmap, as they are scanned.
    pub(super) fn block(&self, word: usize) -> Block<'_> {
        let (chunk, at) = self.place(word * WORD);
        let within = (word * WORD) & ((1 << self.shift) - 1);
        let codes = self.codes.get(chunk).and_then(|chunk| chunk.numbers().get(at..)).unwrap_or_default();
        let widths = self.widths.get(chunk).and_then(|widths| widths.get(within..)).unwrap_or_default();
        Block { codes, widths, stride: self.stride }
    }

    /// The bits, if any are kept.
    pub(super) fn bits(&self) -> Option<&Bits> {
        self.bits.as_ref()
    }

    /// Makes the bits of up to `budget` rows that have none yet; whether all have. To be called until then before a
    /// [`Pass`](super::scan::Pass), which takes a row that has none for a near one. Nothing to do where none are kept.
    pub fn settle(&mut self, budget: usize) -> bool {
        let Some(mut bits) = self.bits.take() else { return true };
        bits.centre();
        let from = bits.settled();
        let to = self.len.min(from.saturating_add(budget.max(1)));
        (from..to).for_each(|row| bits.settle(self.packed(row as u32)));
        self.bits = Some(bits);
        to == self.len
    }

    /// What decides between `row` and others of its score.
    pub fn order(&self, row: u32) -> Order {
        let moved = self.compaction.as_ref().and_then(|compaction| compaction.order(row));
        moved.unwrap_or_else(|| self.orders.of(row))
    }

    /// Takes a row out of all searches; whether it was in.
    pub fn kill(&mut self, row: u32) -> bool {
        self.live.remove(row as usize)
    }
}
