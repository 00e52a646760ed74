//! A small library that is searched by meaning: added, found, filtered, changed, and opened again. Run it:
//! `cargo run --example vector_index`.

use std::sync::Arc;

use bytestow::features::search::{IndexOptions, SearchOptions, VectorIndex};
use bytestow::{ByteStoreExt, InMemoryByteStore, Result};

/// Stands for a model: how often each letter comes.
fn embed(text: &str) -> Vec<f64> {
    ('a'..='z').map(|letter| text.matches(letter).count() as f64).collect()
}

async fn add(index: &VectorIndex, texts: &[&str]) -> Result<()> {
    let mut stage = index.stage();
    for text in texts {
        stage.push(text, &embed(text), text.as_bytes())?;
    }
    index.commit(stage).await
}

async fn show(index: &VectorIndex, text: &str, options: SearchOptions) -> Result<Vec<String>> {
    let found = index.search(&embed(text), 2, options).await?;
    for found in &found {
        println!("  {:.3}  {}", found.score, String::from_utf8_lossy(&found.document));
    }
    Ok(found.into_iter().map(|found| found.id).collect())
}

async fn vector_index() -> Result<()> {
    let store = Arc::new(InMemoryByteStore::new());
    let index = VectorIndex::new(store.clone(), IndexOptions::new("letters-v1")?)?;
    add(&index, &["a cat on the mat", "a bat in the attic", "ships in the harbour", "shops in the harbour"]).await?;

    println!("near \"that cat\":");
    let nearest = show(&index, "that cat", SearchOptions::default()).await?;
    assert_eq!(nearest.first().map(String::as_str), Some("a cat on the mat"));

    println!("near \"that cat\", but of the harbour:");
    let mask = index.filter(|document| document.ends_with(b"harbour")).await?;
    let options = SearchOptions { mask: Some(mask), ..SearchOptions::default() };
    assert!(show(&index, "that cat", options).await?.iter().all(|id| id.ends_with("harbour")));

    index.remove(["a cat on the mat"]).await?;
    // What many calls have left is tidied up a step at a time, whenever there is time for it.
    while index.maintain().await? {}

    let index = VectorIndex::new(store.clone(), IndexOptions::new("letters-v1")?)?;
    println!("near \"that cat\", after it was deleted, by another handle:");
    let nearest = show(&index, "that cat", SearchOptions::default()).await?;
    assert_eq!(nearest.first().map(String::as_str), Some("a bat in the attic"));
    println!("{} documents under {} keys", index.len(), store.keys("vectors/").await?.len());

    let other = VectorIndex::new(store, IndexOptions::new("letters-v2")?)?;
    match other.open().await {
        Ok(()) => unreachable!("vectors of two models must not meet"),
        Err(error) => println!("by another model: {error}"),
    }
    Ok(())
}

fn main() -> Result<()> {
    futures_executor::block_on(vector_index())
}
