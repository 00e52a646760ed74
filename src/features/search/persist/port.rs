//! The store, as an index asks it: in calls of bounded size, with errors that name the key.

use std::sync::Arc;

use super::format::{Damage, Read};
use super::names::Names;
use crate::error::{ErrorCode, shown_key};
use crate::{ByteStore, ByteStoreExt as _, Entries, Error, Keys, Result, Ttl, Value};

/// Bytes of a call that writes: what goes through a request of Upstash's in base64, with room to spare.
pub const CALL: usize = 3 * 1024 * 1024;

/// Keys of a call that deletes.
const DELETED: usize = 1_000;

/// See the module.
pub struct Port {
    store: Arc<dyn ByteStore>,
    /// Where that answers from copies, the store that has the truth.
    truth: Arc<dyn ByteStore>,
    /// The keys.
    pub names: Names,
}

impl Port {
    /// An index in `store`, under `prefix`.
    pub fn new(store: Arc<dyn ByteStore>, prefix: &str) -> Self {
        let truth = store.truth().unwrap_or_else(|| store.clone());
        Self { store, truth, names: Names::new(prefix) }
    }

    /// The values of `keys`, which never change: as they are near.
    ///
    /// # Errors
    /// What the store says, here and below.
    pub async fn get(&self, keys: Keys) -> Result<Vec<Option<Value>>> {
        Self::get_from(&*self.store, keys).await
    }

    /// The values of `keys` as they are now: what others have written, or deleted.
    ///
    /// # Errors
    /// See above.
    pub async fn get_now(&self, keys: Keys) -> Result<Vec<Option<Value>>> {
        Self::get_from(&*self.truth, keys).await
    }

    async fn get_from(store: &dyn ByteStore, keys: Keys) -> Result<Vec<Option<Value>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = keys.len();
        let found: Vec<_> = store.get_many(keys).await?.into_iter().map(|lookup| lookup.value).collect();
        // Which of them are missing nobody knows, and what is missing has a meaning.
        if found.len() == asked {
            Ok(found)
        } else {
            let message = format!("the store was asked for {asked} values and gave {}", found.len());
            Err(Error::new(ErrorCode::Unavailable, message))
        }
    }

    /// Writes one call's entries. An index that expired in parts would be broken: it does not, whatever the store's
    /// default.
    ///
    /// # Errors
    /// See above.
    pub async fn set(&self, entries: Vec<(String, Vec<u8>)>) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let (keys, values): (Vec<_>, Vec<_>) =
            entries.into_iter().map(|(key, bytes)| (key, Value::from(bytes))).unzip();
        let ttl = if self.store.default_ttl().is_some() { Ttl::Never } else { Ttl::StoreDefault };
        self.store.set_many(Entries::new(keys.iter().collect(), values), ttl).await
    }

    /// Deletes `keys`, however many.
    ///
    /// # Errors
    /// See above.
    pub async fn delete(&self, keys: &[String]) -> Result<()> {
        for keys in keys.chunks(DELETED) {
            self.store.delete_many(keys.into()).await?;
        }
        Ok(())
    }

    /// All keys that begin with `prefix`, as they are now.
    ///
    /// # Errors
    /// See above.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>> {
        self.truth.keys(prefix).await
    }
}

/// What was read at `key`.
///
/// # Errors
/// `corrupt`, naming it.
pub fn sound<T>(key: &str, read: Read<T>) -> Result<T> {
    read.map_err(|damage: Damage| {
        Error::new(ErrorCode::Corrupt, format!("the entry {} {}", shown(key), damage.reason()))
    })
}

/// That `key` is missing, though a manifest says that it is there.
pub fn missing(key: &str) -> Error {
    Error::new(
        ErrorCode::Corrupt,
        format!("the entry {} is missing, which the index consists of: it was deleted, or has expired", shown(key)),
    )
}

/// A key of ours, whose end says more than its beginning.
fn shown(key: &str) -> String {
    let mut slashes = 0;
    let is_third = |byte: u8| {
        slashes += usize::from(byte == b'/');
        slashes == 3
    };
    let Some((name, own)) = key.bytes().rposition(is_third).and_then(|at| key.split_at_checked(at)) else {
        return shown_key(key);
    };
    let mut shown = shown_key(name);
    let is_cut = !shown.ends_with('"');
    while shown.pop().is_some_and(|last| last != '"') {}
    if is_cut {
        shown.push_str("...");
    }
    shown.push_str(own);
    shown.push('"');
    shown
}
