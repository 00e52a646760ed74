//! Rows of numbers in memory, in chunks that never move: growing copies nothing and needs no room twice.

use super::bitmap::WORD;

/// What a chunk of 8-bit codes aims at, in bytes.
const TARGET: usize = 256 * 1024;

/// Rows begin at such addresses, if their length allows: no vector is read across two lines of a cache.
const ALIGNMENT: usize = 64;

/// How many rows of `stride` numbers a chunk has: a power of two, so that a row is found by a shift, and whole words of a
/// bitmap.
pub fn rows_in_chunk(stride: usize) -> usize {
    let rows = (TARGET / stride.max(1)).max(WORD);
    1 << rows.ilog2()
}

/// A chunk: room for a number of rows, taken once.
#[derive(Debug)]
pub struct Chunk<T> {
    numbers: Vec<T>,
    /// Where the first row begins.
    start: usize,
}

impl<T: Copy + Default> Chunk<T> {
    /// Room for `len` numbers.
    pub fn new(len: usize) -> Self {
        let slack = ALIGNMENT / size_of::<T>();
        let mut numbers: Vec<T> = Vec::with_capacity(len + slack);
        let start = numbers.as_ptr().align_offset(ALIGNMENT).min(slack);
        numbers.resize(start, T::default());
        Self { numbers, start }
    }

    /// Its numbers.
    pub fn numbers(&self) -> &[T] {
        self.numbers.get(self.start..).unwrap_or_default()
    }

    /// The row that begins at `at`.
    pub fn row(&self, at: usize, stride: usize) -> &[T] {
        self.numbers().get(at..at + stride).unwrap_or_default()
    }

    /// Room for the row that begins at `at`, zeros if it was not there.
    pub fn row_mut(&mut self, at: usize, stride: usize) -> &mut [T] {
        let at = self.start + at;
        if self.numbers.len() < at + stride {
            // Within its capacity: nothing moves.
            self.numbers.resize(at + stride, T::default());
        }
        self.numbers.get_mut(at..at + stride).unwrap_or_default()
    }

    /// Forgets what is behind the first `len` numbers.
    pub fn truncate(&mut self, len: usize) {
        self.numbers.truncate(self.start + len);
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.numbers.capacity() * size_of::<T>()
    }
}
