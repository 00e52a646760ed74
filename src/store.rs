//! The contract: the [`ByteStore`] trait, and [`RULES`], the list of what every store keeps.
//!
//! The ids in brackets (`[W2-last-wins]`) are those of [`RULES`]. The Rust kit
//! (`bytestow::conformance`, feature `testing`) and the published one (`bytestow/testing` on npm) check
//! each rule on every store; a test holds both kits to this list.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::{BoxFuture, Entries, Error, Keys, Portable, Result, Stats, Value};

/// A batched byte store: any Unicode string to any bytes.
///
/// The methods take `&self` and may be called concurrently. Calls of one handle on the same key take effect in the
/// order in which their futures are first polled [O2-call-order]. Each method checks, in this order, that the store is
/// not closed, that its arguments are good, and whether there is anything to do [O1-check-order]: an empty list costs
/// no I/O and is no error [O3-empty-lists].
///
/// Dropping a future cancels the call. What it had not done is not done; a batch that the store calls atomic is done
/// whole or not at all.
///
/// The trait is usable as `dyn ByteStore`. Stores that wrap stores (see [`layers`](crate::layers)) take `Arc<dyn
/// ByteStore>`.
pub trait ByteStore: Portable {
    /// What this store promises beyond the rules that all stores keep. It does not change
    /// once the store is open.
    fn capabilities(&self) -> Capabilities;

    /// Looks up `keys`; the answer has their length and their order [R1-shape]. A key asked twice is answered twice
    /// [R2-duplicate-keys]. A missing or expired key has no value [R3-missing]; a stored empty value is an empty value
    /// [R4-empty-value].
    ///
    /// # Errors
    /// `closed`; `too_large` for a key beyond the backend's limit; what the backend says (`unavailable`, `timeout`,
    /// `corrupt`, ...).
    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>>;

    /// Stores `entries`. Of a key that stands twice the last wins [W2-last-wins]. When the future is done, every later
    /// read of this handle sees the values [W3-read-your-writes]; other handles do where the store claims
    /// [`shared_writes`](Capabilities::shared_writes).
    ///
    /// # Errors
    /// `closed`; `too_large` when the call cannot fit a bounded store or the backend's limits, with nothing written
    /// [W6-too-large]; `invalid_argument` for a TTL on a store that cannot expire [T6-no-ttl-refused];
    /// `quota_exceeded`, with nothing written where the store is atomic.
    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>>;

    /// Deletes `keys`. Deleting a missing key succeeds [D3-delete-missing].
    ///
    /// # Errors
    /// `closed`, and what the backend says.
    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>>;

    /// One page of the keys that begin with `prefix`, taken literally [L2-prefix-literal]: at most `limit` keys (at
    /// least 1 is taken), and where to go on, if anywhere. A page may be short or empty and yet have a successor.
    ///
    /// Walking the pages gives every key that exists throughout exactly once, whatever is written meanwhile
    /// [L4-exactly-once]. No order is promised.
    ///
    /// # Errors
    /// `closed`; `invalid_argument` for a cursor of another store; what the backend says.
    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>>;

    /// What is known of `keys` without handing out their values; `None` for a missing key [S2-stat].
    ///
    /// # Errors
    /// As [`get_many`](Self::get_many).
    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>>;

    /// Removes every key that begins with `prefix`; `""` means all of them.
    ///
    /// A [`shared_backend`](Capabilities::shared_backend) may hold data of others: there `""` is refused unless `all`
    /// says that this is meant [N4-clear-all].
    ///
    /// # Errors
    /// `closed`; `invalid_argument` as above; what the backend says.
    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>>;

