//! Checkpoints: what the rows so far come to, so that nobody has to read them again.
//!
//! A checkpoint holds what changed since the one before it, and takes in that one when it is not more than twice as
//! large: so there are few, and each entry is written a few times in its life, however many there are. A large one is
//! written in several transactions, while others go on writing. That is harmless: its pages may show entries as they
//! came to be by later rows, and those rows are read after it. It counts from the last transaction on, which names it in
//! `meta`.
//!
//! What changed since a checkpoint is told by the row that put it and by where it stands, since it may have been moved:
//! rows and segments are numbered, and that checkpoint knows the last of its time. Rows go one checkpoint later than they
//! could, so that a tab that looks now and then need not begin anew.

use super::SegmentLog;
use super::backend::{Backend, META, Range, Step, Store, Transaction};
use super::batch::settled;
use super::format::{IN_ROW, MOST, Meta, OpeningWriter, PageWriter, Run, Stored, read_opening};
use super::maintain::Done;
use super::open::{frame_of, page_key};
use crate::Value;
use crate::sorted::SortedMap;

/// A checkpoint in the making.
pub struct Making {
    /// What the database was when it was last gone on with. Another is another tab's doing.
    meta: Meta,
    /// The one behind which it begins.
    base: Run,
    /// How many checkpoints stay before it.
    keeps: usize,
    run: Run,
    /// The last key that was written.
    after: Option<Vec<u8>>,
    is_whole: bool,
}

impl Making {
    /// Whether an entry changed since the base.
    fn holds(&self, stored: &Stored) -> bool {
        // Segments of large calls are older than the rows that name them.
        if stored.version > self.base.row {
            true
        } else if stored.place & IN_ROW == 0 {
            stored.place > self.base.segment
        } else {
            stored.place & MOST > self.base.row
        }
    }
}

impl<B: Backend> SegmentLog<B> {
    /// Begins a checkpoint, or goes on with it, as far as one transaction may. Not if another tab has made one
    /// meanwhile.
    pub(super) async fn checkpoint(&self, tx: &B::Transaction, done: &mut Done) -> Step<()> {
        let mut pages = Vec::new();
        let under_way = self.state().making.take();
        let mut making = match under_way {
            Some(making) => making,
            None => {
                let mut making = self.plan();
                pages = self.opening(tx, &mut making).await?;
                making.run.openings = pages.len() as u32;
                making
            }
        };
        {
            // Of what was lost since the opening was made, the pages would say nothing at all.
            let state = self.state();
            if state.meta != making.meta || state.lost.len() > 0 {
                return Ok(());
            }
        }
        self.fill(&mut making, &mut pages);
        let mut meta = making.meta.clone();
        if making.is_whole && pages.is_empty() {
            // By this number others see that the record is another, also when it only names what was written before.
            meta.next_page += 1;
        }
        for page in pages {
            tx.put(page_key(meta.next_page), Value::from(page));
            meta.next_page += 1;
            making.run.pages += 1;
        }
        settled(tx).await?;
        if making.is_whole {
            self.name(&mut meta, &making, done);
        } else {
            // The pages that were written are taken; that is all that anybody sees of them yet.
            making.meta = meta.clone();
            done.making = Some(making);
        }
        tx.put(META, Value::from(meta.encode()));
        done.meta = Some(meta);
        done.worked = true;
        Ok(())
    }

    /// Where the next checkpoint begins.
    fn plan(&self) -> Making {
        let state = self.state();
        let meta = state.meta.clone();
        let mut keeps = meta.runs.len();
        let mut entries = state.changed;
        while let Some(before) = last_kept(&meta, keeps)
            && u64::from(before.entries) <= entries * 2
        {
            entries += u64::from(before.entries);
            keeps -= 1;
        }
        let base = last_kept(&meta, keeps).unwrap_or_default();
        let run = Run { row: state.seen, segment: state.last_segment, page: meta.next_page, ..Run::default() };
        Making { meta, base, keeps, run, after: None, is_whole: false }
    }

