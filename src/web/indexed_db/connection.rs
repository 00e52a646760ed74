//! The connection to a database: opened at the first call, given up when another tab wants to delete the database or the
//! page is put aside, and opened again when lost.

use std::time::Duration;

use futures_util::future::{Either, select};
use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, EventTarget, IdbDatabase, IdbFactory, IdbObjectStoreParameters, IdbOpenDbRequest};

use super::fault;
use super::transaction::{ROWS, SEGMENTS};
use crate::event::tell;
use crate::timer::Timer;
use crate::web::SystemTimer;
use crate::web::wait::for_request;
use crate::{Error, ErrorCode, Event as Told, Observer, Result};

/// How a database is opened.
#[derive(Clone)]
pub struct Opening {
    /// Whether one that does not open is deleted and made anew: for caches.
    pub recreate: bool,
    /// How long that may take. Browsers have hung in it for good.
    pub limit: Duration,
    /// Told of one made anew.
    pub observer: Option<Observer>,
}

/// An open database.
pub struct Connection {
    database: IdbDatabase,
    aside: Closure<dyn FnMut(Event)>,
}

impl Connection {
    /// It closes itself when another tab asks for the database to be deleted, and when the page goes into the
    /// back/forward cache: the next transaction then finds the connection lost. The first by a function of JavaScript's
    /// own, which works even when the wasm instance is gone.
    fn new(database: IdbDatabase) -> Self {
        if let Ok(close) = Reflect::get(&database, &"close".into()).and_then(JsCast::dyn_into::<Function>) {
            database.set_onversionchange(Some(&close.bind0(&database)));
        }
        let put_aside = database.clone();
        let aside = Closure::new(move |event: Event| {
            let persisted = Reflect::get(&event, &"persisted".into()).unwrap_or_default();
            if persisted.is_truthy() {
                put_aside.close();
            }
        });
        if let Some(page) = page() {
            let _ = page.add_event_listener_with_callback("pagehide", aside.as_ref().unchecked_ref());
        }
        Self { database, aside }
    }

    /// The database.
    pub fn database(&self) -> &IdbDatabase {
        &self.database
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(page) = page() {
            let _ = page.remove_event_listener_with_callback("pagehide", self.aside.as_ref().unchecked_ref());
        }
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
    match open_once(&factory, name, opening.limit).await {
        Err(error) if opening.recreate => {
            delete(name).await?;
            let connection = open_once(&factory, name, opening.limit).await?;
            tell(opening.observer.as_ref(), || Told::Recreate { reason: error.message().to_owned() });
            Ok(connection)
        }
        opened => opened,
    }
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

async fn open_once(factory: &IdbFactory, name: &str, limit: Duration) -> Result<Connection> {
    // Version 1 for ever: a version never raised is an upgrade never blocked by another tab.
    let request = factory.open_with_u32(name, 1).map_err(fault::of_opening)?;
    let on_upgrade = {
        let request = request.clone();
        Closure::<dyn FnMut()>::new(move || {
            if let Ok(Ok(database)) = request.result().map(JsCast::dyn_into::<IdbDatabase>) {
                // What fails here fails the opening: the database would lack its object stores.
                let _ = create(&database, SEGMENTS).and(create(&database, ROWS));
            }
        })
    };
    request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let in_time = select(Box::pin(for_request(&request)), SystemTimer.sleep(limit)).await;
    request.set_onupgradeneeded(None);
    if let Either::Right(_) = in_time {
        give_up(&request);
        return Err(Error::new(ErrorCode::Timeout, "IndexedDB did not open the database in time"));
    }
    match request.result() {
        Ok(database) => {
            let database: IdbDatabase = database.unchecked_into();
            let names = database.object_store_names();
            if names.contains(SEGMENTS) && names.contains(ROWS) {
                return Ok(Connection::new(database));
            }
            database.close();
            Err(fault::foreign(name, "it lacks bytestow's object stores"))
        }
        Err(thrown) => Err(fault::of_open(name, request.error().ok().flatten().map_or(thrown, JsValue::from))),
    }
}

fn create(database: &IdbDatabase, store: &str) -> std::result::Result<(), JsValue> {
    let parameters = Object::new();
    Reflect::set(&parameters, &"autoIncrement".into(), &true.into())?;
    let parameters: &IdbObjectStoreParameters = parameters.unchecked_ref();
    database.create_object_store_with_optional_parameters(store, parameters).map(drop)
}

/// Nobody waits for it any more: if it comes after all, it is closed.
fn give_up(request: &IdbOpenDbRequest) {
    let late = request.clone();
    let close = Closure::once_into_js(move || {
        if let Ok(Ok(database)) = late.result().map(JsCast::dyn_into::<IdbDatabase>) {
            database.close();
        }
    });
    request.set_onsuccess(Some(close.unchecked_ref()));
}

/// Deletes the database `name`. Other tabs give their connections up when asked; one that does not delays this.
///
/// # Errors
/// `unavailable` where there is no IndexedDB or it fails.
pub async fn delete(name: &str) -> Result<()> {
    let request = factory()?.delete_database(name).map_err(fault::of_opening)?;
    for_request(&request).await;
    match request.error() {
        Ok(None) => Ok(()),
        Ok(Some(error)) => Err(fault::of_thrown(error.into()).into()),
        Err(thrown) => Err(fault::of_thrown(thrown).into()),
    }
}
