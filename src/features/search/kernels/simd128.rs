//! The kernels in wasm's vector instructions. The bits are those of [`scalar`].
#![expect(unsafe_code, reason = "vectors are loaded by pointers: two functions here, and nowhere else in the crate")]

use core::arch::wasm32::{
    f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, i16x8_extend_high_i8x16, i16x8_extend_low_i8x16, i32x4_add,
    i32x4_dot_i16x8, i32x4_extract_lane, i32x4_shuffle, i32x4_splat, v128, v128_load,
};

use super::{CHUNK, scalar};
use crate::features::search::vector::LANES;

/// Lanes that are done in one turn of a loop: what the loop itself takes counts.
const BLOCK: usize = 4;

/// All of these numbers, if they are 16 bytes.
#[inline(always)]
fn load<T, const N: usize>(numbers: &[T; N]) -> v128 {
    const { assert!(size_of::<[T; N]>() == size_of::<v128>()) };
    // SAFETY: 16 bytes may be read there; wasm loads from any alignment.
    unsafe { v128_load(numbers.as_ptr().cast()) }
}

/// Half of these numbers, if that is 16 bytes: the lower or the upper ones.
#[inline(always)]
fn half<T, const N: usize>(numbers: &[T; N], upper: bool) -> v128 {
    const { assert!(size_of::<[T; N]>() == 2 * size_of::<v128>()) };
    let at = if upper { N / 2 } else { 0 };
    // SAFETY: 16 bytes from `at` on are within the array; wasm loads from any alignment.
    unsafe { v128_load(numbers.as_ptr().add(at).cast()) }
}

/// As [`scalar::dot`].
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    if !(a.len().is_multiple_of(LANES) && b.len().is_multiple_of(LANES)) {
        return scalar::dot(a, b);
    }
    let mut sums = [f32x4_splat(0.0); 4];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        let (a, b) = (a.as_chunks::<4>().0, b.as_chunks::<4>().0);
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = f32x4_add(*sum, f32x4_mul(load(a), load(b)));
        }
    }
    let [p, q, r, s] = sums;
    let sum = f32x4_add(f32x4_add(p, q), f32x4_add(r, s));
    let pairs = f32x4_add(sum, i32x4_shuffle::<2, 3, 0, 1>(sum, sum));
    f32x4_extract_lane::<0>(pairs) + f32x4_extract_lane::<1>(pairs)
}

/// As [`scalar::dots_i8`].
#[inline]
pub fn dots_i8<const N: usize>(queries: [&[i16]; N], rows: [&[i8]; 2]) -> [[i64; N]; 2] {
    let mut sums = [[0; N]; 2];
    let mut queries = queries.map(|query| query.as_chunks::<LANES>().0);
    let mut rows = rows.map(|row| row.as_chunks::<LANES>().0);
    loop {
        // All as long as the shortest: the loops then check no place.
        let shortest = queries.iter().map(|query| query.len()).chain(rows.iter().map(|row| row.len())).min();
        let len = shortest.unwrap_or_default().min(CHUNK / LANES);
        if len == 0 {
            return sums;
        }
        let (query_parts, row_parts) = (queries.map(|query| query.split_at(len)), rows.map(|row| row.split_at(len)));
        let (heads, rows_heads) = (query_parts.map(|(head, _)| head), row_parts.map(|(head, _)| head));
        // One query alone has two sums a row: one would wait for itself.
        let part = if N == 1 { part::<N, 2>(heads, rows_heads) } else { part::<N, 1>(heads, rows_heads) };
        for (sums, part) in sums.iter_mut().zip(part) {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += i64::from(part));
        }
        (queries, rows) = (query_parts.map(|(_, tail)| tail), row_parts.map(|(_, tail)| tail));
    }
}

/// Running sums: `A` for each query and row.
type Sums<const N: usize, const A: usize> = [[[v128; A]; N]; 2];

/// The same for at most [`CHUNK`] numbers, and as many of each.
#[inline(always)]
fn part<const N: usize, const A: usize>(queries: [&[[i16; LANES]]; N], rows: [&[[i8; LANES]]; 2]) -> [[i32; N]; 2] {
    let mut sums: Sums<N, A> = [[[i32x4_splat(0); A]; N]; 2];
    let (blocks, rest) = (queries.map(|query| query.as_chunks::<BLOCK>()), rows.map(|row| row.as_chunks::<BLOCK>()));
    walk(&mut sums, blocks.map(|(blocks, _)| blocks), rest.map(|(blocks, _)| blocks));
    let (queries, rows) = (blocks.map(|(_, rest)| rest), rest.map(|(_, rest)| rest));
    walk(&mut sums, queries.map(|query| query.as_chunks::<1>().0), rows.map(|row| row.as_chunks::<1>().0));
    sums.map(|sums| sums.map(|sums| sums.into_iter().fold(i32x4_splat(0), |a, b| i32x4_add(a, b)))).map(|sums| {
        sums.map(|sum| {
            let pairs = i32x4_add(sum, i32x4_shuffle::<2, 3, 0, 1>(sum, sum));
            i32x4_extract_lane::<0>(pairs) + i32x4_extract_lane::<1>(pairs)
        })
    })
}

#[inline(always)]
fn walk<const N: usize, const A: usize, const B: usize>(
    sums: &mut Sums<N, A>,
    queries: [&[[[i16; LANES]; B]]; N],
    rows: [&[[[i8; LANES]; B]]; 2],
) {
    let [first, second] = rows;
    for (at, blocks) in first.iter().zip(second).enumerate() {
        for lane in 0..B {
            let codes = [blocks.0, blocks.1].map(|block| block.get(lane).map_or(i32x4_splat(0), load));
            let halves = codes.map(|codes| [i16x8_extend_low_i8x16(codes), i16x8_extend_high_i8x16(codes)]);
            for upper in [false, true] {
                for (n, query) in queries.iter().enumerate() {
                    let Some(query) = query.get(at).and_then(|block| block.get(lane)) else { continue };
                    let query = half(query, upper);
                    for (sums, halves) in sums.iter_mut().zip(halves) {
                        let sum = sums.get_mut(n).and_then(|sums| sums.get_mut(usize::from(upper) % A));
                        let Some(sum) = sum else { continue };
                        *sum = i32x4_add(*sum, i32x4_dot_i16x8(halves[usize::from(upper)], query));
                    }
                }
            }
        }
    }
}
