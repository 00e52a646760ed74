//! Searching.

use std::sync::Arc;

use super::VectorIndex;
use super::passes::{Outcome, Scored};
use crate::features::search::persist::blocks::{Keep, Tried};
use crate::features::search::persist::load::Tries;
use crate::features::search::vector::{Role, unit};
use crate::features::search::{Bitmap, Mmr, Query, Search, kernels};
use crate::{Error, Result};

/// Rows that a search may find: a set of them, under one numbering, of as many as there were. Once others have come, or rows
/// were numbered anew, it is to be made again: a document that was replaced is another row then.
#[derive(Clone, Debug, Default)]
pub struct Mask {
    about: (u64, usize),
    kept: Arc<Bitmap>,
    at_hand: u32,
}

impl Mask {
    /// Those of `rows` rows that `kept` has, by the numbering `generation`: as [`VectorIndex::rows`] said before the first
    /// was looked at.
    pub fn new(generation: u64, rows: usize, kept: Bitmap) -> Self {
        Self { about: (generation, rows), kept: Arc::new(kept), at_hand: 0 }
    }

    /// The same mask of a caller who has the documents of the rows below `row`, by the mask's numbering: a search does not
    /// read them, and finds them with empty documents.
    #[must_use]
    pub fn at_hand(self, row: u32) -> Self {
        Self { at_hand: row, ..self }
    }

    /// How many there are, dead ones included.
    pub fn count(&self) -> usize {
        self.kept.count()
    }

    /// Which numbering it is about, and how many rows.
    pub(super) fn about(&self) -> (u64, usize) {
        self.about
    }

    /// The rows.
    pub(super) fn kept(&self) -> &Bitmap {
        &self.kept
    }
}

/// Options of a search.
#[derive(Clone, Debug, Default)]
pub struct SearchOptions {
    /// The least score that is wanted.
    pub threshold: Option<f64>,
    /// Among which rows; all, if it is not given. See [`VectorIndex::filter`].
    pub mask: Option<Mask>,
}

impl SearchOptions {
    fn about(&self) -> Option<(u64, usize)> {
        self.mask.as_ref().map(Mask::about)
    }

    fn at_hand(&self) -> u32 {
        self.mask.as_ref().map_or(0, |mask| mask.at_hand)
    }
}

/// What [`VectorIndex::mmr`] picks, and of what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MmrOptions {
    /// How many are picked.
    pub k: usize,
    /// Of how many that are nearest to the query.
    pub fetch: usize,
    /// With 1 what is near counts alone, with 0 what is far from what was picked.
    pub lambda: f64,
}

/// A document that was found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Found {
    /// Its id.
    pub id: String,
    /// The cosine of the angle between its vector and the query, -1 to 1.
    pub score: f32,
    /// Its row, by the numbering at that time.
    pub row: u32,
    /// It.
    pub document: Vec<u8>,
}

impl VectorIndex {
    /// The `k` documents whose vectors are nearest to `query`, the nearest first; those that are as near in the order in
    /// which they were added.
    ///
    /// # Errors
    /// `invalid_argument` for a query of another length than the index's vectors, one with a number that is not finite,
    /// and a mask that has to be made again, since rows have come or were numbered anew; otherwise as [`open`](Self::open).
    pub async fn search(&self, query: &[f64], k: usize, options: SearchOptions) -> Result<Vec<Found>> {
        let found = self.search_current(query, k, options).await?;
        found.ok_or_else(|| {
            Error::invalid_argument("rows have come since the mask was made, or were numbered anew: make it again")
        })
    }

    /// The same; `None` for a mask that has to be made anew.
    ///
    /// # Errors
    /// As [`search`](Self::search), but for that.
    pub async fn search_current(&self, query: &[f64], k: usize, options: SearchOptions) -> Result<Option<Vec<Found>>> {
        self.find(query, k, None, options).await
    }

