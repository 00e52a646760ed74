//! What carries requests: the trait, for which [`ReqwestTransport`](super::ReqwestTransport) is the one that ships.

use crate::{BoxFuture, Portable};

/// A POST request.
#[derive(Debug)]
pub struct Request<'r> {
    /// The whole URL.
    pub url: &'r str,
    /// Names, in lower case, and values. They hold the token: never to be shown.
    pub headers: Vec<(&'r str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What a response begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// `Retry-After`, where the server gives it and the browser shows it.
    pub retry_after: Option<String>,
    /// `Upstash-Sync-Token`, likewise.
    pub sync_token: Option<String>,
}

/// A response on its way in.
pub trait Receive: Portable {
    /// It has begun.
    fn head(&mut self, head: Head);
    /// The next piece of its body.
    fn piece(&mut self, bytes: &[u8]);
}

/// A request that got no response, or one that was cut off. The words are the transport's own, and hold nothing of
/// the request.
#[derive(Clone, Debug)]
pub struct Interrupted(pub String);

/// See the module.
pub trait Transport: Portable {
    /// Sends `request`, hands the response to `to` and ends when all of it is there. Dropped, it ends the request and
    /// frees its socket.
    fn send<'a>(&'a self, request: Request<'a>, to: &'a mut dyn Receive) -> BoxFuture<'a, Result<(), Interrupted>>;
}
