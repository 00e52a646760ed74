//! Several tabs on one simulated database, their calls interleaved at every request, held against the model.
//!
//! The model changes when the database says that a call's transaction was committed. A read must then show one of the
//! states that there were between its call and its end, whole.

mod trouble;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Tuning, format};
use bytestow::{BoxFuture, ByteStore, Clock, Condition, ErrorCode, Event, ManualClock, Observe, Ttl, Value, Version};
use futures_executor::block_on;

use super::model::{self, Entry, Map, Model, live};
use super::ops::{Op, Outcome};

/// Splitmix64.
pub struct Noise(pub u64);

impl Noise {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Damage is told of where there is none: a defect.
#[derive(Default)]
struct Heard {
    damage: Mutex<Vec<String>>,
    reopened: AtomicUsize,
}

impl Observe for Heard {
    fn event(&self, event: Event) {
        match event {
            Event::Corrupt { key, reason } => self.damage.lock().unwrap().push(format!("{key}: {reason}")),
            Event::Reopen { .. } => _ = self.reopened.fetch_add(1, Ordering::SeqCst),
            _ => {}
        }
    }
}

struct Task {
    tab: u64,
    label: u64,
    op: Op,
    future: BoxFuture<'static, Outcome>,
    woken: Arc<Woken>,
    began: usize,
    /// Writes called before by the same tab, which must be seen.
    behind: Vec<u64>,
}

struct Tab {
    number: u64,
    store: Arc<SegmentLog<SimBackend>>,
}

pub struct World {
    pub noise: Noise,
    pub database: SimDatabase,
    pub model: Model,
    pub clock: Arc<ManualClock>,
    tabs: Vec<Tab>,
    tasks: Vec<Task>,
    /// When the calls took effect.
    committed: BTreeMap<u64, usize>,
    ops: BTreeMap<u64, Op>,
    /// Versions that reads gave: of a key, and the state at the read's end.
    versions: Vec<(String, Version, usize)>,
    heard: Arc<Heard>,
    /// Entries whose records were deleted to make room, before a row said so.
    gone: Map,
    /// Whether a call that clears all has deleted the values of a store without a bound, and its row is still to come; and
    /// up to which state that was so the last time. Calls of that time are not looked at.
    is_dropped: bool,
    was_dropped: Option<usize>,
    labels: u64,
    memory_bytes: u64,
    max_bytes: Option<u64>,
    keyspace: usize,
    pub seen: Seen,
}

/// What came up, so that a test can tell that it looks at something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub errors: usize,
    pub moves: usize,
    pub expiries: usize,
    pub trimmed: usize,
    pub checkpoints: usize,
    pub reopened: usize,
    pub unchanged: usize,
    pub evicted: usize,
    pub gone: usize,
    pub buried: usize,
    pub closed: usize,
    pub dropped: usize,
}

pub const TUNING: Tuning = Tuning {
    segment_bytes: 256,
    single_bytes: 100,
    row_bytes: 120,
    inline_values: 3,
    inline_bytes: 200,
    call_bytes: 900,
    fold_rows: 6,
    checkpoint_rows: 9,
    transaction_bytes: 700,
    dead_bytes: 300,
    page_rows: 5,
    scan: 10,
};

impl World {
    pub fn new(seed: u64, tabs: usize) -> Self {
        Self::bounded(seed, tabs, None)
    }

    pub fn bounded(seed: u64, tabs: usize, max_bytes: Option<u64>) -> Self {
        let mut noise = Noise(seed);
        let database = SimDatabase::stepped(noise.next());
        let mut world = Self {
            database,
            model: Model::new(),
            clock: ManualClock::at(1_000_000 + noise.next() % 1_000),
            memory_bytes: [0, 300, 100_000][noise.below(3)],
            max_bytes,
            keyspace: [30, 250][noise.below(2)],
            noise,
            tabs: Vec::new(),
            tasks: Vec::new(),
            committed: BTreeMap::new(),
            ops: BTreeMap::new(),
            versions: Vec::new(),
            heard: Arc::default(),
            gone: Map::new(),
            is_dropped: false,
            was_dropped: None,
            labels: 0,
            seen: Seen::default(),
        };
        (0..tabs).for_each(|_| world.open_tab());
        world
    }

