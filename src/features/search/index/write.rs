//! Adding, and what deleting writes.

use super::VectorIndex;
use super::stage::{Stage, Staged};
use crate::error::ErrorCode;
use crate::features::search::persist::bring::{Hidden, records};
use crate::features::search::persist::format::Manifest;
use crate::features::search::persist::names::WriterId;
use crate::features::search::persist::publish::{ANEW, Unnamed};
use crate::features::search::persist::segment::{Row, SegmentWriter, Written};
use crate::features::search::{Bitmap, Order};
use crate::{Error, Result};

/// Bytes of rows and documents that are written down before others may do something.
const SLICE: usize = 1024 * 1024;

/// Documents that are let go of before that.
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
    pub(super) async fn write(&self, dimensions: usize, what: What<'_>) -> Result<bool> {
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

    pub(super) fn stamp(&self) -> u64 {
        let now = self.now();
        self.state().next_stamp(now)
    }
}

/// The order of a row: of a call, then of a writer, then by its place in the call.
pub(super) fn order(writer: WriterId, stamp: u64, at: usize) -> Order {
    Order { stamp, tie: u64::from(writer.tie()) << 32 | at as u64 }
}

/// What is written together.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// Documents that are added.
    Rows(&'a [Staged]),
    /// Ids of those that are deleted.
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

pub(super) fn absorbed() -> Error {
    Error::new(ErrorCode::Unavailable, "others take this writer for dead again and again: are the clocks right?")
}
