//! The class `Engine`: an index.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytestow::features::search::{
    Bitmap, Found, IndexOptions, Kind, Mask, MmrOptions, SearchOptions, SeededRandom, Stage, VectorIndex,
};
use bytestow::web::JsClock;
use bytestow::{Keys, Result};
use js_sys::{Array, Float64Array, Function};
use wasm_bindgen::prelude::*;

use crate::answers::{self, failure, misused, stale};
use crate::mailbox::Mailbox;
use crate::tasks::{Job, Tasks};

/// How the index works, by index into `settings`.
mod at {
    pub const DIMENSIONS: usize = 0;
    pub const KIND: usize = 1;
    pub const MAX_RESIDENT_BYTES: usize = 2;
    pub const REFRESH_MS: usize = 3;
    pub const STALE_IF_ERROR: usize = 4;
}

/// What wasm's memory is counted in, in bytes.
const PAGE: usize = 65_536;

/// An index in a store, and the calls on it. Methods that give a number begin a task.
#[wasm_bindgen]
pub struct Engine {
    index: Arc<VectorIndex>,
    mailbox: Mailbox,
    tasks: RefCell<Tasks>,
    stages: RefCell<Vec<(u32, Stage)>>,
}

#[wasm_bindgen]
impl Engine {
    /// The index whose keys begin with `prefix`. The settings are dimensions (0 for unknown), kind (0 int8, 1 binary), how
    /// many bytes of rows in 32 bits may stay in memory, how old the last look at the store may be, in milliseconds, and
    /// whether (1) calls that read go on without one when the store cannot be asked.
    #[wasm_bindgen(constructor)]
    pub fn new(
        prefix: String,
        model: String,
        settings: &[f64],
        now: Function,
        random: &[u8],
    ) -> std::result::Result<Self, JsValue> {
        let setting = |at: usize| settings.get(at).copied().unwrap_or_default();
        let mailbox = Mailbox::default();
        let options = || -> Result<IndexOptions> {
            let random = Arc::new(SeededRandom::from_bytes(random));
            let mut options = IndexOptions::with(model, Arc::new(JsClock::new(now)), random)?;
            options.name = prefix;
            options.dimensions = Some(setting(at::DIMENSIONS) as usize).filter(|dimensions| *dimensions > 0);
            options.kind = if setting(at::KIND) == 1.0 { Kind::Binary } else { Kind::Int8 };
            options.max_resident_bytes = setting(at::MAX_RESIDENT_BYTES) as usize;
            options.refresh = Duration::from_millis(setting(at::REFRESH_MS) as u64);
            options.stale_if_error = setting(at::STALE_IF_ERROR) == 1.0;
            options.observer = Some(Arc::new(mailbox.clone()));
            options.pause = Some(Arc::new(mailbox.clone()));
            Ok(options)
        };
        let index = options().and_then(|options| VectorIndex::new(Arc::new(mailbox.clone()), options));
        let index = Arc::new(index.map_err(|error| failure(&error))?);
        Ok(Self { index, mailbox, tasks: RefCell::default(), stages: RefCell::default() })
    }

    /// Puts vectors and their documents into a stage, behind what is there; a new one if need be. Ids are in one string,
    /// their lengths in UTF-16 code units beside it; so are the documents.
    #[expect(clippy::too_many_arguments, reason = "each array crosses by itself")]
    pub fn stage(
        &self,
        stage: u32,
        ids: String,
        id_lengths: &[u32],
        vectors: &[f64],
        dimensions: usize,
        documents: &[u8],
        document_lengths: &[u32],
    ) -> std::result::Result<(), JsValue> {
        let mut stages = self.stages.borrow_mut();
        if !stages.iter().any(|(id, _)| *id == stage) {
            stages.push((stage, self.index.stage()));
        }
        let Some((_, stage)) = stages.iter_mut().find(|(id, _)| *id == stage) else { return Ok(()) };
        let mut documents = documents;
        let ids = Keys::from_utf16_lengths(ids, id_lengths);
        for ((id, vector), length) in ids.iter().zip(vectors.chunks(dimensions.max(1))).zip(document_lengths) {
            let Some((document, rest)) = documents.split_at_checked(*length as usize) else {
                return Err(misused("fewer bytes than the documents have"));
            };
            documents = rest;
            stage.push(id, vector, document).map_err(|error| failure(&error))?;
        }
        Ok(())
    }

