//! The bits of scores, as they are in every runtime: `tests/search/kernels.test.mjs` has the same digest.

use bytestow::features::search::kernels;

#[test]
fn scores_have_the_bits_that_wasm_gives() {
    let mut state = 3_u32;
    let mut number = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(state as i32) / 2.0_f64.powi(31)) as f32
    };
    let mut digest = 0x811C_9DC5_u32;
    for length in 1..200 {
        let [a, b] = [(); 2].map(|()| (0..length).map(|_| number()).collect::<Vec<_>>());
        digest = (digest ^ kernels::dot(&a, &b).to_bits()).wrapping_mul(0x0100_0193);
    }
    assert_eq!(format!("{digest:x}"), "bcd06016");
}
