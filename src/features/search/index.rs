//! The index: vectors and their documents in a store, the vectors in memory to be searched.
//!
//! What is where: [`persist`](super::persist) explains how it stands in the store and why it stays whole; [`scan`](super::scan)
//! how it is searched.

mod cache;
mod delete;
mod documents;
mod ids;
mod line;
mod maintain;
mod options;
mod outage;
mod passes;
mod random;
mod search;
mod stage;
mod state;
mod table;
mod write;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use documents::Documents;
pub use options::{IndexOptions, Pause};
pub use random::{Random, SeededRandom};
pub use search::{Found, Mask, MmrOptions, SearchOptions};
pub use stage::Stage;
pub(super) use state::{Own, State};
pub(super) use table::{Brought, Kept, Segment, Table};

use self::line::Line;
use self::passes::Passes;
use super::persist::Port;
use super::persist::look::Due;
use super::rows::Memory;
use crate::{ByteStore, Error, Result};

/// Vectors and documents in a store; see the module.
///
/// Handles on one index may be many, in one process or in several: each keeps what all have written
/// ([`persist`](super::persist)). A handle's searches go on while it writes; what is added together is found together.
/// Its methods take `&self`. Dropping a future cancels the call: what it would have written is there whole, or not at all.
///
/// ```
/// use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
/// use bytestow::InMemoryByteStore;
/// use bytestow::features::search::{IndexOptions, SearchOptions, VectorIndex};
///
/// # futures_executor::block_on(async {
/// let store = Arc::new(InMemoryByteStore::new());
/// let index = VectorIndex::new(store.clone(), IndexOptions::new("some-model-v1")?)?;
/// let mut stage = index.stage();
/// stage.push("cat", &[0.9, 0.1, 0.0], b"a cat")?;
/// stage.push("dog", &[0.7, 0.7, 0.1], b"a dog")?;
/// stage.push("sea", &[0.0, 0.2, 5.0], b"the sea")?;
/// index.commit(stage).await?;
///
/// // Another handle, later: nothing is embedded again.
/// let index = VectorIndex::new(store, IndexOptions::new("some-model-v1")?)?;
/// let found = index.search(&[1.0, 0.2, 0.0], 2, SearchOptions::default()).await?;
/// assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["cat", "dog"]);
/// assert_eq!(found[0].document, b"a cat");
/// assert!(found[0].score > 0.99);
///
/// index.remove(["cat"]).await?;
/// assert_eq!(index.get(["cat", "sea"]).await?, [None, Some(b"the sea".to_vec())]);
/// # Ok::<(), bytestow::Error>(()) }).unwrap();
/// ```
pub struct VectorIndex {
    pub(super) port: Port,
    pub(super) options: IndexOptions,
    state: Mutex<State>,
    /// Those who look at the store.
    pub(super) looking: Line,
    /// Those who bring rows into memory.
    pub(super) bringing: Line,
    /// Those who write.
    pub(super) writing: Line,
    /// Those who tidy up.
    pub(super) maintaining: Line,
    passes: Passes,
}

/// What an index takes, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexMemory {
    /// The rows.
    pub rows: Memory,
    /// Ids, and where documents stand.
    pub documents: usize,
    /// What was read lately.
    pub cached: usize,
}

impl VectorIndex {
    /// The index of `options.name` in `store`. Nothing is read before it is needed, or [`open`](Self::open) is called.
    ///
    /// # Errors
    /// `invalid_argument` for an empty name or model, and for no dimensions or more than 65,536.
    pub fn new(store: Arc<dyn ByteStore>, options: IndexOptions) -> Result<Self> {
        options.check()?;
        Ok(Self {
            port: Port::new(store, &options.name),
            state: Mutex::new(State::new(&options)),
            options,
            looking: Line::default(),
            bringing: Line::default(),
            writing: Line::default(),
            maintaining: Line::default(),
            passes: Passes::default(),
        })
    }

    /// Reads the index, if that was not done yet. Of each vector one byte a dimension is read and kept; documents are
    /// not.
    ///
    /// # Errors
    /// `invalid_argument` for an index that was made with another model, or other dimensions, naming both; `corrupt` for
    /// what cannot be read, naming the key; what the store says.
    pub async fn open(&self) -> Result<()> {
        if self.state().looked.is_some() { Ok(()) } else { self.refresh_if(Due::Never).await }
    }

    /// Sees what other handles have written.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn refresh(&self) -> Result<()> {
        self.refresh_if(Due::Always).await
    }

    /// How many documents there are, as far as was looked.
    pub fn len(&self) -> usize {
        self.state().table.as_ref().map_or(0, Table::live)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers in a vector, once that is known.
    pub fn dimensions(&self) -> Option<usize> {
        self.state().dimensions
    }

    /// The numbering of rows, which changes now and then, and how many rows there are, dead ones included: what a
    /// [`Mask`] is about.
    pub fn rows(&self) -> (u64, usize) {
        self.state().table.as_ref().map_or((0, 0), Table::numbering)
    }

    /// What the index takes in memory.
    pub fn memory(&self) -> IndexMemory {
        let state = self.state();
        let cached = state.cache.memory();
        let of_table = state.table.as_ref().map(|table| (table.rows().memory(), table.memory()));
        let (rows, documents) = of_table.unwrap_or_default();
        IndexMemory { rows, documents, cached }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> u64 {
        self.options.clock.now_ms()
    }

    /// Lets others do something, where that is asked for.
    pub(super) async fn pause(&self) {
        if let Some(pause) = &self.options.pause {
            pause.pause().await;
        }
    }

    /// Which model and dimensions there are, and which were asked for.
    pub(super) fn other_model(&self, model: &str, dimensions: u32) -> Error {
        let IndexOptions { name, model: asked, .. } = &self.options;
        let numbers = |count: Option<usize>| count.map_or(String::new(), |count| format!(" of {count} dimensions"));
        let (there, here) = (numbers(Some(dimensions as usize).filter(|count| *count > 0)), self.dimensions());
        // As they are: what `{:?}` writes them by weighs 4 kB.
        Error::invalid_argument(format!(
            "the index \"{name}\" holds vectors of the model \"{model}\"{there}, and this is \"{asked}\"{}: give the index \
             of another model another name",
            numbers(here.or(self.options.dimensions))
        ))
    }
}
