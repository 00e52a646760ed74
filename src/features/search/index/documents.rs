//! Reading documents: by their ids, or all, a stretch of rows at a time, to be filtered.

use super::VectorIndex;
use crate::Result;
use crate::features::search::Bitmap;
use crate::features::search::persist::blocks::{Keep, Located};
use crate::features::search::persist::format::Geometry;
use crate::features::search::persist::load::Tries;

/// Documents of a stretch of rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Documents {
    /// The numbering of rows that this is about.
    pub generation: u64,
    /// How many rows were looked at: no more than there are.
    pub rows: usize,
    /// Those that live, the first of the stretch as 0.
    pub live: Bitmap,
    /// Their documents, in order.
    pub documents: Vec<Vec<u8>>,
}

impl VectorIndex {
    /// The documents of these ids.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn get<S: AsRef<str>>(&self, ids: impl IntoIterator<Item = S>) -> Result<Vec<Option<Vec<u8>>>> {
        let ids: Vec<Box<str>> = ids.into_iter().map(|id| id.as_ref().into()).collect();
        self.get_all(ids).await
    }

    async fn get_all(&self, ids: Vec<Box<str>>) -> Result<Vec<Option<Vec<u8>>>> {
        self.look_if_old().await?;
        let mut tries = Tries::default();
        loop {
            // Of each id that is there its place among the answers.
            let mut places = Vec::new();
            let mut rows: Vec<Located> = Vec::new();
            self.table(|table| {
                for (at, id) in ids.iter().enumerate() {
                    if let Some(located) = table.row(id).and_then(|row| table.locate(row)) {
                        places.push(at);
                        rows.push(located);
                    }
                }
            });
            let mut found = vec![None; ids.len()];
            match self.documents_of(&rows, Keep::All).await {
                Ok(documents) => {
                    for (at, document) in places.into_iter().zip(documents) {
                        found.get_mut(at).into_iter().for_each(|place| *place = Some(document.clone()));
                    }
                    return Ok(found);
                }
                Err(fault) => self.look_again(fault, &mut tries).await?,
            }
        }
    }

    /// The documents of `count` rows from row `from` on: to look through all, call it again and again, up to as many rows
    /// as [`rows`](Self::rows) says.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn documents(&self, from: usize, count: usize) -> Result<Documents> {
        self.open().await?;
        let mut tries = Tries::default();
        loop {
            let (generation, looked_at, live, rows) = self.table(|table| {
                let (mut live, mut rows): (Bitmap, Vec<Located>) = Default::default();
                let end = from.saturating_add(count).min(table.rows().shown());
                for (at, row) in (from..end).enumerate() {
                    if let Some(located) = table.locate(row as u32).filter(|_| table.counts(row as u32)) {
                        live.insert(at);
                        rows.push(located);
                    }
                }
                (table.generation(), end.saturating_sub(from), live, rows)
            });
            match self.documents_of(&rows, Keep::None).await {
                Ok(documents) => return Ok(Documents { generation, rows: looked_at, live, documents }),
                Err(fault) => self.look_again(fault, &mut tries).await?,
            }
        }
    }

    /// The rows whose documents `keep` takes, for searches among them.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bytestow::InMemoryByteStore;
    /// # use bytestow::features::search::{IndexOptions, SearchOptions, VectorIndex};
    /// # futures_executor::block_on(async {
    /// # let index = VectorIndex::new(Arc::new(InMemoryByteStore::new()), IndexOptions::new("m")?)?;
    /// # let mut stage = index.stage();
    /// # stage.push("cat", &[0.9, 0.1, 0.0], b"a cat")?;
    /// # stage.push("dog", &[0.7, 0.7, 0.1], b"a dog")?;
    /// # index.commit(stage).await?;
    /// let dogs = index.filter(|document| document.ends_with(b"dog")).await?;
    /// let options = SearchOptions { mask: Some(dogs), ..SearchOptions::default() };
    /// let found = index.search(&[1.0, 0.2, 0.0], 1, options).await?;
    /// assert_eq!(found[0].id, "dog");
    /// # Ok::<(), bytestow::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn filter(&self, keep: impl Fn(&[u8]) -> bool + Send) -> Result<super::Mask> {
        const STRETCH: usize = 2_048;
        self.look_if_old().await?;
        'anew: loop {
            let (generation, rows) = self.rows();
            let mut kept = Bitmap::new();
            for from in (0..rows).step_by(STRETCH) {
                let documents = self.documents(from, STRETCH).await?;
                if documents.generation != generation {
                    continue 'anew;
                }
                for (at, document) in documents.live.iter().zip(&documents.documents) {
                    if keep(document) {
                        kept.insert(from + at);
                    }
                }
                self.pause().await;
            }
            return Ok(super::Mask::new(generation, rows, kept));
        }
    }

    pub(crate) fn geometry(&self) -> Geometry {
        Geometry { dimensions: self.dimensions().unwrap_or_default() }
    }
}
