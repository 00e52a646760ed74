//! The order of calls: those of one handle on one key take effect in the order in which they were made [O2-call-order].
//!
//! A call draws a [`Ticket`] that says what it is about, and begins when no earlier ticket that it must not overtake is
//! left: a read waits for earlier writes of its keys, and so does a write, which also waits for earlier reads, but not for
//! ever: a read that a server leaves unanswered must not hold up writes, and may see either value. Keys are compared by a
//! fingerprint; two that share one merely wait for each other.
//!
//! In Workers nothing may wait for what another request does (a promise made there never settles once that request is
//! over), so there each call looks again and again, by a timer of its own, whether its turn has come; and calls that
//! are alive say so, so that nobody waits for one whose request is gone.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::timer::{SharedTimer, before};
use crate::{BoxFuture, Keys};

/// What concurrent calls may share.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// Everything: one call may wait for another's request, or have its answer.
    #[default]
    Calls,
    /// Nothing: each call stands alone, as the Workers of one isolate must.
    Nothing,
}

/// How long a write waits for reads under way when nothing else is before it.
const PATIENCE_WITH_READS: Duration = Duration::from_millis(1_000);

/// How often a call in a Worker looks whether its turn has come.
const LOOK: Duration = Duration::from_millis(4);

/// How often a call in a Worker says that it is alive, and after what silence it is taken to be gone.
const BEAT: Duration = Duration::from_millis(250);
const GONE: Duration = Duration::from_millis(1_000);

/// See the module.
pub struct Order {
    line: Mutex<Line>,
    timer: SharedTimer,
    sharing: Sharing,
}

#[derive(Default)]
struct Line {
    next: u64,
    /// In the order in which they were drawn.
    tickets: Vec<Drawn>,
    waiting: Vec<Waiting>,
}

/// A call that waits for the end of another.
struct Waiting {
    number: u64,
    /// The latest of those that it waits for: in a long line each call is woken by the one before it, not by all.
    behind: u64,
    waker: Waker,
}

struct Drawn {
    number: u64,
    about: About,
    /// Whether its turn has come.
    begun: bool,
    /// When its call was last known to be alive.
    beat: Duration,
}

/// What a call is about.
#[derive(Clone, Debug)]
pub struct About {
    writes: bool,
    /// `None` for all keys.
    keys: Option<Fingerprints>,
}

impl About {
    /// A read of `keys`.
    pub fn reading(keys: &Keys) -> Self {
        Self { writes: false, keys: Some(Fingerprints::of(keys)) }
    }

    /// A write of `keys`.
    pub fn writing(keys: &Keys) -> Self {
        Self { writes: true, keys: Some(Fingerprints::of(keys)) }
    }

    /// A read of whatever is there.
    pub fn reading_all() -> Self {
        Self { writes: false, keys: None }
    }

    /// A write of whatever is there.
    pub fn writing_all() -> Self {
        Self { writes: true, keys: None }
    }

    fn conflicts(&self, other: &Self) -> bool {
        (self.writes || other.writes)
            && match (&self.keys, &other.keys) {
                (Some(a), Some(b)) => a.meet(b),
                _ => true,
            }
    }
}

/// FNV-1a: a few bytes of code, and enough for what it is used for.
fn fingerprint(key: &str) -> u64 {
    key.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// A set of fingerprints: slots of which at least half are free (zero), each number in the first free one from its own on.
/// The standard library's sets, or a sort, would weigh several times as much.
#[derive(Clone, Debug, Default)]
struct Fingerprints {
    slots: Vec<u64>,
    len: usize,
}

impl Fingerprints {
    fn of(keys: &Keys) -> Self {
        let mut set = Self::default();
        set.make_room(keys.len());
        keys.iter().for_each(|key| set.insert(fingerprint(key)));
        set
    }

    fn make_room(&mut self, len: usize) {
        let fresh = vec![0; (len * 2).max(8).next_power_of_two()];
        let old = std::mem::replace(&mut self.slots, fresh);
        self.len = 0;
        old.into_iter().filter(|number| *number != 0).for_each(|number| self.insert(number));
    }

    /// Where `number` stands, or is to stand.
    fn slot(&self, number: u64) -> Option<usize> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut at = number as usize & mask;
        loop {
            match self.slots.get(at) {
                Some(found) if *found != 0 && *found != number => at = (at + 1) & mask,
                _ => return Some(at),
            }
        }
    }

    fn insert(&mut self, number: u64) {
        // Zero is what a free slot holds.
        let number = number.max(1);
        if self.len * 2 >= self.slots.len() {
            self.make_room(self.len + 1);
        }
        if let Some(slot) = self.slot(number).and_then(|at| self.slots.get_mut(at)) {
            self.len += usize::from(*slot == 0);
            *slot = number;
        }
    }

    fn contains(&self, number: u64) -> bool {
        self.slot(number).and_then(|at| self.slots.get(at)).is_some_and(|found| *found == number)
    }

    fn meet(&self, other: &Self) -> bool {
        let (few, many) = if self.len < other.len { (self, other) } else { (other, self) };
        few.slots.iter().any(|number| *number != 0 && many.contains(*number))
    }
}

