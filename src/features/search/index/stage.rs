//! What is to be added, looked through before anything is written.

use super::ids::Ids;
use crate::features::search::Packed;
use crate::features::search::persist::format::LONGEST_ID;
use crate::features::search::quantise;
use crate::features::search::vector::{Role, unit};
use crate::{Error, Result};

/// A document that is to be added.
#[derive(Clone, Debug)]
pub(crate) struct Staged {
    pub id: Box<str>,
    /// The row, padded.
    pub row: Vec<f32>,
    pub document: Box<[u8]>,
    codes: Box<[i8]>,
    widths: (f32, f32),
}

impl Staged {
    pub fn packed(&self) -> Packed<'_> {
        Packed { codes: &self.codes, scale: self.widths.0, residual: self.widths.1 }
    }
}

/// Documents that are to be added together: by [`VectorIndex::commit`](super::VectorIndex::commit), all or none.
///
/// Of an id that is pushed twice the last counts.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    dimensions: Option<usize>,
    staged: Vec<Staged>,
    ids: Ids,
    /// Of each id the place of the last that was pushed under it.
    last: Vec<usize>,
}

impl Stage {
    /// An empty one. Without dimensions, the first vector says how many there are.
    pub fn new(dimensions: Option<usize>) -> Self {
        Self { dimensions, ..Self::default() }
    }

    /// One more document, under `id`. The vector is of any length: only where it points counts.
    ///
    /// # Errors
    /// `invalid_argument`, which names the vector by its place in the stage, for another number of dimensions than the
    /// others have, and for a number that is not finite; for an id that is longer than 65,535 bytes.
    pub fn push(&mut self, id: &str, vector: &[f64], document: &[u8]) -> Result<()> {
        let at = self.staged.len();
        if id.len() > LONGEST_ID {
            let message = format!("the id of vector {at} has {} bytes: at most {LONGEST_ID}", id.len());
            return Err(Error::invalid_argument(message));
        }
        if u32::try_from(document.len()).is_err() {
            return Err(Error::too_large("a document", document.len() as u64, u32::MAX.into()));
        }
        let row = unit(vector, self.dimensions.unwrap_or(vector.len()), Role::Vector(at))?;
        self.dimensions = Some(vector.len());
        let mut codes = vec![0; row.len()].into_boxed_slice();
        let widths = quantise::pack(&row, &mut codes);
        let number = self.ids.intern(id) as usize;
        match self.last.get_mut(number) {
            Some(place) => *place = at,
            None => self.last.push(at),
        }
        self.staged.push(Staged { id: id.into(), row, document: document.into(), codes, widths });
        Ok(())
    }

    /// How many were pushed.
    pub fn len(&self) -> usize {
        self.staged.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.staged.is_empty()
    }

    /// Numbers in a vector, if that is known.
    pub fn dimensions(&self) -> Option<usize> {
        self.dimensions
    }

    /// Those that count: of each id the last, in order.
    pub(crate) fn into_last(self) -> Vec<Staged> {
        if self.last.len() == self.staged.len() {
            return self.staged;
        }
        let kept: crate::features::search::Bitmap = self.last.into_iter().collect();
        let staged = self.staged.into_iter().enumerate();
        staged.filter(|(at, _)| kept.contains(*at)).map(|(_, staged)| staged).collect()
    }
}
