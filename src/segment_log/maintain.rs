//! Maintenance: what nobody needs any more is dropped, in transactions of bounded size that yield in between.
//!
//! Each is whole by itself, catches up before it decides, and moves only what is there at that moment; so nothing breaks
//! when two tabs do it at once. The lock merely saves them the trouble. All begin and end alike ([`SegmentLog::work`]):
//! what differs is what they do in between, and what is so afterwards ([`Done`]).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::SegmentLog;
use super::backend::{Backend, Fault, Lock, META, Range, Step, Store, Transaction};
use super::batch::{NewRows, settled};
use super::checkpoint::Making;
use super::evict::{DROPPED, Evicted};
use super::format::{IN_ROW, MOST, Meta};
use super::line::NONE;
use super::records::Record;
use super::state::{REMEMBERED_DELETES, State};
use super::write::number;
use crate::event::tell;
use crate::{Error, ErrorCode, Event, Keys, Result};

/// How many expired entries one transaction drops, or lost ones.
const EXPIRED: usize = 1_000;
/// How many keys of segments are listed at a time, and how many segments one transaction deletes: readers wait for it.
const LISTED: u32 = 256;
/// How long the next look for expired entries has to wait at least, in milliseconds.
const PATIENCE: u64 = 60_000;
/// How many transactions are made at a time: then another tab may have the lock.
const AT_A_TIME: usize = 256;
/// How long nothing is tried after a first try that came to nothing, and at most, in milliseconds.
const REST: u64 = 1_000;
pub(super) const LONGEST_REST: u64 = 60_000;

/// What is worth doing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Collect,
    Sweep,
    Expire,
    Fold,
    Compact,
    Checkpoint,
    /// Records are gone that entries still stand in, or do not read: a row has to say that these went.
    Bury,
    /// The disk is full: records of so many bytes have to go.
    Room(u64),
    /// The same on a disk on which nothing can be added before: what went with them is said by a row that comes later.
    Drop(u64),
}

/// What a transaction of maintenance did: it is so when it was committed.
#[derive(Default)]
pub(super) struct Done {
    /// Whether it was of any use.
    pub worked: bool,
    /// Segments that it deletes, and rows.
    pub emptied: Vec<Range>,
    pub rows: Vec<Range>,
    /// What a call left over, and that was looked through.
    swept: Option<Range>,
    pub evicted: Option<Evicted>,
    /// How many records it emptied, and the bytes that it moved out of them.
    pub compacted: Option<(usize, u64)>,
    pub meta: Option<Meta>,
    pub making: Option<Making>,
    /// No entry expires before.
    soonest: Option<u64>,
    /// How far it was looked for segments that no row names.
    orphans: Option<i64>,
    /// The places of records that entries stand in, and that are gone.
    pub missing: Vec<u32>,
    /// Keys that were lost, of which that is settled.
    buried: Vec<(Arc<str>, u64)>,
}

impl Done {
    /// Segment `key` goes.
    fn empty(&mut self, key: i64) {
        match self.emptied.last_mut().filter(|range| range.to + 1 == key) {
            Some(range) => range.to = key,
            None => self.emptied.push(Range { from: key, to: key }),
        }
    }
}

impl<B: Backend> SegmentLog<B> {
    /// Whether [`maintain`](Self::maintain) has anything to do. It costs nothing to ask.
    pub fn is_due(&self) -> bool {
        let now = self.clock.now_ms();
        let rests = {
            let state = self.state();
            (now + 1..=now.saturating_add(LONGEST_REST)).contains(&state.rests_until)
        };
        self.connected.load(Ordering::SeqCst) && !rests && self.due().is_some()
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
        self.read(&Keys::default(), NONE).await?;
        // It counts as failed until it has ended.
        self.rest(true);
        let worked = self.work_on().await?;
        if let Some(worked) = worked {
            self.rest(false);
            return Ok(worked);
        }
        Ok(false)
    }

    /// Begins a transaction on the connection that there is. Another is not opened for maintenance: who deletes the database
    /// from elsewhere is to find it gone.
    async fn begin_again(&self) -> Step<B::Transaction> {
        self.check_open().map_err(Fault::Failed)?;
        if self.connected.load(Ordering::SeqCst)
            && let Err(Fault::Lost(error)) = self.backend.begin(false)
        {
            self.lose(&error);
        }
        if self.connected.load(Ordering::SeqCst) {
            return self.begin(true).await;
        }
        let gone = "the connection to the database is gone";
        Err(Fault::Lost(Error::new(ErrorCode::Unavailable, gone)))
    }

