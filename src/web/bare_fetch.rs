//! Requests by `fetch` itself: what reqwest's weight is measured against. It does not ship.

use js_sys::{Array, ArrayBuffer, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Headers, RequestInit, Response};

use super::for_promise;
use crate::BoxFuture;
use crate::upstash::{Head, Interrupted, Receive, Request, Transport};

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct BareFetch;

/// Ends the request when it is dropped.
struct Aborting(AbortController);

impl Drop for Aborting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn interrupted(thrown: JsValue) -> Interrupted {
    let message = Reflect::get(&thrown, &"message".into()).ok().and_then(|message| message.as_string());
    Interrupted(message.unwrap_or_default())
}

async fn send(request: Request<'_>, to: &mut dyn Receive) -> Result<(), JsValue> {
    let headers = Object::new();
    for (name, value) in &request.headers {
        Reflect::set(&headers, &(*name).into(), &value.into())?;
    }
    let aborting = Aborting(AbortController::new()?);
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&Uint8Array::from(request.body.as_slice()));
    init.set_signal(Some(&aborting.0.signal()));
    let global = js_sys::global();
    let fetch: Function = Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let promise: Promise = fetch.apply(&global, &Array::of2(&request.url.into(), &init))?.unchecked_into();
    let response: Response = for_promise(&promise).await?.unchecked_into();
    let headers: Headers = response.headers();
    let header = |name: &str| headers.get(name).ok().flatten();
    to.head(Head {
        status: response.status(),
        retry_after: header("retry-after"),
        sync_token: header("upstash-sync-token"),
    });
    let body: ArrayBuffer = for_promise(&response.array_buffer()?).await?.unchecked_into();
    to.piece(&Uint8Array::new(&body).to_vec());
    Ok(())
}

impl Transport for BareFetch {
    fn send<'a>(&'a self, request: Request<'a>, to: &'a mut dyn Receive) -> BoxFuture<'a, Result<(), Interrupted>> {
        Box::pin(async move { send(request, to).await.map_err(interrupted) })
    }
}