    fn open_tab(&mut self) {
        self.labels += 1;
        let number = self.labels;
        let store = Arc::new(SegmentLog::new(self.database.tab(number), self.options()));
        self.tabs.push(Tab { number, store });
    }

    fn options(&self) -> SegmentLogOptions {
        SegmentLogOptions {
            memory_bytes: self.memory_bytes,
            max_bytes: self.max_bytes,
            clock: Some(self.clock.clone()),
            observer: Some(self.heard.clone()),
            tuning: TUNING,
            ..SegmentLogOptions::default()
        }
    }

    fn key(&mut self) -> String {
        let at = self.noise.below(self.keyspace);
        let folder = ["", "a/", "a/b/", "é"][at % 4];
        format!("{folder}{}", at / 4)
    }

    fn keys(&mut self) -> Vec<String> {
        let most = if self.noise.chance(8) { 20 } else { 4 };
        (0..self.noise.below(most) + 1).map(|_| self.key()).collect()
    }

    fn value(&mut self, label: u64) -> Value {
        let most = [1, 40, 120, 600][self.noise.below(4)];
        let length = self.noise.below(most);
        let stamp = [label.to_le_bytes(), self.noise.next().to_le_bytes()].concat();
        stamp.into_iter().cycle().take(length).collect::<Vec<u8>>().into()
    }

    fn op(&mut self, label: u64) -> (Op, Ttl) {
        let life = [None, None, Some(3), Some(40)][self.noise.below(4)];
        let now = self.clock.now_ms();
        let expires = life.map_or(u64::MAX, |life| now + life);
        let ttl = life.map_or(Ttl::Never, |life| Ttl::After(Duration::from_millis(life)));
        let entry = |world: &mut Self, key| (key, Entry { value: world.value(label), expires, written: now });
        let op = match self.noise.below(20) {
            0..6 => {
                let keys = self.keys();
                Op::Set(keys.into_iter().map(|key| entry(self, key)).collect())
            }
            6 => {
                let at = self.noise.below(self.versions.len().max(1));
                match self.versions.get(at).cloned() {
                    Some((key, version, _)) => {
                        Op::SetIf(vec![entry(self, key)], vec![Condition::UnchangedSince(version)], Some(at))
                    }
                    None => Op::Get(self.keys()),
                }
            }
            7 | 8 => {
                let keys = self.keys();
                let conditions = keys.iter().map(|_| [Condition::Absent, Condition::Present][self.noise.below(2)]);
                let conditions = conditions.collect();
                Op::SetIf(keys.into_iter().map(|key| entry(self, key)).collect(), conditions, None)
            }
            9 | 10 => Op::Delete(self.keys()),
            11 if self.noise.chance(4) => Op::Clear(["", "a/", "a/b/", "é1"][self.noise.below(4)].to_owned()),
            11 => Op::Stat(self.keys()),
            12 => Op::List(["", "a/", "é"][self.noise.below(3)].to_owned(), self.noise.below(8) + 1),
            13..15 => Op::Maintain,
            _ => Op::Get(self.keys()),
        };
        (op, ttl)
    }

    /// Calls something on some tab.
    pub fn call(&mut self) {
        self.labels += 1;
        let label = self.labels;
        let (op, ttl) = self.op(label);
        let at = self.noise.below(self.tabs.len());
        self.call_on(at, op, ttl);
    }

    pub fn call_on(&mut self, at: usize, op: Op, ttl: Ttl) {
        self.labels += 1;
        let (label, tab) = (self.labels, self.tabs[at].number);
        let store = self.tabs[at].store.clone();
        let future = op.clone().call(store, ttl);
        let writes = |task: &&Task| matches!(task.op, Op::Set(_) | Op::Delete(_) | Op::Clear(_) | Op::SetIf(..));
        let earlier = self.tasks.iter().filter(|task| task.tab == tab && task.op.shares(&op));
        let behind = earlier.filter(writes).map(|task| task.label).collect();
        self.ops.insert(label, op.clone());
        if std::env::var_os("SEGMENT_LOG_TRACE").is_some() {
            eprintln!("tab {tab} calls {label} at state {}: {op:?}", self.model.now());
        }
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.tasks.push(Task { tab, label, op, future, woken, began: self.model.now(), behind });
        self.settle();
    }