impl Order {
    /// An order of calls that may share what `sharing` says.
    pub fn new(sharing: Sharing, timer: SharedTimer) -> Arc<Self> {
        Arc::new(Self { line: Mutex::default(), timer, sharing })
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws a ticket, now.
    pub fn draw(self: &Arc<Self>, about: About) -> Ticket {
        let beat = self.timer.now();
        let mut line = self.line();
        let number = line.next;
        line.next += 1;
        line.tickets.push(Drawn { number, about, begun: false, beat });
        Ticket { order: self.clone(), number }
    }
}

/// A place in the order, until it is dropped.
pub struct Ticket {
    order: Arc<Order>,
    number: u64,
}

impl Ticket {
    /// Adds `keys` to what the call is about. Only right while no later ticket could have waited for them.
    pub fn extend(&self, keys: &Keys) {
        let mut line = self.order.line();
        if let Some(Drawn { about: About { keys: Some(all), .. }, .. }) =
            line.tickets.iter_mut().find(|drawn| drawn.number == self.number)
        {
            keys.iter().for_each(|key| all.insert(fingerprint(key)));
        }
    }

    /// Runs `work` when its turn has come. The call's place is kept until the ticket is dropped.
    pub fn run<'a, T>(&'a self, work: BoxFuture<'a, T>) -> Run<'a, T> {
        let waiting: BoxFuture<'a, ()> = Box::pin(async move {
            self.turn(false).await;
            before(self.turn(true), self.order.timer.sleep(PATIENCE_WITH_READS)).await;
            self.begin();
        });
        let beats = (self.order.sharing == Sharing::Nothing).then(|| self.beats());
        Run { place: Place { waiting: Some(waiting), beats }, work }
    }

    /// Waits until nothing is left that the call must not overtake, reads that are under way among it or not.
    fn turn(&self, reads_too: bool) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self.order.sharing {
                Sharing::Calls => {
                    poll_fn(|cx| {
                        let mut line = self.order.line();
                        line.waiting.retain(|waiting| waiting.number != self.number);
                        let Some(behind) = line.latest_before(self.number, reads_too) else { return Poll::Ready(()) };
                        line.waiting.push(Waiting { number: self.number, behind, waker: cx.waker().clone() });
                        Poll::Pending
                    })
                    .await;
                }
                Sharing::Nothing => {
                    while !self.is_turn_among_the_living(reads_too) {
                        self.order.timer.sleep(LOOK).await;
                    }
                }
            }
        })
    }

    fn is_turn_among_the_living(&self, reads_too: bool) -> bool {
        let now = self.order.timer.now();
        let mut line = self.order.line();
        line.tickets.retain(|drawn| drawn.number == self.number || now.saturating_sub(drawn.beat) < GONE);
        line.latest_before(self.number, reads_too).is_none()
    }

    fn beats(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            loop {
                self.order.timer.sleep(BEAT).await;
                let now = self.order.timer.now();
                let mut line = self.order.line();
                if let Some(drawn) = line.tickets.iter_mut().find(|drawn| drawn.number == self.number) {
                    drawn.beat = now;
                }
            }
        })
    }
}

/// A call that waits for its turn, and then does its work. By hand: of each kind of work the compiler makes a copy, and
/// those of nested `async` blocks weigh four times as much, 2 kB of the package (gzipped).
pub struct Run<'a, T> {
    place: Place<'a>,
    work: BoxFuture<'a, T>,
}

/// What of it is the same for all kinds of work.
struct Place<'a> {
    /// Until its turn has come.
    waiting: Option<BoxFuture<'a, ()>>,
    /// Says that the call is alive, where that must be said.
    beats: Option<BoxFuture<'a, ()>>,
}

