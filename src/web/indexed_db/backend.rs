//! The engine's database: one of IndexedDB's, by `web_sys`.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageChannel;

use super::connection::Opening;
use super::connection::{self, Connection};
use super::fault;
use super::transaction::IdbTx;
use crate::segment_log::{Backend, Fault, Guard, Lock};
use crate::web::timer::{clear_timeout, set_timeout};
use crate::web::{JsBytes, to_js};
use crate::{BoxFuture, Error, Value};

/// A database by its name.
pub struct IdbBackend {
    name: String,
    opening: Opening,
    connection: RefCell<Option<Connection>>,
}

impl IdbBackend {
    /// The database that `opening` says; nothing is opened yet.
    pub fn new(name: String, opening: Opening) -> Self {
        Self { name, opening, connection: RefCell::default() }
    }

    /// Whether the connection serves.
    pub fn is_alive(&self) -> bool {
        self.connection.borrow().as_ref().is_some_and(|connection| connection.begin(false).is_ok())
    }

    /// Whether there is such a database, as far as the browser says.
    pub async fn exists(&self) -> bool {
        connection::exists(&self.name).await
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
        let begun = connection.as_ref().ok_or_else(lost)?.begin(writes);
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

    fn remake(&self, reason: &Error) -> BoxFuture<'_, Result<bool, Error>> {
        let reason = reason.message().to_owned();
        Box::pin(async move {
            if !self.opening.recreate {
                return Ok(false);
            }
            self.close();
            connection::delete(&self.name, self.opening.limit).await?;
            self.opening.tell_recreated(&reason);
            Ok(true)
        })
    }

    /// By a message to itself: timers of a page that is not seen come once a second, or once a minute.
    fn pause(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Ok(channel) = MessageChannel::new() {
                let (tell, told) = deferred();
                channel.port1().set_onmessage(Some(&tell));
                if channel.port2().post_message(&JsValue::UNDEFINED).is_ok() {
                    // Nothing rejects it.
                    let _ = crate::web::for_promise(&told).await;
                }
                channel.port1().close();
            }
        })
    }

    fn random(&self) -> u64 {
        let bits = || (js_sys::Math::random() * 4_294_967_296.0) as u64;
        bits() << 32 | bits()
    }

    fn pack(&self, parts: &[Value]) -> Value {
        if let Some(whole) = packed_already(parts) {
            return whole;
        }
        let packed = Uint8Array::new_with_length(parts.iter().map(Value::len).sum::<usize>() as u32);
        let mut at = 0;
        for part in parts {
            packed.set(&to_js(part), at);
            at += part.len() as u32;
        }
        packed.into()
    }
}

/// The memory that `parts` are views on, if they fill it one after the other: as TypeScript copies the values of a call.
fn packed_already(parts: &[Value]) -> Option<Value> {
    let buffer = parts.first()?.as_foreign::<JsBytes>()?.array().buffer();
    let mut end = 0;
    for part in parts {
        let array = part.as_foreign::<JsBytes>()?.array();
        if array.byte_offset() != end || array.buffer() != buffer {
            return None;
        }
        end += part.len() as u32;
    }
    (buffer.byte_length() == end).then(|| Uint8Array::new(&buffer).into())
}

/// How long the lock is held at most, in ms. When a trap has replaced the wasm instance, only a timer of JavaScript's own
/// gives it back.
const LONGEST_HOLD: u32 = 60_000;

/// The lock that one tab at most has; gone with the tab. What gives it back, and the timer that does.
struct WebLock(Function, JsValue);

impl Guard for WebLock {}

impl Drop for WebLock {
    fn drop(&mut self) {
        // Resolves a promise, which does not throw.
        let _ = self.0.call0(&JsValue::UNDEFINED);
        clear_timeout(&self.1);
    }
}

/// Asks for the lock, without waiting for it.
async fn web_lock(request: &Function, locks: &JsValue, name: &str) -> Result<Lock, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"ifAvailable".into(), &true.into())?;
    let given: Rc<Cell<Option<bool>>> = Rc::default();
    let release: Rc<RefCell<Option<WebLock>>> = Rc::default();
    let (told, kept) = (given.clone(), release.clone());
    let (tell, asked) = deferred();
    let on_lock = Closure::once(move |lock: JsValue| -> JsValue {
        told.set(Some(!lock.is_null()));
        let _ = tell.call0(&JsValue::UNDEFINED);
        if lock.is_null() {
            return JsValue::UNDEFINED;
        }
        let (end, held) = deferred();
        let timer = set_timeout(&end, LONGEST_HOLD);
        kept.replace(Some(WebLock(end, timer)));
        held.into()
    });
    let arguments = Array::of3(&JsValue::from(format!("bytestow {name}")), &options, on_lock.as_ref());
    let ended: Promise = request.apply(locks, &arguments)?.unchecked_into();
    // Either it is answered, or refused as a whole (a document that is not fully active, or without storage).
    crate::web::for_promise(&Promise::race(&Array::of2(&asked, &ended))).await?;
    let held = release.borrow_mut().take();
    Ok(match (given.get(), held) {
        (Some(true), Some(lock)) => Lock::Held(Box::new(lock)),
        _ => Lock::Taken,
    })
}

/// A promise, and what resolves it.
fn deferred() -> (Function, Promise) {
    let mut resolve = None;
    let promise = Promise::new(&mut |done, _| resolve = Some(done));
    // It was called: before a promise is there, so is what resolves it.
    (resolve.unwrap_or_else(|| JsValue::UNDEFINED.unchecked_into()), promise)
}
