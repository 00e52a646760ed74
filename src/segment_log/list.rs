//! Listing: from the index, once it has caught up. Keys come in the order of their bytes, and a cursor is the key behind
//! which to go on, so that whatever is written meanwhile, each key that stays comes once.

use super::SegmentLog;
use super::backend::Backend;
use super::line::ALL;
use crate::Result;
use crate::store::{Cursor, Page};

impl<B: Backend> SegmentLog<B> {
    /// A page of the keys that begin with `prefix`.
    pub(super) async fn page(&self, prefix: &str, cursor: Option<Cursor>, limit: usize) -> Result<Page> {
        let _call = self.enter()?;
        let after = cursor.map(Cursor::into_after).transpose()?;
        self.look("list", 0, ALL).await?;
        let now = self.clock.now_ms();
        let (limit, mut scanned) = (limit.max(1), 0);
        let mut keys = Vec::new();
        let mut next = None;
        self.state().index.walk(prefix, after.as_deref(), &mut |key, found| {
            if keys.len() == limit || scanned == self.options.tuning.scan {
                return false;
            }
            scanned += 1;
            if found.stored().expires > now {
                keys.push(key.to_owned());
            }
            if keys.len() == limit || scanned == self.options.tuning.scan {
                next = Some(key.to_owned());
            }
            true
        });
        Ok(Page { keys, next: next.map(Cursor::after) })
    }
}
