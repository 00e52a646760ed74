//! Transactions that read, by `web_sys`.
//!
//! `indexed_db_futures` ends every transaction that is not committed by `abort()`, reads too: 40 of the 145 µs that one
//! `get` takes, and its listeners another 15 (measured in Chromium). A transaction that only reads ends by itself. All
//! requests are issued at once and the last one is awaited: results come in order, so that by then the others are there.
//! `commit()` is not called: in Chromium a large value can then arrive after `complete`.

use indexed_db_futures::Result as IdbResult;
use indexed_db_futures::database::Database;
use indexed_db_futures::internals::SystemRepr;
use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{IdbDatabase, IdbKeyRange, IdbRequest, IdbTransaction};

use super::connection::{EXPIRING, RECORDS};
use super::fault;
use crate::web::wait::for_request;
use crate::{Keys, Result};

/// What is read.
pub enum Question {
    Get(Keys),
    List { prefix: String, after: Option<String>, limit: u32 },
}

/// A transaction under way.
pub struct Reading {
    tx: IdbTransaction,
    requests: Vec<IdbRequest>,
}

/// Begins a transaction and makes the requests of `question`.
pub fn begin(database: &Database, question: &Question) -> IdbResult<Reading> {
    let database: &IdbDatabase = database.as_sys();
    let mut requests = Vec::new();
    let tx = match question {
        Question::Get(keys) => {
            let tx = database.transaction_with_str(RECORDS)?;
            let records = tx.object_store(RECORDS)?;
            requests.reserve_exact(keys.len());
            for key in keys.iter() {
                requests.push(records.get(&key.into())?);
            }
            tx
        }
        Question::List { prefix, after, limit } => {
            let stores = Array::of2(&RECORDS.into(), &EXPIRING.into());
            let tx = database.transaction_with_str_sequence(&stores)?;
            let any = IdbKeyRange::lower_bound_with_open(&"".into(), false)?;
            requests.push(tx.object_store(EXPIRING)?.get_key(&any)?);
            let (from, open) = (after.as_ref().unwrap_or(prefix), after.is_some());
            let range = IdbKeyRange::lower_bound_with_open(&from.as_str().into(), open)?;
            requests.push(tx.object_store(RECORDS)?.get_all_keys_with_key_and_limit(&range, *limit)?);
            tx
        }
    };
    Ok(Reading { tx, requests })
}

impl Reading {
    /// The results, in the order of the requests.
    pub async fn results(self) -> Result<Vec<JsValue>> {
        let Some(last) = self.requests.last() else { return Ok(Vec::new()) };
        for_request(last).await;
        let failed = |thrown: JsValue| fault::of_transaction(self.tx.error(), thrown.into());
        if let Some(error) = last.error().map_err(failed)? {
            return Err(failed(error.into()));
        }
        let mut results = Vec::with_capacity(self.requests.len());
        for request in &self.requests {
            results.push(request.result().map_err(failed)?);
        }
        Ok(results)
    }
}
