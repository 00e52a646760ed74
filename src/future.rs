//! What a store's futures and handles must be able to do, natively and on wasm.
//!
//! Natively every future is `Send`, so that a multi-threaded runtime can move it. On wasm32 a value may be a handle on
//! a JavaScript object, which no other thread may touch, so nothing is. The two `cfg`s of that difference stand here
//! and nowhere else.

use std::future::Future;
use std::pin::Pin;

/// A future that a [`ByteStore`](crate::ByteStore) returns: `Send` natively, not on wasm32. Make one by `Box::pin`.
#[cfg(not(target_arch = "wasm32"))]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A future that a [`ByteStore`](crate::ByteStore) returns: `Send` natively, not on wasm32. Make one by `Box::pin`.
#[cfg(target_arch = "wasm32")]
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// `Send + Sync` natively, nothing on wasm32. Implemented for every type that qualifies; never by hand.
#[cfg(not(target_arch = "wasm32"))]
pub trait Portable: Send + Sync {}
#[cfg(not(target_arch = "wasm32"))]
impl<T: Send + Sync + ?Sized> Portable for T {}

/// `Send + Sync` natively, nothing on wasm32. Implemented for every type that qualifies; never by hand.
#[cfg(target_arch = "wasm32")]
pub trait Portable {}
#[cfg(target_arch = "wasm32")]
impl<T: ?Sized> Portable for T {}
