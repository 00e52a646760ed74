//! The namespacing layer: the physical key is `<namespace>/<key>` [N1-layout].
//!
//! That is the layout of LangChain's stores on Redis, so that data is shared both ways. Two stores on one backend must
//! not use namespaces of which one is a prefix of the other at a `/`, nor one with and one without a namespace: the
//! outer one would see the inner one's keys.

use std::sync::Arc;
use std::time::Duration;

use crate::store::{ByteStore, Capabilities, Condition, Cursor, Lookup, Page, Stat, Ttl};
use crate::{BoxFuture, Entries, Error, Keys, Result, Stats};

/// A store whose keys live under `<namespace>/` of another.
pub struct Namespaced {
    inner: Arc<dyn ByteStore>,
    prefix: String,
}

/// Whether `namespace` is one [N5-malformed].
///
/// # Errors
/// `invalid_argument` if it is empty or begins or ends with `/`.
pub fn check_namespace(namespace: &str) -> Result<()> {
    if namespace.is_empty() || namespace.starts_with('/') || namespace.ends_with('/') {
        return Err(Error::invalid_argument(format!(
            "namespace is {}: it must not be empty, nor begin or end with '/'",
            crate::error::shown_key(namespace)
        )));
    }
    Ok(())
}

impl Namespaced {
    /// The namespace `namespace` of `inner`.
    ///
    /// # Errors
    /// `invalid_argument` for a malformed namespace.
    pub fn new(inner: Arc<dyn ByteStore>, namespace: &str) -> Result<Self> {
        check_namespace(namespace)?;
        Ok(Self { inner, prefix: format!("{namespace}/") })
    }
}

impl ByteStore for Namespaced {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        self.inner.get_many(keys.prefixed(&self.prefix))
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        self.inner.set_many(entries.prefixed(&self.prefix), ttl)
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        self.inner.delete_many(keys.prefixed(&self.prefix))
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        let listed = self.inner.list(self.prefix.clone() + &prefix, cursor, limit);
        Box::pin(async move {
            let mut page = listed.await?;
            // A store that lists keys of others is at fault, and still must not be able to show them here.
            page.keys.retain_mut(|key| {
                let is_own = key.starts_with(&self.prefix);
                if is_own {
                    key.drain(..self.prefix.len());
                }
                is_own
            });
            Ok(page)
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        self.inner.stat(keys.prefixed(&self.prefix))
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        self.inner.clear(self.prefix.clone() + &prefix, all)
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        self.inner.set_if(entries.prefixed(&self.prefix), conditions, ttl)
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.open()
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.inner.default_ttl()
    }

    fn check_clear(&self, prefix: &str, all: bool) -> Result<()> {
        self.inner.check_clear(&(self.prefix.clone() + prefix), all)
    }

    fn identity(&self) -> Option<String> {
        // The length first, so that no two pairs of identity and prefix make one name.
        self.inner.identity().map(|inner| format!("{}:{inner}/{}", inner.len(), self.prefix))
    }

    fn truth(&self) -> Option<Arc<dyn ByteStore>> {
        let inner = self.inner.truth()?;
        Some(Arc::new(Self { inner, prefix: self.prefix.clone() }))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.close()
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}
