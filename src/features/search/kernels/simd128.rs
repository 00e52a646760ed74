//! The kernels in wasm's vector instructions. The bits are those of [`scalar`].
//!
//! The module is built to be small, in which LLVM neither unrolls a loop nor calls no function: so each step is written
//! out, by macros, and what is called is a lone instruction.
#![expect(unsafe_code, reason = "vectors are loaded by pointers: one function here, and nowhere else in the crate")]

use core::arch::wasm32::{
    f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add,
    i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, v128, v128_load,
};

use super::{CHUNK, scalar};
use crate::features::search::vector::LANES;

/// 16 bytes of these numbers, from number `AT` on.
#[inline(always)]
fn load<const AT: usize, T, const N: usize>(numbers: &[T; N]) -> v128 {
    const { assert!((AT * size_of::<T>()) + size_of::<v128>() <= size_of::<[T; N]>()) };
    // SAFETY: they are within the array; wasm loads from any alignment.
    unsafe { v128_load(numbers.as_ptr().add(AT).cast()) }
}

/// As [`scalar::dot`].
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    if !(a.len().is_multiple_of(LANES) && b.len().is_multiple_of(LANES)) {
        return scalar::dot(a, b);
    }
    let (mut p, mut q, mut r, mut s) = (f32x4_splat(0.0), f32x4_splat(0.0), f32x4_splat(0.0), f32x4_splat(0.0));
    macro_rules! add {
        ($a:expr, $b:expr) => {
            let (a, b) = ($a, $b);
            p = f32x4_add(p, f32x4_mul(load::<0, _, _>(a), load::<0, _, _>(b)));
            q = f32x4_add(q, f32x4_mul(load::<4, _, _>(a), load::<4, _, _>(b)));
            r = f32x4_add(r, f32x4_mul(load::<8, _, _>(a), load::<8, _, _>(b)));
            s = f32x4_add(s, f32x4_mul(load::<12, _, _>(a), load::<12, _, _>(b)));
        };
    }
    let (pairs_a, a) = a.as_chunks::<LANES>().0.as_chunks::<2>();
    let (pairs_b, b) = b.as_chunks::<LANES>().0.as_chunks::<2>();
    for ([a, next_a], [b, next_b]) in pairs_a.iter().zip(pairs_b) {
        add!(a, b);
        add!(next_a, next_b);
    }
    for (a, b) in a.iter().zip(b) {
        add!(a, b);
    }
    let sum = f32x4_add(f32x4_add(p, q), f32x4_add(r, s));
    let pairs = f32x4_add(sum, i32x4_shuffle::<2, 3, 0, 1>(sum, sum));
    f32x4_extract_lane::<0>(pairs) + f32x4_extract_lane::<1>(pairs)
}

/// The codes of a query, lane by lane.
type Query<'a> = &'a [[i16; LANES]];

/// The codes of a row.
type Row<'a> = &'a [[i8; LANES]];

/// Adds the products of 16 codes of two rows with those of queries to the running sums: `query => first, second`, where
/// each of `first` and `second` is a sum for the lower and one for the upper half, which may be the same.
macro_rules! multiply {
    ($a:expr, $b:expr; $($query:expr => [$a_low:ident $a_high:ident] [$b_low:ident $b_high:ident]),+) => {
        let (a, b) = (load::<0, _, _>($a), load::<0, _, _>($b));
        let (a_half, b_half) = (i16x8_extend_low_i8x16(a), i16x8_extend_low_i8x16(b));
        $(
            let half = load::<0, _, _>($query);
            $a_low = i32x4_add($a_low, i32x4_dot_i16x8(a_half, half));
            $b_low = i32x4_add($b_low, i32x4_dot_i16x8(b_half, half));
        )+
        let (a_half, b_half) = (i16x8_extend_high_i8x16(a), i16x8_extend_high_i8x16(b));
        $(
            let half = load::<8, _, _>($query);
            $a_high = i32x4_add($a_high, i32x4_dot_i16x8(a_half, half));
            $b_high = i32x4_add($b_high, i32x4_dot_i16x8(b_half, half));
        )+
    };
}

#[inline(always)]
fn sum(sums: v128) -> i64 {
    let pairs = i32x4_add(sums, i32x4_shuffle::<2, 3, 0, 1>(sums, sums));
    i64::from(i32x4_extract_lane::<0>(pairs) + i32x4_extract_lane::<1>(pairs))
}

