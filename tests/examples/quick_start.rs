//! A store, a namespace of it, entries that expire, and a listing. Run it: `cargo run --example quick_start`.

use std::sync::Arc;

use bytestow::{ByteStore, ByteStoreExt, InMemoryByteStore, MemoryOptions, Result, Ttl, layers::Namespaced};

async fn quick_start() -> Result<()> {
    let options = MemoryOptions { max_bytes: Some(64 << 20), ..MemoryOptions::default() };
    let store = Arc::new(InMemoryByteStore::with_options(options));
    let pages = Namespaced::new(store.clone(), "pages")?;

    pages.set_many([("/", "<h1>Home</h1>"), ("/about", "<h1>About</h1>")].into(), Ttl::after_seconds(60.0)?).await?;
    pages.set("/contact", "<h1>Contact</h1>").await?;

    for (key, found) in ["/about", "/missing"].iter().zip(pages.get_many(["/about", "/missing"].into()).await?) {
        println!("{key}: {:?}, which expires: {:?}", found.value, found.expiry);
    }
    println!("in the namespace: {:?}", pages.keys("/").await?);
    println!("in the store: {:?}", store.keys("pages/").await?);
    Ok(())
}

fn main() -> Result<()> {
    futures_executor::block_on(quick_start())
}
