//! The contract, on every store that runs natively.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytestow::conformance::{Bounds, Harness, OpenOptions, Opened, Report, rules, run};
use bytestow::layers::Namespaced;
use bytestow::store::{Kits, RULES};
use bytestow::{
    BoxFuture, ByteStore, Capabilities, Cursor, Entries, Error, InMemoryByteStore, Keys, Lookup, Page, Result, Stat,
    Stats, Ttl,
};
use futures_executor::block_on;

use crate::shared::{SharedBackends, Wrap, in_namespace, memory_options};

/// Seeds of every run, and one more from the environment: `BYTESTOW_SEED=... cargo test`.
fn seeds() -> Vec<u64> {
    let more = std::env::var("BYTESTOW_SEED").ok().map(|seed| seed.parse().expect("BYTESTOW_SEED is a number"));
    [1, 0x5EED].into_iter().chain(more).collect()
}

fn holds(harness: &dyn Harness) {
    for seed in seeds() {
        let report = block_on(run(harness, seed));
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.passed.len(), rules().len());
    }
}

/// An `InMemoryByteStore` at each call.
struct Memory {
    name: &'static str,
    bounds: Bounds,
    /// Namespaces that stand around the store already.
    around: &'static [&'static str],
}

impl Memory {
    fn store(&self, bounds: Bounds, options: &OpenOptions) -> Result<Arc<dyn ByteStore>> {
        let store: Arc<dyn ByteStore> = Arc::new(InMemoryByteStore::with_options(memory_options(options, bounds)));
        let around = self.around.iter().copied().chain(options.namespace.as_deref());
        around.into_iter().try_fold(store, |store, namespace| in_namespace(store, Some(namespace)))
    }
}

impl Harness for Memory {
    fn name(&self) -> &str {
        self.name
    }

    fn open<'a>(&'a self, _backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move { self.store(self.bounds, &options) })
    }

    fn bounded<'a>(&'a self, _backend: &'a str, bounds: Bounds, options: OpenOptions) -> Option<Opened<'a>> {
        // Keys count with their namespaces: bounds as exact as the kit's are looked at without.
        self.around.is_empty().then(|| -> Opened<'a> { Box::pin(async move { self.store(bounds, &options) }) })
    }
}

#[test]
fn in_memory() {
    holds(&Memory { name: "InMemoryByteStore", bounds: Bounds::default(), around: &[] });
}

#[test]
fn in_memory_with_generous_bounds() {
    let bounds = Bounds { max_bytes: Some(100_000_000), max_entries: Some(100_000) };
    holds(&Memory { name: "InMemoryByteStore, bounded", bounds, around: &[] });
}

#[test]
fn namespaces_in_namespaces() {
    let around = &["outer", "n/n", "*"];
    holds(&Memory { name: "Namespaced thrice", bounds: Bounds::default(), around });
}

fn as_is() -> Wrap {
    Box::new(|store| store)
}

#[test]
fn handles_on_one_backend() {
    holds(&SharedBackends::new("handles on one map", as_is()));
}

#[test]
fn handles_on_a_backend_with_data_of_others() {
    holds(&SharedBackends { others_data: true, ..SharedBackends::new("handles on a shared map", as_is()) });
}

/// A store that claims as little as a store can, and is slow: every call waits a turn before and after its work.
struct Modest(Arc<dyn ByteStore>);

async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut waited, true) {
            return std::task::Poll::Ready(());
        }
        task.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

impl Modest {
    fn check(&self, keys: &Keys) -> Result<()> {
        const MOST: u64 = 512;
        match keys.iter().find(|key| key.len() as u64 > MOST) {
            Some(long) => Err(Error::too_large("a key", long.len() as u64, MOST)),
            None => Ok(()),
        }
    }

    async fn closed(&self) -> Result<()> {
        self.0.get_many(Keys::default()).await.map(drop)
    }
}

impl ByteStore for Modest {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: false,
            shared_writes: false,
            ttl: false,
            exact_ttl: false,
            conditional_set: false,
            shared_backend: false,
            persistent: false,
            max_key_bytes: Some(512),
        }
    }
    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.closed().await?;
            self.check(&keys)?;
            let found = self.0.get_many(keys).await;
            turn().await;
            found
        })
    }
    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed().await?;
            self.check(entries.keys())?;
            if matches!(ttl, Ttl::After(_)) {
                return Err(Error::invalid_argument("ttl: this store cannot expire entries"));
            }
            self.0.set_many(entries, Ttl::Never).await?;
            turn().await;
            Ok(())
        })
    }
    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed().await?;
            self.check(&keys)?;
            self.0.delete_many(keys).await?;
            turn().await;
            Ok(())
        })
    }
    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            // Pages may be short, and empty ones have successors.
            let mut page = self.0.list(prefix, cursor, limit.clamp(1, 7)).await?;
            if let (None, Some(last)) = (&page.next, page.keys.last()) {
                page.next = Some(Cursor::after(last));
            }
            turn().await;
            Ok(page)
        })
    }
    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.closed().await?;
            self.check(&keys)?;
            // It says nothing but the sizes.
            let bytes = |stat: Stat| Stat { bytes: stat.bytes, expiry: bytestow::Expiry::Unknown, written: None };
            Ok(self.0.stat(keys).await?.into_iter().map(|stat| stat.map(bytes)).collect())
        })
    }
    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        self.0.clear(prefix, all)
    }
    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.0.close()
    }
    fn stats(&self) -> Stats {
        self.0.stats()
    }
}

