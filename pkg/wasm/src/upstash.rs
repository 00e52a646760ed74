//! `UpstashRedisByteStore`.

use std::sync::Arc;
use std::time::Duration;

use bytestow::Secret;
use bytestow::layers::Sharing;
use bytestow::upstash::{Encoding, Patience, Token, UpstashOptions, UpstashRedisByteStore};
use bytestow::web::JsToken;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::options;
use crate::outcome::failure;
use crate::store::Store;

/// Makes a store in Upstash Redis. `headers` are names and values in turn, each in a line of its own.
#[wasm_bindgen(js_name = upstashStore)]
#[expect(clippy::too_many_arguments, reason = "options cross as arguments: see `options`")]
pub fn upstash_store(
    url: String,
    token: Option<String>,
    ask_token: Option<Function>,
    headers: String,
    namespace: Option<String>,
    ttl: Option<f64>,
    raw: bool,
    prefer_resp2: bool,
    timeout: f64,
    retries: u32,
    deadline: f64,
    isolated: bool,
    on_event: Option<Function>,
) -> Result<Store, JsValue> {
    let token = match (token, ask_token) {
        (_, Some(ask)) => Token::Ask(Arc::new(JsToken::new(ask))),
        (Some(token), None) => Token::Fixed(Secret::new(token)),
        (None, None) => Token::None,
    };
    let mut options = UpstashOptions::new(url, token);
    let mut lines = headers.split('\n');
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        options.headers.push((name.to_owned(), Secret::new(value)));
    }
    options.ttl = options::life(ttl)?;
    options.encoding = if raw { Encoding::Raw } else { Encoding::Auto };
    options.prefer_resp2 = prefer_resp2;
    let ms = |ms: f64| Duration::from_millis(ms as u64);
    options.patience = Patience { retries, timeout: ms(timeout), deadline: ms(deadline) };
    options.sharing = sharing(isolated);
    options.observer = options::observer(on_event);
    #[cfg(feature = "bare-fetch")]
    {
        options.transport = Some(Arc::new(bytestow::web::BareFetch));
        options.timer = Some(Arc::new(bytestow::web::SystemTimer));
    }
    let store = UpstashRedisByteStore::new(options).map_err(|error| failure(&error))?;
    Store::new(Arc::new(store), namespace.as_deref())
}

/// What calls may share where one must not wait for another's request, or elsewhere.
pub fn sharing(isolated: bool) -> Sharing {
    if isolated { Sharing::Nothing } else { Sharing::Calls }
}
