//! Stands for the crate [`idna`](https://docs.rs/idna/1.1.0) under reqwest's URLs, in this workspace alone
//! (`[patch.crates-io]`): it takes host names that are ASCII and refuses others.
//!
//! Why: the real one is 8 kB of the wasm, gzipped, and nothing of it can happen there. Each URL passes JavaScript's `URL`
//! first, which makes ASCII of a host in any script, by the tables that the runtime has anyway.
//!
//! Native builds of this workspace have it, too, where no `URL` comes first. What the real one does there differs little: its
//! back end, `idna_adapter` 1.0.0, has no tables, and a name that is not ASCII is an error, so that users give Punycode; but
//! it refuses Punycode that stands for nothing, which this takes. Programs that use the crate `bytestow` from the registry
//! get the real one: a patch does not go along. `tests/packaging/supply_published.test.mjs` looks at what they get.

use std::borrow::Cow;
use std::fmt;

/// A host name cannot be taken.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Errors {}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host name is not one in ASCII")
    }
}

impl std::error::Error for Errors {}

/// Which characters of ASCII a host name must not have, besides controls.
#[derive(Clone, Copy, Debug)]
pub struct AsciiDenyList(&'static [u8]);

impl AsciiDenyList {
    /// [Forbidden domain code points](https://url.spec.whatwg.org/#forbidden-domain-code-point).
    pub const URL: Self = Self(b" #/:<>?@[\\]^|%");

    fn forbids(self, byte: u8) -> bool {
        !byte.is_ascii() || byte.is_ascii_control() || self.0.contains(&byte)
    }
}

/// The name in lower case.
///
/// # Errors
/// For one that is not ASCII, or has what `deny` forbids.
pub fn domain_to_ascii_from_cow(domain: Cow<'_, [u8]>, deny: AsciiDenyList) -> Result<Cow<'_, str>, Errors> {
    if domain.iter().any(|byte| deny.forbids(*byte)) {
        return Err(Errors {});
    }
    let domain = if domain.iter().any(u8::is_ascii_uppercase) { domain.to_ascii_lowercase().into() } else { domain };
    match domain {
        Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| Errors {}),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Errors {}),
    }
}

/// The name as it is: for people it would be in their script.
pub fn domain_to_unicode(domain: &str) -> (String, Result<(), Errors>) {
    (domain.to_owned(), Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascii(domain: &[u8]) -> Option<String> {
        domain_to_ascii_from_cow(domain.into(), AsciiDenyList::URL).ok().map(Cow::into_owned)
    }

    #[test]
    fn takes_ascii_in_lower_case() {
        let names =
            [("Example.COM", "example.com"), ("xn--bcher-kva.example", "xn--bcher-kva.example"), ("a_b", "a_b")];
        for (given, taken) in names {
            assert_eq!(ascii(given.as_bytes()).as_deref(), Some(taken));
        }
    }

    #[test]
    fn refuses_what_no_host_has() {
        assert_eq!(ascii("bücher.example".as_bytes()), None);
        assert_eq!(ascii(b"\xff"), None);
        for byte in (0..=b' ').chain([0x7f]).chain(*b"#%/:<>?@[\\]^|") {
            assert_eq!(ascii(&[b'a', byte, b'b']), None, "{byte:#x}");
        }
        let rest = (0x21..0x7f_u8).filter(|byte| !b"#%/:<>?@[\\]^|".contains(byte));
        rest.for_each(|byte| assert!(ascii(&[b'a', byte]).is_some(), "{byte:#x}"));
    }
}
