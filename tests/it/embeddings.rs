//! The embeddings cache over stores that work, fail, and hold what they should not.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytestow::features::embeddings::{
    CacheOptions, CachedEmbedder, Embedder, KeyEncoder, Kind, Precision, Progress, QueryCache, ValueFormat, Vector,
    Watch,
};
use bytestow::layers::Sharing;
use bytestow::{
    BoxFuture, ByteStore, ByteStoreExt, Capabilities, Condition, Cursor, Entries, Error, ErrorCode, Event,
    InMemoryByteStore, Keys, Lookup, Observe, Page, Result, Stat, Stats, Ttl,
};
use futures_executor::block_on;
use proptest::prelude::*;

/// A model that counts: numbers that depend on kind and text.
#[derive(Default)]
struct Model {
    asked: Mutex<Vec<Vec<String>>>,
    /// Waits so many turns before it answers.
    turns: usize,
    wrong: Option<fn(&mut Vec<Vec<f64>>)>,
}

impl Model {
    fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn texts(&self) -> usize {
        self.asked.lock().unwrap().iter().map(Vec::len).sum()
    }
}

fn vector_of(kind: Kind, text: &str) -> Vec<f64> {
    let seed = text.bytes().fold(if kind == Kind::Query { 7.0 } else { 3.0 }, |sum, byte| sum * 1.7 + f64::from(byte));
    (0..5).map(|at| (seed + f64::from(at)).sin() / 3.0).collect()
}

