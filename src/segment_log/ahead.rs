//! Calls too large for one transaction: their segments go ahead in transactions of their own, and the rows that name
//! them come last. So they are whole or not at all like any other.
//!
//! Until then the segments belong to nobody, and a tab that collects such may take them for left over. The last
//! transaction looks whether they are all there; if not, the call begins anew. What a call that fails leaves behind is
//! collected by the next maintenance.

use std::sync::{Mutex, PoisonError};

use super::SegmentLog;
use super::backend::{Backend, Fault, Range, Step, Store, Transaction};
use super::batch::{Batch, NewRows, Stamp};
use super::state::State;
use super::write::{Failed, Written, number};
use crate::{Error, ErrorCode};

/// How often a call begins anew.
const TRIES: usize = 3;

/// Says, when dropped before the end, that segments are left over.
struct Leftovers<'a>(Option<&'a Mutex<State>>);

impl Drop for Leftovers<'_> {
    fn drop(&mut self) {
        if let Some(state) = self.0 {
            state.lock().unwrap_or_else(PoisonError::into_inner).collect_from = 0;
        }
    }
}

impl<B: Backend> SegmentLog<B> {
    /// Puts `batch`.
    pub(super) async fn write_ahead(&self, batch: &mut Batch<'_>, stamp: Stamp) -> Result<Written, Failed> {
        // Later calls wait until this one has its place among the rows.
        let _turn = self.line.take().await;
        batch.seal();
        let mut leftovers = Leftovers(Some(&self.state));
        for _ in 0..TRIES {
            let (places, ranges) = self.send_segments(batch).await?;
            let tx = self.begin_in_turn(true).await?;
            if !has_all(&tx, &ranges).await? {
                continue;
            }
            let mut rows = NewRows::default();
            rows.push_all(batch.frames(&places, Some(stamp)));
            self.commit(tx, rows).await.map_err(Failed::Committing)?;
            leftovers.0 = None;
            return Ok(Written { stored: Vec::new(), bytes: batch.bytes });
        }
        let removed = Error::new(ErrorCode::Unavailable, "the call's segments were removed while it was under way");
        Err(Failed::Before(Fault::Failed(removed)))
    }

    /// Adds the segments, a few at a time; gives their places and the ranges of their keys.
    async fn send_segments(&self, batch: &Batch<'_>) -> Step<(Vec<(u32, u32)>, Vec<Range>)> {
        let most = self.options.tuning.call_bytes / 2;
        let (mut places, mut ranges) = (Vec::with_capacity(batch.segments.len()), Vec::new());
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
            let tx = self.begin_in_turn(true).await?;
            let added = tx.add(Store::Segments, packed);
            let committed = tx.commit();
            let first = number(added.await?)?;
            committed.await?;
            places.extend((first..).zip(some.iter().copied()));
            ranges.push(Range { from: first.into(), to: i64::from(first) + count as i64 - 1 });
            rest = others;
            self.backend.pause().await;
        }
        Ok((places, ranges))
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