    /// Forgets a stage.
    pub fn discard(&self, stage: u32) {
        self.stages.borrow_mut().retain(|(id, _)| *id != stage);
    }

    /// `[generation, rows]`: which numbering of rows there is, and how many there are, dead ones included.
    pub fn rows(&self) -> Float64Array {
        let (generation, rows) = self.index.rows();
        Float64Array::from([generation as f64, rows as f64].as_slice())
    }

    /// Bytes of memory: `[codes, scales and the like, bits, rows in 32 bits, ids and places, all of the wasm]`; then how
    /// many documents there are.
    pub fn memory(&self) -> Float64Array {
        let memory = self.index.memory();
        let (rows, table) = (memory.rows, memory.documents + memory.cached);
        let all = core::arch::wasm32::memory_size::<0>() * PAGE;
        let counts = [rows.codes, rows.beside, rows.bits, rows.exact, table, all, self.index.len()];
        Float64Array::from(counts.map(|count| count as f64).as_slice())
    }

    /// Reads the index, if that was not done yet.
    pub fn open(&self) -> u32 {
        self.begin(|index| async move { Ok(done(index.open().await?)) })
    }

    /// Adds what is in a stage, which is gone then.
    pub fn commit(&self, stage: u32) -> u32 {
        let mut stages = self.stages.borrow_mut();
        let place = stages.iter().position(|(id, _)| *id == stage);
        let stage = place.map(|at| stages.remove(at).1);
        drop(stages);
        self.begin(|index| async move {
            match stage {
                Some(stage) => Ok(done(index.commit(stage).await?)),
                None => Err(Failed(misused("there is no such stage"))),
            }
        })
    }

    /// Removes documents, by their ids.
    pub fn remove(&self, ids: String, lengths: &[u32]) -> u32 {
        let ids = Keys::from_utf16_lengths(ids, lengths);
        self.begin(|index| async move { Ok(JsValue::from_f64(index.remove(ids.iter()).await? as f64)) })
    }

    /// Removes the documents of the rows that a mask has: how many there were. Fails as `search` does where the mask is stale.
    #[wasm_bindgen(js_name = removeRows)]
    pub fn remove_rows(&self, mask: &[u32], generation: f64, rows: usize) -> u32 {
        let mask = made(mask, generation, rows);
        self.begin(|index| async move {
            let removed = index.remove_rows(mask).await?;
            removed.map(|count| JsValue::from_f64(count as f64)).ok_or_else(|| Failed(stale()))
        })
    }

    /// Removes all documents.
    pub fn clear(&self) -> u32 {
        self.begin(|index| async move { Ok(done(index.clear().await?)) })
    }

    /// The documents of ids: an array of as many `Uint8Array | undefined`.
    pub fn get(&self, ids: String, lengths: &[u32]) -> u32 {
        let ids = Keys::from_utf16_lengths(ids, lengths);
        self.begin(|index| async move { Ok(answers::lookups(index.get(ids.iter()).await?)) })
    }

    /// The nearest `k`: `[ids, scores, documents, places]`, documents side by side with a comma between each two, and of each
    /// how many bytes it has. A threshold that is no number is none. Fails with the code `stale` where the mask is about
    /// another numbering of rows than there is, or about fewer: it says `generation` and `rows` as [`rows`](Self::rows) did
    /// before the first of them was looked at. Of the mask's rows below `at_hand` the caller has the documents: they are not
    /// among them, and the place of each is -1 - its row.
    #[expect(clippy::too_many_arguments, reason = "each crosses by itself")]
    pub fn search(
        &self,
        query: Vec<f64>,
        k: usize,
        threshold: f64,
        mask: Option<Vec<u32>>,
        generation: f64,
        rows: usize,
        at_hand: u32,
    ) -> u32 {
        let options = options(threshold, mask.map(|kept| made(&kept, generation, rows).at_hand(at_hand)));
        self.begin(|index| async move { found(index.search_current(&query, k, options).await?, at_hand) })
    }

