//! Searches over the bytes of bodies and values, eight at a time: a byte at a time they take ten times as long in a wasm
//! that is compiled to be small.

/// Each byte of a word.
const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = EACH << 7;

/// The high bit of at least the first byte of `word` that is zero; none if there is none.
fn zero(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & HIGH
}

/// The same for bytes below 0x20.
fn control(word: u64) -> u64 {
    word.wrapping_sub(EACH * 0x20) & !word & HIGH
}

fn search(bytes: &[u8], mark: impl Fn(u64) -> u64, is_it: impl Fn(u8) -> bool) -> Option<usize> {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let marks = mark(u64::from_le_bytes(*word));
        if marks != 0 {
            return Some(at * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|byte| is_it(*byte))?;
    Some(bytes.len() - rest.len() + at)
}

/// Where the first quote or backslash stands.
pub fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    let each = |byte: u8| EACH * u64::from(byte);
    search(bytes, |word| zero(word ^ each(b'"')) | zero(word ^ each(b'\\')), |byte| matches!(byte, b'"' | b'\\'))
}

/// Where the first byte stands with which U+FFFD may begin.
pub fn lead_of_replacement(bytes: &[u8]) -> Option<usize> {
    search(bytes, |word| zero(word ^ (EACH * 0xEF)), |byte| byte == 0xEF)
}

/// Where the first byte stands that a JSON string cannot hold as it is.
pub fn special(bytes: &[u8]) -> Option<usize> {
    let each = |byte: u8| EACH * u64::from(byte);
    search(
        bytes,
        |word| zero(word ^ each(b'"')) | zero(word ^ each(b'\\')) | control(word),
        |byte| byte < 0x20 || matches!(byte, b'"' | b'\\'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![8 => 0x20_u8..0x7F, 1 => any::<u8>(), 1 => prop::sample::select(&b"\"\\\x1f\x20\x21\x80\x9f\0"[..])];
        prop::collection::vec(byte, 0..60)
    }

    proptest! {
        #[test]
        fn they_find_what_a_plain_search_finds(bytes in bytes()) {
            let quote = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(quote_or_backslash(&bytes), quote);
            let plain = bytes.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(special(&bytes), plain);
        }
    }
}
