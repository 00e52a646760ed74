//! Vectors as they come, made rows of unit length.

use std::fmt;

use crate::{Error, Result};

/// The most dimensions a vector may have.
pub const MAX_DIMENSIONS: usize = 65_536;

/// Numbers a row is padded to, with zeros: the lanes of the kernels.
pub const LANES: usize = 16;

/// The length of a row of `dimensions`, padding included.
pub const fn padded(dimensions: usize) -> usize {
    dimensions.next_multiple_of(LANES)
}

/// Which vector an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that is searched for.
    Query,
    /// One of those that are added, by its place in the call.
    Vector(usize),
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query => out.write_str("the query"),
            Self::Vector(at) => write!(out, "vector {at}"),
        }
    }
}

/// Checks a number of dimensions.
///
/// # Errors
/// `invalid_argument` for none, and for more than [`MAX_DIMENSIONS`].
pub fn check_dimensions(dimensions: usize, role: Role) -> Result<()> {
    match dimensions {
        1..=MAX_DIMENSIONS => Ok(()),
        _ => Err(Error::invalid_argument(format!("{role} has {dimensions} dimensions: 1 to {MAX_DIMENSIONS}"))),
    }
}

/// The vector of length 1 that points where `numbers` does, padded to a multiple of [`LANES`]; of a zero vector, zeros.
///
/// All in 64 bits, after a scaling by a power of two (which is exact) where squares could overflow or vanish: numbers of
/// 1e±300 do as well as others. The result is rounded once to 32 bits: its length is within 2⁻²³ of 1, or 0.
///
/// ```
/// use bytestow::features::search::vector::{Role, unit};
/// let row = unit(&[3e300, -4e300], 2, Role::Vector(0))?;
/// assert_eq!(row[..3], [0.6, -0.8, 0.0]);
/// assert_eq!(row.len(), 16);
/// # Ok::<(), bytestow::Error>(())
/// ```
///
/// # Errors
/// `invalid_argument`, which names the vector, for another number of dimensions, and for a number that is not finite,
/// which it names, too.
pub fn unit(numbers: &[f64], dimensions: usize, role: Role) -> Result<Vec<f32>> {
    check_dimensions(numbers.len(), role)?;
    if numbers.len() != dimensions {
        let count = numbers.len();
        return Err(Error::invalid_argument(format!("{role} has {count} dimensions, the index has {dimensions}")));
    }
    // NaN is no maximum: it is found one by one.
    let largest = numbers.iter().fold(0.0, |largest: f64, number| largest.max(number.abs()));
    if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
        // By hand: the tables by which any number is written weigh 17 kB.
        let number = match numbers.get(at) {
            Some(number) if number.is_nan() => "NaN",
            Some(number) if *number < 0.0 => "-inf",
            _ => "inf",
        };
        return Err(Error::invalid_argument(format!("{role}, dimension {at}: {number} is not a finite number")));
    }
    let mut row = vec![0.0; padded(dimensions)];
    if largest > 0.0 {
        let factor = power_of_two(largest);
        let squares: f64 = numbers.iter().map(|number| (number * factor) * (number * factor)).sum();
        let inverse = 1.0 / squares.sqrt();
        row.iter_mut().zip(numbers).for_each(|(to, number)| *to = (number * factor * inverse) as f32);
    }
    Ok(row)
}

/// What brings numbers of at most `largest` to where 65,536 squares neither overflow nor vanish.
fn power_of_two(largest: f64) -> f64 {
    if largest > 1e100 {
        2.0_f64.powi(-600)
    } else if largest < 1e-100 {
        2.0_f64.powi(600)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_vector_is_named() {
        let of = |numbers: &[f64]| {
            let error = unit(numbers, 3, Role::Vector(7)).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidArgument);
            error.message().to_owned()
        };
        assert_eq!(of(&[0.0, 1.0, f64::NAN]), "vector 7, dimension 2: NaN is not a finite number");
        assert_eq!(of(&[0.0, f64::NEG_INFINITY, 1.0]), "vector 7, dimension 1: -inf is not a finite number");
        assert_eq!(of(&[0.0, 1.0]), "vector 7 has 2 dimensions, the index has 3");
        assert_eq!(of(&[]), "vector 7 has 0 dimensions: 1 to 65536");
        let error = unit(&[f64::INFINITY], 1, Role::Query).unwrap_err();
        assert_eq!(error.message(), "the query, dimension 0: inf is not a finite number");
        assert!(unit(&vec![1.0; MAX_DIMENSIONS + 1], MAX_DIMENSIONS + 1, Role::Query).is_err());
    }

    #[test]
    fn a_zero_vector_stays_one() {
        assert_eq!(unit(&[0.0, -0.0], 2, Role::Query).unwrap(), [0.0; 16]);
    }

    #[test]
    fn the_ends_of_the_range() {
        for number in [f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e300, 1e-300, 1e100, 1e-100] {
            let row = unit(&[number, -number, 0.0, number], 4, Role::Query).unwrap();
            let third = (1.0_f64 / 3.0).sqrt() as f32;
            assert_eq!(row[..4], [third, -third, 0.0, third], "{number:e}");
        }
        let long = unit(&vec![f64::MAX; MAX_DIMENSIONS], MAX_DIMENSIONS, Role::Query).unwrap();
        assert!(long.iter().all(|number| *number == 1.0 / 256.0));
    }

    proptest! {
        #[test]
        fn its_length_is_one(
            numbers in prop::collection::vec(-1.0_f64..1.0, 1..200),
            exponent in -300_i32..300,
        ) {
            let scaled: Vec<f64> = numbers.iter().map(|number| number * 10_f64.powi(exponent)).collect();
            let row = unit(&scaled, scaled.len(), Role::Query).unwrap();
            prop_assert_eq!(row.len() % LANES, 0);
            let length = row.iter().map(|number| f64::from(*number).powi(2)).sum::<f64>().sqrt();
            prop_assert!(scaled.iter().all(|number| *number == 0.0) || (length - 1.0).abs() < 2.0_f64.powi(-23));
            for (is, number) in row.iter().zip(&scaled) {
                prop_assert!(*is == 0.0 || (*is < 0.0) == (*number < 0.0));
            }
        }
    }
}
