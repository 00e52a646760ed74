//! Writes: one transaction that adds a row to the log, and the segments that the row names.

use std::sync::Arc;

use super::SegmentLog;
use super::backend::{Backend, Fault, META, Range, Step, Store, Transaction};
use super::batch::{Batch, NewRows, Stamp};
use super::format::{Item, MOST, encode_clear};
use super::line::{ALL, Place, Shares, shares};
use super::open::LOSSES;
use crate::sorted::SortedMap;
use crate::store::Condition;
use crate::{Entries, Error, ErrorCode, Keys, Result};

/// Whatever stands there belongs to rows before this one, or to none.
const ALL_SEGMENTS: Range = Range { from: 0, to: META };

/// The longest value: Chromium takes no record of more than 127 MiB.
const LONGEST: usize = 126 << 20;

/// What is written. One type for all, and one body for each step of it: of each kind of future the compiler makes a copy.
pub(super) enum Change {
    Put { entries: Entries, conditions: Option<Vec<Condition>>, expires: u64, now: u64 },
    Delete(Keys),
    Clear(String),
}

impl Change {
    fn shares(&self) -> Shares {
        match self {
            Self::Put { entries, .. } => shares(entries.keys()),
            Self::Delete(keys) => shares(keys),
            Self::Clear(_) => ALL,
        }
    }

    fn is_of_all(&self) -> bool {
        matches!(self, Self::Clear(prefix) if prefix.is_empty())
    }

    /// Bytes of values.
    fn bytes(&self) -> u64 {
        if let Self::Put { entries, .. } = self { entries.bytes() } else { 0 }
    }
}

/// What was written.
pub(super) struct Written {
    /// Of each entry, whether it was stored.
    pub stored: Vec<bool>,
    /// Bytes of values.
    pub bytes: u64,
}

/// How a write failed.
pub(super) enum Failed {
    /// Nothing of it can have been stored.
    Before(Fault),
    /// It was committing: with a lost connection nobody knows.
    Committing(Fault),
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self::Before(fault)
    }
}

/// A record's number as we keep it.
pub(super) fn number(key: i64) -> Step<u32> {
    u32::try_from(key).ok().filter(|number| *number <= MOST).ok_or_else(|| {
        Fault::Failed(Error::new(ErrorCode::Internal, "the database has numbered more records than there can be"))
    })
}

impl<B: Backend> SegmentLog<B> {
    /// Does `change` whole, or not at all.
    pub(super) async fn write(&self, operation: &'static str, change: &Change) -> Result<Written> {
        let _call = self.enter()?;
        let began = self.clock.now_ms();
        let keys = self.check(change)?;
        if keys == 0 && !matches!(change, Change::Clear(_)) {
            return Ok(Written { stored: Vec::new(), bytes: 0 });
        }
        // It keeps its place when it is made again.
        let place = self.line.join(change.shares());
        let mut large = self.is_large(change);
        let (mut lost, mut full, mut clashed) = (0, false, false);
        loop {
            let ended = match &mut large {
                Some((batch, stamp)) => self.write_ahead(&place, batch, *stamp).await,
                None => self.write_at_once(&place, change).await,
            };
            match ended {
                Ok(written) => {
                    self.answered(operation, keys, began);
                    self.counters.wrote(written.bytes);
                    return Ok(written);
                }
                Err(Failed::Before(Fault::Lost(error))) if lost < LOSSES => {
                    lost += 1;
                    self.lose(&error);
                }
                // Room is made in a transaction of its own: what is full takes no more, deleted or not, before that ends.
                Err(Failed::Before(Fault::Quota(error)) | Failed::Committing(Fault::Quota(error))) if !full => {
                    full = true;
                    self.doubt();
                    if change.is_of_all() {
                        self.drop_segments(&place).await?;
                    } else if !self.make_room(change.bytes()).await? {
                        return Err(error);
                    }
                }
                Err(Failed::Before(Fault::Clash(_)) | Failed::Committing(Fault::Clash(_))) if !clashed => {
                    clashed = true;
                    self.collect_all().await?;
                }
                Err(Failed::Before(fault)) => {
                    self.doubt_if_full(&fault);
                    return Err(fault.into());
                }
                Err(Failed::Committing(fault)) => {
                    if let Fault::Lost(error) = &fault {
                        self.lose(error);
                    }
                    self.doubt_if_full(&fault);
                    return Err(fault.into());
                }
            }
        }
    }

    /// All is to be cleared on a full disk, which has no room for the row that says so before something is deleted. Who
    /// looks between the two finds values missing that a moment later are cleared.
    async fn drop_segments(&self, place: &Place<'_>) -> Step<()> {
        let tx = self.begin_at(place, true).await?;
        tx.delete(Store::Segments, ALL_SEGMENTS);
        tx.commit().await
    }

