//! The bytes of an entry, on whichever side of the WebAssembly boundary they live.
//!
//! A value that came from JavaScript and goes back there never enters linear memory: it travels as a handle
//! ([`ForeignBytes`]; `web` has the one on a `Uint8Array`). Bytes made in Rust are shared, never changed.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::Portable;
use crate::checksum::checksum;

/// The bytes of one entry: any bytes, also none. Cloning shares them.
///
/// ```
/// use bytestow::Value;
/// let value = Value::from(b"\x00\xffbytes".as_slice());
/// assert_eq!(value.len(), 7);
/// assert_eq!(value.to_vec(), b"\x00\xffbytes");
/// assert_eq!(value, Value::from(vec![0, 255, b'b', b'y', b't', b'e', b's']));
/// ```
#[derive(Clone)]
pub struct Value(Repr);

#[derive(Clone)]
enum Repr {
    Shared(Arc<[u8]>),
    Foreign(Arc<dyn ForeignBytes>),
}

/// Bytes that live outside of Rust's memory.
pub trait ForeignBytes: Portable {
    /// How many there are.
    fn len(&self) -> usize;
    /// A copy of them in Rust's memory.
    fn to_vec(&self) -> Vec<u8>;
    /// The same bytes in memory of their own, on their own side.
    fn duplicate(&self) -> Value;
    /// The handle as `Any`, for the side that made it.
    fn as_any(&self) -> &dyn Any;
    /// A copy in Rust's memory of those in `range`, which lies within.
    fn copy(&self, range: Range<usize>) -> Vec<u8> {
        self.to_vec().get(range).unwrap_or_default().to_vec()
    }
    /// Those in `range`, which lies within, in memory of their own on their own side.
    fn slice(&self, range: Range<usize>) -> Value {
        Value::from(self.copy(range))
    }
    /// Their XXH32 (seed 0), wherever that is computed fastest.
    fn checksum(&self) -> u32 {
        checksum(&self.to_vec())
    }
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Value {
    /// A value that lives outside of Rust's memory.
    pub fn foreign(bytes: impl ForeignBytes + 'static) -> Self {
        Self(Repr::Foreign(Arc::new(bytes)))
    }

    /// The length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Repr::Shared(bytes) => bytes.len(),
            Repr::Foreign(bytes) => bytes.len(),
        }
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of the bytes in Rust's memory.
    pub fn to_vec(&self) -> Vec<u8> {
        match &self.0 {
            Repr::Shared(bytes) => bytes.to_vec(),
            Repr::Foreign(bytes) => bytes.to_vec(),
        }
    }

    /// The same bytes in memory that nobody else can change. Bytes of Rust's are never changed and stay shared.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        match &self.0 {
            Repr::Shared(_) => self.clone(),
            Repr::Foreign(bytes) => bytes.duplicate(),
        }
    }

    /// A copy in Rust's memory of the bytes in `range`; `None` if it does not lie within.
    pub fn copy(&self, range: Range<usize>) -> Option<Vec<u8>> {
        match &self.0 {
            Repr::Shared(bytes) => bytes.get(range).map(<[u8]>::to_vec),
            Repr::Foreign(bytes) => lies_within(&range, bytes.len()).then(|| bytes.copy(range)),
        }
    }

    /// The bytes in `range`, in memory of their own; `None` if it does not lie within.
    pub fn slice(&self, range: Range<usize>) -> Option<Self> {
        match &self.0 {
            Repr::Shared(bytes) => bytes.get(range).map(Self::from),
            Repr::Foreign(bytes) => lies_within(&range, bytes.len()).then(|| bytes.slice(range)),
        }
    }

    /// The XXH32 (seed 0) of the bytes.
    pub fn checksum(&self) -> u32 {
        match &self.0 {
            Repr::Shared(bytes) => checksum(bytes),
            Repr::Foreign(bytes) => bytes.checksum(),
        }
    }

    /// The foreign handle of type `T`, if that is what the value is.
    pub fn as_foreign<T: 'static>(&self) -> Option<&T> {
        match &self.0 {
            Repr::Shared(_) => None,
            Repr::Foreign(bytes) => bytes.as_any().downcast_ref(),
        }
    }
}

fn lies_within(range: &Range<usize>, len: usize) -> bool {
    range.start <= range.end && range.end <= len
}

impl Default for Value {
    /// No bytes.
    fn default() -> Self {
        Self(Repr::Shared(Arc::default()))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Shared(bytes.into()))
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self(Repr::Shared(bytes.into()))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Repr::Shared(a), Repr::Shared(b)) => a == b,
            _ => self.len() == other.len() && self.to_vec() == other.to_vec(),
        }
    }
}

impl Eq for Value {}

impl fmt::Debug for Value {
    /// The length alone: values never appear in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Elsewhere(Vec<u8>);

    impl ForeignBytes for Elsewhere {
        fn len(&self) -> usize {
            self.0.len()
        }
        fn to_vec(&self) -> Vec<u8> {
            self.0.clone()
        }
        fn duplicate(&self) -> Value {
            Value::foreign(Self(self.0.clone()))
        }
        fn as_any(&self) -> &dyn Any {
            self
        }
    }

    #[test]
    fn foreign_bytes_equal_the_same_bytes_here() {
        let foreign = Value::foreign(Elsewhere(vec![1, 2, 3]));
        assert_eq!(foreign, Value::from(vec![1, 2, 3]));
        assert_ne!(foreign, Value::from(vec![1, 2, 4]));
        assert_eq!(foreign.duplicate(), foreign);
        assert!(foreign.as_foreign::<Elsewhere>().is_some());
        assert_eq!(foreign.slice(1..3), Some(Value::from(vec![2, 3])));
        assert_eq!(foreign.copy(0..4), None);
        assert_eq!(foreign.checksum(), Value::from(vec![1, 2, 3]).checksum());
        assert!(Value::from("x").as_foreign::<Elsewhere>().is_none());
    }

    #[test]
    fn debug_shows_no_bytes() {
        assert_eq!(format!("{:?}", Value::from("secret")), "Value(6 bytes)");
    }
}