    /// From now on all segments that no row names count as left over: a call met a full disk, and of what it sent nobody
    /// knows what is there.
    pub(super) fn doubt(&self) {
        self.state().orphans = 0;
    }

    /// Deletes them at once: a record was found under a number that was to be given out.
    pub(super) async fn collect_all(&self) -> Step<()> {
        self.doubt();
        while self.state().orphans < META {
            self.work(Due::Collect).await?;
        }
        Ok(())
    }

    /// How long nothing is to be tried: longer each time, unless it went well.
    fn rest(&self, longer: bool) {
        let now = self.clock.now_ms();
        let mut state = self.state();
        state.rest = if longer { (state.rest * 2).clamp(REST, LONGEST_REST) } else { 0 };
        state.rests_until = if longer { now.saturating_add(state.rest) } else { 0 };
    }

    /// Does what is due, as far as one may at a time; `None` while another tab does.
    async fn work_on(&self) -> Result<Option<bool>> {
        if self.due().is_none() {
            return Ok(Some(false));
        }
        let (_guard, leases) = match self.backend.lock().await {
            Lock::Held(guard) => (Some(guard), false),
            Lock::Taken => return Ok(None),
            Lock::Unsupported => (None, true),
        };
        let mut until = 0;
        let mut ended = Ok(Some(false));
        for _ in 0..AT_A_TIME {
            let Some(due) = self.due().filter(|_| !self.halted.load(Ordering::SeqCst)) else { break };
            if leases && until <= self.clock.now_ms() {
                match self.lease(true).await? {
                    Some(end) => until = end,
                    None => return Ok(None),
                }
            }
            match self.work(due).await {
                Ok(went_on) => {
                    ended = ended.map(|worked| worked.map(|worked| worked | went_on));
                    if due == Due::Checkpoint && !went_on {
                        break;
                    }
                }
                Err(fault) => {
                    self.doubt_if_full(&fault);
                    ended = Err(fault.into());
                    break;
                }
            }
            self.backend.pause().await;
        }
        if leases {
            // Else it runs out.
            let _ = self.lease(false).await;
        }
        ended
    }

    fn due(&self) -> Option<Due> {
        let (tuning, now) = (&self.options.tuning, self.clock.now_ms());
        let state = self.state();
        let covered = state.meta.covered();
        if state.orphans < META && self.ahead.load(Ordering::SeqCst) == 0 {
            Some(Due::Collect)
        } else if state.segments.counts().1 > 0 || !state.left_over.is_empty() {
            Some(Due::Sweep)
        } else if !state.missing.is_empty() || state.lost.len() > 0 {
            Some(Due::Bury)
        } else if self.options.drop_expired && state.soonest <= now {
            Some(Due::Expire)
        } else if state.rows.counts().0 >= tuning.fold_rows {
            Some(Due::Fold)
        } else if state.segments.waste() >= tuning.dead_bytes {
            Some(Due::Compact)
        } else if state.seen - covered >= tuning.checkpoint_rows
            || state.graves.len() > 2 * REMEMBERED_DELETES && state.seen > covered
        {
            // Rows that the last checkpoint holds go, so that nothing must stand in them.
            let oldest = state.rows.iter().find(|record| record.is_movable());
            let holds_up = oldest.is_some_and(|record| record.key <= covered);
            Some(if holds_up { Due::Fold } else { Due::Checkpoint })
        } else {
            None
        }
    }

