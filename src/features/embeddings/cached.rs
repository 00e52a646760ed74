//! The cache: what is in the store is not embedded again.
//!
//! - A text that stands twice in a call is asked for once, and one that another call is asking for is not asked for again
//!   (not in Workers, where no request may wait for another's).
//! - What is missing goes to the model in batches, a few at once; each is saved when it arrives, so that what fails or is
//!   broken off later loses nothing of it.
//! - The first call gives what later ones will: numbers rounded as they are kept.
//! - A store that fails costs nothing but time: the observer is told, once until it works again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::codec::{self, Precision, Vector};
use super::flights::{Boarded, Flights, Joined, Own};
use super::json::{RustJson, VectorJson};
use super::keys::{KeyEncoder, Kind, Scope};
use crate::error::{ErrorCode, shown_key};
use crate::event::tell;
use crate::future::InFlight;
use crate::layers::Sharing;
use crate::sorted::SortedMap;
use crate::{BoxFuture, ByteStore, Entries, Error, Event, Keys, Observer, Portable, Result, Ttl, Value};

/// A model: texts to vectors.
pub trait Embedder: Portable {
    /// The vectors of `texts`, in their order. Shape: `[texts, dimensions]`.
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
    /// So far it has come.
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

#[derive(Default)]
struct Counts {
    hits: AtomicU64,
    misses: AtomicU64,
    joined: AtomicU64,
    requests: AtomicU64,
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
/// let cached = CachedEmbedder::new(Arc::new(Lengths), store, CacheOptions::new("lengths-v1")?);
/// cached.documents(vec!["one".into(), "three".into(), "one".into()], None).await?;
/// let again = cached.documents(vec!["three".into()], None).await?;
/// assert_eq!(again[0].to_f64(), [5.0]);
/// assert_eq!((cached.stats().requests, cached.stats().hits), (1, 1));
/// # Ok::<(), bytestow::Error>(()) }).unwrap();
/// ```
pub struct CachedEmbedder {
    model: Arc<dyn Embedder>,
    store: Arc<dyn ByteStore>,
    options: CacheOptions,
    flights: Flights,
    counts: Counts,
    /// The store has failed since it last worked.
    failing: AtomicBool,
}

/// What is looked for and kept in one store: texts of a kind, each once.
struct Wanted {
    kind: Kind,
    /// How many numbers the model's vectors have in this call; 0 before the first.
    dimensions: AtomicUsize,
    texts: Vec<String>,
    keys: Vec<Arc<str>>,
}

impl CachedEmbedder {
    /// A cache of what `model` gives, in `store`.
    pub fn new(model: Arc<dyn Embedder>, store: Arc<dyn ByteStore>, options: CacheOptions) -> Self {
        let (flights, counts, failing) = Default::default();
        Self { model, store, options, flights, counts, failing }
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
    pub async fn embed(
        &self,
        kind: Kind,
        texts: Vec<String>,
        watch: Option<OnProgress<'_>>,
    ) -> Result<Vec<Arc<Vector>>> {
        let (wanted, places) = self.wanted(kind, texts);
        let mut tally = Tally::new(&wanted, &places, watch);
        let mut vectors = vec![None; wanted.keys.len()];
        // Those whom another call leaves behind are fetched in another round.
        let mut left: Vec<usize> = (0..wanted.keys.len()).collect();
        while !left.is_empty() {
            let (own, joined) = self.board(&wanted, &left);
            self.fetch(&wanted, own, &mut vectors, &mut tally).await?;
            left.clear();
            for (at, joined) in joined {
                match joined.landed().await {
                    Some(landed) => {
                        put(&mut vectors, at, landed?);
                        self.counts.joined.fetch_add(1, Ordering::Relaxed);
                        tally.arrived(at, true);
                        tally.tell();
                    }
                    None => left.push(at),
                }
            }
        }
        let mut found = Vec::with_capacity(places.len());
        for at in places {
            found.push(vectors.get(at).and_then(Clone::clone).ok_or_else(missing)?);
        }
        Ok(found)
    }

    /// Each text once, with its key; and where the texts stand among them.
    fn wanted(&self, kind: Kind, texts: Vec<String>) -> (Wanted, Vec<usize>) {
        let alone = matches!(self.options.query_cache, QueryCache::Alone(_));
        let mut seen = SortedMap::default();
        let mut wanted = Wanted { kind, dimensions: AtomicUsize::new(0), texts: Vec::new(), keys: Vec::new() };
        let mut places = Vec::with_capacity(texts.len());
        for text in texts {
            let key: Arc<str> = self.options.key_encoder.key(&self.options.scope, kind, &text, alone).into();
            places.push(match seen.get(&key) {
                Some(at) => {
                    self.counts.joined.fetch_add(1, Ordering::Relaxed);
                    at as usize
                }
                None => {
                    let at = wanted.keys.len();
                    seen.insert(key.clone(), at as u64);
                    wanted.texts.push(text);
                    wanted.keys.push(key);
                    at
                }
            });
        }
        (wanted, places)
    }

    /// Which of `left` this call has to fetch, and which others fetch already.
    fn board(&self, wanted: &Wanted, left: &[usize]) -> (Vec<Mine<'_>>, Vec<(usize, Joined)>) {
        let (mut own, mut joined) = (Vec::new(), Vec::new());
        for &at in left {
            let Some(key) = wanted.keys.get(at) else { continue };
            // A query's key may be a document's, in a store of its own.
            let named: Arc<str> = if wanted.kind == Kind::Query { format!("?{key}").into() } else { key.clone() };
            match self.options.sharing {
                Sharing::Nothing => own.push(Mine { at, flight: None }),
                Sharing::Calls => match self.flights.board(&named) {
                    Boarded::Own(flight) => own.push(Mine { at, flight: Some(flight) }),
                    Boarded::Joined(flight) => joined.push((at, flight)),
                },
            }
        }
        (own, joined)
    }

    /// Fetches what this call has to: from the store, and the rest from the model.
    async fn fetch(
        &self,
        wanted: &Wanted,
        own: Vec<Mine<'_>>,
        vectors: &mut [Option<Arc<Vector>>],
        tally: &mut Tally<'_>,
    ) -> Result<()> {
        if own.is_empty() {
            return Ok(());
        }
        let mut keys = Keys::default();
        for mine in &own {
            keys.push(wanted.keys.get(mine.at).map_or("", |key| key));
        }
        let mut found = self.look_up(wanted.kind, keys).await.into_iter();
        let mut missing = Vec::new();
        for mine in own {
            match found.next().flatten() {
                Some(vector) => {
                    self.counts.hits.fetch_add(1, Ordering::Relaxed);
                    put(vectors, mine.at, vector.clone());
                    tally.arrived(mine.at, true);
                    mine.land(Ok(vector));
                }
                None => missing.push(mine),
            }
        }
        tally.tell();
        self.embed_missing(wanted, missing, vectors, tally).await
    }

    async fn embed_missing(
        &self,
        wanted: &Wanted,
        missing: Vec<Mine<'_>>,
        vectors: &mut [Option<Arc<Vector>>],
        tally: &mut Tally<'_>,
    ) -> Result<()> {
        let mut waiting = missing.into_iter();
        let mut under_way = InFlight::new();
        let mut failed = None;
        loop {
            while failed.is_none() && under_way.len() < self.options.concurrency.max(1) {
                let batch: Vec<Mine<'_>> = waiting.by_ref().take(self.options.batch_size.max(1)).collect();
                if batch.is_empty() {
                    break;
                }
                under_way.push(Box::pin(self.batch(wanted, batch)));
            }
            match under_way.next().await {
                Some(Ok(arrived)) => {
                    for (at, vector) in arrived {
                        put(vectors, at, vector);
                        tally.arrived(at, false);
                    }
                    tally.tell();
                }
                // What is under way is paid for: it is awaited, and kept.
                Some(Err(error)) => failed = failed.or(Some(error)),
                None => return failed.map_or(Ok(()), Err),
            }
        }
    }

    /// Asks the model for a batch, tells who waits for it, and saves it.
    async fn batch(&self, wanted: &Wanted, batch: Vec<Mine<'_>>) -> Result<Vec<(usize, Arc<Vector>)>> {
        let mut texts = Vec::with_capacity(batch.len());
        for mine in &batch {
            texts.extend(wanted.texts.get(mine.at).cloned());
        }
        let encoded = match self.ask(wanted.kind, texts, &wanted.dimensions).await {
            Ok(answer) => self.encoded(answer),
            Err(error) => Err(error),
        };
        let encoded = match encoded {
            Ok(encoded) => encoded,
            Err(error) => {
                batch.into_iter().for_each(|mine| mine.land(Err(error.clone())));
                return Err(error);
            }
        };
        let (mut arrived, mut keys, mut values) = (Vec::new(), Keys::default(), Vec::new());
        for (mine, (vector, value)) in batch.into_iter().zip(encoded) {
            keys.push(wanted.keys.get(mine.at).map_or("", |key| key));
            values.push(value);
            arrived.push((mine.at, vector.clone()));
            mine.land(Ok(vector));
        }
        if let Some(store) = self.store_of(wanted.kind) {
            let saved = store.set_many(Entries::new(keys, values), Ttl::StoreDefault).await;
            self.heard(saved);
        }
        Ok(arrived)
    }

    /// What the store has of `keys`; nothing where it fails or has what cannot be read.
    async fn look_up(&self, kind: Kind, keys: Keys) -> Vec<Option<Arc<Vector>>> {
        let mut read = Vec::new();
        let Some(store) = self.store_of(kind) else { return read };
        let found = store.get_many(keys.clone()).await;
        for (lookup, key) in self.heard(found).unwrap_or_default().into_iter().zip(keys.iter()) {
            read.push(lookup.value.and_then(|value| match self.decoded(&value.to_vec()) {
                Ok(vector) => Some(vector),
                Err(error) => {
                    let corrupt = || Event::Corrupt { key: shown_key(key), reason: error.message().to_owned() };
                    tell(self.options.observer.as_ref(), corrupt);
                    None
                }
            }));
        }
        read
    }

    /// Where vectors of this kind are kept.
    fn store_of(&self, kind: Kind) -> Option<&Arc<dyn ByteStore>> {
        match (&self.options.query_cache, kind) {
            (QueryCache::Off, Kind::Query) => None,
            (QueryCache::Alone(store), Kind::Query) => Some(store),
            _ => Some(&self.store),
        }
    }

    /// Asks the model, and holds its answer to what was asked.
    async fn ask(&self, kind: Kind, texts: Vec<String>, dimensions: &AtomicUsize) -> Result<Vec<Vec<f64>>> {
        let asked = texts.len();
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        self.counts.misses.fetch_add(asked as u64, Ordering::Relaxed);
        let answer = self.model.embed(kind, texts).await?;
        let wrong =
            |what: String| Err(Error::new(ErrorCode::Corrupt, format!("the model gave {what}: nothing of it is kept")));
        if answer.len() != asked {
            return wrong(format!("{} vectors for {asked} texts", answer.len()));
        }
        let first = answer.first().map_or(0, Vec::len);
        let known =
            dimensions.compare_exchange(0, first, Ordering::Relaxed, Ordering::Relaxed).unwrap_or_else(|known| known);
        let known = if known == 0 { first } else { known };
        if answer.iter().any(|vector| vector.len() != known || vector.is_empty()) {
            return wrong("vectors of different lengths, or of none".into());
        }
        if !answer.iter().flatten().all(|number| number.is_finite()) {
            return wrong("a number that is not finite".into());
        }
        Ok(answer)
    }

    /// Each vector as it will be read, and as it is kept.
    fn encoded(&self, answer: Vec<Vec<f64>>) -> Result<Vec<(Arc<Vector>, Value)>> {
        let mut encoded = Vec::with_capacity(answer.len());
        for numbers in answer {
            let (vector, mut bytes) = codec::kept(&numbers, self.options.precision)?;
            if !vector.is_finite() {
                return Err(Error::invalid_argument(
                    "precision: the model gave a number that is too large for it; f64 takes any",
                ));
            }
            if self.options.value_format == ValueFormat::Json {
                bytes = self.options.json.write(&vector.to_f64())?;
            }
            encoded.push((Arc::new(vector), Value::from(bytes)));
        }
        Ok(encoded)
    }

    fn decoded(&self, bytes: &[u8]) -> Result<Arc<Vector>> {
        let vector = match bytes.first() {
            Some(b'[') => codec::kept(&self.options.json.read(bytes)?, self.options.precision)?.0,
            _ => codec::decode(bytes, self.options.precision)?,
        };
        // No model gave it: LangChain may have kept it.
        if vector.is_finite() && vector.dimensions() > 0 {
            Ok(Arc::new(vector))
        } else {
            Err(Error::new(
                ErrorCode::Corrupt,
                "an entry is no vector: it is empty, or has a number that is not finite",
            ))
        }
    }

    /// What a call of the store has come to. A failure is told once, until it works again.
    fn heard<T>(&self, result: Result<T>) -> Option<T> {
        let failing = result.is_err();
        let was = self.failing.swap(failing, Ordering::Relaxed);
        result
            .map_err(|error| {
                self.counts.store_errors.fetch_add(1, Ordering::Relaxed);
                if !was {
                    tell(self.options.observer.as_ref(), || Event::StoreError { error });
                }
            })
            .ok()
    }
}

fn missing() -> Error {
    Error::new(ErrorCode::Internal, "a vector is missing")
}

fn put(vectors: &mut [Option<Arc<Vector>>], at: usize, vector: Arc<Vector>) {
    if let Some(place) = vectors.get_mut(at) {
        *place = Some(vector);
    }
}

/// A text that this call has to fetch.
struct Mine<'a> {
    at: usize,
    flight: Option<Own<'a>>,
}

impl Mine<'_> {
    fn land(self, landed: Result<Arc<Vector>>) {
        if let Some(flight) = self.flight {
            flight.land(landed);
        }
    }
}

/// Counts what has arrived.
struct Tally<'a> {
    watch: Option<OnProgress<'a>>,
    /// How many places of the call each text has.
    times: Vec<usize>,
    progress: Progress,
    /// What has been told to be done.
    told: usize,
}

impl<'a> Tally<'a> {
    fn new(wanted: &Wanted, places: &[usize], watch: Option<OnProgress<'a>>) -> Self {
        let mut times = vec![0; wanted.keys.len()];
        for at in places {
            if let Some(count) = times.get_mut(*at) {
                *count += 1;
            }
        }
        Self { watch, times, progress: Progress { done: 0, total: places.len(), hits: 0 }, told: 0 }
    }

    fn arrived(&mut self, at: usize, hit: bool) {
        let times = self.times.get(at).copied().unwrap_or_default();
        self.progress.done += times;
        self.progress.hits += if hit { times } else { 0 };
    }

    /// Tells who watches, if there is news.
    fn tell(&mut self) {
        if let Some(watch) = self.watch
            && self.told < self.progress.done
        {
            self.told = self.progress.done;
            watch.progress(self.progress);
        }
    }
}
