//! The contract on `UpstashRedisByteStore` and `TieredByteStore`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytestow::conformance::{Bounds, Harness, OpenOptions, Opened, Report, rules, run};
use bytestow::layers::{Namespaced, Sharing, TieredByteStore, TieredOptions};
use bytestow::upstash::{Encoding, UpstashOptions, UpstashRedisByteStore};
use bytestow::{ByteStore, InMemoryByteStore, ManualTimer, MemoryOptions, Result};

use super::server::{Mode, Server};
use super::{options, seeds};
use crate::shared::{SharedBackends, in_namespace, memory_options};

fn reports(harness: &dyn Harness, timer: &ManualTimer) -> Vec<Report> {
    seeds([1, 0x5EED]).into_iter().map(|seed| timer.run(run(harness, seed))).collect()
}

fn holds(harness: &dyn Harness, timer: &ManualTimer) {
    for report in reports(harness, timer) {
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.passed.len(), rules().len());
    }
}

/// A store in a database of a simulated server; backends are databases.
struct Remote {
    name: String,
    server: Arc<Server>,
    encoding: Encoding,
    sharing: Sharing,
}

impl Remote {
    fn new(mode: Mode, encoding: Encoding) -> Self {
        let server = Server::new(mode, &ManualTimer::new(1));
        Self { name: format!("Upstash, {}, {encoding:?}", mode.name), server, encoding, sharing: Sharing::Calls }
    }

    fn store(&self, backend: &str, ttl: Option<Duration>) -> Result<Arc<dyn ByteStore>> {
        let (encoding, sharing) = (self.encoding, self.sharing);
        let options = UpstashOptions { ttl, encoding, sharing, ..options(&self.server, backend) };
        Ok(Arc::new(UpstashRedisByteStore::new(options)?))
    }

    fn holds(&self) {
        holds(self, &self.server.timer);
    }
}

impl Harness for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            self.server.make(backend, options.clock);
            in_namespace(self.store(backend, options.ttl)?, options.namespace.as_deref())
        })
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        Some(Box::pin(async move { self.store(backend, None) }))
    }
}

#[test]
fn upstash() {
    Remote::new(Mode::FULL, Encoding::Auto).holds();
}

#[test]
fn upstash_without_resp2() {
    Remote::new(Mode::NO_RESP2, Encoding::Auto).holds();
}

#[test]
fn upstash_without_base64() {
    Remote::new(Mode::NO_BASE64, Encoding::Auto).holds();
}

#[test]
fn upstash_that_refuses_other_forms() {
    Remote::new(Mode::REFUSES_FORMS, Encoding::Auto).holds();
}

#[test]
fn upstash_in_plain_json_only() {
    Remote::new(Mode::PLAIN, Encoding::Auto).holds();
}

#[test]
fn upstash_without_msetex_and_unlink() {
    Remote::new(Mode::OLD, Encoding::Auto).holds();
}

#[test]
fn upstash_with_small_limits() {
    Remote::new(Mode::SMALL, Encoding::Auto).holds();
}

#[test]
fn upstash_where_nothing_is_shared() {
    let name = "Upstash, nothing shared".to_owned();
    Remote { sharing: Sharing::Nothing, name, ..Remote::new(Mode::FULL, Encoding::Auto) }.holds();
}

/// `Encoding::Raw` writes values that are no text under keys that can stand in a URL's path, and refuses the others: these
/// rules use such keys, and all others hold.
fn holds_raw(mode: Mode) {
    const REFUSED: [&str; 4] = ["L2-prefix-literal", "K1-any-unicode", "K5-long-keys", "N4-clear-all"];
    let remote = Remote::new(mode, Encoding::Raw);
    for report in reports(&remote, &remote.server.timer) {
        let broken: Vec<&str> = report.failed.iter().map(|failure| failure.rule).collect();
        assert_eq!(broken, REFUSED, "{report}");
        assert!(
            report.failed.iter().all(|failure| failure.message.contains("unsupported: encoding: \"raw\"")),
            "{report}"
        );
        assert_eq!(report.passed.len(), rules().len() - REFUSED.len());
    }
}