    /// The opening: what went since the base, which checkpoints that are taken in know of too.
    async fn opening(&self, tx: &B::Transaction, making: &mut Making) -> Step<Vec<Vec<u8>>> {
        let mut opening = OpeningWriter::new(self.options.tuning.segment_bytes);
        let (mut clears, mut graves) = (SortedMap::default(), SortedMap::default());
        if making.keeps > 0 {
            let taken_in = making.meta.runs.get(making.keeps..).unwrap_or_default();
            let mut keys = Vec::new();
            for run in taken_in {
                keys.extend((run.page..run.page + run.openings).map(page_key));
            }
            let pages = if keys.is_empty() { Vec::new() } else { tx.get(Store::Rows, &keys).await? };
            for page in pages {
                let before = page.needed()?.and_then(|page| read_opening(&frame_of(&page).ok()?).ok());
                match before {
                    Some(before) => {
                        for prefix in before.clears {
                            clears.insert(prefix.into(), 0);
                        }
                        for (key, row) in before.graves {
                            graves.insert(key.into(), row.into());
                        }
                    }
                    // What went is not known: all that is there is written, so that nothing has to go.
                    None => (making.keeps, making.base) = (0, Run::default()),
                }
            }
        }
        let state = self.state();
        if making.keeps > 0 {
            for (prefix, row) in &state.clears {
                if *row > making.base.row {
                    clears.insert(prefix.as_str().into(), 0);
                }
            }
            clears.from("").for_each(|(prefix, _)| opening.clear(prefix));
            for (key, row) in state.graves.from("").filter(|(_, row)| *row > making.base.row.into()) {
                graves.insert(key.clone(), row);
            }
            for (key, row) in graves.from("").filter(|(key, _)| state.index.get(key).is_none()) {
                opening.grave(key, row as u32);
            }
        }
        for record in state.segments.iter().filter(|record| record.entries > 0 && record.key > making.base.segment) {
            opening.segment(record.key, record.length);
        }
        Ok(opening.end())
    }

    /// Fills pages, as many as one transaction may write.
    fn fill(&self, making: &mut Making, pages: &mut Vec<Vec<u8>>) {
        let tuning = &self.options.tuning;
        let state = self.state();
        let mut page = PageWriter::default();
        let (mut written, mut after) = (pages.iter().map(Vec::len).sum::<usize>() as u64, None);
        let mut count = 0;
        let most = tuning.transaction_bytes;
        let (from, behind) = (making.after.as_deref().unwrap_or_default(), making.after.is_some());
        state.index.scan(from, behind, &mut |found| {
            let stored = found.stored();
            if !making.holds(&stored) {
                return true;
            }
            let key = found.key().as_bytes();
            if page.bytes() + key.len() + 48 > tuning.segment_bytes && page.count() > 0 {
                written += page.bytes() as u64;
                pages.push(std::mem::take(&mut page).end());
            }
            page.push(key, &stored);
            count += 1;
            if written + (page.bytes() as u64) < most {
                return true;
            }
            after = Some(key.to_vec());
            false
        });
        if page.count() > 0 {
            pages.push(page.end());
        }
        making.run.entries += count;
        making.is_whole = after.is_none();
        making.after = after;
    }

    /// Names the checkpoint in `meta`, and drops what it stands for: the checkpoints that it took in, and rows that the
    /// one before it holds.
    fn name(&self, meta: &mut Meta, making: &Making, done: &mut Done) {
        let covered = meta.covered();
        let first_needed = self.state().rows.iter().find(|record| record.entries > 0).map_or(MOST, |record| record.key);
        meta.runs.truncate(making.keeps);
        meta.runs.push(making.run);
        meta.trim = meta.trim.max(covered.min(first_needed.saturating_sub(1)));
        if meta.trim > 0 {
            done.rows.push(Range { from: 1, to: meta.trim.into() });
        }
        let mut free = 0;
        for run in &meta.runs {
            if run.page > free {
                done.rows.push(Range { from: page_key(run.page - 1), to: page_key(free) });
            }
            free = run.page + run.pages;
        }
    }
}

/// The last of the first `keeps` checkpoints.
fn last_kept(meta: &Meta, keeps: usize) -> Option<Run> {
    meta.runs.get(keeps.checked_sub(1)?).copied()
}
