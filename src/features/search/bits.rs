//! One bit of each number: whether it is above the middle of all rows' numbers in its dimension. Rows that lie near each
//! other differ in few bits.
//!
//! The middle is taken from what is there, and taken anew when rows that came since have moved it; all bits are then made
//! again, slice by slice ([`Rows::settle`](super::rows::Rows::settle)).

use super::bitmap::WORD;
use super::chunks::Chunk;
use super::quantise::Packed;

/// How far the middle may be from where it was taken, in lengths of a row.
const DRIFT: f64 = 0.02;

/// The sums of rows' numbers.
#[derive(Debug)]
pub struct Sums {
    numbers: Vec<f64>,
    /// How many rows these are of.
    rows: usize,
}

impl Sums {
    /// Of no rows yet, of `stride` numbers.
    pub fn new(stride: usize) -> Self {
        Self { numbers: vec![0.0; stride], rows: 0 }
    }

    /// Adds a row.
    pub fn count(&mut self, packed: Packed<'_>) {
        let scale = f64::from(packed.scale);
        self.numbers.iter_mut().zip(packed.codes).for_each(|(sum, code)| *sum += scale * f64::from(*code));
        self.rows += 1;
    }
}

/// The bits of rows, in chunks as the codes have them.
#[derive(Debug)]
pub struct Bits {
    words: usize,
    shift: u32,
    chunks: Vec<Chunk<u64>>,
    /// Of all rows.
    sums: Sums,
    centre: Vec<f32>,
    /// How many rows there were when the centre was taken.
    centred: usize,
    /// Changes with the centre.
    version: u32,
    settled: usize,
}

impl Bits {
    /// Of rows of `stride` numbers, 2 to the `shift` in a chunk.
    pub fn new(stride: usize, shift: u32) -> Self {
        Self {
            words: stride.div_ceil(u64::BITS as usize),
            shift,
            chunks: Vec::new(),
            sums: Sums::new(stride),
            centre: vec![0.0; stride],
            centred: 0,
            version: 0,
            settled: 0,
        }
    }

    /// Which centre the bits are of.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// How many rows have their bits.
    pub fn settled(&self) -> usize {
        self.settled
    }

    /// Takes a row into the middle.
    pub fn count(&mut self, packed: Packed<'_>) {
        self.sums.count(packed);
    }

    /// Row `from` is row `to` from now on, which comes before it.
    pub fn moved(&mut self, from: usize, to: usize) {
        let Some(bits) = self.row(from).map(<[u64]>::to_vec) else {
            self.settled = self.settled.min(to);
            return;
        };
        let (words, at) = (self.words, (to & ((1 << self.shift) - 1)) * self.words);
        if let Some(chunk) = self.chunks.get_mut(to >> self.shift) {
            chunk.row_mut(at, words).copy_from_slice(&bits);
        }
    }

    /// No more than `rows` rows are left, of which these are the sums.
    pub fn end(&mut self, rows: usize, sums: Sums) {
        self.sums = sums;
        self.settled = self.settled.min(rows);
        self.chunks.truncate(rows.div_ceil(1 << self.shift));
        // The middle may be elsewhere without those that have gone: it is looked at anew.
        self.centred = 0;
    }

    /// Takes the middle for the centre, if it is far from it; looked at when there are a quarter more rows than before.
    pub fn centre(&mut self) {
        let Sums { numbers, rows: count } = &self.sums;
        if *count * 4 < self.centred * 5 || *count == 0 || *count == self.centred {
            return;
        }
        let rows = *count as f64;
        let off = numbers.iter().zip(&self.centre).map(|(sum, centre)| sum / rows - f64::from(*centre));
        if off.map(|off| off * off).sum::<f64>().sqrt() > DRIFT {
            self.centre.iter_mut().zip(numbers).for_each(|(centre, sum)| *centre = (sum / rows) as f32);
            self.version = self.version.wrapping_add(1);
            self.settled = 0;
        }
        self.centred = *count;
    }

    /// Makes the bits of the next row.
    pub fn settle(&mut self, packed: Packed<'_>) {
        let (words, chunk) = (self.words, self.settled >> self.shift);
        let at = (self.settled & ((1 << self.shift) - 1)) * words;
        if self.chunks.len() <= chunk {
            self.chunks.push(Chunk::new(words << self.shift));
        }
        let numbers = packed.codes.iter().map(|code| f32::from(*code) * packed.scale);
        let row = self.chunks.get_mut(chunk).map(|chunk| chunk.row_mut(at, words)).unwrap_or_default();
        above(numbers, &self.centre, row);
        self.settled += 1;
    }

    /// The bits of a query.
    pub fn query(&self, numbers: &[f32]) -> Vec<u64> {
        let mut bits = vec![0; self.words];
        above(numbers.iter().copied(), &self.centre, &mut bits);
        bits
    }

    /// The bits of the rows of a word of a bitmap, as far as they have some.
    pub fn block(&self, word: usize) -> &[u64] {
        let first = word * WORD;
        let count = self.settled.saturating_sub(first).min(WORD);
        let at = (first & ((1 << self.shift) - 1)) * self.words;
        self.chunks.get(first >> self.shift).map(|chunk| chunk.row(at, count * self.words)).unwrap_or_default()
    }

    /// The bits of `row`; none if it has none yet.
    fn row(&self, row: usize) -> Option<&[u64]> {
        let at = (row & ((1 << self.shift) - 1)) * self.words;
        self.chunks.get(row >> self.shift).filter(|_| row < self.settled).map(|chunk| chunk.row(at, self.words))
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let beside = self.centre.len() * (size_of::<f64>() + size_of::<f32>());
        self.chunks.iter().map(Chunk::memory).sum::<usize>() + beside
    }
}

/// Which of the numbers are above the centre.
fn above(numbers: impl Iterator<Item = f32>, centre: &[f32], bits: &mut [u64]) {
    bits.fill(0);
    for (at, (number, centre)) in numbers.zip(centre).enumerate() {
        if let Some(word) = bits.get_mut(at / u64::BITS as usize) {
            *word |= u64::from(number > *centre) << (at % u64::BITS as usize);
        }
    }
}
