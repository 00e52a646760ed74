//! The contract, on the log.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytestow::conformance::{Bounds, Harness, OpenOptions, Opened, rules, run};
use bytestow::layers::{Coalesced, Sharing};
use bytestow::segment_log::sim::{SimBackend, SimDatabase};
use bytestow::segment_log::{SegmentLog, SegmentLogOptions, Tuning};
use bytestow::{ByteStore, ManualTimer, SharedClock};
use futures_executor::block_on;

use crate::shared::in_namespace;

/// Databases by name, each handle a tab of its own.
struct Databases {
    name: &'static str,
    tuning: Tuning,
    memory_bytes: u64,
    /// Whether reads of one turn are one call below.
    coalesced: bool,
    databases: Mutex<HashMap<String, (SimDatabase, SharedClock)>>,
    tabs: Mutex<u64>,
}

impl Databases {
    fn new(name: &'static str, tuning: Tuning, memory_bytes: u64) -> Self {
        Self { name, tuning, memory_bytes, coalesced: false, databases: Mutex::default(), tabs: Mutex::default() }
    }

    fn around(&self, log: SegmentLog<SimBackend>) -> Arc<dyn ByteStore> {
        let log: Arc<dyn ByteStore> = Arc::new(log);
        if self.coalesced {
            return Arc::new(Coalesced::new(log, Sharing::Calls, Arc::new(ManualTimer::new(1))));
        }
        log
    }

    fn handle(&self, backend: &str, options: Option<OpenOptions>, max_bytes: Option<u64>) -> SegmentLog<SimBackend> {
        let mut databases = self.databases.lock().unwrap();
        let (database, clock) = databases
            .entry(backend.to_owned())
            .or_insert_with(|| (SimDatabase::new(), options.as_ref().unwrap().clock.clone()))
            .clone();
        let mut tabs = self.tabs.lock().unwrap();
        *tabs += 1;
        let (ttl, observer) = options.map_or((None, None), |options| (options.ttl, options.observer));
        let options = SegmentLogOptions {
            name: backend.to_owned(),
            ttl,
            max_bytes,
            memory_bytes: self.memory_bytes,
            clock: Some(clock),
            observer,
            tuning: self.tuning,
            ..SegmentLogOptions::default()
        };
        SegmentLog::new(database.tab(*tabs), options)
    }
}

impl Harness for Databases {
    fn name(&self) -> &str {
        self.name
    }

    fn open<'a>(&'a self, backend: &'a str, options: OpenOptions) -> Opened<'a> {
        Box::pin(async move {
            let namespace = options.namespace.clone();
            let store = self.around(self.handle(backend, Some(options), None));
            in_namespace(store, namespace.as_deref())
        })
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        Some(Box::pin(async move { Ok(self.around(self.handle(backend, None, None))) }))
    }

    fn bounded<'a>(&'a self, backend: &'a str, bounds: Bounds, options: OpenOptions) -> Option<Opened<'a>> {
        let max_bytes = bounds.max_bytes.filter(|_| bounds.max_entries.is_none())?;
        Some(Box::pin(async move { Ok(self.around(self.handle(backend, Some(options), Some(max_bytes)))) }))
    }
}

fn holds(databases: Databases) {
    for seed in [1, 0x5EED] {
        let report = block_on(run(&databases, seed));
        assert!(report.is_ok(), "{report}");
        assert_eq!(report.passed.len(), rules().len());
    }
}

#[test]
fn segment_log_keeps_the_contract() {
    holds(Databases::new("SegmentLog", Tuning::default(), 8 << 20));
}

#[test]
fn segment_log_keeps_the_contract_without_memory() {
    holds(Databases::new("SegmentLog, no memory", Tuning::default(), 0));
}

#[test]
fn segment_log_keeps_the_contract_in_small_pieces() {
    let tuning =
        Tuning { segment_bytes: 100, inline_values: 2, inline_bytes: 50, page_rows: 3, scan: 7, ..Tuning::default() };
    holds(Databases::new("SegmentLog in small pieces", tuning, 10_000));
}

#[test]
fn segment_log_keeps_the_contract_when_reads_are_joined() {
    let databases = Databases::new("SegmentLog, coalesced", Tuning::default(), 0);
    holds(Databases { coalesced: true, ..databases });
}
