//! The bound on what is stored: entries that were used least recently go when `max_bytes` would be exceeded.
//!
//! What a tab reads is known to that tab alone, by one bit an entry, so this is least-recently-used as a clock tells it:
//! first what was not used since the last time that something had to go, oldest first, then the rest. A little more goes
//! than must, so that not every write has to look through the index.

use std::sync::Arc;

use super::SegmentLog;
use super::backend::{Backend, Fault, Fetched, Range};
use super::batch::{Batch, NewRows};
use super::format::{IN_ROW, MOST, Stored};
use super::maintain::{Done, Due, LONGEST_REST};
use crate::event::tell;
use crate::sorted::{SortedMap, sort};
use crate::{Entries, Error, Event, Result};

/// One in so many bytes goes beyond what must.
const SLACK: u64 = 32;
/// The most records that one transaction drops.
pub(super) const DROPPED: usize = 256;

/// Entries that go.
pub(super) struct Evicted {
    pub keys: Vec<String>,
    bytes: u64,
}

impl<B: Backend> SegmentLog<B> {
    /// Whether `entries` fit the bound whole. Of duplicates the last counts; where they are stored on condition, any of
    /// them may be the one that stays, so the largest.
    pub(super) fn check_fits(&self, entries: &Entries, on_condition: bool) -> Result<()> {
        let Some(most) = self.options.max_bytes else { return Ok(()) };
        let mut sizes = SortedMap::default();
        for (key, value) in entries.iter() {
            let before = sizes.get(key).filter(|_| on_condition).unwrap_or(0);
            sizes.insert(Arc::from(key), before.max((key.len() + value.len()) as u64));
        }
        let bytes = sizes.numbers().sum();
        if bytes > most {
            return Err(Error::too_large("the call, its keys and values together,", bytes, most));
        }
        Ok(())
    }

    /// What must go so that `batch` fits. Its own keys do not go: they are replaced.
    pub(super) fn evict(&self, batch: &Batch<'_>, keys: &SortedMap) -> Option<Evicted> {
        let (most, now) = (self.options.max_bytes?, self.clock.now_ms());
        let mut state = self.state();
        let mut bytes = state.bytes();
        for item in &batch.items {
            let size = |length: u32| item.key.len() as u64 + u64::from(length);
            let before = state.index.get(item.key).map_or(0, |stored| size(stored.length));
            bytes = bytes.saturating_sub(before) + size(item.length);
        }
        let excess = bytes.saturating_sub(most);
        if excess == 0 {
            return None;
        }
        Some(state.oldest(excess + most / SLACK, excess, now, keys))
    }

    pub(super) fn tell_evicted(&self, evicted: &Evicted) {
        self.counters.evicted(evicted.keys.len());
        tell(self.observer.as_ref(), || Event::Evict { keys: evicted.keys.len(), bytes: evicted.bytes });
    }

    /// Whether `record`, in which an entry should stand, went to make room.
    pub(super) fn is_evicted(&self, record: &Fetched) -> bool {
        matches!(record, Fetched::Absent) && self.options.max_bytes.is_some()
    }

    /// The disk is full: gives back what nobody needs, and where there is a bound drops whole records until there is room
    /// for `bytes` and a share of all is free. Says whether anything went.
    ///
    /// Records go in the transaction that says so, if it may be. In Chromium, whose full disk takes nothing at all before
    /// something is deleted, they go in one of their own, which a row follows. Where that does not help either (small
    /// records stand in files that are not made smaller by it) no more than the call's worth goes, once in a while.
    pub(super) async fn make_room(&self, bytes: u64) -> Result<bool> {
        let stored = || {
            let state = self.state();
            state.segments.length() + state.rows.length()
        };
        let before = stored();
        let wanted = (bytes * 2).max(before / 8).max(1);
        let mut drops = 1 + bytes * 2 / self.options.tuning.transaction_bytes.max(1);
        let mut due = Due::Sweep;
        let is_bounded = self.options.max_bytes.is_some();
        loop {
            let ended = self.work(due).await;
            let missing = wanted.saturating_sub(before.saturating_sub(stored()));
            due = match (due, ended) {
                (Due::Drop(_), Ok(true)) => Due::Bury,
                (_, Ok(_)) if missing == 0 => break,
                (Due::Sweep, Ok(true)) => Due::Sweep,
                (Due::Sweep | Due::Bury, Ok(_)) | (Due::Room(_), Ok(true)) if is_bounded => Due::Room(missing),
                (Due::Room(_) | Due::Bury, Err(Fault::Quota(error))) => {
                    self.may_drop(&mut drops).then_some(Due::Drop(missing)).ok_or(error)?
                }
                (_, Err(fault)) => return Err(fault.into()),
                _ => break,
            };
            self.backend.pause().await;
        }
        Ok(stored() < before)
    }

    /// Whether records may go before a row says so, with so many `drops` left to the call.
    fn may_drop(&self, drops: &mut u64) -> bool {
        let now = self.clock.now_ms();
        let mut state = self.state();
        if (now + 1..=now.saturating_add(LONGEST_REST)).contains(&state.no_drops_until) {
            return false;
        }
        if *drops == 0 {
            state.no_drops_until = now.saturating_add(LONGEST_REST);
            return false;
        }
        *drops -= 1;
        true
    }

