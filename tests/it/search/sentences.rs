//! Vectors that a model made of sentences: they lie otherwise than random ones.

use bytestow::features::search::reference::exact_f32;

use super::data::{query, rows};
use super::exact::{found, search};

const DIMENSIONS: usize = 384;
const STORED: &[u8] = include_bytes!("../../fixtures/sentences/stored.f16");
const QUERIES: &[u8] = include_bytes!("../../fixtures/sentences/queries.f16");

/// Rows of floats of 16 bits (IEEE 754 binary16, none of them infinite), the lower byte first.
fn vectors(bytes: &[u8]) -> Vec<Vec<f64>> {
    let number = |pair: &[u8]| {
        let bits = u16::from_le_bytes([pair[0], pair[1]]);
        let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1_023));
        assert_ne!(exponent, 31, "a number");
        let size = match exponent {
            0 => fraction * 2.0_f64.powi(-24),
            _ => (1.0 + fraction / 1_024.0) * 2.0_f64.powi(exponent - 15),
        };
        if bits >> 15 == 0 { size } else { -size }
    };
    bytes.chunks_exact(2 * DIMENSIONS).map(|row| row.chunks_exact(2).map(number).collect()).collect()
}

#[test]
fn they_are_of_unit_length() {
    let stored = vectors(STORED);
    assert_eq!((stored.len(), vectors(QUERIES).len()), (256, 32));
    for vector in stored {
        let length = vector.iter().map(|number| number * number).sum::<f64>().sqrt();
        assert!((length - 1.0).abs() < 2e-3, "{length}");
    }
}

#[test]
fn the_same_as_a_bare_scan() {
    let stored = vectors(STORED);
    let rows = rows(&stored);
    for (at, vector) in vectors(QUERIES).iter().chain(&stored).enumerate() {
        for k in [1, 10, 300] {
            let search = search(query(vector), k);
            let expected = exact_f32(&rows, &search);
            assert_eq!(expected.len(), k.min(stored.len()));
            assert_eq!(found(&rows, search, 100), expected, "{at}, {k}");
        }
    }
}
