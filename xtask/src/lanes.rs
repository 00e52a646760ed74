//! Steps beside each other: many wait more than they work, for browsers, servers and deadlines.

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

use crate::shell::Outcome;

/// How many go at once. More disturb each other: two processors are what a small machine has.
const LANES: usize = 2;

/// A step, or some that need one another.
pub type Job = Box<dyn FnOnce() -> Outcome + Send>;

thread_local! {
    static IN_LANE: Cell<bool> = const { Cell::new(false) };
}

/// Whether others print at the same time, so that what a step prints is to be shown when it has ended.
pub fn others_print() -> bool {
    IN_LANE.get()
}

/// Runs `jobs` in two lanes, the first ones first. When one fails no other is begun; those under way end.
pub fn run(jobs: Vec<Job>) -> Outcome {
    let left = Mutex::new((VecDeque::from(jobs), Ok(())));
    let next = || {
        let mut left = left.lock().ok()?;
        if left.1.is_ok() { left.0.pop_front() } else { None }
    };
    let lane = || {
        IN_LANE.set(true);
        while let Some(job) = next() {
            let done = job();
            if let (Err(_), Ok(mut left)) = (&done, left.lock())
                && left.1.is_ok()
            {
                left.1 = done;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(lane);
        }
    });
    left.into_inner().map_err(|_| "a step panicked".to_owned())?.1
}
