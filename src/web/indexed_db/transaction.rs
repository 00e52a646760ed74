//! A transaction, by `web_sys`: requests go out at once, and one listener serves all of them.
//!
//! A transaction that only reads is never committed: in Chromium a large value can then arrive after `complete`. One that
//! writes ends by `commit()`, or by `abort()` when it is dropped before.

use std::cell::Cell;

use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction};

use super::{Durability, fault};
use crate::segment_log::{Answer, Fault, META, Range, Store, Transaction};
use crate::web::to_js;
use crate::web::wait::{for_end, for_request, unheard};
use crate::{Error, Value};

/// The object store of the segments.
pub const SEGMENTS: &str = "seg";
/// The object store of the log.
pub const ROWS: &str = "idx";

/// See the module.
pub struct IdbTx {
    tx: IdbTransaction,
    segments: IdbObjectStore,
    rows: IdbObjectStore,
    /// Whether it is to be rolled back when dropped.
    open: Cell<bool>,
}

impl IdbTx {
    /// Begins one.
    pub fn begin(database: &IdbDatabase, writes: bool, durability: Durability) -> Result<Self, JsValue> {
        let options = Object::new();
        if writes && let Some(hint) = durability.hint() {
            Reflect::set(&options, &"durability".into(), &hint.into())?;
        }
        let stores = Array::of2(&SEGMENTS.into(), &ROWS.into());
        let mode = if writes { "readwrite" } else { "readonly" };
        // By reflection: web-sys has no method that takes options.
        let begin: js_sys::Function = Reflect::get(database, &"transaction".into())?.dyn_into()?;
        let tx: IdbTransaction = begin.call3(database, &stores, &mode.into(), &options)?.unchecked_into();
        let (segments, rows) = (tx.object_store(SEGMENTS)?, tx.object_store(ROWS)?);
        Ok(Self { tx, segments, rows, open: Cell::new(writes) })
    }

    fn store(&self, store: Store) -> &IdbObjectStore {
        match store {
            Store::Segments => &self.segments,
            Store::Rows => &self.rows,
        }
    }

    /// What a request that could not be made, or has failed, means: the transaction's own reason before it.
    fn fault(tx: &IdbTransaction, thrown: JsValue) -> Fault {
        fault::of_thrown(tx.error().map_or(thrown, JsValue::from))
    }
}

impl Drop for IdbTx {
    fn drop(&mut self) {
        if self.open.get() {
            // It may have ended by itself.
            let _ = self.tx.abort();
        }
    }
}

fn key(number: i64) -> JsValue {
    if number == META { "meta".into() } else { JsValue::from_f64(number as f64) }
}

fn number(key: &JsValue) -> i64 {
    key.as_f64().map_or(META, |number| number as i64)
}

fn key_range(range: Range) -> Result<IdbKeyRange, JsValue> {
    IdbKeyRange::bound(&key(range.from), &key(range.to))
}

/// The result of a request, or why it has none.
async fn result(tx: &IdbTransaction, request: &IdbRequest) -> Result<JsValue, Fault> {
    for_request(request).await;
    match request.error() {
        Ok(None) => request.result().map_err(|thrown| IdbTx::fault(tx, thrown)),
        Ok(Some(error)) => Err(IdbTx::fault(tx, error.into())),
        Err(thrown) => Err(IdbTx::fault(tx, thrown)),
    }
}

fn value(found: JsValue) -> Option<Value> {
    found.dyn_into::<Uint8Array>().ok().map(Value::from)
}

impl Transaction for IdbTx {
    fn get(&self, store: Store, keys: &[i64]) -> Answer<Vec<Option<Value>>> {
        let (tx, store) = (self.tx.clone(), self.store(store).clone());
        let mut requests = Vec::with_capacity(keys.len());
        let mut failed = None;
        for number in keys {
            match store.get(&key(*number)) {
                Ok(request) => {
                    // One that cannot be read (a file of the browser's that is gone) is missing, and no more than that.
                    unheard(&request);
                    requests.push(request);
                }
                Err(thrown) => {
                    failed = Some(Self::fault(&tx, thrown));
                    break;
                }
            }
        }
        Box::pin(async move {
            if let Some(fault) = failed {
                return Err(fault);
            }
            // Answers come in the order of the requests: with the last all are there.
            if let Some(last) = requests.last() {
                for_request(last).await;
            }
            if let Some(error) = tx.error() {
                return Err(fault::of_thrown(error.into()));
            }
            let mut found = Vec::with_capacity(requests.len());
            for request in requests {
                found.push(request.result().ok().and_then(value));
            }
            Ok(found)
        })
    }

