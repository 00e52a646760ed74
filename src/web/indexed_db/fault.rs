//! What IndexedDB's failures mean, told apart by `DOMException.name`.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

use crate::error::shown_key;
use crate::segment_log::Fault;
use crate::web::JsCause;
use crate::{Error, ErrorCode};

/// What was thrown, or what a request or a transaction failed of.
pub fn of_thrown(thrown: JsValue) -> Fault {
    let name = name(&thrown);
    let error = error_of(&name, thrown);
    match name.as_str() {
        "QuotaExceededError" => Fault::Quota(error),
        "ConstraintError" => Fault::Clash(error),
        // A connection that was closed; a transaction that ended with it; Safari's server that is gone ("Connection to
        // Indexed Database server lost"); a transaction that somebody else than us has aborted.
        "InvalidStateError" | "TransactionInactiveError" | "UnknownError" | "AbortError" => Fault::Lost(error),
        _ => Fault::Failed(error),
    }
}

/// Why IndexedDB as a whole is not to be had.
pub fn of_opening(thrown: JsValue) -> Error {
    let name = name(&thrown);
    let why = if name == "SecurityError" { "this page may not use storage" } else { "IndexedDB did not open" };
    Error::new(ErrorCode::Unavailable, format!("{why} ({name})")).with_foreign_cause(JsCause(thrown))
}

/// Why the database `database` did not open.
pub fn of_open(database: &str, thrown: JsValue) -> Error {
    match name(&thrown).as_str() {
        "VersionError" => foreign(database, "it has another version").with_foreign_cause(JsCause(thrown)),
        "QuotaExceededError" => of_thrown(thrown).into(),
        _ => of_opening(thrown),
    }
}

/// The error of a database that is not ours.
pub fn foreign(database: &str, why: &str) -> Error {
    let shown = shown_key(database);
    let what = format!("the database {shown} belongs to another program: {why}. Choose another name");
    Error::new(ErrorCode::Unavailable, what).with_retryable(false)
}

fn error_of(name: &str, thrown: JsValue) -> Error {
    let error = match name {
        "QuotaExceededError" => Error::new(
            ErrorCode::QuotaExceeded,
            "the browser has no room left for this origin: nothing of the call was stored",
        ),
        "DataError" | "DataCloneError" => {
            Error::new(ErrorCode::InvalidArgument, format!("IndexedDB refused it ({name})"))
        }
        "NotReadableError" => Error::new(ErrorCode::Corrupt, "the browser cannot read what it stored"),
        "TimeoutError" => Error::new(ErrorCode::Timeout, "IndexedDB gave the transaction up"),
        _ => Error::new(ErrorCode::Unavailable, format!("IndexedDB failed ({name})")),
    };
    error.with_foreign_cause(JsCause(thrown))
}

fn name(thrown: &JsValue) -> String {
    thrown.dyn_ref::<DomException>().map_or_else(|| "not a DOMException".to_owned(), DomException::name)
}
