//! Scores lie within their bounds, whatever the row.

use bytestow::features::search::kernels;
use bytestow::features::search::quantise::{Query, pack};
use bytestow::features::search::vector::{Role, padded, unit};
use proptest::prelude::*;

/// Numbers of all magnitudes, the least there are included.
fn numbers() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -1.0_f64..1.0,
        1 => (-1.0_f64..1.0, -320_i32..300).prop_map(|(number, exponent)| number * 10_f64.powi(exponent)),
        1 => Just(0.0),
        1 => prop_oneof![Just(5e-324), Just(-1e-40), Just(1e-38), Just(1.0), Just(-1.0)],
    ]
}

/// Vectors: any, of one number that is not zero, of equal ones, of one sign, and with one that outweighs the others.
fn vectors(dimensions: usize) -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(numbers(), dimensions),
        prop::collection::vec(-1.0_f64..1.0, dimensions),
        (0..dimensions, numbers()).prop_map(move |(at, number)| {
            let mut vector = vec![0.0; dimensions];
            vector[at] = number;
            vector
        }),
        numbers().prop_map(move |number| vec![number; dimensions]),
        (prop::collection::vec(0.0_f64..1e-3, dimensions), 0..dimensions).prop_map(|(mut vector, at)| {
            vector[at] = 1.0;
            vector
        }),
    ]
}

fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    prop_oneof![3 => 1..40_usize, 1 => 1..2_000_usize]
        .prop_flat_map(|dimensions| (vectors(dimensions), vectors(dimensions), any::<bool>()))
        // Of two that are equal the score is at its greatest.
        .prop_map(|(query, row, same)| if same { (query.clone(), query) } else { (query, row) })
}

fn check(query: &[f64], row: &[f64]) {
    let dimensions = query.len();
    let query = Query::new(unit(query, dimensions, Role::Query).unwrap());
    let row = unit(row, dimensions, Role::Vector(0)).unwrap();
    let mut codes = vec![0; padded(dimensions)];
    let (scale, residual) = pack(&row, &mut codes);
    let off = row.iter().zip(&codes).map(|(number, code)| f64::from(*number) - f64::from(scale) * f64::from(*code));
    let length = off.map(|off| off * off).sum::<f64>().sqrt();
    assert!(f64::from(residual) >= length && f64::from(residual) <= length * (1.0 + 1e-6), "{residual} for {length}");
    let [dot, _] = kernels::dots_i8_1(query.codes(), [&codes, &codes]);
    let (low, high) = query.bounds(dot, scale, residual);
    let score = query.score(&row);
    assert!((-1.0..=1.0).contains(&score));
    let score = f64::from(score);
    assert!(low <= score && score <= high, "{dimensions} dimensions: {score} is not from {low} to {high}");
    // And they are close: what they are for.
    assert!(high - low < 2.0 * (f64::from(residual) + 5e-4 * (dimensions as f64).sqrt().max(1.0)), "{low} to {high}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn scores_lie_within_them((query, row) in pairs()) {
        check(&query, &row);
    }
}

#[test]
fn also_where_sums_are_long() {
    for dimensions in [8_191, 8_192, 8_193, 20_000, 65_536] {
        let alternating =
            |step: f64| -> Vec<f64> { (0..dimensions).map(|at| if at % 2 == 0 { 1.0 } else { step }).collect() };
        check(&alternating(1.0), &alternating(1.0));
        check(&alternating(1.0), &alternating(-1.0));
        check(&alternating(0.999), &alternating(-1e-3));
    }
}

#[test]
fn products_of_codes_do_not_overflow() {
    for dimensions in [8_192, 8_208, 65_536] {
        let (query, row) = (vec![2_047_i16; dimensions], vec![-127_i8; dimensions]);
        let sum = -(2_047 * 127 * dimensions as i64);
        assert_eq!(kernels::dots_i8_1(&query, [&row, &row]), [sum; 2]);
        assert_eq!(kernels::dots_i8_4([&query; 4], [&row, &row]), [[sum; 4]; 2]);
    }
}
