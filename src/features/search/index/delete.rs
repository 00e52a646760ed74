//! Deleting: some documents, or all.

use super::ids::Ids;
use super::search::Mask;
use super::write::{What, absorbed, order};
use super::{State, VectorIndex};
use crate::Result;
use crate::features::search::persist::format::{Geometry, Manifest};
use crate::features::search::persist::names::WriterId;
use crate::features::search::persist::publish::ANEW;
use crate::features::search::persist::segment::keys_of;

/// Ids that are looked at before others may do something.
const IDS: usize = 4_096;

impl VectorIndex {
    /// Deletes the documents of these ids; unknown ones are none. How many there were.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn remove<S: AsRef<str>>(&self, ids: impl IntoIterator<Item = S>) -> Result<usize> {
        let ids: Vec<Box<str>> = ids.into_iter().map(|id| id.as_ref().into()).collect();
        self.remove_all(ids).await
    }

    async fn remove_all(&self, ids: Vec<Box<str>>) -> Result<usize> {
        let _turn = self.writing.take().await;
        self.refresh().await?;
        let mut seen = Ids::default();
        let mut is_new = |_: &Self, id: &str| {
            let known = seen.len();
            seen.intern(id);
            seen.len() > known
        };
        let ids = self.filtered(ids, &mut is_new).await;
        self.remove_there(ids).await
    }

    /// Deletes those of these documents that are there: ids of which none is twice. Only whoever has the turn to write calls
    /// it.
    async fn remove_there(&self, ids: Vec<Box<str>>) -> Result<usize> {
        let ids = self.filtered(ids, &mut |index, id| index.table(|table| table.row(id).is_some())).await;
        let Some(dimensions) = self.dimensions().filter(|_| !ids.is_empty()) else { return Ok(0) };
        // Anew means all of them: that they are not found any more may be by what was published and will not count.
        for _ in 0..ANEW {
            if self.write(dimensions, What::Tombstones(&ids)).await? {
                return Ok(ids.len());
            }
        }
        Err(absorbed())
    }

    /// Deletes the documents of these rows, all or none: how many there were, or `None` for a mask that has to be made again.
    /// Between the look at the mask and the deletion nothing else is written by this handle.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use bytestow::InMemoryByteStore;
    /// # use bytestow::features::search::{IndexOptions, VectorIndex};
    /// # futures_executor::block_on(async {
    /// # let index = VectorIndex::new(Arc::new(InMemoryByteStore::new()), IndexOptions::new("m")?)?;
    /// # let mut stage = index.stage();
    /// # stage.push("cat", &[0.9, 0.1, 0.0], b"a cat")?;
    /// # stage.push("dog", &[0.7, 0.7, 0.1], b"a dog")?;
    /// # index.commit(stage).await?;
    /// let dogs = index.filter(|document| document.ends_with(b"dog")).await?;
    /// assert_eq!(index.remove_rows(dogs).await?, Some(1));
    /// assert_eq!(index.len(), 1);
    /// # Ok::<(), bytestow::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    /// As [`remove`](Self::remove).
    pub async fn remove_rows(&self, mask: Mask) -> Result<Option<usize>> {
        let _turn = self.writing.take().await;
        self.refresh().await?;
        let about = self.rows();
        if mask.about() != about {
            return Ok(None);
        }
        let mut ids: Vec<Box<str>> = Vec::new();
        let mut rows = mask.kept().iter().take_while(|row| *row < about.1).peekable();
        while rows.peek().is_some() {
            let is_same = self.table(|table| {
                let some = rows.by_ref().take(IDS).map(|row| row as u32).filter(|row| table.counts(*row));
                ids.extend(some.map(|row| Box::from(table.id(row))));
                table.numbering() == about
            });
            if !is_same {
                return Ok(None);
            }
            if rows.peek().is_some() {
                self.pause().await;
            }
        }
        self.remove_there(ids).await.map(Some)
    }

    /// Those of `ids` that `keep` takes.
    async fn filtered(&self, ids: Vec<Box<str>>, keep: &mut Keeps<'_>) -> Vec<Box<str>> {
        let mut kept = Vec::with_capacity(ids.len());
        for (at, id) in ids.into_iter().enumerate() {
            if at % IDS == IDS - 1 {
                self.pause().await;
            }
            if keep(self, &id) {
                kept.push(id);
            }
        }
        kept
    }

    /// Deletes all documents. One entry is written, however many there were.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub async fn clear(&self) -> Result<()> {
        let _turn = self.writing.take().await;
        self.refresh().await?;
        let Some(dimensions) = self.dimensions() else { return Ok(()) };
        if self.state().look.view().segments.is_empty() {
            return Ok(());
        }
        for _ in 0..ANEW {
            let writer = self.join(dimensions).await?;
            let cleared = order(writer, self.stamp(), u32::MAX as usize);
            let keys = self.own_keys(writer, Geometry { dimensions });
            let change = |manifest: &mut Manifest| {
                manifest.segments.clear();
                manifest.cleared = cleared;
                manifest.stamp = manifest.stamp.max(cleared.stamp);
            };
            if self.publish(writer, Box::new(change), self.unnamed()).await? {
                self.state().garbage.extend(keys);
                self.with_table(|table| table.clear(cleared));
                // What was loaded goes with the next look, which finds that nobody names it.
                return self.refresh().await;
            }
        }
        Err(absorbed())
    }

    /// The keys of all segments that this handle has published.
    fn own_keys(&self, writer: WriterId, geometry: Geometry) -> Vec<String> {
        let state = self.state();
        let State { own: Some(own), table: Some(table), .. } = &*state else { return Vec::new() };
        let segments = own.manifest.names().filter(|(name, _)| name.writer == writer);
        let segments = segments.filter_map(|(name, _)| table.segment(name));
        segments.flat_map(|segment| keys_of(&self.port.names, segment.name, geometry, &segment.lengths)).collect()
    }
}

/// Whether an id is kept.
type Keeps<'k> = dyn FnMut(&VectorIndex, &str) -> bool + Send + 'k;