    /// Does what is due, in one transaction; gives whether that was of any use.
    pub(super) async fn work(&self, due: Due) -> Step<bool> {
        let tx = self.begin_again().await?;
        self.catch_up(&tx).await?;
        let epoch = self.state().meta.epoch;
        let (mut rows, mut done) = (NewRows::default(), Done::default());
        match due {
            Due::Collect => self.collect(&tx, &mut done).await?,
            Due::Sweep => self.state().sweep(&mut done),
            Due::Expire => self.expire(&mut rows, &mut done),
            Due::Fold => self.empty(&tx, Store::Rows, &mut rows, &mut done).await?,
            Due::Compact => self.empty(&tx, Store::Segments, &mut rows, &mut done).await?,
            Due::Checkpoint => self.checkpoint(&tx, &mut done).await?,
            Due::Bury => {
                self.bury(&mut rows, &mut done);
                let missing = self.state().missing.iter().copied().take(DROPPED).collect();
                self.evict_records(missing, Some(&mut rows), &mut done);
            }
            Due::Room(bytes) => self.evict_records(self.idlest(bytes, false), Some(&mut rows), &mut done),
            Due::Drop(bytes) => self.evict_records(self.idlest(bytes, true), None, &mut done),
        }
        let of = |store: Store, ranges: &[Range]| ranges.iter().map(|range| (store, *range)).collect::<Vec<_>>();
        let mut deletes = of(Store::Segments, &done.emptied);
        deletes.append(&mut of(Store::Rows, &done.rows));
        if done.meta.is_some() {
            settled(&tx).await?;
        }
        self.commit(tx, rows, &deletes, done.meta.is_some()).await?;
        let Done { worked, emptied, rows, swept, evicted, compacted, meta, making, soonest, orphans, missing, buried } =
            done;
        let mut state = self.state();
        // Another call may have found the database deleted by now.
        if state.meta.epoch == epoch {
            // Nothing comes to stand in them again.
            let within =
                |ranges: &[Range], key: u32| ranges.iter().any(|range| (range.from..=range.to).contains(&key.into()));
            state.segments.drop_empty(&|key| within(&emptied, key));
            state.rows.drop_empty(&|key| within(&rows, key));
            state.left_over.retain(|range| Some(*range) != swept);
            state.soonest = soonest.unwrap_or(state.soonest);
            state.orphans = orphans.unwrap_or(state.orphans);
            state.missing.retain(|place| {
                let deleted = if place & IN_ROW == 0 { &emptied } else { &rows };
                !within(deleted, place & MOST)
            });
            missing.iter().for_each(|place| state.miss(*place));
            for (key, version) in buried {
                if state.lost.get(&key) == Some(version) {
                    state.lost.remove(&key);
                }
            }
            if let Some(meta) = meta {
                state.adopt(meta);
                state.making = making;
            }
        }
        drop(state);
        if let Some((records, bytes)) = compacted {
            tell(self.observer.as_ref(), || Event::Compact { records, bytes });
        }
        if let Some(evicted) = evicted {
            self.tell_evicted(&evicted);
        }
        Ok(worked)
    }

    /// Deletes segments that no row names: they are of calls that did not end, or were not needed any more when their
    /// tab did. At once, since whoever opens may be gone again in a second. Large calls of other tabs may lose segments
    /// by it that they are about to name; they notice, and begin anew (see `ahead`). Those of this handle are waited for.
    async fn collect(&self, tx: &B::Transaction, done: &mut Done) -> Step<()> {
        let from = self.state().orphans;
        let keys = tx.segments(Range { from, to: META }, LISTED).await?;
        let state = self.state();
        for key in &keys {
            if number(*key).is_ok_and(|key| !state.segments.knows(key)) {
                done.emptied.push(Range { from: *key, to: *key });
            }
        }
        done.worked = !done.emptied.is_empty();
        let next = keys.last().filter(|_| keys.len() == LISTED as usize).map_or(META, |last| last + 1);
        if self.options.max_bytes.is_some() {
            // Nor are all there that rows name: of those that went first, perhaps no row came to say so.
            let is_listed = |record: &&Record| (from..next).contains(&record.key.into()) && record.entries > 0;
            let gone = |record: &&Record| keys.binary_search(&record.key.into()).is_err();
            state.segments.iter().filter(is_listed).filter(gone).for_each(|record| done.missing.push(record.key));
        }
        done.orphans = Some(next);
        Ok(())
    }

    /// Deletes what does not read, unless it was written again.
    fn bury(&self, rows: &mut NewRows, done: &mut Done) {
        let state = self.state();
        let mut gone: Vec<&str> = Vec::new();
        for (key, version) in state.lost.from("").take(EXPIRED) {
            done.buried.push((key.clone(), version));
            if state.index.get(key).is_none_or(|stored| u64::from(stored.version) == version) {
                gone.push(key);
            }
        }
        if !gone.is_empty() {
            rows.delete(&gone, &self.options.tuning);
            done.worked = true;
        }
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
    /// Deletes segments of which nothing is needed. No others: numbers in between may be of a call under way.
    fn sweep(&self, done: &mut Done) {
        // A call may have been stored although nobody said so, and have lost some segments again since: each is asked for.
        done.swept = self.left_over.last().copied();
        if let Some(range) = done.swept {
            let nobody_named = |key: &i64| number(*key).is_ok_and(|key| !self.segments.knows(key));
            (range.from..=range.to).filter(nobody_named).for_each(|key| done.empty(key));
        }
        for record in self.segments.iter().filter(|record| record.entries == 0).take(LISTED as usize) {
            done.empty(record.key.into());
        }
        done.worked = !done.emptied.is_empty();
    }
}
