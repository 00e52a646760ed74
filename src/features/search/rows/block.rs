//! Rows as a scan reads them.

/// The rows of a word of a bitmap.
#[derive(Clone, Copy, Debug)]
pub struct Block<'a> {
    pub(super) codes: &'a [i8],
    pub(super) widths: &'a [[f32; 2]],
    pub(super) stride: usize,
}

impl<'a> Block<'a> {
    /// The codes of a row, by its place in the word.
    #[inline(always)]
    pub fn codes(&self, at: usize) -> &'a [i8] {
        self.codes.get(at * self.stride..(at + 1) * self.stride).unwrap_or_default()
    }

    /// Its scale and its residual.
    #[inline(always)]
    pub fn widths(&self, at: usize) -> [f32; 2] {
        self.widths.get(at).copied().unwrap_or_default()
    }
}
