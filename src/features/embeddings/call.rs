//! One call of the cache. A future by hand, of plain steps that each work on the whole of the call: nested `async` blocks,
//! which keep whatever crosses an `await` in places of their own, weigh 2 kB more in the wasm (gzipped).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::cached::{CachedEmbedder, OnProgress, Progress, QueryCache, Side, ValueFormat, count};
use super::codec::{self, Vector};
use super::flights::{Boarded, Joined, Landed, Own};
use super::keys::Kind;
use crate::error::shown_key;
use crate::event::tell;
use crate::layers::Sharing;
use crate::sorted::SortedMap;
use crate::{BoxFuture, Entries, Error, ErrorCode, Event, Keys, Lookup, Result, Ttl, Value};

/// See the module.
pub struct Call<'a> {
    cache: &'a CachedEmbedder,
    kind: Kind,
    watch: Option<OnProgress<'a>>,
    progress: Progress,
    /// What has been told to be done.
    told: usize,
    /// Each text once.
    texts: Vec<Text<'a>>,
    /// For each text of the call, where it stands among them.
    places: Vec<usize>,
    /// What others fetch.
    joined: Vec<(usize, Joined)>,
    /// What the store does not have, and the model was not asked for yet.
    missing: Vec<usize>,
    /// How many numbers the model's vectors have in this call; 0 before the first.
    dimensions: usize,
    under_way: Vec<(Vec<usize>, Request<'a>)>,
    /// What is under way is paid for: it is awaited, and kept, but nothing more is begun.
    failed: Option<Error>,
}

/// A text of a call.
struct Text<'a> {
    text: String,
    key: Arc<str>,
    /// How often it stands in the call.
    times: usize,
    vector: Option<Arc<Vector>>,
    /// Others may wait for what this call has to fetch, until it is in the store.
    flight: Option<Own<'a>>,
    /// Whoever was to fetch it has failed: this call fails by its own answer alone.
    alone: bool,
}

/// What is waited for.
enum Request<'a> {
    Read(BoxFuture<'a, Result<Vec<Lookup>>>),
    Ask(BoxFuture<'a, Result<Vec<Vec<f64>>>>),
    Save(BoxFuture<'a, Result<()>>),
    Join(Joined),
}

impl Future for Call<'_> {
    type Output = Result<Vec<Arc<Vector>>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let call = self.get_mut();
        loop {
            call.begin();
            if call.under_way.is_empty() {
                return Poll::Ready(call.end());
            }
            if !call.step(cx) {
                return Poll::Pending;
            }
        }
    }
}

impl<'a> Call<'a> {
    /// A call for the vectors of `texts`.
    pub fn new(cache: &'a CachedEmbedder, kind: Kind, texts: Vec<String>, watch: Option<OnProgress<'a>>) -> Self {
        let mut call = Self {
            cache,
            kind,
            watch,
            progress: Progress { done: 0, total: texts.len(), hits: 0 },
            told: 0,
            texts: Vec::new(),
            places: Vec::new(),
            joined: Vec::new(),
            missing: Vec::new(),
            dimensions: 0,
            under_way: Vec::new(),
            failed: None,
        };
        let alone = matches!(cache.options.query_cache, QueryCache::Alone(_));
        let mut seen = SortedMap::default();
        for text in texts {
            let key: Arc<str> = cache.options.key_encoder.key(&cache.options.scope, kind, &text, alone).into();
            let at = seen.get(&key).unwrap_or(call.texts.len() as u64) as usize;
            call.places.push(at);
            if let Some(known) = call.texts.get_mut(at) {
                known.times += 1;
                count(&cache.counts.joined, 1);
                continue;
            }
            seen.insert(key.clone(), at as u64);
            call.texts.push(Text { text, key, times: 1, vector: None, flight: None, alone: false });
        }
        call
    }

    /// Begins what can be begun.
    fn begin(&mut self) {
        if self.failed.is_some() {
            return;
        }
        if self.is_idle() && self.joined.is_empty() {
            self.board();
        }
        if self.is_idle() && self.joined.is_empty() {
            self.drop_others();
        }
        if self.is_idle()
            && let Some((at, joined)) = self.joined.pop()
        {
            self.under_way.push((vec![at], Request::Join(joined)));
        }
        while !self.missing.is_empty() && self.under_way.len() < self.cache.options.concurrency.max(1) {
            self.ask();
        }
    }

    /// Whether there is nothing to be fetched.
    fn is_idle(&self) -> bool {
        self.under_way.is_empty() && self.missing.is_empty()
    }

