//! What IndexedDB's failures mean. They are told apart by `DOMException.name`; the crate's own enum lacks the names
//! that matter here.

use indexed_db_futures::error::{Error as IdbError, OpenDbError};
use indexed_db_futures::internals::SystemRepr;
use wasm_bindgen::JsValue;
use web_sys::DomException;

use crate::web::JsCause;
use crate::{Error, ErrorCode};

/// Whether the connection is gone: closed by the browser, or about to be.
pub fn is_lost(error: &IdbError) -> bool {
    name(error).is_some_and(|name| name == "InvalidStateError")
}

/// Whether the opening was cut short: the site's data are being cleared. The next one succeeds.
pub fn was_cut(error: &OpenDbError) -> bool {
    matches!(error, OpenDbError::Base(error) if name(error).is_some_and(|name| name == "AbortError"))
}

/// The failure in a few words, without its data.
pub fn describe(error: &IdbError) -> String {
    name(error).unwrap_or_else(|| "not a DOMException".to_owned())
}

/// The error of a failed call on the database.
pub fn from_idb(error: IdbError) -> Error {
    match error {
        IdbError::DomException(exception) => from_exception(exception.as_sys()),
        IdbError::Unknown(thrown) => {
            Error::new(ErrorCode::Unavailable, "IndexedDB failed: see cause").with_foreign_cause(JsCause(thrown.into()))
        }
        _ => Error::new(ErrorCode::Unavailable, "IndexedDB failed: the transaction was aborted"),
    }
}

/// The error of a failed transaction: its own reason before what was thrown on the way.
pub fn of_transaction(reason: Option<DomException>, thrown: IdbError) -> Error {
    match reason {
        Some(reason) => from_exception(&reason),
        None => from_idb(thrown),
    }
}

/// The error of a database that did not open.
pub fn from_open(database: &str, error: OpenDbError) -> Error {
    match error {
        OpenDbError::Base(IdbError::DomException(exception)) => {
            let exception = exception.as_sys();
            let why = match exception.name().as_str() {
                "VersionError" => {
                    return Error::new(
                        ErrorCode::Unavailable,
                        format!(
                            "the database {} belongs to another program: it has another version. Choose another name",
                            crate::error::shown_key(database)
                        ),
                    )
                    .with_retryable(false)
                    .with_foreign_cause(JsCause(exception.into()));
                }
                "SecurityError" => "this page may not use storage",
                "QuotaExceededError" => return from_exception(exception),
                _ => "IndexedDB did not open the database",
            };
            Error::new(ErrorCode::Unavailable, format!("{why} ({})", exception.name()))
                .with_foreign_cause(JsCause(exception.into()))
        }
        OpenDbError::Base(other) => from_idb(other),
        // Thrown at the call: the crate keeps nothing of the reason.
        OpenDbError::VersionZero => Error::new(ErrorCode::Unavailable, "IndexedDB refused to open the database"),
        OpenDbError::UnsupportedEnvironment | OpenDbError::NullFactory => Error::new(
            ErrorCode::Unavailable,
            "there is no IndexedDB in this runtime: use another store, or fallback: \"memory\"",
        )
        .with_retryable(false),
    }
}

fn from_exception(exception: &DomException) -> Error {
    let name = exception.name();
    let error = match name.as_str() {
        "QuotaExceededError" => Error::new(
            ErrorCode::QuotaExceeded,
            "the browser has no room left for this origin: nothing of the call was stored",
        ),
        "DataError" | "DataCloneError" => {
            Error::new(ErrorCode::InvalidArgument, format!("IndexedDB refused it ({name})"))
        }
        "NotFoundError" => Error::new(
            ErrorCode::Unavailable,
            "the database lacks bytestow's object stores: it belongs to another program. Choose another name",
        )
        .with_retryable(false),
        "NotReadableError" => Error::new(ErrorCode::Corrupt, "the browser cannot read what it stored"),
        "TimeoutError" => Error::new(ErrorCode::Timeout, "IndexedDB gave the transaction up"),
        _ => Error::new(ErrorCode::Unavailable, format!("IndexedDB failed ({name})")),
    };
    let cause: JsValue = exception.into();
    error.with_foreign_cause(JsCause(cause))
}

fn name(error: &IdbError) -> Option<String> {
    match error {
        IdbError::DomException(exception) => Some(exception.as_sys().name()),
        _ => None,
    }
}
