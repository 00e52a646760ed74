//! A new writer joins: it is in the directory, or readers do not go by the directory.
//!
//! Listing keys is slow on a large remote store, so readers go by one entry, the directory, which names all who have a
//! manifest. Nothing but overwriting can be done to it, and whoever writes it may have been asleep since they listed the
//! manifests: what they write may lack a writer who joined meanwhile, whose writes would be lost to all who open the index.
//! So who writes it says who they are and which time this is, lists once more, and only when the listing has nobody that the
//! directory lacks says so in their own manifest, with the first segment that they publish: *this* directory of mine held.
//! A directory is trusted when its author's manifest says that; otherwise readers list.
//!
//! Why that is enough: let B be a writer who has published, and D the directory that a reader finds, of author A, who
//! says that it held. B had its manifest before it wrote a directory of its own, and that before it published. If the reader
//! finds D and not B's, then D was written after B's, hence after B's manifest was there, and A listed after it wrote D: the
//! listing had B, so D has. It does not matter how long anybody slept, nor that a directory that was given up is written
//! late: it bears another number.
//!
//! Two writers who make an index at once, with different models, both have their manifest there before they look: at least
//! one sees the other, and gives up before anything is published.

use std::sync::Arc;

use super::absorb::DEAD;
use super::format::{Directory, Manifest};
use super::look::listed;
use super::names::WriterId;
use crate::error::ErrorCode;
use crate::features::search::index::{Own, VectorIndex};
use crate::{Error, Result};

/// How often a directory is written before somebody else may try.
const ATTEMPTS: usize = 64;

impl VectorIndex {
    /// The writer that this handle is: a new one where it is none, or none any more. Only whoever has the turn to write
    /// calls it.
    pub(crate) async fn join(&self, dimensions: usize) -> Result<WriterId> {
        self.forget_unsure();
        let own = self.state().own.as_ref().map(|own| own.manifest.clone());
        if let Some(own) = own {
            if own.generation > 1 || own.dimensions as usize == dimensions {
                return Ok(own.writer);
            }
            // It was made for vectors of another length, of which none were published.
            self.port.delete(&[self.port.names.manifest(own.writer)]).await?;
            self.state().own = None;
        }
        let writer = self.draw();
        let manifest = Manifest {
            writer,
            generation: 1,
            written: self.now(),
            next: 1,
            dimensions: dimensions as u32,
            model: self.options.model.clone(),
            ..Manifest::default()
        };
        let joined = match self.announce(manifest).await {
            Ok(joined) => joined,
            Err(error) => {
                // Nobody has seen more of it than that it is there.
                let key = self.port.names.manifest(writer);
                if self.port.delete(std::slice::from_ref(&key)).await.is_err() {
                    self.state().garbage.push(key);
                }
                return Err(error);
            }
        };
        let mut state = self.state();
        let manifest = Arc::new(joined);
        state.look.put(manifest.clone());
        state.own = Some(Own { manifest, next: 1, attempts: 0, unsure: false });
        Ok(writer)
    }

    /// Writes the empty manifest, and a directory; then looks for others of another model.
    async fn announce(&self, mut manifest: Manifest) -> Result<Manifest> {
        self.port.set(vec![(self.port.names.manifest(manifest.writer), manifest.encode())]).await?;
        manifest.joined = self.hold(manifest.writer, 0).await?;
        self.refresh().await?;
        self.alone_or_alike(manifest)
    }

    /// Writes directories until one holds; which time that was. So often it was done before.
    async fn hold(&self, writer: WriterId, before: u32) -> Result<u32> {
        let mut there = listed(&self.port).await?;
        for attempt in (before + 1..).take(ATTEMPTS) {
            if let Err(at) = there.binary_search(&writer) {
                there.insert(at, writer);
            }
            let directory = Directory { author: writer, attempt, writers: there };
            self.port.set(vec![(self.port.names.directory(), directory.encode())]).await?;
            let now = listed(&self.port).await?;
            if now.iter().all(|writer| directory.writers.binary_search(writer).is_ok()) {
                return Ok(attempt);
            }
            there = now;
        }
        Err(Error::new(ErrorCode::Unavailable, "others join the index all the time: try again"))
    }

    /// Writes a directory that holds, if there is none; whether it did. Only whoever tidies up calls it.
    pub(crate) async fn rejoin(&self) -> Result<bool> {
        if self.state().look.trusted {
            return Ok(false);
        }
        let _turn = self.writing.take().await;
        let own = self.state().own.as_mut().map(|own| {
            // Attempts that failed half-way are not made again.
            own.attempts += ATTEMPTS as u32;
            (own.writer(), own.attempts)
        });
        let Some((writer, before)) = own else { return Ok(false) };
        let attempt = self.hold(writer, before).await?;
        let change = move |manifest: &mut Manifest| manifest.joined = attempt;
        self.publish(writer, Box::new(change), self.unnamed()).await?;
        self.refresh().await?;
        Ok(true)
    }

    /// `manifest`, unless somebody else is making the index of another model. Who has been about it for [`DEAD`] will look
    /// again before publishing, and see this one.
    fn alone_or_alike(&self, manifest: Manifest) -> Result<Manifest> {
        let state = self.state();
        let alike = |other: &Manifest| other.model == manifest.model && other.dimensions == manifest.dimensions;
        let counts = |other: &Manifest| other.generation > 1 || other.written.saturating_add(DEAD) > self.now();
        let other = state.look.manifests.iter().find(|other| counts(other) && !alike(other)).cloned();
        drop(state);
        match other {
            Some(other) => Err(self.other_model(&other.model, other.dimensions)),
            None => Ok(manifest),
        }
    }

    /// A writer that nobody is, and whose rows nobody's are mistaken for.
    fn draw(&self) -> WriterId {
        let state = self.state();
        let marks = state.look.absorbed();
        let known = || {
            let absorbed = marks.iter().map(|mark| mark.writer);
            state.look.manifests.iter().map(|manifest| manifest.writer).chain(absorbed)
        };
        loop {
            let writer = WriterId::new(self.options.random.next_u64());
            if known().all(|known| known.tie() != writer.tie()) {
                return writer;
            }
        }
    }
}