    /// Looks in the store for what is not there yet and nobody else fetches. What others leave behind comes here again.
    fn board(&mut self) {
        let cache = self.cache;
        let [documents, queries] = &cache.flights;
        let flights = if self.kind == Kind::Query { queries } else { documents };
        let (mut own, mut keys) = (Vec::new(), Keys::default());
        for (at, text) in self.texts.iter_mut().enumerate() {
            if text.vector.is_some() {
                continue;
            }
            if cache.options.sharing == Sharing::Calls && !text.alone {
                match flights.board(&text.key) {
                    Boarded::Own(flight) => text.flight = Some(flight),
                    Boarded::Joined(flight) => {
                        self.joined.push((at, flight));
                        continue;
                    }
                }
            }
            own.push(at);
            keys.push(&text.key);
        }
        match cache.store_of(self.kind) {
            Some(store) if !own.is_empty() => self.under_way.push((own, Request::Read(store.get_many(keys)))),
            _ => self.missing = own,
        }
    }

    /// Asks the model for a batch.
    fn ask(&mut self) {
        let cache = self.cache;
        let size = cache.options.batch_size.clamp(1, self.missing.len());
        let rest = self.missing.split_off(size);
        let batch = std::mem::replace(&mut self.missing, rest);
        let mut texts = Vec::new();
        for at in &batch {
            // It is asked for once.
            texts.extend(self.texts.get_mut(*at).map(|text| std::mem::take(&mut text.text)));
        }
        count(&cache.counts.requests, 1);
        count(&cache.counts.misses, texts.len());
        self.under_way.push((batch, Request::Ask(cache.model.embed(self.kind, texts))));
    }