    /// Drops whole records, with all that stands in them: an entry by itself gives nothing back, and compaction needs
    /// room before it makes any. What went is said in `rows`; without them, later.
    pub(super) fn evict_records(&self, places: Vec<u32>, rows: Option<&mut NewRows>, done: &mut Done) {
        match rows {
            Some(rows) => {
                let mut evicted = Evicted { keys: Vec::new(), bytes: 0 };
                for (key, stored) in self.state().standing_in(&places) {
                    evicted.bytes += key.len() as u64 + u64::from(stored.length);
                    evicted.keys.push(key);
                }
                if !evicted.keys.is_empty() {
                    rows.delete_all(&evicted.keys, &self.options.tuning);
                    done.evicted = Some(evicted);
                    done.worked = true;
                }
            }
            None => {
                done.missing.extend(&places);
                done.worked = !places.is_empty();
            }
        }
        for place in places {
            let key = i64::from(place & MOST);
            let of_store = if place & IN_ROW == 0 { &mut done.emptied } else { &mut done.rows };
            of_store.push(Range { from: key, to: key });
        }
    }

    /// The places of records of about `bytes`, or as many as one transaction drops; of segments alone, or of rows too.
    pub(super) fn idlest(&self, bytes: u64, segments_alone: bool) -> Vec<u32> {
        self.state().idlest(bytes.min(self.options.tuning.transaction_bytes), segments_alone)
    }
}

impl super::state::State {
    /// The places of records of about `most` bytes: first those of whose entries the fewest were used, the oldest first.
    /// Not of rows, where segments alone are asked for: without a row that says so nobody would know that it went, and
    /// what it replaced would be there again.
    fn idlest(&mut self, most: u64, segments_alone: bool) -> Vec<u32> {
        let mut used: Vec<u64> = Vec::new();
        self.index.scan(&[], false, &mut |found| {
            if found.is_used() {
                used.push(found.stored().place.into());
            }
            true
        });
        sort(&mut used);
        let mut ranks: Vec<u64> = Vec::new();
        for (records, flag) in [(&self.segments, 0), (&self.rows, IN_ROW)] {
            if segments_alone && flag != 0 {
                continue;
            }
            for record in records.iter().filter(|record| record.entries > 0) {
                let place = u64::from(record.key | flag);
                let of_it =
                    used.partition_point(|other| *other <= place) - used.partition_point(|other| *other < place);
                ranks.push((of_it as u64 * 16 / u64::from(record.entries)) << 32 | place);
            }
        }
        sort(&mut ranks);
        let (mut places, mut bytes) = (Vec::<u64>::new(), 0);
        let mut were_used = false;
        for rank in ranks {
            if bytes >= most || places.len() == DROPPED {
                break;
            }
            let place = rank as u32;
            if self.missing.binary_search(&place).is_ok() {
                continue;
            }
            bytes += self.records(place).length_of(place & MOST);
            places.push(place.into());
            were_used = rank >> 32 > 0;
        }
        if were_used {
            self.index.age();
        }
        sort(&mut places);
        places.into_iter().map(|place| place as u32).collect()
    }

    /// Entries of at least `wanted` bytes, none of those that `stay`: expired ones first, then those not used, the oldest
    /// first. When there is not as much, `least` will do.
    fn oldest(&mut self, wanted: u64, least: u64, now: u64, stay: &SortedMap) -> Evicted {
        let mut evicted = Evicted { keys: Vec::new(), bytes: 0 };
        let size = |key: &str, stored: &Stored| key.len() as u64 + u64::from(stored.length);
        let age = |stored: &Stored| if stored.expires <= now { 0 } else { stored.version };
        // Twice: what was used counts as not used when the rest is not enough.
        for _ in 0..2 {
            let goes = |key: &str, stored: &Stored, used: bool| (!used || age(stored) == 0) && stay.get(key).is_none();
            let mut ages: Vec<u64> = Vec::new();
            self.index.walk("", None, &mut |key, found| {
                let stored = found.stored();
                if goes(key, &stored, found.is_used()) {
                    ages.push(u64::from(age(&stored)) << 32 | size(key, &stored).min(u32::MAX.into()));
                }
                true
            });
            sort(&mut ages);
            // Up to what age all go, and how much that is; of those just younger, as many as it takes.
            let (mut before, mut sum, mut last) = (0, 0, 0);
            for entry in ages {
                if sum >= wanted {
                    break;
                }
                if entry >> 32 != last {
                    (last, before) = (entry >> 32, sum);
                }
                sum += entry & 0xFFFF_FFFF;
            }
            let mut of_last = before;
            evicted = Evicted { keys: Vec::new(), bytes: 0 };
            self.index.walk("", None, &mut |key, found| {
                let stored = found.stored();
                let age = u64::from(age(&stored));
                let is_last = age == last;
                if goes(key, &stored, found.is_used()) && (age < last || (is_last && of_last < wanted)) {
                    of_last += if is_last { size(key, &stored) } else { 0 };
                    evicted.bytes += size(key, &stored);
                    evicted.keys.push(key.to_owned());
                }
                true
            });
            if evicted.bytes >= least {
                break;
            }
            self.index.age();
        }
        evicted
    }
}