    pub(super) fn doubt_if_full(&self, fault: &Fault) {
        if let Fault::Quota(_) | Fault::Clash(_) = fault {
            self.doubt();
        }
    }

    /// What is put, if it is more than one transaction should write. Not where it must first be known what is there.
    fn is_large<'c>(&self, change: &'c Change) -> Option<(Batch<'c>, Stamp)> {
        let most = self.options.tuning.call_bytes;
        let Change::Put { entries, conditions: None, expires, now } = change else { return None };
        if self.options.max_bytes.is_some() || entries.bytes() <= most {
            return None;
        }
        let (batch, _) = self.prepare(entries, None, *now, &mut Vec::new());
        // Without what stands twice it may be less.
        (batch.bytes > most && !batch.segments.is_empty()).then_some((batch, (*now, *expires)))
    }

    /// Looks at the arguments; gives how many keys there are.
    fn check(&self, change: &Change) -> Result<usize> {
        match change {
            Change::Put { entries, conditions, .. } => {
                if let Some(long) = entries.values().iter().find(|value| value.len() > LONGEST) {
                    return Err(Error::too_large("a value", long.len() as u64, LONGEST as u64));
                }
                self.check_fits(entries, conditions.is_some())?;
                Ok(entries.len())
            }
            Change::Delete(keys) => Ok(keys.len()),
            Change::Clear(_) => Ok(0),
        }
    }

    /// Does `change` in one transaction.
    async fn write_at_once(&self, place: &Place<'_>, change: &Change) -> std::result::Result<Written, Failed> {
        let tx = self.begin_at(place, true).await?;
        let tuning = &self.options.tuning;
        let (mut rows, mut deletes) = (NewRows::default(), Vec::new());
        let mut written = Written { stored: Vec::new(), bytes: 0 };
        let mut evicted = None;
        match change {
            Change::Put { entries, conditions, expires, now } => {
                if conditions.is_some() || self.options.max_bytes.is_some() {
                    self.catch_up(&tx).await?;
                }
                let (mut batch, keys) = self.prepare(entries, conditions.as_deref(), *now, &mut written.stored);
                if batch.items.is_empty() {
                    return Ok(written);
                }
                evicted = self.evict(&batch, &keys);
                if let Some(evicted) = &evicted {
                    rows.delete_all(&evicted.keys, tuning);
                }
                written.bytes = batch.bytes;
                self.add(&tx, &mut batch, Some((*now, *expires)), &mut rows).await?;
            }
            Change::Delete(keys) => rows.delete(&keys.iter().collect::<Vec<_>>(), tuning),
            Change::Clear(prefix) => {
                if change.is_of_all() {
                    deletes.push((Store::Segments, ALL_SEGMENTS));
                }
                rows.push_one(encode_clear(prefix));
            }
        }
        // From here on it may be stored although it is not said to be.
        self.commit(tx, rows, &deletes, false).await.map_err(Failed::Committing)?;
        if let Some(evicted) = evicted {
            self.tell_evicted(&evicted);
        }
        Ok(written)
    }

    /// What is stored of `entries`, and its keys: of a key that stands twice the last one whose condition holds. Says of
    /// each whether its condition held.
    fn prepare<'e>(
        &self,
        entries: &'e Entries,
        conditions: Option<&[Condition]>,
        now: u64,
        stored: &mut Vec<bool>,
    ) -> (Batch<'e>, SortedMap) {
        let mut keys = SortedMap::default();
        let state = self.state();
        for (at, key) in entries.keys().iter().enumerate() {
            let holds = match conditions {
                None => true,
                // What this call has stored already is there, and changed since any read.
                Some(conditions) if keys.get(key).is_some() => conditions.get(at) == Some(&Condition::Present),
                Some(conditions) => conditions.get(at).is_some_and(|condition| state.holds(key, *condition, now)),
            };
            stored.push(holds);
            if holds {
                keys.insert(Arc::from(key), at as u64);
            }
        }
        let mut stays = vec![false; entries.len()];
        keys.numbers().for_each(|at| stays.get_mut(at as usize).into_iter().for_each(|stays| *stays = true));
        let mut batch = Batch::default();
        for ((key, value), stays) in entries.iter().zip(stays) {
            if stays {
                batch.push(Item { key, length: value.len() as u32, sum: 0, version: 0 }, value.clone());
            }
        }
        let tuning = &self.options.tuning;
        batch.lay_out(tuning, true, tuning.segment_bytes);
        (batch, keys)
    }
}
