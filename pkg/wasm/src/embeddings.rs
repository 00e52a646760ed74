//! The embeddings cache.

use std::sync::Arc;

use bytestow::Keys;
use bytestow::features::embeddings::{
    CacheOptions, CachedEmbedder, KeyEncoder, OnProgress, Precision, QueryCache, ValueFormat,
};
use bytestow::web::{JsEmbedder, JsJson, JsWatch};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::outcome::{self, Outcome, failure};
use crate::store::Store;
use crate::upstash::sharing;
use crate::{options, task};

/// A model behind a cache.
#[wasm_bindgen]
pub struct EmbeddingsCache {
    inner: Arc<CachedEmbedder>,
}

/// How exactly vectors are kept.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum VectorPrecision {
    /// 4 bytes a number.
    F32,
    /// 8 bytes.
    F64,
    /// 2 bytes.
    F16,
    /// 1 byte.
    Int8,
}

/// How texts become keys.
#[wasm_bindgen]
#[derive(Clone, Copy)]
pub enum VectorKeys {
    /// Our own.
    Sha256,
    /// LangChain's in JavaScript.
    LangchainJs,
    /// LangChain's in Python, by default.
    LangchainPythonSha1,
    /// The same with `key_encoder="sha256"`.
    LangchainPythonSha256,
    /// The same with `key_encoder="blake2b"`.
    LangchainPythonBlake2b,
    /// The same with `key_encoder="sha512"`.
    LangchainPythonSha512,
}

/// Makes a cache over `store`. `queries` is a store for queries alone; without it they go to `store`, or nowhere.
#[wasm_bindgen(js_name = embeddingsCache)]
#[expect(clippy::too_many_arguments, reason = "options cross as arguments: see `options`")]
pub fn embeddings_cache(
    store: &Store,
    queries: &Store,
    keep_queries: bool,
    embed: Function,
    parse: Function,
    model: String,
    dimensions: Option<u32>,
    precision: VectorPrecision,
    keys: VectorKeys,
    json: bool,
    batch_size: u32,
    concurrency: u32,
    isolated: bool,
    on_event: Option<Function>,
) -> Result<EmbeddingsCache, JsValue> {
    let mut options = CacheOptions::with_json(model, Arc::new(JsJson::new(parse))).map_err(|error| failure(&error))?;
    options.scope.dimensions = dimensions;
    options.precision = match precision {
        VectorPrecision::F32 => Precision::F32,
        VectorPrecision::F64 => Precision::F64,
        VectorPrecision::F16 => Precision::F16,
        VectorPrecision::Int8 => Precision::Int8,
    };
    options.key_encoder = match keys {
        VectorKeys::Sha256 => KeyEncoder::Sha256,
        VectorKeys::LangchainJs => KeyEncoder::LangchainJs,
        VectorKeys::LangchainPythonSha1 => KeyEncoder::LangchainPythonSha1,
        VectorKeys::LangchainPythonSha256 => KeyEncoder::LangchainPythonSha256,
        VectorKeys::LangchainPythonBlake2b => KeyEncoder::LangchainPythonBlake2b,
        VectorKeys::LangchainPythonSha512 => KeyEncoder::LangchainPythonSha512,
    };
    options.value_format = if json { ValueFormat::Json } else { ValueFormat::Binary };
    options.query_cache = match (keep_queries, Arc::ptr_eq(&store.inner(), &queries.inner())) {
        (false, _) => QueryCache::Off,
        (true, true) => QueryCache::Shared,
        (true, false) => QueryCache::Alone(queries.inner()),
    };
    (options.batch_size, options.concurrency) = (batch_size as usize, concurrency as usize);
    options.sharing = sharing(isolated);
    options.observer = options::observer(on_event);
    Ok(EmbeddingsCache {
        inner: Arc::new(CachedEmbedder::new(Arc::new(JsEmbedder::new(embed)), store.inner(), options)),
    })
}

#[wasm_bindgen]
impl EmbeddingsCache {
    /// Starts a call; as `Store.call`. The texts are in one string, their lengths in UTF-16 code units beside it.
    pub fn documents(&self, texts: String, lengths: &[u32], on_progress: Option<Function>) -> Result<JsValue, JsValue> {
        let cache = self.inner.clone();
        let texts = Keys::from_utf16_lengths(texts, lengths).iter().map(str::to_owned).collect();
        task::run(Box::pin(async move {
            let watch = on_progress.map(JsWatch::new);
            let watch = watch.as_ref().map(|watch| watch as OnProgress<'_>);
            Ok(Outcome::Vectors(cache.documents(texts, watch).await?))
        }))
    }

    /// Starts a call for one text.
    pub fn query(&self, text: String) -> Result<JsValue, JsValue> {
        let cache = self.inner.clone();
        task::run(Box::pin(async move { Ok(Outcome::Vectors(vec![cache.query(text).await?])) }))
    }

    /// `stats`.
    pub fn stats(&self) -> JsValue {
        outcome::cache_stats(self.inner.stats())
    }
}