#[test]
fn upstash_raw() {
    holds_raw(Mode::FULL);
}

#[test]
fn upstash_raw_without_resp2() {
    holds_raw(Mode::NO_RESP2);
}

#[test]
fn upstash_raw_without_base64() {
    holds_raw(Mode::NO_BASE64);
}

#[test]
fn upstash_raw_with_small_limits() {
    holds_raw(Mode::SMALL);
}

/// A local store in memory, one a backend, before a remote one.
struct Tiers<R> {
    name: String,
    remote: R,
    timer: ManualTimer,
    sharing: Sharing,
    /// Whether a namespace is one of each tier, or around both.
    within: bool,
    locals: Mutex<HashMap<String, Arc<dyn ByteStore>>>,
}

impl<R: Harness> Tiers<R> {
    fn new(remote: R, timer: &ManualTimer) -> Self {
        let name = format!("tiers before {}", remote.name());
        let timer = timer.clone();
        Self { name, remote, timer, sharing: Sharing::Calls, within: false, locals: Mutex::default() }
    }

    fn tiered(&self, local: Arc<dyn ByteStore>, remote: Arc<dyn ByteStore>) -> Arc<dyn ByteStore> {
        let options = TieredOptions { sharing: self.sharing, ..TieredOptions::new(Arc::new(self.timer.clone())) };
        Arc::new(TieredByteStore::new(local, remote, options))
    }

    fn local(&self, backend: &str, made: impl FnOnce() -> MemoryOptions) -> Arc<dyn ByteStore> {
        let mut locals = self.locals.lock().unwrap();
        let local = locals.entry(backend.to_owned());
        local.or_insert_with(|| Arc::new(InMemoryByteStore::with_options(made()))).clone()
    }
}

impl<R: Harness> Harness for Tiers<R> {
    fn name(&self) -> &str {
        &self.name
    }

    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            let asked = OpenOptions { ttl: None, ..options.clone() };
            let local = self.local(backend, || memory_options(&asked, Bounds::default()));
            match options.namespace.clone() {
                Some(namespace) if self.within => {
                    let remote = self.remote.open(backend, options).await?;
                    Ok(self.tiered(Arc::new(Namespaced::new(local, &namespace)?), remote))
                }
                namespace => {
                    let remote = self.remote.open(backend, OpenOptions { namespace: None, ..options }).await?;
                    in_namespace(self.tiered(local, remote), namespace.as_deref())
                }
            }
        })
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        let remote = self.remote.other(backend)?;
        Some(Box::pin(async move { Ok(self.tiered(self.local(backend, MemoryOptions::default), remote.await?)) }))
    }
}

fn tiers_before_upstash(mode: Mode) -> Tiers<Remote> {
    let remote = Remote::new(mode, Encoding::Auto);
    let timer = remote.server.timer.clone();
    Tiers::new(remote, &timer)
}

#[test]
fn tiers_with_upstash() {
    let tiers = tiers_before_upstash(Mode::FULL);
    holds(&tiers, &tiers.timer);
}

#[test]
fn tiers_with_the_least_of_upstash() {
    let tiers = Tiers { within: true, ..tiers_before_upstash(Mode { lacks: Mode::OLD.lacks, ..Mode::PLAIN }) };
    holds(&tiers, &tiers.timer);
}

#[test]
fn tiers_where_nothing_is_shared() {
    let tiers = Tiers { sharing: Sharing::Nothing, ..tiers_before_upstash(Mode::FULL) };
    holds(&tiers, &tiers.timer);
}

fn tiers_in_memory() -> Tiers<SharedBackends> {
    Tiers::new(SharedBackends::new("handles on one map", Box::new(|store| store)), &ManualTimer::new(1))
}

#[test]
fn tiers_in_memory_alone() {
    let tiers = tiers_in_memory();
    holds(&tiers, &tiers.timer);
}

#[test]
fn tiers_each_with_the_namespace() {
    let tiers = Tiers { within: true, ..tiers_in_memory() };
    holds(&tiers, &tiers.timer);
}
