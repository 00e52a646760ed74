//! A transaction, by `web_sys`: requests go out at once, and one listener serves all of them.
//!
//! A transaction that only reads is never committed: in Chromium a large value can then arrive after `complete`. One that
//! writes ends by `commit()`, or by `abort()` when it is dropped before.
//!
//! Half the time of a single read is that of going to and fro between wasm and JavaScript, so names cross once, object
//! stores are looked up when first asked of, and the range of a handle's news is kept while it stays the same.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{IdbDatabase, IdbKeyRange, IdbObjectStore, IdbRequest, IdbTransaction};

use super::connection::Opening;
use super::fault;
use super::hints::Hints;
use crate::segment_log::{Answer, Fault, Fetched, META, Range, Store, Transaction};
use crate::web::to_js;
use crate::web::wait::{for_end, for_request, listen_to_failures, unheard};
use crate::{Error, ErrorCode, Value};

/// The object store of the segments.
pub const SEGMENTS: &str = "seg";
/// The object store of the log.
pub const ROWS: &str = "idx";

#[wasm_bindgen]
extern "C" {
    type NamedStores;
    /// `IDBTransaction.objectStore`, its name by handle.
    #[wasm_bindgen(method, catch, js_name = objectStore)]
    fn object_store(this: &NamedStores, name: &JsValue) -> Result<IdbObjectStore, JsValue>;
}

thread_local! {
    static NAMES: [JsValue; 2] = [SEGMENTS.into(), ROWS.into()];
    static META_KEY: JsValue = "meta".into();
}

/// What transactions of a connection begin with.
pub struct Beginner {
    begin: Function,
    stores: JsValue,
    modes: [JsValue; 2],
    options: JsValue,
    range: LastRange,
    /// The last write met a full disk.
    full: Rc<Cell<bool>>,
    hints: Rc<Hints>,
}

/// The range asked for last, and where it begins. It has no end.
type LastRange = Rc<RefCell<Option<(i64, IdbKeyRange)>>>;

impl Beginner {
    /// For `database`.
    pub fn new(database: &IdbDatabase, opening: &Opening) -> Result<Self, JsValue> {
        let options = Object::new();
        if let Some(hint) = opening.durability.hint() {
            Reflect::set(&options, &"durability".into(), &hint.into())?;
        }
        // By reflection: web-sys has no method that takes options.
        let begin: Function = Reflect::get(database, &"transaction".into())?.dyn_into()?;
        Ok(Self {
            begin: begin.bind0(database),
            stores: Array::of2(&SEGMENTS.into(), &ROWS.into()).into(),
            modes: ["readonly".into(), "readwrite".into()],
            options: options.into(),
            range: LastRange::default(),
            full: Rc::default(),
            hints: opening.hints.clone(),
        })
    }

    /// Begins one.
    pub fn begin(&self, writes: bool) -> Result<IdbTx, JsValue> {
        if writes && self.full.take() {
            // Firefox lets the first transaction after a full disk do nothing but delete: one that deletes nothing is it.
            let cleanup = self.begin_one(true)?;
            cleanup.delete(Store::Segments, Range { from: 0, to: 0 });
            drop(cleanup.commit());
        }
        self.begin_one(writes)
    }

    fn begin_one(&self, writes: bool) -> Result<IdbTx, JsValue> {
        let [reading, writing] = &self.modes;
        let none = &JsValue::UNDEFINED;
        let (mode, options) = if writes { (writing, &self.options) } else { (reading, none) };
        let tx: IdbTransaction = self.begin.call3(none, &self.stores, mode, options)?.unchecked_into();
        // One value of a read that cannot be had (a file of the browser's that is gone) is missing, and no more than that.
        listen_to_failures(&tx, !writes);
        Ok(IdbTx {
            tx,
            stores: Default::default(),
            range: self.range.clone(),
            writes,
            open: Cell::new(writes),
            failed: Cell::default(),
            last: RefCell::default(),
            full: self.full.clone(),
            hints: self.hints.clone(),
        })
    }
}

/// See the module.
pub struct IdbTx {
    tx: IdbTransaction,
    /// Its object stores, as far as they were asked for.
    stores: [OnceCell<IdbObjectStore>; 2],
    range: LastRange,
    writes: bool,
    /// Whether it is to be rolled back when dropped.
    open: Cell<bool>,
    /// Why a request could not even be made.
    failed: Cell<Option<Fault>>,
    /// What was written last.
    last: RefCell<Option<IdbRequest>>,
    full: Rc<Cell<bool>>,
    hints: Rc<Hints>,
}

