//! What goes wrong in a history.

use bytestow::Ttl;
use bytestow::segment_log::sim::Mishap;

use super::World;
use crate::segment_log::ops::Op;

impl World {
    pub fn mishap(&mut self) {
        let all = [
            Mishap::Abort,
            Mishap::Quota,
            Mishap::Lose,
            Mishap::LoseAfter,
            Mishap::LoseTransaction,
            Mishap::Break,
            Mishap::Unreadable,
        ];
        let mishap = all[self.noise.below(all.len())];
        self.database.mishap(self.noise.next() % 12, mishap);
    }

    /// A handle is closed, whatever it does, and another takes its place.
    pub fn close(&mut self) {
        let at = self.noise.below(self.tabs.len());
        if self.noise.chance(2) {
            self.call_on(at, Op::Maintain, Ttl::Never);
            for _ in 0..self.noise.below(20) {
                self.step();
            }
        }
        self.call_on(at, Op::Close, Ttl::Never);
        self.tabs.remove(at);
        self.open_tab();
    }

    /// Nobody waits for a call any more: an abort signal, at whatever it is that it awaits.
    pub fn drop_call(&mut self) {
        if !self.tasks.is_empty() {
            let at = self.noise.below(self.tasks.len());
            drop(self.tasks.remove(at));
            self.settle();
        }
    }

    /// There is room for little more than is stored, or for nothing before something is deleted; or for all, again.
    pub fn fill_disk(&mut self) {
        let room = self.database.bytes() + self.noise.next() % 2_000;
        let cramped = 1 + self.noise.next() % 2_000;
        let is_full = self.noise.chance(2);
        self.database.room(is_full.then_some(room));
        self.database.cramp(if is_full && self.noise.chance(2) { cramped } else { 0 });
    }

    pub fn kill(&mut self) {
        let (at, commits) = (self.noise.below(self.tabs.len()), self.noise.chance(2));
        self.kill_tab(at, commits);
    }

    /// Makes calls, lets `after` requests of them be done, and kills the tab.
    pub fn call_and_kill(&mut self, after: usize, commits: bool, calls: impl Fn(&mut Self)) {
        calls(self);
        for _ in 0..after {
            self.step();
        }
        self.kill_tab(0, commits);
    }

    fn kill_tab(&mut self, at: usize, commits: bool) {
        let tab = self.tabs.remove(at);
        self.database.kill(tab.number, commits);
        self.take_commits();
        self.tasks.retain(|task| task.tab != tab.number);
        drop(tab);
        self.settle();
        self.open_tab();
    }

    pub fn delete_database(&mut self) {
        self.take_commits();
        self.database.delete();
        self.model.clear("");
        self.settle();
    }
}
