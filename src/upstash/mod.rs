//! `UpstashRedisByteStore`: Upstash Redis, or any server of its protocol, over HTTP.
//!
//! | module | what it is |
//! |---|---|
//! | `command`, `json`, `resp`, `reply`, `search` | the wire (<https://upstash.com/docs/redis/features/restapi>), out and in |
//! | `base64`, `envelope` | how a value stands in Redis |
//! | `batch`, `drive` | how much goes into one command, and several of them for one call |
//! | `complaint`, `retry` | what a server complains of, and whether to try again |
//! | `client` | a request with all its attempts |
//! | `read`, `write`, `scan` | the trait's methods |
//! | `transport`, `reqwest_transport` | what carries requests |
//!
//! # What it does, and what it costs
//!
//! A batch is one command where it can be: `MGET`, `MSET`, `MSETEX` (`SET ... PX` in a pipeline where the server does not know
//! it), `UNLINK`. Commands are cut by encoded bytes, 4 MiB at a time, four requests at once. Everything that is sent is
//! safe to repeat, and is repeated when it fails for a reason that may pass. A call that failed, or was dropped, may have
//! been carried out in part: Redis has no transaction over several commands here. A write that was given up may still
//! arrive at the server later, as with any client over HTTP.
//!
//! Values that are text stand in Redis as they are, all others as text of our own (see [`envelope`]). Replies come as plain
//! JSON; where that cannot hold a value, because another program has written bytes that are no text, it is asked for
//! again in base64 or RESP2.

mod base64;
mod batch;
mod client;
mod command;
mod complaint;
mod drive;
pub mod envelope;
mod json;
mod read;
mod reply;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
mod resp;
mod retry;
mod scan;
mod search;
mod transport;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use self::batch::Learned;
use self::client::Client;
#[cfg(feature = "reqwest")]
pub use self::reqwest_transport::ReqwestTransport;
pub use self::retry::Patience;
pub use self::transport::{Head, Interrupted, Receive, Request, Transport};
use crate::layers::{Coalesced, Sharing};
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Lookup, Page, Stat, Ttl, check_clear};
use crate::timer::SharedTimer;
use crate::{BoxFuture, Entries, Error, Keys, Observer, Portable, Result, Secret, Stats};

/// The longest key that Upstash takes, in bytes.
const LONGEST_KEY: u64 = 32_768;

/// What proves to the server that we may.
#[derive(Clone, Default)]
pub enum Token {
    /// Nothing: a proxy between us and the server adds it.
    #[default]
    None,
    /// Always the same.
    Fixed(Secret),
    /// Asked for before each request: for tokens that live for a short time.
    Ask(Arc<dyn TokenSource>),
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Fixed(_) => "Fixed",
            Self::Ask(_) => "Ask",
        })
    }
}

/// Gives a token when asked.
pub trait TokenSource: Portable {
    /// The token of now. It is asked for once more when the server has refused one.
    fn token(&self) -> BoxFuture<'_, Result<Secret>>;
}

/// How values are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// Text as it is, everything else as [`envelope`] says: safe everywhere.
    #[default]
    Auto,
    /// Every byte as it is, for programs that read Redis natively: values that are no text go one to a request, in the
    /// raw-body form, which Upstash has and its imitators may lack.
    Raw,
}

/// Options of an [`UpstashRedisByteStore`].
#[derive(Clone)]
pub struct UpstashOptions {
    /// The REST API's URL: `https://...`, not that of the Redis protocol.
    pub url: String,
    /// What proves that we may.
    pub token: Token,
    /// Further headers, for proxies: names and values. They are not shown.
    pub headers: Vec<(String, Secret)>,
    /// How long entries live unless a call says otherwise; for ever without it.
    pub ttl: Option<Duration>,
    /// How values are written.
    pub encoding: Encoding,
    /// Whether large values, and all with [`Encoding::Raw`], are asked for in RESP2 first. Not from a page of another
    /// origin: servers may not let the header through that asks for it.
    pub prefer_resp2: bool,
    /// How long and how often a request is tried.
    pub patience: Patience,
    /// What concurrent calls may share.
    pub sharing: Sharing,
    /// Told of requests, retries and breaks.
    pub observer: Option<Observer>,
    /// What carries requests; `reqwest` without it.
    pub transport: Option<Arc<dyn Transport>>,
    /// Waits; the machine's timer without it.
    pub timer: Option<SharedTimer>,
}

