//! What a handle knows.

use std::sync::Arc;

use super::IndexOptions;
use super::cache::Cache;
use super::outage::Failed;
use super::table::Table;
use crate::features::search::persist::format::Manifest;
use crate::features::search::persist::look::Look;
use crate::features::search::persist::names::WriterId;

/// The writer that a handle is.
#[derive(Clone, Debug)]
pub struct Own {
    /// What it has published last.
    pub manifest: Arc<Manifest>,
    /// The number of its next segment: those before it may have been written, published or not.
    pub next: u32,
    /// No directory that it wrote has a greater number than a few more than this.
    pub attempts: u32,
    /// Its manifest is being written, or whoever did it left before the answer came.
    pub unsure: bool,
}

impl Own {
    /// Who that is.
    pub fn writer(&self) -> WriterId {
        self.manifest.writer
    }
}

/// See the module.
#[derive(Debug, Default)]
pub struct State {
    /// The last look.
    pub look: Look,
    /// When it was taken; `None` before the first.
    pub looked: Option<u64>,
    /// The look behind it, if one was tried since and failed.
    pub failed: Option<Failed>,
    /// How many have failed.
    pub failures: u64,
    /// The writer that this handle is, once it has written.
    pub own: Option<Own>,
    /// What the index holds, once its dimensions are known.
    pub table: Option<Table>,
    /// Blocks that were read lately.
    pub cache: Cache,
    /// The last stamp that this handle has given.
    pub given: u64,
    /// Numbers in a vector.
    pub dimensions: Option<usize>,
    /// Keys that nobody needs any more, or that nobody knows of.
    pub garbage: Vec<String>,
}

impl State {
    /// Nothing yet.
    pub fn new(options: &IndexOptions) -> Self {
        let cache = Cache::new(options.max_cached_bytes);
        Self { dimensions: options.dimensions, cache, ..Self::default() }
    }

    /// The writer that this handle is, if it is `writer`.
    pub fn own_mut(&mut self, writer: WriterId) -> Option<&mut Own> {
        self.own.as_mut().filter(|own| own.writer() == writer)
    }

    /// The greatest stamp that was seen.
    pub fn seen_stamp(&self) -> u64 {
        let seen = self.look.manifests.iter().map(|manifest| manifest.stamp).max().unwrap_or_default();
        seen.max(self.table.as_ref().map_or(0, Table::stamp))
    }

    /// A stamp that is greater than all that were seen and all that were given, and not before `now` (milliseconds).
    ///
    /// What was given counts, seen or not: a write that nobody answered may come yet, and what was written behind it is
    /// newer.
    pub fn next_stamp(&mut self, now: u64) -> u64 {
        // As many stamps as there are, a clock that is wrong by ages does not use them up.
        self.given = (now << 16).max(self.seen_stamp().max(self.given).saturating_add(1));
        self.given
    }
}