    /// Of the documents that are nearest to `query` some that are near it and far from each other, by maximal marginal
    /// relevance: in the order in which they were picked, with their scores; `None` for a mask that has to be made anew.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bytestow::InMemoryByteStore;
    /// # use bytestow::features::search::{IndexOptions, MmrOptions, SearchOptions, VectorIndex};
    /// # futures_executor::block_on(async {
    /// # let index = VectorIndex::new(Arc::new(InMemoryByteStore::new()), IndexOptions::new("m")?)?;
    /// let mut stage = index.stage();
    /// stage.push("cat", &[0.9, 0.1, 0.0], b"a cat")?;
    /// stage.push("the same cat", &[0.9, 0.1, 0.0], b"a cat")?;
    /// stage.push("dog", &[0.7, 0.7, 0.1], b"a dog")?;
    /// index.commit(stage).await?;
    /// let different = MmrOptions { k: 2, fetch: 10, lambda: 0.5 };
    /// let found = index.mmr(&[1.0, 0.2, 0.0], different, SearchOptions::default()).await?.unwrap_or_default();
    /// assert_eq!(found.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), ["cat", "dog"]);
    /// # Ok::<(), bytestow::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// `invalid_argument` for a λ that is not 0 to 1; otherwise as [`search`](Self::search), but for masks.
    pub async fn mmr(&self, query: &[f64], pick: MmrOptions, options: SearchOptions) -> Result<Option<Vec<Found>>> {
        if !(0.0..=1.0).contains(&pick.lambda) {
            return Err(Error::invalid_argument("lambda must be 0 to 1"));
        }
        self.find(query, pick.fetch, Some((pick.k, pick.lambda)), options).await
    }

    /// The nearest, and of them those that are picked, if any are to be.
    async fn find(
        &self,
        query: &[f64],
        fetch: usize,
        pick: Option<(usize, f64)>,
        options: SearchOptions,
    ) -> Result<Option<Vec<Found>>> {
        self.look_if_old().await?;
        let Some(query) = self.query(query)? else { return Ok(Some(Vec::new())) };
        let mut tries = Tries::default();
        loop {
            let search = search(&query, fetch, &options);
            let fault = match self.pass(search, options.about(), pick.is_some()).await {
                Outcome::Stale => return Ok(None),
                Outcome::Fault(fault) => fault,
                Outcome::Hits(hits) => match self.picked(hits, pick, options.at_hand()).await {
                    Ok(found) => return Ok(Some(found)),
                    Err(fault) => fault,
                },
            };
            self.look_again(fault, &mut tries).await?;
        }
    }

    async fn picked(&self, mut hits: Vec<Scored>, pick: Option<(usize, f64)>, at_hand: u32) -> Tried<Vec<Found>> {
        let Some((k, lambda)) = pick else { return self.with_documents(hits, at_hand).await };
        let missing = hits.iter().filter(|hit| hit.numbers.is_none()).map(|hit| hit.located.clone());
        let mut fetched = self.numbers_of(&missing.collect::<Vec<_>>(), Keep::All).await?.into_iter();
        for hit in &mut hits {
            hit.numbers = hit.numbers.take().or_else(|| fetched.next());
        }
        let mut mmr = Mmr::new(hits.iter().map(|hit| hit.score).collect(), k, lambda);
        let row = |at: usize| hits.get(at).and_then(|hit| hit.numbers.as_deref()).unwrap_or_default();
        while !mmr.step(|a, b| kernels::dot(row(a), row(b))) {
            self.pause().await;
        }
        let picked: Vec<Scored> = mmr.into_picked().into_iter().filter_map(|at| hits.get(at).cloned()).collect();
        self.with_documents(picked, at_hand).await
    }

    /// Several searches, which go over the rows together.
    ///
    /// # Errors
    /// As [`search`](Self::search): the first, if several fail.
    pub async fn search_many(&self, queries: &[&[f64]], k: usize, options: SearchOptions) -> Result<Vec<Vec<Found>>> {
        let all = queries.iter().map(|query| self.search(query, k, options.clone()));
        futures_util::future::try_join_all(all).await
    }

    /// The query as it is scanned for; `None` while there is nothing to be scanned.
    fn query(&self, query: &[f64]) -> Result<Option<Arc<Query>>> {
        let dimensions = self.dimensions();
        let query = unit(query, dimensions.unwrap_or(query.len()), Role::Query)?;
        Ok(dimensions.map(|_| Arc::new(Query::new(query))))
    }

    async fn with_documents(&self, hits: Vec<Scored>, at_hand: u32) -> Tried<Vec<Found>> {
        let wanted = hits.iter().filter(|hit| hit.row >= at_hand).map(|hit| hit.located.clone());
        let mut documents = self.documents_of(&wanted.collect::<Vec<_>>(), Keep::All).await?.into_iter();
        let mut found = Vec::with_capacity(hits.len());
        for Scored { row, id, score, .. } in hits {
            let document = if row < at_hand { None } else { documents.next() };
            found.push(Found { id, score, row, document: document.unwrap_or_default() });
        }
        Ok(found)
    }
}

fn search(query: &Arc<Query>, k: usize, options: &SearchOptions) -> Search {
    let mask = options.mask.as_ref().map(|mask| mask.kept.clone());
    Search { query: query.clone(), k, mask, threshold: options.threshold }
}