impl UpstashOptions {
    /// The defaults, for `url` and `token`.
    pub fn new(url: impl Into<String>, token: Token) -> Self {
        Self {
            url: url.into(),
            token,
            headers: Vec::new(),
            ttl: None,
            encoding: Encoding::default(),
            prefer_resp2: true,
            patience: Patience::default(),
            sharing: Sharing::default(),
            observer: None,
            transport: None,
            timer: None,
        }
    }

    /// The defaults, for what the environment says: `UPSTASH_REDIS_REST_URL` and `UPSTASH_REDIS_REST_TOKEN`, or
    /// `KV_REST_API_URL` and `KV_REST_API_TOKEN`, as Upstash and Vercel set them.
    ///
    /// # Errors
    /// `invalid_argument` where one of them is missing.
    pub fn from_env() -> Result<Self> {
        let variable = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
            let [first, second] = names;
            found.ok_or_else(|| Error::invalid_argument(format!("neither {first} nor {second} is set")))
        };
        let url = variable(["UPSTASH_REDIS_REST_URL", "KV_REST_API_URL"])?;
        let token = variable(["UPSTASH_REDIS_REST_TOKEN", "KV_REST_API_TOKEN"])?;
        Ok(Self::new(url, Token::Fixed(Secret::new(token))))
    }
}

/// A store in Upstash Redis.
///
/// ```no_run
/// use bytestow::upstash::{Token, UpstashOptions, UpstashRedisByteStore};
/// use bytestow::{ByteStoreExt, Secret};
/// # async fn example() -> bytestow::Result<()> {
/// let token = Token::Fixed(Secret::new("the token of the database"));
/// let store = UpstashRedisByteStore::new(UpstashOptions::new("https://eu1-example.upstash.io", token))?;
/// store.set("greeting", "hello").await?;
/// assert_eq!(store.get("greeting").await?, Some("hello".into()));
/// # Ok(()) }
/// ```
pub struct UpstashRedisByteStore {
    /// Puts calls in order, and joins those that may be.
    inner: Coalesced,
}

