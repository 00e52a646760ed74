//! Hints among tabs that something was written, so that one which makes no call hears of it too. What was written, and
//! whether it was, each reads in the database: a tab may die between its commit and its hint.

use std::cell::{Cell, RefCell};

use js_sys::Function;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::BroadcastChannel;

/// The hints of a handle, for as long as it has a connection.
pub struct Hints {
    name: String,
    channel: RefCell<Option<BroadcastChannel>>,
    /// What hears of others' hints.
    listener: RefCell<Option<Closure<dyn FnMut()>>>,
    /// How hints of writes that follow each other closely become one.
    pace: Cell<Pace>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Pace {
    /// Each is told at once.
    #[default]
    Unbound,
    /// The next is told at once, those behind it later.
    Free,
    /// One was told just now.
    Told,
    /// And there is another to be told.
    More,
}

impl Hints {
    /// About the database `name`.
    pub fn new(name: &str) -> Self {
        Self {
            name: ["bytestow ", name].concat(),
            channel: RefCell::default(),
            listener: RefCell::default(),
            pace: Cell::default(),
        }
    }

    /// From now on [`go_on`](Self::go_on) is called behind writes: until then what follows the first hint is one.
    pub fn pace(&self) {
        self.pace.set(Pace::Free);
    }

    /// Whether [`go_on`](Self::go_on) is waited for.
    pub fn waits(&self) -> bool {
        matches!(self.pace.get(), Pace::Told | Pace::More)
    }

    /// The writes that followed each other closely are over, for the time being.
    pub fn go_on(&self) {
        if self.waits() && self.pace.replace(Pace::Free) == Pace::More {
            self.tell();
        }
    }

    /// Has `listener` hear of others' hints, from the next connection on.
    pub fn listen(&self, listener: Closure<dyn FnMut()>) {
        self.listener.replace(Some(listener));
    }

    fn hears(&self) -> Option<Function> {
        self.listener.borrow().as_ref().map(|listener| listener.as_ref().unchecked_ref::<Function>().clone())
    }

    /// There is a connection.
    pub fn open(&self) {
        // Where there are no such channels, nobody is told.
        let Ok(channel) = BroadcastChannel::new(&self.name) else { return };
        channel.set_onmessage(self.hears().as_ref());
        if let Some(before) = self.channel.replace(Some(channel)) {
            before.close();
        }
    }

    /// The page is back: it may have missed some.
    pub fn come_back(&self) {
        if let Some(hears) = self.hears() {
            self.open();
            // It does not throw.
            let _ = hears.call0(&JsValue::UNDEFINED);
        }
    }

    /// Tells the others.
    pub fn tell(&self) {
        match self.pace.get() {
            Pace::Unbound => {}
            Pace::Free => self.pace.set(Pace::Told),
            Pace::Told | Pace::More => return self.pace.set(Pace::More),
        }
        if let Some(channel) = &*self.channel.borrow() {
            let _ = channel.post_message(&JsValue::UNDEFINED);
        }
    }

    /// There is no connection any more: a page put aside could not be kept with an open channel.
    pub fn close(&self) {
        self.go_on();
        if let Some(channel) = self.channel.take() {
            channel.close();
        }
    }
}
