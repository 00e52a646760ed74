//! Merging: a few segments of a writer's become one, so that an index of any history has few.
//!
//! Segments of like size (within a factor of eight) are merged when there are eight of them, up to the most
//! records a segment may have: so each row is written again a few times in its life. A segment most of whose records do not
//! count any more is written again alone. What is copied is what counts; the copies have the orders of the originals, so
//! nothing is won or lost by it, and others may add and delete meanwhile. One manifest takes the new segment in and the old
//! ones out.
//!
//! A tombstone is left out once nothing is left to be kept dead: no segment that counts has another record of the id, but
//! those that are merged here; and it is kept for an hour, [`DEAD`]. Two may have such a record in hand still, and must not bring
//! it back:
//!
//! - **A writer that was absorbed and does not know it yet.** While there may be one, that is, while any writer is absorbed and
//!   not buried, all tombstones are kept.
//! - **Somebody who copies what they saw before the deletion**, from a segment of a writer that they absorb. They said that they
//!   absorb it before they looked for what to copy, and look once more before they publish: they give up if the segment
//!   has gone. So it was there after what they said could be seen; and whoever leaves out a tombstone either looked before that,
//!   when there was no such segment any more and none would come back, or sees that they absorb, and keeps it.
//!
//! What is left is a copy that is published, without an answer, and that the store carries out more than an hour later, when
//! the writer it was copied from was buried by others: of an id that was deleted in between, it brings back the row.

use std::sync::Arc;

use super::absorb::DEAD;
use super::blocks::{Keep, Located, Tried};
use super::format::{Geometry, LONG_RECORDS, Manifest};
use super::load::Pinned;
use super::names::{SegmentName, WriterId};
use super::publish::Change;
use super::segment::{Row, SegmentWriter, Written, keys_of};
use crate::features::search::index::{Kept, Segment, State, Table, VectorIndex};
use crate::sorted::sort;

/// See the module.
const FAN_OUT: usize = 8;

/// The fewest records that are a size of their own.
const SMALL: usize = 64;

/// Records that a merged segment has at most.
const MOST: usize = super::format::MOST_RECORDS;

/// Rows that are copied at once, and bytes of their documents.
const ROWS: usize = 1_024;
const DOCUMENTS: usize = 2 * 1024 * 1024;
/// Bytes of their numbers.
const NUMBERS: usize = 2 * 1024 * 1024;

/// What of a segment is copied.
struct Source {
    segment: Arc<Segment>,
    rows: Vec<Kept>,
    tombstones: Vec<Kept>,
}

impl VectorIndex {
    /// Merges some segments of this handle's, if there are any to be merged; whether there were. Only whoever tidies up
    /// calls it.
    pub(crate) async fn merge(&self) -> Tried<bool> {
        let (writer, names, gone) = {
            let state = self.state();
            let State { own: Some(own), table: Some(table), .. } = &*state else { return Ok(false) };
            let names = plan(table, &own.manifest);
            let gone = self.keys(table, &names);
            (own.writer(), names, gone)
        };
        if names.is_empty() {
            return Ok(false);
        }
        let replaces = names.clone();
        let change = move |manifest: &mut Manifest| {
            manifest.segments.retain(|listed| !replaces.iter().any(|name| name.number == listed.number));
        };
        if self.copy(writer, &names, Box::new(change)).await? {
            self.state().garbage.extend(gone);
            self.refresh().await?;
        }
        Ok(true)
    }

    fn keys(&self, table: &Table, names: &[SegmentName]) -> Vec<String> {
        let geometry = Geometry { dimensions: table.rows().dimensions() };
        let segments = names.iter().filter_map(|name| table.segment(*name));
        segments.flat_map(|of| keys_of(&self.port.names, of.name, geometry, &of.lengths)).collect()
    }

