//! A backend that outlives its handles and is seen by all of them, as a database is: what `InMemoryByteStore`, being
//! its own backend, cannot show of the contract.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytestow::conformance::{Bounds, Harness, OpenOptions, Opened};
use bytestow::event::Counters;
use bytestow::layers::Namespaced;
use bytestow::store::check_clear;
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Condition, Cursor, Entries, Error, InMemoryByteStore, Keys, Lookup,
    MemoryOptions, Page, Result, Stat, Stats, Ttl,
};

/// A handle on a map that others hold too.
pub struct Handle {
    backend: Arc<InMemoryByteStore>,
    others_data: bool,
    ttl: Option<Duration>,
    closed: AtomicBool,
    counters: Counters,
}

impl Handle {
    fn open(&self) -> Result<&InMemoryByteStore> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(&self.backend) }
    }

    fn life(&self, ttl: Ttl) -> Ttl {
        ttl.resolve(self.ttl).map_or(Ttl::Never, Ttl::After)
    }
}

impl ByteStore for Handle {
    fn capabilities(&self) -> Capabilities {
        Capabilities { shared_writes: true, shared_backend: self.others_data, ..self.backend.capabilities() }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            let found = self.open()?.get_many(keys).await?;
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let bytes = entries.bytes();
            self.open()?.set_many(entries, self.life(ttl)).await?;
            self.counters.wrote(bytes);
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.open()?.delete_many(keys).await })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.open()?.list(prefix, cursor, limit).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { self.open()?.stat(keys).await })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let backend = self.open()?;
            check_clear(self.capabilities(), &prefix, all)?;
            backend.clear(prefix, all).await
        })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(async move { self.open()?.set_if(entries, conditions, self.life(ttl)).await })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        Stats { evictions: self.backend.stats().evictions, ..self.counters.snapshot() }
    }
}

/// What a test puts around each handle.
pub type Wrap = Box<dyn Fn(Arc<dyn ByteStore>) -> Arc<dyn ByteStore> + Send + Sync>;

/// Backends by name, and handles on them.
pub struct SharedBackends {
    pub name: String,
    /// Whether the handles claim a `shared_backend`.
    pub others_data: bool,
    /// Around the handle, beneath the namespace.
    pub wrap: Wrap,
    pub backends: Mutex<HashMap<String, Arc<InMemoryByteStore>>>,
}

impl SharedBackends {
    pub fn new(name: impl Into<String>, wrap: Wrap) -> Self {
        Self { name: name.into(), others_data: false, wrap, backends: Mutex::default() }
    }

    pub fn handle(&self, backend: &str, options: MemoryOptions) -> Arc<dyn ByteStore> {
        let ttl = options.ttl;
        let mut backends = self.backends.lock().unwrap();
        let backend = backends
            .entry(backend.to_owned())
            .or_insert_with(|| Arc::new(InMemoryByteStore::with_options(MemoryOptions { ttl: None, ..options })));
        (self.wrap)(Arc::new(Handle {
            backend: backend.clone(),
            others_data: self.others_data,
            ttl,
            closed: AtomicBool::new(false),
            counters: Counters::default(),
        }))
    }
}

/// The options of a store in memory for what the kit asks.
pub fn memory_options(options: &OpenOptions, bounds: Bounds) -> MemoryOptions {
    let OpenOptions { ttl, clock, observer, .. } = options.clone();
    let Bounds { max_bytes, max_entries } = bounds;
    MemoryOptions { ttl, max_bytes, max_entries, clock: Some(clock), observer }
}

/// The store, or its namespace if one is asked for.
pub fn in_namespace(store: Arc<dyn ByteStore>, namespace: Option<&str>) -> Result<Arc<dyn ByteStore>> {
    Ok(match namespace {
        Some(namespace) => Arc::new(Namespaced::new(store, namespace)?),
        None => store,
    })
}

impl Harness for SharedBackends {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            let handle = self.handle(backend, memory_options(&options, Bounds::default()));
            in_namespace(handle, options.namespace.as_deref())
        })
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        // Opened before, so that the options are those of then.
        Some(Box::pin(async move { Ok(self.handle(backend, MemoryOptions::default())) }))
    }

    fn bounded<'a>(&'a self, backend: &'a str, bounds: Bounds, options: OpenOptions) -> Option<Opened<'a>> {
        Some(Box::pin(async move { Ok(self.handle(backend, memory_options(&options, bounds))) }))
    }
}
