//! Adding, deleting, clearing.

use super::ids::Ids;
use super::search::Mask;
use super::stage::{Stage, Staged};
use super::{State, VectorIndex};
use crate::error::ErrorCode;
use crate::features::search::persist::bring::{Hidden, records};
use crate::features::search::persist::format::{Geometry, Manifest};
use crate::features::search::persist::names::WriterId;
use crate::features::search::persist::publish::{ANEW, Unnamed};
use crate::features::search::persist::segment::{Row, SegmentWriter, Written, keys_of};
use crate::features::search::{Bitmap, Order};
use crate::{Error, Result};

/// Bytes of rows and documents that are written down before others may do something.
const SLICE: usize = 1024 * 1024;

/// Ids that are looked at before that, and documents that are let go of.
const IDS: usize = 4_096;

impl VectorIndex {
    /// What is to be added together; its vectors are held against those of the index.
    pub fn stage(&self) -> Stage {
        Stage::new(self.dimensions().or(self.options.dimensions))
    }

    /// Adds what was staged, all or none. A document replaces the one of its id.
    ///
    /// # Errors
    /// `invalid_argument` for vectors of another length than those of the index, and for an index of another model;
    /// `unavailable` where others take this writer for dead again and again; otherwise as [`open`](Self::open), since it
    /// looks first.
    pub async fn commit(&self, stage: Stage) -> Result<()> {
        let _turn = self.writing.take().await;
        self.refresh().await?;
        let Some(dimensions) = stage.dimensions().filter(|_| !stage.is_empty()) else { return Ok(()) };
        if self.dimensions().is_some_and(|known| known != dimensions) {
            let known = self.dimensions().unwrap_or_default();
            let message = format!("vector 0 has {dimensions} dimensions, the index has {known}");
            return Err(Error::invalid_argument(message));
        }
        let mut staged = stage.into_last();
        for _ in 0..ANEW {
            if self.write(dimensions, What::Rows(&staged)).await? {
                // Letting go of so many takes its time, too.
                while staged.len() > IDS {
                    staged.truncate(staged.len() - IDS);
                    self.pause().await;
                }
                return Ok(());
            }
        }
        Err(absorbed())
    }

    /// Writes it all and publishes it; `false` if it has to be written anew.
    async fn write(&self, dimensions: usize, what: What<'_>) -> Result<bool> {
        let writer = self.join(dimensions).await?;
        let mut blocks = self.unnamed();
        match self.write_segments(writer, dimensions, what, &mut blocks.keys).await? {
            Some(written) => self.publish_written(writer, &written, blocks, what).await,
            None => Ok(false),
        }
    }

    async fn write_segments(
        &self,
        writer: WriterId,
        dimensions: usize,
        what: What<'_>,
        keys: &mut Vec<String>,
    ) -> Result<Option<Vec<Written>>> {
        let stamp = self.stamp();
        let mut all = Vec::new();
        let (mut at, mut bytes) = (0, 0);
        while at < what.len() {
            let Some(name) = self.next_segment(writer) else { return Ok(None) };
            let mut segment = SegmentWriter::new(&self.port, name, dimensions, keys);
            while at < what.len() && !segment.is_full() {
                let order = order(writer, stamp, at);
                match what {
                    What::Rows(staged) => {
                        let Some(staged) = staged.get(at) else { break };
                        let (packed, numbers) = (staged.packed(), staged.row.as_slice());
                        let row = Row { id: &staged.id, order, packed, numbers, document: &staged.document };
                        bytes += size_of_val(numbers) + staged.document.len();
                        segment.row(row).await?;
                        if bytes > SLICE {
                            bytes = 0;
                            self.pause().await;
                        }
                    }
                    What::Tombstones(ids) => ids.get(at).into_iter().for_each(|id| segment.tombstone(id, order)),
                }
                at += 1;
            }
            all.push(segment.end().await?);
            self.pause().await;
        }
        Ok(Some(all))
    }

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

    /// Publishes what was written and takes it in; `false` if it has to be written anew.
    async fn publish_written(
        &self,
        writer: WriterId,
        written: &[Written],
        blocks: Unnamed<'_>,
        what: What<'_>,
    ) -> Result<bool> {
        let listed: Vec<_> = written.iter().map(|written| written.listed).collect();
        let stamp = written.iter().map(|written| written.stamp).max().unwrap_or_default();
        let change = |manifest: &mut Manifest| {
            manifest.segments.extend(listed);
            manifest.stamp = manifest.stamp.max(stamp);
        };
        if !self.publish(writer, Box::new(change), blocks).await? {
            return Ok(false);
        }
        if let Some(dimensions) = self.dimensions_of(writer) {
            self.learn(dimensions)?;
        }
        self.take_in(written, what).await?;
        Ok(true)
    }

    /// Takes in what was published. If whoever waits for it leaves, the next look does.
    async fn take_in(&self, written: &[Written], what: What<'_>) -> Result<()> {
        let _turn = self.bringing.take().await;
        if self.state().table.is_none() {
            return Ok(());
        }
        let _hidden = Hidden::begin(self);
        let mut segments = Vec::with_capacity(written.len());
        let mut first = 0;
        for written in written {
            let records = records(&self.port.names.records(written.name), &written.records, written.name)?;
            if self.table(|table| table.has(written.name)) {
                first += records.rows();
                continue;
            }
            let staged = |row: u32| match what {
                What::Rows(staged) => staged.get(first + row as usize),
                What::Tombstones(_) => None,
            };
            let exact = |row: u32| staged(row).map(|staged| staged.row.as_slice());
            let brought = self.bring(&records, &Bitmap::new(), &|row| staged(row).map(Staged::packed), &exact).await?;
            first += records.rows();
            segments.push((records, brought));
        }
        self.with_table(|table| segments.iter().for_each(|(records, brought)| table.add(records, brought)));
        Ok(())
    }

    fn dimensions_of(&self, writer: WriterId) -> Option<usize> {
        let state = self.state();
        state.look.manifest(writer).map(|manifest| manifest.dimensions as usize).filter(|dimensions| *dimensions > 0)
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

    fn stamp(&self) -> u64 {
        let now = self.now();
        self.state().next_stamp(now)
    }
}

/// The order of a row: of a call, then of a writer, then by its place in the call.
fn order(writer: WriterId, stamp: u64, at: usize) -> Order {
    Order { stamp, tie: u64::from(writer.tie()) << 32 | at as u64 }
}

/// Whether an id is kept.
type Keeps<'k> = dyn FnMut(&VectorIndex, &str) -> bool + Send + 'k;

/// What is written together.
#[derive(Clone, Copy)]
enum What<'a> {
    Rows(&'a [Staged]),
    Tombstones(&'a [Box<str>]),
}

impl What<'_> {
    fn len(self) -> usize {
        match self {
            Self::Rows(rows) => rows.len(),
            Self::Tombstones(ids) => ids.len(),
        }
    }
}

fn absorbed() -> Error {
    Error::new(ErrorCode::Unavailable, "others take this writer for dead again and again: are the clocks right?")
}
