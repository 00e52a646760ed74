//! The coalescing layer: calls in order, reads joined.
//!
//! Reads made in one turn of the event loop become one call of the store below; a key that is being read already is not
//! asked for again, unless it was written meanwhile. Whoever waits may leave: the shared read goes on while anybody waits
//! for it, and ends when nobody does. Where nothing may be shared (Workers), only the order of calls is kept.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Shared, WeakShared};

use super::order::{About, Order, Sharing, Ticket};
use crate::error::ErrorCode;
use crate::event::Counters;
use crate::sorted::SortedMap;
use crate::store::{ByteStore, Capabilities, Condition, Cursor, Lookup, Page, Stat, Ttl};
use crate::timer::SharedTimer;
use crate::{BoxFuture, Entries, Error, Keys, Result, Stats};

/// How often a shared read lets others go first, so that they can join it: calls of one turn that are made a few
/// microtasks apart still share it.
const LETS_GO_FIRST: usize = 3;

type Answer = Arc<Result<Vec<Lookup>>>;
type SharedRead = Shared<BoxFuture<'static, Answer>>;

/// A store over another one; see the module.
pub struct Coalesced {
    inner: Arc<dyn ByteStore>,
    order: Arc<Order>,
    sharing: Sharing,
    flights: Arc<Mutex<Flights>>,
    closed: AtomicBool,
    counters: Counters,
}

#[derive(Default)]
struct Flights {
    next: u64,
    all: Vec<Flight>,
}

/// A shared read.
struct Flight {
    number: u64,
    /// The keys that are asked for, and where each of them stands.
    keys: Keys,
    places: SortedMap,
    /// While it has not begun: its place in the order of calls.
    gathering: Option<Ticket>,
    /// No more calls join: something was written that they must see.
    shut: bool,
    read: Option<WeakShared<BoxFuture<'static, Answer>>>,
    /// How many calls have joined.
    calls: Arc<AtomicUsize>,
}

/// A shared read that a call has joined, and how many have.
#[derive(Clone)]
struct Joined {
    number: u64,
    read: SharedRead,
    calls: Arc<AtomicUsize>,
}

impl Flight {
    fn joined(&self) -> Option<Joined> {
        let read = self.read.as_ref()?.upgrade()?;
        Some(Joined { number: self.number, read, calls: self.calls.clone() })
    }
}

impl Flights {
    /// How many calls have joined flight `number` so far.
    fn calls_of(&self, number: u64) -> usize {
        self.all.iter().find(|flight| flight.number == number).map_or(0, |flight| flight.calls.load(Ordering::Relaxed))
    }
}

/// Takes a flight off the list when its read ends, or is left by all.
struct Listed {
    flights: Arc<Mutex<Flights>>,
    number: u64,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights);
        let at = flights.all.iter().position(|flight| flight.number == self.number);
        let flight = at.map(|at| flights.all.swap_remove(at));
        drop(flights);
        // Outside of the lock: it may hold a ticket, whose end wakes others.
        drop(flight);
    }
}

