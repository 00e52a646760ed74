//! The cache: what is in the store is not embedded again.
//!
//! - A text that stands twice in a call is asked for once, and one that another call is asking for is not asked for again
//!   (not in Workers, where no request may wait for another's).
//! - What is missing goes to the model in batches, a few at once; each is saved when it arrives, so that what fails or is
//!   broken off later loses nothing of it.
//! - The first call gives what later ones will: numbers rounded as they are kept.
//! - A store that fails costs nothing but time: the observer is told, once until it works again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::call::{Call, missing};
use super::codec::{self, Precision, Vector};
use super::flights::Flights;
use super::json::{RustJson, VectorJson};
use super::keys::{KeyEncoder, Kind, Scope};
use crate::error::ErrorCode;
use crate::event::tell;
use crate::layers::Sharing;
use crate::{BoxFuture, ByteStore, Error, Event, Observer, Portable, Result};

/// A model: texts to vectors.
pub trait Embedder: Portable {
    /// The vectors of `texts`, in their order. Shape: `[texts, dimensions]`. An answer of another shape, or with a number
    /// that is not finite, is an error of the call (`corrupt`), and nothing of it is kept.
    ///
    /// # Errors
    ///
    /// Whatever the model says: the call gets it as it is, once the batches under way beside this one have ended.
    fn embed(&self, kind: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>>;
}

/// How an entry is written. Either is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueFormat {
    /// By [`codec`].
    #[default]
    Binary,
    /// As LangChain writes it, so that LangChain reads it.
    Json,
}

/// Where the vectors of queries are kept.
#[derive(Clone, Default)]
pub enum QueryCache {
    /// With those of documents, under keys of their own.
    #[default]
    Shared,
    /// In a store for queries alone.
    Alone(Arc<dyn ByteStore>),
    /// Nowhere.
    Off,
}

/// Options of [`CachedEmbedder`].
#[derive(Clone)]
#[non_exhaustive]
pub struct CacheOptions {
    /// What vectors depend on besides their texts: the model at least.
    pub scope: Scope,
    /// How exactly a vector is kept.
    pub precision: Precision,
    /// How a text becomes a key.
    pub key_encoder: KeyEncoder,
    /// How an entry is written.
    pub value_format: ValueFormat,
    /// Where the vectors of queries are kept.
    pub query_cache: QueryCache,
    /// How many texts the model is given at once. Default: 100.
    pub batch_size: usize,
    /// How many batches are under way at once. Default: 4.
    pub concurrency: usize,
    /// What concurrent calls may share.
    pub sharing: Sharing,
    /// Told of entries that cannot be read, and of a store that fails.
    pub observer: Option<Observer>,
    /// What reads and writes JSON.
    pub json: Arc<dyn VectorJson>,
}

impl CacheOptions {
    /// The defaults, for a model of this name.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for an empty name: vectors of two models must not meet.
    pub fn new(model: impl Into<String>) -> Result<Self> {
        let model = model.into();
        if model.is_empty() {
            return Err(Error::invalid_argument("model must be the name of the model that embeds, not empty"));
        }
        Ok(Self::with_json(model, Arc::new(RustJson)))
    }

    /// The same, with JSON read and written by `json`. The name may be empty: LangChain's caches may have kept without one.
    pub fn with_json(model: String, json: Arc<dyn VectorJson>) -> Self {
        Self {
            scope: Scope { model, dimensions: None },
            precision: Precision::default(),
            key_encoder: KeyEncoder::default(),
            value_format: ValueFormat::default(),
            query_cache: QueryCache::default(),
            batch_size: 100,
            concurrency: 4,
            sharing: Sharing::default(),
            observer: None,
            json,
        }
    }
}

/// How far a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Texts whose vectors are there.
    pub done: usize,
    /// Texts of the call.
    pub total: usize,
    /// Those that came from the store, or from another call.
    pub hits: usize,
}

/// Told of progress. It must be quick.
pub type OnProgress<'a> = &'a (dyn Watch + 'a);

/// See [`OnProgress`].
pub trait Watch: Portable {
    /// Called after each batch, and not again before `done` has grown.
    fn progress(&self, progress: Progress);
}

/// Counts of a [`CachedEmbedder`] since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheStats {
    /// Texts whose vectors were in the store.
    pub hits: u64,
    /// Texts that the model was asked for.
    pub misses: u64,
    /// Texts that another call, or another place in the same one, was asking for.
    pub joined: u64,
    /// Calls of the model.
    pub requests: u64,
    /// Calls of the store that failed.
    pub store_errors: u64,
}

/// See [`CacheStats`].
#[derive(Default)]
pub(super) struct Counts {
    pub hits: AtomicU64,
    pub misses: AtomicU64,
    pub joined: AtomicU64,
    pub requests: AtomicU64,
    store_errors: AtomicU64,
}

/// A model behind a cache; see the module.
///
/// ```
/// use std::sync::Arc;
/// use bytestow::features::embeddings::{CacheOptions, CachedEmbedder, Embedder, Kind};
/// use bytestow::{BoxFuture, InMemoryByteStore, Result};
///
/// struct Lengths;
/// impl Embedder for Lengths {
///     fn embed(&self, _: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>> {
///         Box::pin(async move { Ok(texts.iter().map(|text| vec![text.len() as f64]).collect()) })
///     }
/// }
///
/// # futures_executor::block_on(async {
/// let store = Arc::new(InMemoryByteStore::new());
/// let cached = CachedEmbedder::new(Arc::new(Lengths), store, CacheOptions::new("lengths-v1")?)?;
/// cached.documents(vec!["one".into(), "three".into(), "one".into()], None).await?;
/// let again = cached.documents(vec!["three".into()], None).await?;
/// assert_eq!(again[0].to_f64(), [5.0]);
/// assert_eq!((cached.stats().requests, cached.stats().hits), (1, 1));
/// # Ok::<(), bytestow::Error>(()) }).unwrap();
/// ```
pub struct CachedEmbedder {
    pub(super) model: Arc<dyn Embedder>,
    store: Arc<dyn ByteStore>,
    pub(super) options: CacheOptions,
    /// Of documents, and of queries: in stores of their own they may have the same keys.
    pub(super) flights: [Flights; 2],
    pub(super) counts: Counts,
    /// Of the store, and of the one for queries alone.
    outages: [Outage; 2],
}

