//! The connection to a database: opened at the first call, given up when another tab wants to delete the database or the
//! page is put aside, and opened again when lost.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, IdbDatabase, IdbFactory, IdbObjectStoreParameters, IdbOpenDbRequest};

use super::hints::Hints;
use super::transaction::{Beginner, IdbTx, ROWS, SEGMENTS};
use super::{Durability, fault};
use crate::event::tell;
use crate::timer::Timer;
use crate::web::SystemTimer;
use crate::web::wait::for_opening;
use crate::{Error, ErrorCode, Event as Told, Observer, Result};

/// What JavaScript gives, or throws.
type Thrown<T> = std::result::Result<T, JsValue>;

/// How a database is opened, and what its transactions are like.
#[derive(Clone)]
pub struct Opening {
    /// When a write counts as done.
    pub durability: Durability,
    /// Whether one that does not open is deleted and made anew: for caches.
    pub recreate: bool,
    /// How long that may take. Browsers have hung in it for good.
    pub limit: Duration,
    /// Told of one made anew.
    pub observer: Option<Observer>,
    /// Hints among tabs.
    pub hints: Rc<Hints>,
}

impl Opening {
    /// A database was made anew, because of `reason`.
    pub fn tell_recreated(&self, reason: &str) {
        tell(self.observer.as_ref(), || Told::Recreate { reason: reason.to_owned() });
    }
}

/// An open database.
pub struct Connection {
    database: IdbDatabase,
    beginner: Beginner,
    hints: Rc<Hints>,
    /// What hears of the page's life.
    aside: Vec<(&'static str, Function)>,
}

impl Connection {
    /// It closes itself when another tab asks for the database to be deleted, and when the page goes into the back/forward
    /// cache, or is frozen: the next transaction then finds the connection lost. (A frozen page still gets hints, but no
    /// answers of IndexedDB: what it began by a hint would hold up whoever writes, until it wakes up.) By functions of
    /// JavaScript's own, which work when the wasm instance is gone, and do not keep it. Back again it looks what it missed.
    fn new(database: IdbDatabase, opening: &Opening) -> Thrown<Self> {
        let beginner = Beginner::new(&database, opening)?;
        let hints = opening.hints.clone();
        let channel = hints.open();
        let close = closing(&database)?;
        database.set_onversionchange(Some(&close));
        let mut aside = vec![("pagehide", close.clone()), ("freeze", close)];
        if let Some(channel) = channel {
            let close = closing(&channel)?;
            aside.extend([("pagehide", close.clone()), ("freeze", close)]);
        }
        if let Some(look) = hints.listener() {
            aside.extend([("pageshow", look.clone()), ("resume", look)]);
        }
        if let Some(page) = page() {
            aside.iter().for_each(|(event, heard)| {
                // Captured: the freezing goes to the document alone.
                let _ = page.add_event_listener_with_callback_and_bool(event, heard, true);
            });
        }
        Ok(Self { database, beginner, hints, aside })
    }

