//! Segments on their way into memory: read, and brought slice by slice to where nobody finds them yet.

use super::blocks::{Tried, fetch};
use super::format::{Codes, Geometry, Place, Records};
use super::load::Pinned;
use super::names::SegmentName;
use super::port::sound;
use crate::Result;
use crate::features::search::index::{Brought, Table, VectorIndex};
use crate::features::search::{Bitmap, Packed};

/// Blocks of codes that are read by one call.
const BLOCKS: usize = 4;

/// Bytes of rows that are brought into memory before others may do something, and ids.
const SLICE: usize = 2 * 1024 * 1024;
const IDS: usize = 4_096;

/// A segment's records, and those of its blocks of codes that are needed.
pub(crate) struct Loaded {
    name: SegmentName,
    key: String,
    entry: Vec<u8>,
    codes: Vec<(u32, Codes)>,
}

impl VectorIndex {
    /// Reads some segments, and of their rows those that count, or will once what counts of the ids that are `leaving` has
    /// gone.
    pub(crate) async fn read_group(
        &self,
        geometry: Geometry,
        names: &[SegmentName],
        leaving: &Bitmap,
    ) -> Tried<Vec<Loaded>> {
        let keys: Vec<String> = names.iter().map(|name| self.port.names.records(*name)).collect();
        let entries = fetch(&self.port, keys.as_slice().into()).await?;
        let mut all = Vec::with_capacity(names.len());
        let mut wanted: Vec<(usize, Place, String)> = Vec::new();
        for ((name, key), entry) in names.iter().zip(keys).zip(&entries) {
            let loaded = Loaded { name: *name, key, entry: entry.to_vec(), codes: Vec::new() };
            let records = loaded.records()?;
            let (each, rows) = (geometry.codes(), records.rows() as u32);
            let mut blocks: Vec<u32> =
                self.table(|table| table.needed(&records, leaving)).iter().map(|row| row / each).collect();
            blocks.dedup();
            for number in blocks {
                let first = number * each;
                let place = Place { segment: *name, first, rows: rows.saturating_sub(first).min(each) };
                wanted.push((all.len(), place, self.port.names.block(*name, 'q', number as usize)));
            }
            all.push(loaded);
        }
        for some in wanted.chunks(BLOCKS) {
            let blocks = fetch(&self.port, some.iter().map(|(_, _, key)| key.as_str()).collect()).await?;
            for ((of, place, key), block) in some.iter().zip(blocks) {
                let codes = sound(key, Codes::read(&block.to_vec(), *place, geometry.dimensions))?;
                if let Some(loaded) = all.get_mut(*of) {
                    loaded.codes.push((place.first, codes));
                }
                self.pause().await;
            }
        }
        Ok(all)
    }

    /// Brings segments into memory that were read.
    pub(crate) async fn bring_group<'l>(
        &self,
        geometry: Geometry,
        loaded: &'l [Loaded],
        leaving: &Bitmap,
    ) -> Result<Vec<(Records<'l>, Brought)>> {
        let mut segments = Vec::with_capacity(loaded.len());
        for loaded in loaded {
            let records = loaded.records()?;
            let brought = self.bring(&records, leaving, &|row| loaded.packed(row, geometry), &|_| None).await?;
            segments.push((records, brought));
        }
        Ok(segments)
    }

    /// Brings a segment into memory, slice by slice; `packed` gives the rows that are needed, `exact` the numbers of those
    /// that are at hand. Whoever calls it has the turn to, keeps [`Hidden`] until all is taken in.
    pub(crate) async fn bring<'p>(
        &self,
        records: &Records<'_>,
        leaving: &Bitmap,
        packed: &(dyn Fn(u32) -> Option<Packed<'p>> + Sync),
        exact: &(dyn Fn(u32) -> Option<&'p [f32]> + Sync),
    ) -> Result<Brought> {
        let mut brought = Brought::default();
        loop {
            let from = brought.len();
            let mut step = |table: &mut Table| -> Result<bool> {
                let row = table.rows().stride() * (size_of::<f32>() + 1);
                let done = table.bring(records, leaving, packed, &mut brought, (SLICE / row.max(1)).clamp(1, IDS))?;
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

impl Loaded {
    fn records(&self) -> Result<Records<'_>> {
        records(&self.key, &self.entry, self.name)
    }

    fn packed(&self, row: u32, geometry: Geometry) -> Option<Packed<'_>> {
        let at = self.codes.partition_point(|(first, _)| *first <= row).checked_sub(1)?;
        let (first, codes) = self.codes.get(at)?;
        let within = row - first;
        if within < geometry.codes() { codes.row(within as usize) } else { None }
    }
}

/// The records that `entry` is, of the segment it should be of.
pub(crate) fn records<'e>(key: &str, entry: &'e [u8], name: SegmentName) -> Result<Records<'e>> {
    let records = sound(key, Records::read(entry))?;
    if records.segment == name { Ok(records) } else { sound(key, Err(super::format::Damage::Broken)) }
}
