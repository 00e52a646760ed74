//! A secret: what must never be shown.

use std::fmt;

/// A token or a password. It has no `Display`, and its `Debug` shows nothing of it.
///
/// ```
/// use bytestow::Secret;
/// let token = Secret::new("hunter2");
/// assert_eq!(format!("{token:?}"), "Secret");
/// assert_eq!(token.reveal(), "hunter2");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `secret` from being shown.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret, for the one who sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
