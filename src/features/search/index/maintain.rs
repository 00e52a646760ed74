//! Tidying up, a step at a time.

use super::VectorIndex;
use crate::Result;
use crate::features::search::persist::blocks::Tried;
use crate::features::search::persist::load::Tries;

impl VectorIndex {
    /// Tidies up a little: merges some segments, takes over what writers who are gone have left, deletes what nobody needs.
    /// Whether there may be more to do. To be called after writes, again and again while it says so; other calls go on
    /// meanwhile. A handle that has written nothing leaves it to others.
    ///
    /// # Errors
    /// As [`open`](Self::open); nothing is lost.
    pub async fn maintain(&self) -> Result<bool> {
        let _turn = self.maintaining.take().await;
        let turn = self.writing.take().await;
        self.forget_unsure();
        drop(turn);
        if self.state().own.is_none() {
            return Ok(false);
        }
        self.refresh().await?;
        self.drop_garbage().await?;
        let mut tries = Tries::default();
        loop {
            match self.step().await {
                Ok(false) => return Ok(false),
                Ok(true) => {
                    self.drop_garbage().await?;
                    return Ok(true);
                }
                Err(fault) => self.look_again(fault, &mut tries).await?,
            }
        }
    }

    async fn step(&self) -> Tried<bool> {
        Ok(self.sweep().await?
            || self.rejoin().await?
            || self.bury().await?
            || self.merge().await?
            || self.absorb().await?)
    }

    async fn drop_garbage(&self) -> Result<()> {
        let mut left = self.unnamed();
        left.keys = std::mem::take(&mut self.state().garbage);
        self.port.delete(&left.keys).await?;
        left.keys.clear();
        Ok(())
    }
}