fn lock(flights: &Mutex<Flights>) -> MutexGuard<'_, Flights> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Coalesced {
    /// `inner`, its calls in order, sharing what `sharing` says.
    pub fn new(inner: Arc<dyn ByteStore>, sharing: Sharing, timer: SharedTimer) -> Self {
        Self {
            inner,
            order: Order::new(sharing, timer),
            sharing,
            flights: Arc::default(),
            closed: AtomicBool::new(false),
            counters: Counters::default(),
        }
    }

    /// What every call looks at first: so that one caller's bad argument is not another's failure.
    fn check(&self, keys: &Keys) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::closed());
        }
        let Some(most) = self.inner.capabilities().max_key_bytes else { return Ok(()) };
        match keys.iter().find(|key| key.len() as u64 > most) {
            Some(long) => Err(Error::too_large("a key", long.len() as u64, most)),
            None => Ok(()),
        }
    }

    async fn joined(&self, keys: Keys) -> Result<Vec<Lookup>> {
        let (mut reads, wanted) = self.join(&keys);
        let mut answers: Vec<Option<Answer>> = vec![None; reads.len()];
        // All of them at once: one that nobody polls is not sent, and its deadline stands still.
        poll_fn(|cx| {
            let mut all = true;
            for (answer, joined) in answers.iter_mut().zip(&mut reads).filter(|(answer, _)| answer.is_none()) {
                match joined.read.poll_unpin(cx) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    Poll::Pending => all = false,
                }
            }
            if all { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        let alone = reads.iter().all(|joined| joined.calls.load(Ordering::Relaxed) == 1);
        let mut found = Vec::with_capacity(keys.len());
        for (read, place) in wanted {
            match answers.get(read).and_then(Option::as_deref) {
                Some(Ok(lookups)) => found.push(lookups.get(place).map(duplicate).unwrap_or_default()),
                // It may be about a key of somebody else's.
                Some(Err(error)) if !alone && is_about_one_key(error) => return self.alone(keys).await,
                Some(Err(error)) => return Err(error.clone()),
                None => return Err(Error::new(ErrorCode::Internal, "a shared read has no answer")),
            }
        }
        Ok(found)
    }

    async fn alone(&self, keys: Keys) -> Result<Vec<Lookup>> {
        let ticket = self.order.draw(About::reading(&keys));
        ticket.run(self.inner.get_many(keys)).await
    }

    /// Finds for each key the read that it will be in, and its place there.
    fn join(&self, keys: &Keys) -> (Vec<Joined>, Vec<(usize, usize)>) {
        let mut flights = lock(&self.flights);
        let mut reads: Vec<Joined> = Vec::new();
        let mut wanted = Vec::with_capacity(keys.len());
        let mut fresh = Keys::default();
        for key in keys.iter() {
            let found = flights.all.iter().filter(|flight| !flight.shut).find_map(|flight| {
                let place = flight.places.get(key)?;
                Some((flight.joined()?, place as usize))
            });
            let (joined, place) = found.unwrap_or_else(|| {
                fresh.push(key);
                self.gather(&mut flights, key)
            });
            let at = reads.iter().position(|other| other.number == joined.number).unwrap_or_else(|| {
                joined.calls.fetch_add(1, Ordering::Relaxed);
                reads.push(joined);
                reads.len() - 1
            });
            wanted.push((at, place));
        }
        if let Some(ticket) = flights.all.iter().find_map(|flight| flight.gathering.as_ref().filter(|_| !flight.shut)) {
            ticket.extend(&fresh);
        }
        (reads, wanted)
    }

    /// Adds `key` to the read that has not begun yet.
    fn gather(&self, flights: &mut Flights, key: &str) -> (Joined, usize) {
        let open = flights.all.iter().position(|flight| !flight.shut && flight.gathering.is_some());
        let known = open.and_then(|at| Some((at, flights.all.get(at)?.joined()?)));
        let (at, joined) = known.unwrap_or_else(|| self.begin(flights));
        let Some(flight) = flights.all.get_mut(at) else { return (joined, 0) };
        let place = flight.keys.len();
        flight.keys.push(key);
        flight.places.insert(Arc::from(key), place as u64);
        (joined, place)
    }

    fn begin(&self, flights: &mut Flights) -> (usize, Joined) {
        let number = flights.next;
        flights.next += 1;
        let listed = Listed { flights: self.flights.clone(), number };
        let inner = self.inner.clone();
        let read: BoxFuture<'static, Answer> = Box::pin(async move {
            let (mut polls, mut calls) = (0, 0);
            poll_fn(|cx| {
                // Each of those who have joined polls once a turn.
                let joined = lock(&listed.flights).calls_of(number);
                if joined != calls {
                    (polls, calls) = (LETS_GO_FIRST * joined, joined);
                }
                if polls == 0 {
                    return Poll::Ready(());
                }
                polls -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            let begun = {
                let mut flights = lock(&listed.flights);
                let flight = flights.all.iter_mut().find(|flight| flight.number == number);
                flight.and_then(|flight| Some((flight.keys.clone(), flight.gathering.take()?)))
            };
            Arc::new(match begun {
                Some((keys, ticket)) => {
                    let answer = ticket.run(inner.get_many(keys)).await;
                    drop(listed);
                    answer
                }
                None => Err(Error::new(ErrorCode::Internal, "a shared read was lost")),
            })
        });
        let read = read.shared();
        let calls = Arc::<AtomicUsize>::default();
        flights.all.push(Flight {
            number,
            keys: Keys::default(),
            places: SortedMap::default(),
            gathering: Some(self.order.draw(About::reading(&Keys::default()))),
            shut: false,
            read: read.downgrade(),
            calls: calls.clone(),
        });
        (flights.all.len() - 1, Joined { number, read, calls })
    }

    /// Before a write of `keys`, or of all: reads made from now on must not join those that came before it.
    pub(super) fn shut(&self, keys: Option<&Keys>) {
        for flight in &mut lock(&self.flights).all {
            let concerned = || keys.is_none_or(|keys| keys.iter().any(|key| flight.places.get(key).is_some()));
            flight.shut = flight.shut || flight.gathering.is_some() || concerned();
        }
    }

    async fn write<T>(&self, keys: Option<Keys>, work: BoxFuture<'_, Result<T>>) -> Result<T> {
        self.shut(keys.as_ref());
        let about = keys.as_ref().map_or_else(About::writing_all, About::writing);
        self.order.draw(about).run(work).await
    }
}

/// Each who waited gets bytes of its own.
fn duplicate(lookup: &Lookup) -> Lookup {
    Lookup { value: lookup.value.as_ref().map(crate::Value::duplicate), ..lookup.clone() }
}

fn is_about_one_key(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Corrupt | ErrorCode::TooLarge | ErrorCode::InvalidArgument)
}

