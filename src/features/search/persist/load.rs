//! Reading an index: a look, and the segments that it names and that are not in memory.

use futures_util::TryFutureExt as _;
use futures_util::future::try_join;

use super::blocks::{Fault, Tried};
use super::bring::{Hidden, Loaded};
use super::format::{Geometry, Manifest};
use super::look::{Due, Look, View};
use super::names::SegmentName;
use super::port::missing;
use crate::Result;
use crate::features::search::index::{State, Table, VectorIndex};
use crate::features::search::scan::Kind;
use crate::features::search::{Bitmap, Order, RowsOptions};

/// Records that are read together, and segments.
const RECORDS: usize = 8_192;
const SEGMENTS: usize = 64;

/// How often somebody looks again because something was missing.
const TRIES: usize = 12;

/// How often something was missing, and when.
#[derive(Debug, Default)]
pub struct Tries {
    count: usize,
    /// The segments that there were then.
    last: Option<Vec<SegmentName>>,
}

impl VectorIndex {
    /// Looks, once it is this call's turn, if that is still wanted. Where a look has failed while it waited, who goes on
    /// without one does not wait for the next, which would take as long to fail. Who does not go on tries: what failed another
    /// call need not fail this one.
    pub(crate) async fn refresh_if(&self, due: Due) -> Result<()> {
        let failures = self.state().failures;
        let turn = self.looking.take().await;
        {
            let state = self.state();
            if !due.is(state.looked) {
                return Ok(());
            }
            let goes_on = self.options.stale_if_error && state.looked.is_some() && !matches!(due, Due::Always);
            if goes_on && let Some(error) = state.failed_since(failures) {
                return Err(error);
            }
        }
        let began = self.now();
        let mut tries = Tries::default();
        loop {
            let Err(fault) = self.look_once().await else { break };
            if let Err(error) = self.count(fault, &mut tries) {
                self.state().fails(&error, began, self.now(), self.refresh_ms());
                return Err(error);
            }
        }
        drop(turn);
        while self.with_table(Table::compact) {
            self.pause().await;
        }
        Ok(())
    }

    /// After a fault: whether to try again.
    fn count(&self, fault: Fault, tries: &mut Tries) -> Result<()> {
        let key = match fault {
            Fault::Other(error) => return Err(error),
            Fault::Missing(key) => key,
        };
        let now: Vec<SegmentName> = self.state().look.view().segments.iter().map(|(name, _)| *name).collect();
        let same = tries.last.as_ref() == Some(&now);
        tries.count += 1;
        tries.last = Some(now);
        if same || tries.count > TRIES { Err(missing(&key)) } else { Ok(()) }
    }

    /// After a fault: looks, if that may help. A block that is missing though no segment has come or gone is lost.
    pub(crate) async fn look_again(&self, fault: Fault, tries: &mut Tries) -> Result<()> {
        self.count(fault, tries)?;
        self.refresh().await
    }

    async fn look_once(&self) -> Tried<()> {
        let began = self.now();
        let known = self.state().look.clone();
        let look = Look::take(&self.port, &known).await?;
        // Of those who have published: others may have been made by somebody who gave up.
        let published = || look.manifests.iter().filter(|manifest| manifest.generation > 1);
        if let Some(other) = published().find(|manifest| self.is_other(manifest)) {
            return Err(self.other_model(&other.model, other.dimensions).into());
        }
        if let Some(manifest) = published().next() {
            self.learn(manifest.dimensions as usize)?;
        }
        self.seen(&known, look);
        while !self.load().await? {}
        let mut state = self.state();
        (state.looked, state.failed) = (Some(began), None);
        Ok(())
    }

    /// Whether a manifest is of another model than this handle's.
    pub(crate) fn is_other(&self, manifest: &Manifest) -> bool {
        let other = |dimensions: usize| dimensions != manifest.dimensions as usize;
        manifest.model != self.options.model || self.dimensions().is_some_and(other)
    }

    /// The index has vectors of so many dimensions.
    pub(crate) fn learn(&self, dimensions: usize) -> Result<()> {
        let mut state = self.state();
        state.dimensions = Some(dimensions);
        if state.table.is_none() {
            let bits = self.options.kind == Kind::Binary;
            let options = RowsOptions { max_exact_bytes: self.options.max_resident_bytes, bits };
            // JavaScript's numbers hold it, and there is room for it to grow.
            let generation = self.options.random.next_u64() >> 12;
            state.table = Some(Table::new(dimensions, options, generation)?);
        }
        Ok(())
    }

    /// Takes over a look that began when `known` was the last one. What this handle has published meanwhile is newer.
    fn seen(&self, known: &Look, mut look: Look) {
        let mut state = self.state();
        for manifest in &state.look.manifests {
            let gone = look.manifest(manifest.writer).is_none();
            let was_known = known.manifest(manifest.writer).is_some();
            if !(gone && was_known) {
                look.put(manifest.clone());
            }
        }
        let marks = look.absorbed();
        let absorbed = |own| marks.iter().any(|mark| mark.writer == own);
        // Absorbed by another, or deleted: this handle goes on as a new writer.
        if state.own.as_ref().is_some_and(|own| absorbed(own.writer()) || look.manifest(own.writer()).is_none()) {
            state.own = None;
        }
        state.look = look;
    }

