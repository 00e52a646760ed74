//! Calls too large for one transaction: their segments go ahead in transactions of their own, and the rows that name
//! them come last. So they are whole or not at all like any other.
//!
//! Until then the segments belong to nobody, and a tab that is opened meanwhile takes them for left over and deletes
//! them. The last transaction looks whether they are all there; if not, the call begins anew. That is dear, and seldom:
//! once for a tab at most, and there are more tries than tabs that open while a call lasts. To wait for a second look
//! before such segments are deleted would save the call the trouble, but those that a killed tab left would stay for as
//! long as tabs live shorter than the wait. What a call that fails leaves behind is collected by the next maintenance.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::SegmentLog;
use super::backend::{Backend, Fault, Range, Step, Store, Transaction};
use super::batch::{Batch, NewRows, Stamp};
use super::line::Place;
use super::state::State;
use super::write::{Failed, Written, number};
use crate::{Error, ErrorCode};

/// How often a call begins anew.
const TRIES: usize = 8;

/// The segments of a call that are named by nobody yet: left over, if dropped before they are.
struct Ahead<'a> {
    state: &'a Mutex<State>,
    /// How many such calls there are.
    count: &'a AtomicUsize,
    /// The database that they are in.
    epoch: u64,
    sent: Vec<Range>,
    /// Whether more may be on their way.
    is_sending: bool,
}

impl Drop for Ahead<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::SeqCst);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.meta.epoch == self.epoch {
            state.left_over.append(&mut self.sent);
            if self.is_sending {
                state.orphans = 0;
            }
        }
    }
}

impl<B: Backend> SegmentLog<B> {
    /// Puts `batch`.
    pub(super) async fn write_ahead(
        &self,
        place: &Place<'_>,
        batch: &mut Batch<'_>,
        stamp: Stamp,
    ) -> Result<Written, Failed> {
        batch.seal();
        for _ in 0..TRIES {
            let count = &self.ahead;
            count.fetch_add(1, Ordering::SeqCst);
            let mut ahead = Ahead { state: &self.state, count, epoch: 0, sent: Vec::new(), is_sending: true };
            let places = self.send_segments(place, batch, &mut ahead).await?;
            let Some(tx) = self.begin_ahead(place, &mut ahead).await? else { continue };
            if !has_all(&tx, &ahead.sent).await? {
                continue;
            }
            let mut rows = NewRows::default();
            rows.push_all(batch.frames(&places, Some(stamp)));
            self.commit(tx, rows, &[], false).await.map_err(Failed::Committing)?;
            ahead.sent.clear();
            return Ok(Written { stored: Vec::new(), bytes: batch.bytes });
        }
        let removed = Error::new(ErrorCode::Unavailable, "the call's segments were removed while it was under way");
        Err(Failed::Before(Fault::Failed(removed)))
    }

    /// Begins a transaction; `None` in another database than those before, where the numbers are others' segments.
    async fn begin_ahead(&self, place: &Place<'_>, ahead: &mut Ahead<'_>) -> Step<Option<B::Transaction>> {
        let tx = self.begin_at(place, true).await?;
        let epoch = self.state().meta.epoch;
        if ahead.sent.is_empty() {
            ahead.epoch = epoch;
        }
        Ok((ahead.epoch == epoch).then_some(tx))
    }

    /// Adds the segments, a few at a time; gives their places.
    async fn send_segments(
        &self,
        place: &Place<'_>,
        batch: &Batch<'_>,
        ahead: &mut Ahead<'_>,
    ) -> Step<Vec<(u32, u32)>> {
        let most = self.options.tuning.call_bytes / 2;
        let mut places = Vec::with_capacity(batch.segments.len());
        let mut values = batch.values.as_slice();
        let mut rest = batch.segments.as_slice();
        while !rest.is_empty() {
            let (mut bytes, mut count) = (0, 0);
            for length in rest {
                if count > 0 && bytes + u64::from(*length) > most {
                    break;
                }
                bytes += u64::from(*length);
                count += 1;
            }
            let (some, others) = rest.split_at_checked(count).unwrap_or((rest, &[]));
            let packed = self.pack(some, &mut values);
            let Some(tx) = self.begin_ahead(place, ahead).await? else { break };
            let added = tx.add(Store::Segments, packed);
            tx.commit().await?;
            let first = number(added.await?)?;
            places.extend((first..).zip(some.iter().copied()));
            ahead.sent.push(Range { from: first.into(), to: i64::from(first) + count as i64 - 1 });
            rest = others;
            self.backend.pause().await;
        }
        ahead.is_sending = false;
        Ok(places)
    }
}

/// Whether the segments in `ranges` are still there.
async fn has_all<T: Transaction>(tx: &T, ranges: &[Range]) -> Step<bool> {
    for range in ranges {
        let count = (range.to - range.from + 1) as u32;
        if tx.segments(*range, count).await?.len() as u32 != count {
            return Ok(false);
        }
    }
    Ok(true)
}
