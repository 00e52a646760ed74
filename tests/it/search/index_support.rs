//! A store that can be watched, stopped and broken, and indexes in it.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytestow::features::search::{IndexOptions, Pause, SearchOptions, SeededRandom, VectorIndex};
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Cursor, Entries, Error, ErrorCode, InMemoryByteStore, Keys, Lookup,
    ManualClock, Page, Result, Stat, Stats, Ttl,
};

use super::data::Random;

/// What an operation does instead of what it should.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Trouble {
    /// It fails, and nothing has happened.
    Fails,
    /// It happens, and fails.
    AnswerLost,
    /// It fails, and happens when the second operation after it is asked for.
    Late,
}

/// What was asked of a store.
#[derive(Clone, Debug, Default)]
pub struct Log {
    pub read: Vec<String>,
    pub written: Vec<(String, usize)>,
    pub deleted: Vec<String>,
    pub listed: usize,
    pub calls: usize,
}

impl Log {
    /// Bytes of keys and values that were written.
    pub fn bytes(&self) -> usize {
        self.written.iter().map(|(key, bytes)| key.len() + bytes).sum()
    }
}

/// See the module.
pub struct Watched {
    pub inner: Arc<InMemoryByteStore>,
    pub log: Mutex<Log>,
    /// Operations until there is trouble.
    pub countdown: Mutex<Option<(usize, Trouble)>>,
    /// While it is set, operations fail behind so many milliseconds.
    pub outage: Mutex<Option<(Arc<ManualClock>, u64)>>,
    /// What comes late, and how many operations were asked for since.
    pub late: Mutex<Option<(usize, Entries)>>,
    /// Whether answers lack the last value.
    pub short: AtomicBool,
    /// How often an operation is polled before it is done, and before it answers.
    waits: Option<Mutex<Random>>,
    pub operations: AtomicUsize,
}

impl Watched {
    pub fn over(inner: Arc<InMemoryByteStore>) -> Arc<Self> {
        Self::with(inner, None)
    }

    pub fn slow(inner: Arc<InMemoryByteStore>, seed: u64) -> Arc<Self> {
        Self::with(inner, Some(Mutex::new(Random(seed))))
    }

