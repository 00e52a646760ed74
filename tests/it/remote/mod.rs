//! Stores over a network: `UpstashRedisByteStore` over a simulated server, and the tiers. Nothing sleeps: waiting is a
//! `ManualTimer`'s, which also tells when a call can never end.

mod chaos;
mod client;
mod faults;
mod gate;
mod kit;
mod model;
mod redis;
mod server;
mod sharing;
mod tiers;
mod tiers_more;
mod wire;

use std::sync::Arc;

use bytestow::upstash::{Token, UpstashOptions, UpstashRedisByteStore};
use bytestow::{ManualTimer, Secret};

use self::server::{Mode, Server, TOKEN, URL};

/// Numbers from a seed (splitmix64).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// From 0 up to, not including, `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// These seeds, and one more from the environment: `BYTESTOW_SEED=... cargo test --test it`.
pub fn seeds(own: impl IntoIterator<Item = u64>) -> Vec<u64> {
    let more = std::env::var("BYTESTOW_SEED").ok().map(|seed| seed.parse().expect("BYTESTOW_SEED is a number"));
    own.into_iter().chain(more).collect()
}

/// Options of a store in the database `name` of `server`.
pub fn options(server: &Arc<Server>, name: &str) -> UpstashOptions {
    UpstashOptions {
        transport: Some(server.clone()),
        timer: Some(Arc::new(server.timer.clone())),
        ..UpstashOptions::new(format!("{URL}{name}"), Token::Fixed(Secret::new(TOKEN)))
    }
}

/// A store in a fresh database of a server of `mode`, and both of its timers in one.
pub fn store(mode: Mode) -> (UpstashRedisByteStore, Arc<Server>, ManualTimer) {
    let timer = ManualTimer::new(1);
    let server = Server::new(mode, &timer);
    let store = UpstashRedisByteStore::new(options(&server, "db")).unwrap();
    (store, server, timer)
}
