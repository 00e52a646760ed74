//! A vector as LangChain writes it: a JSON array of numbers. JavaScript's has no spaces and no numbers that are not
//! finite, Python's has both.
//!
//! Where there is JavaScript its own `JSON` does this ([`VectorJson`]), which is there already.

use std::fmt::Write;

use crate::{Error, ErrorCode, Portable, Result};

/// What reads and writes such arrays.
pub trait VectorJson: Portable {
    /// Reads an array; `corrupt` for anything else. Shape: `[dimensions]`.
    fn read(&self, bytes: &[u8]) -> Result<Vec<f64>>;
    /// Writes one; `invalid_argument` for a number that is not finite, of which JSON has none.
    fn write(&self, numbers: &[f64]) -> Result<Vec<u8>>;
}

/// By this module alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct RustJson;

impl VectorJson for RustJson {
    fn read(&self, bytes: &[u8]) -> Result<Vec<f64>> {
        read(bytes)
    }

    fn write(&self, numbers: &[f64]) -> Result<Vec<u8>> {
        write(numbers)
    }
}

/// Reads an array. Shape: `[dimensions]`.
///
/// # Errors
///
/// `corrupt` for anything else than an array of numbers.
pub fn read(bytes: &[u8]) -> Result<Vec<f64>> {
    let corrupt = || Error::new(ErrorCode::Corrupt, "an entry is no JSON array of numbers");
    let text = std::str::from_utf8(bytes).map_err(|_| corrupt())?;
    let inner = text.strip_prefix('[').and_then(|text| text.trim_end().strip_suffix(']')).ok_or_else(corrupt)?;
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    inner.split(',').map(|number| parse(number.trim()).ok_or_else(corrupt)).collect()
}

/// A number as JSON has it, or as Python writes those that are not finite. Rust would take more: `inf`, `+1`, `.5`.
fn parse(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let known = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            if known && digits.starts_with(|first: char| first.is_ascii_digit()) { text.parse().ok() } else { None }
        }
    }
}

/// Writes an array as JavaScript's `JSON.stringify` does, but for the form of exponents, which all readers know.
///
/// # Errors
///
/// `invalid_argument` for a number that is not finite: JSON has none.
pub fn write(numbers: &[f64]) -> Result<Vec<u8>> {
    if !numbers.iter().all(|number| number.is_finite()) {
        return Err(Error::invalid_argument("a vector in JSON may have finite numbers only"));
    }
    let mut text = String::from("[");
    for (at, number) in numbers.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        if *number == 0.0 && number.is_sign_negative() {
            // Python would read `-0` as the integer, which has no sign.
            text.push_str(comma);
            text.push_str("-0.0");
            continue;
        }
        let small = *number != 0.0 && number.abs() < 1e-6;
        // Never fails: it writes to memory.
        let _ = if small || number.abs() >= 1e21 {
            write!(text, "{comma}{number:e}")
        } else {
            write!(text, "{comma}{number}")
        };
    }
    text.push(']');
    Ok(text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_javascript_and_python_write() {
        assert_eq!(read(b"[0.1,-2,3e-7]").unwrap(), [0.1, -2.0, 3e-7]);
        assert_eq!(read(b"[0.1, -2.0, 1e-05]").unwrap(), [0.1, -2.0, 1e-5]);
        assert_eq!(read(b"[]").unwrap(), [0.0; 0]);
        let odd = read(b"[NaN, Infinity, -Infinity]").unwrap();
        assert!(matches!(odd.as_slice(), [a, b, c] if a.is_nan() && *b == f64::INFINITY && *c == f64::NEG_INFINITY));
    }

    #[test]
    fn what_is_no_array_of_numbers() {
        let bad = [
            "", "[", "]", "[1", "1]", "[1,]", "[,1]", "[1 2]", "[null]", "[\"1\"]", "[[1]]", "{}", "[inf]", "[+1]",
            "[.5]", "[nan]", "[1]x",
        ];
        for text in bad {
            assert_eq!(read(text.as_bytes()).unwrap_err().code(), ErrorCode::Corrupt, "{text}");
        }
        assert_eq!(read(b"[\xff]").unwrap_err().code(), ErrorCode::Corrupt);
        assert_eq!(write(&[f64::NAN]).unwrap_err().code(), ErrorCode::InvalidArgument);
    }

    proptest! {
        #[test]
        fn it_comes_back(numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..30)) {
            let back = read(&write(&numbers).unwrap()).unwrap();
            prop_assert_eq!(back.iter().map(|n| n.to_bits()).collect::<Vec<_>>(), numbers.iter().map(|n| n.to_bits()).collect::<Vec<_>>());
        }

        #[test]
        fn any_bytes_are_read_or_corrupt(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Err(error) = read(&bytes) {
                prop_assert_eq!(error.code(), ErrorCode::Corrupt);
            }
        }
    }
}
