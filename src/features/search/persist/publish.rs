//! Publishing: one entry, the writer's manifest, is written, and what it names counts from then on.
//!
//! - **Blocks first.** Everything that a manifest names was written before it was, under a number that the writer never
//!   used. Who stops in between leaves keys that nobody names.
//! - **An answer that is lost.** The write may still come, at any time: so nothing is written to that manifest again. The
//!   handle goes on as a new writer, and reads what the store has of the old one as it reads anybody's; whichever of the two
//!   states it is, both are whole. If the store has the new one already, the call has done what it should.
//! - **A writer that slept.** Whoever has not looked for [`ASLEEP`] looks before it publishes; it may have been absorbed
//!   meanwhile. And who finds, when the answer is there, that the last look is longer ago than that, looks again before it
//!   says that it has written. If the last look, whoever took it, finds that somebody absorbs this writer, all is written
//!   anew, as a new writer, and what was published is left to whoever absorbs it, or buries it. See
//!   [`absorb`](super::absorb) for why that is enough.

use std::sync::Arc;

use super::format::Manifest;
use super::names::{SegmentName, WriterId};
use crate::Result;
use crate::error::{Error, ErrorCode};
use crate::features::search::index::VectorIndex;

/// Milliseconds after which a look is too old to publish by.
pub const ASLEEP: u64 = 5 * 60 * 1_000;

/// How often a write is begun anew because its writer was absorbed meanwhile.
pub(crate) const ANEW: usize = 4;

/// What is changed in a manifest. Boxed: the code that publishes is there once, not once for each change.
pub(crate) type Change<'c> = Box<dyn FnOnce(&mut Manifest) + Send + 'c>;

/// Keys that no manifest names. Dropped, they are garbage: also where a call is cancelled, since they are in here before they
/// are written.
pub(crate) struct Unnamed<'i> {
    index: &'i VectorIndex,
    pub keys: Vec<String>,
}

impl Drop for Unnamed<'_> {
    fn drop(&mut self) {
        if !self.keys.is_empty() {
            self.index.state().garbage.append(&mut self.keys);
        }
    }
}

impl VectorIndex {
    /// None yet.
    pub(crate) fn unnamed(&self) -> Unnamed<'_> {
        Unnamed { index: self, keys: Vec::new() }
    }

    /// The next number of a segment of `writer`'s; `None` if this handle is that writer no more.
    pub(crate) fn next_segment(&self, writer: WriterId) -> Option<SegmentName> {
        let mut state = self.state();
        let own = state.own_mut(writer)?;
        let number = own.next;
        own.next += 1;
        Some(SegmentName { writer, number })
    }

    /// Publishes the manifest of `writer`, changed, which may name what has the keys `blocks`. `false` if it has to be done
    /// anew: this handle is that writer no more, or was absorbed while it published. After an error this handle is still
    /// that writer if nothing was written. Only whoever has the turn to write calls it.
    pub(crate) async fn publish(&self, writer: WriterId, change: Change<'_>, mut blocks: Unnamed<'_>) -> Result<bool> {
        if self.is_asleep() {
            self.refresh().await?;
        }
        let mut manifest = {
            let mut state = self.state();
            let seen = state.seen_stamp();
            // Until the answer is there, nobody publishes as this writer: if this call is dropped, nobody does again.
            let Some(own) = state.own_mut(writer).filter(|own| !own.unsure) else { return Ok(false) };
            own.unsure = true;
            let mut manifest = Manifest::clone(&own.manifest);
            manifest.next = own.next;
            manifest.stamp = manifest.stamp.max(seen);
            manifest
        };
        manifest.generation += 1;
        manifest.written = self.now();
        change(&mut manifest);
        let key = self.port.names.manifest(writer);
        // From here on they may be named, whatever becomes of this call: who leaves now leaves them where they are.
        let keys = std::mem::take(&mut blocks.keys);
        let answer = self.port.set(vec![(key.clone(), manifest.encode())]).await;
        match answer {
            Ok(()) => {
                let mut state = self.state();
                let manifest = Arc::new(manifest);
                state.look.put(manifest.clone());
                if let Some(own) = state.own_mut(writer) {
                    (own.manifest, own.unsure) = (manifest, false);
                }
            }
            Err(error) if nothing_was_written(&error) => {
                self.state().own_mut(writer).into_iter().for_each(|own| own.unsure = false);
                blocks.keys = keys;
                return Err(error);
            }
            Err(error) => {
                self.forget_unsure();
                let found =
                    self.port.get_now([&key].into()).await.ok().and_then(|found| found.into_iter().next().flatten());
                let found = found.and_then(|entry| Manifest::read(&entry.to_vec()).ok());
                if found.is_none_or(|found| found.generation != manifest.generation) {
                    return Err(error);
                }
                self.state().look.put(Arc::new(manifest));
            }
        }
        if self.is_asleep() {
            // It was published, or buried: who does not know which is not that writer any more.
            self.refresh().await.inspect_err(|_| self.state().own = None)?;
        }
        let marks = self.state().look.absorbed();
        Ok(marks.iter().all(|mark| mark.writer != writer))
    }

    /// Goes on as a new writer, if what this one has published is not known. Only whoever has the turn to write calls it.
    pub(crate) fn forget_unsure(&self) {
        self.state().own.take_if(|own| own.unsure);
    }

    /// Whether the last look is too old to publish by.
    fn is_asleep(&self) -> bool {
        let (now, looked) = (self.now(), self.state().looked);
        looked.is_none_or(|looked| now < looked || now - looked > ASLEEP)
    }
}

/// Whether a write that failed so has not happened, and will not.
fn nothing_was_written(error: &Error) -> bool {
    use ErrorCode::{Closed, InvalidArgument, QuotaExceeded, TooLarge, Unauthorized, Unsupported};
    matches!(error.code(), QuotaExceeded | Unauthorized | InvalidArgument | TooLarge | Closed | Unsupported)
}
