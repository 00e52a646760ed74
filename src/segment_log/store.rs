//! The log as a [`ByteStore`].

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::SegmentLog;
use super::backend::Backend;
use super::format::NEVER;
use super::line::{ALL, NONE};
use super::write::Change;
use crate::clock::expires_at;
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Lookup, Page, Stat, Ttl};
use crate::{BoxFuture, Entries, Error, ErrorCode, Keys, Result, Stats};

/// Why nothing was deleted. On a full disk that is no matter of course: what helps is said.
fn refused(error: Error) -> Error {
    if error.code() != ErrorCode::QuotaExceeded {
        return error;
    }
    let why = "there is no room left, and what is deleted has to be written down before it goes: destroy() makes room";
    Error::new(ErrorCode::QuotaExceeded, why).with_cause(error.message())
}

impl<B: Backend> SegmentLog<B> {
    fn change(&self, entries: Entries, conditions: Option<Vec<Condition>>, ttl: Ttl) -> Change {
        let now = self.clock.now_ms();
        let expires = ttl.resolve(self.options.ttl).map_or(NEVER, |life| expires_at(now, life).min(NEVER));
        Change::Put { entries, conditions, expires, now }
    }
}

impl<B: Backend> ByteStore for SegmentLog<B> {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: true,
            shared_writes: true,
            ttl: true,
            exact_ttl: true,
            conditional_set: true,
            shared_backend: false,
            persistent: true,
            max_key_bytes: None,
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move { self.look_up(&keys).await })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        let change = self.change(entries, None, ttl);
        Box::pin(async move { self.write("set", &change).await.map(drop) })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write("delete", &Change::Delete(keys)).await.map(drop).map_err(refused) })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move { self.page(&prefix, cursor, limit).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move { self.look_at(&keys).await })
    }

    /// The backend is not a shared one: `all` is not asked for.
    fn clear(&self, prefix: String, _all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move { self.write("clear", &Change::Clear(prefix)).await.map(drop).map_err(refused) })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        let change = self.change(entries, Some(conditions), ttl);
        Box::pin(async move { self.write("set", &change).await.map(|written| written.stored) })
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let place = self.line.join(NONE);
            let _turn = place.turn().await;
            self.check_open()?;
            Ok(self.connect().await?)
        })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.options.ttl
    }

    fn identity(&self) -> Option<String> {
        let mut identity = String::from("SegmentLog ");
        identity.push_str(&self.options.name);
        Some(identity)
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            // Calls made before have begun their transactions then, which still end, and those that write have ended;
            // those behind find it closed.
            let place = self.line.join(ALL);
            let _turn = place.turn().await;
            self.closed.store(true, Ordering::SeqCst);
            if self.connected.swap(false, Ordering::SeqCst) {
                self.backend.close();
            }
            self.forget();
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.counters.snapshot()
    }
}
