//! SHA-1 (FIPS 180-4).

use super::{pad, part, put};

/// The digest of `message`, in words of 32 bits.
pub fn sha1(mut message: Vec<u8>) -> [u64; 5] {
    pad(&mut message, 64);
    let mut state = [0x6745_2301_u32, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    for block in message.chunks_exact(64) {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d, mut e] = state;
        for at in 0..80 {
            let word = part(&words, at);
            let (mixed, constant) = match at / 20 {
                0 => (b & c | !b & d, 0x5A82_7999),
                1 => (b ^ c ^ d, 0x6ED9_EBA1),
                2 => (b & c | b & d | c & d, 0x8F1B_BCDC),
                _ => (b ^ c ^ d, 0xCA62_C1D6),
            };
            let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(word);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
            // The word of the round that is 16 further on.
            let word = word ^ part(&words, at + 2) ^ part(&words, at + 8) ^ part(&words, at + 13);
            put(&mut words, at, word.rotate_left(1));
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e]) {
            *word = word.wrapping_add(more);
        }
    }
    state.map(u64::from)
}