impl Place<'_> {
    fn has_turn(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting.as_mut().is_some_and(|waiting| waiting.as_mut().poll(cx).is_ready()) {
            self.waiting = None;
        }
        self.waiting.is_none()
    }

    fn beat(&mut self, cx: &mut Context<'_>) {
        if let Some(beats) = &mut self.beats {
            // It has no end.
            let _ = beats.as_mut().poll(cx);
        }
    }
}

impl<T> Future for Run<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.place.has_turn(cx)
            && let Poll::Ready(result) = self.work.as_mut().poll(cx)
        {
            return Poll::Ready(result);
        }
        self.place.beat(cx);
        Poll::Pending
    }
}

impl Line {
    /// The latest of the earlier tickets that call `number` must not overtake.
    fn latest_before(&self, number: u64, reads_too: bool) -> Option<u64> {
        let own = self.tickets.binary_search_by_key(&number, |drawn| drawn.number).ok()?;
        let (earlier, rest) = self.tickets.split_at_checked(own)?;
        let about = &rest.first()?.about;
        let stands_before =
            |drawn: &&Drawn| (drawn.about.writes || !drawn.begun || reads_too) && drawn.about.conflicts(about);
        earlier.iter().rev().find(stands_before).map(|drawn| drawn.number)
    }
}

impl Line {
    /// Takes out those who wait behind ticket `number`.
    fn behind(&mut self, number: u64) -> Vec<Waker> {
        let mut next = Vec::new();
        self.waiting.retain(|waiting| {
            let is_next = waiting.behind == number;
            if is_next {
                next.push(waiting.waker.clone());
            }
            !is_next && waiting.number != number
        });
        next
    }
}