    fn with(inner: Arc<InMemoryByteStore>, waits: Option<Mutex<Random>>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            log: Mutex::default(),
            countdown: Mutex::default(),
            outage: Mutex::default(),
            late: Mutex::default(),
            short: AtomicBool::new(false),
            waits,
            operations: AtomicUsize::new(0),
        })
    }

    pub fn take_log(&self) -> Log {
        std::mem::take(&mut self.log.lock().unwrap())
    }

    async fn wait(&self) {
        let Some(random) = &self.waits else { return };
        let mut polls = random.lock().unwrap().below(4);
        poll_fn(|cx| {
            if polls == 0 {
                return Poll::Ready(());
            }
            polls -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn trouble(&self) -> Option<Trouble> {
        self.operations.fetch_add(1, Ordering::SeqCst);
        let mut countdown = self.countdown.lock().unwrap();
        let (left, trouble) = (*countdown)?;
        if left > 0 {
            *countdown = Some((left - 1, trouble));
            return None;
        }
        *countdown = None;
        Some(trouble)
    }

    async fn run<T>(&self, effect: impl Future<Output = Result<T>> + Send, late: Option<Entries>) -> Result<T> {
        self.wait().await;
        self.log.lock().unwrap().calls += 1;
        if let Some((clock, ms)) = &*self.outage.lock().unwrap() {
            clock.advance_ms(*ms);
            return Err(broken());
        }
        let trouble = self.trouble();
        let due = |late: &mut (usize, Entries)| {
            late.0 += 1;
            late.0 > 1
        };
        let late_one = self.late.lock().unwrap().take_if(due);
        if let Some((_, entries)) = late_one {
            self.inner.set_many(entries, Ttl::Never).await?;
        }
        match trouble {
            Some(Trouble::Fails) => return Err(broken()),
            Some(Trouble::Late) => {
                *self.late.lock().unwrap() = late.map(|entries| (0, entries));
                return Err(broken());
            }
            Some(Trouble::AnswerLost) => {
                effect.await?;
                return Err(broken());
            }
            None => {}
        }
        let answer = effect.await;
        self.wait().await;
        answer
    }
}

fn broken() -> Error {
    Error::new(ErrorCode::Unavailable, "the test says so")
}

impl ByteStore for Watched {
    fn capabilities(&self) -> Capabilities {
        Capabilities { conditional_set: false, atomic_batch: false, ..self.inner.capabilities() }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        self.log.lock().unwrap().read.extend(keys.iter().map(str::to_owned));
        // Not at one moment: each key has its own.
        Box::pin(async move {
            self.run(async { Ok(()) }, None).await?;
            let mut found = Vec::new();
            for key in keys.iter() {
                self.wait().await;
                found.extend(self.inner.get_many([key].into()).await?);
            }
            if self.short.load(Ordering::SeqCst) {
                found.pop();
            }
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        let written = entries.iter().map(|(key, value)| (key.to_owned(), value.len()));
        self.log.lock().unwrap().written.extend(written);
        let late = entries.clone();
        Box::pin(async move {
            let effect = async {
                for (key, value) in entries.iter() {
                    self.wait().await;
                    self.inner.set_many([(key, value.clone())].into(), ttl).await?;
                }
                Ok(())
            };
            self.run(effect, Some(late)).await
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        self.log.lock().unwrap().deleted.extend(keys.iter().map(str::to_owned));
        Box::pin(async move { self.run(self.inner.delete_many(keys), None).await })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        self.log.lock().unwrap().listed += 1;
        Box::pin(async move { self.run(self.inner.list(prefix, cursor, limit), None).await })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        self.inner.stat(keys)
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        self.inner.clear(prefix, all)
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.close()
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

pub const HOUR: u64 = 60 * 60 * 1_000;
/// When tests begin.
pub const NOW: u64 = 1_800_000_000_000;

/// Options with a clock of the test's.
pub fn options(clock: &Arc<ManualClock>, seed: u64) -> IndexOptions {
    let mut options = IndexOptions::new("model-a").unwrap();
    options.clock = clock.clone();
    options.random = Arc::new(SeededRandom::new(seed));
    options.refresh = Duration::ZERO;
    options
}

pub fn index(store: &Arc<impl ByteStore + 'static>, clock: &Arc<ManualClock>, seed: u64) -> VectorIndex {
    VectorIndex::new(store.clone(), options(clock, seed)).unwrap()
}

/// A few numbers that follow from an id and a version.
pub fn vector(id: &str, version: u64, dimensions: usize) -> Vec<f64> {
    let seed = id.bytes().fold(version, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
    let mut random = Random(seed);
    (0..dimensions).map(|_| random.normal()).collect()
}

pub fn document(id: &str, version: u64) -> Vec<u8> {
    format!("{id} as of {version}").into_bytes()
}

pub const DIMENSIONS: usize = 5;

/// Ids and versions.
pub type Model = BTreeMap<String, u64>;

pub async fn add(index: &VectorIndex, documents: &[(String, u64)]) -> Result<()> {
    let mut stage = index.stage();
    for (id, version) in documents {
        stage.push(id, &vector(id, *version, DIMENSIONS), &document(id, *version))?;
    }
    index.commit(stage).await
}

/// All that an index finds, by id.
pub async fn all(index: &VectorIndex) -> Result<BTreeMap<String, Vec<u8>>> {
    let query = vector("query", 0, DIMENSIONS);
    let found = index.search(&query, 100_000, SearchOptions::default()).await?;
    let count = found.len();
    let all: BTreeMap<String, Vec<u8>> = found.into_iter().map(|found| (found.id, found.document)).collect();
    assert_eq!(all.len(), count, "an id was found twice");
    assert_eq!(index.len(), count, "it has as many as it finds");
    Ok(all)
}

pub fn expected(model: &Model) -> BTreeMap<String, Vec<u8>> {
    model.iter().map(|(id, version)| (id.clone(), document(id, *version))).collect()
}

/// Pauses that are counted, each of which is polled twice.
#[derive(Default)]
pub struct Pauses(pub AtomicUsize);

impl Pause for Pauses {
    fn pause(&self) -> BoxFuture<'_, ()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let mut first = true;
        Box::pin(poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }))
    }
}

/// All keys of a store.
pub fn keys(store: &InMemoryByteStore) -> Vec<String> {
    use bytestow::ByteStoreExt as _;
    use futures_util::FutureExt as _;
    store.keys("").now_or_never().expect("it has no reason to wait").unwrap()
}

/// Polls futures in an order that follows from a seed until all are done.
pub fn run_all<'a, T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + 'a>>>, random: &mut Random) -> Vec<T> {
    let mut answers: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut polls = 0;
    while answers.iter().any(Option::is_none) {
        polls += 1;
        assert!(polls < 10_000_000, "somebody waits for ever");
        let at = random.below(futures.len());
        if answers[at].is_none()
            && let Poll::Ready(answer) = futures[at].as_mut().poll(&mut Context::from_waker(Waker::noop()))
        {
            answers[at] = Some(answer);
        }
    }
    answers.into_iter().flatten().collect()
}
