//! What a store's futures and handles must be able to do, natively and on wasm.
//!
//! Natively every future is `Send`, so that a multi-threaded runtime can move it. On wasm32 a value may be a handle on
//! a JavaScript object, which no other thread may touch, so nothing is. The two `cfg`s of that difference stand here
//! and nowhere else.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

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

/// Futures under way at once, a few of them: each wake-up polls them all.
#[cfg_attr(not(feature = "upstash"), allow(dead_code, reason = "its alone"))]
pub struct InFlight<'a, T>(Vec<BoxFuture<'a, T>>);

#[cfg_attr(not(feature = "upstash"), allow(dead_code, reason = "its alone"))]
impl<'a, T> InFlight<'a, T> {
    /// None.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// One more, which is polled when [`next`](Self::next) is.
    pub fn push(&mut self, future: BoxFuture<'a, T>) {
        self.0.push(future);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What the first to end has come to; `None` when there are none left.
    pub async fn next(&mut self) -> Option<T> {
        if self.0.is_empty() {
            return None;
        }
        let (at, result) = std::future::poll_fn(|cx| {
            for (at, future) in self.0.iter_mut().enumerate() {
                if let Poll::Ready(result) = future.as_mut().poll(cx) {
                    return Poll::Ready((at, result));
                }
            }
            Poll::Pending
        })
        .await;
        drop(self.0.swap_remove(at));
        Some(result)
    }
}
