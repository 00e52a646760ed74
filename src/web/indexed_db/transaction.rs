//! One transaction: its requests, and the awaiting of them.

use indexed_db_futures::database::Database;
use indexed_db_futures::future::{BasicRequest, GetAllPrimitiveRequest};
use indexed_db_futures::internals::SystemRepr;
use indexed_db_futures::object_store::ObjectStore;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::{Transaction, TransactionDurability, TransactionMode, TransactionOptions};
use indexed_db_futures::{KeyRange, Result as IdbResult};
use js_sys::JsString;
use tokio::sync::MutexGuard;
use wasm_bindgen::JsValue;

use super::connection::Line;
use super::{Durability, fault};
use crate::{Keys, Result};

pub const RECORDS: &str = "records";
pub const EXPIRING: &str = "expiring";

/// Makes the requests of a transaction.
pub type Issue<'f> = dyn Fn(&Stores<'_>) -> IdbResult<Requests> + 'f;

/// What a transaction is for.
#[derive(Clone, Copy)]
pub struct Call {
    pub operation: &'static str,
    pub keys: usize,
    mode: TransactionMode,
}

impl Call {
    pub fn read(operation: &'static str, keys: usize) -> Self {
        Self { operation, keys, mode: TransactionMode::Readonly }
    }

    pub fn write(operation: &'static str, keys: usize) -> Self {
        Self { operation, keys, mode: TransactionMode::Readwrite }
    }
}

/// Requests under way whose results are wanted.
#[derive(Default)]
pub struct Requests {
    gets: Vec<Get>,
    list: Option<(KeysRequest, Get)>,
}

type Get = BasicRequest<Option<JsValue>>;
type KeysRequest = GetAllPrimitiveRequest<JsValue>;

/// The results of a transaction.
#[derive(Default)]
pub struct Answer {
    pub rows: Vec<Option<JsValue>>,
    pub keys: Vec<String>,
    /// Whether the database has records that expire.
    pub expiring: bool,
}

/// The object stores of a transaction.
pub struct Stores<'t> {
    records: ObjectStore<'t>,
    expiring: ObjectStore<'t>,
}

impl Stores<'_> {
    /// Asks for the records of `keys`.
    pub fn gets(&self, keys: &Keys) -> IdbResult<Requests> {
        let mut gets = Vec::with_capacity(keys.len());
        for key in keys.iter() {
            gets.push(self.records.get(JsValue::from(key)).primitive()?);
        }
        Ok(Requests { gets, list: None })
    }

    /// Asks for the first `limit` keys in `range`, and whether any record expires.
    pub fn list(&self, range: KeyRange<JsValue>, limit: u32) -> IdbResult<Requests> {
        let keys = self.records.get_all_keys().with_query::<JsValue, _>(range).with_limit(limit).primitive()?;
        let any = KeyRange::LowerBound(JsValue::from(""), false);
        let expiring = self.expiring.get::<JsValue, JsValue, _>(any).primitive()?;
        Ok(Requests { gets: Vec::new(), list: Some((keys, expiring)) })
    }

    /// Puts a record that expires at `expires`, 0 for never.
    pub fn put(&self, key: &str, row: JsValue, expires: u64) -> IdbResult<()> {
        put(&self.records, key, row)?;
        if expires != 0 { put(&self.expiring, key, JsValue::from_f64(expires as f64)) } else { Ok(()) }
    }

    /// Deletes a record.
    pub fn delete(&self, key: &str) -> IdbResult<()> {
        self.records.delete(JsValue::from(key)).primitive().map(drop)
    }

    /// Deletes the records in `range`, or all.
    pub fn delete_range(&self, range: &Option<KeyRange<JsValue>>) -> IdbResult<()> {
        for store in [&self.records, &self.expiring] {
            match range {
                Some(range) => drop(store.delete::<JsValue, _>(range.clone()).primitive()?),
                None => drop(store.clear()?),
            }
        }
        Ok(())
    }
}

fn put(store: &ObjectStore<'_>, key: &str, row: JsValue) -> IdbResult<()> {
    store.put(row).with_key(JsValue::from(key)).without_key_type().primitive().map(drop)
}

/// Begins a transaction on both object stores.
pub fn begin(database: &Database, call: Call, durability: Durability) -> IdbResult<Transaction<'_>> {
    let durability = match durability {
        Durability::Relaxed => TransactionDurability::Relaxed,
        Durability::Strict => TransactionDurability::Strict,
        Durability::Default => TransactionDurability::Default,
    };
    let options = TransactionOptions::new().with_durability(durability);
    database.transaction([RECORDS, EXPIRING]).with_mode(call.mode).with_options(options).build()
}

/// Issues the requests of `tx`, lets the next in line go, and awaits the results; for writing, the commit too.
pub async fn run(
    tx: Transaction<'_>,
    call: Call,
    issue: &Issue<'_>,
    line: MutexGuard<'_, Line>,
) -> Result<Answer> {
    // `indexed_db_futures` loses the reason of an abort; the transaction itself has it.
    let raw = tx.as_sys().clone();
    let done = async {
        let requests =
            issue(&Stores { records: tx.object_store(RECORDS)?, expiring: tx.object_store(EXPIRING)? })?;
        drop(line);
        let answer = settle(requests).await?;
        if call.mode == TransactionMode::Readwrite {
            tx.commit().await?;
        }
        Ok(answer)
    };
    done.await.map_err(|error| fault::of_transaction(&raw, error))
}

async fn settle(requests: Requests) -> IdbResult<Answer> {
    let mut answer = Answer::default();
    if let Some((keys, expiring)) = requests.list {
        answer.keys = keys.await?.filter_map(|key| key.ok()?.as_string()).collect();
        answer.expiring = expiring.await?.is_some();
    }
    // Results come in the order of the requests: once the last is there, the others are, and cost no listener.
    let mut gets = requests.gets;
    if let Some(last) = gets.pop() {
        let last = last.await?;
        answer.rows.reserve_exact(gets.len() + 1);
        for get in gets {
            answer.rows.push(get.await?);
        }
        answer.rows.push(last);
    }
    Ok(answer)
}

/// The range of the keys that begin with `prefix`; `None` for all.
pub fn prefix_range(prefix: &str) -> Option<KeyRange<JsValue>> {
    // The bound above is the prefix with its last code unit raised. It may be a lone surrogate, which is why it is
    // made of code units and not of a Rust string.
    let mut end: Vec<u16> = prefix.encode_utf16().collect();
    while end.last() == Some(&u16::MAX) {
        end.pop();
    }
    match end.last_mut() {
        Some(last) => *last += 1,
        None if prefix.is_empty() => return None,
        None => return Some(KeyRange::LowerBound(prefix.into(), false)),
    }
    Some(KeyRange::Bound(prefix.into(), false, JsString::from_char_code(&end).into(), true))
}
