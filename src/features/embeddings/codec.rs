//! A vector as bytes.
//!
//! | bytes | what |
//! |---|---|
//! | 0, 1 | `0xBE 0xC7`: no text in UTF-8 begins so |
//! | 2 | the version of the format: 1 |
//! | 3 | the kind of numbers: 1 is f32, 2 is f64, 3 is f16, 4 is int8 |
//! | 4 to 7 | how many numbers, as `u32` |
//! | from 8 | the numbers; of int8, the scale as `f32`, and then one byte each |
//!
//! All of it little-endian. A number of int8 is its byte (-127 to 127) times the scale, which is a 127th of the largest
//! magnitude of the vector.

use super::half;
use crate::{Error, ErrorCode, Result};

const MAGIC: [u8; 2] = [0xBE, 0xC7];
const VERSION: u8 = 1;
const HEADER: usize = 8;
const STEPS: f32 = 127.0;

/// How exactly a vector is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 4 bytes a number, rounded once: a relative error of at most 2⁻²⁴ (6e-8). What providers send in base64 is f32
    /// already.
    #[default]
    F32,
    /// 8 bytes: every bit.
    F64,
    /// 2 bytes: a relative error of at most 2⁻¹¹ (5e-4) from 6.1e-5 on, below it an absolute one of at most 2⁻²⁵ (3e-8).
    F16,
    /// 1 byte: an absolute error of at most a 254th of the vector's largest magnitude, and what f32 rounds.
    Int8,
}

impl Precision {
    const ALL: [Self; 4] = [Self::F32, Self::F64, Self::F16, Self::Int8];

    fn tag(self) -> u8 {
        match self {
            Self::F32 => 1,
            Self::F64 => 2,
            Self::F16 => 3,
            Self::Int8 => 4,
        }
    }

    /// Bytes of a number, and of what stands before all of them.
    fn sizes(self) -> (usize, usize) {
        match self {
            Self::F32 => (4, 0),
            Self::F64 => (8, 0),
            Self::F16 => (2, 0),
            Self::Int8 => (1, 4),
        }
    }

    /// How exact it is, to compare: a vector can be rounded to what is less exact, and to nothing else.
    fn rank(self) -> u8 {
        match self {
            Self::F64 => 3,
            Self::F32 => 2,
            Self::F16 => 1,
            Self::Int8 => 0,
        }
    }
}

/// A vector, as exactly as it is kept. Shape: `[dimensions]`.
#[derive(Clone, Debug, PartialEq)]
pub enum Vector {
    /// Of every precision but f64.
    F32(Vec<f32>),
    /// Of f64.
    F64(Vec<f64>),
}

impl Vector {
    /// How many numbers it has.
    pub fn dimensions(&self) -> usize {
        match self {
            Self::F32(numbers) => numbers.len(),
            Self::F64(numbers) => numbers.len(),
        }
    }

    /// Whether all of its numbers are finite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::F32(numbers) => numbers.iter().all(|number| number.is_finite()),
            Self::F64(numbers) => numbers.iter().all(|number| number.is_finite()),
        }
    }

    /// Its numbers in 64 bits.
    pub fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::F32(numbers) => numbers.iter().copied().map(f64::from).collect(),
            Self::F64(numbers) => numbers.clone(),
        }
    }
}

/// Encodes `numbers` at a precision.
///
/// ```
/// use bytestow::features::embeddings::codec::{Precision, Vector, decode, encode};
/// let bytes = encode(&[0.5, -0.25], Precision::F32)?;
/// assert_eq!(bytes.len(), 8 + 2 * 4);
/// assert_eq!(decode(&bytes, Precision::F32)?, Vector::F32(vec![0.5, -0.25]));
/// # Ok::<(), bytestow::Error>(())
/// ```
///
/// # Errors
///
/// `invalid_argument` for more than 2³² - 1 numbers, and at int8 for a number that is not finite as f32.
pub fn encode(numbers: &[f64], precision: Precision) -> Result<Vec<u8>> {
    let count = u32::try_from(numbers.len())
        .map_err(|_| Error::invalid_argument("a vector has at most 4,294,967,295 numbers"))?;
    let (each, before) = precision.sizes();
    let mut bytes = Vec::with_capacity(HEADER + before + each * numbers.len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[VERSION, precision.tag()]);
    bytes.extend_from_slice(&count.to_le_bytes());
    match precision {
        Precision::F32 => numbers.iter().for_each(|number| bytes.extend_from_slice(&(*number as f32).to_le_bytes())),
        Precision::F64 => numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes())),
        Precision::F16 => {
            numbers.iter().for_each(|number| bytes.extend_from_slice(&half::from_f32(*number as f32).to_le_bytes()))
        }
        Precision::Int8 => {
            let scale = scale(numbers)?;
            bytes.extend_from_slice(&scale.to_le_bytes());
            bytes.extend(numbers.iter().map(|number| step(*number as f32, scale).to_le_bytes()[0]));
        }
    }
    Ok(bytes)
}

