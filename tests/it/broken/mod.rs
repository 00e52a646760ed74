//! Stores that break the contract in one way each. The kit must see it, and the rule that is about it must be among
//! those that do.

mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytestow::conformance::{Bounds, Harness, OpenOptions, Opened, rules, run};
use bytestow::{ByteStore, Capabilities, Error};
use futures_executor::block_on;

use crate::shared::{SharedBackends, in_namespace};
use store::{Broken, Defect};

/// A defect, and rules that must see it.
const DEFECTS: &[(Defect, &[&str])] = {
    use Defect as D;
    &[
        (D::ForgetsAllButLastValue, &["P01-three-values", "P03-set-and-get"]),
        (D::MissingIsEmpty, &["R3-missing", "P02-store-is-empty", "P05-delete-values"]),
        (D::EmptyIsMissing, &["R4-empty-value"]),
        (D::DropsMissing, &["R1-shape", "R3-missing"]),
        (D::AnswersSorted, &["R1-shape", "P03-set-and-get"]),
        (D::AnswersOnce, &["R2-duplicate-keys", "P09-get-same-value"]),
        (D::FirstWins, &["W2-last-wins"]),
        (D::SetsNothingOld, &["P10-overwrite", "W3-read-your-writes"]),
        (D::KeepsTail, &["W1-overwrite-length"]),
        (D::RemembersReads, &["W3-read-your-writes", "W4-shared-writes", "W8-concurrent-writers"]),
        (D::RemembersOwnWrites, &["W4-shared-writes"]),
        (D::WritesInHalves, &["W7-atomic-batch"]),
        (D::DeletesInHalves, &["W7-atomic-batch"]),
        (D::WritesValuesInHalves, &["W8-concurrent-writers", "W7-atomic-batch"]),
        (D::SmallFirst, &["O2-call-order"]),
        (D::DeletesFirstOnly, &["P06-delete-bulk", "D3-delete-missing"]),
        (D::DeleteOfMissingFails, &["P07-delete-missing", "D3-delete-missing"]),
        (D::DeleteTwiceFails, &["D2-delete-duplicates"]),
        (D::Tombstones, &["D1-delete-then-set"]),
        (D::RefusesEmptyLists, &["O3-empty-lists"]),
        (D::CountsEmptyLists, &["O3-empty-lists"]),
        (D::ListsTwice, &["P08-set-is-idempotent", "P11-yield-keys", "L4-exactly-once"]),
        (D::PrefixAnywhere, &["L3-prefix-many"]),
        (D::PrefixIsPattern, &["L2-prefix-literal"]),
        (D::PrefixIgnoresCase, &["L2-prefix-literal", "L3-prefix-many"]),
        (D::PrefixExcludesItself, &["L3-prefix-many", "P11-yield-keys"]),
        (D::ForgetsPages, &["L4-exactly-once"]),
        (D::SkipsAtPageEnds, &["L4-exactly-once", "L5-change-while-iterating"]),
        (D::IgnoresLimit, &["L4-exactly-once", "L2-prefix-literal"]),
        (D::CountsPages, &["L5-change-while-iterating"]),
        (D::TrimsKeys, &["K1-any-unicode"]),
        (D::FoldsKeys, &["K1-any-unicode"]),
        (D::CutsKeysAtNul, &["K1-any-unicode"]),
        (D::CutsLongKeys, &["K5-long-keys"]),
        (D::ClaimsKeyLimit, &["K5-long-keys"]),
        (D::DropsProto, &["K2-prototype-keys"]),
        (D::NumbersInKeys, &["K3-numeric-keys"]),
        (D::TextValues, &["V1-all-bytes"]),
        (D::TrimsValues, &["V2-text-traps"]),
        (D::DropsBom, &["V2-text-traps"]),
        (D::CutsValues, &["V3-large-value"]),
        (D::ClearsAll, &["N3-clear-namespace", "N4-clear-all"]),
        (D::ClearsNothing, &["N3-clear-namespace", "N4-clear-all"]),
        (D::ClearRefusesAlways, &["N3-clear-namespace", "N4-clear-all"]),
        (D::ClaimsSharedBackend, &["N4-clear-all"]),
        (D::IgnoresTtl, &["T1-expires", "T2-default", "T4-hidden-from-list", "T5-reset"]),
        (D::LivesOneMsLonger, &["T1-expires"]),
        (D::LivesOneMsLess, &["T1-expires"]),
        (D::NeverIsDefault, &["T3-null-cancels"]),
        (D::AlwaysDefault, &["T2-default"]),
        (D::ListsExpired, &["T4-hidden-from-list"]),
        (D::TtlSticks, &["T5-reset"]),
        (D::ClaimsNoTtl, &["T6-no-ttl-refused", "T1-expires"]),
        (D::RefusesLongTtl, &["T6-no-ttl-refused"]),
        (D::OpenAfterClose, &["S1-close", "O1-check-order"]),
        (D::ClosedReadsNothing, &["S1-close", "O1-check-order"]),
        (D::ClosedEmptyIsFine, &["O1-check-order"]),
        (D::CloseTwiceFails, &["S1-close"]),
        (D::TakesForeignCursors, &["O1-check-order"]),
        (D::StatKnowsMissing, &["S2-stat"]),
        (D::StatSaysNever, &["S2-stat"]),
        (D::StatLater, &["S2-stat"]),
        (D::CountsNothing, &["S3-stats"]),
        (D::CountsMissesAsHits, &["S3-stats"]),
        (D::SetsAlways, &["S4-conditional-set", "S5-unchanged-since"]),
        (D::SaysStored, &["S4-conditional-set"]),
        (D::ChecksAllFirst, &["S4-conditional-set"]),
        (D::ClaimsNoConditionalSet, &["S4-conditional-set", "S5-unchanged-since"]),
        (D::ClaimsConditionalSet, &["S4-conditional-set"]),
        (D::AlwaysUnchanged, &["S5-unchanged-since"]),
        (D::NeverUnchanged, &["S5-unchanged-since"]),
        (D::UnchangedIfAbsent, &["S5-unchanged-since"]),
        (D::NoVersionOfMisses, &["S5-unchanged-since"]),
    ]
};

