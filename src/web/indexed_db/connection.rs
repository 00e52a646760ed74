//! The connection to a database: opened at the first call, given up when another tab wants to delete the database, and
//! opened again when lost.

use std::cell::RefCell;
use std::sync::Arc;

use indexed_db_futures::OpenDbResult;
use indexed_db_futures::database::Database;
use indexed_db_futures::factory::DBFactory;
use indexed_db_futures::internals::SystemRepr;
use indexed_db_futures::prelude::*;
use js_sys::{Function, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::IdbDatabase;

use super::{IndexedDbByteStore, fault};
use crate::clock::SharedClock;
use crate::event::tell;
use crate::{BoxFuture, Error, Event, InMemoryByteStore, MemoryOptions, Result};

/// The object store of the records.
pub const RECORDS: &str = "records";
/// The object store of the keys that expire.
pub const EXPIRING: &str = "expiring";

/// The place in which a handle's calls stand in line, with the connection they will use.
#[derive(Default)]
pub struct Line {
    open: Option<Open>,
}

/// An open database.
struct Open(Database);

impl Line {
    /// Closes the connection; transactions under way still finish.
    pub fn disconnect(&mut self) {
        self.open = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        raw(&self.0).close();
    }
}

fn raw(database: &Database) -> &IdbDatabase {
    database.as_sys()
}

impl Open {
    /// The database, told to close itself when another tab asks for it to be deleted: the next transaction then finds
    /// the connection lost. By a function of JavaScript's own, which works even when the wasm instance is gone.
    fn new(database: Database) -> Self {
        let raw = raw(&database);
        if let Ok(close) = Reflect::get(raw, &"close".into()).and_then(JsCast::dyn_into::<Function>) {
            raw.set_onversionchange(Some(&close.bind0(raw)));
        }
        Self(database)
    }
}

thread_local! {
    /// The stores in memory that stand for databases which cannot be had: one a name, so that handles still share, and
    /// for as long as the page lives, so that one made after another was closed finds its data.
    static FALLBACKS: RefCell<Vec<(String, Arc<InMemoryByteStore>)>> = RefCell::default();
}

/// Forgets the store in memory that stands for `name`: handles made from now on share another.
pub fn forget_fallback(name: &str) {
    FALLBACKS.with_borrow_mut(|stores| stores.retain(|(known, _)| known != name));
}

fn fallback(name: &str, clock: &SharedClock) -> Arc<InMemoryByteStore> {
    FALLBACKS.with_borrow_mut(|stores| {
        if let Some((_, store)) = stores.iter().find(|(known, _)| known == name) {
            return store.clone();
        }
        let options = MemoryOptions { clock: Some(clock.clone()), ..MemoryOptions::default() };
        let store = Arc::new(InMemoryByteStore::with_options(options));
        stores.push((name.to_owned(), store.clone()));
        store
    })
}

impl IndexedDbByteStore {
    /// The connection, opened if it is not; `None` when the store in memory serves. The caller has the line.
    pub(super) fn connected<'a>(&'a self, line: &'a mut Line) -> BoxFuture<'a, Result<Option<Database>>> {
        Box::pin(async move {
            if self.fallback.borrow().is_some() {
                return Ok(None);
            }
            if let Some(open) = &line.open {
                return Ok(Some(open.0.clone()));
            }
            match self.open_database().await {
                Ok(database) => {
                    line.open = Some(Open::new(database.clone()));
                    Ok(Some(database))
                }
                Err(error) if self.options.fall_back => {
                    *self.fallback.borrow_mut() = Some(fallback(&self.options.name, &self.clock));
                    tell(self.options.observer.as_ref(), || Event::Fallback { reason: error.message().to_owned() });
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        })
    }

    async fn open_database(&self) -> Result<Database> {
        let name = self.options.name.as_str();
        let mut opened = open(name).await;
        if opened.as_ref().is_err_and(fault::was_cut) {
            opened = open(name).await;
        }
        let opened = match opened {
            Ok(database) if has_our_stores(&database) => Ok(database),
            Ok(database) => {
                raw(&database).close();
                Err(foreign(name))
            }
            Err(error) => Err(fault::from_open(name, error)),
        };
        match opened {
            // Without an IndexedDB at all, or without leave to use it, there is nothing to make anew.
            Err(error) if self.options.recreate && DBFactory::new().is_ok() => {
                delete(name).await?;
                let database = open(name).await.map_err(|error| fault::from_open(name, error))?;
                tell(self.options.observer.as_ref(), || Event::Recreate { reason: error.message().to_owned() });
                Ok(database)
            }
            opened => opened,
        }
    }
}

async fn open(name: &str) -> OpenDbResult<Database> {
    // Version 1 for ever: a version never raised is an upgrade never blocked by another tab.
    let opening = Database::open(name).with_version(1_u8).build()?;
    let request = opening.as_sys().clone();
    // By hand: the crate's own handler brings the printing of every error it has, and of floats (12 kB of wasm).
    let on_upgrade = {
        let request = request.clone();
        Closure::<dyn FnMut()>::new(move || {
            if let Ok(Ok(database)) = request.result().map(JsCast::dyn_into::<IdbDatabase>) {
                // What fails here fails the opening: the database would lack its object stores.
                let _ = database.create_object_store(RECORDS).and(database.create_object_store(EXPIRING));
            }
        })
    };
    request.set_onupgradeneeded(Some(on_upgrade.as_ref().unchecked_ref()));
    let opened = opening.await;
    request.set_onupgradeneeded(None);
    opened
}

fn has_our_stores(database: &Database) -> bool {
    let names = raw(database).object_store_names();
    names.contains(RECORDS) && names.contains(EXPIRING)
}

fn foreign(name: &str) -> Error {
    Error::new(
        crate::ErrorCode::Unavailable,
        format!(
            "the database {} belongs to another program: it lacks bytestow's object stores. Choose another name",
            crate::error::shown_key(name)
        ),
    )
    .with_retryable(false)
}

/// Deletes the database `name`. Other tabs give their connections up when asked; one that does not delays this.
///
/// # Errors
/// `unavailable` where there is no IndexedDB or it fails.
pub async fn delete(name: &str) -> Result<()> {
    let deleting = Database::delete_by_name(name).map_err(|error| fault::from_open(name, error))?;
    deleting.await.map_err(fault::from_idb)
}
