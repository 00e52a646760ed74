//! Transactions that write, by `indexed_db_futures`: one that is dropped before its commit is rolled back, so that a
//! cancelled call leaves nothing half-done.

use indexed_db_futures::Result as IdbResult;
use indexed_db_futures::database::Database;
use indexed_db_futures::internals::SystemRepr;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{Transaction, TransactionDurability, TransactionMode, TransactionOptions};
use js_sys::JsString;
use wasm_bindgen::JsValue;
use web_sys::{IdbKeyRange, IdbTransaction};

use super::connection::{EXPIRING, RECORDS};
use super::record::Record;
use super::{Durability, fault};
use crate::{BoxFuture, Entries, Keys, Result, Ttl};

/// What is written. One type for all, and one body for each step of it: a future of its own for each call would weigh
/// 4 kB of wasm apiece.
pub enum Change {
    /// `expires` is 0 for never; `ttl` says the same to a store in memory.
    Set {
        entries: Entries,
        ttl: Ttl,
        expires: u64,
        now: u64,
    },
    Delete(Keys),
    /// Every key that begins with this.
    Clear(String),
}

/// Begins a transaction.
pub fn begin(database: &Database, durability: Durability) -> IdbResult<Transaction<'_>> {
    let durability = match durability {
        Durability::Relaxed => TransactionDurability::Relaxed,
        Durability::Strict => TransactionDurability::Strict,
        Durability::Default => TransactionDurability::Default,
    };
    let options = TransactionOptions::new().with_durability(durability);
    database.transaction([RECORDS, EXPIRING]).with_mode(TransactionMode::Readwrite).with_options(options).build()
}

/// Makes the requests of `change`. None is awaited: one that fails aborts the transaction, which says so at its end.
pub fn issue(tx: &Transaction<'_>, change: &Change) -> IdbResult<()> {
    let tx: &IdbTransaction = tx.as_sys();
    let (records, expiring) = (tx.object_store(RECORDS)?, tx.object_store(EXPIRING)?);
    match change {
        Change::Set { entries, expires, now, .. } => {
            for (key, value) in entries.iter() {
                let key = JsValue::from(key);
                records.put_with_key(&Record::row(value, *expires, *now), &key)?;
                if *expires != 0 {
                    expiring.put_with_key(&JsValue::from_f64(*expires as f64), &key)?;
                }
            }
        }
        Change::Delete(keys) => {
            for key in keys.iter() {
                records.delete(&key.into())?;
            }
        }
        Change::Clear(prefix) => {
            let range = prefix_range(prefix)?;
            records.delete(&range)?;
            expiring.delete(&range)?;
        }
    }
    Ok(())
}

/// Commits, and gives the reason if that fails.
pub fn commit<'a>(tx: Transaction<'a>) -> BoxFuture<'a, Result<()>> {
    // `indexed_db_futures` loses the reason of an abort; the transaction itself has it.
    let raw = tx.as_sys().clone();
    Box::pin(async move { tx.commit().await.map_err(|error| fault::of_transaction(raw.error(), error)) })
}

/// The range of the keys that begin with `prefix`.
fn prefix_range(prefix: &str) -> IdbResult<IdbKeyRange> {
    // The bound above is the prefix with its last code unit raised. It may be a lone surrogate, which is why it is
    // made of code units and not of a Rust string.
    let mut end: Vec<u16> = prefix.encode_utf16().collect();
    while end.last() == Some(&u16::MAX) {
        end.pop();
    }
    Ok(match end.last_mut() {
        Some(last) => {
            *last += 1;
            let end = JsString::from_char_code(&end);
            IdbKeyRange::bound_with_lower_open_and_upper_open(&prefix.into(), &end, false, true)?
        }
        // Nothing comes behind all of them.
        None => IdbKeyRange::lower_bound_with_open(&prefix.into(), false)?,
    })
}
