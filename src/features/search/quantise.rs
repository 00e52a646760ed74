//! Rows in 8 bits a number, queries in 12, and between what bounds the score of one for the other lies.
//!
//! A row x of unit length is kept as x̂ = scale · codes, with its residual e ≥ ‖x − x̂‖; a query q is q̂, with ε ≥ ‖q − q̂‖.
//! What is wanted is s, the score as the kernels compute it from x and q in 32 bits. It stands for q·x, and
//!
//! q·x = q̂·x̂ + q̂·(x − x̂) + (q − q̂)·x, hence |q·x − q̂·x̂| ≤ ‖q̂‖·e + ε·‖x‖ (Cauchy and Schwarz).
//!
//! q̂·x̂ is a product of whole numbers, which is exact, by two scales. s is a sum of products in which each term passes m
//! roundings at most (its own, an addition for each 16 dimensions, and 4 of the tree that adds the lanes up), so that
//! |s − q·x| ≤ m·u / (1 − m·u) · ‖q‖·‖x‖, with u = 2⁻²⁴, and 2⁻¹⁴⁹ for each product that vanishes. Lengths are below
//! 1 + 2⁻²². What 64 bits round in computing all this is below 10⁻¹² by far, since nothing here is above 2.
//!
//! So s is within ‖q̂‖·e + slack of q̂·x̂, where the slack is the query's alone: [`Query::bounds`]. A row whose upper
//! bound is less than the k-th best lower bound is not among the k best; all others are scored in 32 bits.

use super::kernels;
use super::vector::{LANES, padded};

/// The largest code of a row.
const ROW: f32 = 127.0;

/// The largest code of a query. 8,192 products of it and of a row's largest are less than 2³¹: `kernels::dot_i8`.
pub const QUERY: f64 = 2_047.0;

/// What rounding in 64 bits is covered by, many times over.
const NOISE: f64 = 1e-12;

/// Adding it and taking it off again leaves a whole number, the nearest, of two the even one.
const TO_WHOLE: f32 = 12_582_912.0;

/// A row in 8 bits: what is scanned, and what is kept in a store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Packed<'a> {
    /// Its numbers, -127 to 127, padded with zeros to a multiple of 16.
    pub codes: &'a [i8],
    /// What each is to be multiplied by.
    pub scale: f32,
    /// At least how far from the row they are.
    pub residual: f32,
}

/// Packs a row of unit length into `codes`, which is as long or padded with zeros; gives scale and residual.
pub fn pack(row: &[f32], codes: &mut [i8]) -> (f32, f32) {
    let largest =
        row.iter().fold(0.0, |largest: f32, number| if number.abs() > largest { number.abs() } else { largest });
    let (scale, inverse) = (largest / ROW, ROW / largest);
    if scale == 0.0 || !inverse.is_finite() {
        codes.fill(0);
        return (0.0, round_up(length(row)));
    }
    for (code, number) in codes.iter_mut().zip(row) {
        // No clamping: the largest times its inverse is 127 and at most two roundings.
        *code = (number * inverse + TO_WHOLE - TO_WHOLE) as i8;
    }
    (scale, round_up(residual(row, codes, f64::from(scale))))
}

fn length(row: &[f32]) -> f64 {
    row.iter().map(|number| f64::from(*number) * f64::from(*number)).sum::<f64>().sqrt()
}

/// How far `codes` are from the row.
fn residual(row: &[f32], codes: &[i8], scale: f64) -> f64 {
    let (rows, rest) = row.as_chunks::<LANES>();
    // The codes may be padded where the row is not.
    let (all, more) = codes.split_at(rows.len() * LANES);
    let off = |number: &f32, code: &i8| {
        // The product is exact: 24 bits by 7.
        let off = f64::from(*number) - scale * f64::from(*code);
        off * off
    };
    let mut sums = [0.0; LANES];
    for (numbers, codes) in rows.iter().zip(all.as_chunks::<LANES>().0) {
        sums.iter_mut().zip(numbers.iter().zip(codes)).for_each(|(sum, (number, code))| *sum += off(number, code));
    }
    let rest: f64 = rest.iter().zip(more).map(|(number, code)| off(number, code)).sum();
    (sums.iter().sum::<f64>() + rest).sqrt()
}

/// The next number of 32 bits that is above, by more than what was rounded in computing it.
fn round_up(value: f64) -> f32 {
    if value == 0.0 { 0.0 } else { ((value * (1.0 + 1e-9)) as f32).next_up() }
}

/// The least and the greatest score that far from a middle. Scores are cut off at ±1, too: two that are beyond are the same.
pub(super) fn cut_off(middle: f64, width: f64) -> (f64, f64) {
    ((middle - width).clamp(-1.0, 1.0), (middle + width).clamp(-1.0, 1.0))
}

/// What is searched for: as it is, and in 12 bits a number.
#[derive(Clone, Debug)]
pub struct Query {
    unit: Vec<f32>,
    codes: Vec<i16>,
    scale: f64,
    /// At least the length of what the codes stand for.
    length: f64,
    slack: f64,
}

impl Query {
    /// The query whose [`unit`](super::vector::unit) row this is.
    pub fn new(mut unit: Vec<f32>) -> Self {
        unit.resize(padded(unit.len()), 0.0);
        let largest = unit.iter().fold(0.0, |largest: f64, number| largest.max(f64::from(number.abs())));
        if largest == 0.0 {
            let codes = vec![0; unit.len()];
            return Self { unit, codes, scale: 0.0, length: 0.0, slack: 0.0 };
        }
        let scale = largest / QUERY;
        let codes: Vec<i16> = unit.iter().map(|number| (f64::from(*number) / scale).round() as i16).collect();
        let (mut off, mut square) = (0.0, 0.0);
        for (number, code) in unit.iter().zip(&codes) {
            let is = scale * f64::from(*code);
            off += (f64::from(*number) - is) * (f64::from(*number) - is);
            square += is * is;
        }
        let roundings = (unit.len() / LANES + 5) as f64 * 2.0_f64.powi(-24);
        // The lengths of query and row, and what they are rounded by.
        let longest = 1.0 + 2.0_f64.powi(-20);
        let slack = (off.sqrt() + roundings / (1.0 - roundings)) * longest + NOISE;
        Self { unit, codes, scale, length: square.sqrt() * (1.0 + 1e-9), slack }
    }

    /// Its row of unit length, padded.
    pub fn unit(&self) -> &[f32] {
        &self.unit
    }

    /// Its codes, -2,047 to 2,047.
    pub fn codes(&self) -> &[i16] {
        &self.codes
    }

    /// Whether all of it is zero: it scores 0 with everything.
    pub fn is_zero(&self) -> bool {
        self.scale == 0.0
    }

    /// The least and the greatest score that a row of this scale and residual can have, whose codes have the product
    /// `dot` with this query's.
    pub fn bounds(&self, dot: i64, scale: f32, residual: f32) -> (f64, f64) {
        let (middle, width) = self.around(dot, scale, residual);
        cut_off(middle, width)
    }

    /// The middle between the two, before they are cut off, and how far from it they are.
    #[inline(always)]
    pub(super) fn around(&self, dot: i64, scale: f32, residual: f32) -> (f64, f64) {
        let middle = dot as f64 * (self.scale * f64::from(scale));
        (middle, self.length * f64::from(residual) + self.slack)
    }

    /// The score of a row of unit length: the cosine of the angle, -1 to 1. The same bits everywhere.
    pub fn score(&self, row: &[f32]) -> f32 {
        kernels::dot(&self.unit, row).clamp(-1.0, 1.0)
    }
}
