//! Maintenance: what nobody needs any more is dropped, in transactions of bounded size that yield in between.
//!
//! Each is whole by itself, catches up before it decides, and moves only what is there at that moment; so nothing breaks
//! when two tabs do it at once. The lock merely saves them the trouble.

use std::sync::atomic::Ordering;

use super::SegmentLog;
use super::backend::{Backend, Lock, META, Range, Step, Store, Transaction};
use super::batch::{Batch, NewRows};
use super::format::{IN_ROW, Item, MOST, Row, Stored};
use super::open::frame_of;
use super::read::value_of;
use super::state::{REMEMBERED_DELETES, State};
use super::write::number;
use crate::event::tell;
use crate::{Error, Event, Result, Value};

/// How many expired entries one transaction drops.
const EXPIRED: usize = 1_000;
/// How many keys of segments are listed at a time.
const LISTED: u32 = 1_000;
/// How many ranges of segments one transaction deletes, and how many records it empties.
const RANGES: usize = 64;
const EMPTIED: usize = 512;
/// How long the next look for expired entries has to wait at least, in milliseconds.
const PATIENCE: u64 = 60_000;

/// What is worth doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Collect,
    Sweep,
    Expire,
    Fold,
    Compact,
    Checkpoint,
}

impl<B: Backend> SegmentLog<B> {
    /// Whether [`maintain`](Self::maintain) has anything to do. It costs nothing to ask.
    pub fn is_due(&self) -> bool {
        self.connected.load(Ordering::SeqCst) && self.due().is_some()
    }

    /// Does what is due: deletes segments of calls that did not end and those that nobody needs, drops what has expired,
    /// copies what is needed out of records of which little is, and writes a checkpoint. Gives whether anything was done;
    /// nothing is while another tab does it. Dropping the future stops it, at any point and without harm.
    ///
    /// Whoever makes the log calls this, when [`is_due`](Self::is_due) after a write and there is time.
    ///
    /// # Errors
    /// `closed`, and what the backend says.
    pub async fn maintain(&self) -> Result<bool> {
        // Behind the calls: it is none, and counts as none.
        self.refresh().await?;
        if self.due().is_none() {
            return Ok(false);
        }
        let (_guard, leases) = match self.backend.lock().await {
            Lock::Held(guard) => (Some(guard), false),
            Lock::Taken => return Ok(false),
            Lock::Unsupported => (None, true),
        };
        let mut until = 0;
        let mut worked = false;
        while let Some(due) = self.due() {
            if leases && until <= self.clock.now_ms() {
                match self.take_lease().await? {
                    Some(end) => until = end,
                    None => return Ok(worked),
                }
            }
            let went_on = match due {
                Due::Collect => self.collect().await,
                Due::Sweep => self.sweep().await,
                Due::Expire => self.expire().await,
                Due::Fold => self.fold().await,
                Due::Compact => self.compact().await,
                Due::Checkpoint => self.checkpoint().await,
            };
            let went_on = went_on.map_err(Error::from)?;
            worked |= went_on;
            if due == Due::Checkpoint && !went_on {
                break;
            }
            self.backend.pause().await;
        }
        if leases {
            self.give_lease_back().await?;
        }
        Ok(worked)
    }

    fn due(&self) -> Option<Due> {
        let tuning = &self.options.tuning;
        let state = self.state();
        let covered = state.meta.covered();
        if !self.collected.load(Ordering::SeqCst) {
            Some(Due::Collect)
        } else if state.segments.counts().1 > 0 {
            Some(Due::Sweep)
        } else if self.options.drop_expired && state.soonest <= self.clock.now_ms() {
            Some(Due::Expire)
        } else if state.rows.counts().0 >= tuning.fold_rows {
            Some(Due::Fold)
        } else if state.segments.waste() >= tuning.dead_bytes {
            Some(Due::Compact)
        } else if state.seen - covered >= tuning.checkpoint_rows
            || state.graves() > 2 * REMEMBERED_DELETES && state.seen > covered
        {
            // Rows that the last checkpoint holds go, so that nothing must stand in them.
            let oldest = state.rows.iter().find(|record| record.entries > 0);
            let holds_up = oldest.is_some_and(|record| record.key <= covered);
            Some(if holds_up { Due::Fold } else { Due::Checkpoint })
        } else {
            None
        }
    }

