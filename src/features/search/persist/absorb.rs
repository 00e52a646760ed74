//! Absorbing: writers that are gone leave manifests, and others take over what they hold.
//!
//! Each session that writes is a writer of its own, so manifests would grow in number for ever. A writer that has not
//! published for an hour ([`DEAD`]) is taken for dead. When more than four of the dead are of like size, one of them is
//! absorbed: its segments are copied, orders and all, one after the other, into segments of this handle's, whose manifest
//! says with each: that segment of that writer is *absorbed*. From then on nobody looks at it. Small writers are absorbed by
//! small ones, so a large index is not copied because of a few sessions; and there are never many manifests, for there are few
//! sizes. A segment of a dead writer most of whose records are dead is absorbed, too, to be rid of them.
//!
//! A writer may be taken for dead and be alive: asleep, or with a clock that is wrong. Nothing it did is lost by that. What it
//! published is what is copied, and copies are the same records: whoever has both has one. What it publishes later has
//! other numbers, and is looked at (a merge of segments that were absorbed and of some that were not is, too: what is absorbed
//! is said number by number). When it looks, it finds that it was absorbed, and goes on as a new writer.
//!
//! When all that a writer has was absorbed, and that an hour ago, it is *buried*: a manifest says that nothing of it counts,
//! ever again, and then its entries are deleted, all that there are under its name, and its manifest last. It cannot have
//! published meanwhile without it being noticed: by [`publish`](super::publish) nobody says that they have published unless
//! their last look is less than five minutes old, and a look shows the absorption, which is older. A write that slept for an
//! hour in the network brings back a manifest that nobody looks at. The hour is by two clocks, if another absorbed than
//! buries; they may differ by 55 minutes.
//!
//! Two that absorb each other at the same time have each other's copies under numbers that the other did not see: neither is
//! buried before those were copied, too.
//!
//! What an absorbed writer had absorbed itself, and had cleared, is said by whoever buries it in its stead.

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
    /// Absorbs one segment of a dead writer, if that is called for; whether it was. Only whoever tidies up calls it.
    pub(crate) async fn absorb(&self) -> Tried<bool> {
        let Some((writer, dead, number)) = self.to_be_absorbed() else { return Ok(false) };
        let now = self.now();
        let names: Vec<SegmentName> = number.map(|number| SegmentName { writer: dead, number }).into_iter().collect();
        let change = move |manifest: &mut Manifest| {
            if let Some(mark) = manifest.absorbed_mut(dead) {
                number.into_iter().for_each(|number| mark.add(number));
                mark.at = now;
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
        let marks = look.absorbed();
        let mut dead: Vec<(usize, WriterId, Vec<u32>)> = Vec::new();
        for manifest in self.dead(look, own.writer()) {
            let mark = marks.iter().find(|mark| mark.writer == manifest.writer);
            let left = manifest.segments.iter().filter(|listed| mark.is_none_or(|mark| !mark.holds(listed.number)));
            let rows = left.clone().map(|listed| listed.rows as usize).sum();
            let left: Vec<u32> = left.map(|listed| listed.number).collect();
            if left.is_empty() && mark.is_some() {
                continue;
            }
            if let Some(wasted) = left.iter().find(|number| is_wasted(table, manifest.writer, **number)) {
                return Some((own.writer(), manifest.writer, Some(*wasted)));
            }
            dead.push((rows, manifest.writer, left));
        }
        // The smallest of those of whose size there are many.
        let many = |(rows, ..): &&(usize, WriterId, Vec<u32>)| {
            let alike = |other: usize| other >= *rows && other <= (*rows).max(FEW) * ALIKE;
            dead.iter().filter(|(other, ..)| alike(*other)).count() > MANY
        };
        let (_, writer, left) = dead.iter().filter(many).min_by_key(|(rows, writer, _)| (*rows, *writer))?;
        Some((own.writer(), *writer, left.first().copied()))
    }

    /// The manifests of those who are taken for dead.
    fn dead<'l>(&self, look: &'l Look, own: WriterId) -> impl Iterator<Item = &'l Manifest> {
        let now = self.now();
        let is_dead =
            move |manifest: &&Manifest| manifest.writer != own && manifest.written.saturating_add(DEAD) <= now;
        look.manifests.iter().map(|manifest| &**manifest).filter(is_dead)
    }

    /// Buries those that were absorbed an hour ago; whether there were any. Only whoever tidies up calls it.
    pub(crate) async fn bury(&self) -> Result<bool> {
        let now = self.now();
        let (writer, buried, there) = {
            let state = self.state();
            let State { own: Some(own), look, .. } = &*state else { return Ok(false) };
            let marks = look.absorbed();
            let mut buried: Vec<Manifest> = Vec::new();
            for manifest in self.dead(look, own.writer()) {
                let mark = marks.iter().find(|mark| mark.writer == manifest.writer);
                let is_absorbed = |mark: &Absorbed| {
                    let all = manifest.segments.iter().all(|listed| mark.holds(listed.number));
                    all && !mark.buried && mark.at.saturating_add(DEAD) <= now
                };
                if mark.is_some_and(is_absorbed) {
                    buried.push(manifest.clone());
                }
            }
            let there: Vec<WriterId> = look.manifests.iter().map(|manifest| manifest.writer).collect();
            (own.writer(), buried, there)
        };
        if buried.is_empty() {
            return Ok(false);
        }
        let _turn = self.writing.take().await;
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
        self.publish(writer, Box::new(change)).await
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
fn is_wasted(table: &Table, writer: WriterId, number: u32) -> bool {
    let standing = table.standing(SegmentName { writer, number });
    standing.is_some_and(|standing| (standing.rows + standing.tombstones) * 2 < standing.records)
}
