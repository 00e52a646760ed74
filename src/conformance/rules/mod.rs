//! The bodies of the rules, one file a chapter of the contract.

mod keys;
mod lifecycle;
mod listing;
mod namespaces;
mod order;
mod python;
mod reads;
mod ttl;
mod values;
mod versions;
mod writes;

use super::Body;

/// A chapter: the rules' ids, and the functions that check them.
macro_rules! chapter {
    ($($id:literal => $body:ident,)+) => {
        pub(super) const BODIES: &[(&str, $crate::conformance::Body)] =
            &[$(($id, |context| Box::pin($body(context))),)+];
    };
}
use chapter;

/// Fails: of a rule that nobody has written a check for.
pub(super) const NO_BODY: Body =
    |_| Box::pin(async { Err("the Rust kit has no check for this rule".to_owned().into()) });

/// The checks, by the ids of their rules.
pub(super) fn bodies() -> impl Iterator<Item = &'static (&'static str, Body)> {
    let chapters = [
        python::BODIES,
        order::BODIES,
        reads::BODIES,
        writes::BODIES,
        listing::BODIES,
        keys::BODIES,
        values::BODIES,
        namespaces::BODIES,
        ttl::BODIES,
        lifecycle::BODIES,
        versions::BODIES,
    ];
    chapters.into_iter().flatten()
}

/// The check of one rule.
pub(super) fn body(id: &str) -> Option<Body> {
    bodies().find(|(of, _)| *of == id).map(|(_, body)| *body)
}