    /// Of the nearest `fetch_k`, `k` that are not like one another; the shape is that of `search`.
    #[expect(clippy::too_many_arguments, reason = "each crosses by itself")]
    pub fn mmr(
        &self,
        query: Vec<f64>,
        k: usize,
        fetch_k: usize,
        lambda: f64,
        mask: Option<Vec<u32>>,
        generation: f64,
        rows: usize,
        at_hand: u32,
    ) -> u32 {
        let options = options(f64::NAN, mask.map(|kept| made(&kept, generation, rows).at_hand(at_hand)));
        let pick = MmrOptions { k, fetch: fetch_k, lambda };
        self.begin(|index| async move { found(index.mmr(&query, pick, options).await?, at_hand) })
    }

    /// The documents of a stretch of rows: `[live, bytes, lengths]`.
    pub fn documents(&self, from: usize, count: usize) -> u32 {
        self.begin(|index| async move {
            let stretch = index.documents(from, count).await?;
            Ok(answers::documents(stretch))
        })
    }

    /// Looks whether others have written.
    pub fn refresh(&self) -> u32 {
        self.begin(|index| async move { Ok(done(index.refresh().await?)) })
    }

    /// The same as calls do that read: if the last look is old.
    #[wasm_bindgen(js_name = lookIfOld)]
    pub fn look_if_old(&self) -> u32 {
        self.begin(|index| async move { Ok(done(index.look_if_old().await?)) })
    }

    /// Tidies up a little: whether there may be more to do.
    pub fn maintain(&self) -> u32 {
        self.begin(|index| async move { Ok(index.maintain().await?.into()) })
    }

    /// Runs all tasks as far as they get, and tells what came of it: an array of arrays, `[0, task, value]` for one that is
    /// done, `[1, task, failure]` for one that failed; `[2, request, keys]`, `[3, request, pairs]`, `[4, request, keys]`
    /// and `[5, request, prefix]` for what is to be asked of the store, by mget, mset, mdelete and yieldKeys; `[6, request]`
    /// where others may have a turn; `[7, 0, failure]` of a store, without which calls that read go on.
    pub fn pump(&self) -> Array {
        let outs = Array::new();
        loop {
            // Nothing is borrowed while a task runs.
            let turn = self.tasks.borrow_mut().next();
            let Some(turn) = turn else { break };
            match turn.poll() {
                Ok((id, outcome)) => {
                    drop(self.take(id));
                    let (failed, value) = match outcome {
                        Ok(value) => (0, value),
                        Err(Failed(failure)) => (1, failure),
                    };
                    outs.push(&Array::of3(&failed.into(), &id.into(), &value));
                }
                Err(turn) => self.tasks.borrow_mut().put_back(turn),
            }
        }
        self.mailbox.take(&outs);
        outs
    }

    /// Answers a request: with what the store answered, or with its failure, as `BytestowError` takes it.
    pub fn answer(&self, request: u32, ok: bool, value: JsValue) {
        self.mailbox.answer(request, if ok { Ok(value) } else { Err(value) });
    }

    /// Ends a task that nobody waits for any more: nothing is told of it.
    pub fn cancel(&self, task: u32) {
        drop(self.take(task));
    }
}

/// A failure of a task: the core's, or one of the binding's own.
pub struct Failed(pub JsValue);

impl From<bytestow::Error> for Failed {
    fn from(error: bytestow::Error) -> Self {
        Self(failure(&error))
    }
}

impl Engine {
    fn begin<F>(&self, call: impl FnOnce(Arc<VectorIndex>) -> F) -> u32
    where
        F: Future<Output = std::result::Result<JsValue, Failed>> + 'static,
    {
        let job: Job = Box::pin(call(self.index.clone()));
        self.tasks.borrow_mut().begin(job)
    }

    fn take(&self, task: u32) -> Option<Job> {
        self.tasks.borrow_mut().end(task)
    }
}

fn done((): ()) -> JsValue {
    JsValue::UNDEFINED
}

/// The mask that these words are, about `rows` rows by the numbering `generation`.
fn made(words: &[u32], generation: f64, rows: usize) -> Mask {
    Mask::new(generation as u64, rows, Bitmap::from_words_u32(words))
}

fn options(threshold: f64, mask: Option<Mask>) -> SearchOptions {
    SearchOptions { threshold: Some(threshold).filter(|threshold| !threshold.is_nan()), mask }
}

fn found(found: Option<Vec<Found>>, at_hand: u32) -> std::result::Result<JsValue, Failed> {
    found.map(|found| answers::found(found, at_hand)).ok_or_else(|| Failed(stale()))
}