/// As [`scalar::dots_i8_1`].
#[inline(always)]
pub fn dots_i8_1(query: &[i16], rows: [&[i8]; 2]) -> [i64; 2] {
    let [a, b] = rows;
    if query.len() <= CHUNK {
        return one(query.as_chunks().0, a.as_chunks().0, b.as_chunks().0);
    }
    let mut sums = [0; 2];
    for ((query, a), b) in query.chunks(CHUNK).zip(a.chunks(CHUNK)).zip(b.chunks(CHUNK)) {
        let part = one(query.as_chunks().0, a.as_chunks().0, b.as_chunks().0);
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    sums
}

/// At most [`CHUNK`] numbers: more would not fit into 32 bits.
fn one(query: Query<'_>, a: Row<'_>, b: Row<'_>) -> [i64; 2] {
    let zero = i32x4_splat(0);
    // Two sums a row: one would wait for itself.
    let (mut p, mut q, mut r, mut s) = (zero, zero, zero, zero);
    let (queries, query) = query.as_chunks::<2>();
    let ((all_a, a), (all_b, b)) = (a.as_chunks::<2>(), b.as_chunks::<2>());
    for (([query, next], [a, next_a]), [b, next_b]) in queries.iter().zip(all_a).zip(all_b) {
        multiply!(a, b; query => [p q] [r s]);
        multiply!(next_a, next_b; next => [p q] [r s]);
    }
    for ((query, a), b) in query.iter().zip(a).zip(b) {
        multiply!(a, b; query => [p q] [r s]);
    }
    [sum(i32x4_add(p, q)), sum(i32x4_add(r, s))]
}

/// As [`scalar::dots_i8_4`].
#[inline(always)]
pub fn dots_i8_4(queries: [&[i16]; 4], rows: [&[i8]; 2]) -> [[i64; 4]; 2] {
    let ([p, q, r, s], [a, b]) = (queries, rows);
    if p.len() <= CHUNK {
        let queries = (p.as_chunks().0, q.as_chunks().0, r.as_chunks().0, s.as_chunks().0);
        return four(queries, a.as_chunks().0, b.as_chunks().0);
    }
    let mut sums = [[0; 4]; 2];
    let queries = p.chunks(CHUNK).zip(q.chunks(CHUNK)).zip(r.chunks(CHUNK)).zip(s.chunks(CHUNK));
    for ((((p, q), r), s), (a, b)) in queries.zip(a.chunks(CHUNK).zip(b.chunks(CHUNK))) {
        let queries = (p.as_chunks().0, q.as_chunks().0, r.as_chunks().0, s.as_chunks().0);
        let part = four(queries, a.as_chunks().0, b.as_chunks().0);
        for (sums, part) in sums.iter_mut().zip(part) {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
    sums
}

/// Likewise.
fn four((p, q, r, s): (Query<'_>, Query<'_>, Query<'_>, Query<'_>), a: Row<'_>, b: Row<'_>) -> [[i64; 4]; 2] {
    let zero = i32x4_splat(0);
    let (mut ap, mut aq, mut ar, mut az) = (zero, zero, zero, zero);
    let (mut bp, mut bq, mut br, mut bz) = (zero, zero, zero, zero);
    macro_rules! add {
        ($a:expr, $b:expr, $p:expr, $q:expr, $r:expr, $s:expr) => {
            multiply!($a, $b; $p => [ap ap] [bp bp], $q => [aq aq] [bq bq], $r => [ar ar] [br br], $s => [az az] [bz bz]);
        };
    }
    let ((pairs_a, a), (pairs_b, b)) = (a.as_chunks::<2>(), b.as_chunks::<2>());
    let ((pairs_p, p), (pairs_q, q)) = (p.as_chunks::<2>(), q.as_chunks::<2>());
    let ((pairs_r, r), (pairs_s, s)) = (r.as_chunks::<2>(), s.as_chunks::<2>());
    let pairs = pairs_p.iter().zip(pairs_q).zip(pairs_r.iter().zip(pairs_s));
    for (([a, next_a], [b, next_b]), (([p, next_p], [q, next_q]), ([r, next_r], [s, next_s]))) in
        pairs_a.iter().zip(pairs_b).zip(pairs)
    {
        add!(a, b, p, q, r, s);
        add!(next_a, next_b, next_p, next_q, next_r, next_s);
    }
    for (((a, b), (p, q)), (r, s)) in a.iter().zip(b).zip(p.iter().zip(q)).zip(r.iter().zip(s)) {
        add!(a, b, p, q, r, s);
    }
    [[sum(ap), sum(aq), sum(ar), sum(az)], [sum(bp), sum(bq), sum(br), sum(bz)]]
}
