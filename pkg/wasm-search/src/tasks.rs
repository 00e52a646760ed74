//! Calls on their way: polled when TypeScript pumps, and at no other time.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use wasm_bindgen::JsValue;

use crate::engine::Failed;

/// What a call comes to: a value, or a failure as `BytestowError` takes it.
pub type Outcome = Result<JsValue, Failed>;

/// A call.
pub type Job = Pin<Box<dyn Future<Output = Outcome>>>;

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    id: u32,
    /// Taken out while it is polled.
    job: Option<Job>,
    woken: Arc<Woken>,
}

/// Those that have not ended.
#[derive(Default)]
pub struct Tasks {
    tasks: Vec<Task>,
    last: u32,
    /// Behind whom the next is looked for.
    polled: u32,
}

/// One that is to be polled.
pub struct Turn {
    id: u32,
    job: Job,
    woken: Arc<Woken>,
}

impl Turn {
    /// Polls it: gives what it has come to, or the task, to be [put back](Tasks::put_back).
    pub fn poll(mut self) -> Result<(u32, Outcome), Self> {
        self.woken.0.store(false, Ordering::Relaxed);
        match self.job.as_mut().poll(&mut Context::from_waker(&Waker::from(self.woken.clone()))) {
            Poll::Ready(outcome) => Ok((self.id, outcome)),
            Poll::Pending => Err(self),
        }
    }
}

impl Tasks {
    /// Takes a call; gives its number.
    pub fn begin(&mut self, job: Job) -> u32 {
        self.last = self.last.wrapping_add(1);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        self.tasks.push(Task { id: self.last, job: Some(job), woken });
        self.last
    }

    /// The next that has been woken, in turns: whoever wakes itself lets all others come before. So searches that were
    /// called in one moment find each other.
    pub fn next(&mut self) -> Option<Turn> {
        let behind = self.tasks.partition_point(|task| task.id <= self.polled);
        let (before, after) = self.tasks.split_at_mut(behind);
        let is_next = |task: &&mut Task| task.job.is_some() && task.woken.0.load(Ordering::Relaxed);
        let task = after.iter_mut().chain(before).find(is_next)?;
        let job = task.job.take()?;
        self.polled = task.id;
        Some(Turn { id: task.id, job, woken: task.woken.clone() })
    }

    /// Puts back what is not done.
    pub fn put_back(&mut self, turn: Turn) {
        if let Some(task) = self.tasks.iter_mut().find(|task| task.id == turn.id) {
            task.job = Some(turn.job);
        }
    }

    /// Takes a task out: it has ended, or nobody waits for it any more.
    #[must_use = "it is to be dropped when nothing is borrowed: a future's end may wake others"]
    pub fn end(&mut self, id: u32) -> Option<Job> {
        let at = self.tasks.iter().position(|task| task.id == id)?;
        self.tasks.remove(at).job
    }
}
