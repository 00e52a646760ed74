//! XXH32 with seed 0: a checksum that every language has, and that 32-bit machines and JavaScript compute fast.
//!
//! Four lanes of one multiplication each; it finds damage, not intent. <https://github.com/Cyan4973/xxHash>

const P1: u32 = 0x9E37_79B1;
const P2: u32 = 0x85EB_CA77;
const P3: u32 = 0xC2B2_AE3D;
const P4: u32 = 0x27D4_EB2F;
const P5: u32 = 0x1656_67B1;

/// The XXH32 of `bytes`.
pub fn checksum(bytes: &[u8]) -> u32 {
    let (blocks, rest) = bytes.as_chunks::<16>();
    let mut hash = P5;
    if !blocks.is_empty() {
        // By name, so that they stay in registers where a build is to be small.
        let [mut a, mut b, mut c, mut d] = [P1.wrapping_add(P2), P2, 0, P1.wrapping_neg()];
        for [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] in blocks {
            a = round(a, [*a0, *a1, *a2, *a3]);
            b = round(b, [*b0, *b1, *b2, *b3]);
            c = round(c, [*c0, *c1, *c2, *c3]);
            d = round(d, [*d0, *d1, *d2, *d3]);
        }
        hash = a.rotate_left(1).wrapping_add(b.rotate_left(7));
        hash = hash.wrapping_add(c.rotate_left(12)).wrapping_add(d.rotate_left(18));
    }
    hash = hash.wrapping_add(bytes.len() as u32);
    let (words, rest) = rest.as_chunks::<4>();
    for word in words {
        hash = hash.wrapping_add(u32::from_le_bytes(*word).wrapping_mul(P3));
        hash = hash.rotate_left(17).wrapping_mul(P4);
    }
    for byte in rest {
        hash = hash.wrapping_add(u32::from(*byte).wrapping_mul(P5));
        hash = hash.rotate_left(11).wrapping_mul(P1);
    }
    hash = (hash ^ (hash >> 15)).wrapping_mul(P2);
    hash = (hash ^ (hash >> 13)).wrapping_mul(P3);
    hash ^ (hash >> 16)
}

#[inline(always)]
fn round(lane: u32, word: [u8; 4]) -> u32 {
    lane.wrapping_add(u32::from_le_bytes(word).wrapping_mul(P2)).rotate_left(13).wrapping_mul(P1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_xxh32() {
        // From the algorithm's own test vectors and its users'.
        assert_eq!(checksum(b""), 0x02CC_5D05);
        assert_eq!(checksum(b"a"), 0x550D_7456);
        assert_eq!(checksum(b"abc"), 0x32D1_53FF);
        assert_eq!(checksum(b"Nobody inspects the spammish repetition"), 0xE229_3B2F);
    }
}
