//! JavaScript's timers.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

use crate::BoxFuture;
use crate::timer::{LONGEST_SLEEP, Timer, micros};

/// `setTimeout`, `performance.now()` and `Math.random()`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTimer;

impl Timer for SystemTimer {
    /// Where there is no `performance` it is the time of day, which may go back; then it stands still until that is made
    /// up for.
    fn now(&self) -> Duration {
        thread_local! {
            static LATEST: Cell<f64> = const { Cell::new(0.0) };
        }
        let clock = global("performance");
        let now = global_function(&clock, "now").and_then(|now| now.call0(&clock).ok()).and_then(|now| now.as_f64());
        let latest = now.unwrap_or_else(js_sys::Date::now).max(LATEST.get());
        LATEST.set(latest);
        Duration::from_micros((latest * 1_000.0) as u64)
    }

    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        // Rounded up: whoever slept for a time must find it gone.
        let ms = micros(time.min(LONGEST_SLEEP)).div_ceil(1_000);
        Box::pin(Sleep { ms: ms as u32, begun: None })
    }

    fn random(&self) -> f64 {
        js_sys::Math::random()
    }
}

fn global(name: &str) -> JsValue {
    Reflect::get(&js_sys::global(), &name.into()).unwrap_or_default()
}

fn global_function(object: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(object, &name.into()).ok()?.dyn_into().ok()
}

/// Has `callback` called in so many ms; gives what [`clear_timeout`] takes.
pub(super) fn set_timeout(callback: &JsValue, ms: u32) -> JsValue {
    let global = js_sys::global();
    let set = global_function(&global, "setTimeout");
    set.and_then(|set| set.call2(&global, callback, &ms.into()).ok()).unwrap_or_default()
}

/// Nothing is to be called any more.
pub(super) fn clear_timeout(id: &JsValue) {
    let global = js_sys::global();
    let _ = global_function(&global, "clearTimeout").map(|clear| clear.call1(&global, id));
}

/// Set when first polled; cleared when dropped.
struct Sleep {
    ms: u32,
    begun: Option<Begun>,
}

struct Begun {
    id: JsValue,
    state: Rc<State>,
    _callback: Closure<dyn FnMut()>,
}

#[derive(Default)]
struct State {
    over: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let ms = self.ms;
        let begun = self.begun.get_or_insert_with(|| begin(ms));
        if begun.state.over.get() {
            return Poll::Ready(());
        }
        begun.state.waker.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

fn begin(ms: u32) -> Begun {
    let state = Rc::<State>::default();
    let told = state.clone();
    let callback = Closure::<dyn FnMut()>::new(move || {
        told.over.set(true);
        if let Some(waker) = told.waker.take() {
            waker.wake();
        }
    });
    Begun { id: set_timeout(callback.as_ref(), ms), state, _callback: callback }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.state.over.get() {
            clear_timeout(&self.id);
        }
    }
}
