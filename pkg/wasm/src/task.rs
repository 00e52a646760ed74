//! Runs the core's futures for TypeScript.
//!
//! A call is polled once, at once: what is ready is returned as it is, without a promise. What is not gets an id;
//! TypeScript keeps the promise, and is told to poll it again (`schedule`) and when it has settled (`settle`). So every
//! poll has a TypeScript frame below it that sees a trap, which wasm-bindgen's own executor would turn into a promise
//! that never settles and, in Node, into an uncaught exception. Dropping a task (`cancel`) cancels its future.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use bytestow::layers::Spawn;
use bytestow::{BoxFuture, Error};
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::outcome::{self, Outcome};

/// A call on its way.
pub type Job = Pin<Box<dyn Future<Output = Result<Outcome, Error>>>>;

struct Task {
    /// Taken out while it is polled, so that a call made from within a poll finds the table free.
    job: Option<Job>,
    waker: Arc<TaskWaker>,
}

struct TaskWaker {
    id: u32,
    queued: AtomicBool,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            host(|host| host.schedule.call1(&JsValue::UNDEFINED, &self.id.into()));
        }
    }
}

struct Host {
    schedule: Function,
    settle: Function,
    aside: Function,
    panicked: Function,
}

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
    static TASKS: RefCell<Vec<Option<Task>>> = const { RefCell::new(Vec::new()) };
}

fn host(call: impl FnOnce(&Host) -> Result<JsValue, JsValue>) {
    HOST.with_borrow(|host| {
        // TypeScript's functions do not throw; there would be nobody to tell.
        let _ = host.as_ref().map(call);
    });
}

/// Called once for each instance, before anything else: `schedule(id)` must call [`poll`] soon, `settle(id, ok, value)`
/// ends a task, `aside(id, wait_until)` makes a promise of a task that no call awaits and hands it to `wait_until`,
/// `panicked(place)` hears of a panic just before it traps.
#[wasm_bindgen]
pub fn start(schedule: Function, settle: Function, aside: Function, panicked: Function) {
    HOST.set(Some(Host { schedule, settle, aside, panicked }));
    std::panic::set_hook(Box::new(|panic| {
        // Where, not what: printing any payload would weigh more than it tells.
        let place = panic.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
        let message = JsValue::from(place);
        host(|host| host.panicked.call1(&JsValue::UNDEFINED, &message));
    }));
}

/// Runs `job`: gives its outcome if it is ready, else the id of its task.
pub fn run(mut job: Job) -> Result<JsValue, JsValue> {
    let waker = TASKS.with_borrow_mut(|tasks| {
        let at = tasks.iter().position(Option::is_none).unwrap_or(tasks.len());
        let id = at as u32;
        let waker = Arc::new(TaskWaker { id, queued: AtomicBool::new(false) });
        let task = Some(Task { job: None, waker: waker.clone() });
        match tasks.get_mut(at) {
            Some(free) => *free = task,
            None => tasks.push(task),
        }
        waker
    });
    match job.as_mut().poll(&mut Context::from_waker(&Waker::from(waker.clone()))) {
        Poll::Ready(outcome) => {
            take(waker.id);
            outcome::into_js(outcome)
        }
        Poll::Pending => {
            put_back(waker.id, job);
            Ok(waker.id.into())
        }
    }
}

/// Takes the promise of what need not be waited for.
pub struct WaitUntil(pub Function);

impl Spawn for WaitUntil {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        let done = Box::pin(async move {
            work.await;
            Ok(Outcome::Nothing)
        });
        run_aside(done, &self.0);
    }
}

/// Runs `job`, which no call awaits; if it is not done at once, its promise goes to `wait_until`.
fn run_aside(job: Job, wait_until: &Function) {
    if let Ok(result) = run(job)
        && result.as_f64().is_some()
    {
        host(|host| host.aside.call2(&JsValue::UNDEFINED, &result, wait_until));
    }
}

/// Polls task `id` if it is still there.
#[wasm_bindgen]
pub fn poll(id: u32) {
    let Some((mut job, waker)) = TASKS.with_borrow_mut(|tasks| {
        let task = tasks.get_mut(id as usize)?.as_mut()?;
        Some((task.job.take()?, task.waker.clone()))
    }) else {
        return;
    };
    waker.queued.store(false, Ordering::Relaxed);
    match job.as_mut().poll(&mut Context::from_waker(&Waker::from(waker))) {
        Poll::Ready(outcome) => {
            take(id);
            let (ok, value) = match outcome::into_js(outcome) {
                Ok(value) => (true, value),
                Err(error) => (false, error),
            };
            host(|host| host.settle.call3(&JsValue::UNDEFINED, &id.into(), &ok.into(), &value));
        }
        Poll::Pending => put_back(id, job),
    }
}

/// Drops task `id`, and with it what it had not done yet. It is not settled.
#[wasm_bindgen]
pub fn cancel(id: u32) {
    take(id);
}

fn put_back(id: u32, job: Job) {
    TASKS.with_borrow_mut(|tasks| {
        if let Some(Some(task)) = tasks.get_mut(id as usize) {
            task.job = Some(job);
        }
    });
}

fn take(id: u32) {
    // Dropped outside of the borrow: a future's end may wake others.
    let task = TASKS.with_borrow_mut(|tasks| tasks.get_mut(id as usize).and_then(Option::take));
    drop(task);
}
