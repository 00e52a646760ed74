//! The connection to a database: opened at the first call, given up when another tab wants to delete the database or the
//! page is put aside, and opened again when lost.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget, IdbDatabase, IdbFactory, IdbObjectStoreParameters, IdbOpenDbRequest};

use super::hints::Hints;
use super::transaction::{Beginner, IdbTx, ROWS, SEGMENTS};
use super::{Durability, fault};
use crate::event::tell;
use crate::timer::Timer;
use crate::web::SystemTimer;
use crate::web::wait::{for_opening, for_promise};
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

/// What tells that the page is put aside, and that it is back. Captured: the last two go to the document alone.
const LIFE: [&str; 4] = ["pagehide", "pageshow", "freeze", "resume"];

/// An open database.
pub struct Connection {
    database: IdbDatabase,
    beginner: Beginner,
    hints: Rc<Hints>,
    /// What hears of the page's life.
    life: Closure<dyn FnMut(Event)>,
}

impl Connection {
    /// It closes itself when another tab asks for the database to be deleted, and when the page goes into the back/forward
    /// cache, or is frozen: the next transaction then finds the connection lost. The first by a function of JavaScript's own,
    /// which works even when the wasm instance is gone. A frozen page still gets hints, but no answers of IndexedDB: what it
    /// began by a hint would hold up whoever writes, until it wakes up. Back again, it hears of others, and of what it missed.
    fn new(database: IdbDatabase, opening: &Opening) -> Thrown<Self> {
        let beginner = Beginner::new(&database, opening)?;
        let hints = opening.hints.clone();
        hints.open();
        let close: Function = Reflect::get(&database, &"close".into())?.dyn_into()?;
        database.set_onversionchange(Some(&close.bind0(&database)));
        let held = (database.clone(), hints.clone());
        let life = Closure::new(move |event: Event| {
            // The freezing says nothing of it. A page that goes for good may write in its last handlers.
            let is_kept = || Reflect::get(&event, &"persisted".into()).unwrap_or_default().as_bool() != Some(false);
            match event.type_().as_str() {
                "pageshow" | "resume" => held.1.come_back(),
                _ if is_kept() => {
                    held.0.close();
                    held.1.close();
                }
                _ => held.1.go_on(),
            }
        });
        if let Some(page) = page() {
            for event in LIFE {
                let _ = page.add_event_listener_with_callback_and_bool(event, life.as_ref().unchecked_ref(), true);
            }
        }
        Ok(Self { database, beginner, hints, life })
    }

    /// Begins a transaction.
    pub fn begin(&self, writes: bool) -> Thrown<IdbTx> {
        self.beginner.begin(writes)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(page) = page() {
            for event in LIFE {
                let heard_by = self.life.as_ref().unchecked_ref();
                let _ = page.remove_event_listener_with_callback_and_bool(event, heard_by, true);
            }
        }
        self.hints.close();
        self.database.close();
    }
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
        Err(again) if opening.recreate && is_broken(&again) => {}
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

/// Whether there is a database `name`, as far as the browser says.
pub async fn exists(name: &str) -> bool {
    let listed = async {
        let factory = factory().map_err(|_| JsValue::UNDEFINED)?;
        let list: Function = Reflect::get(&factory, &"databases".into())?.dyn_into()?;
        let all: Array = for_promise(list.call0(&factory)?.unchecked_ref()).await?.unchecked_into();
        let is_it = |one: JsValue| Reflect::get(&one, &"name".into()).is_ok_and(|found| found == *name);
        Thrown::Ok(all.iter().any(is_it))
    };
    listed.await.unwrap_or(true)
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