    /// A transaction that writes, and has caught up.
    pub(super) async fn begin_work(&self) -> Step<B::Transaction> {
        let tx = self.begin(true).await?;
        self.catch_up(&tx).await?;
        Ok(tx)
    }

    /// Deletes segments that no row names: they are of calls that did not end, or were not needed any more when their
    /// tab did.
    async fn collect(&self) -> Step<bool> {
        let mut from = 0;
        let mut worked = false;
        loop {
            let tx = self.begin_work().await?;
            let keys = tx.segments(Range { from, to: META }, LISTED).await?;
            {
                let state = self.state();
                let orphan = |key: &i64| number(*key).is_ok_and(|key| !state.segments.knows(key));
                for key in keys.iter().filter(|key| orphan(key)) {
                    worked = true;
                    tx.delete(Store::Segments, Range { from: *key, to: *key });
                }
            }
            tx.commit().await?;
            match keys.last() {
                Some(last) if keys.len() as u32 == LISTED => from = last + 1,
                _ => break,
            }
            self.backend.pause().await;
        }
        self.collected.store(true, Ordering::SeqCst);
        Ok(worked)
    }

    /// Deletes segments of which nothing is needed.
    pub(super) async fn sweep(&self) -> Step<bool> {
        let tx = self.begin_work().await?;
        let mut ranges: Vec<Range> = Vec::new();
        {
            let state = self.state();
            let mut goes_on = false;
            for record in state.segments.iter() {
                let key = i64::from(record.key);
                let is_empty = record.entries == 0;
                if is_empty && goes_on {
                    ranges.last_mut().into_iter().for_each(|range| range.to = key);
                } else if is_empty {
                    if ranges.len() == RANGES {
                        break;
                    }
                    ranges.push(Range { from: key, to: key });
                }
                goes_on = is_empty;
            }
        }
        ranges.iter().for_each(|range| tx.delete(Store::Segments, *range));
        tx.commit().await?;
        // Nothing comes to stand in them again.
        let within = |key: u32| ranges.iter().any(|range| (range.from..=range.to).contains(&key.into()));
        self.state().segments.drop_empty(&within);
        Ok(!ranges.is_empty())
    }

    /// Deletes what has expired.
    async fn expire(&self) -> Step<bool> {
        let tx = self.begin_work().await?;
        let now = self.clock.now_ms();
        let mut doomed = Vec::new();
        let mut soonest = u64::MAX;
        self.state().index.scan(&[], false, &mut |found| {
            let expires = found.stored().expires;
            if expires > now {
                soonest = soonest.min(expires);
            } else {
                doomed.push(found.key().to_owned());
            }
            doomed.len() < EXPIRED
        });
        if !doomed.is_empty() {
            let mut rows = NewRows::default();
            rows.delete_all(&doomed, &self.options.tuning);
            self.commit(tx, rows).await?;
        }
        if doomed.len() < EXPIRED {
            self.state().soonest = soonest.max(now.saturating_add(PATIENCE));
        }
        Ok(true)
    }

    /// Moves values that stand in rows into segments.
    async fn fold(&self) -> Step<bool> {
        let tx = self.begin_work().await?;
        let mut victims = Vec::new();
        let mut bytes = 0;
        for record in self.state().rows.iter().filter(|record| record.entries > 0) {
            if bytes + u64::from(record.live) > self.options.tuning.transaction_bytes && !victims.is_empty()
                || victims.len() == EMPTIED
            {
                break;
            }
            bytes += u64::from(record.live);
            victims.push(record.key | IN_ROW);
        }
        self.empty(tx, Store::Rows, victims).await
    }

    /// Moves what is needed out of segments of which more than half is not.
    async fn compact(&self) -> Step<bool> {
        let tx = self.begin_work().await?;
        let mut victims = Vec::new();
        let mut bytes = 0;
        for record in self.state().segments.iter().filter(|record| record.entries > 0 && record.is_wasteful()) {
            if bytes + u64::from(record.length) > self.options.tuning.transaction_bytes && !victims.is_empty()
                || victims.len() == EMPTIED
            {
                break;
            }
            bytes += u64::from(record.length);
            victims.push(record.key);
        }
        self.empty(tx, Store::Segments, victims).await
    }

