//! Reading an index: a look, and the segments that it names and that are not in memory.

use super::blocks::{Fault, Tried, fetch};
use super::format::{Codes, Geometry, Manifest, Place, Records};
use super::look::{Look, View};
use super::names::SegmentName;
use super::port::{missing, sound};
use crate::Result;
use crate::features::search::index::{Brought, State, Table, VectorIndex};
use crate::features::search::scan::Kind;
use crate::features::search::{Packed, RowsOptions};

/// Records that are read together, and segments.
const RECORDS: usize = 16_384;
const SEGMENTS: usize = 64;

/// Blocks of codes that are read by one call.
const BLOCKS: usize = 4;

/// Bytes of rows that are brought into memory before others may do something, and ids.
const SLICE: usize = 2 * 1024 * 1024;
const IDS: usize = 4_096;

/// How often somebody looks again because something was missing.
const TRIES: usize = 12;

/// How often something was missing, and when.
#[derive(Debug, Default)]
pub struct Tries {
    count: usize,
    /// The segments that there were then.
    last: Option<Vec<SegmentName>>,
}

/// When to look.
#[derive(Clone, Copy, Debug)]
pub enum Due {
    /// Whenever it is asked for.
    Always,
    /// If nobody has.
    Never,
    /// If nobody has for so long, in milliseconds.
    Older { life: u64, now: u64 },
}

impl Due {
    /// Whether it is due when somebody last looked then.
    pub fn is(self, looked: Option<u64>) -> bool {
        match (self, looked) {
            (Self::Always, _) | (_, None) => true,
            (Self::Never, Some(_)) => false,
            (Self::Older { life, now }, Some(looked)) => now < looked || now - looked >= life,
        }
    }
}

/// A segment's records, and those of its blocks of codes that are needed.
struct Loaded {
    entry: Vec<u8>,
    codes: Vec<(u32, Codes)>,
}

