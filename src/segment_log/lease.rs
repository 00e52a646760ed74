//! Who compacts, where there are no locks: a record in the database that says who does and until when.
//!
//! It need not be exact, since nothing breaks when two tabs compact at once.

use super::SegmentLog;
use super::backend::{Backend, Fetched, Store, Transaction};
use super::format::Lease;
use super::open::frame_of;
use crate::{Result, Value};

/// The key of the lease.
const LEASE: i64 = -1;
/// How long it is taken for, in milliseconds.
const LIFE: u64 = 10_000;

impl<B: Backend> SegmentLog<B> {
    /// Takes the lease, or takes it again; or else gives it back, when `takes` says no. Gives when it is to be taken again,
    /// or `None` when another tab has it.
    pub(super) async fn lease(&self, takes: bool) -> Result<Option<u64>> {
        let tx = self.begin(true).await?;
        let found = tx.get(Store::Rows, &[LEASE]).await?;
        let now = self.clock.now_ms();
        let mut held = found.into_iter().filter_map(Fetched::value);
        let held = held.find_map(|record| Lease::read(&frame_of(&record).ok()?).ok());
        // One that ends later than any that we would take is of a clock that was wrong.
        let is_taken = |lease: &Lease| lease.holder != self.holder && (now..=now + LIFE).contains(&lease.until);
        if held.as_ref().is_some_and(is_taken) {
            return Ok(None);
        }
        let lease = Lease { holder: self.holder, until: if takes { now + LIFE } else { 0 } };
        tx.put(LEASE, Value::from(lease.encode()));
        tx.commit().await?;
        // Taken again when half of it is over.
        Ok(Some(now + LIFE / 2))
    }
}
