//! One flat error type: a stable code, a message, and what is known about trying again.
//!
//! A message names the argument or the backend's complaint and what would be right. It never holds a value or a
//! token, holds keys only cut short ([`shown_key`]), and stays under [`MESSAGE_LIMIT`] characters.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::Portable;

/// The result of everything here that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// Messages are shorter than this, in characters.
pub const MESSAGE_LIMIT: usize = 600;

/// What went wrong, in one of a few stable words. They are the `code` of a JavaScript `BytestowError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCode {
    /// An argument or option is wrong; calling again with the same one cannot help.
    InvalidArgument,
    /// The backend has no room left; nothing of the call was stored.
    QuotaExceeded,
    /// The backend does not accept the credentials.
    Unauthorized,
    /// The backend is absent or cannot be reached.
    Unavailable,
    /// The backend did not answer in time.
    Timeout,
    /// A key, a value or a whole call is larger than what the backend takes.
    TooLarge,
    /// What is stored cannot be read.
    Corrupt,
    /// The handle was closed.
    Closed,
    /// The store does not have this operation.
    Unsupported,
    /// A defect of bytestow itself.
    Internal,
}

impl ErrorCode {
    /// The code that is written `code`, if there is one.
    pub fn parse(code: &str) -> Option<Self> {
        use ErrorCode::{
            Closed, Corrupt, Internal, InvalidArgument, QuotaExceeded, Timeout, TooLarge, Unauthorized, Unavailable,
            Unsupported,
        };
        [
            InvalidArgument,
            QuotaExceeded,
            Unauthorized,
            Unavailable,
            Timeout,
            TooLarge,
            Corrupt,
            Closed,
            Unsupported,
            Internal,
        ]
        .into_iter()
        .find(|known| known.as_str() == code)
    }

    /// The code as it stands in `BytestowError.code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::QuotaExceeded => "quota_exceeded",
            Self::Unauthorized => "unauthorized",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::Corrupt => "corrupt",
            Self::Closed => "closed",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }
}

/// What lies behind an error.
#[derive(Clone)]
pub enum Cause {
    /// The backend's own words.
    Words(String),
    /// An error object of the other side of the WebAssembly boundary, to be handed back to it.
    Foreign(Arc<dyn ForeignError>),
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => f.debug_tuple("Words").field(words).finish(),
            Self::Foreign(_) => f.write_str("Foreign"),
        }
    }
}

/// An error object that lives outside of Rust.
pub trait ForeignError: Portable {
    /// The object as `Any`, for the side that made it.
    fn as_any(&self) -> &dyn Any;
}

/// An error of any store. One pointer: results of all kinds hold one, and are moved about a lot.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: ErrorCode,
    message: String,
    retryable: bool,
    cause: Option<Cause>,
    attempts: Option<u32>,
    elapsed: Option<Duration>,
    details: Option<Details>,
}

/// What more is known of an error: what a server said, and the limit that was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The first word of Redis' error: `WRONGTYPE`, `NOPERM`, `ERR`, ...
    pub redis_error: Option<String>,
    /// The limit that was met, in bytes.
    pub limit: Option<u64>,
    /// How much there was, in bytes.
    pub actual: Option<u64>,
}

