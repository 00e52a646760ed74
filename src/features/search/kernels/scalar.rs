//! The kernels in plain Rust: the reference for all others, and what natively runs. LLVM makes vector instructions of
//! these loops over lanes.

use super::CHUNK;
use crate::features::search::vector::LANES;

/// The sum of products, in [the order](super) that all kernels keep.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    // As if it were padded: adding 0 to a sum that began at 0 changes no bit of it.
    for ((sum, a), b) in sums.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += a * b;
    }
    tree(sums)
}

/// Adds the lanes up: those four apart first, and so on.
pub fn tree(sums: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = sums;
    let [q, r, s, t] = [(a + e) + (i + m), (b + f) + (j + n), (c + g) + (k + o), (d + h) + (l + p)];
    (q + s) + (r + t)
}

/// The sums of products of a query with each of two rows. Exact.
pub fn dots_i8_1(query: &[i16], rows: [&[i8]; 2]) -> [i64; 2] {
    rows.map(|row| dot_i8(query, row))
}

/// The same of four queries.
pub fn dots_i8_4(queries: [&[i16]; 4], rows: [&[i8]; 2]) -> [[i64; 4]; 2] {
    rows.map(|row| queries.map(|query| dot_i8(query, row)))
}

fn dot_i8(query: &[i16], row: &[i8]) -> i64 {
    // No more than `CHUNK` fit into 32 bits.
    let chunks = query.chunks(CHUNK).zip(row.chunks(CHUNK));
    let sum = |(query, row): (&[i16], &[i8])| -> i32 {
        query.iter().zip(row).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum()
    };
    chunks.map(|chunk| i64::from(sum(chunk))).sum()
}

/// In how many bits two rows of bits differ.
#[inline(always)]
pub fn hamming(a: &[u64], b: &[u64]) -> u32 {
    let ((eights_a, a), (eights_b, b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sum = 0_u64;
    // Written out: a build that is to be small unrolls nothing.
    macro_rules! add {
        ($($a:ident $b:ident)+) => { sum += 0 $(+ u64::from(($a ^ $b).count_ones()))+ };
    }
    for ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) in eights_a.iter().zip(eights_b) {
        add!(a i b j c k d l e m f n g o h p);
    }
    sum as u32 + a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum::<u32>()
}
