//! How the kit gets at a kind of store.

use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFuture, ByteStore, Observer, Portable, Result, SharedClock};

/// A store on its way.
pub type Opened<'a> = BoxFuture<'a, Result<Arc<dyn ByteStore>>>;

/// What a store is opened with.
#[derive(Clone)]
pub struct OpenOptions {
    /// The namespace; a malformed one must be refused as `invalid_argument`.
    pub namespace: Option<String>,
    /// How long entries live unless a call says otherwise. A store that cannot expire must refuse it as
    /// `invalid_argument`.
    pub ttl: Option<Duration>,
    /// The clock by which entries expire. The rules move it; nobody waits. Where a server does the expiring, the
    /// harness gives the store a fake of it that goes by this clock.
    pub clock: SharedClock,
    /// Told of events.
    pub observer: Option<Observer>,
}

/// The bounds of a bounded store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// The most bytes, keys (UTF-8) and values together.
    pub max_bytes: Option<u64>,
    /// The most entries.
    pub max_entries: Option<usize>,
}

/// How the kit gets at a kind of store.
///
/// A `backend` is a name for a place to store things. The kit makes up names from its seed, and expects a backend of a
/// new name to be empty: a harness on something that outlives the process puts what tells its runs apart before the
/// name. For a store that is its own backend the name means nothing, and `open` makes a new one each time.
pub trait Harness: Portable {
    /// Names the store in reports.
    fn name(&self) -> &str;

    /// Opens a store.
    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a>;

    /// Another handle, without a namespace, on a backend that was opened before. `None`, the default, where each
    /// handle is a backend of its own. Where there is one, `open` on the same name must show the same data too.
    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        let _ = backend;
        None
    }

    /// Opens a bounded store; `None`, the default, where this kind of store has no bounds.
    fn bounded<'a>(&'a self, backend: &'a str, bounds: Bounds, options: OpenOptions) -> Option<Opened<'a>> {
        let _ = (backend, bounds, options);
        None
    }
}
