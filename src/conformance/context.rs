//! What a rule has in hand.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::expect::{Broken, Checked};
use super::harness::{Bounds, Harness, OpenOptions, Opened};
use super::random::Random;
use crate::{ByteStore, Capabilities, ManualClock, Observer, Value};

/// Keys and their values.
pub(super) type Pairs = Vec<(String, Value)>;

/// A fresh backend with a store on it, a clock, and noise from the seed.
pub(super) struct Context<'h> {
    harness: &'h dyn Harness,
    backend: &'h str,
    store: Arc<dyn ByteStore>,
    pub(super) random: Random,
    pub(super) clock: Arc<ManualClock>,
    notes: Mutex<Vec<String>>,
    opened: Mutex<Vec<Arc<dyn ByteStore>>>,
    backends: AtomicUsize,
}

impl<'h> Context<'h> {
    /// Opens the store of a rule, without options, on an empty backend.
    pub(super) async fn start(harness: &'h dyn Harness, backend: &'h str, seed: u64) -> Checked<Self> {
        let random = Random::new(seed);
        // In the year 2100: nothing of it has expired to handles on the same backend that go by the real time.
        let clock = ManualClock::at(4_102_444_800_000 + random.next() % 1_000_000_000);
        let options = OpenOptions { namespace: None, ttl: None, clock: clock.clone(), observer: None };
        let store = harness.open(backend, options).await?;
        Ok(Self {
            harness,
            backend,
            opened: Mutex::new(vec![store.clone()]),
            store,
            random,
            clock,
            notes: Mutex::default(),
            backends: AtomicUsize::new(0),
        })
    }

    /// The store under test.
    pub(super) fn store(&self) -> &dyn ByteStore {
        &*self.store
    }

    pub(super) fn claims(&self) -> Capabilities {
        self.store.capabilities()
    }

    /// Says what could not be looked at.
    pub(super) fn note(&self, text: &str) {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
    }

    pub(super) fn into_notes(self) -> Vec<String> {
        self.notes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Options with the rule's clock and nothing else.
    pub(super) fn options(&self) -> OpenOptions {
        OpenOptions { namespace: None, ttl: None, clock: self.clock.clone(), observer: None }
    }

    /// A further handle on the rule's own backend.
    pub(super) async fn open(&self) -> Checked<Arc<dyn ByteStore>> {
        self.keep(self.harness.open(self.backend, self.options())).await.map_err(Broken::from)
    }

    /// A store on a backend of its own.
    pub(super) async fn open_elsewhere(&self) -> Checked<Arc<dyn ByteStore>> {
        let backend = self.fresh_backend();
        self.keep(self.harness.open(&backend, self.options())).await.map_err(Broken::from)
    }

    /// A handle on a namespace of the rule's own backend.
    pub(super) async fn namespace(&self, namespace: &str) -> crate::Result<Arc<dyn ByteStore>> {
        let options = OpenOptions { namespace: Some(namespace.to_owned()), ..self.options() };
        self.keep(self.harness.open(self.backend, options)).await
    }

    /// A handle on the rule's own backend with a default TTL.
    pub(super) async fn with_ttl(&self, ttl: Duration) -> crate::Result<Arc<dyn ByteStore>> {
        let options = OpenOptions { ttl: Some(ttl), ..self.options() };
        self.keep(self.harness.open(self.backend, options)).await
    }

    /// A bounded store on a backend of its own, if this kind of store has bounds.
    pub(super) async fn bounded(
        &self,
        bounds: Bounds,
        observer: Option<Observer>,
    ) -> Checked<Option<Arc<dyn ByteStore>>> {
        let backend = self.fresh_backend();
        match self.harness.bounded(&backend, bounds, OpenOptions { observer, ..self.options() }) {
            Some(opened) => Ok(Some(self.keep(opened).await?)),
            None => Ok(None),
        }
    }

    /// Another handle on the rule's backend, without a namespace, if the harness has one to give.
    pub(super) async fn other(&self) -> Checked<Option<Arc<dyn ByteStore>>> {
        match self.harness.other(self.backend) {
            Some(opened) => Ok(Some(self.keep(opened).await?)),
            None => Ok(None),
        }
    }

    async fn keep(&self, opened: Opened<'_>) -> crate::Result<Arc<dyn ByteStore>> {
        let store = opened.await?;
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).push(store.clone());
        Ok(store)
    }

    fn fresh_backend(&self) -> String {
        format!("{}-{}", self.backend, self.backends.fetch_add(1, Ordering::Relaxed))
    }

    /// Removes what the rule has left, whatever state it left it in. That this works is the business of other rules.
    pub(super) async fn end(&self) {
        let opened = std::mem::take(&mut *self.opened.lock().unwrap_or_else(PoisonError::into_inner));
        for store in opened {
            let end = async move {
                let cleared = store.clear(String::new(), true).await;
                store.close().await.and(cleared).map_err(Broken::from)
            };
            drop(super::unpanicked(Box::pin(end)).await);
        }
        // The handles may have been closed, or show a namespace only.
        let last = match self.harness.other(self.backend) {
            Some(opened) => opened.await.ok(),
            None => None,
        };
        if let Some(store) = last {
            drop(store.clear(String::new(), true).await);
            drop(store.close().await);
        }
    }

    /// `count` keys, no two the same.
    pub(super) fn keys(&self, count: usize, label: &str) -> Vec<String> {
        (0..count).map(|at| format!("{label}-{at}-{}", self.random.word())).collect()
    }

    /// Three keys.
    pub(super) fn three_keys(&self) -> [String; 3] {
        ["one", "two", "three"].map(|label| format!("{label}-{}", self.random.word()))
    }

    /// Noise of some length, never twice the same.
    pub(super) fn value(&self) -> Value {
        self.random.bytes(16 + self.random.below(48))
    }

    /// Three values.
    pub(super) fn three_values(&self) -> [Value; 3] {
        [self.value(), self.value(), self.value()]
    }

    /// Each key with a value of its own.
    pub(super) fn pairs<S: AsRef<str>>(&self, keys: &[S]) -> Pairs {
        keys.iter().map(|key| (key.as_ref().to_owned(), self.value())).collect()
    }

    /// Each key with a value of its own, of `length` bytes.
    pub(super) fn pairs_of<S: AsRef<str>>(&self, keys: &[S], length: usize) -> Pairs {
        keys.iter().map(|key| (key.as_ref().to_owned(), self.random.bytes(length))).collect()
    }
}
