//! Numbers of 16 bits (IEEE 754 binary16), to and from those of 32. Rust has none of its own that is stable.

/// The nearest number of 16 bits, of two the even one; what is beyond 65,504 by half a step or more is infinite.
pub fn from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7FFF_FFFF;
    if magnitude > 0x7F80_0000 {
        // Of NaN the upper bits stay, and one that says that it is quiet.
        return sign | 0x7E00 | (magnitude >> 13 & 0x01FF) as u16;
    }
    if magnitude >= 0x4780_0000 {
        return sign | 0x7C00;
    }
    if magnitude >= 0x3880_0000 {
        // Its exponent fits: 127 - 15 less, ten bits of the fraction stay. A carry goes into the exponent, as it should.
        return sign | nearest(magnitude - 0x3800_0000, 13);
    }
    // Subnormal: units of 2^-24. The implicit one becomes a bit like any other.
    let exponent = magnitude >> 23;
    match 126_u32.checked_sub(exponent) {
        Some(shift) if shift <= 24 => sign | nearest(magnitude & 0x007F_FFFF | 0x0080_0000, shift),
        _ => sign,
    }
}

/// `bits` without the lowest `shift` ones, rounded to the nearest, of two to the even one.
fn nearest(bits: u32, shift: u32) -> u16 {
    let (kept, lost, half) = (bits >> shift, bits & ((1 << shift) - 1), 1 << (shift - 1));
    let up = lost > half || (lost == half && kept & 1 == 1);
    (kept + u32::from(up)) as u16
}

/// The same number in 32 bits.
pub fn to_f32(half: u16) -> f32 {
    let sign = u32::from(half & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(half >> 10 & 0x1F), u32::from(half & 0x03FF));
    match exponent {
        0 => {
            // Exact: a whole number of at most ten bits, times a power of two.
            let value = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(sign | value.to_bits())
        }
        0x1F => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_of_them_comes_back() {
        for half in 0..=u16::MAX {
            let wide = to_f32(half);
            if wide.is_nan() {
                assert_eq!(from_f32(wide), half | 0x0200, "NaN is made quiet");
            } else {
                assert_eq!(from_f32(wide), half, "{half:#06x} is {wide}");
            }
        }
    }

    #[test]
    fn known_numbers() {
        let known = [
            (0.0, 0x0000),
            (-0.0, 0x8000),
            (1.0, 0x3C00),
            (-2.0, 0xC000),
            (65_504.0, 0x7BFF),
            (65_519.996, 0x7BFF),
            (65_520.0, 0x7C00),
            (f32::INFINITY, 0x7C00),
            (f32::NEG_INFINITY, 0xFC00),
            (6.103_515_6e-5, 0x0400),
            (5.960_464_5e-8, 0x0001),
            (2.980_232_2e-8, 0x0000),
            (2.980_232_6e-8, 0x0001),
            (f32::MIN_POSITIVE, 0x0000),
            (1.0 + 1.0 / 2048.0, 0x3C00),
            (1.0 + 3.0 / 2048.0, 0x3C02),
        ];
        for (value, half) in known {
            assert_eq!(from_f32(value), half, "{value}");
        }
    }

    proptest! {
        #[test]
        fn the_nearest_one(value in -70_000.0_f32..70_000.0) {
            let half = from_f32(value);
            let given = to_f32(half);
            if given.is_finite() {
                for neighbour in [half.wrapping_add(1), half.wrapping_sub(1)] {
                    let other = to_f32(neighbour);
                    if other.is_finite() {
                        let (off, others) = (f64::from(given) - f64::from(value), f64::from(other) - f64::from(value));
                        prop_assert!(off.abs() <= others.abs(), "{value}: {given} and {other}");
                    }
                }
            } else {
                prop_assert!(value.abs() >= 65_520.0);
            }
        }

        #[test]
        fn small_ones_too(value in -1.0e-4_f32..1.0e-4) {
            let off = f64::from(to_f32(from_f32(value))) - f64::from(value);
            prop_assert!(off.abs() <= 2.0_f64.powi(-25), "{value}");
        }
    }
}