    /// Begins a transaction.
    pub fn begin(&self, writes: bool) -> Thrown<IdbTx> {
        self.beginner.begin(writes)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(page) = page() {
            self.aside.iter().for_each(|(event, heard)| {
                let _ = page.remove_event_listener_with_callback_and_bool(event, heard, true);
            });
        }
        self.hints.close();
        self.database.close();
    }
}

/// The method `close` of `what`, for whom it may concern.
fn closing(what: &JsValue) -> Thrown<Function> {
    Ok(Reflect::get(what, &"close".into())?.dyn_into::<Function>()?.bind0(what))
}

/// What tells of the page, if it is one.
fn page() -> Option<EventTarget> {
    js_sys::global().dyn_into().ok()
}

/// The connection to `name`, made anew if need be and allowed.
///
/// # Errors
/// `unavailable` where there is no IndexedDB, where it does not open, or where the database is another program's;
/// `timeout` where it does neither.
pub async fn open(name: &str, opening: &Opening) -> Result<Connection> {
    let factory = factory()?;
    let once = || open_once(&factory, name, opening);
    let error = match once().await {
        Err(error) if is_broken(&error) => error,
        opened => return opened,
    };
    // Browsers fail now and then to open what they open the next time, and the clearing of a site's data cuts openings
    // short: only what fails twice is given up.
    match once().await {
        Err(_) if opening.recreate => {}
        opened => return opened,
    }
    delete(name, opening.limit).await?;
    let connection = once().await?;
    opening.tell_recreated(error.message());
    Ok(connection)
}

/// Whether a database made anew would be better: not where the browser is slow, or the disk full.
fn is_broken(error: &Error) -> bool {
    !matches!(error.code(), ErrorCode::Timeout | ErrorCode::QuotaExceeded)
}

/// Where databases come from.
fn factory() -> Result<IdbFactory> {
    let absent = || {
        let what = "there is no IndexedDB in this runtime: use another store, or fallback: \"memory\"";
        Error::new(ErrorCode::Unavailable, what).with_retryable(false)
    };
    let found = Reflect::get(&js_sys::global(), &"indexedDB".into()).map_err(fault::of_opening)?;
    found.dyn_into().map_err(|_| absent())
}

async fn open_once(factory: &IdbFactory, name: &str, opening: &Opening) -> Result<Connection> {
    // Version 1 for ever: a version never raised is an upgrade never blocked by another tab.
    let request = Asked(factory.open_with_u32(name, 1).map_err(fault::of_opening)?, Cell::new(false));
    let upgrading = request.0.clone();
    let on_upgrade = Closure::<dyn FnMut()>::new(move || {
        if let Ok(Ok(database)) = upgrading.result().map(JsCast::dyn_into::<IdbDatabase>) {
            // What fails here fails the opening: the database would lack its object stores.
            let _ = create(&database, SEGMENTS).and(create(&database, ROWS));
        }
    });
    request.0.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let in_time = select(Box::pin(for_opening(&request.0)), SystemTimer.sleep(opening.limit)).await;
    if let Either::Right(_) = in_time {
        return Err(Error::new(ErrorCode::Timeout, "IndexedDB did not open the database in time"));
    }
    match request.0.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
        Ok(database) => {
            let names = database.object_store_names();
            if names.contains(SEGMENTS) && names.contains(ROWS) {
                request.1.set(true);
                return Connection::new(database, opening).map_err(fault::of_opening);
            }
            Err(fault::foreign(name, "it lacks bytestow's object stores"))
        }
        Err(thrown) => Err(fault::of_open(name, request.0.error().ok().flatten().map_or(thrown, JsValue::from))),
    }
}

/// An opening that was asked for, and whether it was taken over. Dropped before that, it leaves nothing behind, however late it comes: no
/// connection, which would hold up whoever deletes the database, and no database without object stores.
struct Asked(IdbOpenDbRequest, Cell<bool>);

impl Drop for Asked {
    fn drop(&mut self) {
        if self.1.get() {
            return;
        }
        if let Ok(database) = self.0.result().and_then(JsCast::dyn_into::<IdbDatabase>) {
            return database.close();
        }
        let (late, upgrading) = (self.0.clone(), self.0.clone());
        let close = Closure::once_into_js(move || {
            if let Ok(Ok(database)) = late.result().map(JsCast::dyn_into::<IdbDatabase>) {
                database.close();
            }
        });
        let undo = Closure::once_into_js(move || {
            if let Some(tx) = upgrading.transaction() {
                // It may have ended by itself.
                let _ = tx.abort();
            }
        });
        self.0.set_onsuccess(Some(close.unchecked_ref()));
        self.0.set_onupgradeneeded(Some(undo.unchecked_ref()));
    }
}

fn create(database: &IdbDatabase, store: &str) -> Thrown<()> {
    let parameters = Object::new();
    Reflect::set(&parameters, &"autoIncrement".into(), &true.into())?;
    let parameters: &IdbObjectStoreParameters = parameters.unchecked_ref();
    database.create_object_store_with_optional_parameters(store, parameters).map(drop)
}

/// Deletes the database `name`. Other tabs give their connections up when asked; one that does not delays this.
///
/// # Errors
/// `unavailable` where there is no IndexedDB or it fails; `timeout` where that takes longer than `limit`: it is then
/// deleted as soon as no tab holds it.
pub async fn delete(name: &str, limit: Duration) -> Result<()> {
    let request = factory()?.delete_database(name).map_err(fault::of_opening)?;
    let in_time = select(Box::pin(for_opening(&request)), SystemTimer.sleep(limit)).await;
    if let Either::Right(_) = in_time {
        return Err(Error::new(
            ErrorCode::Timeout,
            "another tab does not let go of the database that is to be deleted",
        ));
    }
    match request.error() {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(fault::of_thrown(error.into()).into()),
        Err(thrown) => Err(fault::of_thrown(thrown).into()),
    }
}
