//! How a value stands in Redis.
//!
//! Well-formed UTF-8 text stands as it is, so that any Redis client, and LangChain's stores in both languages, can read
//! it. Everything else is [`MARKER`] and the standard padded base64 of the bytes: what is not UTF-8, text that holds
//! U+FFFD (in a reply that could not be told from bytes that the server has replaced), and text that begins with the
//! marker itself.
//!
//! What is read is taken for ours only if it is exactly what we would have written: the marker, strict base64, and
//! bytes that could not have stood as they are. So every text that another client has written comes back as it is.

use super::base64;
use super::search::lead_of_replacement;

/// Begins each value that does not stand as it is.
pub const MARKER: &[u8] = b"bytestow1:";

/// Whether `bytes` stand as they are.
pub fn is_verbatim(bytes: &[u8]) -> bool {
    !bytes.starts_with(MARKER) && !is_doubtful(bytes)
}

/// Whether `bytes`, read as plain JSON, may be what the server has made of others: U+FFFD stands where they were no UTF-8.
pub fn is_doubtful(bytes: &[u8]) -> bool {
    // What we write is ASCII for the most part, and that is told at a glance.
    !bytes.is_ascii() && (std::str::from_utf8(bytes).is_err() || has_replacement(bytes))
}

/// Whether U+FFFD is in a text. Not `str::contains`, whose search for a character is one more copy of it in the wasm.
fn has_replacement(mut text: &[u8]) -> bool {
    const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();
    while let Some(at) = lead_of_replacement(text) {
        text = text.get(at..).unwrap_or_default();
        if text.starts_with(REPLACEMENT) {
            return true;
        }
        text = text.get(1..).unwrap_or_default();
    }
    false
}

/// What stands in Redis for `bytes`, unless it is the bytes themselves.
pub fn wrap(bytes: &[u8]) -> Option<Vec<u8>> {
    if is_verbatim(bytes) {
        return None;
    }
    let mut stored = Vec::with_capacity(MARKER.len() + base64::encoded_len(bytes.len()));
    stored.extend_from_slice(MARKER);
    base64::encode_into(bytes, &mut stored);
    Some(stored)
}

/// The bytes that `stored` stands for, unless it is the bytes themselves.
pub fn unwrap(stored: &[u8]) -> Option<Vec<u8>> {
    let bytes = base64::decode(stored.strip_prefix(MARKER)?)?;
    (!is_verbatim(&bytes)).then_some(bytes)
}

/// How many bytes a stored value of `length` stands for, by its beginning and its last two bytes. It cannot tell a text
/// of another client's that looks as if it were ours.
pub fn length_of(length: u64, head: &[u8], tail: &[u8]) -> u64 {
    let encoded = length.saturating_sub(MARKER.len() as u64);
    if !head.starts_with(MARKER) || encoded == 0 || !encoded.is_multiple_of(4) {
        return length;
    }
    let padding = tail.iter().rev().take_while(|byte| **byte == b'=').count() as u64;
    encoded / 4 * 3 - padding.min(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(bytes: &[u8]) -> Vec<u8> {
        wrap(bytes).unwrap_or_else(|| bytes.to_vec())
    }

    fn read(stored: &[u8]) -> Vec<u8> {
        unwrap(stored).unwrap_or_else(|| stored.to_vec())
    }

    fn traps() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            any::<Vec<u8>>(),
            any::<String>().prop_map(String::into_bytes),
            any::<Vec<u8>>().prop_map(|bytes| [MARKER, &bytes].concat()),
            any::<Vec<u8>>().prop_map(|bytes| stored(&stored(&bytes))),
            "(bytestow1:)?[A-Za-z0-9+/]{0,12}={0,2}".prop_map(String::into_bytes),
            any::<String>().prop_map(|text| format!("{text}\u{FFFD}").into_bytes()),
            any::<String>().prop_map(|text| {
                let mut wrapped = MARKER.to_vec();
                base64::encode_into(text.as_bytes(), &mut wrapped);
                wrapped
            }),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_come_back(bytes in traps()) {
            prop_assert_eq!(read(&stored(&bytes)), bytes);
        }

        #[test]
        fn what_stands_in_redis_is_text_that_no_server_changes(bytes in traps()) {
            let stored = stored(&bytes);
            let text = std::str::from_utf8(&stored);
            prop_assert!(text.is_ok_and(|text| !text.contains(char::REPLACEMENT_CHARACTER)), "{text:?}");
        }

        /// What is taken for ours is what we would write for it, and so can have come from nothing else of ours.
        #[test]
        fn nothing_that_is_not_ours_is_taken_for_ours(foreign in traps()) {
            if let Some(bytes) = unwrap(&foreign) {
                prop_assert_eq!(wrap(&bytes), Some(foreign));
            }
        }

        #[test]
        fn lengths_are_told_without_the_bytes(bytes: Vec<u8>) {
            let stored = stored(&bytes);
            let (head, tail) = (&stored[..stored.len().min(MARKER.len())], &stored[stored.len().saturating_sub(2)..]);
            prop_assert_eq!(length_of(stored.len() as u64, head, tail), bytes.len() as u64);
        }
    }

    #[test]
    fn text_stands_as_it_is() {
        for text in ["", "hello", "\u{FEFF}bom", "{\"a\":1}", "nul\0", "é🦀", "bytestow", "bytestow1"] {
            assert!(is_verbatim(text.as_bytes()), "{text}");
        }
        assert_eq!(stored(b"\xff"), b"bytestow1:/w==");
        assert_eq!(read(b"bytestow1:aGVsbG8="), b"bytestow1:aGVsbG8=", "that is \"hello\", which we store as it is");
    }
}