impl UpstashRedisByteStore {
    /// A store with `options`. Nothing is sent yet.
    ///
    /// # Errors
    /// `invalid_argument` for a URL that cannot be that of the REST API.
    pub fn new(options: UpstashOptions) -> Result<Self> {
        let url = base_url(&options.url)?;
        let timer = options.timer.map_or_else(default_timer, Ok)?;
        let core = Core {
            client: Client {
                url,
                token: options.token,
                headers: options.headers,
                patience: options.patience,
                transport: options.transport.map_or_else(default_transport, Ok)?,
                timer: timer.clone(),
                observer: options.observer,
                counters: Default::default(),
                breaker: Default::default(),
                requests: Default::default(),
                sync_token: Default::default(),
            },
            ttl: options.ttl,
            encoding: options.encoding,
            learned: Learned::default(),
            closed: AtomicBool::new(false),
            no_msetex: Known::default(),
            no_unlink: Known::default(),
            no_base64: Known::default(),
            base64: Known::default(),
            resp2: Known::default(),
            no_resp2: Known::default(),
            prefer_resp2: options.prefer_resp2,
        };
        Ok(Self { inner: Coalesced::new(Arc::new(core), options.sharing, timer) })
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Ok(Arc::new(ReqwestTransport::default()))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>> {
    Err(Error::invalid_argument("transport must be given where the feature `reqwest` is off"))
}

#[cfg(feature = "reqwest")]
fn default_timer() -> Result<SharedTimer> {
    Ok(Arc::new(crate::timer::SystemTimer))
}

#[cfg(not(feature = "reqwest"))]
fn default_timer() -> Result<SharedTimer> {
    Err(Error::invalid_argument("timer must be given where the feature `reqwest` is off"))
}

/// The URL of the REST API, without what ends it.
fn base_url(url: &str) -> Result<String> {
    let url = url.trim_ascii();
    let after = |scheme: &str| {
        let (begin, rest) = url.split_at_checked(scheme.len())?;
        begin.eq_ignore_ascii_case(scheme).then_some(rest.as_bytes())
    };
    let refused = if after("redis://").or_else(|| after("rediss://")).is_some() {
        "is that of the Redis protocol: the REST API's begins with https://"
    } else if let Some(rest) = after("https://").or_else(|| after("http://")) {
        let host = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
        if host.is_empty() || host.contains(&b'@') {
            "must name a host, and no user or password before it: the token is an option of its own"
        } else if rest.iter().any(|byte| matches!(byte, b'?' | b'#') || byte.is_ascii_whitespace()) {
            "must have neither a query nor a fragment nor white space in it: the token is an option of its own"
        } else {
            return Ok(url.trim_end_matches('/').to_owned());
        }
    } else {
        "must begin with https:// or http://"
    };
    Err(Error::invalid_argument(["url ", refused].concat()))
}

/// Something learned of the server once, and for good.
#[derive(Default)]
struct Known(AtomicU8);

impl Known {
    fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn learn(&self) {
        self.0.store(1, Ordering::Relaxed);
    }
}

/// The store without order among calls.
struct Core {
    client: Client,
    ttl: Option<Duration>,
    encoding: Encoding,
    learned: Learned,
    closed: AtomicBool,
    /// What the server does not know, or refuses.
    no_msetex: Known,
    no_unlink: Known,
    no_base64: Known,
    no_resp2: Known,
    /// What it has answered in before.
    base64: Known,
    resp2: Known,
    prefer_resp2: bool,
}

impl Core {
    fn check(&self, keys: &Keys) -> Result<()> {
        self.check_open()?;
        match keys.iter().find(|key| key.len() as u64 > LONGEST_KEY) {
            Some(long) => Err(Error::too_large("a key", long.len() as u64, LONGEST_KEY)),
            None => Ok(()),
        }
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) { Err(Error::closed()) } else { Ok(()) }
    }
}

impl ByteStore for Core {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            atomic_batch: false,
            shared_writes: true,
            ttl: true,
            exact_ttl: false,
            conditional_set: false,
            shared_backend: true,
            persistent: true,
            max_key_bytes: Some(LONGEST_KEY),
        }
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check(&keys)?;
            let found = self.read(&keys).await?;
            self.client.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(entries.keys())?;
            self.write(&entries, ttl.resolve(self.ttl)).await?;
            self.client.counters.wrote(entries.bytes());
            Ok(())
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(&keys)?;
            self.delete(&keys).await
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            self.check_open()?;
            self.page(prefix, cursor, limit.max(1)).await
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.check(&keys)?;
            self.read_stats(&keys).await
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check_open()?;
            check_clear(self.capabilities(), &prefix, all)?;
            self.remove_all(prefix).await
        })
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.ttl
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.closed.store(true, Ordering::SeqCst);
            Ok(())
        })
    }

    fn stats(&self) -> Stats {
        self.client.counters.snapshot()
    }
}

impl ByteStore for UpstashRedisByteStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        self.inner.get_many(keys)
    }
    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        self.inner.set_many(entries, ttl)
    }
    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        self.inner.delete_many(keys)
    }
    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        self.inner.list(prefix, cursor, limit)
    }
    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        self.inner.stat(keys)
    }
    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        self.inner.clear(prefix, all)
    }
    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        self.inner.set_if(entries, conditions, ttl)
    }
    fn default_ttl(&self) -> Option<Duration> {
        self.inner.default_ttl()
    }
    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.close()
    }
    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (url, base) in [
            ("https://x.upstash.io", "https://x.upstash.io"),
            (" https://x.upstash.io/ ", "https://x.upstash.io"),
            ("http://127.0.0.1:8079/api/redis", "http://127.0.0.1:8079/api/redis"),
        ] {
            assert_eq!(base_url(url).ok().as_deref(), Some(base));
        }
        for url in [
            "",
            "x.upstash.io",
            "rediss://default:secret@x",
            "https://",
            "https://u:secret@x",
            "https://x/?_token=secret",
            "https://x y",
        ] {
            let error = base_url(url).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.starts_with("invalid_argument: url ") && !error.contains("secret"), "{url}: {error}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let token = Token::Fixed(Secret::new("hunter2"));
        assert_eq!(format!("{token:?} {:?}", Token::None), "Fixed None");
    }
}