impl Embedder for Model {
    fn embed(&self, kind: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>> {
        Box::pin(async move {
            let mut answer: Vec<_> = texts.iter().map(|text| vector_of(kind, text)).collect();
            self.asked.lock().unwrap().push(texts);
            for _ in 0..self.turns {
                turn().await;
            }
            if let Some(wrong) = self.wrong {
                wrong(&mut answer);
            }
            Ok(answer)
        })
    }
}

/// Lets everything else that is ready go first.
async fn turn() {
    let mut first = true;
    std::future::poll_fn(|cx| {
        if std::mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(())
    })
    .await;
}

/// A store whose calls fail when it is told so.
struct Faulty {
    inner: InMemoryByteStore,
    fails: Box<dyn Fn() -> bool + Send + Sync>,
}

impl Faulty {
    fn check(&self) -> Result<()> {
        if (self.fails)() { Err(Error::new(ErrorCode::Unavailable, "out of order")) } else { Ok(()) }
    }
}

impl ByteStore for Faulty {
    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check()?;
            self.inner.get_many(keys).await
        })
    }
    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check()?;
            self.inner.set_many(entries, ttl).await
        })
    }
    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        self.inner.set_if(entries, conditions, ttl)
    }
    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        self.inner.delete_many(keys)
    }
    fn list(&self, prefix: String, from: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        self.inner.list(prefix, from, limit)
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
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

#[derive(Default)]
struct Heard(Mutex<Vec<&'static str>>);

impl Observe for Heard {
    fn event(&self, event: Event) {
        self.0.lock().unwrap().push(match event {
            Event::StoreError { .. } => "store_error",
            Event::Corrupt { .. } => "corrupt",
            _ => "other",
        });
    }
}

fn options() -> CacheOptions {
    CacheOptions::new("model").unwrap()
}

fn cached(model: &Arc<Model>, store: &Arc<InMemoryByteStore>, options: CacheOptions) -> CachedEmbedder {
    CachedEmbedder::new(model.clone(), store.clone(), options).unwrap()
}

fn texts(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("text {at}")).collect()
}

#[test]
fn warm_is_cold_at_every_precision_and_in_both_formats() {
    for precision in [Precision::F32, Precision::F64, Precision::F16, Precision::Int8] {
        for value_format in [ValueFormat::Binary, ValueFormat::Json] {
            if (precision, value_format) == (Precision::Int8, ValueFormat::Json) {
                continue;
            }
            let (model, store) = <(Arc<Model>, Arc<InMemoryByteStore>)>::default();
            let mut options = options();
            (options.precision, options.value_format) = (precision, value_format);
            let cold = block_on(cached(&model, &store, options.clone()).documents(texts(30), None)).unwrap();
            let warm = block_on(cached(&model, &store, options).documents(texts(30), None)).unwrap();
            assert_eq!(cold, warm, "{precision:?} {value_format:?}");
            assert_eq!(model.calls(), 1);
        }
    }
}

#[test]
fn a_text_is_asked_for_once_in_a_call_and_across_calls() {
    let (model, store) = (Arc::new(Model { turns: 3, ..Model::default() }), Arc::default());
    let cache = cached(&model, &store, options());
    let calls =
        (0..50).map(|at| cache.documents(texts(10).into_iter().chain([format!("text {}", at % 10)]).collect(), None));
    let all = block_on(futures_util::future::join_all(calls));
    assert_eq!(model.texts(), 10);
    for (at, vectors) in all.into_iter().enumerate() {
        let vectors = vectors.unwrap();
        assert_eq!(vectors.len(), 11);
        assert_eq!(vectors[10], vectors[at % 10]);
    }
    assert_eq!(cache.stats().misses, 10);
}

#[test]
fn where_nothing_is_shared_every_call_asks_for_itself() {
    let (model, store) = (Arc::new(Model { turns: 3, ..Model::default() }), Arc::default());
    let mut options = options();
    options.sharing = Sharing::Nothing;
    let cache = cached(&model, &store, options);
    let both = block_on(futures_util::future::join(cache.documents(texts(3), None), cache.documents(texts(3), None)));
    assert_eq!(both.0.unwrap(), both.1.unwrap());
    assert_eq!(model.texts(), 6);
}

#[test]
fn what_a_call_leaves_behind_another_fetches() {
    let (model, store) = (Arc::new(Model { turns: 5, ..Model::default() }), Arc::default());
    let cache = cached(&model, &store, options());
    let mut first = Box::pin(cache.documents(texts(3), None));
    let mut second = Box::pin(cache.documents(texts(4), None));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..2 {
        assert!(first.as_mut().poll(&mut cx).is_pending());
        assert!(second.as_mut().poll(&mut cx).is_pending());
    }
    drop(first);
    assert_eq!(block_on(second).unwrap().len(), 4);
}

#[test]
fn batches_are_saved_as_they_arrive() {
    let model = Arc::new(Model::default());
    let store = Arc::new(InMemoryByteStore::new());
    let mut options = options();
    (options.batch_size, options.concurrency) = (4, 1);
    let seen = Mutex::new(Vec::new());
    struct Seen<'a>(&'a Mutex<Vec<Progress>>);
    impl Watch for Seen<'_> {
        fn progress(&self, progress: Progress) {
            self.0.lock().unwrap().push(progress);
        }
    }
    let cache = cached(&model, &store, options.clone());
    block_on(cache.documents(texts(10), Some(&Seen(&seen)))).unwrap();
    assert_eq!(model.calls(), 3);
    assert_eq!(seen.lock().unwrap().last(), Some(&Progress { done: 10, total: 10, hits: 0 }));
    block_on(cache.documents(texts(12), Some(&Seen(&seen)))).unwrap();
    assert_eq!(seen.lock().unwrap().last(), Some(&Progress { done: 12, total: 12, hits: 10 }));

    // One that fails in the midst of it: what came before is kept.
    let calls = AtomicUsize::new(0);
    struct Third(AtomicUsize);
    impl Embedder for Third {
        fn embed(&self, kind: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>> {
            let fails = self.0.fetch_add(1, Ordering::Relaxed) == 2;
            Box::pin(async move {
                if fails {
                    return Err(Error::new(ErrorCode::Timeout, "the provider took too long"));
                }
                Ok(texts.iter().map(|text| vector_of(kind, text)).collect())
            })
        }
    }
    let store = Arc::new(InMemoryByteStore::new());
    let cache = CachedEmbedder::new(Arc::new(Third(calls)), store.clone(), options).unwrap();
    let error = block_on(cache.documents(texts(20), None)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert_eq!(block_on(store.keys("")).unwrap().len(), 8);
    assert_eq!(block_on(cache.documents(texts(20), None)).unwrap().len(), 20);
}

#[test]
fn a_wrong_answer_is_an_error_and_nothing_of_it_is_kept() {
    type Spoil = fn(&mut Vec<Vec<f64>>);
    let wrongs: [(Spoil, &str); 6] = [
        (|answer| answer.truncate(2), "2 vectors for 3 texts"),
        (|answer| answer.push(vec![1.0; 5]), "4 vectors for 3 texts"),
        (|answer| answer[1].truncate(4), "a vector of 4 numbers, where others have 5"),
        (|answer| answer.iter_mut().for_each(Vec::clear), "a vector of 0 numbers"),
        (|answer| answer[2][1] = f64::NAN, "not finite"),
        (|answer| answer[0][0] = f64::INFINITY, "not finite"),
    ];
    for (wrong, message) in wrongs {
        let (model, store) = (Arc::new(Model { wrong: Some(wrong), ..Model::default() }), Arc::default());
        let cache = cached(&model, &store, options());
        let error = block_on(cache.documents(texts(3), None)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Corrupt);
        assert!(error.message().contains(message), "{}", error.message());
        assert!(block_on(store.keys("")).unwrap().is_empty());
    }
    let large: fn(&mut Vec<Vec<f64>>) = |answer| answer[0][0] = 1e300;
    let (model, store) = (Arc::new(Model { wrong: Some(large), ..Model::default() }), Arc::default());
    assert_eq!(
        block_on(cached(&model, &store, options()).documents(texts(3), None)).unwrap_err().code(),
        ErrorCode::InvalidArgument
    );
    assert!(block_on(store.keys("")).unwrap().is_empty());
}

#[test]
fn an_entry_that_cannot_be_read_is_made_again() {
    for bytes in [b"".as_slice(), b"junk", b"[1,2", b"[NaN, 1.0]", b"[]", &[0xBE, 0xC7, 1, 1, 9, 0, 0, 0, 1]] {
        let (model, store) = <(Arc<Model>, Arc<InMemoryByteStore>)>::default();
        let heard = Arc::new(Heard::default());
        let mut options = options();
        options.observer = Some(heard.clone());
        let key = KeyEncoder::Sha256.key(&options.scope, Kind::Document, "text 0", false);
        block_on(store.set(&key, bytes)).unwrap();
        let cache = cached(&model, &store, options);
        let first = block_on(cache.documents(texts(1), None)).unwrap();
        assert_eq!(*first[0], Vector::F32(vector_of(Kind::Document, "text 0").iter().map(|n| *n as f32).collect()));
        block_on(cache.documents(texts(1), None)).unwrap();
        assert_eq!(model.calls(), 1);
        assert_eq!(*heard.0.lock().unwrap(), ["corrupt"], "{bytes:?}");
    }
}

#[test]
fn what_langchain_wrote_is_read() {
    let (model, store) = <(Arc<Model>, Arc<InMemoryByteStore>)>::default();
    for (encoder, json) in
        [(KeyEncoder::LangchainJs, "[0.5,-0.25,1e-7]"), (KeyEncoder::LangchainPythonSha1, "[0.5, -0.25, 1e-07]")]
    {
        let mut options = options();
        options.key_encoder = encoder;
        block_on(store.set(&encoder.key(&options.scope, Kind::Document, "hello", false), json)).unwrap();
        let vectors = block_on(cached(&model, &store, options).documents(vec!["hello".into()], None)).unwrap();
        assert_eq!(*vectors[0], Vector::F32(vec![0.5, -0.25, 1e-7]));
    }
    assert_eq!(model.calls(), 0);
}

#[test]
fn queries_are_kept_apart_from_documents() {
    let (model, store) = <(Arc<Model>, Arc<InMemoryByteStore>)>::default();
    let cache = cached(&model, &store, options());
    let document = block_on(cache.documents(vec!["same".into()], None)).unwrap().remove(0);
    let query = block_on(cache.query("same".into())).unwrap();
    assert_ne!(document, query);
    assert_eq!(block_on(cache.query("same".into())).unwrap(), query);
    assert_eq!(model.calls(), 2);

    let alone = Arc::new(InMemoryByteStore::new());
    let mut own = options();
    (own.query_cache, own.key_encoder) = (QueryCache::Alone(alone.clone()), KeyEncoder::LangchainPythonSha256);
    let cache = cached(&model, &store, own);
    assert_eq!(block_on(cache.query("other".into())).unwrap(), block_on(cache.query("other".into())).unwrap());
    assert_eq!(block_on(alone.keys("")).unwrap().len(), 1);
    assert_eq!(block_on(store.keys("")).unwrap().len(), 2);

    let mut off = options();
    off.query_cache = QueryCache::Off;
    let cache = cached(&model, &store, off);
    let before = model.calls();
    assert_eq!(block_on(cache.query("third".into())).unwrap(), block_on(cache.query("third".into())).unwrap());
    assert_eq!(model.calls(), before + 2);
}

#[test]
fn a_store_that_fails_is_gone_without_and_told_of_once() {
    let (model, heard) = (Arc::new(Model::default()), Arc::new(Heard::default()));
    let down = Arc::new(AtomicBool::new(true));
    let is_down = down.clone();
    let fails = Box::new(move || is_down.load(Ordering::Relaxed));
    let store = Arc::new(Faulty { inner: InMemoryByteStore::new(), fails });
    let mut options = options();
    options.observer = Some(heard.clone());
    let cache = CachedEmbedder::new(model.clone(), store, options).unwrap();
    let first = block_on(cache.documents(texts(3), None)).unwrap();
    assert_eq!(block_on(cache.documents(texts(3), None)).unwrap(), first);
    assert_eq!(*heard.0.lock().unwrap(), ["store_error"]);
    down.store(false, Ordering::Relaxed);
    assert_eq!(block_on(cache.documents(texts(3), None)).unwrap(), first);
    assert_eq!(block_on(cache.documents(texts(3), None)).unwrap(), first);
    assert_eq!((model.calls(), cache.stats().store_errors), (3, 4));
    down.store(true, Ordering::Relaxed);
    assert_eq!(block_on(cache.documents(texts(3), None)).unwrap(), first);
    assert_eq!(*heard.0.lock().unwrap(), ["store_error", "store_error"]);
}

#[test]
fn a_store_that_is_full_is_told_of_once_though_it_is_read() {
    let (model, heard) = (Arc::new(Model::default()), Arc::new(Heard::default()));
    let writes = AtomicUsize::new(0);
    // Every second call of the store is a write.
    let fails = Box::new(move || writes.fetch_add(1, Ordering::Relaxed) % 2 == 1);
    let inner = InMemoryByteStore::new();
    let mut options = options();
    options.observer = Some(heard.clone());
    let cache = CachedEmbedder::new(model.clone(), Arc::new(Faulty { inner, fails }), options).unwrap();
    for _ in 0..4 {
        block_on(cache.documents(texts(3), None)).unwrap();
    }
    assert_eq!((model.calls(), cache.stats().store_errors), (4, 4));
    assert_eq!(*heard.0.lock().unwrap(), ["store_error"]);
}

#[test]
fn vectors_of_a_call_have_one_length() {
    let (model, store) = <(Arc<Model>, Arc<InMemoryByteStore>)>::default();
    let mut asked = options();
    asked.key_encoder = KeyEncoder::LangchainJs;
    block_on(cached(&model, &store, asked.clone()).documents(texts(2), None)).unwrap();
    let heard = Arc::new(Heard::default());
    asked.scope.dimensions = Some(4);
    asked.observer = Some(heard.clone());
    block_on(cached(&model, &store, asked).documents(texts(2), None)).unwrap();
    assert_eq!((heard.0.lock().unwrap().len(), model.calls()), (2, 2), "neither is of the length asked for");

    // One of another length, wherever it stands: the model knows which are right.
    for at in 0..3 {
        let (model, store, heard) = <(Arc<Model>, Arc<InMemoryByteStore>, Arc<Heard>)>::default();
        let mut options = options();
        options.observer = Some(heard.clone());
        let right = block_on(cached(&model, &store, options.clone()).documents(texts(3), None)).unwrap();
        let key = KeyEncoder::Sha256.key(&options.scope, Kind::Document, &texts(3)[at], false);
        block_on(store.set(&key, bytestow::features::embeddings::codec::encode(&[1.0; 3], Precision::F32).unwrap()))
            .unwrap();
        let cache = cached(&model, &store, options);
        for _ in 0..2 {
            assert_eq!(block_on(cache.documents(texts(3), None)).unwrap(), right);
        }
        assert_eq!((model.calls(), heard.0.lock().unwrap()[0]), (if at == 0 { 2 } else { 3 }, "corrupt"));
        let mut more = texts(3);
        more.push("another".into());
        block_on(store.set(&key, bytestow::features::embeddings::codec::encode(&[1.0; 3], Precision::F32).unwrap()))
            .unwrap();
        assert_eq!(block_on(cache.documents(more, None)).unwrap()[..3], right);
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let refused = |options: CacheOptions| {
        let made = CachedEmbedder::new(Arc::new(Model::default()), Arc::new(InMemoryByteStore::new()), options);
        made.err().unwrap().code()
    };
    let mut both = options();
    (both.precision, both.value_format) = (Precision::Int8, ValueFormat::Json);
    assert_eq!(refused(both), ErrorCode::InvalidArgument);
    let mut nameless = options();
    nameless.scope.model.clear();
    assert_eq!(refused(nameless), ErrorCode::InvalidArgument);
}

#[test]
fn a_model_has_a_name() {
    assert_eq!(CacheOptions::new("").err().unwrap().code(), ErrorCode::InvalidArgument);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    /// Whatever of a tenth of the store's calls fails: the vectors are those of the model.
    #[test]
    fn random_failures_change_no_vector(
        seed in any::<u64>(),
        calls in prop::collection::vec(prop::collection::vec(0_u8..30, 1..12), 1..25),
        batch in 1_usize..5,
    ) {
        let state = Mutex::new(seed | 1);
        let fails = Box::new(move || {
            let mut state = state.lock().unwrap();
            *state ^= *state << 13;
            *state ^= *state >> 7;
            *state ^= *state << 17;
            (*state).is_multiple_of(10)
        });
        let store = Arc::new(Faulty { inner: InMemoryByteStore::new(), fails });
        let mut options = options();
        (options.batch_size, options.precision) = (batch, Precision::F64);
        let cache = CachedEmbedder::new(Arc::new(Model::default()), store, options).unwrap();
        for call in calls {
            let texts: Vec<String> = call.iter().map(|at| format!("text {at}")).collect();
            let vectors = block_on(cache.documents(texts.clone(), None)).unwrap();
            for (text, vector) in texts.iter().zip(vectors) {
                prop_assert_eq!(vector.to_f64(), vector_of(Kind::Document, text));
            }
        }
    }
}