    /// Stores each entry whose condition holds at that moment, and says which were stored. Conditions are checked and
    /// entries stored one after the other, in order; an entry without a condition is not stored.
    ///
    /// Stores that claim [`conditional_set`](Capabilities::conditional_set) have it; the others refuse with
    /// `unsupported` [S4-conditional-set], closed or not.
    ///
    /// # Errors
    /// As [`set_many`](Self::set_many), and `unsupported`.
    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        let _ = (entries, conditions, ttl);
        Box::pin(async { Err(Error::unsupported("this store has no conditional set")) })
    }

    /// Opens the backend ahead of the first call, which otherwise does it. What [`capabilities`](Self::capabilities)
    /// say is final afterwards.
    ///
    /// # Errors
    /// `closed`, and what the backend says.
    fn open(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// How long entries live here unless a call says otherwise, where the store was given such a default.
    fn default_ttl(&self) -> Option<Duration> {
        None
    }

    /// Whether [`clear`](Self::clear) would be refused, without clearing.
    ///
    /// # Errors
    /// `invalid_argument`, as `clear`.
    fn check_clear(&self, prefix: &str, all: bool) -> Result<()> {
        check_clear(self.capabilities(), prefix, all)
    }

    /// Names the data behind the handle, where other handles of this process may stand on it too. Layers that keep
    /// order among calls (see [`layers::TieredByteStore`](crate::layers::TieredByteStore)) then keep one order for all
    /// handles of one name.
    fn identity(&self) -> Option<String> {
        None
    }

    /// The store that has the truth, where this one answers from copies: it is asked instead, for the same keys, by whoever
    /// must see what others have written since.
    fn truth(&self) -> Option<Arc<dyn ByteStore>> {
        None
    }

    /// Lets go of what the handle holds (connections, memory). Every later call fails with `closed`; closing twice is
    /// fine [S1-close]. What is stored stays stored where the backend outlives the handle.
    ///
    /// # Errors
    /// What the backend says.
    fn close(&self) -> BoxFuture<'_, Result<()>>;

    /// What this handle has counted since it was made [S3-stats].
    fn stats(&self) -> Stats;
}

/// What a store promises beyond the common rules. The kits test each claim, and each claim that is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// A `set_many` or `delete_many` takes effect whole or not at all.
    pub atomic_batch: bool,
    /// A finished write is visible to other handles on the same backend.
    pub shared_writes: bool,
    /// Entries can expire.
    pub ttl: bool,
    /// An entry is missing from its very millisecond of expiry on, by the injected clock where there is one.
    pub exact_ttl: bool,
    /// [`ByteStore::set_if`] is there.
    pub conditional_set: bool,
    /// The backend may hold data of others, so that clearing all of it must be asked for by name.
    pub shared_backend: bool,
    /// Data outlives the handle and the process.
    pub persistent: bool,
    /// The longest key, in bytes of UTF-8, namespace included; `None` where only memory limits it.
    pub max_key_bytes: Option<u64>,
}

/// How long entries of a call live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ttl {
    /// As the store was told when it was made; without such a default, for ever.
    #[default]
    StoreDefault,
    /// For ever, whatever the store's default [T3-null-cancels].
    Never,
    /// This long from now on.
    After(Duration),
}

impl Ttl {
    /// A time to live in seconds; fractions are allowed, down to a millisecond.
    ///
    /// # Errors
    /// `invalid_argument` unless `seconds` is positive, finite and below 2^53 milliseconds.
    pub fn after_seconds(seconds: f64) -> Result<Self> {
        const MOST: f64 = 9_007_199_254_740.0;
        if !(seconds > 0.0 && seconds <= MOST) {
            return Err(Error::invalid_argument("ttl must be a positive number of seconds, at most 9007199254740"));
        }
        // In whole milliseconds, rounded up: the finest that a store keeps.
        Ok(Self::After(Duration::from_millis((seconds * 1_000.0).ceil() as u64)))
    }

    /// The life that this means on a store whose default is `default`.
    pub fn resolve(self, default: Option<Duration>) -> Option<Duration> {
        match self {
            Self::StoreDefault => default,
            Self::Never => None,
            Self::After(life) => Some(life),
        }
    }
}

/// What is known of the end of an entry's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expiry {
    /// The backend does not say.
    #[default]
    Unknown,
    /// It does not expire.
    Never,
    /// It expires after this long.
    In(Duration),
}

/// A point in a store's history, to be handed back in [`Condition::UnchangedSince`]. It means nothing to any other
/// store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u64);

/// When [`ByteStore::set_if`] stores an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Only if the key is missing.
    Absent,
    /// Only if the key is there.
    Present,
    /// Only if the key was neither written nor deleted after the read that gave this version, be it a hit or a miss.
    /// A store that has forgotten may answer that it was.
    UnchangedSince(Version),
}

