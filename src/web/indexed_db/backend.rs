//! The engine's database: one of IndexedDB's, by `web_sys`.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::connection::{self, Connection};
use super::fault;
use super::transaction::IdbTx;
use super::{Durability, Opening};
use crate::segment_log::{Backend, Fault, Guard, Lock};
use crate::timer::Timer;
use crate::web::{SystemTimer, to_js};
use crate::{BoxFuture, Error, Value};

/// A database by its name.
pub struct IdbBackend {
    name: String,
    durability: Durability,
    opening: Opening,
    connection: RefCell<Option<Connection>>,
}

impl IdbBackend {
    /// The database that `opening` says; nothing is opened yet.
    pub fn new(name: String, durability: Durability, opening: Opening) -> Self {
        Self { name, durability, opening, connection: RefCell::default() }
    }
}

impl Backend for IdbBackend {
    type Transaction = IdbTx;

    fn open(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            if self.connection.borrow().is_none() {
                let connection = connection::open(&self.name, &self.opening).await?;
                self.connection.replace(Some(connection));
            }
            Ok(())
        })
    }

    fn begin(&self, writes: bool) -> Result<IdbTx, Fault> {
        let connection = self.connection.borrow();
        let lost = || Fault::Lost(Error::new(crate::ErrorCode::Unavailable, "there is no connection to the database"));
        let begun = IdbTx::begin(connection.as_ref().ok_or_else(lost)?.database(), writes, self.durability);
        drop(connection);
        begun.map_err(|thrown| {
            let fault = fault::of_thrown(thrown);
            if let Fault::Lost(_) = fault {
                self.connection.replace(None);
            }
            fault
        })
    }

    fn close(&self) {
        self.connection.replace(None);
    }

    /// By the Web Locks API, where there is one: it is missing on pages that are not secure contexts.
    fn lock(&self) -> BoxFuture<'_, Lock> {
        Box::pin(async move {
            let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap_or_default();
            let locks = Reflect::get(&navigator, &"locks".into()).unwrap_or_default();
            match Reflect::get(&locks, &"request".into()).map(JsCast::dyn_into::<Function>) {
                Ok(Ok(request)) => web_lock(&request, &locks, &self.name).await.unwrap_or(Lock::Unsupported),
                _ => Lock::Unsupported,
            }
        })
    }

    fn pause(&self) -> BoxFuture<'_, ()> {
        SystemTimer.sleep(Duration::ZERO)
    }

    fn random(&self) -> u64 {
        let bits = || (js_sys::Math::random() * 4_294_967_296.0) as u64;
        bits() << 32 | bits()
    }

    fn pack(&self, parts: &[Value]) -> Value {
        let packed = Uint8Array::new_with_length(parts.iter().map(Value::len).sum::<usize>() as u32);
        let mut at = 0;
        for part in parts {
            packed.set(&to_js(part), at);
            at += part.len() as u32;
        }
        packed.into()
    }
}

/// The lock that one tab at most has; gone with the tab.
struct WebLock(Function);

impl Guard for WebLock {}

impl Drop for WebLock {
    fn drop(&mut self) {
        // Resolves a promise, which does not throw.
        let _ = self.0.call0(&JsValue::UNDEFINED);
    }
}

/// Asks for the lock, without waiting for it.
async fn web_lock(request: &Function, locks: &JsValue, name: &str) -> Result<Lock, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;
    let given: Rc<Cell<Option<bool>>> = Rc::default();
    let release: Rc<RefCell<Option<Function>>> = Rc::default();
    let (told, kept) = (given.clone(), release.clone());
    let (tell, asked) = deferred();
    let on_lock = Closure::once(move |lock: JsValue| -> JsValue {
        told.set(Some(!lock.is_null()));
        let _ = tell.call0(&JsValue::UNDEFINED);
        if lock.is_null() {
            return JsValue::UNDEFINED;
        }
        let (end, held) = deferred();
        kept.replace(Some(end));
        held.into()
    });
    let arguments = Array::of3(&JsValue::from(format!("bytestow {name}")), &options, on_lock.as_ref());
    let ended: Promise = request.apply(locks, &arguments)?.unchecked_into();
    // Either it is answered, or refused as a whole (a document that is not fully active, or without storage).
    crate::web::for_promise(&Promise::race(&Array::of2(&asked, &ended))).await?;
    let held = release.borrow_mut().take();
    Ok(match (given.get(), held) {
        (Some(true), Some(end)) => Lock::Held(Box::new(WebLock(end))),
        _ => Lock::Taken,
    })
}

/// A promise, and what resolves it.
fn deferred() -> (Function, Promise) {
    let mut resolve = None;
    let promise = Promise::new(&mut |done, _| resolve = Some(done));
    (resolve.unwrap_or_else(|| Function::new_no_args("")), promise)
}
