//! How something grows with a count: the exponent of a power law, and what it is called.

use std::fmt;

use serde::Serialize;

/// An exponent of less than this, up or down, is called flat, and one that differs from 1 or -1 by
/// no more is called linear or inverse: a tenfold count then changes the figure, or the figure of
/// one, by a factor of 1.26 (`10^0.1`) at most.
pub const TOLERANCE: f64 = 0.1;

/// The growth of a figure `y` with a count `x`: the `b` of `y = a x^b`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fit {
    /// The exponent.
    pub exponent: f64,
    /// Its standard error; `None` for two points, through which a line always goes.
    pub standard_error: Option<f64>,
    /// How many points it is from.
    pub points: usize,
}

impl Fit {
    /// Of pairs of a count and a figure; `None` if there are not two counts. What is not above 0
    /// has no logarithm and is left out.
    ///
    /// Least squares on the logarithms: the slope `Σ(x-x̄)(y-ȳ) / Σ(x-x̄)²` of the straight line and
    /// its standard error `√(Σr² / (n-2) / Σ(x-x̄)²)`, `r` the residuals (Draper and Smith, *Applied
    /// Regression Analysis*, 3rd edition, 1998, equations 1.2.9 and 1.4.5).
    pub fn of(points: &[(f64, f64)]) -> Option<Self> {
        let points: Vec<(f64, f64)> = points
            .iter()
            .filter(|(x, y)| *x > 0.0 && *y > 0.0 && x.is_finite() && y.is_finite())
            .map(|(x, y)| (x.ln(), y.ln()))
            .collect();
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x_mean, y_mean) = (mean(|point| point.0), mean(|point| point.1));
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            points.iter().map(|(x, y)| of(x - x_mean, y - y_mean)).sum()
        };
        let spread = sum(&|x, _| x * x);
        // Equal counts differ from their mean by what rounding leaves.
        if points.len() < 2 || spread < 1e-12 {
            return None;
        }
        let exponent = sum(&|x, y| x * y) / spread;
        let residuals = sum(&|x, y| (y - exponent * x).powi(2));
        let standard_error = (residuals / (count - 2.0) / spread).sqrt();
        Some(Self {
            exponent,
            standard_error: Some(standard_error).filter(|error| error.is_finite()),
            points: points.len(),
        })
    }

    /// What such a growth is called.
    pub fn word(&self) -> &'static str {
        word(self.exponent)
    }
}

/// `linear, 1.02 ± 0.01`.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never "-0.00".
        let exponent = (self.exponent * 100.0).round() / 100.0 + 0.0;
        write!(f, "{}, {exponent:.2}", self.word())?;
        self.standard_error.map_or(Ok(()), |error| write!(f, " ± {error:.2}"))
    }
}