/// The answer to one key of [`ByteStore::get_many`].
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// The value, or `None` for a missing key.
    pub value: Option<Value>,
    /// How long the value still lives, where the backend says so with the value.
    pub expiry: Expiry,
    /// When the value was written, in milliseconds since 1970 by the store's clock, where the backend says so.
    pub written: Option<u64>,
    /// The version of this read, hit or miss, where the store has a conditional set.
    pub version: Option<Version>,
}

impl Lookup {
    /// What the answer says of its entry, for stores that know no cheaper way than to read it.
    pub fn stat(&self) -> Option<Stat> {
        let bytes = self.value.as_ref()?.len() as u64;
        Some(Stat { bytes, expiry: self.expiry, written: self.written })
    }

    /// The same of several.
    pub(crate) fn stats(found: &[Self]) -> Vec<Option<Stat>> {
        let mut stats = Vec::with_capacity(found.len());
        found.iter().for_each(|lookup| stats.push(lookup.stat()));
        stats
    }
}

/// What [`ByteStore::stat`] knows of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// The length of the value in bytes.
    pub bytes: u64,
    /// How long it still lives.
    pub expiry: Expiry,
    /// When it was written, in milliseconds since 1970 by the store's clock, where the store knows.
    pub written: Option<u64>,
}

/// One page of [`ByteStore::list`].
#[derive(Debug, Default)]
pub struct Page {
    /// Keys, in no promised order.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Cursor>,
}

/// Where a listing goes on: made by a store, handed back to the same store.
///
/// Dropping a cursor ends the listing and frees what it held [L6-break-early].
#[derive(Debug)]
pub struct Cursor(CursorKind);

enum CursorKind {
    After(String),
    Live(Box<dyn LiveCursor>),
}

impl std::fmt::Debug for CursorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::After(_) => "After",
            Self::Live(_) => "Live",
        })
    }
}

/// State of a listing that is no mere key: an iterator of the backend, say.
pub trait LiveCursor: Portable {
    /// The cursor as `Any`, to be found again by [`Cursor::into_live`].
    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

impl Cursor {
    /// A cursor that goes on behind `key` in the store's own order.
    pub fn after(key: impl Into<String>) -> Self {
        Self(CursorKind::After(key.into()))
    }

    /// A cursor that holds an iteration of the backend.
    pub fn live(state: impl LiveCursor + 'static) -> Self {
        Self(CursorKind::Live(Box::new(state)))
    }

    /// The key behind which to go on.
    ///
    /// # Errors
    /// `invalid_argument` when the cursor is not of this kind, so not of this store.
    pub fn into_after(self) -> Result<String> {
        match self.0 {
            CursorKind::After(key) => Ok(key),
            CursorKind::Live(_) => Err(foreign_cursor()),
        }
    }

    /// The iteration that the cursor holds.
    ///
    /// # Errors
    /// `invalid_argument` when it holds none of type `T`, so is not of this store.
    pub fn into_live<T: 'static>(self) -> Result<Box<T>> {
        match self.0 {
            CursorKind::Live(state) => state.into_any().downcast().map_err(|_| foreign_cursor()),
            CursorKind::After(_) => Err(foreign_cursor()),
        }
    }
}

fn foreign_cursor() -> Error {
    Error::invalid_argument("the cursor was made by another store")
}

/// The rule on clearing without a namespace [N4-clear-all], for stores to call first thing in `clear`.
///
/// # Errors
/// `invalid_argument` when all of a shared backend would go without having been asked for.
pub fn check_clear(capabilities: Capabilities, prefix: &str, all: bool) -> Result<()> {
    if capabilities.shared_backend && prefix.is_empty() && !all {
        return Err(Error::invalid_argument(
            "clear() without a namespace would remove the data of every user of this backend: give the store a \
             namespace, or call clear({ all: true })",
        ));
    }
    Ok(())
}

/// Where a rule can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kits {
    /// In both kits.
    Both,
    /// In the published kit only: it is about JavaScript's values, promises or signals.
    JavaScript,
    /// In the Rust kit only: it is about what the trait shows and the classes do not.
    Rust,
}

