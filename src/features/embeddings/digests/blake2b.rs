//! BLAKE2b without a key, 64 bytes of it (RFC 7693).

use super::sha2::FIRST;
use super::{part, put};

/// For each round the order of a block's words, a hexadecimal digit each.
const ORDERS: [u64; 12] = [
    0x0123_4567_89AB_CDEF,
    0xEA48_9FD6_1C02_B753,
    0xB8C0_52FD_AE36_7194,
    0x7931_DCBE_265A_40F8,
    0x9057_24AF_E1BC_683D,
    0x2C6A_0B83_4D75_FE19,
    0xC51F_ED4A_0763_928B,
    0xDB7E_C139_50F4_862A,
    0x6FE9_B308_C2D7_14A5,
    0xA284_7615_FB9E_3CD0,
    0x0123_4567_89AB_CDEF,
    0xEA48_9FD6_1C02_B753,
];

/// The digest of `message`, in words of which the first byte is the highest.
pub fn blake2b(mut message: Vec<u8>) -> [u64; 8] {
    let length = message.len();
    message.resize(length.next_multiple_of(128).max(128), 0);
    let mut state = FIRST;
    // The parameters: 64 bytes, no key, no tree.
    if let Some(word) = state.first_mut() {
        *word ^= 0x0101_0040;
    }
    let mut end = 0;
    for block in message.as_chunks::<128>().0 {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        end = length.min(end + 128);
        let mut cells = [0; 16];
        for (cell, word) in cells.iter_mut().zip(state.iter().chain(&FIRST)) {
            *cell = *word;
        }
        let [.., counted, _, last, _] = &mut cells;
        *counted ^= end as u64;
        *last ^= if end == length { u64::MAX } else { 0 };
        for mut order in ORDERS {
            for at in 0..8 {
                // Columns, then diagonals.
                let shift = at / 4;
                let places = [at % 4, 4 + (at + shift) % 4, 8 + (at + 2 * shift) % 4, 12 + (at + 3 * shift) % 4];
                let [mut a, mut b, mut c, mut d] = places.map(|place| part(&cells, place));
                for (first, second) in [(32, 24), (16, 63)] {
                    order = order.rotate_left(4);
                    a = a.wrapping_add(b).wrapping_add(part(&words, order as usize));
                    d = (d ^ a).rotate_right(first);
                    c = c.wrapping_add(d);
                    b = (b ^ c).rotate_right(second);
                }
                for (place, value) in places.into_iter().zip([a, b, c, d]) {
                    put(&mut cells, place, value);
                }
            }
        }
        for (at, word) in state.iter_mut().enumerate() {
            *word ^= part(&cells, at) ^ part(&cells, at + 8);
        }
    }
    state.map(u64::swap_bytes)
}