fn broken(defect: Defect) -> SharedBackends {
    SharedBackends::new(format!("{defect:?}"), Box::new(move |store| Arc::new(Broken::new(store, defect))))
}

/// Runs the rules that must see a defect, and lets none of them do so by a panic.
fn check(harness: &dyn Harness, expected: &[&str]) {
    for id in expected {
        let rule = rules().into_iter().find(|rule| rule.id == *id).unwrap_or_else(|| panic!("no rule {id}"));
        let end = block_on(rule.run(harness, 7));
        let failure = end.err().unwrap_or_else(|| panic!("{id} did not see {}", harness.name()));
        assert!(!failure.message.contains("a panic"), "{failure}");
    }
}

/// The wrapper itself breaks nothing.
#[test]
fn without_a_defect_every_rule_holds() {
    let report = block_on(run(&broken(Defect::None), 5));
    assert!(report.is_ok(), "{report}");
}

#[test]
fn defects_are_seen() {
    for (defect, expected) in DEFECTS {
        check(&broken(*defect), expected);
    }
}

/// What is broken where a store is opened.
#[derive(Clone, Copy, Debug)]
enum Opens {
    OneBackendForAll,
    ColonInNamespaces,
    NoNamespaces,
    AnyNamespace,
    ClaimsHidden,
    NoBounds,
    BoundsByValues,
    EvictsForNothing,
}

struct Misopened {
    inner: SharedBackends,
    opens: Opens,
}

impl Harness for Misopened {
    fn name(&self) -> &str {
        &self.inner.name
    }

    fn open<'a>(&'a self, backend: &'a str, mut options: OpenOptions) -> Opened<'a> {
        match self.opens {
            Opens::OneBackendForAll => self.inner.open("the one", options),
            Opens::NoNamespaces => {
                options.namespace = None;
                self.inner.open(backend, options)
            }
            Opens::AnyNamespace => {
                options.namespace = options.namespace.map(|name| format!("n{}n", name.replace('/', "n")));
                self.inner.open(backend, options)
            }
            Opens::ColonInNamespaces => Box::pin(async move {
                let namespace = options.namespace.take();
                let store = self.inner.open(backend, options).await?;
                let checked = in_namespace(store.clone(), namespace.as_deref())?;
                Ok(match namespace {
                    Some(name) => Arc::new(Broken::new(store, Defect::Prefixed(name.len()))) as Arc<dyn ByteStore>,
                    None => checked,
                })
            }),
            _ => self.inner.open(backend, options),
        }
    }