/// The step of int8 for these numbers.
fn scale(numbers: &[f64]) -> Result<f32> {
    let largest = numbers.iter().map(|number| (*number as f32).abs()).fold(0.0, |a: f32, b| if b > a { b } else { a });
    if numbers.iter().all(|number| (*number as f32).is_finite()) {
        Ok(largest / STEPS)
    } else {
        Err(Error::invalid_argument("precision int8 takes finite numbers only"))
    }
}

/// How many steps of `scale` come nearest to `number`.
fn step(number: f32, scale: f32) -> i8 {
    if scale == 0.0 { 0 } else { (number / scale).round().clamp(-STEPS, STEPS) as i8 }
}

/// What is kept of `numbers`, and its bytes: a cache gives the first time what it will read later.
///
/// # Errors
///
/// As [`encode`].
pub fn kept(numbers: &[f64], precision: Precision) -> Result<(Vector, Vec<u8>)> {
    let bytes = encode(numbers, precision)?;
    let vector = read_numbers(bytes.get(HEADER..).unwrap_or_default(), precision);
    Ok((vector, bytes))
}

/// Decodes what [`encode`] made, for a reader who wants `precision`: what was kept more exactly is rounded to it.
///
/// # Errors
///
/// `corrupt` for bytes that are no vector of this format, and for one that was kept less exactly than it is wanted.
pub fn decode(bytes: &[u8], precision: Precision) -> Result<Vector> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>().ok_or_else(|| corrupt("its header is cut"))?;
    let [first, second, version, tag, count @ ..] = *header;
    if [first, second] != MAGIC {
        return Err(corrupt("it does not begin as one"));
    }
    let tagged = Precision::ALL.into_iter().find(|each| version == VERSION && each.tag() == tag);
    let tagged = tagged.ok_or_else(|| corrupt("its version or kind of numbers is unknown"))?;
    let (each, before) = tagged.sizes();
    // No overflow: 2³² numbers of 8 bytes.
    if u64::from(u32::from_le_bytes(count)) * each as u64 + before as u64 != rest.len() as u64 {
        return Err(corrupt("its length is wrong"));
    }
    if tagged.rank() < precision.rank() {
        return Err(corrupt("it was kept less exactly than wanted"));
    }
    let vector = read_numbers(rest, tagged);
    if tagged == precision { Ok(vector) } else { Ok(kept(&vector.to_f64(), precision)?.0) }
}

fn read_numbers(bytes: &[u8], precision: Precision) -> Vector {
    match precision {
        Precision::F32 => Vector::F32(bytes.as_chunks().0.iter().map(|each| f32::from_le_bytes(*each)).collect()),
        Precision::F64 => Vector::F64(bytes.as_chunks().0.iter().map(|each| f64::from_le_bytes(*each)).collect()),
        Precision::F16 => {
            Vector::F32(bytes.as_chunks().0.iter().map(|each| half::to_f32(u16::from_le_bytes(*each))).collect())
        }
        Precision::Int8 => match bytes.split_first_chunk() {
            Some((scale, steps)) => {
                let scale = f32::from_le_bytes(*scale);
                Vector::F32(steps.iter().map(|byte| f32::from(i8::from_le_bytes([*byte])) * scale).collect())
            }
            None => Vector::F32(Vec::new()),
        },
    }
}

