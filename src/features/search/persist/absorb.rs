//! Absorbing: writers that are gone leave manifests, and others take over what they hold.
//!
//! Each session that writes is a writer of its own, so manifests would grow in number for ever. A writer that has not
//! published for an hour ([`DEAD`]) is taken for dead. When more than four of the dead are of like size, one of them is
//! absorbed. Whoever does it says so first: a manifest says that this writer is *absorbed*, though of none of its segments yet.
//! Then its segments are copied, orders and all, one after the other, into segments of this handle's, whose manifest
//! says with each: that segment is absorbed. From then on nobody looks at it. Small writers are absorbed by
//! small ones, so a large index is not copied because of a few sessions; and there are never many manifests, for there are few
//! sizes. A segment of a dead writer most of whose records are dead is absorbed, too, to be rid of them.
//!
//! A writer may be taken for dead and be alive: asleep, or with a clock that is wrong. Nothing it did is lost by that. What it
//! published is what is copied, and copies are the same records: whoever has both has one. What it publishes later has
//! other numbers, and is looked at (a merge of segments that were absorbed and of some that were not is, too: what is absorbed
//! is said number by number). When it looks, it finds that it is absorbed, and goes on as a new writer.
//!
//! Two may absorb the same segment at the same time; they seldom do, for who sees another at it leaves it to them. Then both have
//! published its records, and each record counts in both copies, by whatever copy a handle knows it: nobody leaves one out
//! because there is another (`standing_records` of the index's table). Nor can two who absorb
//! each other: each has the other's copies under numbers that the other did not see, and neither is buried before those were
//! copied, too.
//!
//! # Burying
//!
//! When all that a writer has was absorbed, it is *buried*: a manifest says that nothing of it counts, ever again, and then its
//! entries are deleted, all that there are under its name, and its manifest last. No write may be lost that its writer says has
//! happened. So with an absorption stands a moment, at which anybody could see already that this writer is absorbed: the moment
//! of a publication behind the one that said so first. A writer is buried if a look that began an hour after that moment or
//! later found all it has absorbed. Let its write be carried out behind that look. Then its writer learns of it behind that look, too; and
//! by [`publish`](super::publish) says that it was done only if its last look was taken less than five minutes before and shows
//! no absorption. That look began behind the moment, and shows it. It does not matter when the burial is published, nor how long
//! anybody sleeps in between. A write that slept for an hour in the network brings back a manifest that nobody looks at. The hour
//! is by two clocks, if another absorbed than buries; they may differ by 55 minutes.
//!
//! What an absorbed writer had absorbed itself, and had cleared, is said by whoever buries it in its stead.

use std::sync::Arc;

use super::blocks::Tried;
use super::format::{Absorbed, Manifest};
use super::look::Look;
use super::names::{SegmentName, WriterId};
use crate::Result;
use crate::features::search::index::{State, Table, VectorIndex};

/// Milliseconds after which a writer that has not published is taken for dead.
pub const DEAD: u64 = 60 * 60 * 1_000;

/// Milliseconds after which nobody remembers the buried.
const FORGOTTEN: u64 = 30 * 24 * DEAD;

/// As many dead writers of like size may be there.
const MANY: usize = 4;

/// Sizes are alike within this factor, and below these rows.
const ALIKE: usize = 8;
const FEW: usize = 64;

impl VectorIndex {
    /// Absorbs one segment of a dead writer, if that is called for, or says that it will; whether it did. Only whoever tidies
    /// up calls it.
    pub(crate) async fn absorb(&self) -> Tried<bool> {
        let Some((writer, dead, number)) = self.to_be_absorbed() else { return Ok(false) };
        if self.state().own_mut(writer).is_some_and(|own| own.manifest.absorbs(dead).is_none()) {
            let _turn = self.writing.take().await;
            let change = move |manifest: &mut Manifest| {
                manifest.absorbed_mut(dead);
            };
            self.publish(writer, Box::new(change), self.unnamed()).await?;
            return Ok(true);
        }
        let names: Vec<SegmentName> = number.map(|number| SegmentName { writer: dead, number }).into_iter().collect();
        let change = move |manifest: &mut Manifest| {
            let now = manifest.written;
            if let Some(mark) = manifest.absorbed_mut(dead) {
                number.into_iter().for_each(|number| mark.add(number));
                // That it is absorbed was published before: now it can be seen.
                mark.at = if mark.at == 0 { now } else { mark.at };
            }
        };
        if self.copy(writer, &names, Box::new(change)).await? {
            self.refresh().await?;
        }
        Ok(true)
    }