    /// Takes what has come; whether anything has.
    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        for at in 0..self.under_way.len() {
            let Some((_, request)) = self.under_way.get_mut(at) else { break };
            match request {
                Request::Read(read) => {
                    if let Poll::Ready(found) = read.as_mut().poll(cx) {
                        let (texts, _) = self.under_way.swap_remove(at);
                        self.found(texts, found);
                        return true;
                    }
                }
                Request::Ask(asked) => {
                    if let Poll::Ready(answer) = asked.as_mut().poll(cx) {
                        let (texts, _) = self.under_way.swap_remove(at);
                        self.answered(texts, answer);
                        return true;
                    }
                }
                Request::Save(saved) => {
                    if let Poll::Ready(saved) = saved.as_mut().poll(cx) {
                        let (texts, _) = self.under_way.swap_remove(at);
                        self.cache.heard(self.kind, Side::Write, saved.err());
                        self.land(&texts);
                        self.arrived(&texts, false);
                        return true;
                    }
                }
                Request::Join(joined) => {
                    if let Poll::Ready(landed) = joined.poll(cx) {
                        let (texts, _) = self.under_way.swap_remove(at);
                        self.landed(&texts, landed);
                        return true;
                    }
                }
            }
        }
        false
    }

    /// What the store has; nothing where it fails or has what cannot be read.
    fn found(&mut self, texts: Vec<usize>, found: Result<Vec<Lookup>>) {
        let cache = self.cache;
        let (found, failure) = match found {
            Ok(found) => (found, None),
            Err(error) => (Vec::new(), Some(error)),
        };
        cache.heard(self.kind, Side::Read, failure);
        let mut found = found.into_iter();
        let mut hits = Vec::new();
        for at in texts {
            let value = found.next().and_then(|lookup| lookup.value);
            match value.and_then(|value| self.read(at, &value)) {
                Some(vector) => {
                    self.put(at, vector);
                    hits.push(at);
                }
                None => self.missing.push(at),
            }
        }
        count(&cache.counts.hits, hits.len());
        self.land(&hits);
        self.arrived(&hits, true);
    }

    fn read(&self, at: usize, value: &Value) -> Option<Arc<Vector>> {
        match self.cache.decoded(&value.to_vec()) {
            Ok(vector) => Some(vector),
            Err(error) => {
                self.tell_corrupt(at, error.message());
                None
            }
        }
    }

    fn tell_corrupt(&self, at: usize, reason: &str) {
        let key = self.texts.get(at).map_or("", |text| &text.key);
        let corrupt = || Event::Corrupt { key: shown_key(key), reason: reason.to_owned() };
        tell(self.cache.options.observer.as_ref(), corrupt);
    }

    /// Has vectors of another length than the model's asked for anew: an index of several lengths is of no use to anybody,
    /// and they are another model's. Where all came from elsewhere and do not agree, the model is asked for one to know.
    fn drop_others(&mut self) {
        let lengths = |text: &Text<'_>| text.vector.as_ref().map_or(0, |vector| vector.dimensions());
        let first = self.texts.first().map_or(0, lengths);
        let agree = self.texts.iter().all(|text| lengths(text) == first);
        for at in 0..self.texts.len() {
            let Some(text) = self.texts.get_mut(at) else { break };
            let stays = if self.dimensions == 0 { agree || at > 0 } else { lengths(text) == self.dimensions };
            if stays || text.vector.take().is_none() {
                continue;
            }
            self.progress.done -= text.times;
            self.progress.hits -= text.times;
            self.missing.push(at);
            self.tell_corrupt(at, "an entry has another length than other vectors of the model");
        }
    }

    /// Takes the model's answer for a batch, tells who waits for it, and saves it.
    fn answered(&mut self, texts: Vec<usize>, answer: Result<Vec<Vec<f64>>>) {
        match answer.and_then(|answer| self.encoded(texts.len(), &answer)) {
            Ok((vectors, values)) => {
                let mut keys = Keys::default();
                for (at, vector) in texts.iter().zip(&vectors) {
                    keys.push(self.texts.get(*at).map_or("", |text| &text.key));
                    self.put(*at, vector.clone());
                }
                match self.cache.store_of(self.kind) {
                    Some(store) => {
                        let saved = store.set_many(Entries::new(keys, values), Ttl::StoreDefault);
                        self.under_way.push((texts, Request::Save(saved)));
                    }
                    None => {
                        self.land(&texts);
                        self.arrived(&texts, false);
                    }
                }
            }
            Err(error) => {
                for at in texts {
                    if let Some(flight) = self.texts.get_mut(at).and_then(|text| text.flight.take()) {
                        flight.land(Err(error.clone()));
                    }
                }
                self.failed.get_or_insert(error);
            }
        }
    }

    /// Holds an answer to what was asked; gives the vectors as they will be read, and as they are kept.
    fn encoded(&mut self, asked: usize, answer: &[Vec<f64>]) -> Result<(Vec<Arc<Vector>>, Vec<Value>)> {
        if answer.len() != asked {
            return Err(wrong(&format!("{} vectors for {asked} texts", answer.len())));
        }
        for numbers in answer {
            if self.dimensions == 0 {
                self.dimensions = numbers.len();
            }
            if numbers.is_empty() || numbers.len() != self.dimensions {
                let (length, others) = (numbers.len(), self.dimensions);
                return Err(wrong(&format!("a vector of {length} numbers, where others have {others}")));
            }
            if !numbers.iter().all(|number| number.is_finite()) {
                return Err(wrong("a number that is not finite"));
            }
        }
        let options = &self.cache.options;
        let (mut vectors, mut values) = (Vec::new(), Vec::new());
        for numbers in answer {
            let (vector, mut bytes) = codec::kept(numbers, options.precision)?;
            if !vector.is_finite() {
                return Err(Error::invalid_argument(
                    "precision: the model gave a number that is too large for it; f64 takes any",
                ));
            }
            if options.value_format == ValueFormat::Json {
                bytes = options.json.write(&vector.to_f64())?;
            }
            vectors.push(Arc::new(vector));
            values.push(Value::from(bytes));
        }
        Ok((vectors, values))
    }

    /// Takes what another call has fetched, if it has.
    fn landed(&mut self, texts: &[usize], landed: Option<Landed>) {
        match landed {
            Some(Ok(vector)) => {
                texts.iter().for_each(|at| self.put(*at, vector.clone()));
                count(&self.cache.counts.joined, 1);
                self.arrived(texts, true);
            }
            Some(Err(_)) => {
                for at in texts {
                    if let Some(text) = self.texts.get_mut(*at) {
                        text.alone = true;
                    }
                }
            }
            None => {}
        }
    }

    /// A text has its vector: tells who waits for it.
    fn put(&mut self, at: usize, vector: Arc<Vector>) {
        if let Some(text) = self.texts.get_mut(at) {
            if let Some(flight) = &text.flight {
                flight.land(Ok(vector.clone()));
            }
            text.vector = Some(vector);
        }
    }

    /// Texts are in the store: whoever comes now finds them there.
    fn land(&mut self, texts: &[usize]) {
        for at in texts {
            if let Some(text) = self.texts.get_mut(*at) {
                text.flight = None;
            }
        }
    }

    /// Counts texts that are done with, and tells who watches, if there is news.
    fn arrived(&mut self, texts: &[usize], hits: bool) {
        for at in texts {
            let times = self.texts.get(*at).map_or(0, |text| text.times);
            self.progress.done += times;
            self.progress.hits += if hits { times } else { 0 };
        }
        if let Some(watch) = self.watch
            && self.told < self.progress.done
        {
            self.told = self.progress.done;
            watch.progress(self.progress);
        }
    }

    fn end(&mut self) -> Result<Vec<Arc<Vector>>> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut vectors = Vec::with_capacity(self.places.len());
        for at in &self.places {
            vectors.push(self.texts.get(*at).and_then(|text| text.vector.clone()).ok_or_else(missing)?);
        }
        Ok(vectors)
    }
}

fn wrong(what: &str) -> Error {
    Error::new(ErrorCode::Corrupt, format!("the model gave {what}: nothing of it is kept"))
}

/// What cannot be.
pub fn missing() -> Error {
    Error::new(ErrorCode::Internal, "a vector is missing")
}
