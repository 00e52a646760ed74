//! Vectors that are on their way: what one call is waiting for, another does not ask for again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Vector;
use crate::sorted::SortedMap;
use crate::{Error, Result};

/// What a flight has come to.
pub type Landed = Result<Arc<Vector>>;

/// All that are on their way, by key.
#[derive(Default)]
pub struct Flights(Mutex<Board>);

#[derive(Default)]
struct Board {
    places: SortedMap,
    /// By number.
    flights: Vec<Option<Arc<Flight>>>,
    /// The numbers to be taken again.
    free: Vec<u64>,
}

/// One vector on its way.
struct Flight(Mutex<State>);

enum State {
    Under(Vec<Waker>),
    Landed(Landed),
    /// Whoever fetched it has left.
    Left,
}

/// Who has to fetch a vector, or that somebody does.
pub enum Boarded<'a> {
    /// The caller has: others may wait for it.
    Own(Own<'a>),
    /// Another call has.
    Joined(Joined),
}

/// A vector that the holder has to fetch. Dropped without [`land`](Self::land), it is left to those who wait; kept after it
/// until the vector is in the store, nobody asks for it in between.
pub struct Own<'a> {
    flights: &'a Flights,
    key: Arc<str>,
    flight: Arc<Flight>,
}

/// A vector that another call fetches.
pub struct Joined(Arc<Flight>);

impl Flights {
    /// Joins the flight of `key`, or begins one.
    pub fn board(&self, key: &Arc<str>) -> Boarded<'_> {
        let mut board = lock(&self.0);
        if let Some(flight) = board.places.get(key).and_then(|number| board.flights.get(number as usize)?.clone()) {
            return Boarded::Joined(Joined(flight));
        }
        let flight = Arc::new(Flight(Mutex::new(State::Under(Vec::new()))));
        let number = board.free.pop().unwrap_or(board.flights.len() as u64);
        match board.flights.get_mut(number as usize) {
            Some(place) => *place = Some(flight.clone()),
            None => board.flights.push(Some(flight.clone())),
        }
        board.places.insert(key.clone(), number);
        Boarded::Own(Own { flights: self, key: key.clone(), flight })
    }

    fn leave(&self, key: &str) {
        let mut board = lock(&self.0);
        if let Some(number) = board.places.remove(key)
            && let Some(place) = board.flights.get_mut(number as usize)
        {
            *place = None;
            board.free.push(number);
        }
    }
}

impl Flight {
    fn end(&self, state: State) {
        let before = std::mem::replace(&mut *lock(&self.0), state);
        if let State::Under(wakers) = before {
            wakers.into_iter().for_each(Waker::wake);
        }
    }
}

impl Own<'_> {
    /// Tells those who wait, and those who still come while this is there.
    pub fn land(&self, landed: Landed) {
        self.flight.end(State::Landed(landed));
    }
}

impl Drop for Own<'_> {
    fn drop(&mut self) {
        self.flights.leave(&self.key);
        if matches!(*lock(&self.flight.0), State::Under(_)) {
            self.flight.end(State::Left);
        }
    }
}

impl Joined {
    /// The vector when it is there; nothing when whoever fetched it has left.
    pub fn poll(&self, cx: &Context<'_>) -> Poll<Option<Landed>> {
        match &mut *lock(&self.0.0) {
            State::Under(wakers) => {
                if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                    wakers.push(cx.waker().clone());
                }
                Poll::Pending
            }
            State::Landed(landed) => Poll::Ready(Some(landed.as_ref().map(Arc::clone).map_err(Error::clone))),
            State::Left => Poll::Ready(None),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use std::future::poll_fn;

    fn vector() -> Arc<Vector> {
        Arc::new(Vector::F32(vec![1.0]))
    }

    #[test]
    fn the_second_joins_and_is_told() {
        let flights = Flights::default();
        let key: Arc<str> = "k".into();
        let (Boarded::Own(own), Boarded::Joined(joined)) = (flights.board(&key), flights.board(&key)) else {
            panic!("the first was to fetch it, the second to wait");
        };
        own.land(Ok(vector()));
        assert_eq!(block_on(poll_fn(|cx| joined.poll(cx))).unwrap().unwrap(), vector());
        assert!(matches!(flights.board(&key), Boarded::Joined(_)), "it is there as long as its holder has it");
        drop(own);
        assert!(matches!(flights.board(&key), Boarded::Own(_)), "a flight that nobody holds is over");
    }

    #[test]
    fn one_that_is_left_is_nobodys() {
        let flights = Flights::default();
        let keys: Vec<Arc<str>> = (0..3).map(|at| at.to_string().into()).collect();
        for key in &keys {
            let (own, joined) = (flights.board(key), flights.board(key));
            drop(own);
            let Boarded::Joined(joined) = joined else { panic!("it was on its way") };
            assert!(block_on(poll_fn(|cx| joined.poll(cx))).is_none());
        }
        assert!(lock(&flights.0).flights.iter().all(Option::is_none));
        assert_eq!(lock(&flights.0).places.len(), 0);
    }
}