struct ModestKind;

impl Harness for ModestKind {
    fn name(&self) -> &str {
        "a modest store"
    }

    fn open<'a>(&'a self, _backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            if options.ttl.is_some() {
                return Err(Error::invalid_argument("ttl: this store cannot expire entries"));
            }
            let memory = Arc::new(InMemoryByteStore::with_options(memory_options(&options, Bounds::default())));
            in_namespace(Arc::new(Modest(memory)), options.namespace.as_deref())
        })
    }
}

/// Each claim that is not made is tested as such: nothing is left out.
#[test]
fn a_store_that_claims_nothing() {
    holds(&ModestKind);
}

#[test]
fn the_rules_are_those_of_the_list() {
    let listed: Vec<_> = RULES.iter().filter(|rule| rule.kits != Kits::JavaScript).map(|rule| rule.id).collect();
    let run: Vec<_> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(run, listed);
    let all: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(all.len(), RULES.len(), "an id stands twice");
    for rule in RULES {
        let (number, name) = rule.id.split_once('-').expect("an id is a number and a name");
        assert!(number[..1].chars().all(|c| c.is_ascii_uppercase()) && number[1..].parse::<u8>().is_ok(), "{number}");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{name}");
        assert!(!rule.title.is_empty() && !rule.title.ends_with('.'), "{}", rule.title);
    }
}

/// A run is the same from the same seed, and says how to repeat it.
#[test]
fn a_failure_can_be_replayed() {
    struct Panics;
    impl Harness for Panics {
        fn name(&self) -> &str {
            "panics"
        }
        fn open<'a>(&'a self, backend: &'a str, _options: OpenOptions) -> Opened<'a> {
            // The contract knows no such thing, and yet one rule's panic is not the next one's.
            let refuses = backend.contains("P07");
            Box::pin(async move {
                if refuses { Err(Error::closed()) } else { Ok(Arc::new(Panicking) as Arc<dyn ByteStore>) }
            })
        }
    }
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let (first, second) = (block_on(run(&Panics, 77)), block_on(run(&Panics, 77)));
    std::panic::set_hook(hook);
    let text = |report: &Report| report.failed.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(text(&first), text(&second));
    assert_eq!(first.failed.len() + first.passed.len(), rules().len());
    assert!(first.breaks("P02-store-is-empty") && !first.is_ok());
    let failure = text(&first).into_iter().find(|text| text.contains("P02")).unwrap();
    assert!(
        failure.starts_with("seed=77 rule=P02-store-is-empty store=panics: a panic: no get_many here"),
        "{failure}"
    );
    assert!(text(&first).iter().any(|text| text.contains("rule=P07-delete-missing") && text.contains("closed")));
}

struct Panicking;

#[rustfmt::skip]
impl ByteStore for Panicking {
    fn capabilities(&self) -> Capabilities { InMemoryByteStore::new().capabilities() }
    fn get_many(&self, _: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> { Box::pin(async { panic!("no get_many here") }) }
    fn set_many(&self, _: Entries, _: Ttl) -> BoxFuture<'_, Result<()>> { Box::pin(async { Ok(()) }) }
    fn delete_many(&self, _: Keys) -> BoxFuture<'_, Result<()>> { panic!("no {} here", "delete_many") }
    fn list(&self, _: String, _: Option<Cursor>, _: usize) -> BoxFuture<'_, Result<Page>> { panic!("no list here") }
    fn stat(&self, _: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> { panic!("no stat here") }
    fn clear(&self, _: String, _: bool) -> BoxFuture<'_, Result<()>> { panic!("no clear here") }
    fn close(&self) -> BoxFuture<'_, Result<()>> { panic!("no close here") }
    fn stats(&self) -> Stats { Stats::default() }
}

/// Natively a run can be moved between threads, and so can every store and every future of one.
#[test]
fn everything_is_send() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let harness = Memory { name: "InMemoryByteStore", bounds: Bounds::default(), around: &[] };
    let run = send(run(&harness, 3));
    std::thread::scope(|scope| {
        let report = scope.spawn(|| block_on(run)).join().unwrap();
        assert!(report.is_ok(), "{report}");
    });
    let store: Arc<dyn ByteStore> = Arc::new(Namespaced::new(Arc::new(InMemoryByteStore::new()), "n").unwrap());
    drop(send(store.get_many(Keys::default())));
}