    /// Copies what counts of some segments into a new one of `writer`'s, and publishes that with what `change` says;
    /// whether it did. What could not be copied because it is gone is somebody else's work.
    pub(crate) async fn copy(&self, writer: WriterId, names: &[SegmentName], change: Change<'_>) -> Tried<bool> {
        let sources = {
            let mut state = self.state();
            let marks = state.look.absorbed();
            let unsure = marks.iter().any(|mark| !mark.buried);
            let Some(table) = &mut state.table else { return Ok(false) };
            let oldest = if unsure { 0 } else { self.now().saturating_sub(DEAD) << 16 };
            let sources = sources(table, names, writer, oldest);
            table.pin();
            sources
        };
        let pinned = Pinned(self);
        let mut blocks = self.unnamed();
        let Some(written) = self.copy_all(writer, &sources, &mut blocks.keys).await? else { return Ok(false) };
        drop(pinned);
        let _turn = self.writing.take().await;
        // Whoever slept meanwhile may have in hand what has been deleted since, tombstones and all.
        self.refresh().await?;
        let view = self.state().look.view();
        if names.iter().any(|name| view.segments.binary_search_by_key(name, |(name, _)| *name).is_err()) {
            return Ok(false);
        }
        let listed: Vec<_> = written.iter().map(|written| written.listed).collect();
        let stamp = written.iter().map(|written| written.stamp).max().unwrap_or_default();
        let change = |manifest: &mut Manifest| {
            change(manifest);
            for listed in listed {
                let at = manifest.segments.partition_point(|other| other.number < listed.number);
                manifest.segments.insert(at, listed);
            }
            manifest.stamp = manifest.stamp.max(stamp);
        };
        Ok(self.publish(writer, Box::new(change), blocks).await?)
    }

    async fn copy_all(
        &self,
        writer: WriterId,
        sources: &[Source],
        keys: &mut Vec<String>,
    ) -> Tried<Option<Vec<Written>>> {
        let geometry = self.geometry();
        let mut all = Vec::new();
        let chunks: Vec<(&Source, &[Kept])> = sources.iter().flat_map(|source| source.chunks(geometry)).collect();
        let tombstones: Vec<Kept> = sources.iter().flat_map(|source| &source.tombstones).copied().collect();
        let (mut sources_left, mut tombstones) = (chunks.into_iter().peekable(), tombstones.into_iter().peekable());
        while sources_left.peek().is_some() || tombstones.peek().is_some() {
            let Some(name) = self.next_segment(writer) else { return Ok(None) };
            let mut segment = SegmentWriter::new(&self.port, name, geometry.dimensions, keys);
            while let Some((source, rows)) = sources_left.next_if(|(_, rows)| segment.takes(rows.len())) {
                self.copy_rows(&mut segment, source, rows).await?;
                self.pause().await;
            }
            if sources_left.peek().is_none() {
                while let Some(kept) = tombstones.next_if(|_| !segment.is_full()) {
                    let id = self.table(|table| table.still_dead(kept).map(str::to_owned));
                    id.into_iter().for_each(|id| segment.tombstone(&id, kept.order));
                }
            }
            if !segment.is_empty() {
                all.push(segment.end().await?);
            }
        }
        Ok(Some(all))
    }

    async fn copy_rows(&self, segment: &mut SegmentWriter<'_>, source: &Source, rows: &[Kept]) -> Tried<()> {
        let located: Vec<Located> = rows.iter().map(|kept| (source.segment.clone(), kept.at)).collect();
        let documents = self.documents_of(&located, Keep::None).await?;
        let resident: Vec<Option<Vec<f32>>> =
            self.table(|table| rows.iter().map(|kept| table.exact(*kept).map(<[f32]>::to_vec)).collect());
        let missing: Vec<Located> = located
            .into_iter()
            .zip(&resident)
            .filter(|(_, there)| there.is_none())
            .map(|(located, _)| located)
            .collect();
        let mut fetched = self.numbers_of(&missing, Keep::None).await?.into_iter();
        for ((kept, document), resident) in rows.iter().zip(&documents).zip(resident) {
            let Some(numbers) = resident.or_else(|| fetched.next()) else { continue };
            let row = self.table(|table| {
                let (id, packed) = table.still(*kept)?;
                Some((id.to_owned(), packed.codes.to_vec(), packed.scale, packed.residual))
            });
            let Some((id, codes, scale, residual)) = row else { continue };
            let packed = crate::features::search::Packed { codes: &codes, scale, residual };
            segment.row(Row { id: &id, order: kept.order, packed, numbers: &numbers, document }).await?;
        }
        Ok(())
    }
}

