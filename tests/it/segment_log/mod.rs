//! The log on a simulated database.

mod ahead;
mod behind;
mod bounds;
mod changes;
mod checkpoints;
mod closing;
mod conditions;
mod cramped;
mod damage;
mod decoders;
mod deleted;
mod driver;
mod faults;
mod golden;
mod histories;
mod kit;
mod model;
mod ops;
mod order;
mod requests;
mod rows;
mod stopped;
mod unreadable;
mod waste;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytestow::segment_log::sim::SimDatabase;

/// The end of `call` on a database that does one request at a time.
fn end_of<T>(database: &SimDatabase, call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    loop {
        if let Poll::Ready(end) = call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return end;
        }
        database.step(0);
    }
}