    /// Loads what the last look names and drops what it does not; whether the look is still the last one then.
    ///
    /// All that is new is read before any of it counts, and then counts at once: who fails half-way leaves what was there as
    /// it was, and what was added together is found together. Not so the first time, when nobody is answered yet: group by
    /// group, two of them at a time, so that what was read need not all be in memory twice.
    ///
    /// Only whoever looks calls it, so that segments come and go in one place; but segments that this handle publishes
    /// come at any time, but for the time that this takes: what counts does not change under what is being brought.
    pub(crate) async fn load(&self) -> Tried<bool> {
        let _turn = self.bringing.take().await;
        let (view, geometry, is_first) = {
            let mut state = self.state();
            let (view, is_first) = (state.look.view(), state.looked.is_none());
            let Some(dimensions) = state.dimensions else { return Ok(true) };
            let Some(table) = &mut state.table else { return Ok(true) };
            if is_first {
                // Of what was cleared no rows are read.
                table.clear(view.cleared);
            }
            (view, Geometry { dimensions }, is_first)
        };
        let (groups, nothing) = (self.groups(&view), Bitmap::new());
        let mut read = Vec::new();
        for group in &groups {
            let next = self.read_group(geometry, group, &nothing);
            if is_first {
                // The store reads while what it has read is brought. What would not count once that does may be read, too.
                let bring = self.add_loaded(geometry, std::mem::take(&mut read), view.cleared);
                (read, ()) = try_join(next, bring.map_err(Fault::from)).await?;
            } else {
                read.append(&mut next.await?);
            }
        }
        self.add_loaded(geometry, read, view.cleared).await?;
        self.drop_others(geometry).await
    }

    /// What is read together of the segments that are not in memory.
    fn groups(&self, view: &View) -> Vec<Vec<SegmentName>> {
        let mut groups: Vec<Vec<SegmentName>> = Vec::new();
        let mut records = 0;
        for (name, listed) in &view.segments {
            if self.table(|table| table.has(*name)) {
                continue;
            }
            let more = (listed.rows + listed.tombstones) as usize;
            records += more;
            match groups.last_mut().filter(|group| records <= RECORDS && group.len() < SEGMENTS) {
                Some(group) => group.push(*name),
                None => {
                    records = more;
                    groups.push(vec![*name]);
                }
            }
        }
        groups
    }

    /// Drops segments that the last look does not name.
    async fn drop_others(&self, geometry: Geometry) -> Tried<bool> {
        let (gone, leaving, left) = {
            let mut state = self.state();
            let State { look, table: Some(table), cache, .. } = &mut *state else { return Ok(true) };
            let View { segments, .. } = look.view();
            let is_named = |name: &SegmentName| segments.binary_search_by_key(name, |(name, _)| *name).is_ok();
            if segments.iter().any(|(name, _)| !table.has(*name)) {
                return Ok(false);
            }
            let mut gone = table.names();
            gone.retain(|name| !is_named(name));
            gone.iter().for_each(|name| cache.forget(*name));
            let leaving = table.at_home(&gone);
            let left = table.segments_with(&leaving, &gone);
            if left.is_empty() {
                table.remove(&gone, &leaving);
                return Ok(true);
            }
            // Rows and ids keep their numbers meanwhile.
            table.pin();
            (gone, leaving, left)
        };
        let _pinned = Pinned(self);
        let loaded = self.read_group(geometry, &left, &leaving).await?;
        let _hidden = Hidden::begin(self);
        let segments = self.bring_group(geometry, &loaded, &leaving).await?;
        // All at once: who gave up before this, or met an error, has changed nothing, and the next look does all of it.
        self.with_table(|table| {
            // Copies of what counts take its place first, then others may take that of what had none.
            segments.iter().for_each(|(records, brought)| table.rehome_all(records, brought));
            table.remove(&gone, &leaving);
            segments.iter().for_each(|(records, brought)| table.look_again(records, brought));
        });
        Ok(true)
    }

    /// Takes in segments that were read; up to `cleared` nothing counts from then on.
    async fn add_loaded(&self, geometry: Geometry, loaded: Vec<Loaded>, cleared: Order) -> Result<()> {
        let _hidden = Hidden::begin(self);
        let segments = self.bring_group(geometry, &loaded, &Bitmap::new()).await?;
        self.with_table(|table| {
            table.clear(cleared);
            segments.iter().for_each(|(records, brought)| table.add(records, brought));
        });
        Ok(())
    }

    pub(crate) fn table<T: Default>(&self, ask: impl FnOnce(&Table) -> T) -> T {
        self.state().table.as_ref().map(ask).unwrap_or_default()
    }

    pub(crate) fn with_table<T: Default>(&self, change: impl FnOnce(&mut Table) -> T) -> T {
        self.state().table.as_mut().map(change).unwrap_or_default()
    }
}

/// Rows and ids keep their numbers until it is dropped: [`Table::pin`] was called.
pub(crate) struct Pinned<'i>(pub &'i VectorIndex);

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        self.0.with_table(Table::unpin);
    }
}