impl Source {
    /// Its rows, as many at a time as are copied at once.
    fn chunks(&self, geometry: Geometry) -> impl Iterator<Item = (&Self, &[Kept])> {
        let most = ROWS.min((NUMBERS / (geometry.dimensions * 4)).max(1));
        let mut left = self.rows.as_slice();
        std::iter::from_fn(move || {
            let mut bytes = 0;
            let fits = left.iter().take(most).take_while(|kept| {
                let began = bytes > 0;
                bytes += self.segment.lengths.get(kept.at as usize).map_or(0, |length| *length as usize);
                !began || bytes <= DOCUMENTS
            });
            let (chunk, rest) = left.split_at_checked(fits.count())?;
            left = rest;
            (!chunk.is_empty()).then_some((self, chunk))
        })
    }
}

/// What of these segments is copied; of tombstones older than `oldest` only those that are needed.
fn sources(table: &Table, names: &[SegmentName], own: WriterId, oldest: u64) -> Vec<Source> {
    let here = table.records_in(names);
    let needed = |kept: &Kept| {
        let merged = here.get(kept.id as usize).copied().unwrap_or_default() as usize;
        kept.order.stamp > oldest || table.records_of(kept.id) > merged
    };
    let source = |name: &SegmentName| {
        let segment = table.segment(*name)?.clone();
        let (rows, mut tombstones) = table.standing_records(*name, own);
        tombstones.retain(needed);
        Some(Source { segment, rows, tombstones })
    };
    names.iter().filter_map(source).collect()
}

/// Which segments of a manifest should be merged now.
fn plan(table: &Table, manifest: &Manifest) -> Vec<SegmentName> {
    let mut sized: Vec<(SegmentName, usize, usize)> = Vec::new();
    for (name, _) in manifest.names() {
        let Some(standing) = table.standing(name, manifest.writer) else { continue };
        let kept = standing.rows + standing.tombstones;
        if kept * 2 < standing.records {
            return vec![name];
        }
        sized.push((name, kept, level(kept)));
    }
    for wanted in 0..=level(MOST) {
        let of_level = sized.iter().enumerate().filter(|(_, (.., level))| *level == wanted);
        // By what is kept of them, and of equal ones by number.
        let mut of_level: Vec<u64> = of_level.map(|(at, (_, kept, _))| (*kept as u64) << 32 | at as u64).collect();
        if of_level.len() < FAN_OUT {
            continue;
        }
        sort(&mut of_level);
        let of_level = of_level.into_iter().filter_map(|key| sized.get(key as u32 as usize));
        let (mut total, mut bytes) = (0, 0);
        let mut fits = |(name, kept, _): &&(SegmentName, usize, usize)| {
            let long = table.id_bytes(*name) + kept * 24;
            let fits = total + kept <= MOST && bytes + long <= LONG_RECORDS;
            if fits {
                total += kept;
                bytes += long;
            }
            fits
        };
        let names: Vec<SegmentName> = of_level.filter(|of| fits(of)).map(|(name, ..)| *name).collect();
        if names.len() > 1 {
            return names;
        }
    }
    Vec::new()
}

/// Sizes within a factor of each other.
fn level(records: usize) -> usize {
    (records / SMALL).checked_ilog(FAN_OUT).map_or(0, |level| level as usize + 1)
}
