//! Maintenance: what nobody needs any more is dropped, in transactions of bounded size that yield in between.
//!
//! Each is whole by itself, catches up before it decides, and moves only what is there at that moment; so nothing breaks
//! when two tabs do it at once. The lock merely saves them the trouble. All begin and end alike ([`SegmentLog::work`]):
//! what differs is what they do in between, and what is so afterwards ([`Done`]).

use std::sync::atomic::Ordering;

use super::SegmentLog;
use super::backend::{Backend, Lock, META, Range, Step, Store, Transaction};
use super::batch::NewRows;
use super::checkpoint::Making;
use super::evict::Evicted;
use super::format::Meta;
use super::state::{REMEMBERED_DELETES, State};
use super::write::number;
use crate::event::tell;
use crate::{Error, Event, Keys, Result};

/// How many expired entries one transaction drops.
const EXPIRED: usize = 1_000;
/// How many keys of segments are listed at a time.
const LISTED: u32 = 1_000;
/// How many ranges of segments one transaction deletes.
const RANGES: usize = 64;
/// How long the next look for expired entries has to wait at least, in milliseconds.
const PATIENCE: u64 = 60_000;

/// What is worth doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Collect,
    Sweep,
    Expire,
    Fold,
    Compact,
    Checkpoint,
    /// The disk is full: records of so many bytes have to go.
    Room(u64),
}

/// What a transaction of maintenance did: it is so when it was committed.
#[derive(Default)]
pub(super) struct Done {
    /// Whether it was of any use.
    pub worked: bool,
    /// Segments that it deletes, and rows.
    pub emptied: Vec<Range>,
    pub rows: Vec<Range>,
    pub evicted: Option<Evicted>,
    /// How many records it emptied, and the bytes that it moved out of them.
    pub compacted: Option<(usize, u64)>,
    pub meta: Option<Meta>,
    pub making: Option<Making>,
    /// No entry expires before.
    soonest: Option<u64>,
    /// Segments from here on are to be looked at.
    collect_from: Option<i64>,
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
        let _call = self.enter()?;
        // Behind the calls: it counts as no request.
        self.read(&Keys::default()).await?;
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
                match self.lease(true).await? {
                    Some(end) => until = end,
                    None => return Ok(worked),
                }
            }
            let went_on = self.work(due).await.map_err(Error::from)?;
            worked |= went_on;
            if due == Due::Checkpoint && !went_on {
                break;
            }
            self.backend.pause().await;
        }
        if leases {
            self.lease(false).await?;
        }
        Ok(worked)
    }

    fn due(&self) -> Option<Due> {
        let tuning = &self.options.tuning;
        let state = self.state();
        let covered = state.meta.covered();
        if state.collect_from < META {
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
            || state.graves.len() > 2 * REMEMBERED_DELETES && state.seen > covered
        {
            // Rows that the last checkpoint holds go, so that nothing must stand in them.
            let oldest = state.rows.iter().find(|record| record.entries > 0);
            let holds_up = oldest.is_some_and(|record| record.key <= covered);
            Some(if holds_up { Due::Fold } else { Due::Checkpoint })
        } else {
            None
        }
    }

    /// Does what is due, in one transaction; gives whether that was of any use.
    pub(super) async fn work(&self, due: Due) -> Step<bool> {
        let tx = self.begin(true).await?;
        self.catch_up(&tx).await?;
        let (mut rows, mut done) = (NewRows::default(), Done::default());
        match due {
            Due::Collect => self.collect(&tx, &mut done).await?,
            Due::Sweep => self.state().sweep(&mut done),
            Due::Expire => self.expire(&mut rows, &mut done),
            Due::Fold => self.empty(&tx, Store::Rows, &mut rows, &mut done).await?,
            Due::Compact => self.empty(&tx, Store::Segments, &mut rows, &mut done).await?,
            Due::Checkpoint => self.checkpoint(&tx, &mut done).await?,
            Due::Room(bytes) => self.evict_records(bytes, &mut rows, &mut done),
        }
        done.emptied.iter().for_each(|range| tx.delete(Store::Segments, *range));
        done.rows.iter().for_each(|range| tx.delete(Store::Rows, *range));
        self.commit(tx, rows).await?;
        let Done { worked, emptied, rows, evicted, compacted, meta, making, soonest, collect_from } = done;
        {
            let mut state = self.state();
            // Nothing comes to stand in them again.
            let within =
                |ranges: &[Range], key: u32| ranges.iter().any(|range| (range.from..=range.to).contains(&key.into()));
            state.segments.drop_empty(&|key| within(&emptied, key));
            state.rows.drop_empty(&|key| within(&rows, key));
            state.soonest = soonest.unwrap_or(state.soonest);
            state.collect_from = collect_from.unwrap_or(state.collect_from);
            if let Some(meta) = meta {
                state.adopt(meta);
                state.making = making;
            }
        }
        if let Some((records, bytes)) = compacted {
            tell(self.observer.as_ref(), || Event::Compact { records, bytes });
        }
        if let Some(evicted) = evicted {
            self.tell_evicted(&evicted);
        }
        Ok(worked)
    }

    /// Deletes segments that no row names: they are of calls that did not end, or were not needed any more when their
    /// tab did.
    async fn collect(&self, tx: &B::Transaction, done: &mut Done) -> Step<()> {
        let from = self.state().collect_from;
        let keys = tx.segments(Range { from, to: META }, LISTED).await?;
        let state = self.state();
        for key in &keys {
            if number(*key).is_ok_and(|key| !state.segments.knows(key)) {
                done.emptied.push(Range { from: *key, to: *key });
            }
        }
        done.worked = !done.emptied.is_empty();
        let last = keys.last().filter(|_| keys.len() as u32 == LISTED);
        done.collect_from = Some(last.map_or(META, |last| last + 1));
        Ok(())
    }

    /// Deletes what has expired.
    fn expire(&self, rows: &mut NewRows, done: &mut Done) {
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
            rows.delete_all(&doomed, &self.options.tuning);
        }
        if doomed.len() < EXPIRED {
            done.soonest = Some(soonest.max(now.saturating_add(PATIENCE)));
        }
        done.worked = true;
    }
}

impl State {
    /// Deletes segments of which nothing is needed.
    fn sweep(&self, done: &mut Done) {
        let mut goes_on = false;
        for record in self.segments.iter() {
            let key = i64::from(record.key);
            let is_empty = record.entries == 0;
            if is_empty && goes_on {
                done.emptied.last_mut().into_iter().for_each(|range| range.to = key);
            } else if is_empty {
                if done.emptied.len() == RANGES {
                    break;
                }
                done.emptied.push(Range { from: key, to: key });
            }
            goes_on = is_empty;
        }
        done.worked = !done.emptied.is_empty();
    }
}