    fn get_all(&self, range: Range, limit: u32) -> Answer<Vec<(i64, Value)>> {
        let (tx, rows) = (self.tx.clone(), self.rows.clone());
        let asked = key_range(range).and_then(|bounds| {
            let values = rows.get_all_with_key_and_limit(&bounds, limit)?;
            Ok((bounds, values))
        });
        Box::pin(async move {
            let (bounds, values) = asked.map_err(|thrown| Self::fault(&tx, thrown))?;
            let values: Array = result(&tx, &values).await?.unchecked_into();
            let mut found = Vec::with_capacity(values.length() as usize);
            // What stands alone behind all rows is the one that is always there: no need to ask for its key.
            let keys = if values.length() == 1 && range.to == META && limit > 1 {
                Array::of1(&key(META))
            } else if values.length() == 0 {
                Array::new()
            } else {
                let keys = rows.get_all_keys_with_key_and_limit(&bounds, limit);
                result(&tx, &keys.map_err(|thrown| Self::fault(&tx, thrown))?).await?.unchecked_into()
            };
            for (at, record) in values.iter().enumerate() {
                // What is no record of ours reads as an empty one, which is damaged.
                found.push((number(&keys.get(at as u32)), value(record).unwrap_or_default()));
            }
            Ok(found)
        })
    }

    fn segments(&self, range: Range, limit: u32) -> Answer<Vec<i64>> {
        let tx = self.tx.clone();
        let asked = key_range(range).and_then(|range| self.segments.get_all_keys_with_key_and_limit(&range, limit));
        Box::pin(async move {
            let asked = asked.map_err(|thrown| Self::fault(&tx, thrown))?;
            let keys: Array = result(&tx, &asked).await?.unchecked_into();
            let mut numbers = Vec::with_capacity(keys.length() as usize);
            keys.iter().for_each(|key| numbers.push(number(&key)));
            Ok(numbers)
        })
    }

    fn add(&self, store: Store, records: Vec<Value>) -> Answer<i64> {
        let tx = self.tx.clone();
        let store = self.store(store);
        let mut first = Err(JsValue::UNDEFINED);
        for (at, record) in records.iter().enumerate() {
            let request = store.add(&to_js(record));
            if at == 0 {
                first = request;
            } else if let Err(thrown) = request {
                first = Err(thrown);
                break;
            }
        }
        Box::pin(async move {
            let first = first.map_err(|thrown| Self::fault(&tx, thrown))?;
            Ok(number(&result(&tx, &first).await?))
        })
    }

    fn put(&self, number: i64, row: Value) {
        // What fails aborts the transaction, whose end tells of it.
        if self.rows.put_with_key(&to_js(&row), &key(number)).is_err() {
            let _ = self.tx.abort();
        }
    }

    fn delete(&self, store: Store, range: Range) {
        if key_range(range).and_then(|range| self.store(store).delete(&range)).is_err() {
            let _ = self.tx.abort();
        }
    }

    fn commit(self) -> Answer<()> {
        self.open.set(false);
        let tx = self.tx.clone();
        #[expect(deprecated, reason = "web-sys marks it so; the standard does not")]
        let asked = tx.commit();
        Box::pin(async move {
            asked.map_err(|thrown| Self::fault(&tx, thrown))?;
            if for_end(&tx).await {
                return Ok(());
            }
            let aborted =
                || Fault::Failed(Error::new(crate::ErrorCode::Unavailable, "IndexedDB aborted the transaction"));
            Err(tx.error().map_or_else(aborted, |reason| fault::of_thrown(reason.into())))
        })
    }
}
