//! SHA-256 and SHA-512 (FIPS 180-4). The first stands before every warm vector, so it is made to be quick.

use super::{pad, part, put};

/// How SHA-256 chooses in its rounds.
#[derive(Clone, Copy, PartialEq)]
pub enum Rounds {
    /// As the standard has it.
    Standard,
    /// As `@langchain/core` has it in what it calls `sha256`: of each four rounds the second and the third choose by the
    /// wrong words and add the wrong one (seen in its versions 0.3.80 to 1.2.13, `utils/js-sha256/hash.ts`). Nobody has
    /// looked how well it stands against collisions: never a default.
    Langchain,
}

/// The first 64 bits of the fractional parts of the cube roots of the first 80 primes. SHA-256 takes the upper halves.
const CONSTANTS: [u64; 80] = [
    0x428A_2F98_D728_AE22,
    0x7137_4491_23EF_65CD,
    0xB5C0_FBCF_EC4D_3B2F,
    0xE9B5_DBA5_8189_DBBC,
    0x3956_C25B_F348_B538,
    0x59F1_11F1_B605_D019,
    0x923F_82A4_AF19_4F9B,
    0xAB1C_5ED5_DA6D_8118,
    0xD807_AA98_A303_0242,
    0x1283_5B01_4570_6FBE,
    0x2431_85BE_4EE4_B28C,
    0x550C_7DC3_D5FF_B4E2,
    0x72BE_5D74_F27B_896F,
    0x80DE_B1FE_3B16_96B1,
    0x9BDC_06A7_25C7_1235,
    0xC19B_F174_CF69_2694,
    0xE49B_69C1_9EF1_4AD2,
    0xEFBE_4786_384F_25E3,
    0x0FC1_9DC6_8B8C_D5B5,
    0x240C_A1CC_77AC_9C65,
    0x2DE9_2C6F_592B_0275,
    0x4A74_84AA_6EA6_E483,
    0x5CB0_A9DC_BD41_FBD4,
    0x76F9_88DA_8311_53B5,
    0x983E_5152_EE66_DFAB,
    0xA831_C66D_2DB4_3210,
    0xB003_27C8_98FB_213F,
    0xBF59_7FC7_BEEF_0EE4,
    0xC6E0_0BF3_3DA8_8FC2,
    0xD5A7_9147_930A_A725,
    0x06CA_6351_E003_826F,
    0x1429_2967_0A0E_6E70,
    0x27B7_0A85_46D2_2FFC,
    0x2E1B_2138_5C26_C926,
    0x4D2C_6DFC_5AC4_2AED,
    0x5338_0D13_9D95_B3DF,
    0x650A_7354_8BAF_63DE,
    0x766A_0ABB_3C77_B2A8,
    0x81C2_C92E_47ED_AEE6,
    0x9272_2C85_1482_353B,
    0xA2BF_E8A1_4CF1_0364,
    0xA81A_664B_BC42_3001,
    0xC24B_8B70_D0F8_9791,
    0xC76C_51A3_0654_BE30,
    0xD192_E819_D6EF_5218,
    0xD699_0624_5565_A910,
    0xF40E_3585_5771_202A,
    0x106A_A070_32BB_D1B8,
    0x19A4_C116_B8D2_D0C8,
    0x1E37_6C08_5141_AB53,
    0x2748_774C_DF8E_EB99,
    0x34B0_BCB5_E19B_48A8,
    0x391C_0CB3_C5C9_5A63,
    0x4ED8_AA4A_E341_8ACB,
    0x5B9C_CA4F_7763_E373,
    0x682E_6FF3_D6B2_B8A3,
    0x748F_82EE_5DEF_B2FC,
    0x78A5_636F_4317_2F60,
    0x84C8_7814_A1F0_AB72,
    0x8CC7_0208_1A64_39EC,
    0x90BE_FFFA_2363_1E28,
    0xA450_6CEB_DE82_BDE9,
    0xBEF9_A3F7_B2C6_7915,
    0xC671_78F2_E372_532B,
    0xCA27_3ECE_EA26_619C,
    0xD186_B8C7_21C0_C207,
    0xEADA_7DD6_CDE0_EB1E,
    0xF57D_4F7F_EE6E_D178,
    0x06F0_67AA_7217_6FBA,
    0x0A63_7DC5_A2C8_98A6,
    0x113F_9804_BEF9_0DAE,
    0x1B71_0B35_131C_471B,
    0x28DB_77F5_2304_7D84,
    0x32CA_AB7B_40C7_2493,
    0x3C9E_BE0A_15C9_BEBC,
    0x431D_67C4_9C10_0D4C,
    0x4CC5_D4BE_CB3E_42B6,
    0x597F_299C_FC65_7E2A,
    0x5FCB_6FAB_3AD6_FAEC,
    0x6C44_198C_4A47_5817,
];