    /// Polls whoever was woken, until nobody is.
    pub fn settle(&mut self) {
        self.poll_woken();
        for tab in &self.tabs {
            assert_eq!(self.database.check_idle(tab.number), 0, "a transaction was left without a request");
        }
    }

    fn poll_woken(&mut self) {
        loop {
            let is_woken = |task: &Task| task.woken.0.swap(false, Ordering::SeqCst);
            let Some(at) = self.tasks.iter().position(is_woken) else { break };
            let task = &mut self.tasks[at];
            self.database.label(task.label);
            let waker = Waker::from(task.woken.clone());
            let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
            self.check_damage();
            if let Poll::Ready(outcome) = polled {
                let task = self.tasks.remove(at);
                self.check(&task, outcome);
            }
        }
    }

    /// One request somewhere.
    pub fn step(&mut self) -> bool {
        let choice = self.noise.next();
        let stepped = self.database.step(choice);
        self.take_commits();
        self.settle();
        stepped
    }

    fn check_damage(&self) {
        let told = std::mem::take(&mut *self.heard.damage.lock().unwrap());
        let is_sound = !self.is_dropped && self.was_dropped.is_none();
        assert!(told.is_empty() || !is_sound, "damage where there is none: {told:?}");
    }

    /// A transaction did nothing but delete: only where there is a bound may anything be missing, from then on.
    fn look_what_is_gone(&mut self) {
        let now = self.clock.now_ms();
        let there = self.model.last().iter().filter(|(_, entry)| entry.expires > now);
        let keys: Vec<&str> = there.map(|(key, _)| key.as_str()).collect();
        let store = SegmentLog::new(self.database.copy().tab(1), self.options());
        let found = block_on(store.get_many(keys.as_slice().into())).unwrap();
        self.check_damage();
        for (key, _) in keys.iter().zip(found).filter(|(_, lookup)| lookup.value.is_none()) {
            assert!(self.max_bytes.is_some() || self.is_dropped, "the record of {key} was deleted");
            self.gone.insert((*key).to_owned(), self.model.last()[*key].clone());
        }
        self.seen.gone = self.seen.gone.max(self.gone.len());
    }

    fn take_commits(&mut self) {
        for commit in self.database.commits() {
            if commit.kinds.is_empty() {
                let clears = matches!(self.ops.get(&commit.label), Some(Op::Clear(prefix)) if prefix.is_empty());
                self.is_dropped |= clears && self.max_bytes.is_none();
                self.look_what_is_gone();
                continue;
            }
            let Some(op) = self.ops.get(&commit.label).cloned() else { continue };
            if std::env::var_os("SEGMENT_LOG_TRACE").is_some() {
                eprintln!("commit {commit:?} {op:?}");
            }
            let has = |kind| commit.kinds.contains(&kind);
            let is_done = match &op {
                Op::Set(_) | Op::SetIf(..) => has(format::kind::PUT),
                Op::Delete(keys) => commit.deleted == *keys,
                Op::Clear(_) => has(format::kind::CLEAR),
                _ => true,
            };
            if !is_done {
                // Room was made for it.
                self.evicted(&commit.deleted);
                self.model.delete(&commit.deleted);
                continue;
            }
            match op {
                Op::Set(entries) => {
                    self.evicted(&commit.deleted);
                    self.model.set(&entries, &commit.deleted);
                }
                Op::SetIf(entries, conditions, read) => {
                    let now = self.clock.now_ms();
                    let stored = model::stored(self.model.last(), &entries, &conditions, now);
                    if let Some(read) = read {
                        let (key, _, seen) = &self.versions[read];
                        let changed = self.model.last_change(key);
                        assert!(changed <= *seen, "{key} changed at {changed}, and counts as unchanged since {seen}");
                    }
                    let kept = entries.into_iter().zip(&stored).filter(|(_, stored)| **stored);
                    let kept = kept.map(|(entry, _)| entry).collect::<Vec<_>>();
                    self.evicted(&commit.deleted);
                    self.model.set(&kept, &commit.deleted);
                }
                Op::Delete(keys) => self.model.delete(&keys),
                Op::Clear(prefix) => {
                    self.model.clear(&prefix);
                    if self.is_dropped && prefix.is_empty() {
                        (self.is_dropped, self.was_dropped) = (false, Some(self.model.now()));
                        self.seen.dropped += 1;
                    }
                }
                Op::Maintain => {
                    self.seen.moves += usize::from(has(format::kind::MOVE));
                    self.seen.expiries += usize::from(commit.kinds == [format::kind::DELETE]);
                    let now = self.clock.now_ms();
                    let is_there = |key: &String| live(self.model.last(), key, now).is_some();
                    let evicted: Vec<String> = commit.deleted.into_iter().filter(is_there).collect();
                    if !evicted.is_empty() {
                        self.evicted(&evicted);
                        self.seen.buried += evicted.len();
                        self.model.delete(&evicted);
                    }
                    continue;
                }
                _ => continue,
            }
            if let Some(most) = self.max_bytes {
                let now = self.clock.now_ms();
                let there = self.model.last().iter().filter(|(_, entry)| entry.expires > now);
                let bytes: usize = there.map(|(key, entry)| key.len() + entry.value.len()).sum();
                assert!(bytes as u64 <= most, "{bytes} bytes are stored");
            }
            let twice = self.committed.insert(commit.label, self.model.now());
            assert_eq!(twice, None, "a call took effect twice");
        }
    }

