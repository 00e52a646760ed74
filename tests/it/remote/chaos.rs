//! 10,000 random operations over a network at its worst: no wrong value ever, nothing reported done that was not, attempts
//! bounded, deadlines kept by the injected clock.
//!
//! Several workers call at once, in batches, with duplicates and lives; some calls are dropped on their way. Two lanes:
//! all workers on one handle and the same keys, where the order of calls is the handle's; and each with a handle and
//! keys of its own, where no call waits for another, so that each must keep its own deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytestow::layers::Sharing;
use bytestow::timer::first;
use bytestow::upstash::{Encoding, Patience, UpstashOptions, UpstashRedisByteStore, envelope};
use bytestow::{
    BoxFuture, ByteStore, Clock, Entries, Error, ErrorCode, Event, Expiry, Keys, ManualTimer, Observe, Portable,
    Result, Timer, Ttl,
};
use futures_util::future::join_all;

use super::faults::Chaos;
use super::model::{Call, Held, Model, Span};
use super::server::{Header, Mode, Server, TimerClock};
use super::{Dice, options, seeds};

const WORKERS: usize = 5;
const KEYS: usize = 16;
const PATIENCE: Patience = Patience { retries: 4, timeout: Duration::from_secs(4), deadline: Duration::from_secs(11) };

/// How a run is set up.
#[derive(Clone, Copy)]
struct Lane {
    mode: Mode,
    encoding: Encoding,
    sharing: Sharing,
    /// Whether all workers have one handle and the same keys.
    together: bool,
    /// How many of a thousand requests suffer.
    rate: usize,
}

const LANE: Lane =
    Lane { mode: Mode::FULL, encoding: Encoding::Auto, sharing: Sharing::Calls, together: true, rate: 300 };

/// No attempt after the last, and what is waited for is within bounds.
struct Watch;

impl Observe for Watch {
    fn event(&self, event: Event) {
        if let Event::Retry { attempt, delay_ms, .. } = event {
            assert!(attempt <= PATIENCE.retries, "a retry after {attempt} attempts");
            assert!((0.0..=5_000.0).contains(&delay_ms), "a wait of {delay_ms} ms");
        }
    }
}

struct Run {
    lane: Lane,
    server: Arc<Server>,
    clock: TimerClock,
    model: Mutex<Model>,
    /// What happened, for a look at the whole.
    counts: Mutex<BTreeMap<&'static str, usize>>,
}

/// What became of a call.
enum End<T> {
    Done(T),
    Failed,
    Dropped,
}

impl Run {
    fn new(lane: Lane, seed: u64) -> Self {
        let timer = ManualTimer::new(seed);
        let server = Server::new(lane.mode, &timer);
        server.state().chaos = Some(Chaos::new(seed ^ 0xFA17, lane.rate));
        let clock = TimerClock(timer);
        server.make("db", Arc::new(TimerClock(server.timer.clone())));
        Self { lane, server, clock, model: Mutex::default(), counts: Mutex::default() }
    }

