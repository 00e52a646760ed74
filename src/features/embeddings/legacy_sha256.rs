//! The digest that `@langchain/core` calls `sha256`, for caches that it has filled. It is not SHA-256: of each four
//! rounds the second and the third choose by the wrong words and add the wrong one (seen in its versions 0.3.80 to
//! 1.2.13, `utils/js-sha256/hash.ts`). Nobody has looked how well it stands against collisions: never a default.

const FIRST: [u32; 8] =
    [0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19];

#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
];

/// The digest of `message`.
pub fn digest(message: &[u8]) -> [u8; 32] {
    let mut state = FIRST;
    let mut blocks = message.chunks_exact(64);
    for block in &mut blocks {
        absorb(&mut state, block);
    }
    // As in SHA-256: a bit, zeros, the length in bits.
    let rest = blocks.remainder();
    let mut end = rest.to_vec();
    end.push(0x80);
    while end.len() % 64 != 56 {
        end.push(0);
    }
    end.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in end.chunks_exact(64) {
        absorb(&mut state, block);
    }
    let mut out = [0; 32];
    for (bytes, word) in out.as_chunks_mut().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    out
}

fn absorb(state: &mut [u32; 8], block: &[u8]) {
    let mut words: Vec<u32> = block.as_chunks().0.iter().map(|bytes| u32::from_be_bytes(*bytes)).collect();
    while let (Some(&high), Some(&middle), Some(&low), Some(&old)) =
        (words.iter().nth_back(1), words.iter().nth_back(6), words.iter().nth_back(14), words.iter().nth_back(15))
        && words.len() < ROUNDS.len()
    {
        let low = low.rotate_right(7) ^ low.rotate_right(18) ^ low >> 3;
        let high = high.rotate_right(17) ^ high.rotate_right(19) ^ high >> 10;
        words.push(old.wrapping_add(low).wrapping_add(middle).wrapping_add(high));
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (at, (word, round)) in words.into_iter().zip(ROUNDS).enumerate() {
        let sums = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        // SHA-256 has the second pair throughout.
        let (chosen, added) = if matches!(at % 4, 1 | 2) { (h & e ^ !h & f, g) } else { (e & f ^ !e & g, h) };
        let first = added.wrapping_add(sums).wrapping_add(chosen).wrapping_add(round).wrapping_add(word);
        let second = (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22)).wrapping_add(a & b ^ a & c ^ b & c);
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
    }
    for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `@langchain/core` 1.2.13 gives them.
    #[test]
    fn as_langchain_gives_it() {
        let known = [
            ("", "ae965411e69fcf4bb15a2ff8b21bbd19b0b8fed5a474657e152d460ae76c51b8"),
            ("a", "c27e4e13692b580957fd808d9160b8f6f30c796556d1dc7f18b2614d61c9709e"),
            ("abc", "f2bcc45e9241238c56c44b79bd89600146d738dbcd84043613e0043b4f552075"),
            ("hello world", "6839b52d85d6dd90cd25c5785a15518d0e5fc624e5b9750957d81bb04ec3d8b7"),
            ("é", "4f2f2aefcd493dedb7cef02cd5e40b157c60019ffe895d6ce4ee21178249cf7f"),
            ("漢字", "e46477d62a4a3b73ab836c694655e38185ab85890e3901f42dd681c4451d9f62"),
            ("😀", "34c93fdcafda27fd136849b00a0d66139fd544b90e7f8b7920e1aa78141eb088"),
        ];
        for (text, hex) in known {
            assert_eq!(super::super::keys::hex(&digest(text.as_bytes())), hex, "{text}");
        }
        for (count, hex) in [
            (55, "5034763a08392d570b1152632d7cfbeb845e15b6c194f8fcb299c7d563c572f8"),
            (56, "b6fafeb6b654cfb9731a1bd32f74560fb71f7bd0117d2492a71dfd85fa7b8284"),
            (64, "88ba8e933a3ac7ea1a239adfca0d0383d160f7e6407a80b2a4a5beb6db320061"),
            (1_000, "e72d1a076b128f285727710d4314f5e74ab55ee12f76e87285d836bbdc04a9b0"),
        ] {
            assert_eq!(super::super::keys::hex(&digest("x".repeat(count).as_bytes())), hex, "{count}");
        }
    }
}