impl VectorIndex {
    /// Looks, once it is this call's turn, if that is still wanted.
    pub(crate) async fn refresh_if(&self, due: Due) -> Result<()> {
        let turn = self.looking.take().await;
        if !due.is(self.state().looked) {
            return Ok(());
        }
        let mut tries = Tries::default();
        loop {
            match self.look_once().await {
                Ok(()) => break,
                Err(fault) => self.count(fault, &mut tries)?,
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
        self.state().looked = Some(began);
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
    /// Only whoever looks calls it, so that segments come and go in one place; but segments that this handle publishes
    /// come at any time, but for the time that this takes: what counts does not change under what is being brought.
    pub(crate) async fn load(&self) -> Tried<bool> {
        let _turn = self.bringing.take().await;
        let (view, geometry) = {
            let mut state = self.state();
            let view = state.look.view();
            let Some(dimensions) = state.dimensions else { return Ok(true) };
            let Some(table) = &mut state.table else { return Ok(true) };
            table.clear(view.cleared);
            (view, Geometry { dimensions })
        };
        let mut group = Vec::new();
        let mut records = 0;
        for (name, listed) in &view.segments {
            if self.table(|table| table.has(*name)) {
                continue;
            }
            records += (listed.rows + listed.tombstones) as usize;
            if !group.is_empty() && (records > RECORDS || group.len() == SEGMENTS) {
                self.load_group(geometry, &std::mem::take(&mut group), Table::add).await?;
                records = (listed.rows + listed.tombstones) as usize;
            }
            group.push(*name);
        }
        self.load_group(geometry, &group, Table::add).await?;
        self.drop_others(geometry).await
    }

    /// Drops segments that the last look does not name.
    async fn drop_others(&self, geometry: Geometry) -> Tried<bool> {
        let (homeless, left) = {
            let mut state = self.state();
            let State { look, table: Some(table), cache, .. } = &mut *state else { return Ok(true) };
            let View { segments, .. } = look.view();
            let is_named = |name: &SegmentName| segments.binary_search_by_key(name, |(name, _)| *name).is_ok();
            if segments.iter().any(|(name, _)| !table.has(*name)) {
                return Ok(false);
            }
            let names = table.names();
            let gone = names.iter().filter(|name| !is_named(name));
            let leave = |name: &SegmentName| {
                cache.forget(*name);
                table.remove(*name)
            };
            let homeless: Vec<u32> = gone.flat_map(leave).collect();
            let left = table.segments_with(&homeless);
            if left.is_empty() {
                table.settle(&homeless);
                return Ok(true);
            }
            // Rows and ids keep their numbers meanwhile.
            table.pin();
            (homeless, left)
        };
        let pinned = Pinned(self);
        // First those that are still there elsewhere find their place, then others may take that of those who are not.
        let moved = self.load_group(geometry, &left, Table::look_again).await;
        self.with_table(|table| table.settle(&homeless));
        moved?;
        self.load_group(geometry, &left, Table::look_again).await?;
        drop(pinned);
        Ok(true)
    }

    /// Reads some segments, and takes them in together.
    async fn load_group(&self, geometry: Geometry, names: &[SegmentName], take: TakeIn) -> Tried<()> {
        if names.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = names.iter().map(|name| self.port.names.records(*name)).collect();
        let entries = fetch(&self.port, keys.as_slice().into()).await?;
        let mut loaded = Vec::with_capacity(names.len());
        let mut wanted: Vec<(usize, Place, String)> = Vec::new();
        for ((name, key), entry) in names.iter().zip(&keys).zip(&entries) {
            let entry = entry.to_vec();
            let records = records(key, &entry, *name)?;
            let (each, rows) = (geometry.codes(), records.rows() as u32);
            let mut blocks: Vec<u32> =
                self.table(|table| table.needed(&records)).iter().map(|row| row / each).collect();
            blocks.dedup();
            for number in blocks {
                let first = number * each;
                let place = Place { segment: *name, first, rows: rows.saturating_sub(first).min(each) };
                wanted.push((loaded.len(), place, self.port.names.block(*name, 'q', number as usize)));
            }
            loaded.push(Loaded { entry, codes: Vec::new() });
        }
        for some in wanted.chunks(BLOCKS) {
            let blocks = fetch(&self.port, some.iter().map(|(_, _, key)| key.as_str()).collect()).await?;
            for ((of, place, key), block) in some.iter().zip(blocks) {
                let codes = sound(key, Codes::read(&block.to_vec(), *place, geometry.dimensions))?;
                if let Some(loaded) = loaded.get_mut(*of) {
                    loaded.codes.push((place.first, codes));
                }
                self.pause().await;
            }
        }
        let _hidden = Hidden::begin(self);
        let mut segments = Vec::with_capacity(names.len());
        for ((name, key), loaded) in names.iter().zip(&keys).zip(&loaded) {
            let records = records(key, &loaded.entry, *name)?;
            let brought = self.bring(&records, &|row| packed(&loaded.codes, row, geometry), &|_| None).await?;
            segments.push((records, brought));
        }
        self.with_table(|table| segments.iter().for_each(|(records, brought)| take(table, records, brought)));
        Ok(())
    }

    /// Brings a segment into memory, slice by slice; `packed` gives the rows that are needed, `exact` the numbers of those
    /// that are at hand. Whoever calls it has the turn to, keeps [`Hidden`] until all is taken in.
    pub(crate) async fn bring<'p>(
        &self,
        records: &Records<'_>,
        packed: &(dyn Fn(u32) -> Option<Packed<'p>> + Sync),
        exact: &(dyn Fn(u32) -> Option<&'p [f32]> + Sync),
    ) -> Result<Brought> {
        let mut brought = Brought::default();
        loop {
            let from = brought.len();
            let mut step = |table: &mut Table| -> Result<bool> {
                let row = table.rows().stride() * (size_of::<f32>() + 1);
                let done = table.bring(records, packed, &mut brought, (SLICE / row.max(1)).clamp(1, IDS))?;
                for at in from..brought.len() {
                    if let (Some(row), Some(numbers)) = (brought.row(at), exact(at as u32)) {
                        table.rows_mut().keep_exact(row, numbers);
                    }
                }
                Ok(done)
            };
            if self.state().table.as_mut().map_or(Ok(true), &mut step)? {
                return Ok(brought);
            }
            self.pause().await;
        }
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

/// Rows are brought until it is dropped; what has not been taken in by then is abandoned.
pub(crate) struct Hidden<'i>(Pinned<'i>);

impl<'i> Hidden<'i> {
    pub fn begin(index: &'i VectorIndex) -> Self {
        index.with_table(Table::pin);
        Self(Pinned(index))
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        self.0.0.with_table(Table::abandon);
    }
}

type TakeIn = fn(&mut Table, &Records<'_>, &Brought);

fn packed(codes: &[(u32, Codes)], row: u32, geometry: Geometry) -> Option<Packed<'_>> {
    let at = codes.partition_point(|(first, _)| *first <= row).checked_sub(1)?;
    let (first, codes) = codes.get(at)?;
    let within = row - first;
    if within < geometry.codes() { codes.row(within as usize) } else { None }
}

/// The records that `entry` is, of the segment it should be of.
pub(crate) fn records<'e>(key: &str, entry: &'e [u8], name: SegmentName) -> Result<Records<'e>> {
    let records = sound(key, Records::read(entry))?;
    if records.segment == name { Ok(records) } else { sound(key, Err(super::format::Damage::Broken)) }
}
