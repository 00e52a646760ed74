//! Requests by `reqwest`: `fetch` on wasm32, hyper natively. The only place that knows it.
//!
//! Of a request it sets nothing but URL, headers and body: runtimes at the edge throw on fields that they lack (`mode`,
//! `cache`, `credentials`), and browsers cap what `keepalive` may hold.

use std::error::Error as _;

use super::transport::{Head, Interrupted, Receive, Request, Transport};
use crate::BoxFuture;

/// Carries requests by `reqwest`. Clones share their connections.
#[derive(Clone, Debug, Default)]
pub struct ReqwestTransport(reqwest::Client);

impl ReqwestTransport {
    /// Carries requests by `client`, which may have proxies, certificates and the like of its own.
    pub fn new(client: reqwest::Client) -> Self {
        Self(client)
    }
}

/// The innermost cause says what happened; what lies around it repeats the URL.
fn interrupted(error: &reqwest::Error) -> Interrupted {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(std::error::Error::source) {
        cause = Some(inner);
    }
    Interrupted(cause.map_or_else(String::new, ToString::to_string))
}

impl Transport for ReqwestTransport {
    fn send<'a>(&'a self, request: Request<'a>, to: &'a mut dyn Receive) -> BoxFuture<'a, Result<(), Interrupted>> {
        Box::pin(async move {
            let Request { url, headers, body } = request;
            let mut building = self.0.post(url).body(body);
            for (name, value) in headers {
                building = building.header(name, value);
            }
            let response = building.send().await.map_err(|error| interrupted(&error))?;
            let header =
                |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
            to.head(Head {
                status: response.status().as_u16(),
                retry_after: header("retry-after"),
                sync_token: header("upstash-sync-token"),
            });
            receive(response, to).await.map_err(|error| interrupted(&error))
        })
    }
}

/// Piece by piece.
#[cfg(not(target_arch = "wasm32"))]
async fn receive(mut response: reqwest::Response, to: &mut dyn Receive) -> reqwest::Result<()> {
    while let Some(bytes) = response.chunk().await? {
        to.piece(&bytes);
    }
    Ok(())
}

/// At once: a piece at a time would cost a promise each, and a library of its own.
#[cfg(target_arch = "wasm32")]
async fn receive(response: reqwest::Response, to: &mut dyn Receive) -> reqwest::Result<()> {
    let bytes = response.bytes().await?;
    to.piece(&bytes);
    Ok(())
}
