//! Digests, for keys alone: small and plain, one loop over blocks each.
//!
//! Those of the crates `sha1`, `sha2` and `blake2`, even where they are made for size, weigh 3 kB more in the wasm
//! (gzipped, of the 10 that the whole cache was to add). In the tests ours are held against them.

mod blake2b;
mod sha1;
mod sha2;

pub use blake2b::blake2b;
pub use sha1::sha1;
pub use sha2::{Rounds, sha256, sha512};

/// The end of a message in blocks of `block` bytes: a bit, zeros, its length in bits in the last eighth of a block.
fn pad(message: &mut Vec<u8>, block: usize) {
    let bits = message.len() as u64 * 8;
    message.push(0x80);
    let end = (message.len() + block / 8).next_multiple_of(block);
    message.resize(end - 8, 0);
    message.extend_from_slice(&bits.to_be_bytes());
}

/// Number `at` of a ring of 16.
fn part<T: Copy + Default>(ring: &[T; 16], at: usize) -> T {
    ring.get(at % 16).copied().unwrap_or_default()
}

/// Sets number `at` of a ring of 16.
fn put<T>(ring: &mut [T; 16], at: usize, value: T) {
    if let Some(place) = ring.get_mut(at % 16) {
        *place = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::blake2::Blake2b512;
    use ::sha1::Sha1;
    use ::sha2::{Digest, Sha256, Sha512};
    use proptest::prelude::*;

    fn as_the_crates_have_them(message: &[u8]) {
        let narrow = |words: &[u64]| words.iter().flat_map(|word| (*word as u32).to_be_bytes()).collect::<Vec<u8>>();
        let wide = |words: &[u64]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
        let message = || message.to_vec();
        assert_eq!(narrow(&sha256(message(), Rounds::Standard)), Sha256::digest(message()).as_slice());
        assert_eq!(wide(&sha512(message())), Sha512::digest(message()).as_slice());
        assert_eq!(narrow(&sha1(message())), Sha1::digest(message()).as_slice());
        assert_eq!(wide(&blake2b(message())), Blake2b512::digest(message()).as_slice());
    }

    #[test]
    fn of_every_length_around_the_ends_of_blocks() {
        (0..=300).for_each(|length| as_the_crates_have_them(&vec![b'x'; length]));
    }

    proptest! {
        #[test]
        fn of_any_message(message in prop::collection::vec(any::<u8>(), 0..=300)) {
            as_the_crates_have_them(&message);
        }
    }

    /// Of "abc", in FIPS 180-4's examples and RFC 7693's appendix A.
    #[test]
    fn as_the_standards_have_them() {
        let abc = || b"abc".to_vec();
        assert_eq!(sha256(abc(), Rounds::Standard)[0], 0xBA78_16BF);
        assert_eq!(sha512(abc())[0], 0xDDAF_35A1_9361_7ABA);
        assert_eq!(sha1(abc())[0], 0xA999_3E36);
        assert_eq!(blake2b(abc())[0], 0xBA80_A53F_981C_4D0D);
    }

    /// As `@langchain/core` 1.2.13 gives them.
    #[test]
    fn as_langchain_gives_it() {
        let hex = |text: &[u8]| super::super::keys::hex(&sha256(text.to_vec(), Rounds::Langchain), 8);
        let known = [
            ("", "ae965411e69fcf4bb15a2ff8b21bbd19b0b8fed5a474657e152d460ae76c51b8"),
            ("a", "c27e4e13692b580957fd808d9160b8f6f30c796556d1dc7f18b2614d61c9709e"),
            ("abc", "f2bcc45e9241238c56c44b79bd89600146d738dbcd84043613e0043b4f552075"),
            ("hello world", "6839b52d85d6dd90cd25c5785a15518d0e5fc624e5b9750957d81bb04ec3d8b7"),
            ("é", "4f2f2aefcd493dedb7cef02cd5e40b157c60019ffe895d6ce4ee21178249cf7f"),
            ("漢字", "e46477d62a4a3b73ab836c694655e38185ab85890e3901f42dd681c4451d9f62"),
            ("😀", "34c93fdcafda27fd136849b00a0d66139fd544b90e7f8b7920e1aa78141eb088"),
        ];
        for (text, digest) in known {
            assert_eq!(hex(text.as_bytes()), digest, "{text}");
        }
        for (count, digest) in [
            (55, "5034763a08392d570b1152632d7cfbeb845e15b6c194f8fcb299c7d563c572f8"),
            (56, "b6fafeb6b654cfb9731a1bd32f74560fb71f7bd0117d2492a71dfd85fa7b8284"),
            (64, "88ba8e933a3ac7ea1a239adfca0d0383d160f7e6407a80b2a4a5beb6db320061"),
            (1_000, "e72d1a076b128f285727710d4314f5e74ab55ee12f76e87285d836bbdc04a9b0"),
        ] {
            assert_eq!(hex("x".repeat(count).as_bytes()), digest, "{count}");
        }
    }
}
