//! The contract as data: every rule of [`RULES`] that Rust can check, to hold a store of one's own against it.
//!
//! A [`Harness`] says how to open the store; [`run`] checks every rule on backends of its own and reports. Nothing
//! sleeps and nothing is needed of the executor: time is a [`ManualClock`](crate::ManualClock) that the rules move,
//! and where two calls must overlap the kit polls both itself. No rule is left out for what a store lacks: a claim that
//! is not made ([`Capabilities`](crate::Capabilities)) is tested as such, and what could not be looked at stands among
//! the [notes](Report::notes).
//!
//! Keys and values come from the seed. A broken rule says `seed=... rule=... store=...`; the same seed gives the same
//! run again, and [`Rule::run`] repeats that one rule.
//!
//! ```
//! use std::sync::Arc;
//! use bytestow::conformance::{Harness, OpenOptions, Opened, run};
//! use bytestow::{ByteStore, InMemoryByteStore, MemoryOptions, layers::Namespaced};
//!
//! struct Mine;
//!
//! impl Harness for Mine {
//!     fn name(&self) -> &str {
//!         "InMemoryByteStore"
//!     }
//!
//!     // A store that is its own backend: the name of the backend means nothing.
//!     fn open<'a>(&'a self, _backend: &'a str, options: OpenOptions) -> Opened<'a> {
//!         Box::pin(async move {
//!             let OpenOptions { namespace, ttl, clock, observer } = options;
//!             let options = MemoryOptions { ttl, clock: Some(clock), observer, ..MemoryOptions::default() };
//!             let store: Arc<dyn ByteStore> = Arc::new(InMemoryByteStore::with_options(options));
//!             Ok(match namespace {
//!                 Some(namespace) => Arc::new(Namespaced::new(store, &namespace)?),
//!                 None => store,
//!             })
//!         })
//!     }
//! }
//!
//! # futures_executor::block_on(async {
//! let report = run(&Mine, 42).await;
//! assert!(report.is_ok(), "{report}");
//! # });
//! ```

mod context;
mod expect;
mod harness;
mod random;
mod rules;

use std::fmt;
use std::panic::AssertUnwindSafe;

pub use harness::{Bounds, Harness, OpenOptions, Opened};

use crate::store::{Kits, RULES};
use crate::{BoxFuture, RuleTitle};
use context::Context;
use expect::Checked;

/// Checks one rule.
type Body = for<'a> fn(&'a Context<'a>) -> BoxFuture<'a, Checked>;

/// A rule of the contract, ready to run.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its stable id: `"R4-empty-value"`.
    pub id: &'static str,
    /// What it says.
    pub title: &'static str,
    body: Body,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.title)
    }
}

/// A rule that is broken, and how.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The rule.
    pub rule: &'static str,
    /// What it says.
    pub title: &'static str,
    /// The seed of the run; given again, it repeats it.
    pub seed: u64,
    /// The store, as its harness names it.
    pub store: String,
    /// What happened.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, title, seed, store, message } = self;
        write!(f, "seed={seed} rule={rule} store={store}: {message} ({title})")
    }
}

impl std::error::Error for Failure {}

/// How a run went.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Where keys and values came from.
    pub seed: u64,
    /// The store, as its harness names it.
    pub store: String,
    /// The ids of the rules that hold.
    pub passed: Vec<&'static str>,
    /// The rules that are broken.
    pub failed: Vec<Failure>,
    /// What could not be looked at on this store, and why: `rule: what`. Part of the result.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether every rule holds.
    pub fn is_ok(&self) -> bool {
        self.failed.is_empty() && !self.passed.is_empty()
    }

    /// Whether the rule with this id is broken.
    pub fn breaks(&self, id: &str) -> bool {
        self.failed.iter().any(|failure| failure.rule == id)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for note in &self.notes {
            writeln!(f, "note {note}")?;
        }
        for failure in &self.failed {
            writeln!(f, "BROKEN {failure}")?;
        }
        let (seed, store) = (self.seed, &self.store);
        write!(f, "{store}: {} rules hold, {} are broken (seed={seed})", self.passed.len(), self.failed.len())
    }
}

/// The rules that the Rust kit checks: those of [`RULES`] that are not about JavaScript alone, in their order.
pub fn rules() -> Vec<Rule> {
    let here = RULES.iter().filter(|rule| rule.kits != Kits::JavaScript);
    here.map(|RuleTitle { id, title, .. }| Rule { id, title, body: rules::body(id).unwrap_or(rules::NO_BODY) })
        .collect()
}

/// Holds a store against every rule of [`rules`], one after the other, each on backends of its own. A broken rule
/// stands in the report and keeps none of the others from running, not even if the store panics (where panics unwind).
pub async fn run(harness: &dyn Harness, seed: u64) -> Report {
    let mut report = Report { seed, store: harness.name().to_owned(), ..Report::default() };
    for rule in rules() {
        match rule.run(harness, seed).await {
            Ok(notes) => {
                report.passed.push(rule.id);
                report.notes.extend(notes.into_iter().map(|note| format!("{}: {note}", rule.id)));
            }
            Err(failure) => report.failed.push(failure),
        }
    }
    report
}

impl Rule {
    /// Checks this rule alone; gives what it could not look at.
    ///
    /// # Errors
    /// The rule is broken.
    pub async fn run(&self, harness: &dyn Harness, seed: u64) -> Result<Vec<String>, Failure> {
        let backend = format!("bytestow-kit-{seed:x}-{}", self.id);
        let checked = match Context::start(harness, &backend, random::seed_of(seed, self.id)).await {
            Ok(context) => {
                let checked = unpanicked((self.body)(&context)).await;
                context.end().await;
                checked.map(|()| context.into_notes())
            }
            Err(broken) => Err(broken),
        };
        checked.map_err(|broken| Failure {
            rule: self.id,
            title: self.title,
            seed,
            store: harness.name().to_owned(),
            message: broken.to_string(),
        })
    }
}

/// The end of `checked`, also if it is a panic.
async fn unpanicked(mut checked: BoxFuture<'_, Checked>) -> Checked {
    std::future::poll_fn(|task| {
        // What a panic leaves behind is this rule's alone, and thrown away with it.
        std::panic::catch_unwind(AssertUnwindSafe(|| checked.as_mut().poll(task))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of an unknown kind");
            std::task::Poll::Ready(Err(format!("a panic: {text}").into()))
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule without a body would fail everywhere; a body without a rule would never run.
    #[test]
    fn bodies_are_those_of_the_rules() {
        let mut titled: Vec<&str> = rules().iter().map(|rule| rule.id).collect();
        let mut written: Vec<&str> = rules::bodies().map(|(id, _)| *id).collect();
        titled.sort_unstable();
        written.sort_unstable();
        assert_eq!(titled, written);
    }
}
