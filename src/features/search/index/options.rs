//! How an index is opened.

use std::sync::Arc;
use std::time::Duration;

use super::random::{Random, SeededRandom};
use crate::features::search::Kind;
use crate::features::search::vector::MAX_DIMENSIONS;
use crate::{BoxFuture, Error, Observer, Portable, Result, SharedClock, SystemClock};

/// Called between the slices of what takes long, so that a thread that does other things too can do them.
pub trait Pause: Portable {
    /// Ends when the index may go on.
    fn pause(&self) -> BoxFuture<'_, ()>;
}

/// Options of a [`VectorIndex`](super::VectorIndex).
#[derive(Clone)]
#[non_exhaustive]
pub struct IndexOptions {
    /// The index's name: what its keys begin with. Default: `vectors`.
    pub name: String,
    /// The name of the model that makes the vectors.
    pub model: String,
    /// Numbers in a vector. Without it, the first vector says.
    pub dimensions: Option<usize>,
    /// How it is searched.
    pub kind: Kind,
    /// How many bytes of memory rows in 32 bits may take, beside those in 8 bits. Default: 64 MiB.
    pub max_resident_bytes: usize,
    /// How many bytes of memory documents, and rows in 32 bits, may take that were read lately: what is searched for again
    /// is not read again. Default: 4 MiB.
    pub max_cached_bytes: usize,
    /// Searches look for what others have written when the last look is older. Default: 1 s.
    pub refresh: Duration,
    /// Whether calls that read go on with what is known when a look fails because the store cannot be asked: for stores
    /// that answer from copies then, as [`TieredByteStore`](crate::layers::TieredByteStore) does. Writes always ask. A look
    /// that failed is not taken again by them for as long as it took, nor for `refresh` or 5 s, whichever is less, but
    /// within a minute. Default: false.
    pub stale_if_error: bool,
    /// Told, once an outage, when calls go on so: [`StoreError`](crate::event::Event::StoreError). Default: nobody.
    pub observer: Option<Observer>,
    /// The clock.
    pub clock: SharedClock,
    /// Where names of writers come from.
    pub random: Arc<dyn Random>,
    /// Called between the slices of what takes long.
    pub pause: Option<Arc<dyn Pause>>,
}

impl IndexOptions {
    /// The defaults, for a model of this name.
    ///
    /// # Errors
    /// `invalid_argument` for an empty name of the model: vectors of two models must not meet.
    pub fn new(model: impl Into<String>) -> Result<Self> {
        Self::with(model.into(), Arc::new(SystemClock), Arc::new(SeededRandom::from_system()))
    }

    /// The defaults otherwise, with a clock and a source of random numbers: nothing is asked of the system.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(model: String, clock: SharedClock, random: Arc<dyn Random>) -> Result<Self> {
        let options = Self {
            name: "vectors".to_owned(),
            model,
            dimensions: None,
            kind: Kind::default(),
            max_resident_bytes: 64 * 1024 * 1024,
            max_cached_bytes: 4 * 1024 * 1024,
            refresh: Duration::from_secs(1),
            stale_if_error: false,
            observer: None,
            clock,
            random,
            pause: None,
        };
        options.check()?;
        Ok(options)
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.model.is_empty() {
            return Err(Error::invalid_argument("model must be the name of the model that embeds, not empty"));
        }
        if self.name.is_empty() {
            return Err(Error::invalid_argument("an index must have a name"));
        }
        match self.dimensions {
            Some(dimensions) if !(1..=MAX_DIMENSIONS).contains(&dimensions) => {
                Err(Error::invalid_argument(format!("dimensions must be 1 to {MAX_DIMENSIONS}, not {dimensions}")))
            }
            _ => Ok(()),
        }
    }
}