    fn other<'a>(&'a self, backend: &'a str) -> Option<Opened<'a>> {
        self.inner.other(if matches!(self.opens, Opens::OneBackendForAll) { "the one" } else { backend })
    }

    fn bounded<'a>(&'a self, backend: &'a str, mut bounds: Bounds, options: OpenOptions) -> Option<Opened<'a>> {
        match self.opens {
            Opens::NoBounds => bounds = Bounds::default(),
            Opens::BoundsByValues => bounds.max_bytes = bounds.max_bytes.map(|bytes| bytes + 100),
            Opens::EvictsForNothing => {
                return Some(Box::pin(async move {
                    let store = self.inner.bounded(backend, bounds, options).expect("it has bounds").await?;
                    Ok(Arc::new(Broken::new(store, Defect::ClearsBeforeTooLarge)) as Arc<dyn ByteStore>)
                }));
            }
            _ => {}
        }
        self.inner.bounded(backend, bounds, options)
    }
}

const OPENS: &[(Opens, &[&str])] = &[
    (Opens::OneBackendForAll, &["P04-still-empty"]),
    (Opens::ColonInNamespaces, &["N1-layout"]),
    (Opens::NoNamespaces, &["N2-isolation", "N1-layout", "N5-malformed", "N3-clear-namespace"]),
    (Opens::AnyNamespace, &["N5-malformed", "N1-layout"]),
    (Opens::ClaimsHidden, &["W4-shared-writes"]),
    (Opens::NoBounds, &["W6-too-large", "S3-stats"]),
    (Opens::BoundsByValues, &["W6-too-large"]),
    (Opens::EvictsForNothing, &["W6-too-large"]),
];

#[test]
fn stores_opened_wrongly_are_seen() {
    for (opens, expected) in OPENS {
        let defect = if matches!(opens, Opens::ClaimsHidden) { Defect::ClaimsHidden } else { Defect::None };
        let inner = SharedBackends { name: format!("{opens:?}"), ..broken(defect) };
        check(&Misopened { inner, opens: *opens }, expected);
    }
}

/// A rule that no broken store breaks has never been seen to work.
#[test]
fn every_rule_is_broken_by_something() {
    let seen: BTreeSet<&str> = DEFECTS
        .iter()
        .map(|(_, rules)| rules)
        .chain(OPENS.iter().map(|(_, rules)| rules))
        .flat_map(|ids| *ids)
        .copied()
        .collect();
    let unseen: Vec<_> = rules().into_iter().map(|rule| rule.id).filter(|id| !seen.contains(id)).collect();
    assert_eq!(unseen, [""; 0]);
}

/// A harness that cannot open its store fails every rule, and says why.
#[test]
fn a_store_that_does_not_open_is_no_success() {
    struct Absent;
    impl Harness for Absent {
        fn name(&self) -> &str {
            "absent"
        }
        fn open<'a>(&'a self, _backend: &'a str, _options: OpenOptions) -> Opened<'a> {
            Box::pin(async { Err(Error::new(bytestow::ErrorCode::Unavailable, "nobody is there")) })
        }
    }
    let report = block_on(run(&Absent, 1));
    assert_eq!(report.failed.len(), rules().len());
    assert!(report.failed.iter().all(|failure| failure.message.contains("nobody is there")), "{report}");
}

/// The claims of a store whose defect lies in them.
fn claims(honest: Capabilities, defect: Defect) -> Capabilities {
    match defect {
        Defect::ClaimsNoTtl => Capabilities { ttl: false, exact_ttl: false, ..honest },
        Defect::ClaimsNoConditionalSet => Capabilities { conditional_set: false, ..honest },
        Defect::ClaimsKeyLimit => Capabilities { max_key_bytes: Some(64), ..honest },
        Defect::ClaimsSharedBackend => Capabilities { shared_backend: true, ..honest },
        Defect::ClaimsHidden => Capabilities { shared_writes: false, ..honest },
        _ => honest,
    }
}