impl ByteStore for Coalesced {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    fn get_many(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Lookup>>> {
        Box::pin(async move {
            self.check(&keys)?;
            let found = match self.sharing {
                _ if keys.is_empty() => Vec::new(),
                Sharing::Calls => self.joined(keys).await?,
                Sharing::Nothing => self.alone(keys).await?,
            };
            self.counters.read(&found);
            Ok(found)
        })
    }

    fn set_many(&self, entries: Entries, ttl: Ttl) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(entries.keys())?;
            let keys = entries.keys().clone();
            self.write(Some(keys), self.inner.set_many(entries, ttl)).await
        })
    }

    fn delete_many(&self, keys: Keys) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(&keys)?;
            self.write(Some(keys.clone()), self.inner.delete_many(keys)).await
        })
    }

    fn list(&self, prefix: String, cursor: Option<Cursor>, limit: usize) -> BoxFuture<'_, Result<Page>> {
        Box::pin(async move {
            self.check(&Keys::default())?;
            self.order.draw(About::reading_all()).run(self.inner.list(prefix, cursor, limit)).await
        })
    }

    fn stat(&self, keys: Keys) -> BoxFuture<'_, Result<Vec<Option<Stat>>>> {
        Box::pin(async move {
            self.check(&keys)?;
            self.order.draw(About::reading(&keys)).run(self.inner.stat(keys)).await
        })
    }

    fn clear(&self, prefix: String, all: bool) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.check(&Keys::default())?;
            self.write(None, self.inner.clear(prefix, all)).await
        })
    }

    fn set_if(&self, entries: Entries, conditions: Vec<Condition>, ttl: Ttl) -> BoxFuture<'_, Result<Vec<bool>>> {
        Box::pin(async move {
            self.check(entries.keys())?;
            let keys = entries.keys().clone();
            self.write(Some(keys), self.inner.set_if(entries, conditions, ttl)).await
        })
    }

    fn open(&self) -> BoxFuture<'_, Result<()>> {
        self.inner.open()
    }

    fn default_ttl(&self) -> Option<Duration> {
        self.inner.default_ttl()
    }

    fn check_clear(&self, prefix: &str, all: bool) -> Result<()> {
        self.inner.check_clear(prefix, all)
    }

    fn truth(&self) -> Option<Arc<dyn ByteStore>> {
        self.inner.truth()
    }

    fn identity(&self) -> Option<String> {
        self.inner.identity()
    }

    /// Calls made before still end.
    fn close(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.closed.swap(true, Ordering::SeqCst) {
                return Ok(());
            }
            self.order.draw(About::writing_all()).run(self.inner.close()).await
        })
    }

    /// Hits, misses and bytes read are those of this handle's calls, however many of them were one below.
    fn stats(&self) -> Stats {
        let own = self.counters.snapshot();
        Stats { hits: own.hits, misses: own.misses, bytes_read: own.bytes_read, ..self.inner.stats() }
    }
}
