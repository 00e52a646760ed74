//! Everything that a store in Redis over HTTP is asked for, against a server of one's own; ends with an error at the first
//! thing that is not as it was written. It deletes only what it has written.
//!
//! `cargo run --example upstash_roundtrip -- <url> <token> [namespace]`, or with the variables that `from_env` reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytestow::layers::{Namespaced, TieredByteStore, TieredOptions};
use bytestow::timer::SystemTimer;
use bytestow::upstash::{Token, UpstashOptions, UpstashRedisByteStore};
use bytestow::{ByteStore, ByteStoreExt, Entries, ErrorCode, Expiry, InMemoryByteStore, Keys, Secret, Ttl, Value};
use futures_util::future::join_all;

type Checked<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// Fails, saying what was expected, unless it is so.
fn expect(what: &str, is_so: bool) -> Checked {
    if is_so { Ok(()) } else { Err(format!("not so: {what}").into()) }
}

/// Values that lose something wherever bytes are taken for text, or text for something else.
fn values() -> Vec<(String, Value)> {
    let bytes: Vec<u8> = (0..=255).collect();
    let mut values: Vec<(&str, Value)> = vec![
        ("all bytes", bytes.into()),
        ("empty", Value::default()),
        ("text", "hello".into()),
        ("accents", "é🦀\u{FEFF}".into()),
        ("replacement", "\u{FFFD}".into()),
        ("ours", "bytestow1:aGVsbG8=".into()),
        ("base64", "aGVsbG8=".into()),
        ("json", "{ \"a\": 1.0, \"b\": null }".into()),
        ("number", "0012345678901234567890".into()),
        ("nul", "a\0b".into()),
        ("large", vec![0xA5; 3_000_000].into()),
    ];
    values.extend([("", "the empty key".into()), ("a/b ?#%*[x]\\\u{FFFF}", "an awkward key".into())]);
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

async fn round_trip(store: &dyn ByteStore) -> Checked {
    let values = values();
    store.set_many(values.iter().cloned().collect(), Ttl::Never).await?;
    let found = store.get_many(values.iter().map(|(key, _)| key).collect()).await?;
    for ((key, value), lookup) in values.iter().zip(found) {
        expect(&format!("{key:?} comes back as it was"), lookup.value.as_ref() == Some(value))?;
    }
    for ((key, value), stat) in values.iter().zip(store.stat(values.iter().map(|(key, _)| key).collect()).await?) {
        let stat = stat.ok_or(format!("no stat of {key:?}"))?;
        expect(&format!("{key:?} has its length"), stat.bytes == value.len() as u64)?;
        expect(&format!("{key:?} does not expire"), stat.expiry == Expiry::Never)?;
    }
    let mut listed = store.keys("").await?;
    let mut keys: Vec<String> = values.into_iter().map(|(key, _)| key).collect();
    listed.sort_unstable();
    keys.sort_unstable();
    expect("all keys are listed, each once", listed == keys)?;
    store.delete_many(Keys::from(["text", "missing", "empty"])).await?;
    let found = store.get_many(Keys::from(["text", "empty", "json"])).await?;
    let there: Vec<bool> = found.iter().map(|lookup| lookup.value.is_some()).collect();
    expect("what was deleted is gone, and its neighbour is not", there == [false, false, true])?;
    store.clear(String::new(), false).await?;
    expect("nothing is left of the namespace", store.keys("").await?.is_empty())
}

async fn lives(store: &dyn ByteStore) -> Checked {
    let life = Duration::from_millis(700);
    store.set_many([("short", "1"), ("short too", "2")].into(), Ttl::After(life)).await?;
    store.set_many([("long", "3")].into(), Ttl::After(Duration::from_secs(3_600))).await?;
    let keys = || Keys::from(["short", "short too", "long"]);
    let expires = store.stat(keys()).await?.into_iter().flatten().map(|stat| stat.expiry);
    let within = |expiry| matches!(expiry, Expiry::In(left) if left <= Duration::from_secs(3_600));
    expect("three entries expire", expires.filter(|expiry| within(*expiry)).count() == 3)?;
    tokio::time::sleep(life * 2).await;
    let there: Vec<bool> = store.get_many(keys()).await?.iter().map(|lookup| lookup.value.is_some()).collect();
    expect("two have expired", there == [false, false, true])
}

async fn many(store: &dyn ByteStore) -> Checked {
    let value = |at: usize| Value::from((0..1_536 * 4).map(|byte| (at * 7 + byte * 31) as u8).collect::<Vec<u8>>());
    let key = |at: usize| format!("many/{at}");
    let entries: Entries = (0..1_000).map(|at| (key(at), value(at))).collect();
    store.set_many(entries, Ttl::Never).await?;
    let found = store.get_many((0..1_000).map(key).collect()).await?;
    for (at, lookup) in found.into_iter().enumerate() {
        expect(&format!("value {at} of 1,000 is as it was"), lookup.value == Some(value(at)))?;
    }
    expect("1,000 keys are listed", store.keys("many/").await?.len() == 1_000)
}

async fn at_once(store: &dyn ByteStore) -> Checked {
    // Calls take effect in call order, awaited or not.
    let writes = (0..20).map(|at| store.set("one key", at.to_string().as_str()));
    let reads = (0..20).map(|_| store.get("one key"));
    for end in join_all(writes).await {
        end?;
    }
    for found in join_all(reads).await {
        expect("the last write is what is read", found? == Some("19".into()))?;
    }
    let both = futures_util::future::join(store.set("one key", "last"), store.get("one key")).await;
    both.0?;
    expect("a read behind a write sees it", both.1? == Some("last".into()))
}

async fn tiers(remote: Arc<dyn ByteStore>) -> Checked {
    let local = Arc::new(InMemoryByteStore::new());
    let store = TieredByteStore::new(local.clone(), remote.clone(), TieredOptions::new(Arc::new(SystemTimer)));
    store.set("tiered", "1").await?;
    expect("both tiers have it", local.get("tiered").await? == remote.get("tiered").await?)?;
    local.clear(String::new(), false).await?;
    expect("it comes from the remote one", store.get("tiered").await? == Some("1".into()))?;
    expect("and is near again", local.get("tiered").await? == Some("1".into()))?;
    store.delete_many(Keys::from(["tiered"])).await?;
    expect("it is gone from both", remote.get("tiered").await?.is_none() && local.get("tiered").await?.is_none())
}

async fn errors(url: &str) -> Checked {
    let token = Token::Fixed(Secret::new("not-the-token"));
    let store = UpstashRedisByteStore::new(UpstashOptions::new(url, token))?;
    match store.get("k").await {
        Err(error) if error.code() == ErrorCode::Unauthorized => {
            expect("the token is not shown", !format!("{error} {error:?}").contains("not-the-token"))?;
        }
        end => return Err(format!("a wrong token is refused as unauthorized, not {end:?}").into()),
    }
    let mut options = UpstashOptions::new("http://127.0.0.1:9", Token::None);
    options.patience.deadline = Duration::from_secs(2);
    let began = Instant::now();
    let end = UpstashRedisByteStore::new(options)?.get("k").await;
    let code = end.err().map(|error| error.code());
    expect("no server is unavailable", code == Some(ErrorCode::Unavailable))?;
    expect("the deadline is kept", began.elapsed() < Duration::from_millis(2_250))
}

async fn run() -> Checked {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (options, namespace) = match arguments.as_slice() {
        [] => (UpstashOptions::from_env()?, None),
        [url, token, rest @ ..] => (UpstashOptions::new(url, Token::Fixed(Secret::new(token))), rest.first().cloned()),
        [_] => return Err("usage: upstash_roundtrip <url> <token> [namespace]".into()),
    };
    let url = options.url.clone();
    let namespace = namespace.unwrap_or_else(|| format!("bytestow-roundtrip-{}", std::process::id()));
    let all: Arc<dyn ByteStore> = Arc::new(UpstashRedisByteStore::new(options)?);
    let store: Arc<dyn ByteStore> = Arc::new(Namespaced::new(all, &namespace)?);
    let end = async {
        round_trip(&*store).await?;
        lives(&*store).await?;
        many(&*store).await?;
        at_once(&*store).await?;
        tiers(store.clone()).await?;
        errors(&url).await
    };
    let end = end.await;
    store.clear(String::new(), false).await?;
    end?;
    println!("as it was written, all of it: {:?}", store.stats());
    Ok(())
}

fn main() -> Checked {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}
