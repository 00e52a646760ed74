//! Who compacts, where there are no locks: a record in the database that says who does and until when.
//!
//! It need not be exact, since nothing breaks when two tabs compact at once.

use super::SegmentLog;
use super::backend::{Backend, Store, Transaction};
use super::format::Lease;
use super::open::frame_of;
use crate::{Result, Value};

/// The key of the lease.
const LEASE: i64 = -1;
/// How long it is taken for, in milliseconds.
const LIFE: u64 = 30_000;

impl<B: Backend> SegmentLog<B> {
    /// Takes the lease, or takes it again; gives when it ends, or `None` when another tab has it.
    pub(super) async fn take_lease(&self) -> Result<Option<u64>> {
        let tx = self.begin(true).await?;
        let found = tx.get(Store::Rows, &[LEASE]).await?;
        let now = self.clock.now_ms();
        let held = found.into_iter().flatten().find_map(|record| Lease::read(&frame_of(&record).ok()?).ok());
        // One that ends later than any that we would take is of a clock that was wrong.
        let is_taken = |lease: &Lease| lease.holder != self.holder && (now..=now + LIFE).contains(&lease.until);
        if held.as_ref().is_some_and(is_taken) {
            return Ok(None);
        }
        let lease = Lease { holder: self.holder, until: now + LIFE };
        tx.put(LEASE, Value::from(lease.encode()));
        tx.commit().await?;
        // Taken again when half of it is over.
        Ok(Some(now + LIFE / 2))
    }

    /// Gives the lease back.
    pub(super) async fn give_lease_back(&self) -> Result<()> {
        let tx = self.begin(true).await?;
        tx.put(LEASE, Value::from(Lease { holder: self.holder, until: 0 }.encode()));
        Ok(tx.commit().await?)
    }
}