impl IdbTx {
    fn store(&self, store: Store) -> Result<&IdbObjectStore, JsValue> {
        let at = usize::from(store == Store::Rows);
        let [segments, rows] = &self.stores;
        let cell = if at == 0 { segments } else { rows };
        if cell.get().is_none() {
            let by_name: &NamedStores = self.tx.unchecked_ref();
            let found = NAMES.with(|[segments, rows]| by_name.object_store(if at == 0 { segments } else { rows }))?;
            let _ = cell.set(found);
        }
        cell.get().ok_or(JsValue::UNDEFINED)
    }

    fn range(&self, range: Range) -> Result<IdbKeyRange, JsValue> {
        // The string sorts behind all numbers, and nothing behind it.
        if range.to != META {
            return IdbKeyRange::bound(&key(range.from), &key(range.to));
        }
        let mut last = self.range.borrow_mut();
        match last.as_ref() {
            Some((from, kept)) if *from == range.from => Ok(kept.clone()),
            _ => {
                let made = IdbKeyRange::lower_bound(&key(range.from))?;
                *last = Some((range.from, made.clone()));
                Ok(made)
            }
        }
    }

    /// A request of a writing transaction could not be made: nothing of it is to be stored.
    fn give_up(&self, thrown: JsValue) -> Fault {
        let fault = fault_of(&self.tx, thrown);
        self.failed.set(Some(fault.clone()));
        // It may have ended by itself.
        let _ = self.tx.abort();
        fault
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

/// What a request that could not be made, or has failed, means: the transaction's own reason before it.
fn fault_of(tx: &IdbTransaction, thrown: JsValue) -> Fault {
    fault::of_thrown(tx.error().map_or(thrown, JsValue::from))
}

fn key(number: i64) -> JsValue {
    if number == META { META_KEY.with(JsValue::clone) } else { JsValue::from_f64(number as f64) }
}

fn number(key: &JsValue) -> i64 {
    key.as_f64().map_or(META, |number| number as i64)
}

/// The result of a request, or why it has none.
async fn result(tx: &IdbTransaction, request: &IdbRequest) -> Result<JsValue, Fault> {
    for_request(request, tx).await;
    match request.error() {
        Ok(None) => request.result().map_err(|thrown| fault_of(tx, thrown)),
        Ok(Some(error)) => Err(fault_of(tx, error.into())),
        Err(thrown) => Err(fault_of(tx, thrown)),
    }
}

fn value(found: JsValue) -> Option<Value> {
    found.dyn_into::<Uint8Array>().ok().map(Value::from)
}

/// Why `request` gave no record.
fn missing(tx: &IdbTransaction, request: &IdbRequest) -> Result<Fetched, Fault> {
    let Some(error) = request.error().map_err(|thrown| fault_of(tx, thrown))? else { return Ok(Fetched::Absent) };
    match error.name().as_str() {
        // The transaction has ended before.
        "AbortError" => Err(fault_of(tx, error.into())),
        // Chromium's, of a long value whose file was deleted: by the second name in 130 and 131.
        "NotReadableError" | "NotFoundError" => Ok(Fetched::Absent),
        // Mostly `UnknownError`: in Chromium when memory is low (`DataError` before 132). Others do not tell the two apart.
        _ => Ok(Fetched::Unreadable),
    }
}

impl Transaction for IdbTx {
    fn get(&self, store: Store, keys: &[i64]) -> Answer<Vec<Fetched>> {
        let tx = self.tx.clone();
        let mut requests = Vec::with_capacity(keys.len());
        let mut failed = None;
        for number in keys {
            match self.store(store).and_then(|store| store.get(&key(*number))) {
                Ok(request) => {
                    if self.writes {
                        unheard(&request);
                    }
                    requests.push(request);
                }
                Err(thrown) => {
                    failed = Some(fault_of(&tx, thrown));
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
                for_request(last, &tx).await;
            }
            let mut found = Vec::with_capacity(requests.len());
            for request in requests {
                found.push(match request.result().ok().and_then(value) {
                    Some(value) => Fetched::There(value),
                    None => missing(&tx, &request)?,
                });
            }
            Ok(found)
        })
    }

    fn first(&self, range: Range) -> Answer<Option<Value>> {
        let tx = self.tx.clone();
        let asked = self.range(range).and_then(|range| self.store(Store::Rows)?.get(&range));
        Box::pin(async move {
            let asked = asked.map_err(|thrown| fault_of(&tx, thrown))?;
            Ok(value(result(&tx, &asked).await?))
        })
    }

    fn get_all(&self, range: Range, limit: u32) -> Answer<Vec<(i64, Value)>> {
        let tx = self.tx.clone();
        let asked = self.range(range).and_then(|range| {
            let rows = self.store(Store::Rows)?;
            let values = rows.get_all_with_key_and_limit(&range, limit)?;
            Ok((values, rows.get_all_keys_with_key_and_limit(&range, limit)?))
        });
        Box::pin(async move {
            let (values, keys) = asked.map_err(|thrown| fault_of(&tx, thrown))?;
            let values: Array = result(&tx, &values).await?.unchecked_into();
            let keys: Array = result(&tx, &keys).await?.unchecked_into();
            let mut found = Vec::with_capacity(values.length() as usize);
            for (at, record) in values.iter().enumerate() {
                // What is no record of ours reads as an empty one, which is damaged.
                found.push((number(&keys.get(at as u32)), value(record).unwrap_or_default()));
            }
            Ok(found)
        })
    }

    fn segments(&self, range: Range, limit: u32) -> Answer<Vec<i64>> {
        let tx = self.tx.clone();
        let asked = self
            .range(range)
            .and_then(|range| self.store(Store::Segments)?.get_all_keys_with_key_and_limit(&range, limit));
        Box::pin(async move {
            let asked = asked.map_err(|thrown| fault_of(&tx, thrown))?;
            let keys: Array = result(&tx, &asked).await?.unchecked_into();
            let mut numbers = Vec::with_capacity(keys.length() as usize);
            keys.iter().for_each(|key| numbers.push(number(&key)));
            Ok(numbers)
        })
    }

    fn add(&self, store: Store, records: Vec<Value>) -> Answer<i64> {
        let tx = self.tx.clone();
        let mut requests = Vec::with_capacity(records.len());
        for record in &records {
            match self.store(store).and_then(|store| store.add(&to_js(record))) {
                Ok(request) => requests.push(request),
                Err(thrown) => {
                    let fault = self.give_up(thrown);
                    return Box::pin(async move { Err(fault) });
                }
            }
        }
        self.last.replace(requests.last().cloned());
        let full = self.full.clone();
        Box::pin(async move {
            let (Some(first), Some(last)) = (requests.first(), requests.last()) else {
                return Err(Fault::Failed(Error::new(ErrorCode::Internal, "no record was to be added")));
            };
            let added = result(&tx, last).await.and(result(&tx, first).await);
            added.map(|first| number(&first)).map_err(|fault| remembered(fault, &full))
        })
    }

    fn put(&self, number: i64, row: Value) {
        match self.store(Store::Rows).and_then(|rows| rows.put_with_key(&to_js(&row), &key(number))) {
            Ok(request) => drop(self.last.replace(Some(request))),
            Err(thrown) => drop(self.give_up(thrown)),
        }
    }

    fn delete(&self, store: Store, range: Range) {
        if let Err(thrown) = self.range(range).and_then(|range| self.store(store)?.delete(&range)) {
            self.give_up(thrown);
        }
    }

    fn commit(self) -> Answer<()> {
        self.open.set(false);
        let (tx, failed) = (self.tx.clone(), self.failed.take());
        let (last, full, hints) = (self.last.take(), self.full.clone(), self.hints.clone());
        let ended = for_end(&tx);
        #[expect(deprecated, reason = "web-sys marks it so; the standard does not")]
        let asked = tx.commit();
        Box::pin(async move {
            if let Some(fault) = failed {
                return Err(remembered(fault, &full));
            }
            asked.map_err(|thrown| fault_of(&tx, thrown))?;
            if ended.await {
                hints.tell();
                return Ok(());
            }
            // Firefox says of a full disk to the request alone that it is full. Without any reason it was not ours: the
            // browser has ended the connection.
            let quota =
                last.and_then(|last| last.error().ok().flatten()).filter(|error| error.name() == "QuotaExceededError");
            let cut = || Fault::Lost(Error::new(ErrorCode::Unavailable, "IndexedDB aborted the transaction"));
            let fault = quota.or_else(|| tx.error()).map_or_else(cut, |reason| fault::of_thrown(reason.into()));
            Err(remembered(fault, &full))
        })
    }
}

/// `fault`; a full disk is remembered for the next transaction.
fn remembered(fault: Fault, full: &Cell<bool>) -> Fault {
    full.set(full.get() || matches!(fault, Fault::Quota(_)));
    fault
}