/// What is known of a store's failures. One that is full fails at each write, and is read all the same.
#[derive(Default)]
struct Outage {
    /// Whether reads, and writes, have failed since they last worked.
    failing: [AtomicBool; 2],
    /// Whether nothing has worked since something failed.
    whole: AtomicBool,
}

/// What a store was asked to do.
#[derive(Clone, Copy)]
pub(super) enum Side {
    Read,
    Write,
}

impl CachedEmbedder {
    /// A cache of what `model` gives, in `store`.
    ///
    /// # Errors
    ///
    /// `invalid_argument` for int8 as JSON, which would not be read as it was given, and for a model without a name beside
    /// another key encoder than LangChain's: vectors of two models must not meet.
    pub fn new(model: Arc<dyn Embedder>, store: Arc<dyn ByteStore>, options: CacheOptions) -> Result<Self> {
        if options.precision == Precision::Int8 && options.value_format == ValueFormat::Json {
            return Err(Error::invalid_argument("precision int8 does not go with entries as JSON"));
        }
        if options.scope.model.is_empty() && options.key_encoder == KeyEncoder::Sha256 {
            return Err(Error::invalid_argument("model must be the name of the model that embeds, not empty"));
        }
        let (flights, counts, outages) = Default::default();
        Ok(Self { model, store, options, flights, counts, outages })
    }

    /// The vectors of `texts`, in their order.
    ///
    /// # Errors
    ///
    /// What the model says; `corrupt` where it answers with too few, too many, ragged or non-finite vectors, of which none
    /// is stored.
    pub async fn documents(&self, texts: Vec<String>, watch: Option<OnProgress<'_>>) -> Result<Vec<Arc<Vector>>> {
        self.embed(Kind::Document, texts, watch).await
    }

    /// The vector of a text to find others by.
    ///
    /// # Errors
    ///
    /// As [`documents`](Self::documents).
    pub async fn query(&self, text: String) -> Result<Arc<Vector>> {
        let vector = self.embed(Kind::Query, vec![text], None).await?.pop();
        vector.ok_or_else(missing)
    }

    /// The counts so far.
    pub fn stats(&self) -> CacheStats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Counts { hits, misses, joined, requests, store_errors } = &self.counts;
        CacheStats {
            hits: read(hits),
            misses: read(misses),
            joined: read(joined),
            requests: read(requests),
            store_errors: read(store_errors),
        }
    }

    /// The vectors of `texts`, of either kind.
    ///
    /// # Errors
    ///
    /// As [`documents`](Self::documents).
    pub fn embed<'a>(
        &'a self,
        kind: Kind,
        texts: Vec<String>,
        watch: Option<OnProgress<'a>>,
    ) -> impl Future<Output = Result<Vec<Arc<Vector>>>> + 'a {
        Call::new(self, kind, texts, watch)
    }

    /// Where vectors of this kind are kept.
    pub(super) fn store_of(&self, kind: Kind) -> Option<&Arc<dyn ByteStore>> {
        match (&self.options.query_cache, kind) {
            (QueryCache::Off, Kind::Query) => None,
            (QueryCache::Alone(store), Kind::Query) => Some(store),
            _ => Some(&self.store),
        }
    }

    /// What an entry holds.
    ///
    /// `corrupt` where it is no vector.
    pub(super) fn decoded(&self, bytes: &[u8]) -> Result<Arc<Vector>> {
        let vector = match bytes.first() {
            Some(b'[') => codec::kept(&self.options.json.read(bytes)?, self.options.precision)?.0,
            _ => codec::decode(bytes, self.options.precision)?,
        };
        let (scope, length) = (&self.options.scope, vector.dimensions());
        // LangChain's keys do not tell lengths apart.
        let ours = self.options.key_encoder == KeyEncoder::Sha256;
        let fits = ours || scope.dimensions.is_none_or(|asked| asked as usize == length);
        // No model gave it: LangChain may have kept it.
        if vector.is_finite() && length > 0 && fits {
            Ok(Arc::new(vector))
        } else {
            Err(Error::new(
                ErrorCode::Corrupt,
                "an entry is no vector of this model: it is empty, of another length, or has a number that is not finite",
            ))
        }
    }

    /// What a call of the store has come to. A failure is told once, until it works again.
    pub(super) fn heard(&self, kind: Kind, side: Side, failure: Option<Error>) {
        let alone = kind == Kind::Query && matches!(self.options.query_cache, QueryCache::Alone(_));
        let [shared, queries] = &self.outages;
        let Outage { failing: [reads, writes], whole } = if alone { queries } else { shared };
        let side = if matches!(side, Side::Read) { reads } else { writes };
        let [was_failing, was_whole] = [side, whole].map(|flag| flag.swap(failure.is_some(), Ordering::Relaxed));
        if let Some(error) = failure {
            count(&self.counts.store_errors, 1);
            if !was_failing && !was_whole {
                tell(self.options.observer.as_ref(), || Event::StoreError { error });
            }
        }
    }
}

/// Adds to a count.
pub(super) fn count(counted: &AtomicU64, more: usize) {
    counted.fetch_add(more as u64, Ordering::Relaxed);
}