/// A rule of the contract.
#[derive(Clone, Copy, Debug)]
pub struct RuleTitle {
    /// Its stable id.
    pub id: &'static str,
    /// What it says.
    pub title: &'static str,
    /// Which kits check it.
    pub kits: Kits,
}

const fn both(id: &'static str, title: &'static str) -> RuleTitle {
    RuleTitle { id, title, kits: Kits::Both }
}

const fn js(id: &'static str, title: &'static str) -> RuleTitle {
    RuleTitle { id, title, kits: Kits::JavaScript }
}

const fn rust(id: &'static str, title: &'static str) -> RuleTitle {
    RuleTitle { id, title, kits: Kits::Rust }
}

/// The contract, rule by rule. Ids never change their meaning; a rule that goes leaves its id unused.
///
/// The `P` rules are the eleven cases of LangChain's own byte store suite
/// (`langchain_tests.integration_tests.base_store`, Python), to the letter.
pub const RULES: &[RuleTitle] = &[
    both("P01-three-values", "three distinct values are at hand for the suite"),
    both("P02-store-is-empty", "a new store answers every key with nothing"),
    both("P03-set-and-get", "what was set is got, in the order of the keys"),
    both("P04-still-empty", "a store made for one test sees nothing of another's"),
    both("P05-delete-values", "a deleted key is gone, its neighbour stays"),
    both("P06-delete-bulk", "several keys are deleted in one call"),
    both("P07-delete-missing", "deleting keys that never were is no error"),
    both("P08-set-is-idempotent", "setting the same pairs twice changes nothing"),
    both("P09-get-same-value", "the same keys asked twice in one call are answered twice"),
    both("P10-overwrite", "a key set again has the new value"),
    both("P11-yield-keys", "yieldKeys is a generator of all keys, or of those with a prefix"),
    both(
        "O1-check-order",
        "closed is reported first, then an aborted signal, then bad arguments, then an empty list is fine",
    ),
    both("O2-call-order", "calls of one handle on one key take effect in call order, awaited or not"),
    both("O3-empty-lists", "empty lists to mget, mset and mdelete do no I/O and are no error"),
    both("R1-shape", "mget answers with the length and the order of its keys"),
    both("R2-duplicate-keys", "a key asked twice is answered twice, each time with bytes of its own"),
    both("R3-missing", "a missing key is undefined, among keys that are there too"),
    both("R4-empty-value", "a stored empty value is an empty array, not a missing one"),
    both("W1-overwrite-length", "a longer and a shorter value replace each other whole"),
    both("W2-last-wins", "of duplicates in one mset the last wins"),
    both("W3-read-your-writes", "when mset or mdelete resolves, every later read of the handle sees it"),
    both(
        "W4-shared-writes",
        "another handle sees a finished write where the store claims it, and does not where it claims not to",
    ),
    js("W5-nothing-half-done", "an mset with one bad pair, wherever it stands, writes nothing"),
    both("W6-too-large", "an mset that cannot fit a bounded store whole is too_large and writes nothing"),
    both("W7-atomic-batch", "no reader ever sees half of an mset where the store claims atomic batches"),
    both("W8-concurrent-writers", "concurrent writers of one key leave one of their values, whole"),
    both("D1-delete-then-set", "a deleted key can be set again"),
    both("D2-delete-duplicates", "a key that stands twice in mdelete is deleted once, without error"),
    both("D3-delete-missing", "mdelete of missing keys among present ones deletes the present ones"),
    js("L1-generator", "yieldKeys returns an async generator, at once and without I/O"),
    both("L2-prefix-literal", "no character of a prefix means anything: * ? [ ] \\ ^ % _ . / : and the rest"),
    both(
        "L3-prefix-many",
        "a prefix finds all its keys and no others, itself included; one that is no key's finds none",
    ),
    both("L4-exactly-once", "over 10,000 keys come exactly once, however many pages it takes"),
    both(
        "L5-change-while-iterating",
        "keys that exist throughout come exactly once while others are written and deleted",
    ),
    js("L6-break-early", "an iteration left early frees what it held, and the store works on"),
    js("L7-own-keys-after", "after an iteration the same store lists the same keys again"),
    both("K1-any-unicode", "keys are any Unicode: empty, U+FFFF, U+0000, emoji, composed and decomposed forms apart"),
    both("K2-prototype-keys", "__proto__, constructor, toString and length are keys like any other"),
    both("K3-numeric-keys", "keys that look like numbers, booleans or null stay strings"),
    js("K4-lone-surrogate", "a key or prefix with a lone surrogate is refused by name, and nothing is written"),
    both(
        "K5-long-keys",
        "a long key works up to the store's stated limit; beyond it is too_large with the limit in digits",
    ),
    both("V1-all-bytes", "all 256 byte values come back as they went in"),
    both("V2-text-traps", "values that look like text, JSON, a BOM, base64, numbers or nothing come back unchanged"),
    both("V3-large-value", "values around 64 KiB and of 3 MB come back whole"),
    js("V4-result-owned", "changing a result changes neither the store nor another result"),
    js("V5-input-snapshot", "changing an input array after the call, awaited or not, changes nothing stored"),
    js("V6-transferable", "each result is a Uint8Array over an ArrayBuffer of just its length, transferable alone"),
    js("V7-views", "a view into a larger buffer, a Buffer or a subclass is stored as its own bytes only"),
    js("V8-shared-memory", "a view over a SharedArrayBuffer is copied"),
    js("V9-detached", "a detached array is refused by name, and nothing is written"),
    js("V10-wrong-types", "keys, pairs and values of wrong types are refused with the position named"),
    both("N1-layout", "with a namespace the physical key is <namespace>/<key>"),
    both(
        "N2-isolation",
        "namespaces do not see each other, be one a text prefix of the other or full of glob characters",
    ),
    both("N3-clear-namespace", "clear() removes its namespace and nothing else"),
    both(
        "N4-clear-all",
        "clear() without a namespace needs { all: true } on a shared backend, and needs it nowhere else",
    ),
    both("N5-malformed", "a namespace that is empty, begins or ends with / or holds a lone surrogate is refused"),
    both("T1-expires", "an entry with a TTL is there before its time and missing from then on"),
    both("T2-default", "the store's ttl holds where a call gives none; a call's own goes before it"),
    both("T3-null-cancels", "ttl: null stores for ever, whatever the default"),
    both("T4-hidden-from-list", "an expired key is missing from yieldKeys and stat too"),
    both("T5-reset", "setting a key again sets its life again, or ends its TTL"),
    both("T6-no-ttl-refused", "a store that cannot expire refuses ttl as invalid_argument, and writes nothing"),
    js("T7-bad-ttl", "zero, negative, NaN, infinite and non-numeric TTLs are refused, and nothing is written"),
    js("A1-aborted-before", "an aborted signal rejects with its reason before any I/O and leaves no listener behind"),
    js("A2-aborted-during", "an abort under way rejects with the reason; what was written is whole or absent"),
    js("A3-aborted-iteration", "an abort while iterating rejects the next step"),
    js("A4-others-go-on", "an abort ends its own call and no other"),
    js("A5-listeners-freed", "a finished call leaves no abort listener behind"),
    js("C1-serializable", "the members of LangChain's BaseStore are there"),
    js("C2-tojson", "toJSON() never throws and holds nothing that was given as an option"),
    js("E1-typed", "errors are BytestowError with name, code, retryable and a message under 600 characters"),
    js("E2-rejects", "methods reject and never throw; yieldKeys fails at its first step"),
    js("E3-no-values", "messages hold no value, and keys cut short"),
    both("S1-close", "after close() every call is refused as closed; closing twice is fine"),
    both("S2-stat", "stat gives bytes, remaining TTL and time written where known, undefined for a missing key"),
    both("S3-stats", "stats() counts hits, misses and bytes of this handle"),
    both(
        "S4-conditional-set",
        "a conditional set stores on its condition alone where claimed, and is unsupported elsewhere",
    ),
    rust("S5-unchanged-since", "a set conditional on a version is dropped after any write or delete of the key since"),
    js("S6-dispose", "Symbol.asyncDispose closes, where the runtime has it"),
    js("S7-events", "onEvent hears of what happens and cannot break the store by throwing or by calling it"),
    js("S8-plain-methods", "methods do what they do when taken as LangChain calls them, with one argument"),
];