/// The same of the square roots of the first eight.
pub(super) const FIRST: [u64; 8] = [
    0x6A09_E667_F3BC_C908,
    0xBB67_AE85_84CA_A73B,
    0x3C6E_F372_FE94_F82B,
    0xA54F_F53A_5F1D_36F1,
    0x510E_527F_ADE6_82D1,
    0x9B05_688C_2B3E_6C1F,
    0x1F83_D9AB_FB41_BD6B,
    0x5BE0_CD19_137E_2179,
];

/// One round of SHA-256: `$d` and `$h` change, and the word of the round that is 16 further on takes this one's place. After
/// four of them the halves of the state have changed places, so that a turn of the loop moves the state but once: twice as
/// fast as one round a turn, for 0.2 kB (gzipped).
macro_rules! round {
    ($langchain:expr, $words:ident, $at:expr, $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        let word = part(&$words, $at);
        let constant = CONSTANTS.get($at).map_or(0, |constant| (constant >> 32) as u32);
        let (chosen, added) = if $langchain { ($h & $e ^ !$h & $f, $g) } else { ($e & $f ^ !$e & $g, $h) };
        let first = added
            .wrapping_add($e.rotate_right(6) ^ $e.rotate_right(11) ^ $e.rotate_right(25))
            .wrapping_add(chosen)
            .wrapping_add(constant)
            .wrapping_add(word);
        let second =
            ($a.rotate_right(2) ^ $a.rotate_right(13) ^ $a.rotate_right(22)).wrapping_add($a & $b ^ $a & $c ^ $b & $c);
        $d = $d.wrapping_add(first);
        $h = first.wrapping_add(second);
        let (old, new) = (part(&$words, $at + 1), part(&$words, $at + 14));
        let next = word
            .wrapping_add(old.rotate_right(7) ^ old.rotate_right(18) ^ old >> 3)
            .wrapping_add(part(&$words, $at + 9))
            .wrapping_add(new.rotate_right(17) ^ new.rotate_right(19) ^ new >> 10);
        put(&mut $words, $at, next);
    };
}

/// The digest of `message`, in words of 32 bits.
pub fn sha256(mut message: Vec<u8>, rounds: Rounds) -> [u64; 8] {
    pad(&mut message, 64);
    let langchain = rounds == Rounds::Langchain;
    let mut state = FIRST.map(|first| (first >> 32) as u32);
    for block in message.chunks_exact(64) {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        let mut at = 0;
        while at < 64 {
            round!(false, words, at, a b c d e f g h);
            round!(langchain, words, at + 1, h a b c d e f g);
            round!(langchain, words, at + 2, g h a b c d e f);
            round!(false, words, at + 3, f g h a b c d e);
            (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d);
            at += 4;
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(more);
        }
    }
    state.map(u64::from)
}

/// The digest of `message`, in words of 64 bits.
pub fn sha512(mut message: Vec<u8>) -> [u64; 8] {
    pad(&mut message, 128);
    let mut state = FIRST;
    for block in message.chunks_exact(128) {
        let mut words = [0; 16];
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u64::from_be_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for (at, constant) in CONSTANTS.iter().enumerate() {
            let word = part(&words, at);
            let first = h
                .wrapping_add(e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41))
                .wrapping_add(e & f ^ !e & g)
                .wrapping_add(*constant)
                .wrapping_add(word);
            let second =
                (a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39)).wrapping_add(a & b ^ a & c ^ b & c);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
            let (old, new) = (part(&words, at + 1), part(&words, at + 14));
            let next = word
                .wrapping_add(old.rotate_right(1) ^ old.rotate_right(8) ^ old >> 7)
                .wrapping_add(part(&words, at + 9))
                .wrapping_add(new.rotate_right(19) ^ new.rotate_right(61) ^ new >> 6);
            put(&mut words, at, next);
        }
        for (word, more) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *word = word.wrapping_add(more);
        }
    }
    state
}