impl Error {
    /// An error with `code`; a message beyond the limit is cut.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable = matches!(code, ErrorCode::Unavailable | ErrorCode::Timeout);
        Self(Box::new(Inner {
            code,
            message: cut(message.into(), MESSAGE_LIMIT - 1),
            retryable,
            cause: None,
            attempts: None,
            elapsed: None,
            details: None,
        }))
    }

    /// An argument is wrong: the message names it and says what would be right.
    pub fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::InvalidArgument, message)
    }

    /// A call on a closed handle.
    pub fn closed() -> Self {
        Self::new(ErrorCode::Closed, "the store is closed: make a new one")
    }

    /// Something is larger than what is taken: `what` has `actual` bytes where `limit` are allowed.
    pub fn too_large(what: &str, actual: u64, limit: u64) -> Self {
        let details = Details { limit: Some(limit), actual: Some(actual), ..Details::default() };
        Self::new(ErrorCode::TooLarge, format!("{what} has {actual} bytes, and at most {limit} are allowed"))
            .with_details(details)
    }

    /// The store lacks the operation.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unsupported, message)
    }

    /// The same error with what lies behind it: the backend's own words.
    #[must_use]
    pub fn with_cause(mut self, cause: impl Into<String>) -> Self {
        self.0.cause = Some(Cause::Words(cut(cause.into(), MESSAGE_LIMIT - 1)));
        self
    }

    /// The same error with the foreign error object that lies behind it.
    #[must_use]
    pub fn with_foreign_cause(mut self, cause: impl ForeignError + 'static) -> Self {
        self.0.cause = Some(Cause::Foreign(Arc::new(cause)));
        self
    }

    /// The same error, said to be worth (or not worth) trying again.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// The same error with what was tried before it was given.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = Some(attempts);
        self.0.elapsed = Some(elapsed);
        self
    }

    /// The same error with what more is known.
    #[must_use]
    pub fn with_details(mut self, details: Details) -> Self {
        self.0.details = Some(details);
        self
    }

    /// The stable code.
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What went wrong, for a person.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// What lies behind it, where that is known.
    pub fn cause(&self) -> Option<&Cause> {
        self.0.cause.as_ref()
    }

    /// How often the call was tried, where it was retried.
    pub fn attempts(&self) -> Option<u32> {
        self.0.attempts
    }

    /// How long it was tried, where it was retried.
    pub fn elapsed(&self) -> Option<Duration> {
        self.0.elapsed
    }

    /// What more is known, where anything is.
    pub fn details(&self) -> Option<&Details> {
        self.0.details.as_ref()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message)?;
        if let (Some(attempts), Some(elapsed)) = (self.0.attempts, self.0.elapsed) {
            write!(f, " ({attempts} attempts in {} ms)", elapsed.as_millis() as u64)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// A key as messages show it: quoted, control characters as `?`, cut to 40 characters.
pub fn shown_key(key: &str) -> String {
    let mut shown = String::from("\"");
    // Not `{:?}`: its tables of what is printable weigh 4 kB in the wasm.
    shown.extend(key.chars().take(40).map(|c| if c.is_control() { '?' } else { c }));
    shown.push('"');
    if key.chars().nth(40).is_some() {
        shown.push_str("...");
    }
    shown
}

fn cut(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit.saturating_sub(3)) {
        Some((at, _)) if text.chars().count() > limit => {
            let mut short = text.get(..at).unwrap_or_default().to_owned();
            short.push_str("...");
            short
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_under_the_limit_whatever_they_are_made_of() {
        for length in [0, 1, 598, 599, 600, 601, 10_000] {
            let error = Error::invalid_argument("é".repeat(length));
            assert!(error.message().chars().count() < MESSAGE_LIMIT, "{length}");
        }
        assert_eq!(Error::invalid_argument("x".repeat(599)).message().len(), 599);
    }

    #[test]
    fn keys_are_cut_between_characters() {
        assert_eq!(shown_key("a\n"), "\"a?\"");
        assert_eq!(shown_key(&"é".repeat(41)), format!("\"{}\"...", "é".repeat(40)));
        assert_eq!(shown_key(&"é".repeat(40)), format!("\"{}\"", "é".repeat(40)));
    }

    #[test]
    fn what_was_tried_is_said() {
        let error = Error::new(ErrorCode::Timeout, "no answer").with_attempts(3, Duration::from_millis(120));
        assert_eq!(error.to_string(), "timeout: no answer (3 attempts in 120 ms)");
        assert!(error.is_retryable());
        assert!(!Error::closed().is_retryable());
    }
}