    fn store(&self) -> UpstashRedisByteStore {
        let Lane { encoding, sharing, .. } = self.lane;
        let observer: Option<bytestow::Observer> = Some(Arc::new(Watch));
        let options = UpstashOptions { encoding, sharing, observer, patience: PATIENCE, ..options(&self.server, "db") };
        UpstashRedisByteStore::new(options).unwrap()
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    fn count(&self, what: &'static str) {
        *self.counts.lock().unwrap().entry(what).or_default() += 1;
    }

    fn now(&self) -> Duration {
        self.server.timer.now()
    }

    /// Sees `call` to its end, or drops it on its way: after some time, or after some turns.
    async fn end<T: Portable>(&self, call: BoxFuture<'_, Result<T>>, asks: usize, dice: &mut Dice) -> End<T> {
        let began = self.now();
        let mut end = None;
        let ended: BoxFuture<'_, ()> = Box::pin(async { end = Some(call.await) });
        match dice.below(16) {
            0 => {
                let patience = Duration::from_millis([1, 20, 300, 9_000][dice.below(4)]);
                first(ended, self.server.timer.sleep(patience)).await;
            }
            1 => first(ended, turns(dice.below(6))).await,
            _ => ended.await,
        }
        // Together a call may wait for those of all other workers.
        let ahead = if self.lane.together { WORKERS } else { 1 };
        let most = PATIENCE.deadline * (ahead * asks) as u32;
        let took = self.now() - began;
        assert!(took <= most, "a call took {took:?}, and had {most:?}");
        match end {
            None => {
                self.count("dropped");
                End::Dropped
            }
            Some(Ok(done)) => {
                self.count("done");
                End::Done(done)
            }
            Some(Err(error)) => {
                self.check_error(&error);
                self.count("failed");
                End::Failed
            }
        }
    }

    fn check_error(&self, error: &Error) {
        let codes = [ErrorCode::Unavailable, ErrorCode::Timeout];
        assert!(codes.contains(&error.code()), "{error}");
        let (attempts, elapsed) = (error.attempts(), error.elapsed());
        assert!(attempts.is_none_or(|attempts| (1..=PATIENCE.retries + 1).contains(&attempts)), "{error}");
        assert!(elapsed.is_none_or(|elapsed| elapsed <= PATIENCE.deadline), "{error}");
    }

    /// The value that stands in Redis, as the store means it.
    fn stored(&self, key: &str) -> Held {
        let stored = self.server.with("db", |database, now| database.peek(key, now))?;
        Some(match self.lane.encoding {
            Encoding::Auto => envelope::unwrap(&stored).unwrap_or(stored),
            Encoding::Raw => stored,
        })
    }

    /// Looks at what a write that succeeded has left, behind the store's back.
    fn check_done(&self, key: &str, call: Call, value: &Held, life: Option<u64>, began: u64) {
        if self.model().written_since(key, call) {
            return;
        }
        let stored = self.stored(key);
        let expired = || life.is_some_and(|life| self.clock.now_ms() + 1 >= began + life);
        assert!(
            stored == *value || stored.is_none() && expired(),
            "{key}: a write that succeeded has left something else"
        );
    }

    async fn write(&self, store: &dyn ByteStore, writes: Vec<(String, Held)>, life: Option<u64>, dice: &mut Dice) {
        let began = self.clock.now_ms();
        let last: BTreeMap<&String, &Held> = writes.iter().map(|(key, value)| (key, value)).collect();
        let call = {
            let mut model = self.model();
            let call = model.call();
            last.iter().for_each(|(key, value)| model.write(key, call, (*value).clone(), life, began));
            call
        };
        let deletes = writes.iter().all(|(_, value)| value.is_none());
        let work = if deletes {
            store.delete_many(writes.iter().map(|(key, _)| key).collect())
        } else {
            let entries: Entries = writes.iter().map(|(key, value)| (key, value.clone().unwrap())).collect();
            store.set_many(entries, life.map_or(Ttl::Never, |life| Ttl::After(Duration::from_millis(life))))
        };
        let end = self.end(work, self.asks(), dice).await;
        let now = self.clock.now_ms();
        let done = matches!(end, End::Done(()));
        for (key, value) in last {
            self.model().ended(key, call, now, done);
            if done {
                self.check_done(key, call, value, life, began);
            }
        }
    }

    /// How many requests one call may make, one after the other, each with a deadline of its own.
    fn asks(&self) -> usize {
        let whole = self.lane.mode.limit == Mode::FULL.limit && self.lane.mode.lacks.is_empty();
        if whole && self.lane.encoding == Encoding::Auto { 1 } else { 12 }
    }

    fn begin_read(&self) -> (Call, u64) {
        (self.model().call(), self.clock.now_ms())
    }

    async fn get(&self, store: &dyn ByteStore, keys: Vec<String>, dice: &mut Dice) {
        let (call, begin) = self.begin_read();
        let End::Done(found) = self.end(store.get_many(Keys::from(keys.as_slice())), self.asks(), dice).await else {
            return;
        };
        assert_eq!(found.len(), keys.len());
        let span = Span { begin, end: self.clock.now_ms() };
        for (key, lookup) in keys.iter().zip(found) {
            let value = lookup.value.map(|value| value.to_vec());
            let possible = self.model().possible(key, call, span);
            assert!(possible.contains(&value), "{key}: {} is none of {}", shown(&value), all_shown(&possible));
        }
    }

    async fn stat(&self, store: &dyn ByteStore, keys: Vec<String>, dice: &mut Dice) {
        let (call, begin) = self.begin_read();
        let End::Done(stats) = self.end(store.stat(Keys::from(keys.as_slice())), 1, dice).await else { return };
        let span = Span { begin, end: self.clock.now_ms() };
        for (key, stat) in keys.iter().zip(stats) {
            let length = stat.map(|stat| stat.bytes as usize);
            let possible = self.model().possible(key, call, span);
            let lengths: BTreeSet<_> = possible.iter().map(|held| held.as_ref().map(Vec::len)).collect();
            assert!(lengths.contains(&length), "{key}: {stat:?} is none of {}", all_shown(&possible));
            assert!(stat.is_none_or(|stat| stat.expiry != Expiry::Unknown), "{key}: {stat:?}");
        }
    }

    /// Keys that are there throughout a walk come exactly once; those that are not come never.
    async fn list(&self, store: &dyn ByteStore, prefix: &str, dice: &mut Dice) {
        let (call, begin) = self.begin_read();
        let mut listed = Vec::new();
        let mut cursor = None;
        loop {
            let page = match self.end(store.list(prefix.to_owned(), cursor, 1 + dice.below(9)), 2, dice).await {
                End::Done(page) => page,
                End::Failed | End::Dropped => return,
            };
            listed.extend(page.keys);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let span = Span { begin, end: self.clock.now_ms() };
        let once: BTreeSet<&String> = listed.iter().collect();
        assert_eq!(once.len(), listed.len(), "a key came twice: {listed:?}");
        for key in self.keys(prefix) {
            if self.model().written_since(&key, call) {
                continue;
            }
            let possible = self.model().possible(&key, call, span);
            let (there, gone) = (possible.iter().all(Option::is_some), possible.iter().all(Option::is_none));
            assert!(!there || once.contains(&key), "{key} did not come: {listed:?}");
            assert!(!gone || !once.contains(&key), "{key} came and is not there");
        }
    }

    async fn clear(&self, store: &dyn ByteStore, prefix: &str, dice: &mut Dice) {
        let began = self.clock.now_ms();
        let keys = self.keys(prefix);
        let call = {
            let mut model = self.model();
            let call = model.call();
            keys.iter().for_each(|key| model.write(key, call, None, None, began));
            call
        };
        // A scan has several steps, and each deletes.
        let end = self.end(store.clear(prefix.to_owned(), true), 24, dice).await;
        let done = matches!(end, End::Done(()));
        for key in keys {
            self.model().ended(&key, call, self.clock.now_ms(), done);
            if done {
                self.check_done(&key, call, &None, None, began);
            }
        }
    }

    fn keys(&self, prefix: &str) -> Vec<String> {
        (0..KEYS).map(|at| format!("{prefix}key {at}")).collect()
    }

    async fn work(&self, store: Arc<dyn ByteStore>, worker: usize, operations: usize, seed: u64) {
        let mut dice = Dice::new(seed.wrapping_mul(31) + worker as u64);
        // A prefix that is full of what patterns are made of.
        let prefix = if self.lane.together { "all*[?]/".to_owned() } else { format!("{worker}*\\/") };
        for operation in 0..operations {
            let mut some = || {
                let count = 1 + dice.below(6);
                (0..count).map(|_| format!("{prefix}key {}", dice.below(KEYS))).collect::<Vec<_>>()
            };
            let keys = some();
            match dice.below(40) {
                0..16 => {
                    let stamp = format!("{worker}.{operation}");
                    let values = keys.iter().enumerate().map(|(at, _)| Some(value(&stamp, at, &mut dice)));
                    let writes = keys.iter().cloned().zip(values).collect();
                    let life = dice.one_in(3).then(|| 1 + dice.below(60_000) as u64);
                    self.write(&*store, writes, life, &mut dice).await;
                }
                16..20 => {
                    let writes = keys.into_iter().map(|key| (key, None)).collect();
                    self.write(&*store, writes, None, &mut dice).await;
                }
                20..34 => self.get(&*store, keys, &mut dice).await,
                34..37 => self.stat(&*store, keys, &mut dice).await,
                37..39 => self.list(&*store, &prefix, &mut dice).await,
                _ if dice.one_in(3) => self.clear(&*store, &prefix, &mut dice).await,
                _ => self.server.timer.sleep(Duration::from_millis(dice.below(8_000) as u64)).await,
            }
        }
    }

    /// When all is quiet: what is read is what stands in Redis, and what the model says.
    async fn look(&self, store: &dyn ByteStore) {
        self.server.state().chaos = None;
        let prefixes: Vec<String> = if self.lane.together {
            vec!["all*[?]/".to_owned()]
        } else {
            (0..WORKERS).map(|worker| format!("{worker}*\\/")).collect()
        };
        for prefix in prefixes {
            let keys = self.keys(&prefix);
            let (call, begin) = self.begin_read();
            let found = store.get_many(Keys::from(keys.as_slice())).await.unwrap();
            let span = Span { begin, end: self.clock.now_ms() };
            for (key, lookup) in keys.iter().zip(found) {
                let value = lookup.value.map(|value| value.to_vec());
                let possible = self.model().possible(key, call, span);
                assert!(
                    possible.contains(&value),
                    "{key}: at the end {} is none of {}",
                    shown(&value),
                    all_shown(&possible)
                );
            }
        }
        assert_eq!(self.server.state().under_way, 0, "requests are left");
    }
}

/// Ends after so many polls.
async fn wait_turns(mut left: usize) {
    std::future::poll_fn(|cx| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

fn turns(count: usize) -> BoxFuture<'static, ()> {
    Box::pin(wait_turns(count))
}

/// A value that tells who wrote it: text, bytes, what looks like ours, what plain JSON cannot tell.
fn value(stamp: &str, at: usize, dice: &mut Dice) -> Vec<u8> {
    let stamp = format!("{stamp}.{at}");
    match dice.below(8) {
        0 => format!("{stamp}\u{FFFD}").into_bytes(),
        1 => format!("bytestow1:{stamp}").into_bytes(),
        2 => [stamp.as_bytes(), &[0xFF, 0, 0xC3, 0x28]].concat(),
        3 => format!("{stamp} \"é\" \u{1}\\n{{}}").into_bytes(),
        4 => [stamp.as_bytes(), &vec![b'x'; dice.below(900)]].concat(),
        5 => [stamp.as_bytes(), &vec![0xFE; dice.below(900)]].concat(),
        _ => stamp.into_bytes(),
    }
}

fn shown(held: &Held) -> String {
    held.as_ref()
        .map_or("nothing".to_owned(), |bytes| String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).into_owned())
}

fn all_shown(held: &[Held]) -> String {
    held.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Has each worker make so many calls.
fn survive(lane: Lane, own: u64, operations: usize) {
    for seed in seeds([own]) {
        println!("seed={seed}");
        let run = Run::new(lane, seed);
        let shared: Arc<dyn ByteStore> = Arc::new(run.store());
        let workers = (0..WORKERS).map(|worker| {
            let store = if lane.together { shared.clone() } else { Arc::new(run.store()) };
            run.work(store, worker, operations / WORKERS, seed)
        });
        run.server.timer.run(async {
            join_all(workers).await;
            run.look(&*shared).await;
        });
        let counts = run.counts.lock().unwrap();
        println!("seed={seed}: {} requests, {counts:?}, {:?}", run.server.requests(), run.now());
        // Neither a calm nor a dead network shows anything.
        assert!(counts["done"] > operations / 3 && counts["dropped"] > operations / 40, "{counts:?}");
    }
}

#[test]
fn one_handle() {
    survive(LANE, 11, 2_000);
}

#[test]
fn a_handle_each() {
    survive(Lane { together: false, ..LANE }, 12, 2_000);
}

#[test]
fn a_handle_each_on_a_dying_network() {
    survive(Lane { together: false, rate: 550, ..LANE }, 13, 1_000);
}

#[test]
fn nothing_shared() {
    survive(Lane { sharing: Sharing::Nothing, ..LANE }, 14, 1_500);
}

#[test]
fn small_limits_and_few_commands() {
    let mode = Mode { limit: 2_000, lacks: Mode::OLD.lacks, ..Mode::PLAIN };
    survive(Lane { mode, ..LANE }, 15, 1_500);
}

#[test]
fn raw() {
    survive(Lane { encoding: Encoding::Raw, ..LANE }, 16, 1_000);
}

#[test]
fn raw_without_resp2() {
    let mode = Mode { resp2: Header::Refused, ..Mode::OLD };
    survive(Lane { encoding: Encoding::Raw, mode, ..LANE }, 17, 1_000);
}
