//! The sums: CPU-bound work whose answer is known beforehand.

use std::hint::black_box;

/// The largest `n` whose sum is still below 2^128: the sum is about `n`^3 / 3.
pub const LARGEST: u64 = 10_069_012_961_345;

/// The sum of `i * i` for all `i` below `n`, one step at a time.
///
/// Right for every `n` up to [`LARGEST`]. One compiled copy serves every program, so that all of
/// them run the same machine code.
#[inline(never)]
pub fn cpu_bound(n: u64) -> u128 {
    let mut sum = 0;
    // Without `black_box` the compiler replaces the loop by the formula of `closed_form`. It hides
    // the step, which stays in a register: an `i` hidden in each turn goes through memory, at a cost
    // that doubles from run to run.
    for i in (0..n).step_by(black_box(1)) {
        sum += u128::from(i) * u128::from(i);
    }
    sum
}

/// The same sum at once: `(n - 1) n (2n - 1) / 6`, the formula for square pyramidal numbers
/// (OEIS A000330, with `n - 1` for `n`). `None` where the sum does not fit in a `u128`.
pub fn closed_form(n: u64) -> Option<u128> {
    let n = u128::from(n);
    // Of three factors one is divisible by 3 and one by 2: divide first, so that only a sum that
    // does not fit overflows.
    let mut factors = [n.saturating_sub(1), n, (2 * n).saturating_sub(1)];
    for divisor in [2, 3] {
        let factor = factors.iter_mut().find(|factor| **factor % divisor == 0)?;
        *factor /= divisor;
    }
    factors.into_iter().try_fold(1u128, u128::checked_mul)
}

/// The numbers that are summed up to when none are named: 5,000,000 to 5,000,019.
pub fn default_numbers() -> impl Iterator<Item = u64> {
    5_000_000..5_000_020
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn largest_is_the_last_whose_sum_fits() {
        assert!(closed_form(LARGEST).is_some());
        assert_eq!(closed_form(LARGEST + 1), None);
    }

    #[test]
    fn the_first_sums_by_hand() {
        let sums = [0, 0, 1, 5, 14, 30];
        for (n, sum) in sums.into_iter().enumerate() {
            assert_eq!(cpu_bound(n as u64), sum);
            assert_eq!(closed_form(n as u64), Some(sum));
        }
    }

    #[test]
    fn a_default_sum_passes_2_to_the_64() {
        assert_eq!(cpu_bound(5_000_000), 41_666_654_166_667_500_000);
        assert!(closed_form(5_000_000) > Some(u128::from(u64::MAX)));
    }

    #[test]
    fn twenty_numbers_are_the_default() {
        let numbers: Vec<u64> = default_numbers().collect();
        assert_eq!((numbers.len(), numbers[0], numbers[19]), (20, 5_000_000, 5_000_019));
    }

    proptest! {
        #[test]
        fn the_loop_agrees_with_the_closed_form(n in 0u64..20_000) {
            prop_assert_eq!(Some(cpu_bound(n)), closed_form(n));
        }

        // Past 2^32 a loop takes too long for a test, a step does not: one more term is n * n.
        #[test]
        fn the_closed_form_grows_by_a_square(n in 0..LARGEST) {
            let step = closed_form(n + 1).zip(closed_form(n)).map(|(after, before)| after - before);
            prop_assert_eq!(step, Some(u128::from(n) * u128::from(n)));
        }
    }
}