fn word(exponent: f64) -> &'static str {
    let near = |whole: f64| (exponent - whole).abs() <= TOLERANCE;
    match exponent {
        _ if exponent.abs() < TOLERANCE => "flat",
        _ if near(1.0) => "linear",
        _ if near(-1.0) => "inverse",
        _ if exponent > 1.0 => "faster than linear",
        _ if exponent > 0.0 => "slower than linear",
        _ if exponent > -1.0 => "slower than inverse",
        _ => "faster than inverse",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fit(points: &[(f64, f64)]) -> Fit {
        Fit::of(points).expect("a fit")
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn by_hand() {
        let square = fit(&[(1.0, 3.0), (10.0, 300.0), (100.0, 30_000.0)]);
        assert!(close(square.exponent, 2.0) && square.points == 3);
        assert!(square.standard_error.is_some_and(|error| error < 1e-9));
        // In tens: 0, 1, 2 and 0, 1, 1. Slope 1 / 2; residuals -1/6, 1/3, -1/6, their squares 1/6
        // in all; √(1/6 / 1 / 2).
        let bent = fit(&[(1.0, 1.0), (10.0, 10.0), (100.0, 10.0)]);
        assert!(close(bent.exponent, 0.5), "{bent:?}");
        assert!(close(bent.standard_error.expect("known"), (1.0f64 / 12.0).sqrt()), "{bent:?}");
        // In tens: 0, 1, 2, 3 and 0, 1, 1, 2. Slope 3 / 5; residuals -0.1, 0.3, -0.3, 0.1, their squares
        // 0.2 in all; √(0.2 / 2 / 5).
        let wavy = fit(&[(1.0, 1.0), (10.0, 10.0), (100.0, 10.0), (1000.0, 100.0)]);
        assert!(close(wavy.exponent, 0.6), "{wavy:?}");
        assert!(close(wavy.standard_error.expect("known"), 0.02f64.sqrt()), "{wavy:?}");
    }

    #[test]
    fn two_points_have_no_error_and_one_has_no_growth() {
        let two = fit(&[(1.0, 8.0), (2.0, 4.0)]);
        assert!(close(two.exponent, -1.0) && two.standard_error.is_none());
        for none in [&[][..], &[(1.0, 1.0)], &[(3.0, 1.0), (3.0, 2.0)]] {
            assert_eq!(Fit::of(none), None);
        }
    }

    #[test]
    fn what_has_no_logarithm_is_left_out() {
        let known = [(1.0, 1.0), (2.0, 2.0)];
        let odd = [(0.0, 1.0), (4.0, 0.0), (8.0, -1.0), (16.0, f64::NAN), (f64::INFINITY, 1.0)];
        assert_eq!(fit(&[&known[..], &odd].concat()), fit(&known));
    }

    #[test]
    fn words_on_both_sides_of_each_threshold() {
        for (exponent, said) in [
            (-1.11, "faster than inverse"),
            (-1.09, "inverse"),
            (-0.91, "inverse"),
            (-0.89, "slower than inverse"),
            (-0.11, "slower than inverse"),
            (-0.09, "flat"),
            (0.0, "flat"),
            (0.09, "flat"),
            (0.11, "slower than linear"),
            (0.89, "slower than linear"),
            (0.91, "linear"),
            (1.09, "linear"),
            (1.11, "faster than linear"),
        ] {
            assert_eq!(word(exponent), said, "{exponent}");
        }
    }

    #[test]
    fn as_it_is_said() {
        let said =
            |exponent, standard_error| Fit { exponent, standard_error, points: 3 }.to_string();
        assert_eq!(said(1.016, Some(0.011)), "linear, 1.02 ± 0.01");
        assert_eq!(said(-0.0004, None), "flat, 0.00");
    }

    fn counts() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::btree_set(1u32..100_000, 3..9)
            .prop_map(|counts| counts.into_iter().map(f64::from).collect())
    }

    proptest! {
        #[test]
        fn a_power_law_gives_its_exponent(counts in counts(), factor in 1e-6..1e6, exponent in -3.0..3.0) {
            let points: Vec<_> = counts.iter().map(|x| (*x, factor * x.powf(exponent))).collect();
            let fit = fit(&points);
            prop_assert!((fit.exponent - exponent).abs() < 1e-6, "{:?}", fit);
            prop_assert!(fit.standard_error.expect("known") < 1e-6);
        }

        #[test]
        fn units_and_order_do_not_matter(
            counts in counts(), noise in prop::collection::vec(0.5..2.0, 9), unit in 1e-3..1e3,
        ) {
            let points: Vec<_> = counts.into_iter().zip(noise).map(|(x, y)| (x, x * y)).collect();
            let mut other: Vec<_> = points.iter().map(|(x, y)| (x * 7.0, y * unit)).collect();
            other.reverse();
            prop_assert!((fit(&points).exponent - fit(&other).exponent).abs() < 1e-6);
        }

        // The slope is a mean of the slopes between points, with weights of which none is negative.
        #[test]
        fn no_growth_is_steeper_than_its_steepest_step(
            counts in counts(), figures in prop::collection::vec(1e-3..1e3, 9),
        ) {
            let points: Vec<_> = counts.into_iter().zip(figures).collect();
            let step = |pair: &[(f64, f64)]| (pair[1].1 / pair[0].1).ln() / (pair[1].0 / pair[0].0).ln();
            let steps: Vec<f64> = points.windows(2).map(step).collect();
            let least = steps.iter().copied().fold(f64::MAX, f64::min);
            let most = steps.iter().copied().fold(f64::MIN, f64::max);
            let exponent = fit(&points).exponent;
            prop_assert!((least - 1e-6..=most + 1e-6).contains(&exponent), "{} in {:?}", exponent, steps);
        }
    }
}
