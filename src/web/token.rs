//! Tokens that JavaScript gives.

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};

use super::for_promise;
use super::js_value::failed;
use crate::upstash::TokenSource;
use crate::{BoxFuture, Error, Result, Secret};

/// A function that answers with a promise of a token.
pub struct JsToken(Function);

impl JsToken {
    /// Asks `give`, which must not throw: it is to check what it gives, and to reject.
    pub fn new(give: Function) -> Self {
        Self(give)
    }
}

impl TokenSource for JsToken {
    fn token(&self) -> BoxFuture<'_, Result<Secret>> {
        Box::pin(async move {
            let given = match self.0.call0(&JsValue::UNDEFINED) {
                Ok(promise) => for_promise(&promise.unchecked_into::<Promise>()).await,
                thrown => thrown,
            };
            match given.map(|token| token.as_string()) {
                Ok(Some(token)) => Ok(Secret::new(token)),
                Ok(None) => Err(Error::invalid_argument("token: the function gave something else than a string")),
                Err(reason) => Err(failed("the function that gives the token", reason)),
            }
        })
    }
}