    /// Moves what is needed out of the records at `victims`, all of one store; segments are deleted.
    async fn empty(&self, tx: B::Transaction, store: Store, victims: Vec<u32>) -> Step<bool> {
        if victims.is_empty() {
            return Ok(false);
        }
        let now = self.clock.now_ms();
        let keys: Vec<i64> = victims.iter().map(|place| (place & MOST).into()).collect();
        let records = tx.get(store, &keys).await?;
        let named = if store == Store::Rows { self.state().standing_in_rows(&victims, &records) } else { None };
        let entries = named.unwrap_or_else(|| self.state().standing_in(&victims));
        let mut gone: Vec<&str> = Vec::new();
        let mut kept = Batch::default();
        for (key, stored) in &entries {
            let at = victims.binary_search(&stored.place).unwrap_or(usize::MAX);
            let record = records.get(at).and_then(Option::as_ref);
            match value_of(stored, record) {
                Ok(_) if stored.expires <= now => gone.push(key),
                Ok(value) => {
                    let Stored { length, sum, version, .. } = *stored;
                    kept.push(Item { key, length, sum, version }, value);
                }
                Err(reason) => {
                    self.tell_corrupt(key, reason);
                    gone.push(key);
                }
            }
        }
        let tuning = &self.options.tuning;
        let mut rows = NewRows::default();
        if !gone.is_empty() {
            rows.delete(&gone, tuning);
        }
        let bytes = kept.bytes;
        if !kept.items.is_empty() {
            kept.lay_out(tuning, false);
            self.add(&tx, &mut kept, None, &mut rows).await?;
        }
        if store == Store::Segments {
            keys.iter().for_each(|key| tx.delete(store, Range { from: *key, to: *key }));
        }
        self.commit(tx, rows).await?;
        if store == Store::Segments {
            self.state().segments.drop_empty(&|key| victims.binary_search(&key).is_ok());
        }
        tell(self.observer.as_ref(), || Event::Compact { records: victims.len(), bytes });
        Ok(true)
    }
}

impl State {
    /// The entries that stand in the records at `places`, as they were written: what came together stays together. By a
    /// look through the whole index.
    fn standing_in(&self, places: &[u32]) -> Vec<(String, Stored)> {
        let mut found = Vec::new();
        self.index.scan(&[], false, &mut |entry| {
            let stored = entry.stored();
            if places.binary_search(&stored.place).is_ok() {
                found.push((entry.key().to_owned(), stored));
            }
            true
        });
        in_order(found)
    }

    /// The same of rows, which name their keys; `None` if one of them cannot be read.
    fn standing_in_rows(&self, places: &[u32], rows: &[Option<Value>]) -> Option<Vec<(String, Stored)>> {
        let mut found = Vec::new();
        for (place, row) in places.iter().zip(rows) {
            let frame = frame_of(row.as_ref()?).ok()?;
            let Ok(Row::Put { mut entries, .. }) = Row::read(&frame) else { return None };
            while let Ok(Some(put)) = entries.next() {
                if let Some(stored) = self.index.get(put.key).filter(|stored| stored.place == *place) {
                    found.push((put.key.to_owned(), stored));
                }
            }
        }
        Some(found)
    }
}

fn position(stored: &Stored) -> u64 {
    u64::from(stored.place) << 32 | u64::from(stored.offset)
}

/// The entries in the order of their positions. Numbers are sorted, not entries: the sort of numbers is there already.
fn in_order(entries: Vec<(String, Stored)>) -> Vec<(String, Stored)> {
    let mut positions = Vec::with_capacity(entries.len());
    entries.iter().for_each(|(_, stored)| positions.push(position(stored)));
    positions.sort_unstable();
    // Empty values may share a position: how many of each are placed.
    let mut placed = vec![0; entries.len()];
    let mut ordered = vec![<(String, Stored)>::default(); entries.len()];
    for entry in entries {
        let own = position(&entry.1);
        let first = positions.partition_point(|other| *other < own);
        if let Some(count) = placed.get_mut(first) {
            ordered.get_mut(first + *count).into_iter().for_each(|place| place.clone_from(&entry));
            *count += 1;
        }
    }
    ordered
}
