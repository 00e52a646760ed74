//! The embeddings cache.

use std::sync::Arc;

use bytestow::Keys;
use bytestow::features::embeddings::{
    CacheOptions, CacheStats, CachedEmbedder, KeyEncoder, Kind, OnProgress, Precision, QueryCache, ValueFormat,
};
use bytestow::web::{JsEmbedder, JsJson, JsWatch};
use js_sys::{Float64Array, Function};
use wasm_bindgen::prelude::*;

use crate::outcome::{Outcome, failure};
use crate::store::Store;
use crate::upstash::sharing;
use crate::{options, task};

/// A model behind a cache.
#[wasm_bindgen]
pub struct EmbeddingsCache {
    inner: Arc<CachedEmbedder>,
}

/// How the cache works, by index into `settings`.
mod at {
    pub const DIMENSIONS: usize = 0;
    pub const PRECISION: usize = 1;
    pub const KEYS: usize = 2;
    pub const JSON: usize = 3;
    pub const QUERIES: usize = 4;
    pub const BATCH: usize = 5;
    pub const CONCURRENCY: usize = 6;
    pub const ISOLATED: usize = 7;
}

/// Makes a cache over `store`, and over `queries` for queries alone, if that is another.
///
/// The settings are numbers, since each argument of its own would weigh 0.1 kB: dimensions (0 for unknown), precision and
/// key encoder (by their places in the lists below), whether entries are written as JSON, whether queries are kept, batch
/// size, concurrency, whether calls stand alone.
#[wasm_bindgen(js_name = embeddingsCache)]
pub fn embeddings_cache(
    store: &Store,
    queries: &Store,
    embed: Function,
    parse: Function,
    model: String,
    settings: &[u32],
    on_event: Option<Function>,
) -> Result<EmbeddingsCache, JsValue> {
    let setting = |at: usize| settings.get(at).copied().unwrap_or_default();
    let mut options = CacheOptions::with_json(model, Arc::new(JsJson::new(parse)));
    options.scope.dimensions = Some(setting(at::DIMENSIONS)).filter(|count| *count > 0);
    options.precision = PRECISIONS.get(setting(at::PRECISION) as usize).copied().unwrap_or_default();
    options.key_encoder = KEY_ENCODERS.get(setting(at::KEYS) as usize).copied().unwrap_or_default();
    options.value_format = if setting(at::JSON) == 1 { ValueFormat::Json } else { ValueFormat::Binary };
    options.query_cache = match (setting(at::QUERIES) == 1, Arc::ptr_eq(&store.inner(), &queries.inner())) {
        (false, _) => QueryCache::Off,
        (true, true) => QueryCache::Shared,
        (true, false) => QueryCache::Alone(queries.inner()),
    };
    options.batch_size = setting(at::BATCH) as usize;
    options.concurrency = setting(at::CONCURRENCY) as usize;
    options.sharing = sharing(setting(at::ISOLATED) == 1);
    options.observer = options::observer(on_event);
    let inner = CachedEmbedder::new(Arc::new(JsEmbedder::new(embed)), store.inner(), options);
    Ok(EmbeddingsCache { inner: Arc::new(inner.map_err(|error| failure(&error))?) })
}

/// As `PRECISIONS` in `pkg/src/langchain/embeddings.ts`.
const PRECISIONS: [Precision; 4] = [Precision::F32, Precision::F64, Precision::F16, Precision::Int8];

/// As `KEY_ENCODERS` there.
const KEY_ENCODERS: [KeyEncoder; 6] = [
    KeyEncoder::Sha256,
    KeyEncoder::LangchainJs,
    KeyEncoder::LangchainPythonSha1,
    KeyEncoder::LangchainPythonSha256,
    KeyEncoder::LangchainPythonBlake2b,
    KeyEncoder::LangchainPythonSha512,
];

#[wasm_bindgen]
impl EmbeddingsCache {
    /// Starts a call; as `Store.call`. The texts are in one string, their lengths in UTF-16 code units beside it.
    pub fn call(
        &self,
        query: bool,
        texts: String,
        lengths: &[u32],
        on_progress: Option<Function>,
    ) -> Result<JsValue, JsValue> {
        let cache = self.inner.clone();
        let kind = if query { Kind::Query } else { Kind::Document };
        let keys = Keys::from_utf16_lengths(texts, lengths);
        task::run(Box::pin(async move {
            let mut texts = Vec::with_capacity(keys.len());
            keys.iter().for_each(|text| texts.push(text.to_owned()));
            drop(keys);
            let watch = on_progress.map(JsWatch::new);
            let watch = watch.as_ref().map(|watch| watch as OnProgress<'_>);
            Ok(Outcome::Vectors(cache.embed(kind, texts, watch).await?))
        }))
    }

    /// `stats`, in the order of `CacheStats`.
    pub fn stats(&self) -> Float64Array {
        let CacheStats { hits, misses, joined, requests, store_errors } = self.inner.stats();
        Float64Array::from([hits, misses, joined, requests, store_errors].map(|count| count as f64).as_slice())
    }
}