fn corrupt(why: &str) -> Error {
    Error::new(ErrorCode::Corrupt, format!("an entry is no vector: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SPECIAL: [f64; 12] = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        5e-324,
        f64::MAX,
        1e-45,
        1.401_298_464_324_817e-45,
    ];

    fn bits(vector: &Vector) -> Vec<u64> {
        match vector {
            Vector::F32(numbers) => numbers.iter().map(|number| u64::from(number.to_bits())).collect(),
            Vector::F64(numbers) => numbers.iter().map(|number| number.to_bits()).collect(),
        }
    }

    #[test]
    fn special_numbers_come_back_bit_for_bit() {
        let wide = decode(&encode(&SPECIAL, Precision::F64).unwrap(), Precision::F64).unwrap();
        assert_eq!(bits(&wide), SPECIAL.map(f64::to_bits));
        let narrow = decode(&encode(&SPECIAL, Precision::F32).unwrap(), Precision::F32).unwrap();
        assert_eq!(bits(&narrow), SPECIAL.map(|number| u64::from((number as f32).to_bits())));
    }

    #[test]
    fn the_format_is_as_it_is_described() {
        assert_eq!(encode(&[1.0], Precision::F32).unwrap(), [0xBE, 0xC7, 1, 1, 1, 0, 0, 0, 0, 0, 0x80, 0x3F]);
        assert_eq!(encode(&[-2.0], Precision::F16).unwrap(), [0xBE, 0xC7, 1, 3, 1, 0, 0, 0, 0, 0xC0]);
        let scale = (2.54_f32 / 127.0).to_le_bytes();
        let bytes = [[0xBE, 0xC7, 1, 4].as_slice(), &[3, 0, 0, 0], &scale, &[127, 0x81, 0]].concat();
        assert_eq!(encode(&[2.54, -2.54, 0.0], Precision::Int8).unwrap(), bytes);
        assert_eq!(encode(&[], Precision::F64).unwrap(), [0xBE, 0xC7, 1, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn int8_takes_finite_numbers_only() {
        for number in [f64::NAN, f64::INFINITY, f64::MAX] {
            assert_eq!(encode(&[number], Precision::Int8).unwrap_err().code(), ErrorCode::InvalidArgument);
            assert_eq!(kept(&[number], Precision::Int8).unwrap_err().code(), ErrorCode::InvalidArgument);
        }
        assert_eq!(kept(&[0.0; 3], Precision::Int8).unwrap().0, Vector::F32(vec![0.0; 3]));
    }

    #[test]
    fn what_was_kept_less_exactly_is_not_taken_for_more() {
        let order = [Precision::Int8, Precision::F16, Precision::F32, Precision::F64];
        for (at, kept) in order.into_iter().enumerate() {
            for (wanted_at, wanted) in order.into_iter().enumerate() {
                let decoded = decode(&encode(&[0.3, -0.1], kept).unwrap(), wanted);
                assert_eq!(decoded.is_ok(), at >= wanted_at, "{kept:?} as {wanted:?}");
            }
        }
    }

    fn precisions() -> impl Strategy<Value = Precision> {
        prop::sample::select(Precision::ALL.to_vec())
    }

    proptest! {
        #[test]
        fn warm_is_what_cold_was(numbers in prop::collection::vec(-10.0_f64..10.0, 0..50), precision in precisions()) {
            let warm = decode(&encode(&numbers, precision).unwrap(), precision).unwrap();
            prop_assert_eq!(bits(&warm), bits(&kept(&numbers, precision).unwrap().0));
        }

        #[test]
        fn within_the_bounds(numbers in prop::collection::vec(-10.0_f64..10.0, 1..50), precision in precisions()) {
            let rounded = kept(&numbers, precision).unwrap().0.to_f64();
            let largest = numbers.iter().fold(0.0_f64, |most, number| most.max(number.abs()));
            for (was, is) in numbers.iter().zip(rounded) {
                let bound = match precision {
                    Precision::F64 => 0.0,
                    Precision::F32 => was.abs() * 2.0_f64.powi(-24),
                    Precision::F16 => (was.abs() * 2.0_f64.powi(-11)).max(2.0_f64.powi(-25)) * (1.0 + 1e-6),
                    Precision::Int8 => largest / 254.0 * (1.0 + 1e-5),
                };
                prop_assert!((is - was).abs() <= bound, "{precision:?}: {was} became {is}");
            }
        }

        #[test]
        fn any_bytes_are_a_vector_or_corrupt(mut bytes in prop::collection::vec(any::<u8>(), 0..64), whole in any::<bool>()) {
            if whole && bytes.len() >= 4 {
                bytes[..3].copy_from_slice(&[0xBE, 0xC7, 1]);
            }
            for precision in Precision::ALL {
                if let Err(error) = decode(&bytes, precision) {
                    prop_assert!(matches!(error.code(), ErrorCode::Corrupt | ErrorCode::InvalidArgument));
                }
            }
        }

        #[test]
        fn cut_or_lengthened_it_is_corrupt(
            numbers in prop::collection::vec(-1.0_f64..1.0, 0..20),
            precision in precisions(),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = encode(&numbers, precision).unwrap();
            let cut = &bytes[..cut.index(bytes.len())];
            prop_assert_eq!(decode(cut, precision).unwrap_err().code(), ErrorCode::Corrupt);
            let longer = [bytes.as_slice(), &[0]].concat();
            prop_assert_eq!(decode(&longer, precision).unwrap_err().code(), ErrorCode::Corrupt);
        }
    }
}