    /// Who this handle is, whom it should absorb, and of that one which segment: none of one that has none.
    fn to_be_absorbed(&self) -> Option<(WriterId, WriterId, Option<u32>)> {
        let state = self.state();
        let State { own: Some(own), table: Some(table), look, .. } = &*state else { return None };
        let own = &own.manifest;
        let marks = look.absorbed();
        let mut dead: Vec<(usize, WriterId, Vec<u32>)> = Vec::new();
        for manifest in self.dead(look, own.writer) {
            let mine = own.absorbs(manifest.writer);
            // One at a time is enough: the first who says so, or of several the least.
            let yields = |other: &Arc<Manifest>| {
                let is_before = mine.is_none() || other.writer < own.writer;
                is_before
                    && other.writer != own.writer
                    && other.absorbs(manifest.writer).is_some()
                    && !self.is_dead(other)
            };
            let mark = marks.iter().find(|mark| mark.writer == manifest.writer);
            let left = manifest.segments.iter().filter(|listed| mark.is_none_or(|mark| !mark.holds(listed.number)));
            let rows = left.clone().map(|listed| listed.rows as usize).sum();
            let left: Vec<u32> = left.map(|listed| listed.number).collect();
            if left.is_empty() && mark.is_some_and(|mark| mark.at > 0) || look.manifests.iter().any(yields) {
                continue;
            }
            if let Some(wasted) = left.iter().find(|number| is_wasted(table, own.writer, manifest.writer, **number)) {
                return Some((own.writer, manifest.writer, Some(*wasted)));
            }
            if mine.is_some_and(|mark| mark.numbers.is_empty()) {
                return Some((own.writer, manifest.writer, left.first().copied()));
            }
            dead.push((rows, manifest.writer, left));
        }
        // The smallest of those of whose size there are many.
        let many = |(rows, ..): &&(usize, WriterId, Vec<u32>)| {
            let alike = |other: usize| other >= *rows && other <= (*rows).max(FEW) * ALIKE;
            dead.iter().filter(|(other, ..)| alike(*other)).count() > MANY
        };
        let (_, writer, left) = dead.iter().filter(many).min_by_key(|(rows, writer, _)| (*rows, *writer))?;
        Some((own.writer, *writer, left.first().copied()))
    }

    fn is_dead(&self, manifest: &Manifest) -> bool {
        manifest.written.saturating_add(DEAD) <= self.now()
    }

    /// The manifests of those who are taken for dead.
    fn dead<'l>(&self, look: &'l Look, own: WriterId) -> impl Iterator<Item = &'l Manifest> {
        let others = look.manifests.iter().filter(move |manifest| manifest.writer != own);
        others.map(|manifest| &**manifest).filter(|manifest| self.is_dead(manifest))
    }

    /// Who this handle is, and whom it may bury, if that was decided by a look that began not before `now`.
    fn to_be_buried(&self, now: u64) -> Option<(WriterId, Vec<Manifest>)> {
        let state = self.state();
        let State { own: Some(own), look, .. } = &*state else { return None };
        let marks = look.absorbed();
        let is_due = |manifest: &&Manifest| {
            let mark = marks.iter().find(|mark| mark.writer == manifest.writer);
            mark.is_some_and(|mark| {
                let all = manifest.segments.iter().all(|listed| mark.holds(listed.number));
                all && !mark.buried && mark.at > 0 && mark.at.saturating_add(DEAD) <= now
            })
        };
        let due: Vec<Manifest> = self.dead(look, own.writer()).filter(is_due).cloned().collect();
        (!due.is_empty()).then(|| (own.writer(), due))
    }

    /// Buries those that were absorbed an hour ago; whether there were any. Only whoever tidies up calls it.
    pub(crate) async fn bury(&self) -> Result<bool> {
        if self.to_be_buried(self.now()).is_none() {
            return Ok(false);
        }
        let _turn = self.writing.take().await;
        let now = self.now();
        self.refresh().await?;
        let Some((writer, buried)) = self.to_be_buried(now) else { return Ok(false) };
        let there: Vec<WriterId> = self.state().look.manifests.iter().map(|manifest| manifest.writer).collect();
        let change = move |manifest: &mut Manifest| {
            for dead in buried {
                for mark in dead.absorbed.iter().filter(|mark| mark.writer != writer) {
                    manifest.absorbed_mut(mark.writer).into_iter().for_each(|known| known.join(mark));
                }
                manifest.cleared = manifest.cleared.max(dead.cleared);
                manifest.stamp = manifest.stamp.max(dead.stamp);
                if let Some(mark) = manifest.absorbed_mut(dead.writer) {
                    mark.bury(now);
                }
            }
            let is_needed = |mark: &Absorbed| mark.at.saturating_add(FORGOTTEN) > now || there.contains(&mark.writer);
            manifest.absorbed.retain(|mark| !mark.buried || is_needed(mark));
        };
        self.publish(writer, Box::new(change), self.unnamed()).await
    }

    /// Deletes what the buried have left; whether there were any.
    pub(crate) async fn sweep(&self) -> Result<bool> {
        let buried: Vec<WriterId> = {
            let state = self.state();
            let marks = state.look.absorbed();
            let has_left = |mark: &&Absorbed| mark.buried && state.look.manifest(mark.writer).is_some();
            marks.iter().filter(has_left).map(|mark| mark.writer).collect()
        };
        for writer in &buried {
            let left = self.port.list(&self.port.names.blocks(*writer)).await?;
            self.port.delete(&left).await?;
            self.port.delete(&[self.port.names.manifest(*writer)]).await?;
        }
        if !buried.is_empty() {
            self.refresh().await?;
        }
        Ok(!buried.is_empty())
    }
}

/// Whether most of a segment's records do not count any more.
fn is_wasted(table: &Table, own: WriterId, writer: WriterId, number: u32) -> bool {
    let standing = table.standing(SegmentName { writer, number }, own);
    standing.is_some_and(|standing| (standing.rows + standing.tombstones) * 2 < standing.records)
}