impl Ticket {
    /// The call's turn has come: who waits for that no longer does.
    fn begin(&self) {
        let mut line = self.order.line();
        if let Some(drawn) = line.tickets.iter_mut().find(|drawn| drawn.number == self.number) {
            drawn.begun = true;
        }
        let next = line.behind(self.number);
        drop(line);
        next.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut line = self.order.line();
        line.tickets.retain(|drawn| drawn.number != self.number);
        // In Workers nobody waits here: nobody may be woken by another request.
        let next = line.behind(self.number);
        drop(line);
        next.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timer::{ManualTimer, Timer};
    use proptest::prelude::*;

    type Call = BoxFuture<'static, ()>;

    /// A call that notes when it begins and ends, after as many polls as it is told.
    fn call(order: &Arc<Order>, name: usize, about: About, polls: u8, log: &Arc<Mutex<Vec<(usize, bool)>>>) -> Call {
        let (ticket, log) = (order.draw(about), log.clone());
        Box::pin(async move {
            let work = Box::pin(async move {
                log.lock().unwrap().push((name, true));
                let mut left = polls;
                poll_fn(|_| {
                    left = left.saturating_sub(1);
                    if left == 0 { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                log.lock().unwrap().push((name, false));
            });
            ticket.run(work).await;
        })
    }

    fn about() -> impl Strategy<Value = (bool, Option<Vec<u8>>)> {
        (any::<bool>(), prop::option::weighted(0.8, prop::collection::vec(0_u8..4, 0..3)))
    }

    proptest! {
        /// Whatever calls there are, in whatever order they are polled, those that conflict run one after the other in
        /// the order in which they were made, and all of them end.
        #[test]
        fn conflicting_calls_keep_their_order(
            calls in prop::collection::vec((about(), 1_u8..4), 1..8),
            picks: Vec<prop::sample::Index>,
        ) {
            let order = Order::new(Sharing::Calls, Arc::new(ManualTimer::new(1)));
            let log = Arc::default();
            let abouts: Vec<About> = calls.iter().map(|((writes, keys), _)| {
                let keys = keys.as_ref().map(|keys| keys.iter().map(|key| key.to_string()).collect::<Keys>());
                About { writes: *writes, keys: keys.map(|keys| Fingerprints::of(&keys)) }
            }).collect();
            let mut running: Vec<Option<Call>> = abouts
                .iter()
                .zip(&calls)
                .enumerate()
                .map(|(name, (about, (_, polls)))| Some(call(&order, name, about.clone(), *polls, &log)))
                .collect();
            let mut cx = Context::from_waker(Waker::noop());
            let rounds = picks.iter().map(|pick| pick.index(running.len())).collect::<Vec<_>>();
            // Enough for all of them one after the other.
            let all = (0..calls.len() * 3).flat_map(|_| 0..calls.len());
            for at in rounds.into_iter().chain(all) {
                if running[at].as_mut().is_some_and(|call| call.as_mut().poll(&mut cx).is_ready()) {
                    running[at] = None;
                }
            }
            prop_assert!(running.iter().all(Option::is_none), "some call never came to its turn");
            let log = log.lock().unwrap();
            let at = |what| log.iter().position(|noted| *noted == what);
            for (later, about) in abouts.iter().enumerate() {
                for (earlier, other) in abouts.iter().enumerate().take(later) {
                    if about.conflicts(other) {
                        prop_assert!(at((earlier, false)) < at((later, true)), "{later} began before {earlier} had ended");
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn sets_of_fingerprints(a: Vec<u8>, b: Vec<u8>) {
            let set = |numbers: &[u8]| {
                let mut set = Fingerprints::default();
                numbers.iter().for_each(|number| set.insert(u64::from(*number) << 56 | 1));
                set
            };
            let meet = a.iter().any(|one| b.iter().any(|other| one == other));
            prop_assert_eq!(set(&a).meet(&set(&b)), meet);
            prop_assert!(a.iter().all(|one| set(&a).meet(&set(&[*one]))));
        }
    }

    #[test]
    fn who_leaves_lets_others_go_on() {
        let order = Order::new(Sharing::Calls, Arc::new(ManualTimer::new(1)));
        let log = Arc::default();
        let key = Keys::from(["k"]);
        let first = call(&order, 0, About::writing(&key), 1, &log);
        let mut second = call(&order, 1, About::reading(&key), 1, &log);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(second.as_mut().poll(&mut cx).is_pending());
        drop(first);
        assert!(second.as_mut().poll(&mut cx).is_ready());
    }

    /// However long the line: reads that have not begun yet are waited for, however long that takes.
    #[test]
    fn a_long_line_keeps_its_order() {
        let timer = ManualTimer::new(1);
        let order = Order::new(Sharing::Calls, Arc::new(timer.clone()));
        let key = Keys::from(["k"]);
        let tickets: Vec<Ticket> = (0..40)
            .map(|at| order.draw(if at % 2 == 0 { About::writing(&key) } else { About::reading(&key) }))
            .collect();
        let log = Arc::new(Mutex::new(Vec::new()));
        let calls = tickets.into_iter().enumerate().map(|(at, ticket)| {
            let (log, timer) = (log.clone(), timer.clone());
            async move {
                let work = async move {
                    log.lock().unwrap().push(at);
                    timer.sleep(Duration::from_millis(300)).await;
                };
                ticket.run(Box::pin(work)).await;
            }
        });
        timer.run(futures_util::future::join_all(calls));
        assert_eq!(*log.lock().unwrap(), (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn a_write_does_not_wait_for_ever_for_a_read() {
        let timer = ManualTimer::new(1);
        let order = Order::new(Sharing::Calls, Arc::new(timer.clone()));
        let key = Keys::from(["k"]);
        let (stuck, write) = (order.draw(About::reading(&key)), order.draw(About::writing(&key)));
        let mut stuck = Box::pin(stuck.run(Box::pin(std::future::pending::<()>())));
        assert!(stuck.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer.run(write.run(Box::pin(async {})));
        assert_eq!(timer.now(), PATIENCE_WITH_READS);
    }

    /// A call whose request is gone is never polled again; later ones wait for it as long as it might be alive.
    #[test]
    fn in_workers_the_dead_are_passed_by() {
        let timer = ManualTimer::new(1);
        let order = Order::new(Sharing::Nothing, Arc::new(timer.clone()));
        let log = Arc::default();
        let key = Keys::from(["k"]);
        let mut dead = call(&order, 0, About::writing(&key), 200, &log);
        assert!(dead.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        timer.run(call(&order, 1, About::reading(&key), 1, &log));
        assert!((GONE..GONE + BEAT).contains(&timer.now()));
        assert_eq!(*log.lock().unwrap(), [(0, true), (1, true), (1, false)]);
    }

    #[test]
    fn in_workers_the_living_are_waited_for() {
        let timer = ManualTimer::new(1);
        let order = Order::new(Sharing::Nothing, Arc::new(timer.clone()));
        let key = Keys::from(["k"]);
        let (writing, reading) = (order.draw(About::writing(&key)), order.draw(About::reading(&key)));
        let slow = async {
            writing.run(timer.sleep(Duration::from_secs(7))).await;
            drop(writing);
        };
        let clock = timer.clone();
        let read = reading.run(Box::pin(async move { clock.now() }));
        let ((), ended) = timer.run(async { futures_util::future::join(slow, read).await });
        assert!((7_000..7_010).contains(&ended.as_millis()), "{ended:?}");
    }
}