    fn evicted(&mut self, keys: &[String]) {
        assert!(
            keys.is_empty() || self.max_bytes.is_some() || self.is_dropped,
            "{keys:?} were evicted without a bound"
        );
        self.seen.evicted += keys.len();
    }

    fn check(&mut self, task: &Task, outcome: Outcome) {
        let now = self.clock.now_ms();
        if let Some(error) = outcome.error().filter(|error| error.code() == ErrorCode::Closed) {
            assert!(self.tabs.iter().all(|tab| tab.number != task.tab), "{error}");
            self.seen.closed += 1;
            return;
        }
        if let Some(error) = outcome.error().filter(|_| std::env::var_os("SEGMENT_LOG_TRACE").is_some()) {
            eprintln!("call {} failed: {error}", task.label);
        }
        // A call of many large values may be more than the bound, and is refused before it begins.
        if outcome.error().is_some_and(|error| error.code() == ErrorCode::TooLarge) {
            let (Op::Set(entries) | Op::SetIf(entries, ..)) = &task.op else { panic!("{:?} is too large", task.op) };
            let bytes: usize = entries.iter().map(|(key, entry)| key.len() + entry.value.len()).sum();
            assert!(self.max_bytes.is_some_and(|most| bytes as u64 > most), "{bytes} bytes are too many");
            return;
        }
        if self.is_dropped || self.was_dropped.is_some_and(|state| task.began < state) {
            return;
        }
        let behind = task.behind.iter().filter_map(|label| self.committed.get(label)).max().copied();
        let from = task.began.max(behind.unwrap_or_default());
        let states = &self.model.states[from..];
        let committed = self.committed.get(&task.label).copied();
        let failed = match (&task.op, outcome) {
            (Op::Maintain, Outcome::Unit(end)) => end.is_err(),
            (Op::Close, Outcome::Unit(Ok(()))) => false,
            (_, Outcome::Unit(Ok(()))) => {
                assert!(committed.is_some(), "{:?} is said to be done, and was not committed", task.op);
                false
            }
            (Op::SetIf(entries, conditions, read), Outcome::Stored(Ok(stored))) => {
                match (committed, read) {
                    (Some(at), None) => {
                        let before = &self.model.states[at - 1];
                        assert_eq!(stored, model::stored(before, entries, conditions, now));
                    }
                    (Some(_), Some(_)) => {
                        assert_eq!(stored, [true]);
                        self.seen.unchanged += 1;
                    }
                    (None, None) => {
                        let none = vec![false; entries.len()];
                        let fits = |map| model::stored(map, entries, conditions, now) == none;
                        assert!(stored == none && states.iter().any(fits), "{:?} stored {stored:?}", task.op);
                    }
                    // It may have forgotten.
                    (None, Some(_)) => assert_eq!(stored, [false]),
                }
                false
            }
            (Op::Get(keys), Outcome::Found(Ok(found))) => {
                let fits = states.iter().any(|map| model::answers(map, &self.gone, keys, &found, now));
                let (first, count) = (&states[0], states.len());
                let wrong = keys
                    .iter()
                    .zip(&found)
                    .find(|(key, lookup)| live(first, key, now).map(|entry| &entry.value) != lookup.value.as_ref());
                assert!(fits, "{wrong:?}, as in none of {count} states; {:?}", wrong.map(|(key, _)| first.get(key)));
                let end = self.model.now();
                let read = keys.iter().zip(&found).map(|(key, lookup)| (key.clone(), lookup.version.unwrap(), end));
                self.versions.extend(read);
                false
            }
            (Op::Stat(keys), Outcome::Stats(Ok(found))) => {
                let fits = states.iter().any(|map| model::stats(map, keys, &found, now));
                let shown = |map: &Map| {
                    let is = keys.iter().map(|key| live(map, key, now).map(|entry| (entry.value.len(), entry.written)));
                    format!("{:?}", is.collect::<Vec<_>>())
                };
                let states: Vec<_> = states.iter().map(shown).collect();
                assert!(fits, "{keys:?} are {found:?}; {states:#?}");
                false
            }
            (Op::List(prefix, _), Outcome::Pages(Ok(keys))) => {
                let mut sorted = keys.clone();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), keys.len(), "a key was listed twice");
                for key in &keys {
                    let was = states.iter().any(|map| live(map, key, now).is_some());
                    assert!(was && key.starts_with(prefix), "{key} was listed");
                }
                for key in states[0].keys().filter(|key| key.starts_with(prefix)) {
                    let stayed = states.iter().all(|map| live(map, key, now).is_some());
                    assert!(!stayed || keys.contains(key), "{key} was not listed");
                }
                false
            }
            _ => true,
        };
        if failed {
            self.seen.errors += 1;
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.tasks.is_empty()
    }

    pub fn under_way(&self) -> usize {
        self.tasks.len()
    }

    /// Lets all calls end.
    pub fn finish(&mut self) {
        for _ in 0..20_000 {
            if self.is_quiet() {
                return;
            }
            assert!(self.step(), "{} calls wait for nothing: {:?}", self.tasks.len(), self.tasks[0].op);
        }
        panic!("there is no end to {:?}", self.tasks[0].op);
    }

    /// A tab that sees all for the first time finds what should be there; after all that is due was done, nothing more
    /// is stored than that takes.
    pub fn check_end(&mut self) {
        self.database.no_mishap();
        self.database.room(None);
        self.database.cramp(0);
        self.finish();
        if self.is_dropped {
            self.call_on(0, Op::Clear(String::new()), Ttl::Never);
            self.finish();
        }
        // The lease of a tab that was killed runs out.
        self.clock.advance_ms(60_000);
        for is_maintained in [false, true] {
            self.open_tab();
            let last = self.tabs.len() - 1;
            if is_maintained {
                self.call_on(last, Op::Maintain, Ttl::Never);
                self.finish();
                let gone = std::mem::take(&mut self.gone);
                let now = self.clock.now_ms();
                let stays = gone.iter().find(|(key, entry)| live(self.model.last(), key, now) == Some(entry));
                assert_eq!(stays, None, "its record is gone, and no row says so");
            }
            let all: Vec<String> = self.model.states.iter().flat_map(|map| map.keys().cloned()).collect();
            self.call_on(last, Op::Get(all), Ttl::Never);
            self.finish();
            self.call_on(last, Op::List(String::new(), 5), Ttl::Never);
            self.finish();
        }
        let audit = self.tabs.last().unwrap().store.audit();
        self.seen.trimmed = usize::from(audit.trim > 0);
        self.seen.reopened = self.heard.reopened.load(Ordering::SeqCst);
        self.seen.checkpoints = audit.checkpoints;
        let stored: Vec<u32> = self.database.segments().iter().map(|key| u32::try_from(*key).unwrap()).collect();
        assert_eq!(stored, audit.segments, "segments that nobody knows, or that are gone");
    }
}
