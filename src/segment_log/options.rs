//! Options of a [`SegmentLog`](super::SegmentLog).

use std::sync::Arc;
use std::time::Duration;

use crate::{Observer, SharedClock, SystemClock};

/// See the module.
#[derive(Clone)]
pub struct SegmentLogOptions {
    /// Names the database among others of this process; see [`ByteStore::identity`](crate::ByteStore::identity).
    pub name: String,
    /// How long entries live unless a call says otherwise; for ever without it.
    pub ttl: Option<Duration>,
    /// The most bytes, keys (UTF-8) and values together: beyond them, entries that were used least recently go. Without
    /// it nothing ever does.
    pub max_bytes: Option<u64>,
    /// How many bytes of records that were read are remembered; 0 for none.
    pub memory_bytes: u64,
    /// Whether maintenance drops what has expired. Not by a clock that may be ahead of other tabs': to them it is there.
    pub drop_expired: bool,
    /// The clock; the machine's without it.
    pub clock: Option<SharedClock>,
    /// Told of requests, evictions, compactions and damage.
    pub observer: Option<Observer>,
    /// Sizes and thresholds.
    pub tuning: Tuning,
}

impl Default for SegmentLogOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            ttl: None,
            max_bytes: None,
            memory_bytes: 8 << 20,
            drop_expired: true,
            clock: None,
            observer: None,
            tuning: Tuning::default(),
        }
    }
}

impl SegmentLogOptions {
    pub(super) fn clock(&self) -> SharedClock {
        self.clock.clone().unwrap_or_else(|| Arc::new(SystemClock))
    }
}

/// Sizes and thresholds. Any are right; these are about speed.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// How long segments are cut. Chromium keeps records beyond 64 KiB in files of their own, at three times the cost.
    pub segment_bytes: usize,
    /// The same where values are brought together that were written one by one: nothing says that they are read together,
    /// and of a shorter record less is read for one of them.
    pub single_bytes: usize,
    /// How long rows get before a call is given another: like a segment's, for the same reason.
    pub row_bytes: usize,
    /// Calls with fewer values than this ...
    pub inline_values: usize,
    /// ... and at most this many bytes stand in their row.
    pub inline_bytes: usize,
    /// Calls of more bytes are written in several transactions, the last of which makes them count.
    pub call_bytes: u64,
    /// As many rows with values in them are folded into segments.
    pub fold_rows: usize,
    /// As many rows behind a checkpoint make another.
    pub checkpoint_rows: u32,
    /// The most bytes of values that one transaction of maintenance moves. Readers wait for it: twice as many hold them up
    /// for 120 ms now and then.
    pub transaction_bytes: u64,
    /// As many bytes that nobody needs, in segments of which half is not needed, are worth a compaction.
    pub dead_bytes: u64,
    /// How many rows are read at a time when catching up. No call is more.
    pub page_rows: u32,
    /// How many entries are looked at in one go.
    pub scan: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            segment_bytes: 56 << 10,
            single_bytes: 12 << 10,
            row_bytes: 56 << 10,
            inline_values: 8,
            inline_bytes: 32 << 10,
            call_bytes: 16 << 20,
            fold_rows: 128,
            checkpoint_rows: 512,
            transaction_bytes: 1 << 20,
            dead_bytes: 1 << 20,
            page_rows: 32,
            scan: 20_000,
        }
    }
}
