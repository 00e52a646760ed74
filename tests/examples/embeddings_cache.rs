//! A model behind a cache: a first run that embeds, a second that does not, and a bill that shows it. Run it:
//! `cargo run --example embeddings_cache`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytestow::features::embeddings::{
    CacheOptions, CachedEmbedder, Embedder, Kind, OnProgress, Precision, Progress, Watch,
};
use bytestow::{BoxFuture, ByteStoreExt, InMemoryByteStore, Result};

/// Stands for a provider: counts letters, and what it would have to be paid for.
#[derive(Default)]
struct Letters {
    paid: AtomicUsize,
}

impl Embedder for Letters {
    fn embed(&self, _: Kind, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f64>>>> {
        Box::pin(async move {
            self.paid.fetch_add(texts.len(), Ordering::Relaxed);
            let share = |text: &str, letter| text.matches(letter).count() as f64 / text.len().max(1) as f64;
            Ok(texts.iter().map(|text| ('a'..='z').map(|letter| share(text, letter)).collect()).collect())
        })
    }
}

struct Print;

impl Watch for Print {
    fn progress(&self, Progress { done, total, hits }: Progress) {
        println!("  {done} of {total}, {hits} of them from the cache");
    }
}

async fn embeddings_cache() -> Result<()> {
    let model = Arc::new(Letters::default());
    let store = Arc::new(InMemoryByteStore::new());
    let mut options = CacheOptions::new("letters-v1")?;
    options.batch_size = 2;
    options.precision = Precision::F16;
    let cached = CachedEmbedder::new(model.clone(), store.clone(), options)?;

    let texts = ["a cat", "a dog", "a cat", "some fish"].map(String::from).to_vec();
    let mut runs = Vec::new();
    for run in ["cold", "warm"] {
        println!("{run}:");
        runs.push(cached.documents(texts.clone(), Some(&Print as OnProgress<'_>)).await?);
    }
    let [cold, warm] = runs.as_slice() else { unreachable!("there were two") };
    assert_eq!(cold, warm, "the first run gives what later ones will");
    let query = cached.query("what purrs?".to_owned()).await?;
    println!("a query has {} numbers; {} texts were paid for", query.dimensions(), model.paid.load(Ordering::Relaxed));
    println!("{} entries, {:?}", store.keys("").await?.len(), cached.stats());
    Ok(())
}

fn main() -> Result<()> {
    futures_executor::block_on(embeddings_cache())
}
