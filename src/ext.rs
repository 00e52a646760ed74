//! What every store can do by its trait's methods alone.

use crate::{BoxFuture, ByteStore, Entries, Keys, Result, Ttl, Value};

/// How many keys a page asks for where the caller does not say.
const PAGE: usize = 1_000;

/// Shorthands on every [`ByteStore`].
pub trait ByteStoreExt: ByteStore {
    /// The value of one key.
    ///
    /// # Errors
    /// As [`ByteStore::get_many`].
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Value>>> {
        Box::pin(async move {
            let found = self.get_many(Keys::from([key])).await?;
            Ok(found.into_iter().next().and_then(|found| found.value))
        })
    }

    /// Stores one value, with the store's default TTL.
    ///
    /// # Errors
    /// As [`ByteStore::set_many`].
    fn set<'a>(&'a self, key: &'a str, value: impl Into<Value>) -> BoxFuture<'a, Result<()>> {
        self.set_many(Entries::from([(key, value)]), Ttl::StoreDefault)
    }

    /// Every key that begins with `prefix`, in the store's order.
    ///
    /// # Errors
    /// As [`ByteStore::list`].
    fn keys<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>>> {
        Box::pin(async move {
            let mut keys = Vec::new();
            let mut cursor = None;
            loop {
                let page = self.list(prefix.to_owned(), cursor, PAGE).await?;
                keys.extend(page.keys);
                cursor = page.next;
                if cursor.is_none() {
                    return Ok(keys);
                }
            }
        })
    }
}

impl<S: ByteStore + ?Sized> ByteStoreExt for S {}
